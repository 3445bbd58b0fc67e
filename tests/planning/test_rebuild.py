"""A migration told anew by its backups and the world, case by case; whole ones are in tests/journeys/test_repair.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from keyless.model.backup import BackupContents, BackupHeader, BackupSubject, KeptSecret, KeptWorkflow, Lease
from keyless.model.github import SecretEntry, SourceFile, Store
from keyless.model.index import Index
from keyless.model.journey import JourneyState
from keyless.model.plan import (
    BackupChoice,
    BackupItem,
    ChangeWorkflow,
    Delivery,
    OpenWindow,
    Origin,
    Phase,
    ProveRelease,
    RemoveSecret,
    SealBackup,
)
from keyless.model.proof import Grade
from keyless.model.publisher import Publisher
from keyless.model.workflow import Analysis, FileChange, Target
from keyless.planning.branches import branch_name
from keyless.planning.rebuild import Opened, Rebuilt, World, rebuild
from keyless.secret import Secret
from keyless.tokens import read
from tests.planning.examples import FACTS, HERE, NOW, ORGANISATION, PATH, STORE, entry, step, survey
from tests.tokens.conftest import IDENTIFIER, PROJECT_TOKEN, USER_TOKEN

USER = "__token__"
CHANGE = FileChange(PATH, b"old", b"new", (), "b10b")
WORKFLOW = KeptWorkflow((CHANGE,), "trunk", "c0", None)
LEASE = Lease(NOW, NOW + timedelta(days=14, hours=3))


def kept(name: str = "PYPI_API_TOKEN", *, token: Secret | None = USER_TOKEN, **more: object) -> KeptSecret:
    made = KeptSecret(entry(name), token, narrowed=True, origin="shown", index=Index.PYPI, token_identifier=IDENTIFIER)
    return replace(made, **more)  # type: ignore[arg-type]


def opened(
    *secrets: KeptSecret, name: str = "b1", lease: Lease = LEASE, workflow: KeptWorkflow | None = WORKFLOW, projects: tuple[str, ...] = ("sample",)
) -> Opened:  # fmt: skip
    subject = BackupSubject("rehearsal", HERE, "j1", projects, tuple(one.entry.name for one in secrets))
    return Opened(
        BackupHeader(1, name, subject, lease, ("passphrase",)),
        BackupContents(subject, secrets or (kept(),), workflow, "0"),
    )


def world(
    *present: SecretEntry,
    content: bytes | None = b"new",
    analysis: Analysis | None = None,
    named: Mapping[str, str | None] | None = None,
) -> World:
    files = () if content is None else (SourceFile(PATH, content, None),)
    found = analysis or Analysis((step(Target.PYPI, "", "pypi"), step(Target.TESTPYPI, "", "test")))
    return World(
        replace(survey(analysis=found), files=files), {(one.store, one.name): one for one in present}, named or {}
    )


def told(*backups: Opened, at: World | None = None, bar: Grade = Grade.ATTESTED) -> Rebuilt:
    return rebuild(backups or (opened(),), at or world(), USER, bar)


def later(name: str = "PYPI_API_TOKEN", store: Store = STORE) -> SecretEntry:
    return replace(entry(name, store), updated_at=NOW + timedelta(seconds=1))


def test_a_migration_whose_secrets_are_gone_stands_in_its_window() -> None:
    """With the plan and the evidence that its own journal had, as far as a backup tells them."""
    found = told()
    item = BackupItem(
        entry("PYPI_API_TOKEN"),
        BackupChoice.TOKEN,
        Index.PYPI,
        ("sample",),
        Origin.SHOWN,
        narrowed=True,
        holds_token=True,
    )
    removal = "remove:repository/PYPI_API_TOKEN"
    branch = branch_name("trusted-publishing", (CHANGE,), "c0")
    assert found.plan.steps == (
        ChangeWorkflow("workflow", HERE, "trunk", "c0", branch, (CHANGE,), Delivery.PULL_REQUEST, None),
        ProveRelease("prove:pypi:sample", Index.PYPI, "sample", Publisher("Owner", "Project", "release.yml"), Grade.ATTESTED, PATH),
        SealBackup("backup", HERE, (item,), 14),
        RemoveSecret(removal, entry("PYPI_API_TOKEN"), ()),
        OpenWindow("window", 14),
    )  # fmt: skip
    assert (found.plan.phase, found.plan.repository, found.plan.made_at) == (Phase.MIGRATE, HERE, NOW)
    assert (found.state, found.window_until) == (JourneyState.WINDOW, LEASE.expires_at)
    card = {
        "secret": "PYPI_API_TOKEN", "choice": "token", "origin": "shown", "identifier": IDENTIFIER, "index": "pypi",
        "narrowed": True,
    }  # fmt: skip
    assert found.done == {
        "workflow": {"rebuilt": True, "commit": "c0ffee"},
        "backup": {
            "backup": "b1",
            "expires_at": LEASE.expires_at.isoformat(),
            "cards": {"repository Owner/Project/PYPI_API_TOKEN": card},
        },
        removal: {"rebuilt": True, "absent": True},
        "window": {"rebuilt": True, "days": 14},
    }


A, B = kept("A"), kept("B")
OLD = b"old"


@pytest.mark.parametrize(
    ("present", "content", "state", "done"),
    [
        ([], b"new", JourneyState.WINDOW, {"workflow", "backup", "remove:repository/A", "remove:repository/B", "window"}),
        ([], OLD, JourneyState.WINDOW, {"backup", "remove:repository/A", "remove:repository/B", "window"}),
        ([A.entry], b"new", JourneyState.MIGRATING, {"workflow", "backup", "remove:repository/B"}),
        ([later("A")], b"new", JourneyState.ROLLING_BACK, {"workflow", "backup", "remove:repository/B"}),
        ([A.entry, B.entry], b"new", JourneyState.MIGRATING, {"workflow", "backup"}),
        ([A.entry, later("B")], b"new", JourneyState.ROLLED_BACK, {"backup"}),
        ([A.entry, B.entry], OLD, JourneyState.ROLLED_BACK, {"backup"}),
        ([A.entry, B.entry], b"newer still", JourneyState.MIGRATING, {"workflow", "backup"}),
        ([A.entry, B.entry], None, JourneyState.MIGRATING, {"workflow", "backup"}),
    ],
    ids=[
        "all gone", "all gone, the old workflow", "one gone", "one put back", "none gone yet", "all put back",
        "all there, the old workflow", "all there, a newer workflow", "all there, no workflow",
    ],
)  # fmt: skip
def test_where_it_stands_is_told_by_what_is_there_and_how_new_it_is(
    present: list[SecretEntry], content: bytes | None, state: JourneyState, done: set[str]
) -> None:
    found = told(opened(A, B), at=world(*present, content=content))
    assert (found.state, set(found.done)) == (state, done)


def test_without_a_kept_workflow_there_is_no_change_to_take_back() -> None:
    found = told(opened(A, workflow=None), at=world(A.entry))
    assert [type(step) for step in found.plan.steps] == [ProveRelease, SealBackup, RemoveSecret, OpenWindow]
    assert found.state is JourneyState.MIGRATING


def test_a_change_of_which_one_file_is_there_has_landed() -> None:
    """The other one went back by somebody's hand: the rollback still has something to take back."""
    two = replace(WORKFLOW, changes=(CHANGE, replace(CHANGE, path="other.yml")))
    at = world(A.entry)
    at = replace(at, survey=replace(at.survey, files=(*at.survey.files, SourceFile("other.yml", OLD, None))))
    found = told(opened(A, workflow=two), at=at)
    assert (found.state, "workflow" in found.done) == (JourneyState.MIGRATING, True)


