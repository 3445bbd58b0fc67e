"""The export of a journey, and its checker: a file of lines in which any change, cut or reorder shows.

First line: what it is of. Then one line for each event. Last line: how many, and the last hash. The chain begins with the
hash of the first line. No key is involved: it shows damage and careless editing, not a forger who writes a new chain;
against that, compare the last hash with the one in the receipt.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from keyless.journal.events import canonical, digest
from keyless.model.codec import Json

FORMAT = "keyless journal"
VERSION = 1


@dataclass(frozen=True, slots=True)
class ExportCheck:
    """What became of checking an export. `problem` is None when all is well; `line` (1-based) is where it is not."""

    events: int
    head: str | None
    problem: str | None = None
    line: int | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing was changed, cut or moved."""
        return self.problem is None


def first_line(journey: str, realm: str, repository: str, started_at: str) -> str:
    """Return an export's first line; its hash is what the first event follows."""
    return canonical(
        {
            "format": FORMAT,
            "journey": journey,
            "realm": realm,
            "repository": repository,
            "started_at": started_at,
            "version": VERSION,
        }
    )


def last_line(events: int, head: str) -> str:
    """Return an export's last line."""
    return canonical({"end": events, "head": head})


class _Broken(Exception):
    """Inside this module only: what is wrong with the line at hand."""


def check_export(lines: Iterable[str]) -> ExportCheck:
    """Check an exported journey, given as lines with or without their line end. Raises nothing."""
    check = _Checker()
    try:
        for line in lines:
            check.line(line.removesuffix("\n"))
        check.finish()
    except _Broken as error:
        return ExportCheck(check.events, check.head, str(error), check.lines)
    return ExportCheck(check.events, check.head)


class _Checker:
    """Walks over the lines of one export."""

    def __init__(self) -> None:
        self.lines = 0
        self.events = 0
        self.head: str | None = None
        self.journey: Json = None
        self.ended = False

    def line(self, line: str) -> None:
        self.lines += 1
        if self.ended:
            raise _Broken("there is more after the last line")
        value = _parsed(line)
        if self.head is None:
            self._first(line, value)
        elif "end" in value:
            self._last(value)
        else:
            self._event(value)

    def finish(self) -> None:
        self.lines += 1
        if not self.ended:
            raise _Broken("the last line is missing: the file was cut")

    def _first(self, line: str, value: dict[str, Json]) -> None:
        if value.get("format") != FORMAT:
            raise _Broken("this is no export of a journal")
        if value.get("version") != VERSION:
            raise _Broken("this export is of another version")
        if set(value) != {"format", "journey", "realm", "repository", "started_at", "version"}:
            raise _Broken("the first line holds other fields than it should")
        self.journey = value["journey"]
        self.head = digest(line)

    def _event(self, value: dict[str, Json]) -> None:
        if set(value) != {"at", "body", "hash", "journey", "kind", "number", "previous"}:
            raise _Broken("an event holds other fields than it should")
        if value["number"] != self.events + 1 or value["journey"] != self.journey:
            raise _Broken("an event is missing, or out of its place")
        stated = value.pop("hash")
        if value["previous"] != self.head:
            raise _Broken("an event does not follow from the one before it")
        if stated != digest(canonical(value)):
            raise _Broken("an event was changed")
        self.events, self.head = self.events + 1, str(stated)

    def _last(self, value: dict[str, Json]) -> None:
        if value != {"end": self.events, "head": self.head}:
            raise _Broken("the last line says something else than what comes before it")
        self.ended = True


def _parsed(line: str) -> dict[str, Json]:
    try:
        value = json.loads(line)
        if not isinstance(value, dict) or canonical(value) != line:
            raise _Broken("a line was changed: it is not as keyless writes it")
    except (ValueError, RecursionError):
        raise _Broken("a line is no JSON") from None
    return value
