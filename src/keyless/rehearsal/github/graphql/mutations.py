"""`createCommitOnBranch`: one commit with several files, only if the branch is where the caller saw it."""

from __future__ import annotations

import base64
import binascii

from keyless.rehearsal.github import access, objects, repositories
from keyless.rehearsal.github.answers import Call
from keyless.rehearsal.github.graphql.schema import Arguments, FieldType, Found, Node, Problem, plain
from keyless.rehearsal.github.graphql.types import TYPES, find_repository, git_object, reference_node
from keyless.rehearsal.github.rights import Needs
from keyless.rehearsal.store import Document

WRITE = Needs(permission="contents", level="write", role="write")


def _create_commit(call: Call, _value: Document, arguments: Arguments) -> Found:
    given: Document = arguments.get("input") or {}
    branch_given: Document = given.get("branch") or {}
    document = find_repository(call, str(branch_given.get("repositoryNameWithOwner")))
    branch = str(branch_given.get("branchName")).removeprefix("refs/heads/")
    changes = _changes(given.get("fileChanges") or {})
    _check_permission(call, document, changes)
    head = repositories.reference(call.store, document["id"], f"refs/heads/{branch}")
    if head is None:
        raise Problem("NOT_FOUND", f"Could not resolve to a Ref with the name '{branch}'.")
    if given.get("expectedHeadOid") != head:
        message = f'Expected branch to point to "{given.get("expectedHeadOid")}" but it did not.  Pull and try again.'
        raise Problem("STALE_DATA", message)
    _check_deletions(call, document, head, changes)
    wording: Document = given.get("message") or {}
    message = "\n\n".join(part for part in (wording.get("headline"), wording.get("body")) if part)
    sha = repositories.commit(
        call.store, document["owner"], document["name"], branch, changes, message, by=call.login, expected_head=head
    )
    payload: Document = {"repository": document, "branch": branch, "sha": sha}
    return Node("CreateCommitOnBranchPayload", payload | {"clientMutationId": given.get("clientMutationId")})


def _changes(given: Document) -> dict[str, bytes | None]:
    try:
        added = {one["path"]: base64.b64decode(one["contents"], validate=True) for one in given.get("additions") or ()}
    except (binascii.Error, KeyError) as error:
        raise Problem("UNPROCESSABLE", "Contents must be valid Base64.") from error
    return {one["path"]: None for one in given.get("deletions") or ()} | added


def _check_permission(call: Call, document: Document, changes: dict[str, bytes | None]) -> None:
    actor = call.actor
    if actor is None or not access.may(call.store, actor, document, WRITE):
        if actor and actor.fine_grained:
            raise Problem("FORBIDDEN", "Resource not accessible by personal access token")
        raise Problem(
            "FORBIDDEN", f"{call.login} does not have the correct permissions to execute `CreateCommitOnBranch`"
        )
    if document["archived"]:
        raise Problem("FORBIDDEN", "Repository was archived so is read-only.")
    touched = [path for path in changes if access.lacks_workflows(actor, [path])]
    if touched and actor.fine_grained:
        raise Problem("FORBIDDEN", "Resource not accessible by personal access token")
    if touched:
        message = (
            f"refusing to allow a Personal Access Token to create or update workflow `{touched[0]}`"
            " without `workflow` scope"
        )
        raise Problem("FORBIDDEN", message)


def _check_deletions(call: Call, document: Document, head: str, changes: dict[str, bytes | None]) -> None:
    found = objects.read_commit(call.store, document["id"], head) or {}
    present = objects.files(call.store, document["id"], found["tree"])
    for path, content in changes.items():
        if content is None and path not in present:
            message = f"A path was requested for deletion which does not exist as of commit oid `{head}`"
            raise Problem("UNPROCESSABLE", message)


PAYLOAD = {
    "clientMutationId": plain("clientMutationId"),
    "commit": FieldType(lambda call, value, _arguments: git_object(call, value["repository"], value["sha"]), "Commit"),
    "ref": FieldType(
        lambda _call, value, _arguments: reference_node(
            value["repository"], f"refs/heads/{value['branch']}", value["sha"]
        ),
        "Ref",
    ),
}
ALL_TYPES = TYPES | {
    "Mutation": {"createCommitOnBranch": FieldType(_create_commit, "CreateCommitOnBranchPayload")},
    "CreateCommitOnBranchPayload": PAYLOAD,
}
