"""Repositories: their names (past ones lead to the present), members, references, commits and environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keyless.rehearsal.github import accounts, moments, objects
from keyless.rehearsal.store import Document, Store

REPOSITORY, NAME, REFERENCE, ENVIRONMENT = "github-repository", "github-name", "github-ref", "github-environment"
ROLES = ("read", "write", "admin")


class NoSuchThing(LookupError):
    """The world has no such repository, branch or commit: a mistake of whoever arranges it."""


class HeadMoved(Exception):
    """A commit expected another head than the branch has."""

    def __init__(self, branch: str, expected: str, found: str) -> None:
        super().__init__(branch, expected, found)
        self.branch, self.expected, self.found = branch, expected, found


def create_repository(
    store: Store,
    owner: str,
    name: str,
    *,
    owner_is_organisation: bool = False,
    files: Mapping[str, bytes] | None = None,
    default_branch: str = "main",
    private: bool = False,
    members: Mapping[str, str] | None = None,
) -> int:
    """Create a repository, and its owner unless there is one; return its id.

    `members` maps logins to "admin", "write" or "read"; a person who owns the repository is its admin anyhow.
    """
    with store.transaction():
        if owner_is_organisation:
            accounts.create_organisation(store, owner)
        else:
            accounts.create_user(store, owner)
        identifier = store.next_number("github-repository", 500001)
        document: Document = {
            "id": identifier,
            "owner": owner,
            "name": name,
            "private": private,
            "archived": False,
            "default_branch": default_branch,
            "members": {},
            "created_at": moments.now(store),
            "updated_at": moments.now(store),
        }
        for login, role in (members or {}).items():
            accounts.create_user(store, login)
            document["members"][login.lower()] = role
        save(store, document)
        store.put(NAME, f"{owner}/{name}".lower(), {"id": identifier, "moved": False})
        first = _commit(store, document, (), files or {}, {}, "Initial commit", None)
        write_reference(store, identifier, f"refs/heads/{default_branch}", first)
    return identifier


def by_id(store: Store, identifier: int) -> Document | None:
    """Return a repository's document."""
    return store.get(REPOSITORY, f"{identifier:010d}")


def lookup(store: Store, owner: str, name: str) -> tuple[Document, bool] | None:
    """Return the repository that has or had this name, and whether it has moved to another since."""
    pointer = store.get(NAME, f"{owner}/{name}".lower())
    found = by_id(store, pointer["id"]) if pointer else None
    return (found, pointer["moved"]) if pointer and found else None


def repository(store: Store, owner: str, name: str) -> Document:
    """Return a repository's document, also by a past name. Raises NoSuchThing."""
    found = lookup(store, owner, name)
    if found is None:
        raise NoSuchThing(f"{owner}/{name}")
    return found[0]


def save(store: Store, document: Document) -> None:
    """Write a repository's document."""
    store.put(REPOSITORY, f"{document['id']:010d}", document)


def every(store: Store) -> list[Document]:
    """Return all repositories, by id."""
    return [one for _, one in store.all(REPOSITORY)]


def owned_by(store: Store, owner: str) -> list[Document]:
    """Return the repositories of a user or an organisation, by id."""
    return [one for one in every(store) if one["owner"].lower() == owner.lower()]


def rename_repository(store: Store, owner: str, name: str, new_name: str, new_owner: str | None = None) -> None:
    """Rename or transfer a repository; its old name redirects until another repository takes it."""
    with store.transaction():
        document = repository(store, owner, name)
        store.put(NAME, f"{document['owner']}/{document['name']}".lower(), {"id": document["id"], "moved": True})
        document |= {"owner": new_owner or document["owner"], "name": new_name, "updated_at": moments.now(store)}
        save(store, document)
        store.put(NAME, f"{document['owner']}/{new_name}".lower(), {"id": document["id"], "moved": False})


def change_repository(
    store: Store, owner: str, name: str, *, private: bool | None = None, archived: bool | None = None
) -> None:
    """Make a repository private or public, archived or live; None leaves it."""
    document = repository(store, owner, name)
    changes = {"private": private, "archived": archived}
    save(store, document | {key: value for key, value in changes.items() if value is not None})


def set_role(store: Store, owner: str, name: str, login: str, role: str | None) -> None:
    """Give a person a role in a repository ("admin", "write", "read"), or none."""
    document = repository(store, owner, name)
    document["members"].pop(login.lower(), None)
    if role is not None:
        document["members"][login.lower()] = role
    save(store, document)


def role_of(store: Store, document: Document, login: str) -> str | None:
    """Return a person's role in a repository: as its owner, as an organisation's admin or member, or as a member."""
    if document["owner"].lower() == login.lower():
        return "admin"
    in_organisation = accounts.organisation_role(store, document["owner"], login)
    if in_organisation == "admin":
        return "admin"
    own: str | None = document["members"].get(login.lower())
    return own or ("read" if in_organisation == "member" else None)


def reference(store: Store, identifier: int, name: str) -> str | None:
    """Return the commit that `refs/heads/…` or `refs/tags/…` points at."""
    found = store.get(REFERENCE, f"{identifier:010d}/{name}")
    return found["sha"] if found else None


def references(store: Store, identifier: int, prefix: str) -> dict[str, str]:
    """Return the references whose full name begins with `prefix`."""
    start = f"{identifier:010d}/"
    return {key.removeprefix(start): one["sha"] for key, one in store.all(REFERENCE, start + prefix)}


def write_reference(store: Store, identifier: int, name: str, sha: str) -> None:
    """Create or move a reference."""
    store.put(REFERENCE, f"{identifier:010d}/{name}", {"sha": sha})


