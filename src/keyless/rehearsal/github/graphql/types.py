"""GitHub's types behind its GraphQL: accounts, repositories, references, commits, trees, blobs, environments."""

from __future__ import annotations

from datetime import UTC, datetime

from keyless.rehearsal.github import access, accounts, limits, moments, objects, repositories, shapes
from keyless.rehearsal.github.answers import Call
from keyless.rehearsal.github.graphql.schema import (
    PAGE_INFO,
    Arguments,
    FieldType,
    Found,
    Node,
    Problem,
    connection,
    connection_types,
    plain,
)
from keyless.rehearsal.github.rights import Needs
from keyless.rehearsal.store import Document

CONTENTS = Needs(permission="contents", public=True)
LARGEST_TEXT = 512 * 1024
OBJECTS = {"commit": "Commit", "tree": "Tree", "blob": "Blob"}


def find_repository(call: Call, name_with_owner: str) -> Document:
    """Return a repository that the token sees, also by a past name. Raises Problem."""
    owner, _, name = name_with_owner.partition("/")
    found = repositories.lookup(call.store, owner, name)
    if found is None or not access.visible(call.store, call.actor, found[0]):
        raise Problem("NOT_FOUND", f"Could not resolve to a Repository with the name '{name_with_owner}'.")
    return found[0]


def _repository(call: Call, _value: Document, arguments: Arguments) -> Found:
    return Node("Repository", find_repository(call, f"{arguments.get('owner')}/{arguments.get('name')}"))


def _owner(call: Call, login: str, wanted: str | None = None) -> Node:
    account = accounts.account(call.store, login)
    if account is None or wanted not in (None, account["type"]):
        raise Problem("NOT_FOUND", f"Could not resolve to {wanted or 'an account'} with the login of '{login}'.")
    return Node(account["type"], account)


def _rate_limit(call: Call, _value: Document, _arguments: Arguments) -> Found:
    left = limits.quota(call.store, call.login, "graphql")
    reset = moments.text(datetime.fromtimestamp(left.reset, UTC))
    used = left.limit - left.remaining
    numbers = {"limit": left.limit, "remaining": left.remaining, "used": used, "cost": 1, "nodeCount": 0}
    return Node("RateLimit", {**numbers, "resetAt": reset})


def _owned(call: Call, value: Document, _arguments: Arguments) -> list[Node]:
    every = repositories.owned_by(call.store, value["login"])
    return [Node("Repository", one) for one in every if access.visible(call.store, call.actor, one)]


def _check_contents(call: Call, document: Document) -> None:
    if call.actor is None or (document["private"] and not access.may(call.store, call.actor, document, CONTENTS)):
        raise Problem("FORBIDDEN", "Resource not accessible by personal access token")


def git_object(call: Call, document: Document, sha: str) -> Node | None:
    """Return a git object of a repository as a node, or None."""
    found = objects.read(call.store, document["id"], sha)
    return Node(OBJECTS[found["type"]], {"repository": document, "sha": sha}) if found else None


def _object(call: Call, value: Document, arguments: Arguments) -> Found:
    _check_contents(call, value)
    if arguments.get("oid"):
        return git_object(call, value, str(arguments["oid"]))
    revision, colon, path = str(arguments.get("expression", "")).partition(":")
    sha = repositories.resolve(call.store, value, revision)
    if not colon or sha is None:
        return git_object(call, value, sha or revision)
    top = (objects.read_commit(call.store, value["id"], sha) or {})["tree"]
    entry = objects.walk(call.store, value["id"], top).get(path.strip("/")) if path.strip("/") else None
    if path.strip("/") and entry is None:
        return None
    node = git_object(call, value, entry.sha if entry else top)
    if node is not None and entry is not None:
        node.value["path"] = f"{path.strip('/')}/"
    return node


def reference_node(document: Document, name: str, sha: str) -> Node:
    """Return a reference as a node; `name` is the full one."""
    return Node("Ref", {"repository": document, "name": name, "sha": sha})


def _references(call: Call, value: Document, arguments: Arguments) -> list[Node]:
    _check_contents(call, value)
    prefix = str(arguments.get("refPrefix", "refs/heads/"))
    wanted = str(arguments.get("query") or "").lower()
    found = repositories.references(call.store, value["id"], prefix)
    return [
        reference_node(value, name, sha) for name, sha in found.items() if wanted in name.removeprefix(prefix).lower()
    ]


