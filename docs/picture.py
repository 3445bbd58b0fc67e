"""`python docs/picture.py`: plays a rehearsal on a terminal of its own and makes docs/rehearsal.svg of what it showed.

The run is real and whole; the picture leaves lines out, and shows where.
"""

from __future__ import annotations

import os
import pty
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

WIDTH: Final = 104
PICTURE: Final = Path(__file__).with_name("rehearsal.svg")
LEFT_OUT: Final = "  ⋮"
PARTS: Final = (
    (r"3\. migrate ", r"\[1/\d+\]"),
    (r"\[2/\d+\]", r"\[3/\d+\]"),
    (r"\[4/\d+\]", r"\[5/\d+\]"),
    (r"\[6/\d+\]", r"4\. finish "),
    (r"4\. finish ", r"The plan for"),
    (r"\[1/\d+\]", r"finished \(rehearsal"),
    (r"What was checked", None),
)
"""What the picture shows, in the order of the run: from a line that has the first text to before one with the second."""


def played() -> str:
    """Return everything that `keyless rehearse --auto` writes to a terminal."""
    os.environ.update(COLUMNS=str(WIDTH), TERM="xterm-256color")
    os.environ.pop("NO_COLOR", None)
    written = bytearray()

    def read(terminal: int) -> bytes:
        data = os.read(terminal, 65536)
        written.extend(data)
        return data

    ended = pty.spawn([sys.executable, "-m", "keyless", "rehearse", "--auto"], read)
    if ended != 0:
        sys.exit(f"the rehearsal ended with {os.waitstatus_to_exitcode(ended)}")
    return written.decode().replace("\r\n", "\n")


def chosen(lines: Sequence[Text]) -> Iterator[Text]:
    """Yield the lines of all parts, with a mark between them."""
    at = 0
    for first, last in PARTS:
        start = _find(lines, first, at)
        end = len(lines) if last is None else _find(lines, last, start + 1)
        if start > at:
            yield Text(LEFT_OUT, "dim")
        yield from lines[start:end]
        at = end


def _find(lines: Sequence[Text], pattern: str, start: int) -> int:
    for number in range(start, len(lines)):
        if re.search(pattern, lines[number].plain):
            return number
    sys.exit(f"the rehearsal never said '{pattern}'")


if __name__ == "__main__":
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, highlight=False)
        for line in chosen(Text.from_ansi(played()).split()):
            console.print(line, soft_wrap=False)
        console.save_svg(str(PICTURE), title="keyless rehearse --auto", unique_id="keyless")
    sys.stdout.write(f"{PICTURE.name}: {PICTURE.stat().st_size // 1024} KB\n")
