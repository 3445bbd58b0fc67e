"""A real process is killed between two instants of a step; then the plain command again has to end it well (S1 to S6)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.served import MIGRATE, Served, read, token_flags
from tests.e2e.test_playbooks import secrets_of

REMOVE = "remove:repository/PYPI_API_TOKEN"


def killed(served: Served, place: str, step: str, *arguments: str) -> None:
    """Run keyless until it is killed at `place` of `step`, acting on what it waits for."""
    trap = [sys.executable, "-m", "tests.crash.killer", place, step, "--rehearsal", str(served.folder), "--json"]
    for _ in range(12):
        done = subprocess.run(
            [*trap, *arguments],
            env=served.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode == -9:
            return
        ran = read(done.returncode, done.stdout, done.stderr)
        assert ran.code in (10, 75), ran.raw
        assert served.act(ran), ran.raw
    raise AssertionError(f"never killed at {place} of {step}")


def backups(served: Served) -> list[str]:
    return sorted(path.name for path in (served.folder / "state" / "backups").glob("*"))


@pytest.mark.parametrize(
    ("place", "step"),
    [
        ("after-effect", "backup"),
        ("after-outcome", "backup"),
        ("after-intent", REMOVE),
        ("after-effect", REMOVE),
    ],
)
def test_killed_around_backup_and_removal_the_same_command_ends_well_and_the_way_back_works(
    serve: Callable[..., Served], proven: Path, place: str, step: str
) -> None:
    served = serve(copy_of=proven)
    before = secrets_of(served)
    arguments = ("migrate", served.repository, *MIGRATE, *token_flags(served))
    killed(served, place, step, *arguments)

    gone = before - secrets_of(served)
    assert not gone or backups(served), "a secret is gone and there is no backup (S1)"

    assert served.until_done(*arguments).code == 0
    assert secrets_of(served) == set()

    served.until_done("rollback", served.repository, "--yes", "--passphrase-from=env:KEYLESS_PASSPHRASE")
    assert secrets_of(served) == before
