"""A small survey to plan with; each test changes one thing of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from keyless.model.github import (
    Branch,
    Repository,
    RepositoryFacts,
    SecretEntry,
    Selected,
    Store,
    StoreKind,
    Viewer,
    Visibility,
)
from keyless.model.index import Index
from keyless.model.plan import BackupChoice, Delivery, Origin
from keyless.model.proof import Grade
from keyless.model.reading import Found
from keyless.model.survey import BranchReading, StoreReading, Survey
from keyless.model.workflow import Analysis, Credential, FileChange, Place, PublishStep, Reference, Rewrite, Target
from keyless.planning.answers import Answers

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HERE = Repository("Owner", "Project")
PATH = ".github/workflows/release.yml"
FACTS = RepositoryFacts(
    HERE, 7, 70, owner_is_organisation=True, default_branch="main", private=False, archived=False, admin=True, push=True
)


def step(target: Target, secret: str, job: str) -> PublishStep:
    return PublishStep(
        tool="gh-action-pypi-publish",
        place=Place(PATH, 10, 7, job, 1),
        target=target,
        credential=Credential.TOKEN if secret else Credential.TRUSTED,
        secrets=(secret,) if secret else (),
        environment=None,
    )


def reference(secret: str, target: Target, job: str) -> Reference:
    return Reference(secret, Place(PATH, 12, 11, job, 1), "step", "password", target)


ANALYSIS = Analysis(
    publish_steps=(step(Target.PYPI, "PYPI_API_TOKEN", "pypi"), step(Target.TESTPYPI, "TEST_TOKEN", "test")),
    references=(
        reference("PYPI_API_TOKEN", Target.PYPI, "pypi"),
        reference("TEST_TOKEN", Target.TESTPYPI, "test"),
    ),
)
STORE = Store(StoreKind.REPOSITORY, HERE.owner, HERE.name)
ORGANISATION = Store(StoreKind.ORGANISATION, HERE.owner)


def entry(name: str, store: Store = STORE) -> SecretEntry:
    return SecretEntry(store, name, NOW, NOW)


def shared_entry(name: str, *others: tuple[int, str]) -> SecretEntry:
    here = Selected(FACTS.id, HERE)
    rest = tuple(Selected(number, Repository("Owner", other)) for number, other in others)
    return replace(entry(name, ORGANISATION), visibility=Visibility.SELECTED, selected=(here, *rest))


def survey(*entries: SecretEntry, analysis: Analysis = ANALYSIS) -> Survey:
    given = entries or (entry("PYPI_API_TOKEN"), entry("TEST_TOKEN"), entry("CODECOV_TOKEN"))
    stores = dict.fromkeys(e.store for e in given)
    return Survey(
        facts=FACTS,
        viewer=Viewer("someone", ("repo", "workflow")),
        head="c0ffee",
        files=(),
        analysis=analysis,
        branches=(BranchReading(Branch("main", "c0ffee"), Found(analysis)),),
        stores=tuple(StoreReading(s, Found(tuple(e for e in given if e.store == s))) for s in stores),
        seen_from_organisation=Found(()),
        environments=Found(()),
        projects=(),
        shared=(),
        taken_at=NOW,
    )


REWRITE = Rewrite(changes=(FileChange(PATH, b"password: x\n", b"\n", (), "b10b"),))


def answers(**changes: object) -> Answers:
    told = Answers(
        projects={"release.yml/pypi@pypi": ("My.Project",), "release.yml/test@testpypi": ("My.Project",)},
        environments={Index.PYPI: "PyPI", Index.TESTPYPI: None},
        secrets=("PYPI_API_TOKEN", "TEST_TOKEN"),
        delivery=Delivery.PULL_REQUEST,
        skipped={},
        bar=Grade.ATTESTED,
        accepted=(),
        backups={"PYPI_API_TOKEN": BackupChoice.TOKEN, "TEST_TOKEN": BackupChoice.NONE},
        origins={"PYPI_API_TOKEN": Origin.BELIEVED},
        whole_token=False,
        window_days=14,
    )
    return replace(told, **changes)  # type: ignore[arg-type]
