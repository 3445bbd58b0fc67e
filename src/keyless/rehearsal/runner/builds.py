"""Tiny, real distributions: a wheel and an sdist of a project, the same bytes for the same commit and version."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

from keyless.model.index import normalise

_EPOCH = (2020, 2, 2, 0, 0, 0)
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


def wheel(project: Project, commit: str) -> tuple[str, bytes]:
    """Return a wheel's file name and bytes."""
    module = normalise(project.name).replace("-", "_")
    info = f"{module}-{project.version}.dist-info"
    members = {
        f"{module}/__init__.py": _module(project, commit),
        f"{info}/METADATA": _metadata(project),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: rehearsal\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{path},sha256={_digest(content)},{len(content)}" for path, content in members.items()]
    members[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,", ""]).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), content)
    return f"{module}-{project.version}-py3-none-any.whl", buffer.getvalue()


def sdist(project: Project, commit: str) -> tuple[str, bytes]:
    """Return an sdist's file name and bytes."""
    module = normalise(project.name).replace("-", "_")
    stem = f"{module}-{project.version}"
    members = {
        "PKG-INFO": _metadata(project),
        "pyproject.toml": f'[project]\nname = "{project.name}"\nversion = "{project.version}"\n'.encode(),
        f"{module}/__init__.py": _module(project, commit),
    }
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path, content in members.items():
            entry = tarfile.TarInfo(f"{stem}/{path}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return f"{stem}.tar.gz", buffer.getvalue()


def _metadata(project: Project) -> bytes:
    return (
        f"Metadata-Version: 2.1\nName: {project.name}\nVersion: {project.version}\n"
        "Summary: Made in a rehearsal\nRequires-Python: >=3.9\n\nMade in a rehearsal.\n"
    ).encode()


def _module(project: Project, commit: str) -> bytes:
    return f'__version__ = "{project.version}"\n__commit__ = "{commit}"\n'.encode()


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
