"""The receipt: the same facts as Markdown and as JSON, claiming no more than is known."""

from __future__ import annotations

import json
import re

import pytest

from keyless.model.codec import decode
from keyless.model.realm import Realm
from keyless.model.receipt import Receipt
from keyless.render.receipt import receipt_json, receipt_markdown
from keyless.render.views import ALWAYS_UNSEEN
from tests.render.values import EVIL, IDENTIFIER, receipt


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def test_markdown_says_what_was_done_proven_and_not_seen():
    """Each fact with its time and what it rests on."""
    text = unescaped(receipt_markdown(receipt()))
    for fact in (
        "# Receipt: shap/shap",
        "Outcome: **finished**",
        "2026-11-23 07:30 UTC",
        "Removed PYPI_TOKEN",
        "GitHub lists it no more",
        "not proven.",
        IDENTIFIER,
        "believed to be the one in the secret",
        "not known to be the one in the secret",
        "never given to keyless",
        "no account there",
        "organisation shap: not allowed to list its secrets",
        *ALWAYS_UNSEEN,
    ):
        assert fact in text


def test_a_rehearsals_receipt_says_so_at_the_top_and_in_json():
    """It is no receipt of anything real."""
    assert "REHEARSAL" in receipt_markdown(receipt(Realm.REHEARSAL)).splitlines()[2]
    assert "REHEARSAL" not in receipt_markdown(receipt())
    assert json.loads(receipt_json(receipt(Realm.REHEARSAL)))["realm"] == "rehearsal"


def test_json_gives_the_receipt_back():
    """Nothing is lost in it."""
    assert decode(Receipt, json.loads(receipt_json(receipt()))) == receipt()


@pytest.mark.parametrize(
    "name",
    [EVIL, "a | b", "`x`", "<script>alert(1)</script>", "[x](javascript:alert)", "![x](http://evil)", "# head", "\n\n# head",
     "<!--", "&lt;", "https://evil.example", "a\\|b", "**b**", "| --- |", "@everyone", "$x$", "~~x~~"],
)  # fmt: skip
def test_a_name_cannot_break_out_of_its_cell(name: str):
    """The number of lines, cells and headings does not depend on what a secret is called."""
    plain, shown = receipt_markdown(receipt()).splitlines(), receipt_markdown(receipt(name=name)).splitlines()
    cells = re.compile(r"(?<!\\)(?:\\\\)*\|")
    assert len(shown) == len(plain)
    assert [len(cells.findall(line)) for line in shown] == [len(cells.findall(line)) for line in plain]
    assert [line for line in shown if line.startswith("#")] == [line for line in plain if line.startswith("#")]
    assert not re.search(r"(?<!\\)[<`\[]", "\n".join(line for line in shown if line.startswith("|")))


def test_a_receipt_without_exemptions_has_no_section_for_them():
    """And a section without rows says that there is nothing."""
    import dataclasses

    text = receipt_markdown(dataclasses.replace(receipt(), exemptions=(), proofs=(), digest=None))
    assert "gone on without" not in text
    assert "Nothing." in text
    assert "chain" not in text
