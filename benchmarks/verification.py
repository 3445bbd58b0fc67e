"""A release of sixty files judged: requests, seconds, bytes and memory, beside pypi-attestations on the same bundles."""

from __future__ import annotations

import asyncio
import hashlib
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx

from benchmarks.table import Measured
from keyless import proofs
from keyless.model.index import Index
from keyless.model.proof import Grade
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Unreadable
from keyless.model.realm import Addresses, IndexAddresses, Realm
from keyless.model.release import Evidence, Expectation, FileEvidence, Release
from keyless.rehearsal.issuer import Job, job_claims
from keyless.rehearsal.sigstore import SigstoreStandIn, provenance
from keyless.rehearsal.store import Store
from keyless.services.indexes import IndexService
from keyless.services.sigstore import SigstoreVerifier
from keyless.services.system import SystemClock
from keyless.surveying.release import gather_files, newest, read_provenance, verified

FILES: Final = 60
DELAY: Final = 0.05
ROUNDS: Final = 7
PUBLISHER: Final = Publisher("owner", "name", "release.yml", "pypi")
JOB: Final = Job(
    repository="owner/name",
    repository_id=1,
    owner_id=2,
    workflow_path=".github/workflows/release.yml",
    workflow_name="Release",
    ref="refs/tags/v1.0",
    sha="baace0f6" * 5,
    event="push",
    actor="maintainer",
    run_id=3,
    environment="pypi",
)


@dataclass
class SlowIndex:
    """An index that takes 50 ms for each answer, and counts. It gives entity tags, as PyPI does."""

    pages: dict[str, bytes]
    asked: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    now_open: int = 0
    most_open: int = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked[request.url.path] += 1
        self.now_open += 1
        self.most_open = max(self.most_open, self.now_open)
        await asyncio.sleep(DELAY)
        self.now_open -= 1
        body = self.pages[request.url.path]
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == tag:
            return httpx.Response(304, headers={"ETag": tag})
        self.sent += len(body)
        kind = "application/vnd.pypi.simple.v1+json" if "/simple/" in request.url.path else "application/json"
        return httpx.Response(200, content=body, headers={"ETag": tag, "Content-Type": kind})


@dataclass(frozen=True, slots=True)
class Bench:
    """Sixty true attestations behind a slow index, and the root that they hold under."""

    index: SlowIndex
    root: Path

    @classmethod
    def make(cls, folder: Path) -> Bench:
        """Sign for sixty wheels."""
        store = Store()
        standin, pages, listed = SigstoreStandIn(store), {}, []
        for number in range(FILES):
            name = f"name-1.0-cp3{number}-cp3{number}-linux_x86_64.whl"
            digest = hashlib.sha256(name.encode()).hexdigest()
            url = f"/integrity/name/1.0/{name}/provenance"
            signed = standin.attest(job_claims(JOB), name, digest)
            pages[url] = json.dumps(provenance(PUBLISHER, [signed])).encode()
            stamp = store.now().astimezone(UTC).isoformat()
            listed.append(
                {"filename": name, "hashes": {"sha256": digest}, "size": 1, "upload-time": stamp, "provenance": url}
            )
        pages["/simple/name/"] = json.dumps({"name": "name", "versions": ["1.0"], "files": listed}).encode()
        root = folder / "trusted_root.json"
        root.write_bytes(standin.trust_root())
        store.close()
        return cls(SlowIndex(pages), root)

    @asynccontextmanager
    async def service(self) -> AsyncIterator[IndexService]:
        """Reach the slow index in process."""
        at = IndexAddresses("https://pypi.rehearsal", "https://pypi.rehearsal/legacy/")
        addresses = Addresses(Realm.REHEARSAL, "https://github.rehearsal", "https://github.rehearsal", at, at)
        transport = httpx.MockTransport(self.index)
        async with IndexService(Index.PYPI, addresses, SystemClock(None), transport) as service:
            yield service

    def verifier(self) -> SigstoreVerifier:
        """Return a verifier that knows the root."""
        return SigstoreVerifier(self.root, Index.PYPI, lambda: datetime.now(UTC) + timedelta(minutes=1))