def _reference(call: Call, value: Document, arguments: Arguments) -> Found:
    _check_contents(call, value)
    name = str(arguments.get("qualifiedName", ""))
    for full in (name, f"refs/heads/{name}", f"refs/tags/{name}"):
        sha = repositories.reference(call.store, value["id"], full)
        if sha is not None:
            return reference_node(value, full, sha)
    return None


def _default_branch(call: Call, value: Document, _arguments: Arguments) -> Found:
    return _reference(call, value, {"qualifiedName": f"refs/heads/{value['default_branch']}"})


def _environments(call: Call, value: Document, _arguments: Arguments) -> list[Node]:
    return [Node("Environment", one) for one in repositories.environments(call.store, value["id"])]


def _role(call: Call, value: Document, _arguments: Arguments) -> Found:
    role = repositories.role_of(call.store, value, call.login)
    return (role or "read").upper() if role or not value["private"] else None


def _entries(call: Call, value: Document, _arguments: Arguments) -> Found:
    lines = objects.read_tree(call.store, value["repository"]["id"], value["sha"]) or {}
    under = value.get("path", "")
    return [
        Node(
            "TreeEntry",
            {
                "repository": value["repository"],
                "name": name,
                "path": f"{under}{name}",
                "mode": int(entry.mode, 8),
                "type": entry.type,
                "sha": entry.sha,
            },
        )
        for name, entry in lines.items()
    ]


def _entry_object(call: Call, value: Document, _arguments: Arguments) -> Found:
    found = git_object(call, value["repository"], value["sha"])
    return Node(found.type, {**found.value, "path": f"{value['path']}/"}) if found else None


def _commit(call: Call, value: Document) -> Document:
    return objects.read_commit(call.store, value["repository"]["id"], value["sha"]) or {}


def _blob(call: Call, value: Document) -> bytes:
    return objects.read_blob(call.store, value["repository"]["id"], value["sha"]) or b""


def _is_binary(content: bytes) -> bool:
    return b"\0" in content[:8000]  # git's own rule


def _text(call: Call, value: Document, _arguments: Arguments) -> Found:
    content = _blob(call, value)
    return None if _is_binary(content) else content[:LARGEST_TEXT].decode("utf-8", "replace")


def _identified(kind: str, key: str = "id") -> FieldType:
    return FieldType(lambda _call, value, _arguments: shapes.node(kind, value[key]))


