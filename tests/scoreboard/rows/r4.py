"""R4: every request of keyless and every fault, once, twice and for ever; a spread of them over all stages."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from keyless.vault import kdf
from tests.faults.test_requests import everything, suffer
from tests.scoreboard.cheap import remembered

FEWEST = 900


def cases() -> Iterator[str | None]:
    kdf.derive = remembered(kdf.derive)  # type: ignore[assignment]
    every = everything()
    step = max(1, len(every) // FEWEST)
    while step % 3 == 0 or step % 5 == 0 or step % 2 == 0:  # kinds and times come round in sixties: meet all of them
        step -= 1
    with tempfile.TemporaryDirectory() as name:
        for number, case in enumerate(every[:: max(1, step)]):
            folder = Path(name) / str(number)
            yield judged(folder, case)
            shutil.rmtree(folder, ignore_errors=True)


def judged(folder: Path, case: tuple) -> str | None:
    try:
        suffer(folder, *case)
    except Exception as error:  # noqa: BLE001  # whatever escapes is a violation
        return f"{case}: {type(error).__name__}: {str(error)[:400]}"
    return None
