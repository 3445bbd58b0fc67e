"""Git's objects with git's own ids (SHA-1 over type, length and content), kept for each repository."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from keyless.rehearsal.store import Document, Store

KIND = "github-object"
FILE, EXECUTABLE, FOLDER = "100644", "100755", "040000"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a tree: `mode` as git writes it with six digits, `sha` of a blob or of a tree."""

    mode: str
    sha: str

    @property
    def type(self) -> str:
        """Return "tree" or "blob"."""
        return "tree" if self.mode == FOLDER else "blob"


def object_id(kind: str, content: bytes) -> str:
    """Return git's id of an object."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content, usedforsecurity=False).hexdigest()


def _key(repository: int, sha: str) -> str:
    return f"{repository:010d}/{sha}"


def write_blob(store: Store, repository: int, content: bytes) -> str:
    """Keep a file's bytes; return the blob's id."""
    sha = object_id("blob", content)
    store.put(KIND, _key(repository, sha), {"type": "blob", "content": base64.b64encode(content).decode()})
    return sha


def read(store: Store, repository: int, sha: str) -> Document | None:
    """Return an object's document (`type` says what it is), or None."""
    return store.get(KIND, _key(repository, sha))


def read_blob(store: Store, repository: int, sha: str) -> bytes | None:
    """Return a blob's bytes, or None if there is no such blob."""
    found = read(store, repository, sha)
    return base64.b64decode(found["content"]) if found and found["type"] == "blob" else None


def read_tree(store: Store, repository: int, sha: str) -> dict[str, Entry] | None:
    """Return a tree's own lines in git's order, or None if there is no such tree."""
    found = read(store, repository, sha)
    if not found or found["type"] != "tree":
        return None
    return {name: Entry(mode, child) for name, mode, child in found["entries"]}


def walk(store: Store, repository: int, sha: str, under: str = "") -> dict[str, Entry]:
    """Return every path below a tree, folders included, as `git ls-tree -r -t` lists them."""
    paths: dict[str, Entry] = {}
    for name, entry in (read_tree(store, repository, sha) or {}).items():
        paths[under + name] = entry
        if entry.type == "tree":
            paths |= walk(store, repository, entry.sha, f"{under}{name}/")
    return paths


def files(store: Store, repository: int, sha: str) -> dict[str, Entry]:
    """Return the files below a tree by their path."""
    return {path: entry for path, entry in walk(store, repository, sha).items() if entry.type == "blob"}


def write_tree(store: Store, repository: int, listing: Mapping[str, Entry]) -> str:
    """Keep the trees that hold the files of `listing` (by path); return the id of the topmost."""
    here: dict[str, Entry] = {}
    below: dict[str, dict[str, Entry]] = {}
    for path, entry in listing.items():
        head, _, rest = path.partition("/")
        if rest:
            below.setdefault(head, {})[rest] = entry
        else:
            here[head] = entry
    here |= {name: Entry(FOLDER, write_tree(store, repository, inner)) for name, inner in below.items()}
    lines = sorted(here.items(), key=lambda line: line[0].encode() + (b"/" if line[1].type == "tree" else b""))
    content = b"".join(
        b"%s %s\0" % (entry.mode.lstrip("0").encode(), name.encode()) + bytes.fromhex(entry.sha)
        for name, entry in lines
    )
    sha = object_id("tree", content)
    entries = [[name, entry.mode, entry.sha] for name, entry in lines]
    store.put(KIND, _key(repository, sha), {"type": "tree", "entries": entries})
    return sha


@dataclass(frozen=True, slots=True)
class Person:
    """Who wrote a commit, as git records it."""

    name: str
    email: str


def write_commit(
    store: Store, repository: int, tree: str, parents: tuple[str, ...], message: str, *, by: Person, at: datetime
) -> str:
    """Keep a commit; return its id."""
    signed = f"{by.name} <{by.email}> {int(at.timestamp())} +0000"
    lines = [f"tree {tree}", *(f"parent {parent}" for parent in parents), f"author {signed}", f"committer {signed}"]
    sha = object_id("commit", ("\n".join(lines) + f"\n\n{message}").encode())
    document: Document = {
        "type": "commit",
        "tree": tree,
        "parents": list(parents),
        "message": message,
        "name": by.name,
        "email": by.email,
        "at": int(at.timestamp()),
    }
    store.put(KIND, _key(repository, sha), document)
    return sha


def read_commit(store: Store, repository: int, sha: str) -> Document | None:
    """Return a commit's document, or None if there is no such commit."""
    found = read(store, repository, sha)
    return found if found and found["type"] == "commit" else None


def ancestry(store: Store, repository: int, sha: str) -> list[str]:
    """Return a commit and all that came before it, newest first."""
    seen: dict[str, int] = {}
    waiting = [sha]
    while waiting:
        current = waiting.pop()
        found = None if current in seen else read_commit(store, repository, current)
        if found:
            seen[current] = found["at"]
            waiting.extend(found["parents"])
    order = list(seen)
    return sorted(order, key=lambda one: (-seen[one], order.index(one)))


def looks_like_sha(text: str) -> bool:
    """Say whether `text` is a full object id."""
    return re.fullmatch(r"[0-9a-f]{40}", text) is not None
