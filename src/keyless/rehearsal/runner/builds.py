"""Which project a folder of a repository holds, and in which version it would be built."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

_TAGGED = re.compile(r"^refs/tags/(?:[A-Za-z][\w.-]*?[-_/@=]+)?v?(?P<version>\d+(?:\.\d+)*\S*)$")


class NoProject(LookupError):
    """There is no pyproject.toml with a name and a version that could be built."""


@dataclass(frozen=True, slots=True)
class Project:
    """A project as its pyproject.toml gives it; `folder` is "" for the root."""

    name: str
    version: str
    folder: str


def projects(files: Mapping[str, bytes]) -> dict[str, str | None]:
    """Return the folders below which a project lies, and each one's name where its pyproject.toml has one."""
    found: dict[str, str | None] = {}
    for path in sorted(files):
        folder, _, name = path.rpartition("/")
        if name == "pyproject.toml":
            found[folder] = _table(files[path]).get("name")
    return found


def project_in(files: Mapping[str, bytes], folder: str, ref: str, run_id: int) -> Project:
    """Return the project in `folder` with its version. Raises NoProject.

    The version is the one that stands in pyproject.toml; if that is dynamic, the tag's; off a tag, the text of a file
    `version` beside it; and failing that a development version that no other run has.
    """
    path = f"{folder}/pyproject.toml".lstrip("/")
    table = _table(files.get(path, b""))
    name = table.get("name")
    if name is None:
        raise NoProject(f"{path} names no project")
    version = table.get("version") or _version_of(files, folder, ref) or f"0.0.dev{run_id}"
    return Project(name, version, folder)


def _version_of(files: Mapping[str, bytes], folder: str, ref: str) -> str | None:
    tagged = _TAGGED.match(ref)
    if tagged:
        return tagged.group("version")
    for name in ("version", "VERSION", "version.txt"):
        content = files.get(f"{folder}/{name}".lstrip("/"))
        if content is not None:
            return content.decode().strip()
    return None


def _table(content: bytes) -> dict[str, str]:
    try:
        document = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}
    table = document.get("project") or document.get("tool", {}).get("poetry") or {}
    return {key: table[key] for key in ("name", "version") if isinstance(table.get(key), str)}
