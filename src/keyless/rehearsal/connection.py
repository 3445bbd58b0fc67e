"""The client's side of a served rehearsal: read where it answers. Standard library only, for it is read at start-up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from keyless.errors import NotAllowed, UsageError
from keyless.model.realm import Addresses, IndexAddresses, Realm
from keyless.secret import Secret

FILE: Final = "rehearsal.json"
STORE_FILE: Final = "world.sqlite"
STATE: Final = "state"
FORMAT: Final = 1
_START: Final = "Start one with `keyless rehearse --serve --keep {folder}` and leave it running."


@dataclass(frozen=True, slots=True)
class Connection:
    """A served rehearsal. `world` holds its accounts, tokens and people as the world's file names them."""

    folder: Path
    addresses: Addresses
    issuer: str
    control: str
    world: Mapping[str, object]

    def github_token(self) -> Secret:
        """Return the GitHub token of the person who works with keyless in this world. Raises NotAllowed."""
        people, operator = self.world.get("people"), self.world.get("operator")
        person = people.get(operator) if isinstance(people, dict) else None
        token = person.get("github_token") if isinstance(person, dict) else None
        if not isinstance(token, str):
            raise NotAllowed(f"Nobody in the rehearsal of {self.folder} has a GitHub token.", hint="Begin a new one.")
        return Secret(token)


def require_rehearsal(folder: Path) -> None:
    """Raise UsageError when there never was a rehearsal in `folder`: state must not begin to lie just anywhere."""
    if not any((folder / name).exists() for name in (FILE, STORE_FILE, STATE)):
        raise UsageError(f"There is no rehearsal in {folder}.", hint=_START.format(folder=folder))


def load_rehearsal(folder: Path) -> Connection:
    """Return how to reach the rehearsal that is served from `folder`. Raises UsageError.

    Only addresses on this machine are accepted: whoever can write the file must not be able to send a token elsewhere.
    """
    path = folder / FILE
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"There is no served rehearsal in {folder}: {path.name} cannot be read ({error}).",
            hint=_START.format(folder=folder),
        ) from error
    try:
        return _connection(folder, written)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{path} does not describe a served rehearsal ({error}).",
            hint=f"Start it again with `keyless rehearse --serve --keep {folder}`.",
        ) from error


def _connection(folder: Path, written: dict[str, object]) -> Connection:
    if written["realm"] != Realm.REHEARSAL.value or written["format"] != FORMAT:
        raise ValueError("another realm, or another version of keyless wrote it")
    services, world = written["services"], written["world"]
    if not isinstance(services, dict) or not isinstance(world, dict):
        raise TypeError("services and world are objects")
    at = {name: _loopback(services[name]) for name in ("github", "pypi", "testpypi", "issuer", "control")}
    addresses = served_addresses(at, _path(written["ca_file"]), _path(written["trust_root"]))
    return Connection(folder, addresses, at["issuer"], at["control"], world)


def served_addresses(at: Mapping[str, str], ca_file: Path | None, trust_root: Path | None) -> Addresses:
    """Return the addresses of services that answer `at` these URLs (by name, without a final slash)."""
    return Addresses(
        realm=Realm.REHEARSAL,
        github_api=at["github"],
        github_web=at["github"],
        pypi=IndexAddresses(at["pypi"], f"{at['pypi']}/legacy/"),
        testpypi=IndexAddresses(at["testpypi"], f"{at['testpypi']}/legacy/"),
        ca_file=ca_file,
        trust_root=trust_root,
        issuer=at["issuer"],
    )


def _loopback(url: object) -> str:
    if not isinstance(url, str):
        raise TypeError("an address is text")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or parts.path or parts.username is not None:
        raise ValueError(f"{url} is no address of a service")
    if not ip_address(parts.hostname or "").is_loopback:
        raise ValueError(f"{url} is not on this machine")
    return url


def _path(written: object) -> Path | None:
    return None if written is None else Path(str(written))
