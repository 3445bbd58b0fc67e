"""Values to show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from keyless.model.backup import BackupContents, BackupHeader, BackupSubject, KeptSecret, KeptWorkflow, Lease
from keyless.model.github import Repository, SecretEntry, Store, StoreKind
from keyless.model.index import Index
from keyless.model.plan import Origin
from keyless.model.proof import Grade, Judgement, Reason, Verdict
from keyless.model.realm import Realm
from keyless.model.receipt import Deed, Exemption, Receipt, TokenEnd
from keyless.model.token import Concern, Life, Probe, Scope, TokenCard
from keyless.model.workflow import FileChange, Hunk
from keyless.secret import Secret

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
TOKEN = "pypi-AgEIcHlwaS5vcmcC" + "Ab3" * 62
EVIL = "\x1b[2J\x1b]8;;http://evil\x07x\u202e\r\u200b"
IDENTIFIER = "12345678-9abc-4def-8123-456789abcdef"

CARD = TokenCard(Index.PYPI, IDENTIFIER, Scope.ACCOUNT, None, None, None, None, None, NOW, 179, ("for the user 0000",))
CONCERN = Concern("account-wide", False, "It opens every project.", "Narrow it.")
PROBE = Probe(Life.GONE, NOW, "403 Invalid or non-existent authentication information")
JUDGEMENT = Judgement(
    Index.PYPI,
    "shap",
    "1.0",
    Grade.DECLARED,
    Verdict.NOT_PROVEN,
    (
        Reason("a", "for", "The index states the publisher."),
        Reason("b", "against", "One file is unsigned.", "Sign it."),
    ),
    "ab" * 32,
    "https://github.com/shap/shap/actions/runs/1",
)
SUBJECT = BackupSubject("real", Repository("shap", "shap"), "20261123-abc", ("shap",), ("PYPI_TOKEN",))
HEADER = BackupHeader(1, "0123456789abcdef", SUBJECT, Lease(NOW, NOW + timedelta(days=14)), ("passphrase",))
ENTRY = SecretEntry(Store(StoreKind.ENVIRONMENT, "shap", "shap", "release"), "PYPI_TOKEN", NOW, NOW)
CONTENTS = BackupContents(
    SUBJECT,
    (
        KeptSecret(ENTRY, Secret(TOKEN), True, "believed", Index.PYPI, IDENTIFIER),
        KeptSecret(ENTRY, Secret(TOKEN), False, "shown", Index.PYPI, IDENTIFIER),
        KeptSecret(ENTRY, None, False, "unknown", None, None),
    ),
    KeptWorkflow((FileChange(".github/workflows/release.yml", b"a", b"b"),), "main", "c" * 40, None),
    "0.1.0",
)
CHANGE = FileChange(
    ".github/workflows/release.yml",
    b"jobs:\n  publish:\n    steps:\n      - uses: x\n        with:\n          password: ${{ secrets.T }}\n",
    b"jobs:\n  publish:\n    permissions:\n      id-token: write\n    steps:\n      - uses: x\n",
    (
        Hunk(3, (), ("permissions:",), "The run needs it to prove who it is."),
        Hunk(5, ("with:",), (), "The token goes."),
    ),
)


def receipt(realm: Realm = Realm.REAL, name: str = "PYPI_TOKEN") -> Receipt:
    """Return a receipt; `name` is the name of its secret."""
    return Receipt(
        version=1,
        realm=realm,
        repository=Repository("shap", "shap"),
        journey="20261123-abc",
        outcome="finished",
        started_at=NOW,
        issued_at=NOW,
        made_by="0.1.0",
        deeds=(Deed(NOW, "migrate", f"Removed {name}", "GitHub lists it no more"),),
        proofs=(JUDGEMENT,),
        tokens=(
            TokenEnd(name, "repository shap/shap", Index.PYPI, IDENTIFIER, Origin.BELIEVED, "proven gone", NOW),
            TokenEnd("OTHER", "repository shap/shap", None, None, Origin.UNKNOWN, "not known", None),
        ),
        exemptions=(Exemption("proof on TestPyPI", "no account there"),),
        unseen=("organisation shap: not allowed to list its secrets",),
        digest="cd" * 32,
    )
