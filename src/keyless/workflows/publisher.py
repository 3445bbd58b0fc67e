"""The trusted publisher that a workflow needs, and how one that a person typed differs from it.

Rules of comparison: facts on PyPI (warehouse's `GitHubPublisher`): repository and workflow case-sensitively, the owner
without case, the environment lower-cased; no environment in the publisher means any.
"""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.github import Repository
from keyless.model.publisher import Difference, Publisher
from keyless.model.workflow import PublishStep


def predict_publisher(repository: Repository, step: PublishStep, environment: str | None = None) -> Publisher:
    """Return the publisher that makes this step's upload work.

    `environment` is the one that a rewrite will add; the one that the job already names comes first. One that an
    expression computes cannot be predicted, so the publisher then takes any.
    """
    named = step.environment if step.environment and "${{" not in step.environment else None
    chosen = named or (environment if not step.environment else None)
    return Publisher(
        owner=repository.owner,
        repository=repository.name,
        workflow=step.place.path.rpartition("/")[2],
        environment=chosen.lower() if chosen else None,
    )


def compare_publisher(expected: Publisher, typed: Publisher) -> tuple[Difference, ...]:
    """Return every field in which `typed` is not `expected`, with what PyPI makes of it."""
    return tuple(_differences(expected, typed))


def _differences(expected: Publisher, typed: Publisher) -> Iterator[Difference]:
    if expected.owner != typed.owner:
        same = expected.owner.lower() == typed.owner.lower()
        reason = "PyPI compares the owner without case" if same else _space(typed.owner) or "it is another owner"
        yield Difference("owner", expected.owner, typed.owner, reason, fatal=not same)
    if expected.repository != typed.repository:
        yield Difference("repository", expected.repository, typed.repository, _repository(expected, typed), fatal=True)
    if expected.workflow != typed.workflow:
        yield Difference("workflow", expected.workflow, typed.workflow, _workflow(expected, typed), fatal=True)
    yield from _environment(expected.environment, typed.environment)


def _repository(expected: Publisher, typed: Publisher) -> str:
    if "/" in typed.repository:
        return "the field takes the name alone, without the owner"
    if expected.repository.lower() == typed.repository.lower():
        return "PyPI compares the name with its case, exactly as GitHub spells it"
    return _space(typed.repository) or "it is another repository (a renamed one needs a new publisher)"


def _workflow(expected: Publisher, typed: Publisher) -> str:
    if "/" in typed.workflow:
        return "the field takes the file's name alone, without the folder"
    if not typed.workflow.endswith((".yml", ".yaml")):
        return "the field takes the file's name with its ending, not the workflow's title"
    if expected.workflow.rpartition(".")[0] == typed.workflow.rpartition(".")[0]:
        return ".yml and .yaml are different files to PyPI"
    if expected.workflow.lower() == typed.workflow.lower():
        return "PyPI compares the file's name with its case"
    return _space(typed.workflow) or "it is another file"


def _environment(expected: str | None, typed: str | None) -> Iterator[Difference]:
    one, other = (expected or "").lower(), (typed or "").lower()
    if one == other:
        return
    if not other:
        yield Difference("environment", one, "", "a publisher without environment takes any; naming it is safer", False)
    elif not one:
        reason = "the job names no environment, so its runs carry none and PyPI refuses them"
        yield Difference("environment", "", other, reason, fatal=True)
    else:
        reason = _space(typed or "") or "the job runs in another environment"
        yield Difference("environment", one, other, reason, fatal=True)


def _space(text: str) -> str:
    return "it has a space at its beginning or end" if text != text.strip() else ""