def test_the_same_name_in_another_store_is_another_secret() -> None:
    found = told(opened(kept()), at=world(later(store=ORGANISATION)))
    assert found.state is JourneyState.WINDOW


def test_several_backups_of_one_migration_are_one_plan() -> None:
    """The newest workflow counts, the earliest end closes the window, and each seal has a name of its own."""
    newer = KeptWorkflow((replace(CHANGE, after=b"newer"),), "main", None, None)
    short = Lease(NOW, NOW + timedelta(hours=7))
    found = told(
        opened(A, name="b1"), opened(B, name="b2", lease=short, workflow=newer), opened(A, name="b3", workflow=None)
    )
    seals = [step for step in found.plan.steps if isinstance(step, SealBackup)]
    assert [(seal.id, seal.window_days) for seal in seals] == [("backup", 14), ("backup#2", 1), ("backup#3", 14)]
    assert [found.done[seal.id]["backup"] for seal in seals] == ["b1", "b2", "b3"]
    assert [step.entry.name for step in found.plan.steps if isinstance(step, RemoveSecret)] == ["A", "B"]
    (change,) = (step for step in found.plan.steps if isinstance(step, ChangeWorkflow))
    assert (change.base, change.head, change.changes) == ("main", "c0ffee", newer.changes)
    assert change.branch == branch_name("trusted-publishing", newer.changes, "c0ffee")
    assert found.window_until == short.expires_at
    assert found.plan.steps[-1] == OpenWindow("window", 14)


