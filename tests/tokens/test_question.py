"""The text that asks whether a token exists without being one."""

from __future__ import annotations

import pytest

from keyless import tokens
from keyless.errors import UsageError
from keyless.model.index import Index

IDENTIFIER = "0c7ba3a0-6c4b-4a3f-9a4e-0f7f1d2c9b11"


@pytest.mark.parametrize("index", list(Index))
def test_it_carries_the_identifier_and_the_index_and_nothing_else(index: Index) -> None:
    card = tokens.read(tokens.identifier_only(index, IDENTIFIER))
    assert (card.identifier, card.index, card.caveats) == (IDENTIFIER, index, ())
    assert "=" not in tokens.identifier_only(index, IDENTIFIER).reveal()


def test_the_identifier_is_taken_in_any_spelling_of_a_uuid() -> None:
    loud = tokens.identifier_only(Index.PYPI, IDENTIFIER.upper())
    assert tokens.read(loud).identifier == IDENTIFIER


@pytest.mark.parametrize("text", ["", "shap", IDENTIFIER[:-1], "pypi-AgEIcHlwaS5vcmc"])
def test_what_is_no_identifier_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        tokens.identifier_only(Index.PYPI, text)
