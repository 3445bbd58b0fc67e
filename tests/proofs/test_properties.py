"""For any combination of facts: order does not matter, contradictions never help, unknowns never raise."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
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
)

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


@settings(deadline=None)
@given(evidences(), st.integers())
def test_no_order_of_arrival_matters(evidence, seed):
    assert judge(evidence, EXPECTED) == judge(shuffled(evidence, seed), EXPECTED)


@settings(deadline=None, max_examples=300)
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


@settings(deadline=None, max_examples=200)
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


@settings(deadline=None, max_examples=300)
@given(evidences(), st.sampled_from(BAD_FACTS), st.integers(0, 2))
def test_adding_a_contradicting_attestation_never_raises_the_grade(evidence, bad, where):
    if not evidence.files:
        return
    files = list(evidence.files)
    each = files[where % len(files)]
    known = each.attestations.value if isinstance(each.attestations, Found) else ()
    files[where % len(files)] = replace(each, attestations=Found((*known, bad)))
    worse = judge(replace(evidence, files=tuple(files)), EXPECTED)
    assert strength(worse) <= strength(judge(evidence, EXPECTED))
    assert worse.grade is Grade.NONE


@settings(deadline=None, max_examples=300)
@given(evidences(), st.sampled_from(NAMES))
def test_adding_a_file_without_provenance_never_raises_the_grade(evidence, name):
    extra = file(f"extra-{name}", has_provenance=False)
    release = replace(evidence.release, files=(*evidence.release.files, extra))
    more = replace(evidence, release=release, files=(*evidence.files, FileEvidence(extra, ABSENT)))
    if evidence.files:
        assert strength(judge(more, EXPECTED)) <= strength(judge(evidence, EXPECTED))


@settings(deadline=None, max_examples=300)
@given(evidences())
def test_adding_a_token_warning_never_raises_the_grade(evidence):
    if not isinstance(evidence.run, Found):
        return
    warned = job("publish", 60, 300, "Upgrade to Trusted Publishing")
    found = Found(replace(evidence.run.value, jobs=(*evidence.run.value.jobs, warned)))
    assert strength(judge(replace(evidence, run=found), EXPECTED)) <= strength(judge(evidence, EXPECTED))


@settings(deadline=None, max_examples=300)
@given(evidences(), st.integers(0, 2))
def test_provenance_that_cannot_be_read_never_raises_the_grade(evidence, where):
    if not evidence.files:
        return
    files = list(evidence.files)
    files[where % len(files)] = replace(files[where % len(files)], attestations=UNREADABLE)
    blind = judge(replace(evidence, files=tuple(files)), EXPECTED)
    assert blind.grade is Grade.NONE


@settings(deadline=None, max_examples=300)
@given(evidences())
def test_a_run_that_cannot_be_read_never_makes_an_inference(evidence):
    blind = judge(replace(evidence, run=Unreadable("the run", "403")), EXPECTED)
    assert blind.grade in (Grade.NONE, Grade.DECLARED, Grade.ATTESTED)
    if blind.grade is not Grade.NONE:
        assert all(isinstance(each.attestations, Found) and each.attestations.value for each in evidence.files)


def test_every_grade_and_verdict_occurs_in_what_is_tried():
    seen = set()

    @settings(deadline=None, max_examples=400, database=None, derandomize=True)
    @given(evidences())
    def look(evidence):
        judgement = judge(evidence, EXPECTED)
        seen.add(judgement.grade)
        seen.add(judgement.verdict)

    look()
    assert seen == set(Grade) | set(Verdict)
