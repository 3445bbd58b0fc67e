"""A small world for the runner's tests: one repository, one project on both indexes, one workflow at a time."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.rehearsal.github import repositories, runs, state
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.runner import run_workflow
from keyless.rehearsal.services import Services
from keyless.rehearsal.store import Store
from keyless.secret import Secret

PATH = ".github/workflows/release.yml"
PYPROJECT = '[project]\nname = "Example.Project"\nversion = "1.2.0"\n'
TRUSTED = """\
on: {push: {tags: ["v*"]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      - uses: pypa/gh-action-pypi-publish@release/v1
"""
TOKEN = """\
on: {push: {tags: ["v*"]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      - uses: pypa/gh-action-pypi-publish@release/v1
        with: {password: "${{ secrets.PYPI_TOKEN }}"}
"""


@dataclass(frozen=True)
class Job:
    name: str
    conclusion: str
    steps: dict[str, str]
    said: list[tuple[str, str, str]]

    @property
    def titles(self) -> list[str]:
        return [title for _, title, _ in self.said if title]

    @property
    def words(self) -> str:
        return "\n".join(message for _, _, message in self.said)


@dataclass(frozen=True)
class Outcome:
    run_id: int
    conclusion: str
    jobs: dict[str, Job]

    @property
    def only(self) -> Job:
        (job,) = self.jobs.values()
        return job


class Bench:
    """Repository `acme/example`; accounts `ann` on both indexes, owner of `example-project` on both."""

    def __init__(self, services: Services) -> None:
        self.services = services
        self.store = services.store
        state.create_user(self.store, "ann")
        state.create_repository(self.store, "acme", "example", owner_is_organisation=True, members={"ann": "admin"})
        for index in Index:
            index_state.create_account(self.store, index, "ann", "pw", "ann@example.org")
            index_state.create_project(self.store, index, "Example.Project", ["ann"])

    def commit(self, files: dict[str, str]) -> str:
        changes = {path: text.encode() for path, text in files.items()}
        return state.commit(self.store, "acme", "example", "main", changes, "change")

    def token(self, index: Index = Index.PYPI, project: str | None = "example-project") -> Secret:
        return index_state.create_token(self.store, index, "ann", project, f"token {project} {index}")

    def secret(self, name: str, value: Secret | str) -> None:
        text = value.reveal() if isinstance(value, Secret) else value
        state.set_secret(self.store, "repository", "acme", "example", None, name, text)

    def publisher(
        self, workflow: str = "release.yml", environment: str | None = None, index: Index = Index.PYPI
    ) -> None:
        publisher = Publisher("acme", "example", workflow, environment)
        index_state.add_publisher(self.store, index, "example-project", publisher)

    def run(
        self, workflow: str, *, event: str = "push", tag: str | None = "v1.2.0", pyproject: str = PYPROJECT, **more: str
    ) -> Outcome:
        """Commit the workflow and the project, tag the commit, let the event happen."""
        inputs = more.pop("inputs", None)
        sha = self.commit({PATH: workflow, "pyproject.toml": pyproject, **more})
        if tag:
            state.tag(self.store, "acme", "example", tag, sha)
        ref = f"refs/tags/{tag}" if tag else "refs/heads/main"
        run_id = asyncio.run(
            run_workflow(self.services, "acme", "example", path=PATH, event=event, ref=ref, inputs=inputs, actor="ann")
        )
        return self.outcome(run_id)

    def outcome(self, run_id: int) -> Outcome:
        repository = repositories.repository(self.store, "acme", "example")["id"]
        run = runs.find_run(self.store, repository, run_id)
        jobs = {}
        for body in runs.jobs(self.store, repository, run_id, 1):
            said = [(a["level"], a["title"], a["message"]) for a in runs.annotations_of(self.store, body["id"])]
            steps = {step["name"]: step["conclusion"] for step in body["steps"]}
            jobs[body["name"]] = Job(body["name"], body["conclusion"], steps, said)
        return Outcome(run_id, run["conclusion"], jobs)

    def files(self, index: Index = Index.PYPI) -> dict[str, str]:
        """File name → "trusted", "trusted, attested" or "token"."""
        found = {}
        for file in index_state.files(self.store, index, "example-project"):
            how = "trusted" if file["trusted"] else "token"
            found[file["filename"]] = how + (", attested" if file["has_provenance"] else "")
        return found


@contextmanager
def bench() -> Iterator[Bench]:
    store = Store()
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Bench(Services(store, Path(folder)))
    finally:
        store.close()
