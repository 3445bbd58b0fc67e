"""A true release with everything around it, through the real path: provenance, verifier, judgement, gate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from keyless.model.github import Annotation, Run, RunJob, RunStep
from keyless.model.index import Index
from keyless.model.proof import Grade, Judgement
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.release import Evidence, Expectation, FileEvidence, Release, ReleaseFile, RunEvidence
from keyless.proofs import gate, judge
from keyless.rehearsal.sigstore import claims as minted_claims
from keyless.rehearsal.sigstore import standin
from keyless.services.sigstore import SigstoreVerifier
from tests.services.sigstore.conftest import JOB, PUBLISHER, Bench

SDIST, WHEEL = "shap-0.47.0.tar.gz", "shap-0.47.0-cp311-cp311-linux_x86_64.whl"
RUN_URL = f"https://github.com/shap/shap/actions/runs/{JOB.run_id}"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def sha256(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


@dataclass
class Scenario:
    """What the index, GitHub and the operator say about one release. A case changes one thing of it."""

    bench: Bench
    now: datetime
    documents: dict[str, Any]
    files: dict[str, ReleaseFile]
    listed: dict[str, ReleaseFile]
    """The files that the release has; `files` are those that somebody looked at."""
    expected: Expectation
    run: Reading[RunEvidence]
    bar: Grade = Grade.ATTESTED
    needed: list[tuple[Index, str]] = field(default_factory=lambda: [(Index.PYPI, "shap")])
    release: dict[str, Any] = field(default_factory=dict)
    root: str = "trusted_root.json"

    def evidence(self) -> Evidence:
        verifier = SigstoreVerifier(self.bench.folder / self.root, Index.PYPI, lambda: self.now)
        read = tuple(FileEvidence(file, self._read(verifier, name)) for name, file in self.files.items())
        release = replace(Release(Index.PYPI, "shap", "0.47.0", tuple(self.listed.values())), **self.release)
        return Evidence(release, read, self.run, self.now)

    def _read(self, verifier: SigstoreVerifier, name: str) -> Any:
        document = self.documents[name]
        if isinstance(document, (Missing, Unreadable)):
            return document
        text = document if isinstance(document, bytes) else json.dumps(document).encode()
        return Found(verifier.attestations(text, self.files[name]))

    def judged(self) -> Judgement:
        return judge(self.evidence(), self.expected)

    def lacking(self, judgement: Judgement) -> tuple[str, ...]:
        return gate([judgement], self.needed, self.bar)

    # What cases change.

    def attest(self, *names: str, publisher: Publisher = PUBLISHER, **job: Any) -> None:
        """Let these files (none: all) be attested by another run, and the index state `publisher`."""
        for name in names or tuple(self.documents):
            signed = self.bench.attest(job.get("filename", name), job.get("digest", sha256(name)), **_job(job))
            self.documents[name] = self.bench.provenance(signed, publisher=publisher)

    def change_files(self, *names: str, **changes: Any) -> None:
        """Let the index say something else of these files (none: all)."""
        for name in names or tuple(self.files):
            self.files[name] = replace(self.files[name], **changes)
            self.listed[name] = self.files[name]

    def expect(self, **changes: Any) -> None:
        self.expected = replace(self.expected, **changes)

    def change_run(self, **changes: Any) -> None:
        parts = {name: changes.pop(name) for name in ("jobs", "uses_token") if name in changes}
        self.run = Found(replace(self.run.value, run=replace(self.run.value.run, **changes), **parts))

    def without_provenance(self) -> None:
        """Let the release be made with attestations switched off, which at most an inference survives."""
        self.bar = Grade.INFERRED
        self.documents = {name: Missing("provenance") for name in self.files}
        self.change_files(has_provenance=False)

    def warned(self, title: str) -> None:
        job = self.run.value.jobs[0]
        self.change_run(jobs=(replace(job, annotations=(Annotation("warning", title, "…"),)),))


def _job(job: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in job.items() if name not in ("filename", "digest")}


def true_release(bench: Bench) -> Scenario:
    """Two files, each with a true attestation of the expected publisher, uploaded a moment ago."""
    now = bench.store.now()
    files = {
        name: ReleaseFile(name, sha256(name), 1000, now, yanked=False, has_provenance=True) for name in (SDIST, WHEEL)
    }
    after = now - DAY
    expected = Expectation(Index.PYPI, "shap", PUBLISHER, after, repository_id=70011, owner_id=70002, version="0.47.0")
    made = Scenario(bench, now + HOUR, {}, dict(files), dict(files), expected, _run(now))
    made.documents = dict.fromkeys(files)
    made.attest()
    return made


def _run(now: datetime) -> Found[RunEvidence]:
    start, end = now - timedelta(minutes=5), now + timedelta(minutes=1)
    step = RunStep(1, "Publish", "success", start + timedelta(minutes=1), end)
    job = RunJob(1, "publish", "success", start, end, (step,), ())
    run = Run(
        id=JOB.run_id,
        attempt=1,
        path=".github/workflows/release.yml",
        event="release",
        head_branch="v0.47.0",
        head_sha=JOB.sha,
        status="completed",
        conclusion="success",
        created_at=start,
        updated_at=end,
        url=RUN_URL,
    )
    return Found(RunEvidence(run, (job,), uses_token=False))


@contextmanager
def minting(**changes: Any) -> Iterator[None]:
    """Let the stand-in sign something that no Sigstore of good faith would: names of this module's makers."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in changes.items():
            patch.setattr(minted_claims if name == "ISSUER" else standin, name, value)
        yield


@contextmanager
def ahead(bench: Bench, by: timedelta) -> Iterator[None]:
    """Let the stand-in's clock be wrong while it signs."""
    moment = bench.store.now() + by
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(bench.store), "now", lambda _: moment)
        yield
