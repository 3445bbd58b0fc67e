"""Survey and answers to the plan of a migration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from keyless.errors import StillReferenced, UsageError
from keyless.model.github import StoreKind, Visibility
from keyless.model.index import Index, normalise
from keyless.model.plan import (
    BackupChoice,
    BackupItem,
    ChangeWorkflow,
    DeleteBranch,
    Delivery,
    OpenWindow,
    Origin,
    Phase,
    Plan,
    ProveRelease,
    RegisterPublisher,
    RemoveSecret,
    SealBackup,
    SkippedProof,
    Step,
    UnselectRepository,
)
from keyless.model.publisher import Publisher
from keyless.model.reading import Missing
from keyless.model.survey import Survey
from keyless.model.workflow import Rewrite
from keyless.planning.answers import Answers
from keyless.planning.branches import branch_name
from keyless.planning.candidates import Candidate, candidates, store_key
from keyless.planning.readers import Reader, readers
from keyless.planning.uploads import Upload, uploads

_TOKEN = re.compile(rb"pypi-[A-Za-z0-9-_]{85,}")
"""PyPI's own pattern for finding its tokens in public places (warehouse, token scanning)."""


@dataclass(frozen=True, slots=True)
class Target:
    """A project on an index, and the publisher through which it will be released."""

    index: Index
    project: str
    publisher: Publisher
    workflow_path: str


def plan_migration(survey: Survey, rewrite: Rewrite, answers: Answers, *, folder: str | None) -> Plan:
    """Return the steps from here to an open rollback window.

    Raises StillReferenced when a workflow hands over a token and cannot be changed safely, or when something that was
    not accepted would still read a secret afterwards; UsageError for answers that do not fit the survey.
    """
    _refuse_declined(rewrite)
    _refuse_plain_tokens(rewrite)
    chosen = _chosen(survey, answers)
    targets = tuple(_targets(survey, answers))
    steps: list[Step] = [
        RegisterPublisher(
            id=f"publisher:{t.index.value}:{t.project}",
            index=t.index,
            project=t.project,
            publisher=t.publisher,
            pending=_is_missing(survey, t),
        )
        for t in targets
    ]
    if rewrite.changes:
        branch = branch_name("trusted-publishing", rewrite.changes, survey.head)
        steps.append(
            ChangeWorkflow(
                id="workflow",
                repository=survey.facts.repository,
                base=survey.facts.default_branch,
                head=survey.head,
                branch=branch,
                changes=rewrite.changes,
                delivery=answers.delivery,
                folder=folder,
            )
        )
        if answers.delivery is Delivery.PULL_REQUEST:
            steps.append(DeleteBranch("branch", survey.facts.repository, branch))
    steps += _proofs(targets, answers)
    steps += _backup_and_removal(survey, answers, chosen, targets)
    steps.append(OpenWindow(id="window", days=answers.window_days))
    return Plan(Phase.MIGRATE, survey.facts.repository, tuple(steps), survey.taken_at)


def _refuse_declined(rewrite: Rewrite) -> None:
    if not rewrite.declined:
        return
    first = rewrite.declined[0]
    by_hand = " ".join(f"({n}) {step}" for n, step in enumerate(first.by_hand, 1))
    raise StillReferenced(
        f"{first.path} hands a token to an upload and cannot be changed safely: {first.because}.",
        hint=f"Change it by hand, then run the same command again: {by_hand}",
    )


def _refuse_plain_tokens(rewrite: Rewrite) -> None:
    """A plan keeps the old bytes of a workflow, and no token may come to lie in a journal with them (S7)."""
    for change in rewrite.changes:
        if _TOKEN.search(change.before):
            raise StillReferenced(
                f"{change.path} holds a PyPI token in plain text: whoever can read the repository has it.",
                hint="Remove that token on the index's account page now, take the line out by hand and commit that, "
                "then run the same command again.",
            )


def _targets(survey: Survey, answers: Answers) -> Iterator[Target]:
    seen: set[tuple[Index, str]] = set()
    for upload in uploads(survey.analysis):
        for project in answers.projects.get(upload.key, ()):
            if (upload.index, normalise(project)) not in seen:
                seen.add((upload.index, normalise(project)))
                yield Target(
                    upload.index, normalise(project), publisher_of(survey, upload, answers), upload.step.place.path
                )


def publisher_of(survey: Survey, upload: Upload, answers: Answers) -> Publisher:
    """Return the publisher under which this upload will run: the workflow's own environment wins over an answer."""
    environment = upload.step.environment or answers.environments.get(upload.index)
    repository = survey.facts.repository
    return Publisher(repository.owner, repository.name, upload.workflow, environment.lower() if environment else None)


