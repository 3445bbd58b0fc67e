"""Why the index refused a run: read from what the run left behind, explained beside what was expected."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import pytest

from keyless.cli.main import run
from keyless.errors import UsageError
from keyless.journeys.explain import explain_refusal, text_of_run
from keyless.model.index import Index
from keyless.model.plan import ProveRelease
from keyless.model.refusal import Explanation
from keyless.rehearsal.index import publishers
from tests.proofs.test_refusal import text, wrong
from tests.staging import Scene


def refused_run(play: Scene) -> tuple[str, str]:
    """Release while the publisher is registered for another workflow; return the project and the run's address."""
    play.migrate()
    step = next(one for one in play.plan().steps if isinstance(one, ProveRelease) and one.index is Index.PYPI)
    for row in publishers.publishers(play.store, Index.PYPI, step.project):
        publishers.remove_publisher(play.store, Index.PYPI, step.project, row["id"])
    publishers.add_publisher(play.store, Index.PYPI, step.project, replace(step.publisher, workflow="other.yml"))
    since = play.store.now()
    play.release()
    newest = play.work(lambda desk: desk.github.runs(play.repository, step.workflow_path, since)).value[0]
    assert newest.conclusion == "failure"
    return step.project, f"https://github.com/{play.repository}/actions/runs/{newest.id}"


def test_a_run_that_the_simulated_index_refused_is_explained_from_its_address(scene: Callable[..., Scene]) -> None:
    """The text comes from the run's annotations, the expectation from the migration's plan."""
    play = scene()
    project, address = refused_run(play)

    async def look(desk: object) -> Explanation:
        return explain_refusal(desk, Index.PYPI, project, await text_of_run(desk, address, None), None)

    explanation = play.work(look)
    assert explanation.code == "invalid-publisher"
    assert wrong(explanation) == {}
    assert "letter by letter" in explanation.says
    assert f"workflow_filename={explanation.real.workflow}" in explanation.page

    async def told(desk: object) -> Explanation:
        registered = replace(explanation.real, workflow="other.yml")
        number = address.rpartition("/")[2]
        return explain_refusal(desk, Index.PYPI, project, await text_of_run(desk, number, registered), registered)

    assert list(wrong(play.work(told))) == ["workflow"]


@pytest.mark.parametrize("run_", ["nonsense", "12", "https://example.org/", "https://github.com/a/b/actions/runs/x"])
def test_what_names_no_run_is_refused_with_a_hint(scene: Callable[..., Scene], run_: str) -> None:
    with pytest.raises(UsageError) as refusal:
        scene().work(lambda desk: text_of_run(desk, run_, None))
    assert "--expect" in refusal.value.hint


def test_a_log_is_pasted_and_nothing_is_asked_of_anybody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: object
) -> None:
    monkeypatch.setenv("KEYLESS_HOME", str(tmp_path))
    monkeypatch.setattr("sys.stdin", io.StringIO(text()))
    assert run(["verify", "shap", "--explain", "-", "--expect", "shap/shap:release.yaml@pypi"]) == 0
    out = capsys.readouterr().out
    assert "WRONG: .yml and .yaml are different files to PyPI" in out
    assert "owner=shap&repository=shap&workflow_filename=release.yml&environment=pypi" in out
    monkeypatch.setattr("sys.stdin", io.StringIO("all went well"))
    assert run(["verify", "shap", "--explain", "-"]) == 2
