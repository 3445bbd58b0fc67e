"""Released files of one index: their rows, their bytes, their provenance."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from datetime import datetime

from keyless.model.index import Index, normalise
from keyless.rehearsal.index.accounts import project
from keyless.rehearsal.index.documents import Refused, kind, remember, stamp, text_of
from keyless.rehearsal.store import Document, Store


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file on its way in. `publisher` is the row's id when a minted token brought it, `user` when a person's did."""

    project: str
    version: str
    filename: str
    content: bytes
    filetype: str
    python_version: str
    user: str | None = None
    publisher: str | None = None
    token: str | None = None
    requires_python: str | None = None
    summary: str | None = None


def digests(content_: bytes) -> dict[str, str]:
    """Return the three digests that PyPI keeps, in hexadecimal."""
    return {
        "md5": hashlib.md5(content_, usedforsecurity=False).hexdigest(),
        "sha256": hashlib.sha256(content_).hexdigest(),
        "blake2_256": hashlib.blake2b(content_, digest_size=32).hexdigest(),
    }


def keep(
    store: Store, index: Index, new: NewFile, *, provenance: Document | None, at: datetime | None = None
) -> Document:
    """Write a file's row, bytes and provenance; return the row. All checks were made before."""
    sums = digests(new.content)
    name = normalise(new.project)
    wheel_metadata = _wheel_metadata(new) if new.filename.endswith(".whl") else None
    row: Document = {
        "project": name,
        "version": new.version,
        "filename": new.filename,
        "filetype": new.filetype,
        "python_version": new.python_version,
        "requires_python": new.requires_python,
        "summary": new.summary,
        "size": len(new.content),
        **sums,
        "path": f"{sums['blake2_256'][:2]}/{sums['blake2_256'][2:4]}/{sums['blake2_256'][4:]}/{new.filename}",
        "metadata_sha256": hashlib.sha256(wheel_metadata).hexdigest() if wheel_metadata else None,
        "uploaded_at": text_of(at) if at else stamp(store),
        "user": new.user,
        "publisher": new.publisher,
        "token": new.token,
        "trusted": new.publisher is not None,
        "has_provenance": provenance is not None,
        "yanked": False,
        "yanked_reason": None,
    }
    with store.transaction():
        store.put(kind(index, "file"), f"{name}/{new.filename}", row)
        _keep_bytes(store, index, row["path"], new.content)
        if wheel_metadata:
            _keep_bytes(store, index, f"{row['path']}.metadata", wheel_metadata)
        if provenance is not None:
            store.put(kind(index, "provenance"), f"{name}/{new.filename}", provenance)
        by = new.user or "a trusted publisher"
        remember(store, index, name, "File added", file=new.filename, version=new.version, by=by)
    return row


def _keep_bytes(store: Store, index: Index, path: str, body: bytes) -> None:
    store.put(kind(index, "content"), path, {"base64": base64.b64encode(body).decode()})


def _wheel_metadata(new: NewFile) -> bytes | None:
    try:
        with zipfile.ZipFile(io.BytesIO(new.content)) as archive:
            info = "-".join(new.filename.split("-", 2)[:2]) + ".dist-info"
            return archive.read(f"{info}/METADATA")
    except (zipfile.BadZipFile, KeyError):
        return None


def publish_file(
    store: Store,
    index: Index,
    project_name: str,
    artefact: tuple[str, bytes],
    *,
    user: str | None = None,
    publisher: str | None = None,
    provenance: Document | None = None,
    at: datetime | None = None,
) -> Document:
    """Put a file (name and bytes) on the index without an upload, for a world's past; return its row.

    `user` or `publisher` (an id) says who is supposed to have uploaded it, `at` (UTC) when. The version is read from the
    file's name. Raises Refused when the project does not exist or the file does.
    """
    filename, body = artefact
    held = project(store, index, project_name)
    if held is None:
        raise Refused(f"{index.label} has no project {project_name}")
    if file(store, index, project_name, filename) is not None:
        raise Refused(f"File already exists ({filename!r})")
    is_wheel = filename.endswith(".whl")
    version = filename.split("-")[1] if is_wheel else re.sub(r"\.tar\.gz$|\.zip$", "", filename).rpartition("-")[2]
    new = NewFile(
        held["normalised"],
        version,
        filename,
        body,
        "bdist_wheel" if is_wheel else "sdist",
        "py3" if is_wheel else "source",
        user=user,
        publisher=publisher,
    )
    return keep(store, index, new, provenance=provenance, at=at)


def file(store: Store, index: Index, project_name: str, filename: str) -> Document | None:
    """Return a file's row, or None."""
    return store.get(kind(index, "file"), f"{normalise(project_name)}/{filename}")


def files(store: Store, index: Index, project_name: str) -> list[Document]:
    """Return a project's files, oldest upload first."""
    rows = [row for _, row in store.all(kind(index, "file"), f"{normalise(project_name)}/")]
    return sorted(rows, key=lambda row: (row["uploaded_at"], row["filename"]))


def same_file(store: Store, index: Index, filename: str, blake2_256: str) -> Document | None:
    """Return the file of any project that has this name or these bytes, or None."""
    rows = (row for _, row in store.all(kind(index, "file")))
    return next((row for row in rows if row["filename"] == filename or row["blake2_256"] == blake2_256), None)


def content(store: Store, index: Index, path: str) -> bytes | None:
    """Return a file's bytes by its path below /packages/, or None."""
    kept = store.get(kind(index, "content"), path)
    return None if kept is None else base64.b64decode(kept["base64"])


def provenance_of(store: Store, index: Index, row: Document) -> Document | None:
    """Return a file's provenance, or None."""
    return store.get(kind(index, "provenance"), f"{row['project']}/{row['filename']}")


def set_provenance(store: Store, index: Index, project_name: str, filename: str, provenance: Document | None) -> None:
    """Replace a file's provenance, or take it away (None): what an index that was tampered with would show."""
    row = file(store, index, project_name, filename)
    if row is None:
        raise KeyError(filename)
    key = f"{row['project']}/{filename}"
    with store.transaction():
        store.put(kind(index, "file"), key, {**row, "has_provenance": provenance is not None})
        if provenance is None:
            store.delete(kind(index, "provenance"), key)
        else:
            store.put(kind(index, "provenance"), key, provenance)


def yank(store: Store, index: Index, project_name: str, version: str, reason: str = "") -> None:
    """Yank every file of a release."""
    with store.transaction():
        for row in files(store, index, project_name):
            if row["version"] == version:
                changed = {**row, "yanked": True, "yanked_reason": reason or None}
                store.put(kind(index, "file"), f"{row['project']}/{row['filename']}", changed)
