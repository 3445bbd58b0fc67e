"""What must never open the gate: each refused with its reason, and each by exactly the checks that it names."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from keyless import proofs
from keyless.model.proof import Grade, Verdict
from keyless.rehearsal.store import Store
from tests.proofs.negatives.bundles import BUNDLES
from tests.proofs.negatives.case import Case
from tests.proofs.negatives.layers import Layer, switched_off
from tests.proofs.negatives.releases import INFERENCES, RELEASES
from tests.proofs.negatives.scenario import Scenario, true_release
from tests.services.sigstore.conftest import Bench

CASES = (*BUNDLES, *RELEASES, *INFERENCES)
SWITCHED = tuple(case for case in CASES if case.layers)


@pytest.fixture(scope="module")
def true(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scenario]:
    store = Store()
    yield true_release(Bench(store, tmp_path_factory.mktemp("sigstore")))
    store.close()


@pytest.fixture
def scenario(true: Scenario) -> Scenario:
    made = copy.copy(true)
    for name in ("documents", "files", "listed", "needed", "release"):
        setattr(made, name, copy.deepcopy(getattr(true, name)))
    return made


def opens(scenario: Scenario) -> bool:
    return scenario.lacking(scenario.judged()) == ()


def test_the_true_release_opens_the_gate(scenario: Scenario) -> None:
    """What each case changes one thing of."""
    judgement = scenario.judged()
    assert (judgement.grade, judgement.verdict) == (Grade.ATTESTED, Verdict.PROVEN)
    assert opens(scenario)


def test_the_true_release_without_attestations_opens_it_for_an_inference(scenario: Scenario) -> None:
    scenario.without_provenance()
    assert scenario.judged().grade is Grade.INFERRED
    assert opens(scenario)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_gate_stays_shut_and_says_why(scenario: Scenario, case: Case) -> None:
    case.change(scenario)
    judgement = scenario.judged()
    lacking = scenario.lacking(judgement)
    assert lacking
    told = {(reason.identifier, reason.message) for reason in judgement.reasons if reason.side != "for"}
    assert any(case.says == identifier or case.says in message for identifier, message in told) or any(
        case.says in line for line in lacking
    )


@pytest.mark.parametrize("case", SWITCHED, ids=lambda case: case.name)
def test_without_the_checks_that_it_aims_at_it_would_open(scenario: Scenario, case: Case) -> None:
    case.change(scenario)
    with switched_off(case.layers):
        assert opens(scenario)


@pytest.mark.parametrize(
    ("case", "alone"), [pytest.param(c, layer, id=f"{c.name} - {layer}") for c in SWITCHED for layer in c.layers]
)
def test_each_of_these_checks_alone_keeps_it_shut(scenario: Scenario, case: Case, alone: Layer) -> None:
    case.change(scenario)
    with switched_off([layer for layer in case.layers if layer is not alone]):
        assert not opens(scenario)


def test_every_reason_that_can_keep_it_shut_has_its_case() -> None:
    """Whoever adds a check adds a case for it."""
    text = "".join(path.read_text() for path in sorted(Path(proofs.__path__[0]).glob("*.py")))
    reasons = set(re.findall(r'(?:contradicts|unread|_other)\(\s*"([a-z-]+)"', text))
    reasons |= set(re.findall(r'"([a-z-]+-id-differs)"', text))
    aimed = {case.says for case in CASES} | {layer.name for case in CASES for layer in case.layers}
    assert len(reasons) > 35
    assert reasons - aimed == {"attestation-unverified"}, "a fact that the verifier does not make"


def test_there_are_as_many_as_promised() -> None:
    """Sixty are; those of the cryptography are the library's checks, all others are keyless's own."""
    names = [case.name for case in CASES]
    assert len(names) == len(set(names)) >= 125
    own = [case for case in SWITCHED if any(not layer.library for layer in case.layers)]
    assert len(own) >= 90
    assert len(SWITCHED) - len(own) >= 14
