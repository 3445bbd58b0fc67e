"""From a playbook file to answers by repository. Everything wrong in it is named by line and column; nothing is run."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from keyless.errors import UsageError
from keyless.model.github import Repository
from keyless.model.plan import Phase
from keyless.model.realm import Realm
from keyless.model.text import clean
from keyless.operators.question import Kind, Question
from keyless.operators.questions import questions_of
from keyless.operators.script import Given
from keyless.playbooks.schema import VERSION, named, playbook_adapter
from keyless.playbooks.yaml import MOST_BYTES, Document, PlaybookRefused, Where, read_yaml

_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class PlaybookEntry:
    """One repository and its answers: its own ones, and the defaults for questions that it does not answer."""

    repository: Repository
    given: Given


@dataclass(frozen=True, slots=True)
class Playbook:
    """A playbook that was read and found right."""

    name: str
    realm: Realm
    phase: Phase
    entries: tuple[PlaybookEntry, ...]

    def for_realm(self, realm: Realm) -> Playbook:
        """Return it, or raise PlaybookRefused when it is for other services than this run's."""
        if self.realm is not realm:
            how = "with --rehearsal FOLDER" if self.realm is Realm.REHEARSAL else "without --rehearsal"
            raise PlaybookRefused(
                f"{clean(self.name)} is for the {self.realm.value} services, and this run talks to the {realm.value} ones.",
                hint=f"Run it {how}, or change 'services' in it if that is what you want.",
            )
        return self


def load_playbook(path: Path) -> Playbook:
    """Read a file. Raises UsageError when it cannot be read, PlaybookRefused when it is not right."""
    try:
        if not path.is_file():
            raise UsageError(f"There is no file {path}.")
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
        folder = path.resolve().parent
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    return parse_playbook(str(path), content, folder)


def parse_playbook(name: str, content: bytes, folder: Path) -> Playbook:
    """Return the playbook in `content`; paths in it are relative to `folder` and cannot leave it."""
    document = read_yaml(name, content)
    _check_version(document)
    try:
        model: BaseModel = playbook_adapter().validate_python(document.data)
    except ValidationError as error:
        raise _everything_wrong(document, error) from None
    written: dict[str, Any] = model.model_dump(by_alias=True, exclude_unset=True)
    phase = Phase(written["command"])
    reader = _Reader(document, phase, folder.resolve())
    return Playbook(name, Realm(written["services"]), phase, tuple(reader.entries(written)))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Turns validated data into answers."""

    document: Document
    phase: Phase
    folder: Path

    def entries(self, written: Mapping[str, Any]) -> Iterator[PlaybookEntry]:
        defaults = self._given(written.get("defaults", {}), ("defaults",))
        seen: dict[str, str] = {}
        for number, entry in enumerate(written["repositories"]):
            text: str = entry["repository"]
            where: Where = ("repositories", number, "repository")
            if text.lower() in seen:
                raise self.document.refuse(where, f"{text} is there twice.", "Write all its answers in one place.")
            seen[text.lower()] = text
            own = self._given(entry.get("answers", {}), ("repositories", number, "answers"))
            owner, _, name = text.partition("/")
            yield PlaybookEntry(Repository(owner, name), {**defaults, **own})

    def _given(self, answers: Mapping[str, object], where: Where) -> dict[str, dict[str, object]]:
        rows = {row.key: row for row in questions_of(self.phase)}
        return {
            rows[key].identifier: {
                name: self._inside(rows[key], raw, (*where, key)) for name, raw in named(rows[key], value).items()
            }
            for key, value in answers.items()
        }

    def _inside(self, question: Question, raw: object, where: Where) -> object:
        """Return `raw`; a path in it as an absolute one, refused when it lies outside the playbook's folder."""
        if not isinstance(raw, str):
            return raw
        if question.kind is Kind.PATH:
            return str(self._path(raw, where))
        if question.kind is Kind.SECRET and raw.startswith("file:"):
            return f"file:{self._path(raw.removeprefix('file:'), where)}"
        return raw

    def _path(self, text: str, where: Where) -> Path:
        try:
            path = (self.folder / text).resolve()
        except (OSError, ValueError, RuntimeError):
            path = Path("/")
        if Path(text).is_absolute() or not path.is_relative_to(self.folder):
            raise self.document.refuse(
                where, f"the path '{clean(text)}' leaves the playbook's folder.", "Paths are relative to the playbook."
            )
        return path


def _check_version(document: Document) -> None:
    """An unknown version is refused before anything else is looked at (S10)."""
    version = document.data.get("version") if isinstance(document.data, dict) else None
    if isinstance(document.data, dict) and version is None:
        raise document.refuse((), f"'version: {VERSION}' is missing.")
    if isinstance(document.data, dict) and (version != VERSION or isinstance(version, bool)):
        raise document.refuse(
            ("version",),
            f"its version is {clean(str(version))}; this keyless reads version {VERSION}.",
            "Use the keyless that wrote it, or a newer one.",
        )


def _everything_wrong(document: Document, error: ValidationError) -> PlaybookRefused:
    found = [_one_wrong(document, details) for details in error.errors(include_url=False, include_input=False)]
    found.sort(key=lambda refusal: refusal[0])
    lines = [text for _, text in found[:_MOST_SHOWN]]
    if len(found) > _MOST_SHOWN:
        lines.append(f"and {len(found) - _MOST_SHOWN} more.")
    return PlaybookRefused("\n".join(lines), hint="'keyless playbook schema' prints what a playbook may hold.")


def _one_wrong(document: Document, details: ErrorDetails) -> tuple[tuple[int, int], str]:
    location = details["loc"]
    where: Where = location[1:] if location and location[0] in {phase.value for phase in Phase} else location
    context = details.get("ctx", {})
    if context.get("name"):
        where = (*where, context["name"])
    refusal = document.refuse(where, _says(details, where))
    at = next(document.places[where[:n]] for n in range(len(where), -1, -1) if where[:n] in document.places)
    return (at.line, at.column), refusal.what


def _says(details: ErrorDetails, where: Where) -> str:
    key = clean(str(where[-1])) if where else "the playbook"
    match details["type"]:
        case "extra_forbidden":
            return f"the key '{key}' is unknown{_meant(key)}."
        case "missing":
            return f"the key '{key}' is missing."
        case "union_tag_not_found":
            return "the key 'command' is missing."
        case "union_tag_invalid":
            return f"'command' has to be one of {', '.join(phase.value for phase in Phase)}."
        case _:
            message = details["msg"]
            return f"'{key}': {message[0].lower()}{message[1:]}."


def _meant(key: str) -> str:
    known = {row.key for phase in Phase for row in questions_of(phase)}
    close = difflib.get_close_matches(key, known | {"defaults", "repositories", "services", "answers"}, n=1)
    return f"; did you mean '{close[0]}'" if close else ""