def verification() -> list[Measured]:
    """Measure everything that is promised about `verify`."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench.make(Path(folder))
        return [*asyncio.run(_requests(bench)), *asyncio.run(_cpu(bench)), _memory()]


async def _requests(bench: Bench) -> list[Measured]:
    async with bench.service() as service:
        start = time.perf_counter()
        release = await newest(service, "name")
        if not isinstance(release, Found):
            raise TypeError("the bench has no release")
        await read_provenance(service, release.value)
        seconds, asked, sent = time.perf_counter() - start, bench.index.asked.total(), bench.index.sent
        most = max(bench.index.asked.values())
        await read_provenance(service, (await _again(service)))
        return [
            Measured("requests, release of 60 files", asked, "requests", FILES + 1),
            Measured("most requests for one page", most, "requests", 1),
            Measured("open at once", bench.index.most_open, "requests", 20),
            Measured("60 files at 50 ms each", seconds * 1000, "ms", 800),
            Measured("bytes of a second look beyond its 304s", bench.index.sent - sent, "bytes", 0),
        ]


async def _again(service: IndexService) -> Release:
    release = await newest(service, "name")
    if not isinstance(release, Found):
        raise TypeError("the bench has no release")
    return release.value


async def _cpu(bench: Bench) -> list[Measured]:
    verifier = bench.verifier()
    async with bench.service() as service:
        release = await _again(service)
        files = await read_provenance(service, release)
        _require_attested(release, verified(verifier, files))  # the import is paid once, here
        ours, theirs = [], []
        for _ in range(ROUNDS):  # in turns; whatever else runs on the machine can only slow one down
            start = time.process_time()
            verified(verifier, files)
            ours.append(time.process_time() - start)
            theirs.append(_by_the_library(bench, release))
        start = time.perf_counter()
        await gather_files(service, verifier, release)
        whole = time.perf_counter() - start
    return [
        Measured("60 verifications after the import, CPU", min(ours) * 1000, "ms", 600),
        Measured("60 files looked at again and verified", whole * 1000, "ms"),
        Measured("the same 60 by pypi-attestations' library, CPU", min(theirs) * 1000, "ms"),
        Measured("keyless beside it", min(ours) / min(theirs), "times", 1.5),
    ]


def _require_attested(release: Release, files: tuple[FileEvidence, ...]) -> None:
    """Raise unless what was measured is a true verification."""
    seen = Evidence(release, files, Unreadable("the run", "not asked"), datetime.now(UTC) + timedelta(minutes=1))
    judgement = proofs.judge(seen, Expectation(Index.PYPI, "name", PUBLISHER))
    if judgement.grade is not Grade.ATTESTED:
        raise RuntimeError(f"the bench is not what it should be: {judgement.reasons[0].message}")


def _by_the_library(bench: Bench, release: Release) -> float:
    """Verify with `Attestation.verify`, given the bench's root in the place of Sigstore's own."""
    from pypi_attestations import Distribution, Provenance
    from sigstore.models import TrustedRoot
    from sigstore.verify import Verifier

    root = Verifier(trusted_root=TrustedRoot.from_file(str(bench.root)))
    kept = Verifier.production
    Verifier.production = classmethod(lambda _cls, *_a, **_k: root)  # type: ignore[assignment,method-assign]
    try:
        start = time.process_time()
        for file in release.files:
            text = bench.index.pages[f"/integrity/name/1.0/{file.filename}/provenance"]
            (bundle,) = Provenance.model_validate_json(text).attestation_bundles
            distribution = Distribution(name=file.filename, digest=file.sha256)
            bundle.attestations[0].verify(bundle.publisher, distribution, offline=True)
        return time.process_time() - start
    finally:
        Verifier.production = kept  # type: ignore[method-assign]


def _memory() -> Measured:
    """Return the most memory that this process ever had, the stand-in's signing included."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Measured("memory, all of the above", used / 1024 if sys.platform != "darwin" else used / 1024**2, "MB", 150)


if __name__ == "__main__":
    from benchmarks.table import show

    show(verification())
