"""doctor: what can be reached, what the GitHub token may do and what it lacks for which stage, clock, stores, terminal."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from keyless.errors import KeylessError, TryLater
from keyless.journeys.desk import Desk
from keyless.model.github import Repository, Viewer
from keyless.model.index import Index
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.surveying.repository import find_repository
from keyless.surveying.stores import read_stores

_WELL_KNOWN = "pip"  # a project that both indexes have had for ever; asking for it says whether they answer


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `stage` is what it is needed for.

    `state`: "good", "lacking" (to be mended), "unreachable" (a service that does not answer now) or "unknown".
    """

    what: str
    state: str
    says: str
    stage: str
    mend: str = ""


async def examine(desk: Desk, repository: Repository | None) -> tuple[Finding, ...]:
    """Return what was found, most basic first."""
    found = [*_here(desk), *await asyncio.gather(*(_index(desk, index) for index in Index))]
    try:
        viewer = await desk.github.viewer()
    except KeylessError as error:
        return (*found, Finding("GitHub", _state(error), error.what, "everything but a folder's scan", error.hint))
    found.append(Finding("GitHub", "good", f"signed in as {viewer.login}", "everything but a folder's scan"))
    found.append(_scopes(viewer))
    if repository is not None:
        found += await _repository(desk, repository)
    return tuple(found)


def _here(desk: Desk) -> list[Finding]:
    terminal = desk.last.interactive
    return [
        Finding("services", "good", desk.addresses.realm.value, "all"),
        Finding("state folder", "good", str(desk.state), "journal, backups, receipts"),
        Finding("clock", "good", f"{desk.clock.now():%Y-%m-%d %H:%M:%S} UTC", "leases"),
        Finding(
            "terminal",
            "good" if terminal else "unknown",
            "a person can be asked" if terminal else "nobody can be asked; flags or a playbook have to answer",
            "the wizard",
        ),
    ]


async def _index(desk: Desk, index: Index) -> Finding:
    match await desk.indexes[index].versions(_WELL_KNOWN):
        case Unreadable(because=because):
            mend = "Try again later, or look at the proxy settings."
            return Finding(index.label, "unreachable", because, "proofs", mend)
        case _:
            return Finding(index.label, "good", "answers", "proofs")


def _scopes(viewer: Viewer) -> Finding:
    what, stage = "GitHub token", "changing workflows, removing secrets"
    if viewer.scopes is None:
        return Finding(what, "unknown", "fine-grained: it does not list its permissions", stage)
    lacking = [scope for scope in ("repo", "workflow") if scope not in viewer.scopes]
    if lacking:
        mend = "gh auth refresh -s " + ",".join(lacking)
        return Finding(what, "lacking", f"lacks the scope {', '.join(lacking)}", stage, mend)
    organisation = "" if "admin:org" in viewer.scopes else "; organisation secrets need admin:org as well"
    return Finding(what, "good", f"scopes {', '.join(viewer.scopes)}{organisation}", stage)


async def _repository(desk: Desk, repository: Repository) -> list[Finding]:
    try:
        facts = await find_repository(desk.github, repository)
    except KeylessError as error:
        return [Finding(str(repository), _state(error), error.what, "everything", error.hint)]
    found = [
        Finding(
            str(repository),
            "good" if facts.admin else "lacking",
            "you are an administrator" if facts.admin else "you are no administrator",
            "removing secrets",
            "" if facts.admin else "Ask an administrator of the repository to run keyless.",
        )
    ]
    environments = await desk.github.environments(repository)
    stores = await read_stores(desk.github, facts, environments)
    return found + [_store(str(reading.store), reading.entries) for reading in stores]


def _state(error: KeylessError) -> str:
    return "unreachable" if isinstance(error, TryLater) else "lacking"


def _store(name: str, entries: Reading[tuple[object, ...]]) -> Finding:
    match entries:
        case Found(value):
            return Finding(f"secrets of {name}", "good", f"readable, {len(value)} entries", "survey, removal")
        case Unreadable(because=because, permission=permission):
            mend = f"Give the token '{permission}'." if permission else ""
            return Finding(f"secrets of {name}", "lacking", because, "survey, removal", mend)
        case Missing(what):
            return Finding(f"secrets of {name}", "unknown", what, "survey, removal")
