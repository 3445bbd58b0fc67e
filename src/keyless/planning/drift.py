"""What is no longer as a migration left it, as far as one survey shows. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from keyless.model.github import Environment, Repository
from keyless.model.index import Index
from keyless.model.plan import Plan, ProveRelease, RemoveSecret
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Reading, Unreadable
from keyless.model.survey import Survey
from keyless.model.workflow import Credential
from keyless.planning.candidates import candidates
from keyless.planning.uploads import uploads, with_token
from keyless.workflows.publisher import compare_publisher, predict_publisher


@dataclass(frozen=True, slots=True)
class Drift:
    """Something that is not as the migration left it. `certain` False: it could not be told."""

    repository: str
    says: str
    certain: bool
    command: str


def of_survey(found: Survey, plan: Plan, since: datetime | None) -> Iterator[Drift]:
    """Yield what workflows and stores show. `since` (UTC) is when the migration ended, None where that is not known."""
    yield from _workflows(found)
    yield from _stores(found, plan, since)
    for step in plan.steps:
        if isinstance(step, ProveRelease):
            yield from _publisher(found, step.index, step.project, step.publisher)


def _workflows(found: Survey) -> Iterator[Drift]:
    name = str(found.facts.repository)
    for step in with_token(found.analysis):
        sure = step.credential is not Credential.UNKNOWN
        says = f"{step.place} {'hands' if sure else 'may hand'} a token to an upload again"
        yield Drift(name, says, sure, f"keyless migrate {name}")
    for problem in found.analysis.problems:
        yield Drift(name, f"{problem.path} is not understood: {problem.because}", False, f"keyless scan {name}")


def _stores(found: Survey, plan: Plan, since: datetime | None) -> Iterator[Drift]:
    """The removed secrets are looked up one by one; here is what came beside them."""
    name = str(found.facts.repository)
    removed = {(s.entry.store, s.entry.name.upper()) for s in plan.steps if isinstance(s, RemoveSecret)}
    for reading in found.stores:
        if isinstance(reading.entries, Unreadable):
            says = f"the secrets of {reading.store} could not be read: {reading.entries.because}"
            yield Drift(name, says, False, "keyless doctor")
    for one in candidates(found):
        known = (one.entry.store, one.entry.name.upper()) in removed
        if not known and since is not None and one.entry.updated_at > since:
            says = f"secret {one.entry.name} was put into {one.entry.store} on {one.entry.updated_at:%Y-%m-%d}"
            yield Drift(name, says, True, f"keyless scan {name}")


def _publisher(found: Survey, index: Index, project: str, publisher: Publisher) -> Iterator[Drift]:
    """Whether some upload still runs as the publisher that was proven."""
    name = str(found.facts.repository)
    needed = [predict_publisher(found.facts.repository, u.step) for u in uploads(found.analysis) if u.index is index]
    differences = [[each for each in compare_publisher(one, publisher) if each.fatal] for one in needed]
    if all(differences) and not found.analysis.problems:
        now = f"now it is {needed[0]}" if needed else "now none uploads there"
        says = f"no workflow releases {project} on {index.label} as {publisher} any more: {now}"
        yield Drift(name, says, True, f"keyless scan {name}")


def of_protection(
    repository: Repository, before: Mapping[str, Sequence[str]], now: Reading[tuple[Environment, ...]], plan: Plan
) -> Iterator[Drift]:
    """Yield which environments of publishers lost a guard. `before` are the rules by name when the migration ended."""
    name = str(repository)
    steps = [step for step in plan.steps if isinstance(step, ProveRelease)]
    named = dict.fromkeys(s.publisher.environment.lower() for s in steps if s.publisher.environment)
    if not named:
        return
    if not isinstance(now, Found):
        because = now.because if isinstance(now, Unreadable) else now.what
        yield Drift(name, f"its environments could not be read: {because}", False, "keyless doctor")
        return
    rules = {environment.name.lower(): environment.rules for environment in now.value}
    for environment in named:
        lost = sorted(set(before.get(environment, ())) - set(rules.get(environment, ())))
        if environment not in rules:
            says = f"environment '{environment}' is gone: the next run makes it anew, guarded by nothing"
            yield Drift(name, says, True, f"keyless scan {name}")
        elif lost:
            says = f"environment '{environment}' is not guarded by {', '.join(lost)} any more"
            yield Drift(name, says, True, f"keyless scan {name}")
