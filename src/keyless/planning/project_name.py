"""The project's name as the repository's own metadata tells it, read without running anything."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Final

from keyless.model.github import SourceFile

_SETUP_CALL = re.compile(r"""\bname\s*=\s*["']([A-Za-z0-9][A-Za-z0-9._-]*)["']""")


def project_name(files: Iterable[SourceFile]) -> str | None:
    """Return the name from pyproject.toml, setup.cfg or setup.py (in this order), or None when none of them tells."""
    texts = {file.path: file.content.decode("utf-8", "replace") for file in files}
    for path, read in _READERS.items():
        name = read(texts[path]) if path in texts else None
        if name:
            return name
    return None


def project_folder(distributions: str | None) -> str:
    """Return where the project of a folder of distributions lies: `packages/core/dist` belongs to `packages/core/`."""
    inside = PurePosixPath(distributions or "dist").parent
    return "" if str(inside) == "." or inside.is_absolute() or ".." in inside.parts else f"{inside}/"


def _pyproject(text: str) -> str | None:
    import tomllib  # few scans of a folder come to it

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None
    tool = data.get("tool")
    tables = [data.get("project"), tool.get("poetry") if isinstance(tool, dict) else None]
    for table in tables:
        name = table.get("name") if isinstance(table, dict) else None
        if isinstance(name, str):
            return name
    return None


def _setup_cfg(text: str) -> str | None:
    import configparser

    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    return parser.get("metadata", "name", fallback=None)


def _setup_py(text: str) -> str | None:
    match = _SETUP_CALL.search(text)
    return match[1] if match else None


_READERS: Final = {"pyproject.toml": _pyproject, "setup.cfg": _setup_cfg, "setup.py": _setup_py}
METADATA: Final = tuple(_READERS)
"""The files that tell it, in the order in which they are believed."""
