"""verify: what is proven about a release, how, and what is not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from keyless import proofs
from keyless.errors import KeylessError, NotAllowed, TryLater, UsageError
from keyless.journeys.desk import Desk
from keyless.model.github import Repository
from keyless.model.index import Index, normalise
from keyless.model.proof import Judgement, Verdict
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.release import Evidence, Expectation, FileEvidence, Release, RunEvidence
from keyless.surveying.release import FileProvenance, gather_run, newest, read_provenance, verified

_EXPECTED = re.compile(r"(?P<owner>[A-Za-z0-9-]+)/(?P<name>[\w.-]+)(:(?P<file>[^/@]+\.ya?ml)(@(?P<environment>.+))?)?")
_NO_TOKEN: Final = "GitHub was not asked, there is no token that it takes"
_NO_WORKFLOW: Final = "it is not known which workflow published it (say it: --expect OWNER/REPO:workflow.yml)"


@dataclass(frozen=True, slots=True)
class Verified:
    """A judgement, and all that it rests on: `provenance` is each file's as the index gave it."""

    judgement: Judgement
    evidence: Evidence
    expectation: Expectation
    provenance: tuple[FileProvenance, ...]


def parse_project(text: str) -> tuple[str, str | None]:
    """Return the project and the version of `PROJECT[==VERSION]`."""
    project, equals, version = text.partition("==")
    if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", project):
        raise UsageError(f"'{project}' is no name of a project.", hint="Write PROJECT or PROJECT==VERSION.")
    if equals and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.!+_-]*", version):
        raise UsageError(f"'{version}' is no version.", hint="Write PROJECT or PROJECT==VERSION.")
    return normalise(project), version or None


def parse_expected(text: str) -> Publisher:
    """Return the publisher of `OWNER/REPO:workflow.yml[@environment]`; without a workflow it is empty."""
    match = _EXPECTED.fullmatch(text)
    if not match:
        raise UsageError(f"'{text}' names no publisher.", hint="Write OWNER/REPO[:workflow.yml[@environment]].")
    return Publisher(match["owner"], match["name"], match["file"] or "", match["environment"])


async def verify(
    desk: Desk,
    index: Index,
    project: str,
    version: str | None,
    expected: Publisher | None,
    *,
    after: datetime | None = None,
) -> Verified:
    """Judge one release. Without `expected`, the publisher that the index states is what the signatures must match.

    `after` (UTC): a release that was uploaded before it is no proof.
    """
    match await newest(desk.indexes[index], project, version):
        case Found(release):
            return await verify_release(desk, release, expected, version=version, after=after)
        case Missing(what):
            raise UsageError(f"{index.label} does not know it: {what}.", hint="Check the spelling and the index.")
        case Unreadable(because=because):
            raise TryLater(f"{index.label} gave no answer about {project}: {because}.", hint="Try again later.")


async def verify_release(
    desk: Desk,
    release: Release,
    expected: Publisher | None,
    *,
    version: str | None = None,
    after: datetime | None = None,
) -> Verified:
    """Judge a release whose list of files is known already."""
    provenance = await read_provenance(desk.indexes[release.index], release)
    # GitHub is heard before anything is judged: two services that agree correct a clock of this machine that is late.
    silent = await _silent(desk)
    files = verified(desk.verifiers[release.index], provenance)
    publisher = complete(expected, files)
    asked = bool(publisher.workflow) and silent is not _NO_TOKEN
    run: Reading[RunEvidence] = Unreadable("the workflow run", silent if publisher.workflow else _NO_WORKFLOW)
    if publisher.workflow and not silent:
        path = f".github/workflows/{publisher.workflow}"
        run = await gather_run(desk.github, repository_of(publisher), path, release, files)
    evidence = Evidence(release, files, run, desk.clock.now())
    expectation = Expectation(release.index, release.project, publisher, after, version=version)
    judgement = settled(proofs.judge(evidence, expectation), evidence, asked=asked)
    return Verified(judgement, evidence, expectation, provenance)


async def _silent(desk: Desk) -> str:
    """Return why GitHub tells nothing, "" where it does. That it is down is not that it was not asked (S11)."""
    try:
        await desk.github.viewer()
    except NotAllowed:
        return _NO_TOKEN
    except KeylessError as error:
        return error.what.rstrip(".")
    return ""


def settled(judgement: Judgement, evidence: Evidence, *, asked: bool) -> Judgement:
    """Say "not proven" where only GitHub was not asked: the index did answer, and what it has is no evidence."""
    read = all(not isinstance(file.attestations, Unreadable) for file in evidence.files)
    if not asked and read and judgement.verdict is Verdict.CANNOT_TELL:
        return replace(judgement, verdict=Verdict.NOT_PROVEN)
    return judgement


def complete(expected: Publisher | None, files: tuple[FileEvidence, ...]) -> Publisher:
    """Fill what was not said with what the index states; where nothing is stated, nothing can match."""
    stated = next(
        (
            fact.stated
            for file in files
            if isinstance(file.attestations, Found)
            for fact in file.attestations.value
            if fact.stated is not None
        ),
        None,
    )
    if expected is None:
        return stated or Publisher("", "", "", None)
    if expected.workflow or stated is None:
        return expected
    return Publisher(expected.owner, expected.repository, stated.workflow, expected.environment or stated.environment)


def repository_of(publisher: Publisher) -> Repository:
    """Return the repository that a publisher names."""
    return Repository(publisher.owner, publisher.repository)