def _is_missing(survey: Survey, target: Target) -> bool:
    return any(
        p.index is target.index and p.project == target.project and isinstance(p.releases, Missing)
        for p in survey.projects
    )


def _proofs(targets: tuple[Target, ...], answers: Answers) -> Iterator[Step]:
    for target in targets:
        identifier = f"prove:{target.index.value}:{target.project}"
        if target.index in answers.skipped:
            yield SkippedProof(identifier, target.index, target.project, answers.skipped[target.index])
        else:
            yield ProveRelease(
                id=identifier,
                index=target.index,
                project=target.project,
                publisher=target.publisher,
                bar=answers.bar,
                workflow_path=target.workflow_path,
            )
    yield from _never_uploaded(targets, answers)


def _never_uploaded(targets: tuple[Target, ...], answers: Answers) -> Iterator[SkippedProof]:
    """A skipped index to which no workflow uploads is an exception all the same, and stands in the receipt."""
    for index, reason in answers.skipped.items():
        if not any(target.index is index for target in targets):
            for project in dict.fromkeys(target.project for target in targets):
                yield SkippedProof(f"prove:{index.value}:{project}", index, project, reason)


def _chosen(survey: Survey, answers: Answers) -> tuple[Candidate, ...]:
    known = {candidate.key: candidate for candidate in candidates(survey)}
    unknown = [key for key in answers.secrets if key not in known]
    if unknown:
        raise UsageError(
            f"No secret called {', '.join(unknown)} was found in any store that can be read.",
            hint=f"The candidates are: {', '.join(known) or 'none'}.",
        )
    return tuple(known[key] for key in dict.fromkeys(answers.secrets))


def _backup_and_removal(
    survey: Survey, answers: Answers, chosen: tuple[Candidate, ...], targets: tuple[Target, ...]
) -> list[Step]:
    removals: list[Step] = []
    removed: list[Candidate] = []
    for candidate in chosen:
        others = _others_reading(survey, candidate)
        if others and candidate.entry.visibility is Visibility.SELECTED:
            removals.append(_unselect(survey, answers, candidate))
        elif not others or {reader.key for reader in others} <= set(answers.accepted):
            removals.append(RemoveSecret(_removal_id(candidate), candidate.entry, answers.accepted))
            removed.append(candidate)
        else:
            _refuse_shared(candidate, others)
    if not removed:
        return removals
    items = tuple(_item(candidate, answers, targets) for candidate in removed)
    return [SealBackup("backup", survey.facts.repository, items, answers.window_days), *removals]


def _removal_id(candidate: Candidate) -> str:
    return f"remove:{store_key(candidate.entry)}/{candidate.entry.name}"


def _others_reading(survey: Survey, candidate: Candidate) -> tuple[Reader, ...]:
    organisations = candidate.entry.store.kind in (StoreKind.ORGANISATION, StoreKind.ORGANISATION_DEPENDABOT)
    return readers(candidate.entry.name, (), survey.shared if organisations else ())


def _refuse_shared(candidate: Candidate, others: tuple[Reader, ...]) -> None:
    raise StillReferenced(
        f"Secret {candidate.entry.name} of {candidate.entry.store} is shared with every repository of the organisation, "
        f"and others still need it: {'; '.join(reader.says for reader in others[:5])}.",
        hint="Migrate those first, leave this secret out with --secrets, or accept each by its name with "
        f"--accept-reference (for example {others[0].key}).",
    )


def _unselect(survey: Survey, answers: Answers, candidate: Candidate) -> UnselectRepository:
    return UnselectRepository(
        id=f"unselect:{candidate.entry.name}",
        entry=candidate.entry,
        repository=survey.facts.repository,
        repository_id=survey.facts.id,
        accepted=answers.accepted,
    )


def _item(candidate: Candidate, answers: Answers, targets: tuple[Target, ...]) -> BackupItem:
    index = candidate.indexes[0] if len(candidate.indexes) == 1 else None
    served = [normalise(project) for key in candidate.uploads for project in answers.projects.get(key, ())]
    projects = served or [t.project for t in targets if t.index is index] or [t.project for t in targets]
    choice = answers.backups.get(candidate.key, BackupChoice.TOKEN) if candidate.holds_token else BackupChoice.NONE
    return BackupItem(
        entry=candidate.entry,
        choice=choice,
        index=index,
        projects=tuple(dict.fromkeys(projects)),
        origin=answers.origins.get(candidate.key, Origin.UNKNOWN),
        narrowed=not answers.whole_token,
        holds_token=candidate.holds_token,
    )
