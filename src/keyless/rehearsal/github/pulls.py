"""Pull requests: proposed, merged with a merge commit, closed."""

from __future__ import annotations

from keyless.rehearsal.github import moments, objects, repositories
from keyless.rehearsal.store import Document, Store

PULL = "github-pull"


class Unmergeable(Exception):
    """The pull request cannot be merged: it is closed, or both sides changed the same file."""


def create(
    store: Store, document: Document, *, head: str, base: str, title: str, body: str | None, by: str
) -> Document:
    """Create a pull request from branch `head` into `base` of the same repository; return its document."""
    with store.transaction():
        number = store.next_number(f"github-pull/{document['id']}")
        moment = moments.now(store)
        pull: Document = {
            "id": 90_000_000 + store.next_number("github-pull-id"),
            "number": number,
            "head": head,
            "base": base,
            "title": title,
            "body": body,
            "by": by,
            "state": "open",
            "merged_at": None,
            "merged_by": None,
            "closed_at": None,
            "merge_commit": None,
            "head_sha": repositories.reference(store, document["id"], f"refs/heads/{head}"),
            "base_sha": repositories.reference(store, document["id"], f"refs/heads/{base}"),
            "created_at": moment,
            "updated_at": moment,
        }
        _save(store, document, pull)
    return pull


def find(store: Store, document: Document, number: int) -> Document | None:
    """Return a pull request's document; the head of an open one is where its branch is now."""
    pull = store.get(PULL, f"{document['id']:010d}/{number:08d}")
    return _present(store, document, pull) if pull else None


def listed(store: Store, document: Document) -> list[Document]:
    """Return a repository's pull requests, newest first."""
    every = store.all(PULL, f"{document['id']:010d}/")
    return [_present(store, document, pull) for _, pull in reversed(every)]


def pull_requests(store: Store, owner: str, name: str) -> list[Document]:
    """Return a repository's pull requests, newest first: number, state, head, base, title, merge_commit, ..."""
    return listed(store, repositories.repository(store, owner, name))


def _present(store: Store, document: Document, pull: Document) -> Document:
    if pull["state"] != "open":
        return pull
    heads = {
        side: repositories.reference(store, document["id"], f"refs/heads/{pull[side]}") for side in ("head", "base")
    }
    return pull | {"head_sha": heads["head"] or pull["head_sha"], "base_sha": heads["base"] or pull["base_sha"]}


def merge_pull_request(store: Store, owner: str, name: str, number: int, by: str, message: str | None = None) -> str:
    """Merge a pull request with a merge commit, as its button does; return the commit. Raises Unmergeable."""
    document = repositories.repository(store, owner, name)
    with store.transaction():
        pull = find(store, document, number)
        if pull is None or pull["state"] != "open":
            raise Unmergeable("Pull Request is not mergeable")
        listing = merged_files(store, document, pull)
        topmost = objects.write_tree(store, document["id"], listing)
        text = message or f"Merge pull request #{number} from {document['owner']}/{pull['head']}\n\n{pull['title']}"
        parents = (pull["base_sha"], pull["head_sha"])
        person = objects.Person(by, f"{by}@users.noreply.github.com")
        sha = objects.write_commit(store, document["id"], topmost, parents, text, by=person, at=store.now())
        repositories.write_reference(store, document["id"], f"refs/heads/{pull['base']}", sha)
        moment = moments.now(store)
        closing = {"state": "closed", "merged_at": moment, "closed_at": moment, "merged_by": by, "merge_commit": sha}
        _save(store, document, pull | closing)
    return sha


def close_pull_request(store: Store, owner: str, name: str, number: int) -> None:
    """Close a pull request without merging it. Raises NoSuchThing."""
    document = repositories.repository(store, owner, name)
    pull = find(store, document, number)
    if pull is None:
        raise repositories.NoSuchThing(f"pull request {number} of {owner}/{name}")
    if pull["state"] == "open":
        _save(store, document, pull | {"state": "closed", "closed_at": moments.now(store)})


def close_those_of(store: Store, document: Document, branch: str) -> None:
    """Close the open pull requests of a branch that was deleted."""
    for pull in listed(store, document):
        if pull["state"] == "open" and pull["head"] == branch:
            close_pull_request(store, document["owner"], document["name"], pull["number"])


def merged_files(store: Store, document: Document, pull: Document) -> dict[str, objects.Entry]:
    """Return the files after a merge: per file, the side that changed it since the common ancestor. Raises Unmergeable."""
    identifier = document["id"]
    before = _common_ancestor(store, identifier, pull["base_sha"], pull["head_sha"])
    old, base, head = (_listing(store, identifier, sha) for sha in (before, pull["base_sha"], pull["head_sha"]))
    merged: dict[str, objects.Entry] = {}
    for path in sorted(old.keys() | base.keys() | head.keys()):
        was, ours, theirs = old.get(path), base.get(path), head.get(path)
        if was not in (ours, theirs) and ours != theirs:
            raise Unmergeable("Pull Request is not mergeable")
        kept = theirs if ours == was else ours
        if kept is not None:
            merged[path] = kept
    return merged


def _common_ancestor(store: Store, identifier: int, one: str, other: str) -> str | None:
    reachable = set(objects.ancestry(store, identifier, other))
    return next((sha for sha in objects.ancestry(store, identifier, one) if sha in reachable), None)


def _listing(store: Store, identifier: int, sha: str | None) -> dict[str, objects.Entry]:
    found = objects.read_commit(store, identifier, sha) if sha else None
    return objects.files(store, identifier, found["tree"]) if found else {}


def _save(store: Store, document: Document, pull: Document) -> None:
    store.put(PULL, f"{document['id']:010d}/{pull['number']:08d}", pull | {"updated_at": moments.now(store)})
