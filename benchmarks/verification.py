"""A release of sixty files judged: requests, seconds, bytes and memory, beside what others take for the same bundles."""

from __future__ import annotations

import asyncio
import hashlib
import json
import resource
import subprocess
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

from benchmarks import beside
from benchmarks.beside import Signed
from benchmarks.table import Measured
from keyless import proofs
from keyless.journeys import keeping
from keyless.journeys.verify import Verified
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

    def signed(self, release: Release) -> tuple[Signed, ...]:
        """Return the release's files as others want them; the bytes of each are its name."""
        files = (file.filename for file in release.files)
        return tuple(Signed(n, n.encode(), self.index.pages[f"/integrity/name/1.0/{n}/provenance"]) for n in files)

    def verifier(self) -> SigstoreVerifier:
        """Return a verifier that knows the root."""
        return SigstoreVerifier(self.root, Index.PYPI, lambda: datetime.now(UTC) + timedelta(minutes=1))


def verification() -> list[Measured]:
    """Measure everything that is promised about `verify`."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench.make(Path(folder))
        rows = [*asyncio.run(_requests(bench)), *asyncio.run(_cpu(bench)), _memory()]
        return [*rows, *_commands(bench, asyncio.run(_release(bench)), Path(folder))]


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


async def _release(bench: Bench) -> Release:
    async with bench.service() as service:
        return await _again(service)


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
        signed, libraries = bench.signed(release), beside.libraries()
        ours, theirs = [], {module: list[float]() for module in libraries}
        for _ in range(ROUNDS):  # in turns; whatever else runs on the machine can only slow one down
            start = time.process_time()
            verified(verifier, files)
            ours.append(time.process_time() - start)
            for module in libraries:
                theirs[module].append(beside.by_library(module, bench.root, signed))
        start = time.perf_counter()
        await gather_files(service, verifier, release)
        whole = time.perf_counter() - start
    return [
        Measured("60 verifications after the import, CPU", min(ours) * 1000, "ms", 600),
        Measured("60 files looked at again and verified", whole * 1000, "ms"),
        *_beside(min(ours), {module: min(each) for module, each in theirs.items()}),
    ]


def _beside(ours: float, theirs: dict[str, float]) -> list[Measured]:
    rows = []
    for module, seconds in theirs.items():
        name = module.partition(".")[0].replace("_", "-")
        bar = 1.5 if name == "pypi-attestations" else None
        rows.append(Measured(f"the same 60 by the library of {name}, CPU", seconds * 1000, "ms"))
        rows.append(Measured(f"keyless beside the library of {name}", ours / seconds, "times", bar))
    return rows


def _commands(bench: Bench, release: Release, folder: Path) -> list[Measured]:
    """Whole processes: `keyless verify --from` for sixty files, beside a process for each file."""
    place, root = folder / "kept", ["--trust-root", str(bench.root)]
    asyncio.run(_keep(bench, place))
    command = [sys.executable, "-m", "keyless", "verify", "--from", str(place), *root]

    def again() -> None:
        subprocess.run(command, check=True, capture_output=True)

    ours = min(beside.of_children(again) for _ in range(3))
    each = beside.by_command(bench.root, "owner/name", bench.signed(release), folder)
    return [
        Measured("60 files by `keyless verify --from`, a process, CPU", ours * 1000, "ms"),
        Measured("one file by `pypi-attestations verify pypi`, a process, CPU", each * 1000, "ms"),
        Measured("sixty of these beside keyless", each * FILES / ours, "times"),
    ]


async def _keep(bench: Bench, place: Path) -> None:
    async with bench.service() as service:
        release = await _again(service)
        provenance = await read_provenance(service, release)
    verifier, now = bench.verifier(), datetime.now(UTC)
    files = verified(verifier, provenance)
    seen = Evidence(release, files, Unreadable("the run", "not asked"), now)
    expected = Expectation(Index.PYPI, "name", PUBLISHER)
    found = Verified(proofs.judge(seen, expected), seen, expected, provenance)
    keeping.save(place, found, verifier, Realm.REHEARSAL, now)


def _require_attested(release: Release, files: tuple[FileEvidence, ...]) -> None:
    """Raise unless what was measured is a true verification."""
    seen = Evidence(release, files, Unreadable("the run", "not asked"), datetime.now(UTC) + timedelta(minutes=1))
    judgement = proofs.judge(seen, Expectation(Index.PYPI, "name", PUBLISHER))
    if judgement.grade is not Grade.ATTESTED:
        raise RuntimeError(f"the bench is not what it should be: {judgement.reasons[0].message}")


def _memory() -> Measured:
    """Return the most memory that this process ever had, the stand-in's signing included."""
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Measured("memory, all of the above", used / 1024 if sys.platform != "darwin" else used / 1024**2, "MB", 150)


if __name__ == "__main__":
    from benchmarks.table import show

    show(verification())
