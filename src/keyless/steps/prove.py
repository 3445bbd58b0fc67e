"""The question that decides everything: did this release really go out without a token?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from keyless import proofs
from keyless.engine import Check, Done, Ready, Waiting
from keyless.errors import NotProven, TryLater
from keyless.model.codec import encode
from keyless.model.github import Repository
from keyless.model.journey import StepRecord
from keyless.model.plan import CheckProof, Phase, ProveRelease, SkippedProof
from keyless.model.proof import Judgement, Verdict
from keyless.model.publisher import publishing_page
from keyless.planning.trial import before_release
from keyless.steps.judging import judge_newest, workflow_landed
from keyless.steps.refused import why_refused
from keyless.steps.toolbox import Toolbox
from keyless.surveying.release import failed_run

_OLD: Final = {"uploaded-before-change", "run-before-change"}
"""The reasons by which a release is known to be one of before: nobody has to explain its other faults."""

Provable: TypeAlias = ProveRelease | CheckProof


@dataclass(frozen=True, slots=True)
class ProvePerformer:
    """Judges the newest release. Nothing is ever done here but looking; a person makes the release."""

    tools: Toolbox

    async def check(self, step: Provable, record: StepRecord | None) -> Check:
        judgement = await judge_newest(self.tools, step, after=workflow_landed(self.tools))
        if judgement is not None and judgement.verdict is Verdict.CANNOT_TELL:
            unknown = "; ".join(reason.message for reason in judgement.reasons if reason.side == "unknown")
            raise TryLater(
                f"Whether {step.project} {judgement.version} on {step.index.label} went out without a token could not "
                f"be told: {unknown}.",
                hint="Run the same command again later.",
            )
        if judgement is not None and not proofs.gate([judgement], [(step.index, step.project)], step.bar):
            says = f"{step.project} {judgement.version} on {step.index.label} is {judgement.grade.value}"
            return Done(says, {"judgement": encode(judgement), "proven_at": self.tools.clock.now().isoformat()})
        return await self._not_yet(step, judgement)

    async def act(self, step: Provable) -> None:
        """Nothing: `check` never answers Ready."""

    async def confirm(self, step: Provable) -> Done | Waiting:
        check = await self.check(step, None)
        if isinstance(check, Ready):
            raise NotProven(f"{step.project} is not proven.")
        return check

    async def _not_yet(self, step: Provable, judgement: Judgement | None) -> Waiting:
        what = f"A release of {step.project} on {step.index.label} through the trusted publisher"
        refusal = await self._refusal(step)
        reasons = list(_against(judgement)) if judgement else []
        advice = [f"Release with {step.workflow_path} as you always do."]
        link = self._workflow_page(step)
        if refusal:
            link = publishing_page(self.tools.addresses.index(step.index).site, step.project, step.publisher)
            advice = [refusal, f"The publisher has to be: {_fields(step)}. Correct it, then release again."]
        elif reasons:
            advice = [*reasons, "Release once more when that is put right."]
        else:
            advice += await self._before(step)
        found = f"the newest one, {judgement.version}, is no proof" if judgement else "there is none"
        otherwise = NotProven(
            f"{what} is needed, and {found}.",
            hint=" ".join([*advice, "Then run the same command again."]),
            untouched="No secret was removed.",
        )
        evidence = {"judgement": encode(judgement)} if judgement else None
        return Waiting(what, otherwise, link, tuple(advice), evidence)

    async def _before(self, step: Provable) -> tuple[str, ...]:
        """What can be tried while no release comes; the page of the index was read a moment ago, so this is a 304."""
        read = await self.tools.indexes[step.index].versions(step.project)
        plan = self.tools.journal.plan(self.tools.journey, Phase.MIGRATE)
        return before_release(step, plan, read, self.tools.clock.now())

    def _workflow_page(self, step: Provable) -> str:
        """Return the page of the workflow's runs, from which one can be started as well."""
        to = step.publisher
        return f"{self.tools.addresses.github_web}/{to.owner}/{to.repository}/actions/workflows/{to.workflow}"

    async def _refusal(self, step: Provable) -> str:
        """What the newest failed run says about why the index refused it."""
        repository = Repository(step.publisher.owner, step.publisher.repository)
        since = workflow_landed(self.tools) or self.tools.clock.now().replace(hour=0, minute=0)
        failed = await failed_run(self.tools.github, repository, step.workflow_path, since)
        if failed is None:
            return ""
        run, jobs = failed
        said = [a.message for job in jobs for a in job.annotations if a.level == "failure" or "publisher" in a.message]
        why = why_refused(said[0] if said else "", step.publisher, step.index.label)
        return f"The run {run.url} failed: {why}"


def _fields(step: Provable) -> str:
    to = step.publisher
    environment = f"environment {to.environment}" if to.environment else "environment left empty"
    return f"owner {to.owner}, repository {to.repository}, workflow {to.workflow}, {environment}"


def _against(judgement: Judgement) -> Iterator[str]:
    """Yield why the newest release is no proof, at most three; nothing for one that is older than the change."""
    if any(reason.identifier in _OLD for reason in judgement.reasons):
        return
    for reason in [r for r in judgement.reasons if r.side != "for"][:3]:
        yield f"{judgement.version} is no proof: {reason.message}"


@dataclass(frozen=True, slots=True)
class SkippedProofPerformer:
    """Writes down that a proof was skipped, and why."""

    tools: Toolbox

    async def check(self, step: SkippedProof, record: StepRecord | None) -> Check:
        self.tools.observer.warning(f"{step.project} is not proven on {step.index.label}: {step.reason}")
        return Done(f"skipped: {step.reason}", {"skipped": step.reason})

    async def act(self, step: SkippedProof) -> None:
        """Nothing to do."""

    async def confirm(self, step: SkippedProof) -> Done:
        return Done(f"skipped: {step.reason}", {"skipped": step.reason})
