"""Why a publish site is not rewritten, in words, with the steps by hand for exactly that file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keyless.model.workflow import Declined, Target
from keyless.workflows.scope import Binding, Opaque, static
from keyless.workflows.shape import Job, Workflow
from keyless.workflows.shell import CONTAINERS, base_name
from keyless.workflows.sites import Site
from keyless.workflows.tree import get
from keyless.workflows.walk import job_scope_of

_NOT_LINUX = re.compile(r"windows|macos|mac-|win-|win\d", re.IGNORECASE)
_LINUX = re.compile(r"ubuntu|linux|debian", re.IGNORECASE)
_CHOSEN = re.compile(r"secrets\s*\[[^\]']*\binputs\b", re.IGNORECASE)
REWRITTEN = frozenset(
    {
        "gh-action-pypi-publish",
        "twine",
        "uv",
        "poetry",
        "flit",
        "hatch",
        "pdm",
        "maturin",
        "poetry-publish",
        "setuptools",
    }
)


class Refused(Exception):  # private to rewriting: becomes a Declined
    """A site is not rewritten. `advice` are steps by hand that come before the general ones."""

    def __init__(self, because: str, *advice: str) -> None:
        super().__init__(because)
        self.because, self.advice = because, advice


@dataclass(frozen=True, slots=True)
class Runner:
    """What a job runs on, as far as its text tells. `linux` None: it does not tell."""

    linux: bool | None
    labels: str


def runner(flow: Workflow, job: Job) -> Runner:
    """Return a job's runner, a matrix filled in."""
    scope = job_scope_of(flow, job)
    place = flow.text.place(job.key.start_mark.index, job.id)
    labels: list[str] = []
    for label in job.runs_on:
        known = static(Binding(label, place, "job", scope))
        if known is None:
            return Runner(None, label)
        labels.extend(known)
    text = ", ".join(labels)
    if any(_NOT_LINUX.search(label) for label in labels):
        return Runner(linux=False, labels=text)
    if any("arm" in label.lower() or "aarch" in label.lower() for label in labels):
        return Runner(linux=False, labels=text)
    return Runner(True if any(_LINUX.search(label) for label in labels) else None, text)


def check(site: Site) -> None:
    """Raise Refused where a site's surroundings forbid trusted publishing, or its rewriting is no plain matter."""
    for problem in _problems(site):
        raise problem


def _problems(site: Site) -> Iterator[Refused]:
    visit, upload = site.visit, site.upload
    flow, job = visit.workflow, visit.job
    if flow.called:
        yield Refused(
            "it publishes from a reusable workflow, which PyPI's trusted publishing does not support",
            f"Move the upload step out of {flow.path} into a job of the workflow that calls it.",
            "Register that calling workflow's file name on PyPI.",
        )
    if visit.through is not None:
        yield Refused(
            f"the upload stands in the local action {visit.through.path}",
            f"Put the upload step into job '{job.id}' of {flow.path} itself, without a password.",
        )
    if upload.tool == "python-semantic-release":
        yield Refused(
            "python-semantic-release uploads by its own logic",
            "Let it make the release only, and upload in a step of pypa/gh-action-pypi-publish after it.",
        )
    if upload.tool not in REWRITTEN:
        yield Refused(
            f"'{upload.tool}' uploads by its own logic, and whether it knows trusted publishing cannot be seen from here",
            "Replace it by a build step and pypa/gh-action-pypi-publish@release/v1, without a password.",
        )
    if upload.form == "script" and upload.command is not None:
        yield Refused(
            f"the upload stands in the script {upload.command.origin}",
            f"Take the upload out of {upload.command.origin}; add a step with pypa/gh-action-pypi-publish@release/v1.",
        )
    if upload.command is not None and upload.command.words and base_name(upload.command.texts[0]) in CONTAINERS:
        yield Refused(
            f"`{upload.command.texts[0]} run` uploads in a container of its own, where no ID token is to be had",
            "Upload the files in a step of pypa/gh-action-pypi-publish@release/v1 after it, without a password.",
        )
    yield from _machine(flow, job)
    yield from _credentials(site)


def _machine(flow: Workflow, job: Job) -> Iterator[Refused]:
    where = runner(flow, job)
    if where.linux is not True:
        is_not = "is not plain Linux" if where.linux is False else "may not be Linux"
        yield Refused(
            f"job '{job.id}' runs on {where.labels or 'an unknown runner'}, which {is_not}; "
            "the publish action needs Linux on x86-64",
            "Upload the built files as an artifact, and publish them in a job of its own on ubuntu-latest.",
        )
    if get(job.node, "container") is not None:
        yield Refused(
            f"job '{job.id}' runs in a container, where the publish action does not work",
            "Upload the built files as an artifact, and publish them in a job of its own without a container.",
        )


def _credentials(site: Site) -> Iterator[Refused]:
    for traced in site.passwords:
        for source in traced.sources:
            if isinstance(source, Opaque):
                yield Refused(
                    f"its credential comes from {source.expression}: {source.because}",
                    "Find out which secrets that expression may read before you take it out.",
                )
        matrix = site.visit.job.matrix
        if matrix is not None and "matrix." in traced.given.binding.text:
            yield Refused("a matrix chooses the secret", "Register a publisher for each project of the matrix first.")
        if _CHOSEN.search(traced.given.binding.text):
            yield Refused(
                "an input chooses the secret", "Register a publisher for each index or project to choose from."
            )
    if site.upload.target is Target.DEPENDS:
        yield Refused(
            "an expression decides between several indexes",
            "Publish to PyPI and to TestPyPI in separate jobs, each with its own condition.",
        )


def declined(path: str, refusal: Refused, sites: Sequence[Site]) -> Declined:
    """Return the refusal with every step by hand: the special ones, then each line that hands a credential over."""
    steps = list(refusal.advice)
    for site in sites:
        for traced in site.credentials:
            place = traced.given.binding.place
            steps.append(f"Take the {traced.given.role} of {site.upload.tool} out ({place.path}, line {place.line}).")
    jobs = dict.fromkeys(site.visit.job.id for site in sites if not site.granted.id_token)
    steps += [
        f"Give job '{job}' `permissions: id-token: write`, beside every permission that it has now." for job in jobs
    ]
    return Declined(path, refusal.because, tuple(dict.fromkeys(steps)))
