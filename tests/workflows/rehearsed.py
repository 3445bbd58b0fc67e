"""Releases of the cases, played on the simulated services: as they were with a token, and as keyless rewrites them."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import pytest

from keyless.model.github import Repository, SourceFile
from keyless.model.index import Index, normalise
from keyless.model.workflow import Analysis, Target
from keyless.rehearsal.github import repositories, runs, state
from keyless.rehearsal.index import artefacts
from keyless.rehearsal.index import state as index_state
from keyless.rehearsal.runner import jobs, run_workflow, triggers
from keyless.rehearsal.runner.job import RunningJob
from keyless.rehearsal.runner.workflow import read
from keyless.workflows import analyse, predict_publisher
from tests.rehearsal.runner.bench import Bench

HERE = Repository("acme", "example")
METADATA = '[project]\nname = "{name}"\nversion = "{version}"\n'
ELSEWHERE = {"packages/core/dist": "Example.Project", "wheels-linux": "Example.Project"}
"""Where the distributions of cases lie that name a folder otherwise than by the upload's own arguments."""
EVENTS = ("release", "push", "workflow_dispatch")


@dataclass(frozen=True, slots=True)
class Released:
    """What the runs of one version brought: for each upload's index and project, the files and how they came."""

    files: Mapping[tuple[Index, str], tuple[tuple[str, bool], ...]]
    said: tuple[str, ...]

    @property
    def kinds(self) -> dict[tuple[Index, str], list[str]]:
        """The endings of the files that arrived, so that two versions can be compared."""
        return {key: sorted(name.rpartition(".")[2] for name, _ in files) for key, files in self.files.items()}

    @property
    def trusted(self) -> bool:
        """Whether something arrived, and all of it without a token."""
        every = [trusted for files in self.files.values() for _, trusted in files]
        return bool(every) and all(every)


class Play:
    """One repository on the runner's bench, with the files of a case."""

    def __init__(self, bench: Bench, files: tuple[SourceFile, ...], monkeypatch: pytest.MonkeyPatch) -> None:
        self.bench = bench
        self.before = analyse(files)
        self.folders = self._folders(self.before)
        self._patch = monkeypatch
        self._built = self._begun = False
        self._versions, self._names = count(1), count(1)
        for project in list(self.folders.values())[1:]:
            for index in Index:
                index_state.create_project(bench.store, index, project, ["ann"])

    def hand_out_tokens(self) -> None:
        """Put a real token of the right index (or the user name of tokens) into every secret that the uploads read."""
        for read_ in self.before.references:
            index = read_.target.index or Index.PYPI
            self.bench.secret(read_.secret, "__token__" if read_.role == "username" else self.token(index))

    def token(self, index: Index) -> str:
        """Return a new token of the account."""
        name = f"token {next(self._names)}"
        return index_state.create_token(self.bench.store, index, "ann", None, name).reveal()

    def register_publishers(self, files: tuple[SourceFile, ...]) -> None:
        """Register exactly what keyless predicts from these files."""
        wanted = {
            (step.target.index or Index.PYPI, project, predict_publisher(HERE, step))
            for step in analyse(files).publish_steps
            if step.target is not Target.OTHER
            for project in self.folders.values()
        }
        for index, project, publisher in wanted:
            index_state.add_publisher(self.bench.store, index, project, publisher)

    def release(self, files: tuple[SourceFile, ...]) -> Released:
        """Commit `files`, let every event happen that starts them, and return what arrived.

        A case that neither checks out nor builds (most are as short as their point allows) finds distributions lying
        there, before its rewrite as well as after it. One that builds has to go on building.
        """
        found = self._release(files, built=self._built)
        if not found.files and not self._built and not self._begun:
            self._built = True
            found = self._release(files, built=True)
        self._begun = True
        return found

    def _release(self, files: tuple[SourceFile, ...], *, built: bool) -> Released:
        version = f"1.{next(self._versions)}"
        said: list[str] = []
        found: dict[tuple[Index, str], tuple[tuple[str, bool], ...]] = {}
        for number, (path, event, ref) in enumerate(self._starts(files)):
            this = f"{version}.{number}"
            with self._patch.context() as patch:
                if built:
                    patch.setattr(jobs, "_start", self._filled(this))
                said += self._run(files, path, event, ref, this)
            for index in Index:
                for project in set(self.folders.values()):
                    rows = index_state.files(self.bench.store, index, normalise(project))
                    got = tuple((r["filename"], bool(r["trusted"])) for r in rows if r["version"] == this)
                    if got:
                        found[index, f"{event} {project}"] = got
        return Released(found, tuple(said))

    def _run(self, files: tuple[SourceFile, ...], path: str, event: str, ref: str, version: str) -> Iterator[str]:
        store = self.bench.store
        changes = {file.path: file.content for file in files}
        for folder in ["", *self._inner(files)]:
            metadata = METADATA.format(name="Example.Project", version=version).encode()
            changes[posixpath.join(folder, "pyproject.toml")] = metadata
        sha = state.commit(store, *("acme", "example"), "main", changes, f"Release {version}")
        if ref == "tag":
            state.tag(store, "acme", "example", f"v{version}", sha)
        full = f"refs/tags/v{version}" if ref == "tag" else "refs/heads/main"
        number = asyncio.run(
            run_workflow(self.bench.services, "acme", "example", path=path, event=event, ref=full, actor="ann")
        )
        here = repositories.repository(store, "acme", "example")["id"]
        for job in runs.jobs(store, here, number, 1):
            for note in runs.annotations_of(store, job["id"]):
                yield f"{path} {event} {job['name']}: {note['title']} {note['message']}"

    def _starts(self, files: tuple[SourceFile, ...]) -> Iterator[tuple[str, str, str]]:
        paths = {step.place.path for step in self.before.publish_steps}
        for file in files:
            if file.path not in paths:
                continue
            workflow = read(file.path, file.content)
            for event in EVENTS:
                tag = triggers.starts(workflow, event, "refs/tags/v1.1.0")
                if tag or triggers.starts(workflow, event, "refs/heads/main"):
                    yield file.path, event, "tag" if tag else "branch"

    @staticmethod
    def _inner(files: tuple[SourceFile, ...]) -> set[str]:
        """Return the folders of the repository that steps go into: a project lies in each."""
        found = {
            name for file in files for name in re.findall(rb"(?:working-directory:|\bcd) +([\w/-]+)", file.content)
        }
        return {name.decode().strip("/") for name in found}

    @staticmethod
    def _folders(found: Analysis) -> dict[str, str]:
        """Return a project for each folder that uploads name; the first is the bench's own."""
        named = dict.fromkeys(posixpath.normpath(step.folder or "dist") for step in found.publish_steps)
        return {
            folder: "Example.Project" if number == 0 else f"Example.Project{number}"
            for number, folder in enumerate(named)
        }

    def _filled(self, version: str):  # the runner's own private signature
        start = jobs._start

        def started(*given: object) -> RunningJob:
            job = start(*given)
            job.workspace.update(job.run.files)
            for folder, project in {**ELSEWHERE, **self.folders}.items():
                for make in (artefacts.wheel, artefacts.sdist):
                    name, content = make(project, version, "")
                    job.workspace[f"{folder}/{name}"] = content
            return job

        return started
