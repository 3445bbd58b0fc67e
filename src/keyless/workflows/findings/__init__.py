"""One file per finding: what is wrong, where, and what to do. Identifiers are stable and name their page in the docs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from keyless.model.workflow import Finding
from keyless.workflows.findings import (
    api_token,
    attestations_off,
    container_job,
    index_url,
    invented_input,
    matrix_upload,
    missing_id_token,
    no_environment,
    old_publish_action,
    password_beside_trusted,
    permissions_too_narrow,
    plain_text_token,
    pull_request_target,
    reusable_workflow,
    runner_not_linux,
    silent_fallback,
    skip_existing,
    token_still_used,
    two_indexes_in_one_job,
    unpinned_action,
    user_name_set,
)
from keyless.workflows.findings.base import Check, Look, Rule
from keyless.workflows.library import Library
from keyless.workflows.sites import Site
from keyless.workflows.walk import Visit

_MODULES = (
    api_token,
    attestations_off,
    container_job,
    index_url,
    invented_input,
    matrix_upload,
    missing_id_token,
    no_environment,
    old_publish_action,
    password_beside_trusted,
    permissions_too_narrow,
    plain_text_token,
    pull_request_target,
    reusable_workflow,
    runner_not_linux,
    silent_fallback,
    skip_existing,
    token_still_used,
    two_indexes_in_one_job,
    unpinned_action,
    user_name_set,
)
CHECKS: Sequence[tuple[str, Check]] = tuple((module.IDENTIFIER, module.check) for module in _MODULES)
RULES: Sequence[Rule] = tuple(Rule(module.IDENTIFIER, module.SEVERITIES, module.SUMMARY) for module in _MODULES)


def diagnose(library: Library, seen: Sequence[Visit], sites: Sequence[Site]) -> Iterator[Finding]:
    """Yield every finding."""
    look = Look(library, seen, sites)
    for _, check in CHECKS:
        yield from check(look)


def in_order(found: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return each finding once, in the order of files and lines."""
    return tuple(sorted(dict.fromkeys(found), key=_place))


def _place(finding: Finding) -> tuple[object, ...]:
    place = finding.place
    return place.path, place.line, place.column, finding.identifier, finding.message
