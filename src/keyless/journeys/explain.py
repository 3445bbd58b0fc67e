"""verify --explain: why the index refused a run, from the text that the run left behind."""

from __future__ import annotations

import re

from keyless.errors import TryLater, UsageError
from keyless.journeys.desk import Desk
from keyless.model.github import Repository
from keyless.model.index import Index, normalise
from keyless.model.plan import Phase, RegisterPublisher
from keyless.model.publisher import Publisher, publishing_page
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.refusal import Explanation
from keyless.proofs.refusal import explain, read_refusal, real_publisher

_RUN = re.compile(
    r"https?://[^/]+/(?P<owner>[^/]+)/(?P<name>[^/]+)/actions/runs/(?P<run>\d+)(/attempts/(?P<attempt>\d+))?(/.*)?"
)


async def text_of_run(desk: Desk, run: str, expected: Publisher | None) -> str:
    """Return what the run's annotations say. `run` is its address, or its number in the expected repository."""
    match = _RUN.fullmatch(run)
    if match:
        repository, number = Repository(match["owner"], match["name"]), int(match["run"])
        attempt = int(match["attempt"]) if match["attempt"] else None
    elif run.isascii() and run.isdigit() and expected is not None:
        repository, number, attempt = Repository(expected.owner, expected.repository), int(run), None
    else:
        raise UsageError(
            f"'{run}' is no workflow run.",
            hint="Give its address, or its number together with --expect OWNER/REPO, or '-' and paste the log.",
        )
    match await desk.github.run(repository, number, attempt):
        case Found(found):
            jobs = await desk.github.jobs(repository, found.id, found.attempt)
        case Missing(what):
            raise UsageError(f"{what}: GitHub does not know it.", hint="Check the address, or paste the log.")
        case Unreadable(what, because):
            raise TryLater(f"{what} could not be read: {because}.", hint="Paste the log instead: --explain -")
    if not isinstance(jobs, Found):
        raise TryLater("The jobs of the run could not be read.", hint="Paste the log instead: --explain -")
    return "\n".join(f"{note.title}\n{note.message}" for job in jobs.value for note in job.annotations)


def explain_refusal(desk: Desk, index: Index, project: str, text: str, expected: Publisher | None) -> Explanation:
    """Return what was the matter. Raises UsageError when the text tells of no refused exchange."""
    refusal = read_refusal(text)
    if refusal is None:
        raise UsageError(
            "The text tells of no refused exchange: there is no 'invalid-publisher' or the like in it.",
            hint="Paste the part of the job's log that begins with 'Trusted publishing exchange failure'.",
        )
    wanted = expected if expected and expected.workflow else _planned(desk, index, project)
    needed = real_publisher(refusal.claims) or wanted or Publisher("", "", "")
    page = publishing_page(desk.addresses.index(index).site, project, needed)
    return explain(refusal, wanted, page)


def _planned(desk: Desk, index: Index, project: str) -> Publisher | None:
    """Return the publisher that a migration on this machine asked to be registered."""
    for journey in reversed(desk.journal.journeys()):
        plan = desk.journal.plan(journey.id, Phase.MIGRATE)
        for step in plan.steps if plan else ():
            same = isinstance(step, RegisterPublisher) and normalise(step.project) == normalise(project)
            if same and isinstance(step, RegisterPublisher) and step.index is index:
                return step.publisher
    return None
