"""Two uploads of one job that must not run one after the other there: the second gets a job of its own, where that is plain.

The publish action writes its attestations beside the files, and a second upload stumbles over them. So the files are
handed on as an artifact before the first upload, and the second one starts from them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from keyless.model.index import Index
from keyless.workflows.attestations import by_action, collide
from keyless.workflows.changes import Operation, RemovePairs, ReplacePair
from keyless.workflows.conditions import exclusive
from keyless.workflows.emit import Value
from keyless.workflows.merging import merged
from keyless.workflows.recipes import RECIPES
from keyless.workflows.recipes.replace import folder_of
from keyless.workflows.refusal import Refused
from keyless.workflows.shape import Job, Step, Workflow
from keyless.workflows.sites import Site, collisions
from keyless.workflows.step_changes import InsertStep, MoveStep
from keyless.workflows.tree import get, pairs, scalars, string

UPLOAD = "actions/upload-artifact@v4"
DOWNLOAD = "actions/download-artifact@v4"
_NAMED_SO = re.compile(r"""name: *["']?distributions["']?\s*(?:[,}#]|$)""", re.MULTILINE)
_MAKES_FILES = re.compile(r"\bdist\b|build|wheel|sdist|\brm\b|\bmv\b|\bcp\b|setup\.py|version", re.IGNORECASE)
_GOES_ALONG = re.compile(
    r"\b(?:env|steps|matrix|strategy|job|runner|needs|secrets)\b|\b(?:always|failure|cancelled)\s*\("
)
"""What an expression may not name when it moves to another job: it would say something else there."""


@dataclass(frozen=True, slots=True)
class Split:
    """The two uploads of a job, in their order. `job` is the new job's name."""

    flow: Workflow
    first: Site
    second: Site
    job: str

    @property
    def folder(self) -> str:
        """The folder of the distributions."""
        return f"{_folder(self.second)}/"

    @property
    def artifact(self) -> str:
        """The artifact's name, which the workflow has for nothing else."""
        taken = _NAMED_SO.search(self.flow.text.text)
        return f"{self.job}-distributions" if taken else "distributions"

    def operations(self, environments: Mapping[Index, str | None]) -> list[Operation]:
        """Return what hands the files on and moves the second upload, its credential taken out on the way."""
        step, before = self.second.visit.step, self.first.visit.step
        changed = merged(_changes(self.second))
        inside = [change for change in changed if change.path[: len(step.path)] == step.path]
        condition = string(get(step.node, "if"))
        if condition is not None:
            inside.append(RemovePairs(step.path, ("if",), ""))
        handed = {"name": self.artifact, "path": self.folder}
        why = (
            "The second upload would stumble over the attestations of the first, so it gets a job of its own, and the "
            "files as they were built"
        )
        return [
            *(change for change in changed if change not in inside),
            InsertStep((*before.path[:-1], before.index - 1), {"uses": UPLOAD, "with": handed}, f"{why}."),
            MoveStep(
                step.path,
                self.job,
                self._settings(condition, environments),
                {"uses": DOWNLOAD, "with": handed},
                tuple(inside),
                f"{why}.",
            ),
        ]

    def _settings(self, condition: str | None, environments: Mapping[Index, str | None]) -> dict[str, Value]:
        job = self.second.visit.job
        settings: dict[str, Value] = {"needs": job.id}
        if condition:
            settings["if"] = condition
        settings["runs-on"] = job.runs_on[0]
        index = self.second.upload.target.index
        environment = _value(get(job.node, "environment")) or (environments.get(index) if index else None)
        if environment:
            settings["environment"] = environment
        settings["permissions"] = {"id-token": "write"}
        return settings


def splits(
    flow: Workflow, here: Sequence[Site], todo: Sequence[Site], environments: Mapping[Index, str | None]
) -> dict[str, Split]:
    """Return, by job, the two uploads that have to part. Raises Refused, with steps by hand, where that is not plain."""
    found: dict[str, Split] = {}
    for site in todo:
        for other in collisions(site, here):
            reason = _reason(site, other, environments)
            if reason:
                first, second = sorted((site, other), key=lambda one: one.visit.step.index)
                index = second.upload.target.value
                made = Split(flow, first, second, f"{site.visit.job.id}-{index}")
                _plain(made, here, reason)
                found[site.visit.job.id] = made
    return found


def _reason(site: Site, other: Site, environments: Mapping[Index, str | None]) -> str:
    """Return why two uploads cannot stay in one job, "" where they can."""
    apart = exclusive(site.visit.step, other.visit.step)
    both = f"job '{site.visit.job.id}' uploads to PyPI {'or' if apart else 'and'} to TestPyPI"
    if not apart and collide(site, other):
        return f"{both}, and the attestations of the two collide"
    wanted = {environments.get(index) for index in Index}
    if not apart:
        wanted -= {None}  # a publisher that names none takes any
    if len(wanted) > 1 and get(site.visit.job.node, "environment") is None:
        return f"{both}, and a job can have one environment only"
    return ""


def _plain(split: Split, here: Sequence[Site], reason: str) -> None:
    """Raise Refused with the first thing that makes the parting no plain matter."""
    obstacle = next(_obstacles(split, here), None)
    if obstacle is None:
        return
    job, first, second = split.first.visit.job, split.first.place, split.second.place
    files = f"name `{split.artifact}` and path `{split.folder}`"
    raise Refused(
        f"{reason}; {obstacle}",
        f"Before the upload of line {first.line}, add a step with {UPLOAD}, {files}.",
        f"Move the upload of line {second.line} into a job '{split.job}' with `needs: {job.id}`, `runs-on: ubuntu-latest` "
        f"and `permissions: id-token: write`, below a step with {DOWNLOAD}, {files}.",
        "Give each job the environment that its publisher names.",
    )


def _obstacles(split: Split, here: Sequence[Site]) -> Iterator[str]:
    flow, job = split.flow, split.second.visit.job
    first, second = split.first.visit.step, split.second.visit.step
    of_job = [site for site in here if site.visit.job.id == job.id]
    if len(of_job) != 2 or not all(_only_uploads(site) for site in of_job):
        yield "only two steps that do nothing but upload, by the publish action or to become it, can be parted here"
        return
    if first.index == 0:
        yield "no step before the first upload makes the files"
    if second is not job.steps[-1]:
        yield "steps follow the second upload, and would no longer wait for it"
    if any(_MAKES_FILES.search(_text(step)) for step in job.steps[first.index + 1 : second.index]):
        yield "a step between the two uploads may make or change files"
    if _folder(split.first) != _folder(split.second) or "${{" in split.folder:
        yield "the two take their files from different folders"
    yield from _surroundings(flow, job)
    if split.job in flow.jobs:
        yield f"there is a job '{split.job}' already"
    kept = (get(second.node, key) for key in ("if", "with", "env", "name"))
    texts = [str(node.value) for part in kept for node in scalars(part)]
    secret = {traced.given.binding.text for traced in split.second.credentials}
    condition = string(get(second.node, "if")) or ""
    if any(_GOES_ALONG.search(text) for text in texts if (text == condition or "${{" in text) and text not in secret):
        yield "the second upload depends on values that only this job has"


def _surroundings(flow: Workflow, job: Job) -> Iterator[str]:
    if job.matrix is not None:
        yield "the job runs once for each entry of a matrix"
    if len(job.runs_on) != 1 or "${{" in job.runs_on[0] or isinstance(get(job.node, "runs-on"), yaml.MappingNode):
        yield "an expression or several labels choose its runner"
    if any("${{" in str(node.value) for node in scalars(get(job.node, "environment"))):
        yield "an expression chooses its environment"
    waiting = next((other.id for other in flow.jobs.values() if job.id in other.needs), None)
    if waiting is not None:
        yield f"job '{waiting}' waits for it, and would no longer wait for both"


def _changes(site: Site) -> list[Operation]:
    return RECIPES[site.upload.tool](site) if site.credentials else []


def _only_uploads(site: Site) -> bool:
    """Whether the step is, or becomes as a whole, a step of the publish action."""
    if site.upload.tool == "gh-action-pypi-publish":
        return True
    try:
        changes = _changes(site) if site.upload.form == "command" and by_action(site) else []
    except Refused:
        return False
    return any(isinstance(change, ReplacePair) and change.path == site.visit.step.path for change in changes)


def _folder(site: Site) -> str:
    """Return the folder of the files, without a slash at its end."""
    if site.upload.command is not None:
        try:
            return folder_of(site, site.upload.command)
        except Refused:  # such a step does not become one of the action, and is not parted
            return "dist"
    return (site.upload.folder or "dist").rstrip("/").removeprefix("./")


def _text(step: Step) -> str:
    return "\n".join(str(node.value) for node in scalars(step.node))


def _value(node: yaml.Node | None) -> Value:
    """Return a setting as it is put into the new job."""
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _value(value) for key, value in pairs(node)}
    return string(node) or ""
