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

_PACKAGED: Final = ("_store", "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev", "trusted_root.json")


@dataclass(frozen=True, slots=True)
class Root:
    """A trust root and, in words, which one it is."""

    root: TrustedRoot
    name: str


def given(path: Path) -> Root:
    """Return exactly the trust root in `path`. Raises whatever sigstore raises for a file that is none."""
    from sigstore.models import TrustedRoot

    return Root(TrustedRoot.from_file(str(path)), f"the trust root in the file {path.name}")


def production(*, refresh: bool) -> Root:
    """Return Sigstore's production root: refreshed by TUF in this run, else as packaged. The name says which."""
    root = _refreshed() if refresh else None
    if root is not None:
        return Root(root, "Sigstore's production root, refreshed by TUF in this run")
    return packaged()


def packaged() -> Root:
    """Return the production root inside the installed sigstore package, which pip verified when it was installed."""
    import sigstore
    from sigstore.models import TrustedRoot

    with resources.as_file(resources.files(sigstore).joinpath(*_PACKAGED)) as path:
        root = TrustedRoot.from_file(str(path))
    return Root(root, f"Sigstore's production root as packaged in sigstore {sigstore.__version__}")


def _refreshed() -> TrustedRoot | None:
    from sigstore.models import ClientTrustConfig

    try:
        return ClientTrustConfig.production(offline=False).trusted_root
    except Exception:  # noqa: BLE001  # no network, no home, TUF's own errors: the packaged root is as good, and named
        return None