def resolve(store: Store, document: Document, revision: str) -> str | None:
    """Return the commit that a branch, tag, full reference, commit id or `HEAD` means, or None."""
    if revision == "HEAD":
        revision = document["default_branch"]
    if objects.looks_like_sha(revision):
        return revision if objects.read_commit(store, document["id"], revision) else None
    if revision.startswith("refs/"):
        return reference(store, document["id"], revision)
    names = (f"refs/heads/{revision}", f"refs/tags/{revision}")
    return next((sha for sha in (reference(store, document["id"], one) for one in names) if sha), None)


def head(store: Store, owner: str, name: str, branch: str) -> str:
    """Return the commit a branch points at. Raises NoSuchThing."""
    sha = reference(store, repository(store, owner, name)["id"], f"refs/heads/{branch}")
    if sha is None:
        raise NoSuchThing(f"branch {branch} of {owner}/{name}")
    return sha


def tree(store: Store, owner: str, name: str, commit: str) -> dict[str, bytes]:
    """Return every file at a commit, branch or tag, by path. Raises NoSuchThing."""
    document = repository(store, owner, name)
    sha = resolve(store, document, commit)
    found = objects.read_commit(store, document["id"], sha) if sha else None
    if found is None:
        raise NoSuchThing(f"commit {commit} of {owner}/{name}")
    listing = objects.files(store, document["id"], found["tree"])
    return {path: objects.read_blob(store, document["id"], entry.sha) or b"" for path, entry in listing.items()}


def create_branch(
    store: Store, owner: str, name: str, branch: str, files: Mapping[str, bytes | None] | None = None
) -> str:
    """Create a branch at the default branch's head, with a commit that makes these changes; return its head."""
    document = repository(store, owner, name)
    with store.transaction():
        start = head(store, owner, name, document["default_branch"])
        write_reference(store, document["id"], f"refs/heads/{branch}", start)
        return commit(store, owner, name, branch, files, f"Start {branch}") if files else start


def commit(
    store: Store,
    owner: str,
    name: str,
    branch: str,
    changes: Mapping[str, bytes | None],
    message: str,
    *,
    by: str | None = None,
    expected_head: str | None = None,
) -> str:
    """Put a commit on a branch: None deletes a path. Return its id. Raises HeadMoved, NoSuchThing."""
    document = repository(store, owner, name)
    with store.transaction():
        parent = head(store, owner, name, branch)
        if expected_head is not None and parent != expected_head:
            raise HeadMoved(branch, expected_head, parent)
        found = objects.read_commit(store, document["id"], parent) or {}
        present = objects.files(store, document["id"], found["tree"])
        sha = _commit(store, document, (parent,), changes, present, message, by)
        write_reference(store, document["id"], f"refs/heads/{branch}", sha)
    return sha


def _commit(
    store: Store,
    document: Document,
    parents: tuple[str, ...],
    changes: Mapping[str, bytes | None],
    present: Mapping[str, objects.Entry],
    message: str,
    by: str | None,
) -> str:
    listing = dict(present)
    for path, content in changes.items():
        before = listing.pop(path, None)
        if content is not None:
            blob = objects.write_blob(store, document["id"], content)
            listing[path] = objects.Entry(before.mode if before else objects.FILE, blob)
    topmost = objects.write_tree(store, document["id"], listing)
    login = by or document["owner"]
    person = objects.Person(login, f"{login}@users.noreply.github.com")
    return objects.write_commit(store, document["id"], topmost, parents, message, by=person, at=store.now())


def tag(store: Store, owner: str, name: str, tag_name: str, sha: str) -> None:
    """Create or move a lightweight tag."""
    write_reference(store, repository(store, owner, name)["id"], f"refs/tags/{tag_name}", sha)


def rename_branch(store: Store, owner: str, name: str, branch: str, new_name: str) -> None:
    """Rename a branch; the default branch stays the default under its new name."""
    with store.transaction():
        document = repository(store, owner, name)
        sha = head(store, owner, name, branch)
        delete_reference(store, document["id"], f"refs/heads/{branch}")
        write_reference(store, document["id"], f"refs/heads/{new_name}", sha)
        if document["default_branch"] == branch:
            save(store, document | {"default_branch": new_name})


def delete_reference(store: Store, identifier: int, name: str) -> bool:
    """Delete a reference; return whether it was there."""
    return store.delete(REFERENCE, f"{identifier:010d}/{name}")


def create_environment(store: Store, owner: str, name: str, environment: str) -> int:
    """Create an environment unless there is one; return its id."""
    document = repository(store, owner, name)
    with store.transaction():
        key = f"{document['id']:010d}/{environment.lower()}"
        found = store.get(ENVIRONMENT, key)
        if found is None:
            moment = moments.now(store)
            found = {"id": store.next_number("github-environment", 7001), "name": environment}
            store.put(ENVIRONMENT, key, found | {"created_at": moment, "updated_at": moment})
    identifier: int = found["id"]
    return identifier


def protect_environment(store: Store, owner: str, name: str, environment: str, rules: Sequence[str]) -> None:
    """Guard an environment with rules of these kinds, and with no others."""
    create_environment(store, owner, name, environment)
    key = f"{repository(store, owner, name)['id']:010d}/{environment.lower()}"
    kept = store.get(ENVIRONMENT, key) or {}
    store.put(ENVIRONMENT, key, {**kept, "rules": list(rules), "updated_at": moments.now(store)})


def environments(store: Store, identifier: int) -> list[Document]:
    """Return a repository's environments by name."""
    return [one for _, one in store.all(ENVIRONMENT, f"{identifier:010d}/")]


def delete_environment(store: Store, identifier: int, environment: str) -> bool:
    """Delete an environment; return whether it was there. Its secrets go with it: the next one has a new id."""
    return store.delete(ENVIRONMENT, f"{identifier:010d}/{environment.lower()}")
