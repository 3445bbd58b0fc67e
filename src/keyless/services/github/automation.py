"""The workflow and action files of a repository at a commit: each distinct folder and file is read once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from keyless.model.github import Repository, SourceFile
from keyless.model.reading import Found, Reading, Unreadable
from keyless.services.github import answers
from keyless.services.github.batches import Batches
from keyless.services.github.objects import Objects, blob_id, entry_of, is_file
from keyless.services.github.wire import Wire

_FOLDER = ".github"
_FOLDERS = ("workflows/", "actions/")


class Automation(Objects, Batches):
    """Reads `.github`. Branches mostly share it, so its id is asked for first, of all listed branches at once."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self._listed: dict[Repository, tuple[str, ...]] = {}
        self._folders: dict[str, str | None] = {}
        self._looking_ahead = asyncio.Lock()
        self._reading: dict[str, asyncio.Lock] = {}

    async def automation(self, repository: Repository, commit: str) -> Reading[tuple[SourceFile, ...]]:
        """Return the files under .github/workflows and .github/actions at `commit`, by path."""
        what = f"workflows of {repository} at {commit[:12]}"
        folder = await self._folder(repository, commit, what)
        if isinstance(folder, Unreadable):
            return folder
        if folder.value is None:
            return Found(())
        async with self._reading.setdefault(folder.value, asyncio.Lock()):
            return await self._files(repository, folder.value, what)

    async def _folder(self, repository: Repository, commit: str, what: str) -> Found[str | None] | Unreadable:
        """Return the id of the commit's `.github`, None when it has none."""
        async with self._looking_ahead:
            await self._look_ahead(repository, commit)
        if commit in self._folders:
            return Found(self._folders[commit])
        root = await self._tree(repository, commit, what)
        if isinstance(root, Unreadable):
            return root
        entry = entry_of(root.value, _FOLDER)
        self._folders[commit] = entry.sha if entry is not None and entry.type == "tree" else None
        return Found(self._folders[commit])

    async def _look_ahead(self, repository: Repository, commit: str) -> None:
        """Ask for `.github` of all listed branches, when this commit is one of several that are not known yet."""
        unknown = [each for each in self._listed.get(repository, ()) if each not in self._folders]
        if commit in unknown and len(unknown) > 1:
            # These commits were just listed, so "nothing there" means no such folder and not a commit unseen.
            self._folders.update(await self._folder_ids(repository, unknown, _FOLDER))

    async def _files(self, repository: Repository, folder: str, what: str) -> Reading[tuple[SourceFile, ...]]:
        tree = await self._tree(repository, folder, what, recursive=True)
        if isinstance(tree, Unreadable):
            return tree
        if tree.value.truncated:
            return Unreadable(what, "GitHub cuts the list of files: there are too many")
        wanted = sorted(
            (entry for entry in tree.value.tree if entry.path.startswith(_FOLDERS) and is_file(entry)),
            key=lambda entry: entry.path,
        )
        await self._read_together(repository, wanted)
        files: list[SourceFile] = []
        for entry in wanted:
            blob = await self._blob(repository, entry.sha, what)
            if isinstance(blob, Unreadable):
                return blob
            files.append(SourceFile(f"{_FOLDER}/{entry.path}", blob.value, entry.sha))
        return Found(tuple(files))

    async def _read_together(self, repository: Repository, entries: Sequence[answers.TreeEntry]) -> None:
        """Read what is not known yet in one request; text that is not the blob's bytes is left for `_blob`."""
        unknown = list(dict.fromkeys(entry.sha for entry in entries if entry.sha not in self._blobs))
        if len(unknown) > 1:
            texts = await self._texts(repository, unknown)
            self._blobs.update({sha: text for sha, text in texts.items() if sha in unknown and blob_id(text) == sha})
