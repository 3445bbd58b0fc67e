"""The wizard at the place where a secret would be removed next, shown each kind of release that proves nothing."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from keyless import proofs
from keyless.model.index import Index
from keyless.model.proof import Judgement
from keyless.model.release import Evidence, Expectation
from keyless.rehearsal.store import Store
from tests.proofs.negatives.scenario import Scenario, true_release
from tests.proofs.negatives.test_negatives import CASES
from tests.services.sigstore.conftest import Bench
from tests.staging import Scene


def judgements(folder: Path) -> dict[str, Judgement]:
    """What a case of each reason is judged to be, and four of the cryptography; those about the gate's own arguments have no judgement to show."""
    store, found = Store(), {}
    told: Counter[str] = Counter()
    true = true_release(Bench(store, folder))
    for case in CASES:
        made: Scenario = copy.copy(true)
        for name in ("documents", "files", "listed", "needed", "release"):
            setattr(made, name, copy.deepcopy(getattr(true, name)))
        case.change(made)
        judgement = made.judged()
        if told[case.says] < (4 if case.says == "attestation-refused" else 1) and proofs.gate(
            [judgement], [(Index.PYPI, "shap")], true.bar
        ):
            told[case.says] += 1
            found[case.name] = judgement
    store.close()
    return found


def test_no_release_that_proves_nothing_makes_the_wizard_remove_a_secret(
    scene: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The true judge is asked for TestPyPI; on PyPI the newest release is each of them in turn."""
    true, shown = proofs.judge, judgements(tmp_path)
    assert len(shown) >= 60

    def judge(evidence: Evidence, expectation: Expectation) -> Judgement:
        judged = true(evidence, expectation)
        if expectation.index is Index.TESTPYPI:
            return judged
        return replace(shown[now], index=judged.index, project=judged.project, version=judged.version)

    play = scene()
    before = play.names()
    monkeypatch.setattr(proofs, "judge", judge)
    now = next(iter(shown))
    assert play.error(play.migrate).exit_code == 10
    play.acts = False
    for now in shown:  # read by `judge`
        error = play.error(play.migrate)
        assert error.exit_code in (10, 75), now
        assert play.names() == before, now
    monkeypatch.undo()
    play.acts = True
    play.migrate()
    assert play.names() < before, "the true release does"
