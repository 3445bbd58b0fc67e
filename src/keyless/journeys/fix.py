"""fix: the change of the workflows alone, written into a checkout, and its way back. No network."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keyless import workflows
from keyless.errors import UsageError
from keyless.journal import Lock
from keyless.model.github import SourceFile
from keyless.model.index import Index
from keyless.model.reading import Reading
from keyless.model.workflow import Declined, FileChange, Here, Rewrite
from keyless.services.ports import Clock
from keyless.services.system import Inverse, Inverses, restored, write_files
from keyless.surveying.scripts import complete

# PyPI's own pattern for finding leaked tokens (facts: PyPI).
_TOKEN: Final = re.compile(rb"pypi-[A-Za-z0-9_-]{85,}")


@dataclass(frozen=True, slots=True)
class FixReport:
    """What a fix did, or would do: paths of changed files, and what has to be done by hand. `written`: it was done.

    `unkept` are changed files for which no way back is kept, as a token stood in their text (S7).
    """

    changed: tuple[str, ...]
    declined: tuple[Declined, ...]
    written: bool = False
    unkept: tuple[str, ...] = ()


def plan_fix(
    files: Sequence[SourceFile],
    read: Callable[[Sequence[str]], Sequence[Reading[SourceFile]]],
    environments: Mapping[Index, str | None],
    only: str | None = None,
    here: Here | None = None,
) -> Rewrite:
    """Return the changes that take the tokens out, and what was declined; `only` is the one path that is wanted."""
    found = workflows.rewrite(complete(files, read, here).files, environments, here)
    if only is None:
        return found
    return Rewrite(
        tuple(change for change in found.changes if change.path == only),
        tuple(declined for declined in found.declined if declined.path == only),
    )


@dataclass(frozen=True, slots=True)
class Fixer:
    """Writes into one checkout. `state` is the folder of keyless's own state, `holder` how a lock names this run."""

    root: Path
    state: Path
    clock: Clock
    holder: str

    def write(self, changes: Sequence[FileChange]) -> tuple[str, ...]:
        """Make the changes, all or none; return the paths whose old bytes were not kept. Raises as `write_files` does."""
        unkept = tuple(change.path for change in changes if _TOKEN.search(change.before))
        with self._lock():
            kept = [change for change in changes if change.path not in unkept]
            name = self._inverses.keep(kept, self.clock.now()) if kept else None
            try:
                write_files(self.root, changes)
            except Exception:
                if name is not None and not self._begun(changes):
                    self._inverses.drop(name)
                raise
        return unkept

    def way_back(self) -> tuple[Inverse, tuple[FileChange, ...]]:
        """Return the way back of the last fix, and the changes that it means now. Raises UsageError, StalePlan."""
        inverse = self._inverses.newest()
        if inverse is None:
            raise UsageError(
                f"There is no fix of {self.root} to take back.",
                hint="`git diff` shows what is changed in the checkout.",
            )
        return inverse, restored(self.root, inverse)

    def undo(self, inverse: Inverse, changes: Sequence[FileChange]) -> None:
        """Put the old bytes back and forget this way back; the one before it is then the newest."""
        with self._lock():
            write_files(self.root, changes)
            self._inverses.drop(inverse.name)

    @property
    def _inverses(self) -> Inverses:
        return Inverses(self.state, self.root)

    def _lock(self) -> Lock:
        return Lock(self.state / "locks", f"fix {self.root}", self.holder)

    def _begun(self, changes: Sequence[FileChange]) -> bool:
        """Whether any file was written; what cannot be read may have been, so its way back stays."""
        try:
            return any((self.root / change.path).read_bytes() == change.after for change in changes)
        except OSError:
            return True
