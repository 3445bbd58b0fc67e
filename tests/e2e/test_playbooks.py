"""The three ready-made playbooks, run headless as a CI job would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.e2e.served import Served

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"


def secrets_of(served: Served) -> set[str]:
    """The names that GitHub lists, asked with the maintainer's own token."""
    ran = served.run("scan", served.repository)
    assert ran.code == 0, ran.raw
    return {one["entry"]["name"] for e in ran.events if e["event"] == "result" for one in e["data"]["found"]}


def test_migrate_rollback_migrate_again_and_finish(serve: Callable[..., Served]) -> None:
    served = serve()
    before = secrets_of(served)
    assert before == {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}

    served.until_done("playbook", "run", str(PLAYBOOKS / "migrate.yml"))
    assert secrets_of(served) == set()

    served.until_done("playbook", "run", str(PLAYBOOKS / "rollback.yml"))
    assert secrets_of(served) == before

    served.until_done("playbook", "run", str(PLAYBOOKS / "migrate.yml"))
    served.until_done("playbook", "run", str(PLAYBOOKS / "finish.yml"))
    assert secrets_of(served) == set()
    receipts = list((served.folder / "state" / "receipts").glob("*.json"))
    assert len(receipts) == 1
    assert "proven gone" in receipts[0].read_text()


def test_planning_touches_nothing(serve: Callable[..., Served]) -> None:
    served = serve()
    before = secrets_of(served)
    ran = served.run("playbook", "plan", str(PLAYBOOKS / "migrate.yml"))
    assert ran.code == 0, ran.raw
    assert secrets_of(served) == before
    assert served.run("status").events[-1]["event"] == "next"


def test_a_playbook_for_a_rehearsal_is_refused_by_the_real_services(
    tmp_path: Path, serve: Callable[..., Served]
) -> None:
    served = serve()
    text = (PLAYBOOKS / "migrate.yml").read_text().replace("services: rehearsal", "services: real")
    real = tmp_path / "real.yml"
    real.write_text(text)
    ran = served.run("playbook", "run", str(real))
    assert ran.code == 2
    assert "real" in ran.error["what"]
