"""`id-token: write` for a job, with every permission that it had until now."""

from __future__ import annotations

from collections.abc import Callable

from keyless.workflows.changes import AddPair, Operation, ReplacePair, SetScalar
from keyless.workflows.needs import needs
from keyless.workflows.permissions import SCOPES, granted
from keyless.workflows.shape import Action, Job
from keyless.workflows.sites import Site
from keyless.workflows.tree import Path, get, pairs

_WHY = "`id-token: write` lets the job ask for the ID token that PyPI exchanges"


def permission(site: Site, local: Callable[[str], Action | None]) -> list[Operation]:
    """Return the operations that give a site's job the ID token. Raises Refused where its needs cannot be told."""
    flow, job = site.visit.workflow, site.visit.job
    has = granted(flow, job)
    if has.id_token:
        return []
    if has.level == "job":
        return _extend(job)
    scopes = {name: access for name, access in has.all_scopes.items() if name != "id-token"}
    if has.level == "workflow":
        why = f"{_WHY}; the others are what the workflow gave the job, since a job's own list replaces it."
    else:
        wanted = needs(job, local)
        scopes = wanted.scopes
        kept = f"; the job needs {wanted.sentence}" if scopes else ""
        why = f"{_WHY}; a list of its own takes every default permission away{kept}."
    return [AddPair(job.path, "permissions", {**scopes, "id-token": "write"}, why, after=_after(job))]


def _after(job: Job) -> str:
    """Return the key after which a job's settings are put."""
    return "environment" if get(job.node, "environment") is not None else "runs-on"


def _extend(job: Job) -> list[Operation]:
    path: Path = (*job.path, "permissions")
    has = granted_in(job)
    if "id-token" in has:
        return [SetScalar((*path, "id-token"), "write", f"{_WHY}.")]
    node = get(job.node, "permissions")
    if (node is not None and list(pairs(node))) or getattr(node, "flow_style", False):
        return [AddPair(path, "id-token", "write", f"{_WHY}.")]
    everything = dict.fromkeys(SCOPES, "read") if getattr(node, "value", "") == "read-all" else {}
    return [ReplacePair(job.path, "permissions", "permissions", {**everything, "id-token": "write"}, f"{_WHY}.")]


def granted_in(job: Job) -> dict[str, str]:
    """Return the names in a job's own list."""
    return {str(key.value): "" for key, _ in pairs(get(job.node, "permissions"))}