ACCOUNT = {
    "login": plain("login"),
    "url": FieldType(lambda call, value, _arguments: f"{call.web}/{value['login']}"),
    "repositories": connection(_owned, "Repository"),
    "repository": FieldType(
        lambda call, value, arguments: _repository(call, value, {"owner": value["login"], **arguments}), "Repository"
    ),
}
GIT_OBJECT = {
    "oid": plain("sha"),
    "abbreviatedOid": FieldType(lambda _call, value, _arguments: value["sha"][:7]),
    "id": _identified("G", "sha"),
    "repository": FieldType(lambda _call, value, _arguments: Node("Repository", value["repository"]), "Repository"),
}
QUERY = {
    "viewer": FieldType(lambda call, _value, _arguments: _owner(call, call.login), "User"),
    "repository": FieldType(_repository, "Repository"),
    "user": FieldType(lambda call, _value, arguments: _owner(call, str(arguments["login"]), "User"), "User"),
    "organization": FieldType(
        lambda call, _value, arguments: _owner(call, str(arguments["login"]), "Organization"), "Organization"
    ),
    "repositoryOwner": FieldType(
        lambda call, _value, arguments: _owner(call, str(arguments["login"])), "RepositoryOwner"
    ),
    "rateLimit": FieldType(_rate_limit, "RateLimit"),
}
REPOSITORY = {
    "id": _identified("R"),
    "databaseId": plain("id"),
    "name": plain("name"),
    "nameWithOwner": FieldType(lambda _call, value, _arguments: f"{value['owner']}/{value['name']}"),
    "isPrivate": plain("private"),
    "isArchived": plain("archived"),
    "isFork": FieldType(lambda _call, _value, _arguments: False),
    "isEmpty": FieldType(lambda _call, _value, _arguments: False),
    "visibility": FieldType(lambda _call, value, _arguments: "PRIVATE" if value["private"] else "PUBLIC"),
    "url": FieldType(lambda call, value, _arguments: f"{call.web}/{value['owner']}/{value['name']}"),
    "createdAt": plain("created_at"),
    "updatedAt": plain("updated_at"),
    "owner": FieldType(lambda call, value, _arguments: _owner(call, value["owner"]), "RepositoryOwner"),
    "viewerPermission": FieldType(_role),
    "viewerCanAdminister": FieldType(lambda call, value, arguments: _role(call, value, arguments) == "ADMIN"),
    "defaultBranchRef": FieldType(_default_branch, "Ref"),
    "ref": FieldType(_reference, "Ref"),
    "refs": connection(_references, "Ref"),
    "object": FieldType(_object, "GitObject"),
    "environments": connection(_environments, "Environment"),
}
REFERENCE = {
    "id": FieldType(
        lambda _call, value, _arguments: shapes.node("REF", f"{value['repository']['id']}:{value['name']}")
    ),
    "name": FieldType(lambda _call, value, _arguments: value["name"].split("/", 2)[2]),
    "prefix": FieldType(lambda _call, value, _arguments: "/".join(value["name"].split("/")[:2]) + "/"),
    "target": FieldType(
        lambda call, value, _arguments: git_object(call, value["repository"], value["sha"]), "GitObject"
    ),
    "repository": GIT_OBJECT["repository"],
}
COMMIT = GIT_OBJECT | {
    "message": FieldType(lambda call, value, _arguments: _commit(call, value)["message"]),
    "messageHeadline": FieldType(lambda call, value, _arguments: _commit(call, value)["message"].partition("\n")[0]),
    "committedDate": FieldType(lambda call, value, _arguments: shapes.person(_commit(call, value))["date"]),
    "authoredDate": FieldType(lambda call, value, _arguments: shapes.person(_commit(call, value))["date"]),
    "url": FieldType(
        lambda call, value, _arguments: (
            f"{call.web}/{value['repository']['owner']}/{value['repository']['name']}/commit/{value['sha']}"
        )
    ),
    "tree": FieldType(
        lambda call, value, _arguments: git_object(call, value["repository"], _commit(call, value)["tree"]), "Tree"
    ),
}
TREE_ENTRY = {
    "name": plain("name"),
    "path": plain("path"),
    "oid": plain("sha"),
    "mode": plain("mode"),
    "type": plain("type"),
    "extension": FieldType(lambda _call, value, _arguments: "." + value["name"].rpartition(".")[2]),
    "size": FieldType(lambda call, value, _arguments: len(_blob(call, value))),
    "object": FieldType(_entry_object, "GitObject"),
}
BLOB = GIT_OBJECT | {
    "text": FieldType(_text),
    "isBinary": FieldType(lambda call, value, _arguments: _is_binary(_blob(call, value))),
    "byteSize": FieldType(lambda call, value, _arguments: len(_blob(call, value))),
    "isTruncated": FieldType(lambda call, value, _arguments: len(_blob(call, value)) > LARGEST_TEXT),
}
INTERFACES = {
    "GitObject": frozenset({"Commit", "Tree", "Blob"}),
    "RepositoryOwner": frozenset({"User", "Organization"}),
}
TYPES: dict[str, dict[str, FieldType]] = {
    "Query": QUERY,
    "User": {"id": _identified("U"), "databaseId": plain("id")} | ACCOUNT,
    "Organization": {"id": _identified("O"), "databaseId": plain("id")} | ACCOUNT,
    "RepositoryOwner": {"id": _identified("O")} | ACCOUNT,
    "Repository": REPOSITORY,
    "Ref": REFERENCE,
    "GitObject": GIT_OBJECT,
    "Commit": COMMIT,
    "Tree": GIT_OBJECT | {"entries": FieldType(_entries, "TreeEntry")},
    "TreeEntry": TREE_ENTRY,
    "Blob": BLOB,
    "Environment": {"id": _identified("EN"), "databaseId": plain("id"), "name": plain("name")},
    "RateLimit": {name: plain(name) for name in ("limit", "remaining", "used", "cost", "nodeCount", "resetAt")},
    "PageInfo": PAGE_INFO,
} | {name: fields for of in ("Repository", "Ref", "Environment") for name, fields in connection_types(of).items()}
