"""Answers as a playbook that gives them again. Never a secret: where one was given, a comment says that a source is due."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from keyless.errors import UsageError
from keyless.model.github import Repository
from keyless.model.plan import Phase
from keyless.model.realm import Realm
from keyless.operators.question import Answer, Question
from keyless.operators.questions import question
from keyless.operators.script import ANY
from keyless.operators.values import SOURCES
from keyless.playbooks.schema import VERSION
from keyless.secret import Secret


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered for one repository (by question, then by name), and which questions with a secret."""

    repository: Repository
    answers: Mapping[str, Mapping[str, Answer]]
    secrets: Sequence[Question] = ()


def playbook_text(phase: Phase, realm: Realm, answered: Sequence[Answered]) -> str:
    """Return the playbook that gives these answers."""
    return "\n".join(_lines(phase, realm, answered)) + "\n"


def refuse_existing(path: Path) -> None:
    """Raise UsageError when there is something already where a playbook is to be written."""
    if os.path.lexists(path):
        raise _there(path)


def _there(path: Path) -> UsageError:
    return UsageError(f"{path} is there already.", hint="Name a new file, or move that one away.")


def save_playbook(path: Path, text: str) -> None:
    """Write a new file. Raises UsageError when it is there already or cannot be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise _there(path) from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _lines(phase: Phase, realm: Realm, answered: Sequence[Answered]) -> Iterator[str]:
    yield "# Answers given to keyless. 'keyless playbook check' reads it, 'keyless playbook run' does it."
    yield f"version: {VERSION}"
    yield f"services: {realm.value}"
    yield f"command: {phase.value}"
    yield "repositories:"
    for one in answered:
        yield f"  - repository: {_scalar(str(one.repository))}"
        yield "    answers:" if one.answers else "    answers: {}"
        for identifier, names in one.answers.items():
            yield from _answer(question(identifier).key, names)
        for row in one.secrets:
            yield f"      # {row.key}: where to read it from ({SOURCES}); never the secret itself"


def _answer(key: str, names: Mapping[str, Answer]) -> Iterator[str]:
    if set(names) == {ANY}:
        yield f"      {key}: {_value(names[ANY])}"
        return
    yield f"      {key}:"
    for name, value in names.items():
        yield f"        {_scalar(name)}: {_value(value)}"


def _value(value: Answer) -> str:
    match value:
        case Secret():
            raise TypeError("a secret is never written into a playbook")
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _scalar(value)
        case _:
            return f"[{', '.join(map(_scalar, value))}]"


def _scalar(text: str) -> str:
    """Return a double-quoted scalar on one line, which no reader takes for anything but text."""
    return str(yaml.safe_dump(text, default_style='"', width=10**9, allow_unicode=False)).rstrip("\n")
