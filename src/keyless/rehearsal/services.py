"""All simulated services over one store, put together: applications by name, addresses, and a transport in process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import httpx

from keyless.model.index import Index
from keyless.model.realm import Addresses, IndexAddresses, Realm
from keyless.rehearsal.connection import STORE_FILE
from keyless.rehearsal.control import control_app
from keyless.rehearsal.faults import Faulty
from keyless.rehearsal.folder import open_store, write_file
from keyless.rehearsal.github.app import github_app
from keyless.rehearsal.github.site import with_pages
from keyless.rehearsal.index.app import index_app
from keyless.rehearsal.issuer import Issuer, issuer_app
from keyless.rehearsal.sigstore import SigstoreStandIn, StandInChecker
from keyless.rehearsal.store import Store
from keyless.rehearsal.transport import Front, InProcess

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from keyless.rehearsal.person import Person

__all__ = ["HOSTS", "SERVICES", "STORE_FILE", "TRUST_ROOT_FILE", "Services", "addresses_in_process"]

TRUST_ROOT_FILE: Final = "trusted_root.json"
SERVICES: Final = ("github", "pypi", "testpypi", "issuer", "control")
"""The services by name, in the order of their ports when they are served."""

HOSTS: Final[Mapping[str, str]] = {
    "api.github.rehearsal": "github",
    "github.rehearsal": "github",
    "pypi.rehearsal": "pypi",
    "test.pypi.rehearsal": "testpypi",
    "token.actions.rehearsal": "issuer",
    "control.rehearsal": "control",
}
"""Every host that answers in process, and which service it is."""


class Services:
    """The services of one rehearsal. `addresses` are those in process unless others are given (a served rehearsal's).

    `requests` counts what reached each service, whether in process or served. Making it writes the trust root's file.
    """

    def __init__(self, store: Store, folder: Path, addresses: Addresses | None = None) -> None:
        self.store = store
        self.folder = folder
        self.sigstore = SigstoreStandIn(store)
        self.issuer = Issuer(store)
        self.requests: Counter[str] = Counter()
        trust_root = write_file(folder, TRUST_ROOT_FILE, self.sigstore.trust_root())
        self.addresses = addresses or addresses_in_process(trust_root)
        self.apps = {
            name: Front(app, store, name, self.requests) for name, app in self._applications(trust_root).items()
        }

    @classmethod
    def open(cls, folder: Path) -> Services:
        """Return the services of the rehearsal in `folder`, begun there if there is none. The caller closes the store."""
        return cls(open_store(folder), folder)

    def transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport that answers for the rehearsal's hosts and no others: nothing can leave the process."""
        return InProcess({host: self.apps[name] for host, name in {**HOSTS, **self._served()}.items()})

    def _operator(self) -> Person:
        from keyless.rehearsal.person import operator_of

        return operator_of(self)

    def _served(self) -> dict[str, str]:
        addresses = self.addresses
        named = {
            addresses.github_api: "github",
            addresses.github_web: "github",
            addresses.pypi.site: "pypi",
            addresses.testpypi.site: "testpypi",
            addresses.issuer: "issuer",
        }
        return {httpx.URL(url).netloc.decode(): name for url, name in named.items()}

    def _applications(self, trust_root: Path) -> dict[str, ASGIApp]:
        def index(which: Index) -> ASGIApp:
            checker = StandInChecker(trust_root, which, self.store.now)
            return Faulty(index_app(self.store, which, self.issuer, checker), self.store, which.value)

        return {
            "github": Faulty(with_pages(github_app(self.store), self.store, self._operator), self.store, "github"),
            "pypi": index(Index.PYPI),
            "testpypi": index(Index.TESTPYPI),
            "issuer": Faulty(issuer_app(self.store), self.store, "issuer"),
            "control": control_app(self),
        }


def addresses_in_process(trust_root: Path) -> Addresses:
    """Return the addresses that only the transport of `Services` answers for."""
    return Addresses(
        realm=Realm.REHEARSAL,
        github_api="https://api.github.rehearsal",
        github_web="https://github.rehearsal",
        pypi=IndexAddresses("https://pypi.rehearsal", "https://pypi.rehearsal/legacy/"),
        testpypi=IndexAddresses("https://test.pypi.rehearsal", "https://test.pypi.rehearsal/legacy/"),
        trust_root=trust_root,
        issuer="https://token.actions.rehearsal",
    )
