"""A release that is proven in each grade; tests change one thing of it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from keyless.model.github import Annotation, Run, RunJob, RunStep
from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.release import (
    AttestationFact,
    Claims,
    Evidence,
    Expectation,
    FileEvidence,
    Release,
    ReleaseFile,
    RunEvidence,
)

CHANGED = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
STARTED = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
UPLOADED = STARTED + timedelta(minutes=3)
SEEN = STARTED + timedelta(hours=1)
COMMIT = "baace0f6" * 5
RUN = 12169989787
RUN_URL = f"https://github.com/shap/shap/actions/runs/{RUN}"
PUBLISHER = Publisher("shap", "shap", "release.yml", "pypi")
WORKFLOW = "https://github.com/shap/shap/.github/workflows/release.yml@refs/tags/v0.47.0"
EXPECTED = Expectation(
    Index.PYPI, "shap", PUBLISHER, after=CHANGED, repository_id=70011, owner_id=70002, version="0.47.0"
)
CLAIMS = Claims(
    issuer="https://token.actions.githubusercontent.com",
    build_signer_uri=WORKFLOW,
    runner_environment="github-hosted",
    repository_uri="https://github.com/shap/shap",
    source_digest=COMMIT,
    source_ref="refs/tags/v0.47.0",
    repository_id="70011",
    owner_id="70002",
    build_config_uri=WORKFLOW,
    build_config_digest=COMMIT,
    trigger="release",
    run_uri=f"{RUN_URL}/attempts/1",
    environment="pypi",
)
FACT = AttestationFact(
    stated=PUBLISHER,
    predicate_type="https://docs.pypi.org/attestations/publish/v1",
    claims=CLAIMS,
    signed_at=UPLOADED - timedelta(seconds=20),
    refused=None,
    trust_root="a root",
)
REFUSED = replace(FACT, claims=None, signed_at=None, predicate_type=None, refused="the signature is wrong")
UNVERIFIABLE = replace(REFUSED, refused="no trust root", unverifiable=True)
NAMES = ("shap-0.47.0.tar.gz", "shap-0.47.0-cp311-cp311-linux_x86_64.whl", "shap-0.47.0-cp312-cp312-linux_x86_64.whl")
ABSENT = Missing("provenance")
UNREADABLE = Unreadable("provenance", "PyPI answers 503")


def file(name: str = NAMES[0], **changes) -> ReleaseFile:
    made = ReleaseFile(
        name, hashlib.sha256(name.encode()).hexdigest(), 1000, UPLOADED, yanked=False, has_provenance=True
    )
    return replace(made, **changes)


def step(name: str = "Publish", conclusion: str | None = "success", start: int = 120, end: int = 240) -> RunStep:
    return RunStep(1, name, conclusion, STARTED + timedelta(seconds=start), STARTED + timedelta(seconds=end))


def job(name: str = "publish", start: int = 60, end: int = 300, *titles: str, **changes) -> RunJob:
    made = RunJob(
        id=1,
        name=name,
        conclusion="success",
        started_at=STARTED + timedelta(seconds=start),
        completed_at=STARTED + timedelta(seconds=end),
        steps=(step(),),
        annotations=tuple(Annotation("warning", title, "…") for title in titles),
    )
    return replace(made, **changes)


def run(**changes) -> RunEvidence:
    parts = {name: changes.pop(name) for name in ("jobs", "uses_token") if name in changes}
    made = Run(
        id=RUN,
        attempt=1,
        path=".github/workflows/release.yml",
        event="release",
        head_branch="v0.47.0",
        head_sha=COMMIT,
        status="completed",
        conclusion="success",
        created_at=STARTED,
        updated_at=STARTED + timedelta(minutes=6),
        url=RUN_URL,
    )
    return RunEvidence(replace(made, **changes), parts.get("jobs", (job(),)), parts.get("uses_token", False))


def evidence(*readings, found=None, files=None, **changes) -> Evidence:
    """Three files, each with a true attestation, and the run that made them; `readings` are the files' in turn."""
    files = files or tuple(file(name) for name in NAMES)
    each = [*readings, *[Found((FACT,))] * (len(files) - len(readings))]
    made = Evidence(
        Release(Index.PYPI, "shap", "0.47.0", files),
        tuple(FileEvidence(one, reading) for one, reading in zip(files, each, strict=True)),
        Found(run()) if found is None else found,
        SEEN,
    )
    return replace(made, **changes)


def without_provenance(found=None, **changes) -> Evidence:
    """The same release by the same run, with attestations switched off."""
    files = tuple(file(name, has_provenance=False) for name in NAMES)
    return evidence(*[ABSENT] * len(files), files=files, found=found, **changes)


def claims(**changes) -> Found:
    """A reading with one attestation whose certificate says something else."""
    return Found((replace(FACT, claims=replace(CLAIMS, **changes)),))
