"""Every command of a journey as it is typed, against services in another process: what it says, and its exit code."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keyless.services.system import SystemClock
from tests.cli.served import Town
from tests.e2e.served import MIGRATE, token_flags
from tests.staging import on_the_way

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
DAY = 86_400
OPEN = ("--passphrase-from=env:KEYLESS_PASSPHRASE", "--yes")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Callable[..., Town]]:
    """Serve a world, or go on with a copy of one; whatever was started is stopped at the end."""
    running: list[Town] = []

    def start(world: str = "shap-like", copy_of: Path | None = None) -> Town:
        folder = tmp_path / f"town-{len(running)}"
        if copy_of is not None:
            shutil.copytree(copy_of, folder)
        running.append(Town(folder, world).start())
        return running[-1]

    yield start
    for served in running:
        served.stop()


@pytest.fixture
def migrated() -> Path:
    """The folder of a rehearsal whose migration is done; to be copied."""
    return on_the_way("shap-like", "migrated")


def secrets_of(served: Town, *options: str) -> set[str]:
    ran = served.run("scan", served.repository, *options)
    assert ran.code == 0, ran.raw
    return {one["entry"]["name"] for e in ran.events if e["event"] == "result" for one in e["data"]["found"]}


BOTH = {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}


def test_before_anything_was_begun(town: Callable[..., Town]) -> None:
    """A plan, a look round, an empty list: nothing is touched by any of them."""
    served = town()
    assert served.say("scan", "nadia", "--strict").code == 0  # she has no repository
    assert "No migration was begun" in served.say("status").raw
    assert "0 migrations looked at: nothing has drifted." in served.say("watch").raw
    ran = served.say("migrate", served.repository, "--dry-run", *MIGRATE, *token_flags(served))
    assert (ran.code, "this was a dry run" in ran.raw) == (0, True), ran.raw
    ran = served.say("playbook", "plan", str(PLAYBOOKS / "migrate.yml"))
    assert (ran.code, "Playbook migrate.yml" in ran.raw) == (0, True), ran.raw
    assert secrets_of(served) == BOTH
    assert "No migration was begun" in served.say("status").raw


def test_a_playbook_that_has_to_wait_says_so_for_its_repository_and_ends_as_its_worst(
    town: Callable[..., Town],
) -> None:
    served = town()
    ran = served.run("playbook", "run", str(PLAYBOOKS / "migrate.yml"))
    assert ran.code == 75, ran.raw
    assert [row[:2] for row in served.rows(ran, "playbook")] == [[served.repository, "exit 75"]]
    assert secrets_of(served) == BOTH


def test_what_is_awaited_can_be_looked_for_again_and_again(town: Callable[..., Town]) -> None:
    """--wait 0 has no patience at all, and ends resumable."""
    served = town()
    ran = served.run("migrate", served.repository, *MIGRATE, *token_flags(served), "--wait=0")
    assert ran.code == 75, ran.raw
    assert ran.waits()


@pytest.mark.parametrize("glued", [True, False])
def test_a_run_that_wrote_its_playbook_goes_on_without_writing_it_again(town: Callable[..., Town], glued: bool) -> None:
    """The command that it names works; the same one again is refused before anything is touched."""
    served = town()
    saved = served.folder / "saved.yml"
    flag = [f"--save-playbook={saved}"] if glued else ["--save-playbook", str(saved)]
    told = ["migrate", served.repository, *flag, *MIGRATE, *token_flags(served)]
    ran = served.run(*told)
    assert ran.code == 75, ran.raw
    written = saved.read_bytes()
    assert served.repository.encode() in written
    assert b"pypi-" not in written
    assert served.say("playbook", "check", str(saved)).code == 0
    again = served.run(*told)
    assert (again.code, "is there already" in again.error["what"]) == (2, True)
    assert saved.read_bytes() == written
    assert again.events == []
    going_on = shlex.split(ran.error["go_on"])
    assert going_on[:4] == ["keyless", "--rehearsal", str(served.folder), "--json"]
    on = served.run(*going_on[4:])
    assert on.code == 75, on.raw
    assert [wait["what"] for wait in on.waits()] == ["Pull request #1 waits for its merge"]


def test_after_a_migration_all_is_well_and_the_way_back_is_open(town: Callable[..., Town], migrated: Path) -> None:
    served = town(copy_of=migrated)
    assert secrets_of(served) == set()
    again = served.run("migrate", served.repository, *MIGRATE, *token_flags(served))
    assert (again.code, again.events[-1]["command"]) == (0, f"keyless --rehearsal {served.folder} status"), again.raw
    assert "nothing has drifted" in served.say("watch", served.repository.upper()).raw
    assert "knows of no migration of somebody/else" in served.say("watch", "somebody/else").raw
    assert served.say("status", "--strict").code == 0
    assert served.say("verify", "shap-like").code == 0
    ran = served.say("--stats", "verify", "shap-like", "--expect", f"{served.repository}:release.yml", "--save", str(served.folder / "kept"))  # fmt: skip
    assert ran.code == 0, ran.raw
    assert "requests" in ran.raw
    assert "verifies it again, with no network" in ran.raw
    assert "wrong.yml" in served.say("verify", "shap-like", "--expect", f"{served.repository}:wrong.yml").raw

    ran = served.say("rollback", served.repository, "--dry-run", *OPEN)
    assert (ran.code, "this was a dry run" in ran.raw) == (0, True), ran.raw
    assert served.say("rollback", served.repository, "--rehearse", *OPEN).code == 0
    assert secrets_of(served) == set()
    ran = served.until_done("rollback", served.repository, *OPEN)
    assert ran.events[-1]["command"] == f"keyless --rehearsal {served.folder} migrate {served.repository}"
    assert secrets_of(served) == BOTH


def test_the_end_revokes_shreds_and_writes_the_receipt(town: Callable[..., Town], migrated: Path) -> None:
    served = town(copy_of=migrated)
    ran = served.say("finish", served.repository, "--dry-run", "--yes")
    assert (ran.code, "this was a dry run" in ran.raw) == (0, True), ran.raw
    served.until_done("finish", served.repository, "--yes")
    (receipt,) = (served.folder / "state" / "receipts").glob("*.json")
    assert "proven gone" in receipt.read_text()
    assert "finished" in served.say("status").raw


def test_a_window_that_is_over_is_a_drift_and_overdue(town: Callable[..., Town], migrated: Path) -> None:
    """Only a strict status fails; the way on is named."""
    served = town(copy_of=migrated)
    served.call("/advance", {"seconds": 40 * DAY})
    ran = served.run("watch", served.repository)
    assert ran.code == 20, ran.raw
    assert ["the window is over and the token not revoked", "yes"] in [row[1:3] for row in served.rows(ran, "drift")]
    assert served.say("status").code == 0
    ran = served.run("status", "--strict")
    assert ran.code == 20
    assert served.repository in ran.error["what"]
    assert f"finish {served.repository}" in ran.error["hint"]


def test_a_backup_alone_brings_all_back_though_the_journal_is_damaged(
    town: Callable[..., Town], migrated: Path, tmp_path: Path
) -> None:
    served = town(copy_of=migrated)
    ran = served.run("backup", "list")
    (header,) = next(event["data"]["backups"] for event in ran.events if event["event"] == "result")
    exported = tmp_path / "exported"
    assert served.say("backup", "export", header["id"], str(exported)).code == 0
    (served.folder / "state" / "journal.sqlite3").write_bytes(b"no journal at all")
    ran = served.say("rollback", "--from", str(exported), "--dry-run", *OPEN)
    assert ran.code == 0, ran.raw
    assert "It was left as it is" in ran.raw
    for needing_it in (["status"], ["scan", served.repository], ["rollback", served.repository, *OPEN]):
        assert served.say(*needing_it).code == 20
    served.until_done("rollback", "--from", str(exported), *OPEN)
    assert secrets_of(served, "--state", str(tmp_path / "elsewhere")) == BOTH
    assert (served.folder / "state" / "journal.sqlite3").read_bytes() == b"no journal at all"


@pytest.mark.parametrize(
    "arguments", [(), ("--rehearse",), ("a/b", "--from", "file"), ("--from", "file", "--rehearse")]
)
def test_a_rollback_is_of_a_repository_or_of_a_backup(
    tmp_path: Path, capsys: object, arguments: tuple[str, ...]
) -> None:
    from keyless.cli.main import run

    assert run(["--state", str(tmp_path), "rollback", *arguments]) == 2
    assert list(tmp_path.iterdir()) == []


REPAIR = ("doctor", "--repair-journal", *OPEN)


def test_a_journal_that_was_damaged_or_lost_is_told_anew_and_the_way_back_works(
    town: Callable[..., Town], migrated: Path
) -> None:
    """What becomes of each migration is a table; and once more finds nothing to do."""
    served = town(copy_of=migrated)
    journal = served.folder / "state" / "journal.sqlite3"
    journal.write_bytes(bytes(4096))
    ran = served.run(*REPAIR)
    assert ran.code == 0, ran.raw
    assert [(row[0], row[2]) for row in served.rows(ran, "rebuilt")] == [(served.repository, "window")]
    assert "moved aside" in ran.raw
    assert "declined backups" in ran.raw
    assert "nothing to repair" in served.say(*REPAIR).raw

    journal.unlink()
    dry = served.say("doctor", "--repair-journal", "--dry-run")
    assert (dry.code, "does not know these backups" in dry.raw, journal.exists()) == (0, True, False), dry.raw
    ran = served.run(*REPAIR)
    assert (ran.code, "moved aside" in ran.raw) == (0, False), ran.raw
    assert [(row[0], row[2]) for row in served.rows(ran, "rebuilt")] == [(served.repository, "window")]
    served.until_done("rollback", served.repository, *OPEN)
    assert secrets_of(served) == BOTH


def test_a_damaged_journal_of_which_all_is_known_is_mended_without_any_backup(town: Callable[..., Town]) -> None:
    """Nothing was ever begun: an empty one takes its place, and no table is shown."""
    served = town()
    state = served.folder / "state"
    state.mkdir(mode=0o700, exist_ok=True)
    (state / "journal.sqlite3").write_bytes(b"nonsense")
    ran = served.run(*REPAIR)
    assert (ran.code, [e for e in ran.events if e["event"] == "table"]) == (0, []), ran.raw
    assert "No migration was begun" in served.say("status").raw


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """A town that is only looked at."""
    served = Town(tmp_path_factory.mktemp("standing") / "town", "shap-like").start()
    yield served
    served.stop()


def test_doctor_looks_at_the_services_and_at_a_repository(standing: Town) -> None:
    ran = standing.run("doctor", standing.repository)
    assert ran.code == 0, ran.raw
    assert {row[0] for row in standing.rows(ran, "doctor")} <= {"good", "unknown"}
    assert len(standing.rows(ran, "doctor")) > len(standing.rows(standing.run("doctor"), "doctor"))


def test_doctor_is_exit_4_when_something_is_lacking(standing: Town) -> None:
    ran = standing.run("doctor", "nobody/nothing")
    assert ran.code == 4, ran.raw
    assert "lacking" in ran.error["what"]


def test_doctor_is_exit_75_when_a_service_does_not_answer(standing: Town) -> None:
    standing.call("/fault", {"kind": "500", "service": "testpypi", "path": "/simple/*", "times": -1})
    try:
        ran = standing.run("doctor")
    finally:
        standing.call("/clear-faults", {})
    assert ran.code == 75, ran.raw
    assert ran.error["what"] == "TestPyPI could not be reached."


@pytest.mark.parametrize("strict", [True, False])
def test_a_scan_of_an_owner_or_a_repository_judges_only_when_strict(standing: Town, strict: bool) -> None:
    flags = ["--strict"] if strict else []
    for target in (standing.repository.partition("/")[0], standing.repository):
        ran = standing.run("scan", target, *flags)
        assert ran.code == (20 if strict else 0), ran.raw
        assert ran.events[0]["title"] == f"scan {target}"


@pytest.mark.parametrize("wish", [["--sarif=x"], ["--github"], ["--publisher=a/b:c.yml"]])
def test_what_is_about_one_repository_is_refused_for_an_owner(standing: Town, wish: list[str]) -> None:
    assert standing.say("scan", "shap-like", *wish).code == 2


@pytest.mark.parametrize("stats", [["--stats"], []])
def test_a_probe_says_whether_the_index_knows_the_token(standing: Town, stats: list[str]) -> None:
    ran = standing.say("token", "probe", "--token-from", "env:PYPI_API_TOKEN", *stats)
    assert ran.code == 0, ran.raw
    assert ("Requests sent" in ran.raw) is bool(stats), ran.raw


def test_what_a_service_that_is_down_knows_cannot_be_told(town: Callable[..., Town], migrated: Path) -> None:
    """Neither proven nor not proven: try later."""
    served = town(copy_of=migrated)
    served.call("/fault", {"kind": "404", "service": "pypi", "path": "/integrity/*", "times": -1})
    served.call("/fault", {"kind": "403-permission", "service": "github", "times": -1})
    ran = served.run("verify", "shap-like", "--expect", f"{served.repository}:release.yml")
    assert (ran.code, ran.error["error"]) == (75, "TryLater"), ran.raw


def test_what_is_neither_folder_nor_owner_is_refused(standing: Town) -> None:
    assert "neither a folder nor" in standing.say("scan", "not a name!").raw


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["verify"], "Which project?"),
        (["verify", "shap", "--explain", "-", "--save", "x"], "exclude one another"),
        (["verify", "shap", "--trust-root", "x"], "goes with --from"),
        (["verify", "nothing-of-this-name"], "does not know it"),
        (["migrate", "a b"], "a b"),
        (["doctor", "nonsense"], "names no repository"),
    ],
)
def test_what_cannot_be_understood_is_exit_2(standing: Town, arguments: list[str], says: str) -> None:
    ran = standing.say(*arguments)
    assert (ran.code, says in ran.raw) == (2, True), ran.raw


def test_a_release_is_awaited_judged_and_shown(
    town: Callable[..., Town], migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(clock: SystemClock, seconds: float) -> None:
        assert seconds >= 0

    monkeypatch.setattr(SystemClock, "sleep", at_once)
    served = town(copy_of=migrated)
    told = ["shap-like", "--expect", f"{served.repository}:release.yml", "--days", "0.001"]
    ran = served.say("wait", *told, "--after", "2020-01-01")
    assert ran.code == 0, ran.raw
    assert "attested" in ran.raw


def test_evidence_that_was_kept_is_verified_again_with_the_services_gone(
    town: Callable[..., Town], migrated: Path
) -> None:
    served = town(copy_of=migrated)
    kept = served.folder / "kept"
    assert served.say("verify", "shap-like", "--save", str(kept)).code == 0
    served.stop()
    ran = served.say("verify", "--from", str(kept))
    assert ran.code == 0, ran.raw
    root = served.said["trust_root"]
    assert served.say("verify", "shap-like", "--from", str(kept), "--trust-root", root).code == 0
