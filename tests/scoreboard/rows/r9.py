"""R9: frozen backups, each with what must become of it, judged by keyless and by a reader written from the document."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.vault.test_vectors import VECTORS, by_keyless, by_the_second_reader

FAILING = 55


def cases() -> Iterator[str | None]:
    failing = sum(vector["expect"] != "opens" for vector in VECTORS)
    yield None if failing >= FAILING else f"only {failing} of the vectors must be refused"
    with tempfile.TemporaryDirectory() as folder:
        for vector in VECTORS:
            yield judged(vector, Path(folder))


def judged(vector: dict, folder: Path) -> str | None:
    found = by_keyless(vector, folder), by_the_second_reader(vector)
    wanted = vector["expect"], "opens" if vector["expect"] == "opens" else "refused"
    return None if found == wanted else f"{vector['name']}: {found} instead of {wanted}"
