"""A file's bytes as text and back: byte order mark, encoding, line ends and places, without changing any of them."""

from __future__ import annotations

import codecs
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate

from keyless.model.github import SourceFile
from keyless.model.workflow import FileProblem, Place

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LARGEST = 2_000_000
"""Bytes. GitHub itself refuses far smaller workflows; the cap bounds time and memory on hostile input."""


@dataclass(frozen=True, slots=True)
class Text:
    """Decoded text of one file. `mark` is the byte order mark that stood before it; offsets count characters."""

    path: str
    text: str
    encoding: str = "utf-8"
    mark: bytes = b""
    starts: tuple[int, ...] = field(default=(0,), repr=False)

    def encode(self, text: str) -> bytes:
        """Return `text` as this file's bytes: the same mark and encoding."""
        return self.mark + text.encode(self.encoding)

    def line(self, offset: int) -> int:
        """Return the 0-based line of a character offset."""
        return bisect_right(self.starts, offset) - 1

    def line_start(self, offset: int) -> int:
        """Return the offset at which the line of `offset` begins."""
        return self.starts[self.line(offset)]

    def line_end(self, offset: int) -> int:
        """Return the offset just after the line break that ends the line of `offset` (or the end of the text)."""
        number = self.line(offset) + 1
        return self.starts[number] if number < len(self.starts) else len(self.text)

    def column(self, offset: int) -> int:
        """Return the 0-based column of a character offset."""
        return offset - self.line_start(offset)

    def place(self, offset: int, job: str | None = None, step: int | None = None) -> Place:
        """Return `offset` as a 1-based place."""
        line = self.line(offset)
        return Place(self.path, line + 1, offset - self.starts[line] + 1, job, step)

    @property
    def newline(self) -> str:
        """The line end that the file uses most."""
        return "\r\n" if self.text.count("\r\n") * 2 > self.text.count("\n") else "\n"


def read_text(file: SourceFile) -> Text | FileProblem:
    """Return a file's text, or why it has none."""
    if len(file.content) > LARGEST:
        return FileProblem(file.path, f"it is larger than {LARGEST // 1_000_000} MB")
    mark, encoding = next(((m, e) for m, e in _MARKS if file.content.startswith(m)), (b"", "utf-8"))
    if not mark and b"\0" in file.content[:4]:
        encoding = "utf-16-le" if file.content[1:2] == b"\0" else "utf-16-be"
    try:
        text = file.content[len(mark) :].decode(encoding)
    except UnicodeDecodeError:
        return FileProblem(file.path, f"its bytes are not valid {encoding.upper()}")
    return of(file.path, text, encoding, mark)


def of(path: str, text: str, encoding: str = "utf-8", mark: bytes = b"") -> Text:
    """Return text with its lines counted. Only a line feed ends a line (a carriage return before it belongs to it)."""
    lengths = map(len, text.split("\n")[:-1])
    return Text(path, text, encoding, mark, tuple(accumulate(map((1).__add__, lengths), initial=0)))


def lines_of(text: str) -> list[str]:
    """Return a text's lines without their ends; what Python's splitlines() takes for an end besides is a character."""
    found = [line.removesuffix("\r") for line in text.split("\n")]
    return found if found[-1] else found[:-1]
