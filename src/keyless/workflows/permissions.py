"""GITHUB_TOKEN's permissions: what a job has, and whether it may ask for an ID token.

Job-level `permissions` replace the workflow's; nothing that is left out of a mapping remains (docs.github.com).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from keyless.workflows.shape import Job, Workflow
from keyless.workflows.tree import get, pairs, string

SCOPES = (
    "actions", "attestations", "checks", "contents", "deployments", "discussions", "issues", "models", "packages",
    "pages", "pull-requests", "repository-projects", "security-events", "statuses",
)  # fmt: skip
"""All that `read-all` and `write-all` stand for, id-token aside."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What a job has. `level`: "job", "workflow" or "default" (the repository's setting, which the text does not say).

    `everything` is "read" or "write" for `read-all` and `write-all`; `node` is where it stands.
    """

    level: str
    scopes: Mapping[str, str]
    everything: str = ""
    node: yaml.Node | None = None

    @property
    def id_token(self) -> bool:
        """Whether the job may ask for an ID token. No default setting gives that."""
        return self.everything == "write" or self.scopes.get("id-token") == "write"

    @property
    def all_scopes(self) -> dict[str, str]:
        """Every permission by name, `read-all` spelt out."""
        return dict.fromkeys(SCOPES, self.everything) if self.everything else dict(self.scopes)


def granted(flow: Workflow, job: Job) -> Granted:
    """Return the permissions that a job runs with, as its workflow states them."""
    for level, node in (("job", get(job.node, "permissions")), ("workflow", get(flow.root, "permissions"))):
        if node is not None:
            return _read(level, node)
    return Granted("default", {})


def permissions_of(flow: Workflow) -> Granted:
    """Return what the workflow gives to jobs that have no list of their own."""
    node = get(flow.root, "permissions")
    return Granted("default", {}) if node is None else _read("workflow", node)


def _read(level: str, node: yaml.Node) -> Granted:
    text = string(node)
    if text in {"read-all", "write-all"}:
        return Granted(level, {}, text.removesuffix("-all"), node)
    return Granted(level, {str(key.value): string(value) or "" for key, value in pairs(node)}, node=node)
