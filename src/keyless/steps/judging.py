"""Look at the newest release of a project, and judge whether it came through a publisher."""

from __future__ import annotations

from datetime import datetime
from typing import TypeAlias

from keyless import proofs
from keyless.errors import TryLater
from keyless.model.github import Repository
from keyless.model.journey import StepState
from keyless.model.plan import ChangeWorkflow, CheckProof, Phase, ProveRelease, RegisterPublisher
from keyless.model.proof import Judgement
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.release import Evidence, Expectation
from keyless.steps.toolbox import Toolbox
from keyless.surveying.release import gather_files, gather_run, newest

Provable: TypeAlias = ProveRelease | CheckProof | RegisterPublisher


async def judge_newest(tools: Toolbox, step: Provable, *, after: datetime | None) -> Judgement | None:
    """Return what the newest release amounts to; None when there is none.

    Raises TryLater when the index gives no answer.
    """
    index = tools.indexes[step.index]
    match await newest(index, step.project):
        case Found(release):
            repository = Repository(step.publisher.owner, step.publisher.repository)
            path = f".github/workflows/{step.publisher.workflow}"
            files = await gather_files(index, tools.verifiers[step.index], release)
            run = await gather_run(tools.github, repository, path, release, files)
            evidence = Evidence(release, files, run, tools.clock.now())
            return proofs.judge(evidence, await _expectation(tools, step, repository, after))
        case Missing():
            return None
        case Unreadable(because=because):
            raise TryLater(
                f"{step.index.label} gave no answer about {step.project}: {because}.",
                hint="Run the same command again later.",
            )


async def _expectation(tools: Toolbox, step: Provable, repository: Repository, after: datetime | None) -> Expectation:
    facts = await tools.github.repository(repository)
    # Names can be given away, their numbers cannot: without the number nothing is judged (S11).
    if isinstance(facts, Unreadable):
        raise TryLater(
            f"{repository} could not be read on GitHub: {facts.because}.", hint="Run the same command again later."
        )
    known = facts.value if isinstance(facts, Found) else None
    return Expectation(
        index=step.index,
        project=step.project,
        publisher=step.publisher,
        after=after,
        repository_id=known.id if known else None,
        owner_id=known.owner_id if known else None,
    )


def workflow_landed(tools: Toolbox) -> datetime | None:
    """Return when the changed workflow reached the default branch, the last time; None when there was nothing to change."""
    plan = tools.journal.plan(tools.journey, Phase.MIGRATE)
    ids = {step.id for step in plan.steps if isinstance(step, ChangeWorkflow)} if plan else set()
    landed = [
        datetime.fromisoformat(at)
        for record in tools.journal.records(tools.journey, Phase.MIGRATE)
        if record.step in ids and record.state is StepState.DONE and isinstance(record.evidence, dict)
        if isinstance(at := record.evidence.get("at"), str)
    ]
    return max(landed, default=None)
