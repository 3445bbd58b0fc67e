"""All state of the simulated services in one SQLite file, so that it survives a restart or a kill of the server.

JSON documents by kind and key; keys are text and list in order. Services keep no state of their own in memory.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

Document: TypeAlias = dict[str, Any]


class Store:
    """Documents by kind and key. `path` None keeps them in memory. Every write is atomic and durable on its own."""

    def __init__(self, path: Path | None = None) -> None:
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS document (kind TEXT, key TEXT, body TEXT NOT NULL, PRIMARY KEY (kind, key))"
            " WITHOUT ROWID"
        )
        self._depth = 0

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside happen together or not at all. May be nested; must not be held over an await."""
        if self._depth:
            yield
            return
        self._db.execute("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        else:
            self._db.execute("COMMIT")
        finally:
            self._depth = 0

    def get(self, kind: str, key: str) -> Document | None:
        """Return a document, or None."""
        row = self._db.execute("SELECT body FROM document WHERE kind=? AND key=?", (kind, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, kind: str, key: str, body: Document) -> None:
        """Create or replace a document."""
        self._db.execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?)", (kind, key, json.dumps(body)))

    def delete(self, kind: str, key: str) -> bool:
        """Delete a document; return whether it was there."""
        return self._db.execute("DELETE FROM document WHERE kind=? AND key=?", (kind, key)).rowcount > 0

    def all(self, kind: str, prefix: str = "") -> list[tuple[str, Document]]:
        """Return every (key, document) of a kind whose key begins with `prefix`, ordered by key."""
        rows = self._db.execute(
            "SELECT key, body FROM document WHERE kind=? AND substr(key, 1, ?)=? ORDER BY key",
            (kind, len(prefix), prefix),
        )
        return [(key, json.loads(body)) for key, body in rows]

    def next_number(self, series: str, first: int = 1) -> int:
        """Return the next whole number of a series; each is given once."""
        with self.transaction():
            last = self.get("series", series)
            number = first if last is None else last["last"] + 1
            self.put("series", series, {"last": number})
        return number

    def now(self) -> datetime:
        """Return the rehearsal's time (UTC): the machine's clock, moved by what `advance` added."""
        offset = self.get("clock", "offset") or {"seconds": 0.0}
        return datetime.now(UTC) + timedelta(seconds=offset["seconds"])

    def advance(self, seconds: float) -> None:
        """Move the rehearsal's time; the window of a migration passes in an instant."""
        with self.transaction():
            offset = self.get("clock", "offset") or {"seconds": 0.0}
            self.put("clock", "offset", {"seconds": offset["seconds"] + seconds})
