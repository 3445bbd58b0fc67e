"""What others take for the same verifications: pypi-attestations' library and command, and trustcheck's library.

Their trust root is fixed to Sigstore's own, so each needs a way to the bench's. The libraries get it in the place of
`Verifier.production`. The command gets it through the hole that keyless leaves shut (docs/proof.md): with `--offline` it
believes whatever lies in the user's cache folder. It takes one local file and its provenance for each process.

trustcheck is not installed with keyless: its licence allows personal use only, and it wants an older cryptography. Its
library is measured where it can be imported (`pip install --no-deps --target DIR trustcheck`, then `PYTHONPATH=DIR`). Its
command cannot be pointed at a simulation: it asks pypi.org alone, and downloads each file.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

COMMANDS: Final = 5
"""Processes of the command that are measured; each takes a second, and each does the same."""

_CACHE: Final = Path("sigstore-python") / "tuf" / "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"


@dataclass(frozen=True, slots=True)
class Signed:
    """One file to verify: its bytes, and its provenance as an index gives it."""

    name: str
    content: bytes
    provenance: bytes

    @property
    def sha256(self) -> str:
        """Hex, lower case."""
        return hashlib.sha256(self.content).hexdigest()


def libraries() -> tuple[str, ...]:
    """Return the libraries that are there, pypi-attestations' first."""
    modules = ("pypi_attestations", "trustcheck.attestations")
    return tuple(name for name in modules if importlib.util.find_spec(name.partition(".")[0]))


def by_library(module: str, root: Path, files: Sequence[Signed]) -> float:
    """Return the seconds of CPU that a library's `Attestation.verify` takes for all the files."""
    library = importlib.import_module(module)
    with _production_is(root):
        start = time.process_time()
        for file in files:
            (bundle,) = library.Provenance.model_validate_json(file.provenance).attestation_bundles
            distribution = library.Distribution(name=file.name, digest=file.sha256)
            bundle.attestations[0].verify(bundle.publisher, distribution, offline=True)
        return time.process_time() - start


@contextmanager
def _production_is(root: Path) -> Iterator[None]:
    from sigstore.models import TrustedRoot
    from sigstore.verify import Verifier

    verifier, kept = Verifier(trusted_root=TrustedRoot.from_file(str(root))), Verifier.production
    Verifier.production = classmethod(lambda _cls, *_a, **_k: verifier)  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        Verifier.production = kept  # type: ignore[method-assign]


def by_command(root: Path, repository: str, files: Sequence[Signed], folder: Path) -> float:
    """Return the seconds of CPU that `pypi-attestations verify pypi` takes for one file, from some of the files."""
    place = folder / "cache" / _CACHE
    place.mkdir(parents=True)
    (place / "trusted_root.json").write_bytes(root.read_bytes())
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "XDG_DATA_HOME": str(folder / "data")}
    program = str(Path(sys.executable).parent / "pypi-attestations")

    def verify(file: Signed) -> None:
        (folder / file.name).write_bytes(file.content)
        (folder / "provenance.json").write_bytes(file.provenance)
        words = ["verify", "pypi", "--offline", "--repository", f"https://github.com/{repository}"]
        words += ["--provenance-file", str(folder / "provenance.json"), str(folder / file.name)]
        subprocess.run([program, *words], env=environment, check=True, capture_output=True)

    return min(of_children(lambda file=file: verify(file)) for file in files[:COMMANDS])  # type: ignore[misc]


def of_children(job: Callable[[], None]) -> float:
    """Return the seconds of CPU of the processes that `job` starts and waits for."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    job()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
