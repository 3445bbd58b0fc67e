"""Which trust root signatures are judged by: the given one, Sigstore's own refreshed by TUF, or the packaged copy.

sigstore's own offline mode believes whatever lies in the user's cache folder, and replacing that file makes it accept
anything (facts on sigstore). So that mode is never used: a refresh verifies what it takes from the cache, and without
one the copy inside the installed package is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sigstore.models import TrustedRoot

_PRODUCTION: Final = "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev"
_STAGING: Final = "https%3A%2F%2Ftuf-repo-cdn.sigstage.dev"


@dataclass(frozen=True, slots=True)
class Root:
    """A trust root, in words which one it is, and its text as it can be kept beside evidence."""

    root: TrustedRoot
    name: str
    content: bytes


def given(path: Path) -> Root:
    """Return exactly the trust root in `path`. Raises whatever sigstore raises for a file that is none."""
    return _from_file(path, f"the trust root in the file {path.name}")


def production(*, refresh: bool) -> Root:
    """Return Sigstore's production root: refreshed by TUF in this run, else as packaged. The name says which."""
    return (_refreshed() if refresh else None) or packaged()


def packaged() -> Root:
    """Return the production root inside the installed sigstore package, which pip verified when it was installed."""
    import sigstore

    with resources.as_file(resources.files(sigstore).joinpath("_store", _PRODUCTION, "trusted_root.json")) as path:
        return _from_file(path, f"Sigstore's production root as packaged in sigstore {sigstore.__version__}")


def staging() -> Root:
    """Return the packaged root of Sigstore's staging instance, under which nothing is ever proven.

    PyPI and TestPyPI both take attestations under the production root only (warehouse, attestations/services.py), and
    the publish action signs under it for both. So this one only explains why an attestation is refused.
    """
    import sigstore

    with resources.as_file(resources.files(sigstore).joinpath("_store", _STAGING, "trusted_root.json")) as path:
        return _from_file(path, "Sigstore's staging root")


def _from_file(path: Path, name: str) -> Root:
    from sigstore.models import TrustedRoot

    return Root(TrustedRoot.from_file(str(path)), name, path.read_bytes())


def _refreshed() -> Root | None:
    from sigstore.models import ClientTrustConfig

    try:
        root = ClientTrustConfig.production(offline=False).trusted_root
    except Exception:  # noqa: BLE001  # no network, no home, TUF's own errors: the packaged root is as good, and named
        return None
    # sigstore has no public way to write a root down; the text is kept beside evidence and never read again unasked.
    content = root._inner.to_json().encode()  # noqa: SLF001
    return Root(root, "Sigstore's production root, refreshed by TUF in this run", content)
