"""What every command takes: the global options, before or after its name, and the flags that answer questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import click

from keyless.cli.app import App

F = TypeVar("F", bound=Callable[..., object])
_FOLDER: Final = click.Path(file_okay=False, path_type=Path)


def global_options() -> tuple[click.Option, ...]:
    """Return new options that write into the `App` of the context and pass nothing to the command."""
    return (
        _folder("--rehearsal", "Talk to the rehearsal in this folder, not to the real services."),
        _folder("--state", "Keep journal and backups in this folder."),
        _switch("--json", "Write one JSON object a line, for programs; nobody is asked."),
        _switch("--quiet", "Leave out progress."),
        _switch("--no-color", "Write without colours."),
        _switch("--stats", "Say at the end how many requests were sent."),
        click.Option(
            ["-v", "--verbose", "verbose"],
            count=True,
            expose_value=False,
            callback=_remember,
            help="Say more when something goes wrong.",
        ),
    )


def command(help: str, **settings: object) -> Callable[[Callable[..., None]], click.Command]:  # noqa: A002
    """Make a function a command with the global options. Its first argument is the `App`."""

    def wrap(function: Callable[..., None]) -> click.Command:
        made = click.command(help=help, **settings)(click.pass_obj(function))  # type: ignore[call-overload]
        if not isinstance(made, click.Command):
            raise TypeError("click made no command")
        made.params.extend(global_options())
        return made

    return wrap


def _switch(flag: str, says: str) -> click.Option:
    return click.Option([flag], is_flag=True, expose_value=False, callback=_remember, help=says)


def _folder(flag: str, says: str) -> click.Option:
    return click.Option([flag], type=_FOLDER, metavar="FOLDER", expose_value=False, callback=_remember, help=says)


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> None:
    app = ctx.find_object(App)
    if app is not None and param.name is not None and value not in (None, False, 0):
        setattr(app, param.name, value)
