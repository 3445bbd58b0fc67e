"""What every command takes: the global options, before or after its name, and the flags that answer questions."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import click

from keyless.cli.app import App

F = TypeVar("F", bound=Callable[..., object])
EVERYWHERE: Final = "Every command also takes the options that 'keyless --help' lists."


class _Folder(click.Path):
    """A folder; an empty name is refused, since it is a variable that was not set rather than "here"."""

    def convert(self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if not os.fspath(value):
            self.fail("it is empty.", param, ctx)
        return Path(os.fsdecode(super().convert(value, param, ctx)))


_FOLDER: Final = _Folder(file_okay=False)


def global_options(*, hidden: bool = False) -> tuple[click.Option, ...]:
    """Return new options that write into the `App` of the context and pass nothing to the command."""
    return (
        _folder("--rehearsal", "Talk to the rehearsal in this folder, not to the real services.", hidden=hidden),
        _folder("--state", "Keep journal and backups in this folder.", hidden=hidden),
        _switch("--json", "Write one JSON object a line, for programs; nobody is asked.", hidden=hidden),
        _switch("--quiet", "Leave out progress.", hidden=hidden),
        _switch("--no-color", "Write without colours.", hidden=hidden),
        _switch("--stats", "Say at the end how many requests were sent.", hidden=hidden),
        click.Option(
            ["-v", "--verbose", "verbose"],
            count=True,
            expose_value=False,
            callback=_remember,
            hidden=hidden,
            help="Say more when something goes wrong.",
        ),
    )


def command(help: str, **settings: object) -> Callable[[Callable[..., None]], click.Command]:  # noqa: A002
    """Make a function a command with the global options. Its first argument is the `App`."""

    def wrap(function: Callable[..., None]) -> click.Command:
        made: click.Command = click.command(help=help, epilog=EVERYWHERE, **settings)(click.pass_obj(function))  # type: ignore[call-overload]
        made.params.extend(global_options(hidden=True))
        return made

    return wrap


def _switch(flag: str, says: str, *, hidden: bool) -> click.Option:
    return click.Option([flag], is_flag=True, expose_value=False, callback=_remember, hidden=hidden, help=says)


def _folder(flag: str, says: str, *, hidden: bool) -> click.Option:
    return click.Option(
        [flag], type=_FOLDER, metavar="FOLDER", expose_value=False, callback=_remember, hidden=hidden, help=says
    )


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    app = ctx.find_object(App)
    if app is not None and param.name is not None and value not in (None, False, 0):
        setattr(app, param.name, value)
