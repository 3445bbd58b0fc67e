"""The way back of `keyless fix`: what files held before, kept apart from the checkout until it is used.

One file per fix in a folder per checkout, named by the SHA-256 of its own bytes, so that damage shows before anything is
believed. A file is only put back while its present bytes are those that the fix left, so nothing of later is lost.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from keyless import files
from keyless.errors import StalePlan
from keyless.files import FileRefused
from keyless.model.workflow import FileChange

FORMAT: Final = 1
_LIMIT: Final = 64 * 1024 * 1024
_NAME: Final = re.compile(r"(?P<number>\d{6})-(?P<digest>[0-9a-f]{64})\.json")
_HINT: Final = "The checkout's own history has the old files: see `git diff` and `git checkout`."


@dataclass(frozen=True, slots=True)
class Kept:
    """What one file held before a fix, and the SHA-256 of what the fix left."""

    path: str
    before: bytes
    after_sha256: str


@dataclass(frozen=True, slots=True)
class Inverse:
    """The way back of one fix; `name` is its file. `made_at` is UTC, ISO 8601."""

    name: str
    made_at: str
    kept: tuple[Kept, ...]


class Inverses:
    """The ways back of one checkout. `folder` is keyless's own state folder."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._root = os.path.realpath(root)
        place = hashlib.sha256(os.fsencode(self._root)).hexdigest()[:32]
        self._folder = folder / "fixes" / place

    def keep(self, changes: Sequence[FileChange], now: datetime) -> str:
        """Keep the way back of these changes, durably, before they are made; return its name."""
        kept = [
            {
                "path": change.path,
                "before": base64.b64encode(change.before).decode(),
                "after_sha256": _digest(change.after),
            }
            for change in changes
        ]
        body = {"format": FORMAT, "root": self._root, "made_at": now.isoformat(), "kept": kept}
        data = json.dumps(body, ensure_ascii=True, sort_keys=True).encode()
        number = max((int(match["number"]) for match in self._names()), default=0) + 1
        name = f"{number:06}-{_digest(data)}.json"
        with files.folder(self._folder) as handle:
            files.write(handle, name, data, replace=False)
        return name

    def newest(self) -> Inverse | None:
        """Return the way back of the last fix, None where there is none. Raises FileRefused for a damaged one."""
        names = sorted(match[0] for match in self._names())
        return self._read(names[-1]) if names else None

    def drop(self, name: str) -> None:
        """Forget a way back that was used, or that never became needed."""
        with files.folder(self._folder) as handle, suppress(FileNotFoundError):
            os.unlink(name, dir_fd=handle)

    def _names(self) -> Iterator[re.Match[str]]:
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            match = _NAME.fullmatch(path.name)
            if match:
                yield match

    def _read(self, name: str) -> Inverse:
        with files.folder(self._folder, create=False) as handle:
            data = files.read(name, limit=_LIMIT, within=handle)
        if _digest(data) != name.partition("-")[2].removesuffix(".json"):
            raise FileRefused(f"The way back {name} is damaged.", hint=_HINT)
        try:
            body = json.loads(data)
            if body["format"] != FORMAT:
                raise FileRefused("The way back was written by another version of keyless.", hint=_HINT)
            kept = tuple(
                Kept(str(one["path"]), base64.b64decode(one["before"], validate=True), str(one["after_sha256"]))
                for one in body["kept"]
            )
            if body["root"] != self._root:
                raise FileRefused("The way back is another checkout's.", hint=_HINT)
            return Inverse(name, str(body["made_at"]), kept)
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise FileRefused(f"The way back {name} is not what keyless writes.", hint=_HINT) from error


def restored(root: Path, inverse: Inverse) -> tuple[FileChange, ...]:
    """Return the changes that put back what the files held; a file that holds it already needs none.

    Raises StalePlan where a file is neither as the fix left it nor as it was before.
    """
    return tuple(change for kept in inverse.kept if (change := _back(root, kept)) is not None)


def _back(root: Path, kept: Kept) -> FileChange | None:
    try:
        present = files.read(root / kept.path, limit=_LIMIT)
    except FileRefused as error:
        raise StalePlan(f"{kept.path} cannot be read any more.", hint=_HINT) from error
    if present == kept.before:
        return None
    if _digest(present) != kept.after_sha256:
        raise StalePlan(f"{kept.path} was changed after the fix, so nothing is put back.", hint=_HINT)
    return FileChange(kept.path, present, kept.before)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
