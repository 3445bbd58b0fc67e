"""Each grade, each contradiction, each thing that nobody could read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from keyless.model.index import Index
from keyless.model.proof import Grade, Verdict
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.release import FileEvidence
from keyless.proofs import judge
from tests.proofs.examples import (
    ABSENT,
    CHANGED,
    CLAIMS,
    EXPECTED,
    FACT,
    NAMES,
    PUBLISHER,
    REFUSED,
    RUN_URL,
    SEEN,
    STARTED,
    UNREADABLE,
    UNVERIFIABLE,
    UPLOADED,
    claims,
    evidence,
    file,
    job,
    run,
    step,
    without_provenance,
)


def identifiers(judgement, side):
    return {reason.identifier for reason in judgement.reasons if reason.side == side}


def test_every_file_signed_by_the_expected_publisher_is_attested():
    judgement = judge(evidence(), EXPECTED)
    assert (judgement.grade, judgement.verdict) == (Grade.ATTESTED, Verdict.PROVEN)
    assert identifiers(judgement, "for") == {"signed-by-publisher", "uploaded-after-change"}
    assert identifiers(judgement, "against") == identifiers(judgement, "unknown") == set()
    assert (judgement.index, judgement.project, judgement.version) == (Index.PYPI, "shap", "0.47.0")
    assert judgement.run_url == f"{RUN_URL}/attempts/1"


def test_attested_needs_no_look_at_the_run():
    for found in (Unreadable("the run", "GitHub was not asked"), Missing("the run")):
        assert judge(evidence(found=found), EXPECTED).grade is Grade.ATTESTED


def test_a_run_that_failed_after_the_upload_does_not_undo_the_signatures():
    assert judge(evidence(found=Found(run(conclusion="failure"))), EXPECTED).grade is Grade.ATTESTED


def test_two_attestations_for_a_file_are_as_good_as_one():
    assert judge(evidence(Found((FACT, FACT))), EXPECTED).grade is Grade.ATTESTED


def test_a_second_attempt_of_the_same_run_is_the_same_run():
    again = claims(run_uri=f"{RUN_URL}/attempts/2")
    assert judge(evidence(again), EXPECTED).grade is Grade.ATTESTED


def test_an_expectation_without_environment_takes_any():
    expected = replace(EXPECTED, publisher=replace(PUBLISHER, environment=None))
    assert judge(evidence(), expected).grade is Grade.ATTESTED


def test_the_owners_case_does_not_matter_and_the_environments_neither():
    expected = replace(EXPECTED, publisher=Publisher("SHAP", "shap", "release.yml", "PyPI"))
    assert judge(evidence(), expected).grade is Grade.ATTESTED


def test_an_older_certificate_without_environment_rests_on_what_the_index_states_and_says_so():
    older = claims(environment=None)
    judgement = judge(evidence(older, older, older), EXPECTED)
    assert judgement.grade is Grade.ATTESTED
    assert identifiers(judgement, "unknown") == {"environment-unsigned"}


def test_without_a_change_to_compare_with_nothing_is_too_old():
    assert judge(evidence(), replace(EXPECTED, after=None)).grade is Grade.ATTESTED


def test_stated_and_unverified_is_declared():
    judgement = judge(evidence(Found((UNVERIFIABLE,))), EXPECTED)
    assert (judgement.grade, judgement.verdict) == (Grade.DECLARED, Verdict.PROVEN)
    assert any(reason.raises for reason in judgement.reasons if reason.identifier == "declared-only")


def test_no_provenance_and_a_run_that_agrees_in_everything_is_inferred():
    judgement = judge(without_provenance(), EXPECTED)
    assert (judgement.grade, judgement.verdict) == (Grade.INFERRED, Verdict.PROVEN)
    assert identifiers(judgement, "for") >= {"run-succeeded", "workflow-without-token", "uploaded-in-step"}
    assert judgement.run_url == RUN_URL


def test_an_empty_provenance_is_none():
    nothing = Found(())
    assert judge(without_provenance(), EXPECTED).grade is Grade.INFERRED
    files = tuple(file(name, has_provenance=False) for name in NAMES)
    assert judge(evidence(nothing, nothing, nothing, files=files), EXPECTED).grade is Grade.INFERRED


def other_time(which, moment):
    files = [file(name) for name in NAMES]
    files[which] = replace(files[which], uploaded_at=moment)
    return tuple(files)


STATED_OTHER = replace(FACT, stated=Publisher("evil", "shap", "release.yml", "pypi"))
DAY = timedelta(days=1)
TOKEN_TITLE = "Upgrade to Trusted Publishing"

CONTRADICTIONS = {
    "wrong-index": evidence(release=replace(evidence().release, index=Index.TESTPYPI)),
    "wrong-project": evidence(release=replace(evidence().release, project="slap")),
    "wrong-version": evidence(release=replace(evidence().release, version="0.46.0")),
    "no-files": evidence(release=replace(evidence().release, files=()), files=()),
    "uploaded-before-change": evidence(files=other_time(1, CHANGED - DAY)),
    "mixed-files": evidence(ABSENT, files=(file(NAMES[0], has_provenance=False), file(NAMES[1]))),
    "two-publishers": evidence(Found((STATED_OTHER,))),
    "stated-differs": evidence(Found((STATED_OTHER,))),
    "two-runs": evidence(claims(run_uri="https://github.com/shap/shap/actions/runs/1/attempts/1")),
    "attestation-refused": evidence(Found((REFUSED,))),
    "publisher-differs": evidence(Found((replace(UNVERIFIABLE, stated=Publisher("evil", "shap", "release.yml")),))),
    "issuer-differs": evidence(claims(issuer="https://gitlab.com")),
    "repository-differs": evidence(claims(repository_uri="https://github.com/evil/shap")),
    "repository-id-differs": evidence(claims(repository_id="1")),
    "owner-id-differs": evidence(claims(owner_id="1")),
    "environment-differs": evidence(claims(environment="testpypi")),
    "workflow-differs": evidence(claims(build_config_uri=CLAIMS.build_config_uri.replace("release.yml", "x.yml"))),
    "reference-differs": evidence(claims(source_ref="refs/heads/main", source_digest="0" * 40)),
    "run-elsewhere": evidence(claims(run_uri="https://github.com/evil/shap/actions/runs/1/attempts/1")),
    "signed-after-upload": evidence(Found((replace(FACT, signed_at=UPLOADED + DAY),)), seen_at=SEEN + DAY),
    "signed-before-change": evidence(Found((replace(FACT, signed_at=CHANGED - DAY),))),
    "run-of-another-repository": evidence(found=Found(run(url="https://github.com/evil/shap/actions/runs/1"))),
    "run-of-another-workflow": evidence(found=Found(run(path=".github/workflows/other.yml"))),
    "run-before-change": evidence(found=Found(run(created_at=CHANGED - DAY))),
    "run-differs": evidence(found=Found(run(id=1))),
    "commit-differs": evidence(found=Found(run(head_sha="0" * 40))),
    "token-annotation": evidence(found=Found(run(jobs=(job("publish", 60, 300, TOKEN_TITLE),)))),
}
WITHOUT_PROVENANCE = {
    "no-run": without_provenance(found=Missing("a run")),
    "run-failed": without_provenance(found=Found(run(conclusion="failure"))),
    "workflow-uses-token": without_provenance(found=Found(run(uses_token=True))),
    "uploaded-outside-run": without_provenance(found=Found(run(jobs=(job(steps=(step(start=0, end=60),)),)))),
    "run-before-change": without_provenance(found=Found(run(created_at=CHANGED - DAY))),
    "token-annotation": without_provenance(found=Found(run(jobs=(job("publish", 60, 300, TOKEN_TITLE),)))),
}


@pytest.mark.parametrize("identifier", CONTRADICTIONS)
def test_a_contradiction_leaves_no_grade_to_an_attested_release(identifier):
    judgement = judge(CONTRADICTIONS[identifier], EXPECTED)
    assert (judgement.grade, judgement.verdict) == (Grade.NONE, Verdict.NOT_PROVEN)
    assert identifier in identifiers(judgement, "against")


@pytest.mark.parametrize("identifier", WITHOUT_PROVENANCE)
def test_a_contradiction_leaves_no_grade_to_an_inferred_release(identifier):
    judgement = judge(WITHOUT_PROVENANCE[identifier], EXPECTED)
    assert (judgement.grade, judgement.verdict) == (Grade.NONE, Verdict.NOT_PROVEN)
    assert identifier in identifiers(judgement, "against")


@pytest.mark.parametrize(
    "title", ["Upgrade to Trusted Publishing", "Create a Trusted Publisher", "attestations input ignored"]
)
def test_each_warning_that_only_a_token_leaves_contradicts(title):
    found = Found(run(jobs=(job("publish", 60, 300, title.upper()),)))
    assert "token-annotation" in identifiers(judge(evidence(found=found), EXPECTED), "against")


def test_the_note_of_a_trusted_upload_contradicts_nothing():
    found = Found(run(jobs=(job("publish", 60, 300, "Generating and uploading digital attestations"),)))
    assert judge(evidence(found=found), EXPECTED).grade is Grade.ATTESTED


def test_a_token_warning_of_a_job_that_cannot_have_uploaded_this_release_is_another_matter():
    other = job("testpypi", 0, 60, TOKEN_TITLE, steps=())
    found = Found(run(jobs=(other, job("publish", 120, 300))))
    assert judge(evidence(found=found), EXPECTED).grade is Grade.ATTESTED


@pytest.mark.parametrize("jobs", [(), (job("publish", 120, 300, completed_at=None),), (job("publish", 500, 600),)])
def test_a_token_warning_counts_unless_another_job_surely_uploaded(jobs):
    found = Found(run(jobs=(job("testpypi", 0, 60, TOKEN_TITLE, steps=()), *jobs)))
    assert "token-annotation" in identifiers(judge(evidence(found=found), EXPECTED), "against")


UNREAD = {
    "provenance-unreadable": evidence(UNREADABLE),
    "index-disagrees": evidence(ABSENT, files=(file(), file(NAMES[1]))),
    "file-not-examined": evidence(files=(file(),)).__class__(
        evidence().release, evidence().files[:2], Found(run()), SEEN
    ),
    "file-not-of-release": replace(
        evidence(), files=(*evidence().files, FileEvidence(file("shap-9.tar.gz"), Found((FACT,))))
    ),
    "uploaded-in-future": evidence(seen_at=UPLOADED - timedelta(minutes=6)),
    "attestation-unverified": evidence(Found((replace(REFUSED, refused=None),))),
    "environment-unknown": evidence(
        *[
            Found(
                (replace(FACT, stated=replace(PUBLISHER, environment=None), claims=replace(CLAIMS, environment=None)),)
            )
        ]
        * 3
    ),
    "run-unreadable": without_provenance(found=Unreadable("the run", "403", "actions=read")),
    "run-not-ended": without_provenance(found=Found(run(status="in_progress", conclusion=None))),
    "workflow-unclear": without_provenance(found=Found(run(uses_token=None))),
    "steps-without-times": without_provenance(found=Found(run(jobs=(job(steps=()),)))),
}


@pytest.mark.parametrize("identifier", UNREAD)
def test_what_could_not_be_read_gives_no_grade_and_no_answer(identifier):
    judgement = judge(UNREAD[identifier], EXPECTED)
    assert (judgement.grade, judgement.verdict) == (Grade.NONE, Verdict.CANNOT_TELL)
    assert identifier in identifiers(judgement, "unknown")


def test_a_missing_permission_is_what_would_raise_the_grade():
    judgement = judge(UNREAD["run-unreadable"], EXPECTED)
    assert any("actions=read" in reason.raises for reason in judgement.reasons)


def test_a_contradiction_beats_what_could_not_be_read():
    judgement = judge(evidence(UNREADABLE, Found((REFUSED,))), EXPECTED)
    assert judgement.verdict is Verdict.NOT_PROVEN


def test_missing_provenance_alone_is_no_contradiction():
    judgement = judge(without_provenance(), EXPECTED)
    assert "no-provenance" in identifiers(judgement, "unknown")
    assert not identifiers(judgement, "against")


def test_an_upload_in_the_second_of_the_change_is_after_it():
    moment = CHANGED + timedelta(milliseconds=900)
    expected = replace(EXPECTED, after=moment)
    files = tuple(file(name, uploaded_at=CHANGED) for name in NAMES)
    signed = Found((replace(FACT, signed_at=CHANGED),))
    made = evidence(signed, signed, signed, files=files, found=Missing("the run"))
    assert judge(made, expected).grade is Grade.ATTESTED


def test_the_digest_names_the_facts_and_not_the_moment_of_looking():
    first = judge(evidence(), EXPECTED).evidence_digest
    assert first == judge(evidence(seen_at=SEEN + DAY), EXPECTED).evidence_digest
    assert first != judge(evidence(claims(trigger="push")), EXPECTED).evidence_digest
    assert len(first) == 64


def test_reasons_come_with_those_against_first():
    sides = [reason.side for reason in judge(CONTRADICTIONS["mixed-files"], EXPECTED).reasons]
    assert sides == sorted(sides, key=["against", "unknown", "for"].index)


def test_a_rehearsals_run_may_have_another_host():
    found = Found(run(url=RUN_URL.replace("github.com", "github.rehearsal")))
    assert judge(evidence(found=found), EXPECTED).grade is Grade.ATTESTED
    assert STARTED > CHANGED


def test_an_expectation_that_names_nobody_is_met_by_nobody():
    nobody = replace(EXPECTED, publisher=Publisher("", "", ""))
    assert judge(evidence(), nobody).grade is Grade.NONE
