"""One JSON object a line, for programs. The fields are described in docs/json.md; `version` counts their changes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, TextIO

from keyless.model.codec import Json, encode
from keyless.model.realm import Realm
from keyless.model.table import Table
from keyless.model.text import hide_credentials
from keyless.model.workflow import FileChange
from keyless.render.commands import PROGRAM, with_program

VERSION: Final = 1


def json_line(realm: Realm | None, event: str, fields: Mapping[str, Json]) -> str:
    """Return one event as a line. ASCII only, so that no control or direction-changing character gets through."""
    body = {"version": VERSION, "services": realm.value if realm else None, "event": event, **fields}
    line = json.dumps(body, ensure_ascii=True, allow_nan=False).replace("\x7f", "\\u007f")
    return f"{hide_credentials(line)}\n"


class JsonReporter:
    """Implements Reporter. Secrets cannot get here: the codec refuses them."""

    def __init__(self, stream: TextIO, realm: Realm, *, program: str = PROGRAM) -> None:
        self._stream = stream
        self._program = program
        self._realm = realm

    def banner(self, title: str) -> None:
        """Write "banner"."""
        self._write("banner", title=title)

    def step_started(self, number: int, total: int, title: str) -> None:
        """Write "step-started"."""
        self._write("step-started", number=number, total=total, title=title)

    def step_done(self, title: str, detail: str, *, already: bool) -> None:
        """Write "step-done"."""
        self._write("step-done", title=title, detail=detail, already=already)

    def waiting(self, what: str, *, link: str | None, advice: Sequence[str]) -> None:
        """Write "waiting"."""
        self._write("waiting", what=what, link=link, advice=list(advice))

    def note(self, text: str) -> None:
        """Write "note"."""
        self._write("note", text=text)

    def warning(self, text: str) -> None:
        """Write "warning"."""
        self._write("warning", text=text)

    def link(self, label: str, url: str) -> None:
        """Write "link"."""
        self._write("link", label=label, url=url)

    def diff(self, changes: Sequence[FileChange]) -> None:
        """Write one "diff" for each file."""
        from keyless.render.diff import diff_text

        for change in changes:
            reasons: list[Json] = [{"line": hunk.line, "why": hunk.why} for hunk in change.hunks]
            self._write("diff", path=change.path, diff=diff_text(change), reasons=reasons)

    def table(self, table: Table) -> None:
        """Write "table"."""
        self._write(
            "table",
            table=table.identifier,
            title=table.title,
            columns=list(table.columns),
            rows=[list(row) for row in table.rows],
        )

    def show(self, value: object) -> None:
        """Write "result" with the value itself; several values are several lines."""
        if isinstance(value, Table):
            self.table(value)
        elif isinstance(value, str):
            self.note(value)
        elif isinstance(value, tuple):
            for item in value:
                self.show(item)
        else:
            self._write("result", kind=type(value).__name__, data=encode(value))

    def next_command(self, command: str, why: str = "") -> None:
        """Write "next"."""
        self._write("next", command=with_program(command, self._program), why=why)

    def statistics(self, requests: Mapping[str, int]) -> None:
        """Write "statistics"."""
        self._write("statistics", requests=dict(requests))

    def _write(self, event: str, **fields: Json) -> None:
        self._stream.write(json_line(self._realm, event, fields))
        self._stream.flush()
