"""What was signed: an in-toto statement about exactly one file. The checks after the signature (facts on sigstore)."""

from __future__ import annotations

import json
from typing import Final

from keyless.model.release import ReleaseFile

PREDICATES: Final = ("https://docs.pypi.org/attestations/publish/v1", "https://slsa.dev/provenance/v1")
_STATEMENT: Final = "https://in-toto.io/Statement/v1"
_PAYLOAD: Final = "application/vnd.in-toto+json"


def check(kind: str, payload: bytes, file: ReleaseFile) -> str:
    """Return the predicate type of a statement about `file`. Raises ValueError with what does not fit."""
    _check_kind(kind)
    statement = json.loads(payload)
    if not isinstance(statement, dict):
        raise ValueError("what was signed is no in-toto statement")  # noqa: TRY004  # one kind of refusal for all
    _check_type(statement.get("_type"))
    subject = _only(statement.get("subject"))
    _check_name(subject.get("name"), file)
    _check_digest(subject.get("digest"), file)
    predicate = str(statement.get("predicateType"))
    _check_predicate(predicate)
    return predicate


def _check_kind(kind: str) -> None:
    if kind != _PAYLOAD:
        raise ValueError(f"what was signed is no in-toto statement but {kind}")


def _check_type(kind: object) -> None:
    if kind != _STATEMENT:
        raise ValueError("what was signed is no in-toto statement of version 1")


def _only(subjects: object) -> dict[str, object]:
    if not isinstance(subjects, list) or len(subjects) != 1 or not isinstance(subjects[0], dict):
        raise ValueError("the statement is not about exactly one file")
    return subjects[0]


def _check_name(name: object, file: ReleaseFile) -> None:
    if not isinstance(name, str) or not name:
        raise ValueError("the statement does not name its file")
    if _parsed(name) != _parsed(file.filename):
        raise ValueError(f"the statement is about another file: {name}")


def _check_digest(digest: object, file: ReleaseFile) -> None:
    if not isinstance(digest, dict) or not file.sha256 or digest.get("sha256") != file.sha256.lower():
        raise ValueError("the statement is about other bytes: its sha256 differs")


def _check_predicate(predicate: str) -> None:
    if predicate not in PREDICATES:
        raise ValueError(f"the statement is of an unknown type: {predicate}")


def _parsed(filename: str) -> tuple[object, ...]:
    """Return name, version and tags in normal form, so that spellings of the same file are equal."""
    from packaging.utils import parse_sdist_filename, parse_wheel_filename

    return parse_wheel_filename(filename) if filename.endswith(".whl") else parse_sdist_filename(filename)
