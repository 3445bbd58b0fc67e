"""What is handed over to what cannot be seen: the values, and reusable workflows of other repositories."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from keyless.model.workflow import Credential, MayRead, Place, PublishStep, Reference, Target
from keyless.workflows.expressions import embedded
from keyless.workflows.scope import Binding, FromSecret, trace
from keyless.workflows.shape import Job, Workflow, mapping
from keyless.workflows.tools.third_party import index_by_name, role
from keyless.workflows.tree import Path, get
from keyless.workflows.walk import job_scope_of


@dataclass(slots=True)
class Handed:
    """What was found."""

    steps: list[PublishStep] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    may_read: list[MayRead] = field(default_factory=list)
    used: set[tuple[str, Path, str]] = field(default_factory=set)
    """Variables, by workflow and definition, that an upload in sight reads: what has them in scope too is no upload for that."""


def publish(
    flow: Workflow, job: Job, place: Place, tool: str, target: Target, names: Iterable[str], *, reusable: bool = False
) -> PublishStep:
    secrets = tuple(dict.fromkeys(names))
    return PublishStep(
        tool, place, target, Credential.TOKEN, secrets, job.environment, reusable=reusable or flow.called
    )


def called(flow: Workflow, job: Job, result: Handed) -> None:
    """A reusable workflow that is not here: the names of the secrets that it is handed are all that is known."""
    assert job.uses is not None
    scope = job_scope_of(flow, job)
    place = flow.text.place(job.key.start_mark.index, job.id)
    names: list[str] = []
    found: list[tuple[str, FromSecret]] = []
    for pair in mapping(get(job.node, "secrets"), (*job.path, "secrets")).values():
        at = flow.text.place(pair.value.start_mark.index, job.id)
        binding = Binding(pair.text, at, "job", scope)
        for source in trace(binding) if embedded(pair.text) else ():
            kind = role(str(pair.key.value)) or (role(source.name) if isinstance(source, FromSecret) else "")
            if isinstance(source, FromSecret) and kind:
                found.append((kind, source))
    if not any(kind == "password" for kind, _ in found):
        return
    target = index_by_name([source.name for kind, source in found if kind == "password"])
    for kind, source in found:
        result.references.append(Reference(source.name, source.place, source.level, kind, target))
        names.append(source.name)
    result.steps.append(publish(flow, job, place, job.uses.name, target, names, reusable=True))
