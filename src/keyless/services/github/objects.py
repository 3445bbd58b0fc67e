"""Files at a commit, read as git objects: exact bytes, each tree and each blob once."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
from collections.abc import Sequence

from keyless.model.github import Repository, SourceFile
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.services.github import answers
from keyless.services.github.paths import part, repository_path
from keyless.services.github.wire import Topic, Wire

_SYMBOLIC_LINK = "120000"


class Objects(Topic):
    """Reads trees and blobs. A tree or blob is named by its content, so what was read once is kept."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self._trees: dict[tuple[str, bool], answers.Tree] = {}
        self._blobs: dict[str, bytes] = {}

    async def files(self, repository: Repository, commit: str, paths: Sequence[str]) -> tuple[Reading[SourceFile], ...]:
        """Return named files at `commit`, in the order asked for. Missing: it is not there at that commit."""
        return tuple(await asyncio.gather(*(self._file(repository, commit, path) for path in paths)))

    async def _file(self, repository: Repository, commit: str, path: str) -> Reading[SourceFile]:
        what = f"{path} of {repository} at {commit[:12]}"
        *folders, name = [piece for piece in path.split("/") if piece not in ("", ".")] or [""]
        sha = commit
        for folder in folders:
            entry = await self._entry_of(repository, sha, folder, what)
            if not isinstance(entry, Found):
                return entry
            if entry.value.type != "tree":
                return Missing(what)
            sha = entry.value.sha
        entry = await self._entry_of(repository, sha, name, what)
        if not isinstance(entry, Found):
            return entry
        if not is_file(entry.value):
            return Unreadable(what, "it is not a plain file")
        blob = await self._blob(repository, entry.value.sha, what)
        return blob if isinstance(blob, Unreadable) else Found(SourceFile(path, blob.value, entry.value.sha))

    async def _entry_of(self, repository: Repository, sha: str, name: str, what: str) -> Reading[answers.TreeEntry]:
        tree = await self._tree(repository, sha, what)
        if isinstance(tree, Unreadable):
            return tree
        entry = entry_of(tree.value, name)
        if entry is None:
            return Unreadable(what, "GitHub cuts the list of files") if tree.value.truncated else Missing(what)
        return Found(entry)

    async def _tree(
        self, repository: Repository, sha: str, what: str, *, recursive: bool = False
    ) -> Found[answers.Tree] | Unreadable:
        kept = self._trees.get((sha, recursive))
        if kept is not None:
            return Found(kept)
        path = f"{repository_path(repository)}/git/trees/{part(sha)}"
        reading = await self._wire.read(path, answers.Tree, what, {"recursive": 1} if recursive else None)
        if isinstance(reading, Found):
            self._trees[sha, recursive] = reading.value
        return reading

    async def _blob(self, repository: Repository, sha: str, what: str) -> Found[bytes] | Unreadable:
        kept = self._blobs.get(sha)
        if kept is not None:
            return Found(kept)
        path = f"{repository_path(repository)}/git/blobs/{part(sha)}"
        reading = await self._wire.read(path, answers.Blob, what)
        if isinstance(reading, Unreadable):
            return reading
        content = _content(reading.value)
        if content is None or blob_id(content) != sha:
            return Unreadable(what, "GitHub's answer is not the file that was asked for")
        self._blobs[sha] = content
        return Found(content)


def blob_id(content: bytes) -> str:
    """Return git's object id (SHA-1) of a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _content(blob: answers.Blob) -> bytes | None:
    if blob.encoding != "base64":
        return blob.content.encode() if blob.encoding == "utf-8" else None
    try:
        return base64.b64decode(blob.content)
    except binascii.Error:
        return None


def entry_of(tree: answers.Tree, name: str) -> answers.TreeEntry | None:
    """Return the line of a tree with this name."""
    return next((entry for entry in tree.tree if entry.path == name), None)


def is_file(entry: answers.TreeEntry) -> bool:
    """Whether it is a plain file, no link, folder or submodule."""
    return entry.type == "blob" and entry.mode != _SYMBOLIC_LINK
