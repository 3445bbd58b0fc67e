"""The publisher that each upload needs, foretold from the workflow: PyPI's fields, the run's claims, the prefilled form."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from keyless.errors import UsageError
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.model.publisher import Difference, Publisher, publishing_page
from keyless.model.workflow import Analysis, Place, PublishStep, Target
from keyless.planning.project_name import project_folder
from keyless.planning.uploads import Upload
from keyless.workflows.publisher import compare_publisher, predict_publisher

REF: Final = "<ref>"
"""Stands for the branch or tag that a run is for, which no workflow tells."""

_TYPED: Final = re.compile(r"(?P<owner>[^/:@]+)/(?P<name>[^:@]+):(?P<file>[^@]+?)(?:@(?P<environment>.+))?")


@dataclass(frozen=True, slots=True)
class Forecast:
    """One upload and the publisher that makes it work.

    `claims` are those of the run's ID token that PyPI compares. `problem` says why no publisher can match, "" where one
    can. `link` is the prefilled form, where the project is known. `differences` from the publisher that was typed; None
    where none was.
    """

    upload: str
    place: Place
    index: Index
    project: str | None
    publisher: Publisher
    claims: Mapping[str, str]
    problem: str
    link: str | None = None
    differences: tuple[Difference, ...] | None = None

    @property
    def refused(self) -> bool:
        """Whether PyPI would refuse this upload's run with the publisher as it was typed."""
        return any(difference.fatal for difference in self.differences or ())


def forecasts(
    repository: Repository,
    analysis: Analysis,
    projects: Mapping[str, str | None],
    sites: Mapping[Index, str],
    typed: Publisher | None = None,
) -> tuple[Forecast, ...]:
    """Return one forecast for each upload to PyPI or TestPyPI; uploads that need the same are one.

    `projects` are the names by the folder that each lies in ("" is the root, others end with a slash); `sites` the
    indexes' addresses without a final slash.
    """
    found: dict[tuple[str, str | None], Forecast] = {}
    for upload in _uploads(analysis):
        one = _forecast(repository, upload, projects.get(project_folder(upload.step.folder)), sites, typed)
        found.setdefault((one.upload, one.project), one)
    return tuple(found.values())


def _uploads(analysis: Analysis) -> Iterator[Upload]:
    for step in analysis.publish_steps:
        for index in Index:
            if step.target.index is index or step.target is Target.DEPENDS:
                yield Upload(step, index)


def _forecast(
    repository: Repository, upload: Upload, named: str | None, sites: Mapping[Index, str], typed: Publisher | None
) -> Forecast:
    step = upload.step
    publisher = predict_publisher(repository, step)
    project = step.project or named
    problem = _problem(step)
    return Forecast(
        upload=upload.key,
        place=step.place,
        index=upload.index,
        project=project,
        publisher=publisher,
        claims=_claims(repository, step),
        problem=problem,
        link=publishing_page(sites[upload.index], project, publisher) if project and not problem else None,
        differences=compare_publisher(publisher, typed) if typed is not None else None,
    )


def _problem(step: PublishStep) -> str:
    if step.reusable:
        return "it publishes from a workflow that others call, which trusted publishing does not support"
    return ""


def _claims(repository: Repository, step: PublishStep) -> dict[str, str]:
    """Return the claims that PyPI compares (warehouse, `GitHubPublisher`), as GitHub will put them."""
    environment = step.environment
    claims = {
        "repository": str(repository),
        "repository_owner": repository.owner,
        "job_workflow_ref": f"{repository}/{step.place.path}@{REF}",
        "sub": f"repo:{repository}:environment:{environment}" if environment else f"repo:{repository}:ref:{REF}",
    }
    return {**claims, "environment": environment} if environment else claims


def parse_publisher(text: str) -> Publisher:
    """Return the publisher of `OWNER/REPO:WORKFLOW[@ENVIRONMENT]`, with its mistakes. Raises UsageError."""
    match = _TYPED.fullmatch(text)
    if match is None:
        raise UsageError(f"'{text}' names no publisher.", hint="Write OWNER/REPO:workflow.yml[@environment].")
    return Publisher(match["owner"], match["name"], match["file"], match["environment"])


def links(foretold: Sequence[Forecast]) -> tuple[tuple[str, str], ...]:
    """Return a label and the address of the prefilled form for each upload whose project is known, each once."""
    labelled = (
        (f"{one.upload}: the form for {one.project} on {one.index.label}, filled in", one.link) for one in foretold
    )
    return tuple(dict.fromkeys((label, link) for label, link in labelled if link is not None))
