"""Frozen backups, with what must become of each: keyless and a reader written from the document judge them equally."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from keyless.model.realm import Realm
from keyless.secret import Secret
from keyless.vault import IdentityUnlock, PassphraseUnlock, Reason, Refusal, Unlock, Vault
from tests.tokens.conftest import USER_TOKEN
from tests.vault import second_reader

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "backups-v1.json").read_text())
BY_NAME = [pytest.param(vector, id=vector["name"]) for vector in VECTORS]


def by_keyless(vector: dict, folder: Path) -> str:
    """Return "opens", or the reason of the refusal."""
    file = folder / "vector.keyless-backup"
    file.write_bytes(vector["file"].encode("latin-1"))
    unlock: Unlock = (
        PassphraseUnlock(Secret(vector["passphrase"]))
        if "passphrase" in vector
        else IdentityUnlock(Secret(vector["identity"]))
    )
    now, past_expiry = datetime.fromisoformat(vector["now"]), vector.get("past_expiry", False)
    try:
        _, contents = Vault(folder, Realm(vector["realm"])).open(file, unlock, now=now, past_expiry=past_expiry)
    except Refusal as refusal:
        return refusal.reason.value
    assert contents.secrets[0].token == USER_TOKEN
    return "opens"


def by_the_second_reader(vector: dict) -> str:
    """Return "opens" or "refused"."""
    how = {name: vector[name] for name in ("passphrase", "identity", "past_expiry") if name in vector}
    data = vector["file"].encode("latin-1")
    try:
        contents = second_reader.read(data, vector["realm"], datetime.fromisoformat(vector["now"]), **how)
    except second_reader.REFUSED:
        return "refused"
    assert contents["secrets"][0]["token"] == USER_TOKEN.reveal()
    return "opens"


@pytest.mark.parametrize("vector", BY_NAME)
def test_both_readers_judge_a_vector_as_it_is_described(vector: dict, tmp_path: Path) -> None:
    assert by_keyless(vector, tmp_path) == vector["expect"]
    assert by_the_second_reader(vector) == ("opens" if vector["expect"] == "opens" else "refused")


def test_the_corpus_is_whole() -> None:
    counts = Counter(vector["expect"] for vector in VECTORS)
    assert counts["opens"] >= 20
    assert counts.total() - counts["opens"] >= 100
    assert set(counts) == {reason.value for reason in Reason if reason is not Reason.MISSING} | {"opens"}
    assert len({vector["name"] for vector in VECTORS}) == len(VECTORS)


def test_the_second_reader_is_small_and_shares_nothing_with_keyless() -> None:
    source = Path(second_reader.__file__).read_text()
    assert len(source.splitlines()) <= 150
    assert "import keyless" not in source
    assert "from keyless" not in source
    assert "nacl" not in source
