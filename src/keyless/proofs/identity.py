"""Does a verified attestation name the publisher that was expected? Claims are compared one by one, each with its reason.

PyPI compares repository and workflow case-sensitively and the owner not; the environment in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from keyless.model.publisher import Publisher
from keyless.model.release import AttestationFact, Claims, Expectation
from keyless.proofs.findings import Finding, contradicts, holds, open_question, unread

ISSUER: Final = "https://token.actions.githubusercontent.com"
_WORKFLOW: Final = re.compile(r"https://github\.com/([^/]+)/([^/]+)/\.github/workflows/([^/@]+)@(.+)")
_REPOSITORY: Final = re.compile(r"https://github\.com/([^/]+)/([^/]+)")
_RUN: Final = re.compile(r"https://github\.com/([^/]+)/([^/]+)/actions/runs/(\d+)(?:/attempts/(\d+))?")
_REGISTER: Final = "compare the publisher on the index with the workflow that released"


def identity_findings(filename: str, fact: AttestationFact, claims: Claims, expected: Expectation) -> Iterator[Finding]:
    """Yield every difference between what was signed and what was expected."""
    differences = [*_origin(filename, claims, expected), *_environment(filename, fact, claims, expected.publisher)]
    yield from differences
    if not any(finding.reason.side == "against" or finding.unread for finding in differences):
        yield holds("signed-by-publisher", f"{filename} carries a verified attestation of {expected.publisher}.")


def _origin(filename: str, claims: Claims, expected: Expectation) -> Iterator[Finding]:
    publisher = expected.publisher
    if claims.issuer != ISSUER:
        yield _other("issuer-differs", filename, "issuer", claims.issuer, ISSUER)
    repository = _REPOSITORY.fullmatch(claims.repository_uri)
    if not repository or not _same_repository(repository[1], repository[2], publisher):
        wanted = f"{publisher.owner}/{publisher.repository}"
        yield _other("repository-differs", filename, "repository", claims.repository_uri, wanted)
    for what, uri in (("workflow", claims.build_config_uri), ("signing workflow", claims.build_signer_uri)):
        match = _WORKFLOW.fullmatch(uri)
        if not match or not _same_repository(match[1], match[2], publisher) or match[3] != publisher.workflow:
            yield _other("workflow-differs", filename, what, uri, publisher.workflow)
        elif match[4] not in (claims.source_ref, claims.source_digest):
            yield _other("reference-differs", filename, f"{what}'s reference", match[4], claims.source_ref)
    run = _RUN.fullmatch(claims.run_uri)
    if not run or not _same_repository(run[1], run[2], publisher):
        yield _other("run-elsewhere", filename, "run", claims.run_uri, f"{publisher.owner}/{publisher.repository}")
    yield from _ids(filename, claims, expected)
    yield from _commit(filename, claims)


def _commit(filename: str, claims: Claims) -> Iterator[Finding]:
    """The workflow's text is that of the commit that was built, and the run is not one for somebody's proposal."""
    if claims.build_config_digest != claims.source_digest:
        yield contradicts(
            "commits-differ",
            f"{filename} was built from commit {claims.source_digest[:12]} by the workflow of another commit, "
            f"{claims.build_config_digest[:12]}.",
        )
    if claims.trigger == "pull_request_target" or claims.source_ref.startswith("refs/pull/"):
        yield contradicts(
            "pull-request",
            f"{filename} was signed in a run for a pull request ({claims.trigger}, {claims.source_ref}), not for a release.",
            "a release from a branch or a tag",
        )


def _ids(filename: str, claims: Claims, expected: Expectation) -> Iterator[Finding]:
    """Names can be given to another repository or account; their numbers cannot."""
    pairs = (
        ("repository-id-differs", "repository's number", claims.repository_id, expected.repository_id),
        ("owner-id-differs", "owner's number", claims.owner_id, expected.owner_id),
    )
    for identifier, what, signed, wanted in pairs:
        if wanted is not None and signed != str(wanted):
            yield _other(identifier, filename, what, signed, str(wanted))


def _environment(filename: str, fact: AttestationFact, claims: Claims, expected: Publisher) -> Iterator[Finding]:
    wanted = _lower(expected.environment)
    if wanted is None:
        return
    signed = _lower(claims.environment)
    stated = _lower(fact.stated.environment) if fact.stated else None
    if signed is not None:
        if signed != wanted:
            yield _other("environment-differs", filename, "environment", signed, wanted)
    elif stated == wanted:
        yield open_question(
            "environment-unsigned",
            f"The certificate of {filename} is of the older kind that says no environment; the index states '{wanted}'.",
        )
    elif stated is not None:
        yield _other("environment-differs", filename, "environment", stated, wanted)
    else:
        yield unread(
            "environment-unknown",
            f"Neither the certificate of {filename} nor the index says that environment '{wanted}' was used.",
            "register the publisher with its environment, or release from that environment",
        )


def run_number(uri: str) -> str | None:
    """Return the number of the run that an address names, without its attempt; the host may be a rehearsal's."""
    match = re.search(r"/actions/runs/(\d+)(?:/|$)", uri)
    return match[1] if match else None


def same_publisher(stated: Publisher, expected: Publisher) -> bool:
    """Whether the publisher that the index states is the expected one; an expected environment of None is any."""
    return (
        _same_repository(stated.owner, stated.repository, expected)
        and stated.workflow == expected.workflow
        and (expected.environment is None or _lower(stated.environment) == _lower(expected.environment))
    )


def _same_repository(owner: str, name: str, expected: Publisher) -> bool:
    return owner.lower() == expected.owner.lower() and name == expected.repository


def _lower(environment: str | None) -> str | None:
    return environment.lower() if environment else None


def _other(identifier: str, filename: str, what: str, got: str, wanted: str) -> Finding:
    return contradicts(identifier, f"{filename} was signed for {what} '{got}', expected was '{wanted}'.", _REGISTER)
