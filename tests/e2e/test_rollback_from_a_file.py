"""rollback --from FILE: on a machine that has nothing else, or whose journal is damaged, or with PyPI down."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.served import MIGRATE, Served, token_flags
from tests.e2e.test_playbooks import secrets_of

ROLLBACK = ("--yes", "--passphrase-from=env:KEYLESS_PASSPHRASE")


@pytest.fixture(scope="session")
def migrated(proven: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a rehearsal that is migrated, with an exported backup beside it."""
    folder = tmp_path_factory.mktemp("migrated") / "rehearsal"
    shutil.copytree(proven, folder)
    served = Served(folder, "shap-like").start()
    try:
        served.until_done("migrate", served.repository, *MIGRATE, *token_flags(served))
        listed = served.run("backup", "list")
        found = next(e["data"]["backups"] for e in listed.events if e["event"] == "result")
        identifier = found[0]["id"]
        exported = served.run("backup", "export", identifier, str(folder / "way-back.keyless"))
        assert exported.code == 0, exported.raw
    finally:
        served.stop()
    return folder


def workflow(served: Served) -> str:
    scan = served.run("scan", served.repository)
    return str([e["data"]["analysis"]["publish_steps"] for e in scan.events if e["event"] == "result"])


def test_everything_comes_back_on_a_machine_that_has_nothing_but_the_file(
    serve: Callable[..., Served], migrated: Path
) -> None:
    served = serve(copy_of=migrated)
    shutil.rmtree(served.folder / "state")
    file = str(served.folder / "way-back.keyless")
    served.until_done("rollback", "--from", file, *ROLLBACK)
    assert secrets_of(served) == {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}
    assert "secrets.PYPI_API_TOKEN" in workflow(served) or "PYPI_API_TOKEN" in workflow(served)
    served.call("/release", {"repository": served.repository, "index": "pypi"})
    assert served.run("verify", "shap-like", "--expect", "shap-like/shap:release.yml").code == 10


def test_a_damaged_journal_does_not_stand_in_the_way(serve: Callable[..., Served], migrated: Path) -> None:
    served = serve(copy_of=migrated)
    journal = next((served.folder / "state").glob("journal*"))
    damaged = b"this is no database " * 200
    journal.write_bytes(damaged)
    ran = served.run("rollback", served.repository, *ROLLBACK)
    assert ran.code not in (0, 1), ran.raw
    ran = served.run("rollback", "--from", str(served.folder / "way-back.keyless"), *ROLLBACK)
    assert ran.code == 75, ran.raw  # the pull request with the old workflow waits for its merge
    assert secrets_of_github(served) == {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}
    assert journal.read_bytes() == damaged


def secrets_of_github(served: Served) -> set[str]:
    """As `secrets_of`, from a state folder of its own."""
    ran = served.run("--state", str(served.folder / "elsewhere"), "scan", served.repository)
    return {one["entry"]["name"] for e in ran.events if e["event"] == "result" for one in e["data"]["found"]}


def test_it_works_with_both_indexes_down(serve: Callable[..., Served], migrated: Path) -> None:
    served = serve(copy_of=migrated)
    for index in ("pypi", "testpypi"):
        served.call("/fault", {"kind": "503", "service": index, "times": -1})
    ran = served.run("rollback", served.repository, *ROLLBACK)
    assert ran.code == 75, ran.raw
    assert secrets_of(served) == {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}


def test_the_way_back_is_proven_on_a_scratch_secret_and_nothing_is_left(
    serve: Callable[..., Served], migrated: Path
) -> None:
    served = serve(copy_of=migrated)
    ran = served.run("rollback", served.repository, "--rehearse", "--passphrase-from=env:KEYLESS_PASSPHRASE")
    assert ran.code == 0, ran.raw
    assert secrets_of(served) == set()
    assert any("takes a secret" in event.get("text", "") for event in ran.events)


def test_a_wrong_passphrase_is_refused_and_destroys_nothing(serve: Callable[..., Served], migrated: Path) -> None:
    served = serve(copy_of=migrated)
    wrong = {**served.environment(), "KEYLESS_PASSPHRASE": "not this one"}
    ran = served.run("rollback", served.repository, *ROLLBACK, environment=wrong)
    assert ran.code == 14, ran.raw
    served.until_done("rollback", served.repository, *ROLLBACK)
    assert secrets_of(served) == {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}
