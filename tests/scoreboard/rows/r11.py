"""R11: a file that asks for too cheap or too dear a key derivation is refused before any memory is taken."""

from __future__ import annotations

import json
import resource
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nacl.pwhash import argon2id

from keyless.model.realm import Realm
from keyless.vault import Reason, Refusal, Vault
from keyless.vault.envelope import MAGIC
from keyless.vault.kdf import CAP, FLOOR
from tests.vault.conftest import KEY, LEASE, NOW, UNLOCK, contents

MEMORY = (0, -1, 1, 8, FLOOR.memory // 2, FLOOR.memory - 1, CAP.memory + 1, CAP.memory * 2, 1 << 31, 1 << 32, 1 << 62)
PASSES = (0, -1, 1, CAP.passes + 1, 100, 1 << 31, 1 << 62)
BOTH = ((0, 0), (1, 1), (FLOOR.memory - 1, CAP.passes), (CAP.memory + 1, FLOOR.passes), (1 << 40, 1 << 40))
HEADROOM = 8 * 1024
"""KiB by which the process may grow: far less than the floor."""


def cases() -> Iterator[str | None]:
    tries = [(memory, FLOOR.passes) for memory in MEMORY] + [(FLOOR.memory, passes) for passes in PASSES] + list(BOTH)
    with tempfile.TemporaryDirectory() as folder:
        vault = Vault(Path(folder) / "v", Realm.REHEARSAL)
        path = vault.path(vault.seal(contents(), LEASE, [KEY]).id)
        whole, derive = path.read_bytes(), argon2id.kdf
        _, head, body, _ = whole.split(b"\n")
        for memory, passes in tries:
            header = json.loads(head)
            header["slots"] = [{**header["slots"][0], "memory": memory, "passes": passes}, *header["slots"]]
            line = json.dumps(header, sort_keys=True, separators=(",", ":")).encode()
            path.write_bytes(MAGIC + line + b"\n" + body + b"\n")
            yield refused(vault, path, f"{memory} KiB, {passes} passes")
        argon2id.kdf = derive  # type: ignore[assignment]
        path.write_bytes(whole)
        yield None if vault.open(path, UNLOCK, now=NOW)[1] == contents() else "the good one does not open any more"


def refused(vault: Vault, path: Path, what: str) -> str | None:
    """Refused for its cost, with no key derived and no memory taken, though a good slot stands beside the bad one."""
    derived: list[object] = []
    argon2id.kdf = lambda *given, **more: derived.append(given) or bytes(32)  # type: ignore[assignment]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        vault.open(path, UNLOCK, now=NOW)
    except Refusal as refusal:
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        if refusal.reason is not Reason.COST or derived or grown > HEADROOM:
            return f"{what}: {refusal.reason}, {len(derived)} keys derived, {grown} KiB taken"
        return None
    return f"{what}: it opened"
