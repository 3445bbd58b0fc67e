"""Which secrets a migration would remove: those that uploads read, and those that an earlier move left behind."""

from __future__ import annotations

import re
from dataclasses import dataclass

from keyless.model.github import SecretEntry, Visibility
from keyless.model.index import Index
from keyless.model.reading import Found
from keyless.model.survey import Survey
from keyless.planning.uploads import uploads

_LOOKS_LIKE_PYPI = re.compile(r"PYPI|TWINE|UV_PUBLISH|FLIT_PASSWORD|HATCH_INDEX|PDM_PUBLISH|MATURIN", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A secret's entry that could go. `used`: an upload reads it; otherwise only its name speaks of PyPI.

    `key` names it in answers: the secret's name, with its store where the name alone is not enough. `indexes` are those
    that the uploads reading it serve; `uploads` the keys of these uploads.
    """

    key: str
    entry: SecretEntry
    used: bool
    holds_token: bool
    indexes: tuple[Index, ...]
    uploads: tuple[str, ...]


def candidates(survey: Survey) -> tuple[Candidate, ...]:
    """Return every entry in every readable store that an upload reads or whose name speaks of PyPI."""
    entries = _entries(survey)
    names = [entry.name.upper() for entry in entries]
    found = []
    for entry in entries:
        roles = _roles(survey, entry.name)
        if not roles and not _LOOKS_LIKE_PYPI.search(entry.name):
            continue
        serving = [u for u in uploads(survey.analysis) if entry.name.upper() in {s.upper() for s in u.step.secrets}]
        key = entry.name if names.count(entry.name.upper()) == 1 else f"{entry.name}@{store_key(entry)}"
        found.append(
            Candidate(
                key=key,
                entry=entry,
                used=bool(roles),
                holds_token=_holds_token(entry.name, roles),
                indexes=tuple(dict.fromkeys(u.index for u in serving)) or _index_of_name(entry.name),
                uploads=tuple(u.key for u in serving),
            )
        )
    return tuple(found)


def store_key(entry: SecretEntry) -> str:
    """Return the store as answers spell it: `repository`, `environment:pypi`, `organisation`, …"""
    environment = entry.store.environment
    return f"{entry.store.kind.value}:{environment}" if environment else entry.store.kind.value


def _entries(survey: Survey) -> list[SecretEntry]:
    entries = [e for reading in survey.stores if isinstance(reading.entries, Found) for e in reading.entries.value]
    return [entry for entry in entries if _seen_here(entry, survey)]


def _seen_here(entry: SecretEntry, survey: Survey) -> bool:
    """Whether an organisation's secret reaches this repository at all; those of other stores have no visibility."""
    match entry.visibility:
        case Visibility.SELECTED:
            return any(selected.id == survey.facts.id for selected in entry.selected)
        case Visibility.PRIVATE:
            return survey.facts.private
        case _:
            return True


def _roles(survey: Survey, name: str) -> set[str]:
    analyses = [survey.analysis]
    analyses += [b.analysis.value for b in survey.branches if isinstance(b.analysis, Found)]
    return {r.role for a in analyses for r in a.references if r.secret.upper() == name.upper()}


def _holds_token(name: str, roles: set[str]) -> bool:
    if roles:
        return roles != {"username"}
    return not re.search(r"USER(NAME)?$", name, re.IGNORECASE)


def _index_of_name(name: str) -> tuple[Index, ...]:
    """Guess the index of a leftover by its name; it is only what the token's card is compared with."""
    return (Index.TESTPYPI,) if re.search(r"TEST", name, re.IGNORECASE) else (Index.PYPI,)
