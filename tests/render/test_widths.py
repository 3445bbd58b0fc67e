"""Tables on terminals of any width: nothing is cut off, and no word is broken that could be whole."""

from __future__ import annotations

import io

import pytest

from keyless.model.table import Table
from keyless.render.terminal import TerminalPaper

IDENTIFIER = "c50889be-173e-4d51-93a4-85541355cb0d"
ROWS = (
    ("PYPI_TOKEN in environment 'pypi' of nadia/tinyplot", f"{IDENTIFIER} on PyPI", "proven gone", "shown to be it"),
    ("OTHER in repository nadia/tinyplot", "never given to keyless", "not known", "not known to be it"),
)
COLUMNS = ("secret", "token", "what became of it", "how sure")


def shown(width: int, columns=COLUMNS, rows=ROWS) -> str:
    stream = io.StringIO()
    TerminalPaper(stream, colour=False, width=width).table(Table("t", "Tokens", columns, rows))
    return stream.getvalue()


@pytest.mark.parametrize("width", [60, 70, 80, 100, 120, 200])
def test_every_word_is_whole_and_no_line_too_long(width: int):
    text = shown(width)
    assert all(len(line) <= width for line in text.splitlines())
    assert set(text.split()) >= {word for row in ROWS for cell in row for word in cell.split()}


def test_a_narrow_terminal_gets_one_row_below_the_other():
    assert "what became of it  proven gone" in shown(60)
    assert "what became of it  proven gone" not in shown(120)


@pytest.mark.parametrize("width", [40, 80])
def test_no_rows_and_no_heads_are_tables_too(width: int):
    assert "(none)" in shown(width, rows=())
    assert "held" in shown(width, columns=("", ""), rows=(("held", "x"), ("", "y")))
