"""Bad input and bad days: each has its message, its exit code, and leaves everything as it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from keyless import tokens
from keyless.errors import KeylessError, Locked, NotAllowed, TryLater, UsageError
from keyless.journal import Lock
from keyless.journeys.migrate import migrate
from keyless.journeys.rollback import rollback_from
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.plan import RegisterPublisher
from keyless.rehearsal.faults import FOR_EVER, Fault, FaultKind, set_fault
from keyless.rehearsal.github import state
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.index.exchange import _issue
from keyless.secret import Secret
from tests.staging import DAY, Scene

FILE = ".github/workflows/release.yml"
BOTH = {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}
UPLOAD = """\
on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
        with:
          password: ${{ secrets.PYPI_API_TOKEN }}
"""


def refused(play: Scene, code: int, *words: str, repository: Repository | None = None) -> KeylessError:
    """The error of a migration that must leave no trace: no secret, no branch, no plan."""
    before = play.snapshot()
    error = play.error(lambda: play.migrate(repository))
    assert error.exit_code == code, error
    for word in words:
        assert word in str(error), f"{word!r} is not in: {error}"
    assert error.hint, f"what to do: {error}"
    assert play.snapshot() == before
    assert state.pull_requests(play.store, "shap-like", "shap") == []
    assert play.backups() == []
    return error


@pytest.mark.parametrize("name", ["nowhere/at-all", "shap-like/shapp"])
def test_no_such_repository(scene: Callable[..., Scene], name: str) -> None:
    refused(scene(), 4, name, "cannot see it", "spelling", repository=Repository(*name.split("/")))


def test_a_repository_that_is_not_visible_reads_like_one_that_is_not_there(scene: Callable[..., Scene]) -> None:
    play = scene()
    state.create_organisation(play.store, "closed", members={"other": "admin"})
    state.create_repository(play.store, "closed", "box", private=True, files={FILE: UPLOAD.encode()})
    refused(play, 4, "closed/box", "cannot see it", repository=Repository("closed", "box"))


def test_an_empty_repository(scene: Callable[..., Scene]) -> None:
    play = scene()
    state.create_repository(play.store, "shap-like", "empty", files={}, members={"nadia": "admin"})
    refused(play, 2, "shap-like/empty", repository=Repository("shap-like", "empty"))


def test_a_workflow_that_is_not_yaml(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.write(FILE, "on: [push\njobs: {")
    refused(play, 2, FILE)


def test_a_second_workflow_that_is_not_yaml_may_read_the_secret(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.write(".github/workflows/broken.yml", "on: [push\njobs: {")
    error = play.error(play.migrate)
    assert error.exit_code == 13
    assert "broken.yml" in error.what
    assert play.names() == BOTH


def test_no_workflow_publishes(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.write(FILE, "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: 'true'\n")
    refused(play, 2, "No workflow", "PyPI")


def test_two_workflows_publish_and_each_gets_its_publisher(scene: Callable[..., Scene]) -> None:
    """PyPI takes several publishers for a project; each workflow needs one, and both are named."""
    play = scene()
    play.write(".github/workflows/second.yml", UPLOAD)
    error = None
    try:
        play.migrate(dry_run=True)
    except KeylessError as met:
        error = met
    told = play.heard.text() if error is None else str(error)
    assert "second.yml" in told
    assert play.names() == BOTH


def test_a_project_that_pypi_does_not_know_gets_a_pending_publisher(scene: Callable[..., Scene]) -> None:
    play = scene(project="shap-lik")
    play.acts = False
    play.error(play.migrate)
    publishers = [step for step in play.plan().steps if isinstance(step, RegisterPublisher)]
    assert all(step.pending for step in publishers)
    text = play.heard.text()
    assert "shap-lik" in text
    assert "does not exist yet" in text or "no project" in text
    assert "A preflight is not offered: for a pending publisher it would create the project." in text
    assert "nothing about the publisher on PyPI" in text


# --- permissions ---


def grant(play: Scene, *, scopes: tuple[str, ...] | None = None, permissions: dict[str, str] | None = None) -> None:
    token = play.world.person("nadia").github_token
    if scopes is not None:
        state.create_token(play.store, "nadia", token, scopes=scopes)
    else:
        state.create_token(play.store, "nadia", token, permissions=permissions or {}, kind="fine-grained")


def test_no_token_at_all_is_told_with_the_page_to_get_one(scene: Callable[..., Scene]) -> None:
    play = scene()
    state.revoke_token(play.store, play.world.person("nadia").github_token)
    refused(play, 4, "does not accept this token", "/settings/tokens", "GH_TOKEN")


def test_a_token_without_scopes_names_what_it_lacks_and_where_to_change_it(scene: Callable[..., Scene]) -> None:
    play = scene()
    grant(play, scopes=())
    error = play.error(play.migrate)
    assert error.exit_code in (2, 4)
    assert error.hint


@pytest.mark.parametrize(
    ("lacks", "says"),
    [("secrets", "secrets"), ("contents", "contents"), ("pull_requests", "pull_requests"), ("workflows", "workflow")],
)
def test_a_fine_grained_token_names_the_permission_that_it_lacks(
    scene: Callable[..., Scene], lacks: str, says: str
) -> None:
    play = scene()
    full = {
        "contents": "write",
        "pull_requests": "write",
        "workflows": "write",
        "secrets": "write",
        "environments": "write",
        "actions": "read",
        "administration": "read",
        "checks": "read",
    }
    grant(play, permissions={name: level for name, level in full.items() if name != lacks})
    error = play.error(play.migrate)
    assert isinstance(error, NotAllowed), error
    assert says in str(error), error
    assert play.names() == BOTH


def test_an_organisations_secret_that_only_an_owner_can_see_is_told_as_whom_to_ask(
    scene: Callable[..., Scene],
) -> None:
    """Unseen is not absent: without this the migration would end with nothing removed, and call itself done."""
    play = scene("organisation")
    token = play.world.person("priya").github_token
    state.create_token(play.store, "priya", token, scopes=("repo", "workflow"))
    error = play.error(play.migrate)
    assert isinstance(error, NotAllowed)
    assert "PYPI_TOKEN" in error.what
    assert "an owner of the organisation northwind" in error.hint
    assert "admin:org" in error.hint
    with play.journal() as journal:
        journey = journal.newest(play.repository)
        assert journal.answers(journey.id) == {}


def test_secrets_that_may_be_read_and_not_deleted(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.heard.at["Remove PYPI_API_TOKEN"] = lambda: set_fault(
        play.store, Fault(FaultKind.NO_PERMISSION, "github", "DELETE", "*/secrets/*", times=FOR_EVER)
    )
    error = play.error(play.migrate)
    assert isinstance(error, NotAllowed)
    assert "PYPI_API_TOKEN" in error.what
    assert "/settings/tokens" in error.hint
    assert play.names() == BOTH


def test_two_people_a_refusal_says_whom_to_ask(scene: Callable[..., Scene]) -> None:
    play = scene("two-people")
    play.heard.at["Remove PYPI_TOKEN"] = lambda: set_fault(
        play.store, Fault(FaultKind.NO_PERMISSION, "github", "DELETE", "*/secrets/*", times=FOR_EVER)
    )
    error = play.error(play.migrate)
    assert error.exit_code == 4
    assert "ask an administrator" in error.hint
    (advice,) = [advice for what, _, advice in play.heard.waits if what.startswith("Register")]
    assert "Only an owner of harbour-beacon on PyPI can" in " ".join(advice)


# --- services ---


@pytest.mark.parametrize("index", list(Index))
def test_an_index_that_is_down_is_told_and_the_same_command_goes_on(scene: Callable[..., Scene], index: Index) -> None:
    play = scene()
    index_state.set_switches(play.store, index, down=True)
    error = play.error(play.migrate)
    assert error.exit_code == 75
    assert index.label in str(error)
    assert play.names() == BOTH
    index_state.set_switches(play.store, index, down=False)
    play.migrate()
    assert play.names() == set()


def test_a_rate_limit_says_until_when_and_after_it_the_same_command_goes_on(scene: Callable[..., Scene]) -> None:
    play = scene()
    state.set_rate_limit(play.store, "nadia", remaining=25, reset_in=1800)
    error = play.error(play.migrate)
    assert isinstance(error, TryLater)
    assert error.exit_code == 75
    until = datetime.fromisoformat(error.retry_at)
    assert abs(until - play.store.now() - timedelta(minutes=30)) < timedelta(minutes=2)
    assert error.retry_at in error.hint
    assert play.names() == BOTH
    play.store.advance(1860)
    play.migrate()
    assert play.names() == set()


@pytest.mark.parametrize("kind", [FaultKind.SECONDARY_LIMIT, FaultKind.SECONDARY_LIMIT_429])
def test_a_secondary_limit_is_waited_for_or_told(scene: Callable[..., Scene], kind: FaultKind) -> None:
    play = scene()
    set_fault(play.store, Fault(kind, "github", times=1, retry_after=5))
    play.migrate(dry_run=True)
    set_fault(play.store, Fault(kind, "github", times=FOR_EVER, retry_after=900))
    error = play.error(lambda: play.migrate(dry_run=True))
    assert error.exit_code == 75
    assert error.retry_at


# --- this machine ---


def test_two_at_once_the_second_is_told_who_is_first(scene: Callable[..., Scene]) -> None:
    play = scene()

    async def twice(desk: object) -> KeylessError:
        with Lock(play.state / "locks", "shap-like--shap", "keyless migrate shap-like/shap, process 123"):
            try:
                await migrate(desk, play.repository)
            except KeylessError as error:
                return error
        raise AssertionError("both ran")

    error = play.work(twice)
    assert isinstance(error, Locked)
    assert error.exit_code == 11
    assert "process 123" in error.what
    assert play.names() == BOTH


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_state_folder_that_cannot_be_written(scene: Callable[..., Scene]) -> None:
    play = scene()
    play.state.mkdir(mode=0o500)
    error = play.error(play.migrate)
    assert error.exit_code in (2, 4)
    assert str(play.state) in error.what


def test_a_backup_folder_that_is_no_folder_keeps_the_secrets(scene: Callable[..., Scene]) -> None:
    play = scene(stage="proven")
    backups = play.state / "backups"
    if backups.exists():
        backups.rmdir()
    backups.write_text("in the way")
    error = play.error(play.migrate)
    assert error.exit_code in (2, 4, 14, 75)
    assert "backups" in error.what
    assert play.names() == BOTH
    backups.unlink()
    play.migrate()
    assert play.names() == set()


# --- tokens ---


def give(play: Scene, text: Secret) -> KeylessError | None:
    """Give this as PYPI_API_TOKEN's token; the other secret's is as it should be."""
    play.tokens["env:GIVEN"] = text
    play.tokens["env:OTHER"] = play.world.token("candidate").text
    play.told["token"] = {"PYPI_API_TOKEN": "env:GIVEN", "TEST_PYPI_API_TOKEN": "env:OTHER"}
    try:
        play.migrate()
    except KeylessError as error:
        return error
    return None


def narrowed(play: Scene, days: float) -> Secret:
    now = play.store.now()
    return tokens.narrow(
        play.world.token("release").text,
        projects=["shap-like"],
        not_before=now - timedelta(days=60),
        expires_at=now + timedelta(days=days),
    )


def dead(play: Scene) -> Secret:
    text = play.world.token("release").text
    index_state.delete_token(play.store, Index.PYPI, play.world.token("release").identifier)
    return text


def of_another_project(play: Scene) -> Secret:
    index_state.create_project(play.store, Index.PYPI, "another", owners=["nadia"])
    return index_state.create_token(play.store, Index.PYPI, "nadia", "another", "x")


BAD_TOKENS: list[tuple[str, Callable[[Scene], Secret], str]] = [
    ("no token", lambda _: Secret("ghp_" + "x" * 36), "looks like a GitHub token"),
    ("cut short", lambda play: Secret(play.world.token("release").text.reveal()[:-20]), "token"),
    ("TestPyPI's", lambda play: play.world.token("candidate").text, "TestPyPI"),
    ("another project's", of_another_project, "another"),
    ("dead", dead, "deleted"),
    ("expired", lambda play: narrowed(play, -1), "expired"),
]


@pytest.mark.parametrize(("token", "says"), [row[1:] for row in BAD_TOKENS], ids=[row[0] for row in BAD_TOKENS])
def test_a_token_that_cannot_serve_has_its_own_answer_and_nothing_goes(
    scene: Callable[..., Scene], token: Callable[[Scene], Secret], says: str
) -> None:
    play = scene(stage="proven")
    error = give(play, token(play))
    assert isinstance(error, UsageError)
    assert error.exit_code == 2
    assert says in str(error), error
    assert error.hint
    assert "Nothing was changed" not in error.untouched or play.backups() == []
    assert play.names() == BOTH
    assert play.backups() == []


GOOD_TOKENS: list[tuple[str, Callable[[Scene], Secret], str]] = [
    (
        "account-wide",
        lambda play: index_state.create_token(play.store, Index.PYPI, "nadia", None, "x"),
        "WHOLE ACCOUNT",
    ),
    ("narrowed", lambda play: narrowed(play, 60), "narrowed copy"),
]


@pytest.mark.parametrize(("token", "says"), [row[1:] for row in GOOD_TOKENS], ids=[row[0] for row in GOOD_TOKENS])
def test_a_token_that_serves_with_a_warning(
    scene: Callable[..., Scene], token: Callable[[Scene], Secret], says: str
) -> None:
    play = scene(stage="proven")
    assert give(play, token(play)) is None
    assert any(says in warning for warning in play.heard.warnings)
    assert play.names() == set()


def test_a_narrowed_token_that_ends_before_the_window_says_when(scene: Callable[..., Scene]) -> None:
    """The way back would be shut before the window is over."""
    play = scene(stage="proven")
    until = play.store.now() + timedelta(days=3)
    assert give(play, narrowed(play, 3)) is None
    assert any(f"{until:%Y-%m-%d}" in warning for warning in play.heard.warnings)


def test_a_token_that_trusted_publishing_minted(scene: Callable[..., Scene]) -> None:
    play = scene(stage="proven")
    text = minted(play)
    error = give(play, text)
    assert isinstance(error, UsageError)
    assert "minted" in error.what
    assert play.names() == BOTH


def minted(play: Scene) -> Secret:
    """A real one, as the simulated index issues it for a publisher."""
    (row,) = index_state.publishers(play.store, Index.PYPI, "shap-like")
    return _issue(play.store, Index.PYPI, row).token


def test_after_the_window_a_script_is_told_what_is_possible_instead(scene: Callable[..., Scene]) -> None:
    play = scene(stage="migrated", confirm_rollback=True)
    play.answers = False
    play.store.advance(20 * DAY)
    error = play.error(play.rollback)
    assert error.exit_code == 14
    assert "expired" in error.what
    assert "--token-from" in error.hint
    assert play.names() == set()


def test_after_the_window_a_new_token_is_asked_for_with_the_link_of_its_index(scene: Callable[..., Scene]) -> None:
    play = scene(stage="migrated")
    play.store.advance(20 * DAY)
    play.rollback()
    assert play.names() == BOTH
    links = " ".join(play.heard.links)
    assert "https://pypi.rehearsal/manage/account/token/" in links
    assert "https://test.pypi.rehearsal/manage/account/token/" in links
    assert any("expired" in warning for warning in play.heard.warnings)


def test_an_expired_narrowed_copy_is_never_put_back(scene: Callable[..., Scene]) -> None:
    """Opened in spite of its end, it holds what the index refuses: a release would fail without anybody knowing why."""
    play = scene(stage="migrated", confirm_rollback=True, open_expired="shap-like/shap")
    play.answers = False
    play.store.advance(20 * DAY)
    error = play.error(play.rollback)
    assert error.exit_code == 14
    assert "refuses since" in error.what
    assert play.names() == set()


def test_a_narrowed_copy_that_goes_back_is_told_with_its_end(scene: Callable[..., Scene]) -> None:
    play = scene(stage="migrated")
    until = play.store.now() + timedelta(days=14)
    play.rollback()
    said = [warning for warning in play.heard.warnings if f"{until:%Y-%m-%d}" in warning]
    assert len(said) == 2


def test_a_user_name_in_a_secret_comes_back_from_the_file_alone(scene: Callable[..., Scene], tmp_path: Path) -> None:
    play = scene()
    text = play.read_file(FILE).decode().replace("user: __token__", "user: ${{ secrets.PYPI_USERNAME }}")
    play.write(FILE, text)
    state.set_secret(play.store, "repository", "shap-like", "shap", None, "PYPI_USERNAME", "__token__")
    before = play.snapshot()
    play.migrate()
    assert play.names() == set()
    exported = tmp_path / "away.keyless-backup"

    async def export(desk: object) -> None:
        desk.vault.export(desk.journal.backups(desk.journal.newest(play.repository).id)[-1].id, exported)

    play.work(export)
    shutil.rmtree(play.state)
    play.work(lambda desk: rollback_from(desk, exported))
    assert play.snapshot() == before
    assert state.secret_value(play.store, "repository", "shap-like", "shap", None, "PYPI_USERNAME") == "__token__"


def test_a_project_that_one_answer_called_missing_is_registered_on_its_own_page(scene: Callable[..., Scene]) -> None:
    """The plan took it for a pending publisher; when it is a person's turn the index is asked once more."""
    play = scene()
    set_fault(play.store, Fault(FaultKind.NOT_FOUND, "pypi", "GET", times=1))
    play.migrate()
    assert any(isinstance(step, RegisterPublisher) and step.pending for step in play.plan().steps)
    assert play.names() == set()
    links = [link for what, link, _ in play.heard.waits if what.endswith("on PyPI") and "publisher" in what]
    assert all("/manage/project/" in (link or "") for link in links)
    assert links
