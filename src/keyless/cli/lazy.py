"""A group that imports a command's module only when that command runs."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click

from keyless.cli.listing import Entry
from keyless.cli.shared import EVERYWHERE, global_options


class LazyGroup(click.Group):
    """A group whose commands are named by a table of entries."""

    def __init__(self, name: str, entries: Mapping[str, Entry], *, first: bool = False, **settings: object) -> None:
        options = global_options(hidden=not first)
        epilog = None if first else EVERYWHERE
        super().__init__(name, params=[*options], no_args_is_help=False, epilog=epilog, **settings)  # type: ignore[arg-type]
        self._entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names, in the table's order."""
        return list(self._entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        entry = self._entries.get(cmd_name)
        if entry is None:
            return None
        if entry.commands is not None:
            return LazyGroup(cmd_name, entry.commands, help=entry.help)
        found: click.Command = importlib.import_module(entry.module).command
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self._entries.items()])
