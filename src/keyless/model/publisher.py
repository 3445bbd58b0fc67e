"""A trusted publisher, as PyPI stores and compares it, and the pages on which a person manages one."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from keyless.model.index import Index, normalise


@dataclass(frozen=True, slots=True)
class Publisher:
    """Repository and workflow compare case-sensitively; the environment is lower-cased, None means any."""

    owner: str
    repository: str
    workflow: str
    environment: str | None = None

    def __str__(self) -> str:
        where = f" in environment '{self.environment}'" if self.environment else ""
        return f"{self.owner}/{self.repository} · {self.workflow}{where}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which a publisher is not what was expected, and why PyPI would refuse it (or take it)."""

    field: str
    expected: str
    typed: str
    reason: str
    fatal: bool
    """Whether PyPI would refuse a run of the expected workflow."""


def publishing_page(base: str, project: str, publisher: Publisher) -> str:
    """Return the address of the prefilled publisher form for an existing project.

    `base` is the index's site without a final slash. Source: warehouse, `/manage/project/<p>/settings/publishing/`.
    """
    fields = urlencode(
        {
            "provider": "github",
            "owner": publisher.owner,
            "repository": publisher.repository,
            "workflow_filename": publisher.workflow,
            "environment": publisher.environment or "",
        }
    )
    return f"{base}/manage/project/{normalise(project)}/settings/publishing/?{fields}"


def pending_page(base: str) -> str:
    """Return the address of the form for a publisher whose project does not exist yet (it takes no prefill)."""
    return f"{base}/manage/account/publishing/"


def removal_page(base: str, token_identifier: str) -> str:
    """Return the address of exactly one token's removal dialog on the account page."""
    return f"{base}/manage/account/#remove-API-token--{token_identifier}"


def new_token_page(base: str, project: str) -> str:
    """Return the address of the form that issues a token for one project."""
    return f"{base}/manage/account/token/?selected_project={normalise(project)}"


def site(index: Index) -> str:
    """Return the real site of `index`, without a final slash."""
    return f"https://{index.location}"
