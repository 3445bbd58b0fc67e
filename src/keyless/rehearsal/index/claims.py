"""Which publisher does a verified JWT speak for? PyPI's matching rules (warehouse, oidc/models/github.py), pure.

Repository and workflow file compare with case; the owner by GitHub's own spelling and by id, so a renamed owner or a new
account under an old name does not match; the environment without case. Reusable workflows do not work: the file name
comes from `job_workflow_ref`, which then names another repository or file than the publisher's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from keyless.rehearsal.store import Document

_REQUIRED = (
    "repository",
    "repository_owner",
    "repository_owner_id",
    "job_workflow_ref",
    "jti",
    "event_name",
    "ref",
    "sha",
)
_WORKFLOW = re.compile(r"([^/]+\.(yml|yaml))(?=@)")


class NoPublisher(Exception):
    """No publisher matches; the text is what stands in brackets in PyPI's answer."""


class Reused(Exception):
    """The JWT was used already."""


def find(rows: Sequence[Document], claims: Mapping[str, Any], *, used: bool) -> Document:
    """Return the publisher's row that `claims` belong to; `used` says whether their `jti` was seen before.

    Raises NoPublisher or Reused.
    """
    for name in _REQUIRED:
        if claims.get(name) is None:
            raise NoPublisher(f"Missing claim {name!r}")
    row = _look_up(rows, claims)
    _verify(row, claims, used=used)
    return row


def _look_up(rows: Sequence[Document], claims: Mapping[str, Any]) -> Document:
    owner, _, name = str(claims["repository"]).partition("/")
    workflow = _WORKFLOW.search(str(claims["job_workflow_ref"]))
    if workflow is None:
        raise NoPublisher("Could not job extract workflow filename from OIDC claims")
    wanted = (name, owner, claims["repository_owner_id"], workflow[0])
    fitting = [row for row in rows if _identity(row) == wanted]
    environment = str(claims.get("environment") or "").lower()
    for choice in (environment, ""):
        for row in fitting:
            if row["environment"] == choice:
                return row
    raise NoPublisher("Publisher with matching claims was not found")


def _identity(row: Document) -> tuple[str, str, str, str]:
    return row["repository"], row["owner"], row["owner_id"], row["workflow"]


def _verify(row: Document, claims: Mapping[str, Any], *, used: bool) -> None:
    """Check what the look-up did not: it compared repository, owner's id, file name and environment exactly."""
    repository = f"{row['owner']}/{row['repository']}"
    if claims["repository_owner"] != row["owner"]:
        raise NoPublisher("Check failed for required claim 'repository_owner'")
    _verify_workflow(f"{repository}/.github/workflows/{row['workflow']}", claims)
    if used:
        raise Reused
    if claims["event_name"] == "pull_request_target":
        raise NoPublisher("Publishing from a workflow invoked via 'pull_request_target' is not supported.")


def _verify_workflow(workflow: str, claims: Mapping[str, Any]) -> None:
    refs = [ref for ref in (claims["ref"], claims["sha"]) if ref]
    if not refs:
        raise NoPublisher("The ref and sha claims are empty")
    given, expected = claims["job_workflow_ref"], sorted(f"{workflow}@{ref}" for ref in refs)
    if given not in expected:
        raise NoPublisher(f"The job_workflow_ref claim does not match, expecting one of {expected!r}, got {given!r}")
