"""The upload form: what it must say, checked before anything is looked up, in warehouse's words (forklift/forms.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.metadata import InvalidMetadata, Metadata
from packaging.version import Version

from keyless.rehearsal.index.answers import Stop

EXTENSIONS = {"sdist": (".zip", ".tar.gz"), "bdist_wheel": (".whl",)}
_NAME = re.compile(r"^([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])\Z", re.IGNORECASE | re.ASCII)
_DIGEST = re.compile(r"^[A-F0-9]{64}$", re.IGNORECASE)
_SEE = "See https://packaging.python.org/specifications/core-metadata for more information."
_SEE_LOCAL = (
    "See https://packaging.python.org/en/latest/specifications/version-specifiers/#local-version-identifiers"
    " for more information."
)
_FIRST = ("metadata-version", "name", "version")
_METADATA_VERSIONS = {"1.0", "1.1", "1.2", "2.1", "2.2", "2.3", "2.4", "2.5"}
_RAW = ("metadata_version", "name", "version", "summary", "requires_python")


@dataclass(frozen=True, slots=True)
class Form:
    """A form that is complete in itself. `digests` are lower-case hexadecimal by name, those that were sent."""

    name: str
    version: Version
    filetype: str
    python_version: str
    digests: Mapping[str, str]
    requires_python: str | None
    summary: str | None


def read_form(fields: Mapping[str, str]) -> Form:
    """Return the form that these fields make. Raises Stop(400) with the first thing that is wrong."""
    if fields.get("protocol_version", "1") != "1":
        raise Stop(400, "Unknown protocol version.")
    errors = _errors(fields)
    if errors:
        field = next((name for name in _FIRST if name in errors), min(errors, key=str))
        raise Stop(400, _message(field, fields, errors[field]))
    metadata = _metadata(fields)
    python_version = fields.get("pyversion") or "source"
    digests = {name: fields.get(f"{name}_digest", "").lower() for name in ("md5", "sha256", "blake2_256")}
    return Form(
        fields["name"],
        metadata.version,
        fields["filetype"],
        python_version,
        {name: value for name, value in digests.items() if value},
        str(metadata.requires_python) if metadata.requires_python else None,
        metadata.summary,
    )


def _message(field: str, fields: Mapping[str, str], error: str) -> str:
    if field == "":
        return f"Error: {error}"
    if field != "name":
        return f"Invalid value for {field}. Error: {error}"
    value = fields.get("name", "")
    shown = f"{value[:30]}...{value[-30:]}" if len(value) > 60 else value
    return f"{shown!r} is an invalid value for Name. Error: {error} {_SEE}"


def _errors(fields: Mapping[str, str]) -> dict[str, str]:
    errors = {}
    name, filetype = fields.get("name", ""), fields.get("filetype", "")
    if not name:
        errors["name"] = "This field is required."
    elif not _NAME.match(name):
        errors["name"] = "Start and end with a letter or numeral containing only ASCII numeric and '.', '_' and '-'."
    if not filetype:
        errors["filetype"] = "This field is required."
    elif filetype not in EXTENSIONS:
        errors["filetype"] = "Use a known file type."
    for digest, kind in (("sha256_digest", "SHA256"), ("blake2_256_digest", "BLAKE2")):
        if fields.get(digest) and not _DIGEST.match(fields[digest]):
            errors[digest] = f"Use a valid, hex-encoded, {kind} message digest."
    return errors or _combined(fields)


def _combined(fields: Mapping[str, str]) -> dict[str, str]:
    """Check what only makes sense once every field is right by itself; the key "" is the form as a whole."""
    python_version = fields.get("pyversion", "")
    if fields["filetype"] != "sdist" and not python_version:
        return {"pyversion": "Python version is required for binary distribution uploads."}
    if fields["filetype"] == "sdist" and python_version not in ("", "source"):
        return {"pyversion": "Use 'source' as Python version for an sdist."}
    if not any(fields.get(f"{name}_digest") for name in ("md5", "sha256", "blake2_256")):
        return {"": "Include at least one message digest."}
    return {}


def _metadata(fields: Mapping[str, str]) -> Metadata:
    raw: dict[str, Any] = {name: fields[name] for name in _RAW if fields.get(name)}
    try:
        metadata = Metadata.from_raw(raw)  # type: ignore[arg-type]  # a TypedDict made of what was sent
        _extra_rules(metadata)
    except ExceptionGroup as group:
        by_field: dict[str, str] = {}
        for error in group.exceptions:
            if isinstance(error, InvalidMetadata):
                by_field.setdefault(error.field, str(error))
        field = next((name for name in _FIRST if name in by_field), min(by_field))
        text = by_field[field]
        see = _SEE_LOCAL if "use of local versions" in text else _SEE
        raise Stop(400, f"{text}{'' if text.endswith('.') else '.'} {see}") from None
    return metadata


def _extra_rules(metadata: Metadata) -> None:
    errors = []
    if metadata.metadata_version not in _METADATA_VERSIONS:
        version = metadata.metadata_version
        errors.append(InvalidMetadata("metadata-version", f"{version!r} is not a valid metadata version"))
    if metadata.version.local:
        text = f"The use of local versions in '{metadata.version}' is not allowed."
        errors.append(InvalidMetadata("version", text))
    if metadata.summary and len(metadata.summary) > 512:
        errors.append(InvalidMetadata("summary", "'summary' field must be 512 characters or less."))
    if errors:
        raise ExceptionGroup("invalid metadata", errors)
