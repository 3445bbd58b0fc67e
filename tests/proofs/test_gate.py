"""The gate opens for complete evidence only."""

from __future__ import annotations

import pytest

from keyless.model.index import Index
from keyless.model.proof import Grade, Judgement, Reason, Verdict
from keyless.proofs import gate

BOTH = ((Index.TESTPYPI, "shap"), (Index.PYPI, "shap"))


def judgement(index=Index.PYPI, grade=Grade.ATTESTED, verdict=Verdict.PROVEN, project="shap", reasons=()):
    return Judgement(index, project, "1.0", grade, verdict, tuple(reasons))


def test_it_opens_when_every_project_reaches_the_bar():
    assert gate([judgement(Index.PYPI), judgement(Index.TESTPYPI)], BOTH, Grade.ATTESTED) == ()


@pytest.mark.parametrize("grade", [Grade.DECLARED, Grade.INFERRED, Grade.NONE])
def test_a_weaker_grade_keeps_it_shut_and_is_named(grade):
    (lacking,) = gate([judgement(grade=grade)], BOTH[1:], Grade.ATTESTED)
    assert f"'{grade.value}'" in lacking
    assert "'attested' is needed" in lacking


def test_a_lower_bar_is_reached_by_more():
    assert gate([judgement(grade=Grade.INFERRED)], BOTH[1:], Grade.INFERRED) == ()
    assert gate([judgement(grade=Grade.DECLARED)], BOTH[1:], Grade.INFERRED) == ()
    assert gate([judgement(grade=Grade.INFERRED)], BOTH[1:], Grade.DECLARED)


def test_a_project_that_nobody_judged_keeps_it_shut():
    (lacking,) = gate([judgement(Index.PYPI)], BOTH, Grade.ATTESTED)
    assert lacking == "shap on TestPyPI was not judged."


def test_testpypis_proof_is_none_for_pypi():
    assert gate([judgement(Index.TESTPYPI)], [(Index.PYPI, "shap")], Grade.ATTESTED)


def test_names_are_compared_as_the_index_does():
    assert gate([judgement(project="Sh.Ap")], [(Index.PYPI, "sh-ap")], Grade.ATTESTED) == ()


def test_of_two_judgements_for_a_project_both_must_pass():
    two = [judgement(), judgement(grade=Grade.NONE, verdict=Verdict.NOT_PROVEN)]
    assert len(gate(two, BOTH[1:], Grade.ATTESTED)) == 1


@pytest.mark.parametrize("verdict", [Verdict.NOT_PROVEN, Verdict.CANNOT_TELL])
def test_a_grade_without_its_verdict_keeps_it_shut(verdict):
    assert gate([judgement(verdict=verdict)], BOTH[1:], Grade.INFERRED)


def test_a_reason_against_keeps_it_shut_whatever_the_grade():
    against = Reason("mixed-files", "against", "Some files have none.")
    (lacking,) = gate([judgement(reasons=[against])], BOTH[1:], Grade.INFERRED)
    assert "Some files have none." in lacking


def test_needing_nothing_opens_nothing():
    assert gate([judgement()], [], Grade.ATTESTED)


def test_a_bar_of_none_opens_nothing():
    assert gate([judgement()], BOTH[1:], Grade.NONE)