@pytest.mark.parametrize(
    ("one", "choice", "holds", "projects"),
    [
        (kept(token=USER_TOKEN), BackupChoice.TOKEN, True, ("sample", "other")),
        (kept(token=PROJECT_TOKEN), BackupChoice.TOKEN, True, None),
        (kept(token=None, index=None, origin="unknown", narrowed=False, token_identifier=None), BackupChoice.NONE, True, ("sample", "other")),
        (kept(token=Secret(USER), index=None), BackupChoice.NONE, False, ("sample", "other")),
    ],
    ids=["a token of everything", "a token that names its projects", "declined", "a user name"],
)  # fmt: skip
def test_what_was_kept_says_what_it_is_for(
    one: KeptSecret, choice: BackupChoice, holds: bool, projects: tuple[str, ...] | None
) -> None:
    found = told(opened(one, projects=("sample", "other")))
    (seal,) = (step for step in found.plan.steps if isinstance(step, SealBackup))
    (item,) = seal.items
    assert (item.choice, item.holds_token) == (choice, holds)
    assert item.projects == (projects or read(PROJECT_TOKEN).projects)
    assert (item.index, item.origin, item.narrowed) == (one.index, Origin(one.origin), one.narrowed)
    card = found.done["backup"]["cards"]["repository Owner/Project/PYPI_API_TOKEN"]  # type: ignore[index,call-overload]
    assert card["index"] == (one.index.value if one.index else None)
    assert bool([step for step in found.plan.steps if isinstance(step, ProveRelease)]) is holds


def proofs(at: World, *backups: Opened) -> list[ProveRelease]:
    return [step for step in told(*backups, at=at).plan.steps if isinstance(step, ProveRelease)]


def test_each_project_is_proven_anew_once_on_the_index_of_its_token() -> None:
    """A token whose index is not known counts for PyPI; names compare as the index compares them."""
    two = opened(kept("A", index=None), kept("B"), kept("T", index=Index.TESTPYPI), projects=("My.Project",))
    assert [(one.index, one.project, one.id) for one in proofs(world(), two)] == [
        (Index.PYPI, "my-project", "prove:pypi:my-project"),
        (Index.TESTPYPI, "my-project", "prove:testpypi:my-project"),
    ]


def upload(job: str, path: str, environment: str | None = None, project: str | None = None) -> object:
    made = step(Target.PYPI, "", job)
    return replace(made, place=replace(made.place, path=path), environment=environment, project=project)


def test_the_publisher_is_that_of_the_upload_which_names_the_project() -> None:
    """By the step itself or by the metadata beside it; where none does, the first upload to that index stands in."""
    steps = (
        upload("a", "w/first.yml"),
        upload("b", "w/second.yml", "Release", "My_Project"),
        upload("c", "w/third.yml"),
    )
    at = world(analysis=Analysis(steps), named={"third.yml/c@pypi": "Other"})  # type: ignore[arg-type]
    found = proofs(at, opened(projects=("my-project", "other", "unheard-of")))
    assert [(one.publisher, one.workflow_path) for one in found] == [
        (Publisher(FACTS.repository.owner, FACTS.repository.name, "second.yml", "release"), "w/second.yml"),
        (Publisher("Owner", "Project", "third.yml"), "w/third.yml"),
        (Publisher("Owner", "Project", "first.yml"), "w/first.yml"),
    ]


def test_where_no_workflow_uploads_any_more_no_release_can_be_the_proof() -> None:
    (one,) = proofs(world(analysis=Analysis((step(Target.TESTPYPI, "", "test"),))))
    assert one.publisher == Publisher("Owner", "Project", "unknown.yml")
    assert one.workflow_path == ".github/workflows/unknown.yml"


@pytest.mark.parametrize("bar", [Grade.ATTESTED, Grade.DECLARED, Grade.INFERRED])
def test_what_is_enough_of_a_proof_is_what_was_said_now(bar: Grade) -> None:
    assert [step.bar for step in told(bar=bar).plan.steps if isinstance(step, ProveRelease)] == [bar]
