"""Which services a run talks to: the real ones or a rehearsal's. The two are never mixed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from keyless.model.index import Index


class Realm(Enum):
    """Stands in every journal, backup, receipt and playbook; one realm's file is refused in the other."""

    REAL = "real"
    REHEARSAL = "rehearsal"


@dataclass(frozen=True, slots=True)
class IndexAddresses:
    """Where one index lives, each without a final slash: its site, its upload endpoint, its token's location."""

    site: str
    upload: str


@dataclass(frozen=True, slots=True)
class Addresses:
    """Every host that a run may talk to. A credential is sent to exactly the one that it belongs to (S7).

    `github_api` ends without a slash. `ca_file` is the extra certificate authority of a served rehearsal; `trust_root`
    the rehearsal's Sigstore trust root (None: Sigstore's own). `issuer` is where jobs get their identity: the domain of
    its hosts in reality, one address in a rehearsal ("": nowhere).
    """

    realm: Realm
    github_api: str
    github_web: str
    pypi: IndexAddresses
    testpypi: IndexAddresses
    ca_file: Path | None = None
    trust_root: Path | None = None
    issuer: str = ""

    def index(self, index: Index) -> IndexAddresses:
        """Return where `index` lives."""
        return self.pypi if index is Index.PYPI else self.testpypi


REAL = Addresses(
    realm=Realm.REAL,
    github_api="https://api.github.com",
    github_web="https://github.com",
    pypi=IndexAddresses("https://pypi.org", "https://upload.pypi.org/legacy/"),
    testpypi=IndexAddresses("https://test.pypi.org", "https://test.pypi.org/legacy/"),
    issuer="actions.githubusercontent.com",
)
