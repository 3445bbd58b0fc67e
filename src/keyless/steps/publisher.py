"""A person registers the publisher. Nobody asks "did you?": the release that follows proves whether it works."""

from __future__ import annotations

from dataclasses import dataclass, replace

from keyless.engine import Check, Done, Outside, Ready, Waiting
from keyless.errors import TryLater
from keyless.model.journey import StepRecord
from keyless.model.plan import RegisterPublisher
from keyless.model.proof import Grade, Verdict
from keyless.model.publisher import pending_page, publishing_page
from keyless.model.reading import Found
from keyless.steps.judging import judge_newest
from keyless.steps.toolbox import Toolbox


async def _as_it_is(tools: Toolbox, step: RegisterPublisher) -> RegisterPublisher:
    """Return the step for a project that is there by now: a pending publisher would be refused for it.

    Its first release may have come since the plan was made, or one answer was wrong. What cannot be read stays as planned.
    """
    if step.pending and isinstance(await tools.indexes[step.index].versions(step.project), Found):
        return replace(step, pending=False)
    return step


def publisher_page(tools: Toolbox, step: RegisterPublisher) -> str:
    """Return the page on which this publisher is registered, prefilled where the index can do that."""
    site = tools.addresses.index(step.index).site
    return pending_page(site) if step.pending else publishing_page(site, step.project, step.publisher)


@dataclass(frozen=True, slots=True)
class RegisterPublisherPerformer:
    """Shows the exact values and the link, gives a person the time, and goes on.

    Where the newest release came through this very publisher, it is registered, and nobody is bothered.
    """

    tools: Toolbox
    outside: Outside

    async def check(self, step: RegisterPublisher, record: StepRecord | None) -> Check:
        if record is None and not step.pending:
            judgement = await judge_newest(self.tools, step, after=None)
            if judgement is not None and judgement.verdict is Verdict.PROVEN and judgement.grade is Grade.ATTESTED:
                says = f"{step.project} {judgement.version} came through it already"
                return Done(says, {"publisher": str(step.publisher), "already": True})
        return Ready()

    async def act(self, step: RegisterPublisher) -> None:
        step = await _as_it_is(self.tools, step)
        page = publisher_page(self.tools, step)
        fields = [f"Check, then press Add: {_values(step)}"]
        if step.pending:
            fields = [f"Fill in: project {step.project} (does not exist yet), {_values(step)}"]
        else:
            fields.append(
                f"Only an owner of {step.project} on {step.index.label} can: if you are not, send them the link."
            )
        what = f"Register the trusted publisher of {step.project} on {step.index.label}"
        self.tools.observer.waiting(what, link=page, advice=fields)
        otherwise = TryLater(f"{what}.", hint=page)
        await self.outside.wait(step, Waiting(what, otherwise, page, tuple(fields)))

    async def confirm(self, step: RegisterPublisher) -> Done:
        step = await _as_it_is(self.tools, step)
        page = publisher_page(self.tools, step)
        return Done("shown; the next release proves whether it works", {"page": page, "publisher": str(step.publisher)})


def _values(step: RegisterPublisher) -> str:
    to = step.publisher
    environment = f"environment {to.environment}" if to.environment else "environment left empty"
    return f"owner {to.owner}, repository {to.repository}, workflow {to.workflow}, {environment}"
