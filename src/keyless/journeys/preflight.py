"""preflight: would the index mint a token for this job? It does, and the token is thrown away. No proof, ever (S2)."""

from __future__ import annotations

from collections.abc import Iterator

from keyless.errors import TryLater, UsageError
from keyless.model.index import Index
from keyless.model.preflight import Preflight
from keyless.model.publisher import Publisher, publishing_page
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.refusal import Explanation, Refusal
from keyless.model.release import Release
from keyless.proofs.refusal import OTHER_RUN, beside, explain, real_publisher
from keyless.services.ports import Exchange, JobIdentity, PackageIndex


async def preflight(
    index: PackageIndex, exchange: Exchange, job: JobIdentity, project: str, expected: Publisher | None, site: str
) -> Preflight | Explanation:
    """Return what the index agreed to, or why it did not, explained.

    The caller has made sure that no pending publisher fits this job: no index tells, and minting would create its
    project. `site` is the index's address, for the link to the form. Raises UsageError outside of a job, or when the
    project does not exist yet; NotAllowed in a job without an identity; TryLater when it could not be told.
    """
    job.require()
    version = _existing(index.index, project, await index.versions(project))
    identity = await job.ask(await exchange.audience())
    real = real_publisher(identity.claims)
    page = publishing_page(site, project, real or expected or Publisher("", "", ""))
    if real is None:
        raise TryLater("The job's identity does not say which workflow it is of.", hint="Run the job again.")
    fields = beside(real, expected)
    if any(field.wrong for field in fields):
        wrong = ", ".join(field.field for field in fields if field.wrong)
        says = f"This job is not the one that was expected, so nothing was minted. What differs: {wrong}."
        return Explanation(OTHER_RUN, says, fields, real, page)
    minted = await exchange.mint(identity.token)
    if isinstance(minted, Refusal):
        return explain(Refusal(minted.reasons, identity.claims), expected, page)
    reach, because = await exchange.reach(minted.token, project, version)
    return Preflight(
        index.index, project, real, fields, reach, because, minted.until, tuple(_leaves_open(index.index, real))
    )


def _existing(index: Index, project: str, read: Reading[tuple[Release, ...]]) -> str:
    """Return a version that exists. Without one nothing is minted: "could not read" is not "exists" (S11)."""
    match read:
        case Found(releases) if versions := [release.version for release in releases if release.version]:
            return versions[0]
        case Unreadable(because=because):
            raise TryLater(
                f"Whether {project} exists on {index.label} could not be read, so nothing was minted: {because}.",
                hint="Try again later.",
            )
        case Found() | Missing():
            raise UsageError(
                f"{project} has no release on {index.label}, so nothing was minted: for a pending publisher minting "
                "creates the project.",
                hint="Its first release shows whether the publisher is right. A release on TestPyPI shows the workflow's "
                "part, and nothing about PyPI's publisher.",
            )


def _leaves_open(index: Index, real: Publisher) -> Iterator[str]:
    yield "It counts as no proof: nothing was uploaded or signed. Secrets are removed after a release only."
    yield "The file's name was compared, not its text: whether the workflow that releases builds, signs and uploads is open."
    if real.environment:
        yield (
            f"Whether the publisher names the environment '{real.environment}' is open: one without an environment takes "
            "this job too."
        )
    other = Index.TESTPYPI if index is Index.PYPI else Index.PYPI
    yield f"{other.label} has publishers of its own: nothing was learned about them."
