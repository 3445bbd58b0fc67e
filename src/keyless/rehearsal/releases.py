"""Making a release in rehearsal as a maintainer does: bump the version, tag or dispatch, and let GitHub run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from keyless.errors import UsageError
from keyless.model.codec import Json
from keyless.model.github import Repository
from keyless.model.index import normalise
from keyless.rehearsal.github import repositories, state
from keyless.rehearsal.runner import run_workflow, trigger
from keyless.rehearsal.runner.builds import projects
from keyless.rehearsal.runner.job import Services

_STATIC = re.compile(
    rb"""^(\[(?:project|tool\.poetry)\](?:(?!^\[).)*?^version\s*=\s*)(["\'])[^"\'\n]*\2""", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Way:
    """How a repository releases on one index: the event, the tag's form ("v{version}"), inputs of a dispatch."""

    event: str
    tag: str = "v{version}"
    workflow: str | None = None
    inputs: Mapping[str, Json] = field(default_factory=dict)


async def release(
    services: Services, repository: Repository, way: Way, version: str, *, by: str, project: str | None = None
) -> tuple[int, ...]:
    """Release `version` of `project` (None: the only one); return the runs that it started, in order.

    Whether they succeeded is theirs to say. Raises UsageError where there is no such project or no workflow to start.
    """
    owner, name = repository.owner, repository.name
    document = repositories.repository(services.store, owner, name)
    branch = str(document["default_branch"])
    files = state.tree(services.store, owner, name, branch)
    sha = state.commit(services.store, owner, name, branch, bump(files, version, project), f"Release {version}", by=by)
    if way.event == "workflow_dispatch":
        if way.workflow is None:
            raise UsageError(f"The world does not say which workflow of {repository} is dispatched.")
        run = await run_workflow(
            services, owner, name, path=way.workflow, event=way.event, ref=branch, inputs=way.inputs, actor=by
        )
        return (run,)
    tag = way.tag.format(version=version, project=project or "")
    state.tag(services.store, owner, name, tag, sha)
    ref = f"refs/tags/{tag}"
    runs = await trigger(services, owner, name, event="push", ref=ref, actor=by)
    if way.event == "release":
        runs += await trigger(services, owner, name, event="release", ref=ref, actor=by, activity="published")
    return runs


def bump(files: Mapping[str, bytes], version: str, project: str | None = None) -> dict[str, bytes]:
    """Return the file that changes when a project gets a new version. Raises UsageError when it cannot be told which."""
    found = projects(files)
    wanted = None if project is None else normalise(project)
    folders = [folder for folder, name in found.items() if wanted is None or (name and normalise(name) == wanted)]
    if len(folders) != 1 and "" in folders:
        folders = [""]
    if len(folders) != 1:
        raise UsageError(
            f"It cannot be told which project to release: {', '.join(str(name) for name in found.values())}."
        )
    start = f"{folders[0]}/" if folders[0] else ""
    text = files[f"{start}pyproject.toml"]
    changed, count = _STATIC.subn(b'\\1"' + version.encode() + b'"', text, count=1)
    if count:
        return {f"{start}pyproject.toml": changed}
    return {f"{start}version": f"{version}\n".encode()}


def next_version(version: str, *, rehearse: bool) -> str:
    """Return the version after this one; with `rehearse` a candidate of it, as one tries on TestPyPI."""
    match = re.fullmatch(r"(\d+(?:\.\d+)*?)(?:rc(\d+))?", version)
    if match is None:
        raise UsageError(f"The version {version!r} is none that can be counted on from.")
    numbers, candidate = match.group(1), match.group(2)
    if candidate is not None:
        return f"{numbers}rc{int(candidate) + 1}" if rehearse else numbers
    *front, last = numbers.split(".")
    following = ".".join([*front, str(int(last) + 1)])
    return f"{following}rc1" if rehearse else following
