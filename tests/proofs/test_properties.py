"""For any combination of facts: order does not matter, contradictions never help, unknowns never raise."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from keyless.model.index import Index
from keyless.model.proof import Grade, Verdict
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.release import Evidence, FileEvidence, Release
from keyless.proofs import gate, judge
from tests.proofs.examples import (
    ABSENT,
    CHANGED,
    CLAIMS,
    EXPECTED,
    FACT,
    NAMES,
    PUBLISHER,
    REFUSED,
    SEEN,
    UNREADABLE,
    UNVERIFIABLE,
    file,
    job,
    run,
    step,
    without_provenance,
)

# A machine that is busy with other things makes the drawing of examples slow, which says nothing about the judgement.
settings.register_profile("proofs", deadline=None, suppress_health_check=[HealthCheck.too_slow])
quiet = settings.get_profile("proofs")
DAY = timedelta(days=1)
GRADES = (Grade.NONE, Grade.INFERRED, Grade.DECLARED, Grade.ATTESTED)
GOOD_FACTS = (FACT, replace(FACT, predicate_type="https://slsa.dev/provenance/v1"))
BAD_FACTS = (
    REFUSED,
    replace(FACT, claims=replace(CLAIMS, repository_uri="https://github.com/evil/shap")),
    replace(FACT, claims=replace(CLAIMS, environment="other")),
    replace(FACT, claims=replace(CLAIMS, repository_id="1")),
    replace(FACT, signed_at=CHANGED - DAY),
    replace(FACT, stated=Publisher("evil", "shap", "release.yml", "pypi")),
)
OPEN_FACTS = (
    # True by itself; contradicts only beside files of another run.
    replace(FACT, claims=replace(CLAIMS, run_uri="https://github.com/shap/shap/actions/runs/1/attempts/1")),
    UNVERIFIABLE,
    replace(REFUSED, refused=None),
    replace(FACT, claims=replace(CLAIMS, environment=None)),
    replace(FACT, stated=replace(PUBLISHER, environment=None), claims=replace(CLAIMS, environment=None)),
)
RUNS = (
    Found(run()),
    Found(run(conclusion="failure")),
    Found(run(conclusion=None, status="in_progress")),
    Found(run(uses_token=True)),
    Found(run(uses_token=None)),
    Found(run(created_at=CHANGED - DAY)),
    Found(run(id=1)),
    Found(run(jobs=())),
    Found(run(jobs=(job(steps=(step(start=0, end=1),)),))),
    Found(run(jobs=(job("publish", 60, 300, "Create a Trusted Publisher"),))),
    Found(run(jobs=(job("testpypi", 0, 60, "Create a Trusted Publisher"), job()))),
    Missing("the run"),
    Unreadable("the run", "403"),
)

facts = st.sampled_from((*GOOD_FACTS * 4, *BAD_FACTS, *OPEN_FACTS))
readings = st.one_of(
    st.lists(facts, max_size=2).map(lambda found: Found(tuple(found))), st.sampled_from((ABSENT, ABSENT, UNREADABLE))
)
flags = st.sampled_from((True, True, False, None))
uploads = st.sampled_from((0, 0, 0, 0, -20, 20)).map(lambda days: timedelta(days=days))


@st.composite
def evidences(draw) -> Evidence:
    """Any mixture, with true evidence common enough that every grade occurs."""
    alike = draw(st.sampled_from([None, None, Found((FACT,)), Found((UNVERIFIABLE,)), ABSENT]))
    files, each = [], []
    for name in NAMES[: draw(st.integers(0 if alike is None else 1, 3))]:
        reading = draw(readings) if alike is None else alike
        has = isinstance(reading, Found) if alike is not None else draw(flags)
        later = draw(uploads) if alike is None else timedelta(0)
        made = file(name, has_provenance=has)
        files.append(replace(made, uploaded_at=made.uploaded_at + later))
        each.append(reading)
    index = draw(st.sampled_from((Index.PYPI,) * 9 + (Index.TESTPYPI,)))
    release = Release(index, "shap", "0.47.0", tuple(files))
    examined = tuple(FileEvidence(one, reading) for one, reading in zip(files, each, strict=True))
    return Evidence(release, examined, draw(st.sampled_from((RUNS[0], *RUNS))), SEEN + 30 * DAY)


def strength(judgement) -> int:
    return GRADES.index(judgement.grade)


def opens(judgement, bar) -> bool:
    return gate([judgement], [(Index.PYPI, "shap")], bar) == ()


def shuffled(evidence: Evidence, seed: int) -> Evidence:
    dice = random.Random(seed)

    def mix(items):
        return tuple(dice.sample(items, len(items)))

    each = tuple(
        replace(one, attestations=Found(mix(one.attestations.value))) if isinstance(one.attestations, Found) else one
        for one in evidence.files
    )
    found = evidence.run
    if isinstance(found, Found):
        jobs = tuple(replace(one, steps=mix(one.steps), annotations=mix(one.annotations)) for one in found.value.jobs)
        found = Found(replace(found.value, jobs=mix(jobs)))
    release = replace(evidence.release, files=mix(evidence.release.files))
    return replace(evidence, release=release, files=mix(each), run=found)


@settings(quiet)
@given(evidences(), st.integers())
def test_no_order_of_arrival_matters(evidence, seed):
    assert judge(evidence, EXPECTED) == judge(shuffled(evidence, seed), EXPECTED)


@settings(quiet, max_examples=120)
@given(evidences())
def test_the_gate_opens_only_if_the_evidence_of_its_grade_is_complete(evidence):
    judgement = judge(evidence, EXPECTED)
    if opens(judgement, Grade.ATTESTED):
        assert evidence.files
        for each in evidence.files:
            assert isinstance(each.attestations, Found)
            assert each.attestations.value
            for fact in each.attestations.value:
                assert fact.refused is None
                assert fact.claims is not None
                assert fact.claims.repository_id == "70011"
                assert fact.claims.environment in ("pypi", None)
            assert each.file.uploaded_at >= CHANGED
        assert evidence.release.index is Index.PYPI
    elif opens(judgement, Grade.INFERRED) and judgement.grade is Grade.INFERRED:
        assert all(each.attestations in (ABSENT, Found(())) for each in evidence.files)
        assert isinstance(evidence.run, Found)
        assert evidence.run.value.uses_token is False
        assert evidence.run.value.run.conclusion == "success"


@settings(quiet, max_examples=120)
@given(evidences())
def test_grade_verdict_and_reasons_agree(evidence):
    judgement = judge(evidence, EXPECTED)
    sides = {reason.side for reason in judgement.reasons}
    assert (judgement.grade is not Grade.NONE) == (judgement.verdict is Verdict.PROVEN)
    if "against" in sides:
        assert judgement.verdict is Verdict.NOT_PROVEN
    if judgement.verdict is Verdict.CANNOT_TELL:
        assert "unknown" in sides
    assert judgement.reasons


def with_fact(evidence: Evidence, where: int, fact) -> Evidence:
    """The same evidence with one attestation more at one file."""
    files = list(evidence.files)
    each = files[where % len(files)]
    known = each.attestations.value if isinstance(each.attestations, Found) else ()
    files[where % len(files)] = replace(each, attestations=Found((*known, fact)))
    return replace(evidence, files=tuple(files))


@settings(quiet, max_examples=120)
@given(evidences(), st.sampled_from(BAD_FACTS), st.integers(0, 2))
def test_adding_a_contradicting_attestation_never_raises_the_grade(evidence, bad, where):
    if not evidence.files:
        return
    worse = judge(with_fact(evidence, where, bad), EXPECTED)
    assert strength(worse) <= strength(judge(evidence, EXPECTED))
    assert worse.grade is Grade.NONE


@pytest.mark.parametrize("bad", BAD_FACTS, ids=range(len(BAD_FACTS)))
@pytest.mark.parametrize("known", [(), GOOD_FACTS, OPEN_FACTS, BAD_FACTS], ids=["nothing", "good", "open", "bad"])
@pytest.mark.parametrize("others", [Found((FACT,)), Found((UNVERIFIABLE,)), ABSENT, UNREADABLE], ids=range(4))
def test_each_contradicting_attestation_contradicts_by_itself(bad, known, others):
    """What the property above rests on, for every one and not only for those drawn: beside anything, and alone."""
    for found in RUNS:
        for count in (1, 3):
            files = tuple(file(name) for name in NAMES[:count])
            each = (FileEvidence(files[0], Found((*known, bad))), *(FileEvidence(one, others) for one in files[1:]))
            made = Evidence(Release(Index.PYPI, "shap", "0.47.0", files), each, found, SEEN + 30 * DAY)
            judgement = judge(made, EXPECTED)
            assert (judgement.grade, judgement.verdict) == (Grade.NONE, Verdict.NOT_PROVEN)


@settings(quiet, max_examples=120)
@given(evidences(), st.sampled_from((*BAD_FACTS, *OPEN_FACTS, *GOOD_FACTS)), st.integers(0, 2))
def test_no_attestation_more_raises_a_grade_unless_it_is_the_one_that_was_lacking(evidence, fact, where):
    """A true one may complete a file that had none; nothing else may."""
    if not evidence.files:
        return
    before, after = judge(evidence, EXPECTED), judge(with_fact(evidence, where, fact), EXPECTED)
    had = evidence.files[where % len(evidence.files)].attestations
    if isinstance(had, Found) and had.value:
        assert strength(after) <= strength(before)


WORSE = {
    "another index": lambda e: replace(e, release=replace(e.release, index=Index.TESTPYPI)),
    "another project": lambda e: replace(e, release=replace(e.release, project="slap")),
    "another version": lambda e: replace(e, release=replace(e.release, version="0.46.0")),
    "a file that nobody looked at": lambda e: replace(
        e, release=replace(e.release, files=(*e.release.files, file("shap-0.47.0.zip")))
    ),
    "a file of another release": lambda e: replace(
        e, files=(*e.files, FileEvidence(file("shap-9.tar.gz"), Found((FACT,))))
    ),
    "a file nobody signed for": lambda e: replace(
        e,
        release=replace(e.release, files=(*e.release.files, file("x.tar.gz", has_provenance=False))),
        files=(*e.files, FileEvidence(file("x.tar.gz", has_provenance=False), ABSENT)),
    ),
    "seen before it was uploaded": lambda e: replace(e, seen_at=CHANGED),
    "a run of another repository": lambda e: replace(
        e, run=Found(run(url="https://github.com/evil/shap/actions/runs/1"))
    ),
    "a run before the change": lambda e: replace(e, run=Found(run(created_at=CHANGED - DAY))),
}
INSTEAD = tuple(found for found in RUNS if judge(without_provenance(found=found), EXPECTED).grade is not Grade.INFERRED)


@pytest.mark.parametrize("how", WORSE)
@settings(quiet, max_examples=25)
@given(evidences())
def test_no_contradicting_fact_of_any_kind_raises_the_grade(how, evidence):
    if evidence.files:
        assert strength(judge(WORSE[how](evidence), EXPECTED)) <= strength(judge(evidence, EXPECTED))


@settings(quiet, max_examples=150)
@given(evidences(), st.sampled_from(INSTEAD))
def test_a_run_that_says_less_than_all_never_makes_an_inference(evidence, found):
    assert judge(replace(evidence, run=found), EXPECTED).grade is not Grade.INFERRED


@settings(quiet, max_examples=120)
@given(evidences(), st.sampled_from(NAMES))
def test_adding_a_file_without_provenance_never_raises_the_grade(evidence, name):
    extra = file(f"extra-{name}", has_provenance=False)
    release = replace(evidence.release, files=(*evidence.release.files, extra))
    more = replace(evidence, release=release, files=(*evidence.files, FileEvidence(extra, ABSENT)))
    if evidence.files:
        assert strength(judge(more, EXPECTED)) <= strength(judge(evidence, EXPECTED))


@settings(quiet, max_examples=120)
@given(evidences())
def test_adding_a_token_warning_never_raises_the_grade(evidence):
    if not isinstance(evidence.run, Found):
        return
    warned = job("publish", 60, 300, "Upgrade to Trusted Publishing")
    found = Found(replace(evidence.run.value, jobs=(*evidence.run.value.jobs, warned)))
    assert strength(judge(replace(evidence, run=found), EXPECTED)) <= strength(judge(evidence, EXPECTED))


@settings(quiet, max_examples=120)
@given(evidences(), st.integers(0, 2))
def test_provenance_that_cannot_be_read_never_raises_the_grade(evidence, where):
    if not evidence.files:
        return
    files = list(evidence.files)
    files[where % len(files)] = replace(files[where % len(files)], attestations=UNREADABLE)
    blind = judge(replace(evidence, files=tuple(files)), EXPECTED)
    assert blind.grade is Grade.NONE


@settings(quiet, max_examples=120)
@given(evidences())
def test_a_run_that_cannot_be_read_never_makes_an_inference(evidence):
    blind = judge(replace(evidence, run=Unreadable("the run", "403")), EXPECTED)
    assert blind.grade in (Grade.NONE, Grade.DECLARED, Grade.ATTESTED)
    if blind.grade is not Grade.NONE:
        assert all(isinstance(each.attestations, Found) and each.attestations.value for each in evidence.files)


def test_every_grade_and_verdict_occurs_in_what_is_tried():
    seen = set()

    @settings(quiet, max_examples=400, database=None, derandomize=True)
    @given(evidences())
    def look(evidence):
        judgement = judge(evidence, EXPECTED)
        seen.add(judgement.grade)
        seen.add(judgement.verdict)

    look()
    assert seen == set(Grade) | set(Verdict)
