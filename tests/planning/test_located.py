"""A secret that an upload reads has to be seen somewhere, or the store that may hold it has to be readable (S11)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from keyless.model.github import SecretEntry, Store, StoreKind
from keyless.model.reading import Found, Reading, Unreadable
from keyless.model.survey import StoreReading, Survey
from keyless.planning.located import hidden
from tests.planning.examples import ANALYSIS, HERE, NOW, ORGANISATION, STORE, survey

BOTH = ("PYPI_API_TOKEN", "TEST_TOKEN")
CLOSED = Unreadable("secrets", "403", "secrets=read")
DEPENDABOT = Store(StoreKind.DEPENDABOT, HERE.owner, HERE.name)


def entries(store: Store, *names: str) -> Found[tuple[SecretEntry, ...]]:
    return Found(tuple(SecretEntry(store, name, NOW, NOW) for name in names))


def seen(stores: dict[Store, Reading], organisation: Reading) -> Survey:
    readings = tuple(StoreReading(store, reading) for store, reading in stores.items())
    return replace(survey(), stores=readings, seen_from_organisation=organisation)


@pytest.mark.parametrize(
    ("repository", "organisation", "reaches", "secrets", "owners"),
    [
        (entries(STORE, *BOTH), CLOSED, CLOSED, (), False),
        (entries(STORE, "pypi_api_token", "test_token"), CLOSED, CLOSED, (), False),
        (entries(STORE), entries(ORGANISATION), Found(()), (), False),
        (entries(STORE), CLOSED, Found(()), (), False),
        (entries(STORE), CLOSED, entries(ORGANISATION, "PYPI_API_TOKEN"), ("PYPI_API_TOKEN",), True),
        (entries(STORE, "TEST_TOKEN"), CLOSED, CLOSED, ("PYPI_API_TOKEN",), False),
        (CLOSED, entries(ORGANISATION), Found(()), BOTH, False),
        (CLOSED, CLOSED, CLOSED, BOTH, False),
        (CLOSED, entries(ORGANISATION, *BOTH), Found(()), (), False),
        (CLOSED, CLOSED, entries(ORGANISATION, "PYPI_API_TOKEN"), BOTH, False),
        (entries(STORE), CLOSED, entries(ORGANISATION, "test_token"), ("TEST_TOKEN",), True),
    ],
)
def test_what_is_hidden(
    repository: Reading, organisation: Reading, reaches: Reading, secrets: tuple[str, ...], owners: bool
) -> None:
    found = hidden(seen({STORE: repository, ORGANISATION: organisation}, reaches))
    assert (found is None) is (secrets == ())
    assert (found.secrets if found else ()) == secrets
    assert (found.organisations if found else False) is owners


def test_names_compare_as_github_compares_them() -> None:
    lower = replace(ANALYSIS, references=tuple(replace(r, secret=r.secret.lower()) for r in ANALYSIS.references))
    at = replace(seen({STORE: entries(STORE, "TEST_TOKEN"), ORGANISATION: CLOSED}, CLOSED), analysis=lower)
    found = hidden(at)
    assert found is not None
    assert found.secrets == ("PYPI_API_TOKEN",)
    assert [reading.store for reading in found.stores] == [ORGANISATION]


def test_a_store_from_which_no_run_reads_hides_nothing() -> None:
    assert hidden(seen({STORE: entries(STORE), DEPENDABOT: CLOSED}, Found(()))) is None
