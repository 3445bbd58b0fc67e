"""Workflows name scripts, scripts name others: ask for what is named until nothing new is, at most three deep."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from keyless import workflows
from keyless.model.github import SourceFile
from keyless.model.reading import Found, Reading
from keyless.model.workflow import Analysis, Here
from keyless.surveying.together import analyse_together

_ROUNDS = 3  # a workflow names a script, the script a Makefile, the Makefile one more; deeper is "not seen"


Analyse = Callable[[Sequence[SourceFile], Here | None], Analysis]


class ScriptHunt:
    """Keeps what was found so far, and says what is still wanted. Each path is asked for once."""

    def __init__(self, files: Sequence[SourceFile], here: Here | None, analyse: Analyse = workflows.analyse) -> None:
        self._here = here
        self._analyse = analyse
        self._files = {file.path: file for file in files}
        self._asked: set[str] = set()
        self._rounds = 0
        self._analysis: Analysis | None = None

    @property
    def analysis(self) -> Analysis:
        """What the files found so far say; worked out anew only after one more was found."""
        if self._analysis is None:
            self._analysis = self._analyse(self.files, self._here)
        return self._analysis

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """Everything found so far."""
        return tuple(self._files.values())

    def wanted(self) -> tuple[str, ...]:
        """Return the paths to read next; none ends the hunt."""
        if self._rounds == _ROUNDS:
            return ()
        self._rounds += 1
        fresh = tuple(path for path in self.analysis.wanted if path not in self._asked and path not in self._files)
        self._asked.update(fresh)
        return fresh

    def add(self, readings: Sequence[Reading[SourceFile]]) -> None:
        """Take in what was read."""
        for reading in readings:
            if isinstance(reading, Found):
                self._files[reading.value.path] = reading.value
                self._analysis = None


def complete(
    files: Sequence[SourceFile],
    read: Callable[[Sequence[str]], Sequence[Reading[SourceFile]]],
    here: Here | None = None,
) -> ScriptHunt:
    """Return `files` and the scripts that they name, as far as `read` finds them, with what they say."""
    hunt = ScriptHunt(files, here, analyse_together)
    while wanted := hunt.wanted():
        hunt.add(read(wanted))
    return hunt
