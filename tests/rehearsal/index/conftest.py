from __future__ import annotations

import pytest

from keyless.model.index import Index
from keyless.rehearsal.issuer import Issuer
from keyless.rehearsal.store import Document, Store
from tests.rehearsal.index.world import World, make_world


@pytest.fixture(scope="session")
def issuer_key() -> Document:
    """An issuer's signing key, made once: making one costs a tenth of a second."""
    store = Store()
    Issuer(store).jwks()
    key = store.get("issuer.key", "signing")
    store.close()
    assert key is not None
    return key


@pytest.fixture
def world(issuer_key: Document):
    made: World = make_world(Index.PYPI, issuer_key)
    yield made
    made.store.close()


@pytest.fixture
def test_world(issuer_key: Document):
    made: World = make_world(Index.TESTPYPI, issuer_key)
    yield made
    made.store.close()
