"""A receipt as Markdown, and as JSON for programs. The same facts, and no more than the receipt's value holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Final

from keyless.model.codec import encode
from keyless.model.realm import Realm
from keyless.model.receipt import Receipt
from keyless.model.table import Table
from keyless.model.text import clean
from keyless.render.views import ALWAYS_UNSEEN, moment, receipt_tables

_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#+!|~&$@:/-])")


def receipt_json(receipt: Receipt) -> str:
    """Return the receipt as JSON, with a line feed at its end."""
    return json.dumps(encode(receipt), indent=2, ensure_ascii=True) + "\n"


def receipt_markdown(receipt: Receipt) -> str:
    """Return the receipt as Markdown. What comes from outside cannot break out of its place in it."""
    return "\n".join(_markdown(receipt)) + "\n"


def _markdown(receipt: Receipt) -> Iterator[str]:
    yield f"# Receipt: {_escaped(str(receipt.repository))}"
    yield ""
    if receipt.realm is Realm.REHEARSAL:
        yield "**REHEARSAL: simulated services. Nothing real was read or changed.**"
        yield ""
    yield from _facts(receipt)
    for table in receipt_tables(receipt):
        yield ""
        yield from _table(table)
    yield ""
    yield "## What could not be seen"
    yield ""
    for line in (*receipt.unseen, *ALWAYS_UNSEEN):
        yield f"- {_escaped(line)}"


def _facts(receipt: Receipt) -> Iterator[str]:
    yield f"- Outcome: **{_escaped(receipt.outcome)}**"
    yield f"- Services: {receipt.realm.value}"
    yield f"- Journey: {_escaped(receipt.journey)}, begun {moment(receipt.started_at)}"
    yield f"- Issued: {moment(receipt.issued_at)} by keyless {_escaped(receipt.made_by)}"
    if receipt.digest:
        yield f"- Last hash of the journal's chain: `{_escaped(receipt.digest)}`"


def _table(table: Table) -> Iterator[str]:
    yield f"## {_escaped(table.title)}"
    yield ""
    if not table.rows:
        yield "Nothing."
        return
    yield _row(table.columns)
    yield _row(["---"] * len(table.columns), escape=False)
    for row in table.rows:
        yield _row(row)


def _row(cells: Sequence[str], *, escape: bool = True) -> str:
    return f"| {' | '.join(_escaped(cell) if escape else cell for cell in cells)} |"


def _escaped(text: str) -> str:
    """Return `text` so that Markdown and HTML take none of it for their own."""
    return _SPECIAL.sub(r"\\\1", clean(text)).replace("\\<", "&lt;").replace("\\&", "&amp;")
