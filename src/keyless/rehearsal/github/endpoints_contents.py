"""Commits, trees, blobs, files and references."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from urllib.parse import quote

from keyless.rehearsal.github import access, moments, objects, pulls, repositories, shapes
from keyless.rehearsal.github.answers import Answer, Call, Endpoint, Handler, Refusal, page_of
from keyless.rehearsal.github.rights import Needs
from keyless.rehearsal.store import Document

RAW = "application/vnd.github.raw"


def _commits(call: Call) -> Answer:
    start = call.query.get("sha") or call.subject["default_branch"]
    head = repositories.resolve(call.store, call.subject, start)
    if head is None:
        raise Refusal(404, "Not Found")
    chosen = [sha for sha in objects.ancestry(call.store, call.subject["id"], head) if _wanted(call, sha)]
    return page_of(call, [shapes.commit(call, call.subject, sha) for sha in chosen])


def _wanted(call: Call, sha: str) -> bool:
    found = objects.read_commit(call.store, call.subject["id"], sha) or {}
    since, until = call.query.get("since"), call.query.get("until")
    if since and found["at"] < moments.moment(since).timestamp():
        return False
    if until and found["at"] > moments.moment(until).timestamp():
        return False
    path = call.query.get("path")
    return path is None or _entry_at(call, sha, path) != _entry_at(call, next(iter(found["parents"]), None), path)


def _entry_at(call: Call, sha: str | None, path: str) -> objects.Entry | None:
    found = objects.read_commit(call.store, call.subject["id"], sha) if sha else None
    return objects.walk(call.store, call.subject["id"], found["tree"]).get(path) if found else None


def _commit(call: Call) -> Answer:
    sha = repositories.resolve(call.store, call.subject, call.params["ref"])
    if sha is None:
        raise Refusal(422, f"No commit found for SHA: {call.params['ref']}")
    return Answer(200, shapes.commit(call, call.subject, sha))


def _git_commit(call: Call) -> Answer:
    sha = call.params["commit_sha"]
    shown = shapes.commit(call, call.subject, sha)
    inner = shown["commit"]
    here = shapes.repository_address(call, call.subject)
    picked = {name: inner[name] for name in ("author", "committer", "message", "tree", "verification")}
    rest = {name: shown[name] for name in ("sha", "node_id", "html_url", "parents")}
    return Answer(200, {**rest, **picked, "url": f"{here}/git/commits/{sha}"})


def _tree(call: Call) -> Answer:
    identifier, wanted = call.subject["id"], call.params["tree_sha"]
    commit = repositories.resolve(call.store, call.subject, wanted)
    found = objects.read_commit(call.store, identifier, commit) if commit else None
    sha = found["tree"] if found else wanted
    own = objects.read_tree(call.store, identifier, sha)
    if own is None:
        raise Refusal(404, "Not Found")
    lines = objects.walk(call.store, identifier, sha) if call.query.get("recursive") else own
    here = f"{shapes.repository_address(call, call.subject)}/git"
    tree = [_tree_line(call, here, path, entry) for path, entry in lines.items()]
    return Answer(200, {"sha": sha, "url": f"{here}/trees/{sha}", "tree": tree, "truncated": False})


def _tree_line(call: Call, here: str, path: str, entry: objects.Entry) -> Document:
    line: Document = {"path": path, "mode": entry.mode, "type": entry.type, "sha": entry.sha}
    line["url"] = f"{here}/{entry.type}s/{entry.sha}"
    if entry.type == "blob":
        line["size"] = len(objects.read_blob(call.store, call.subject["id"], entry.sha) or b"")
    return line


def _blob(call: Call) -> Answer:
    sha = call.params["file_sha"]
    content = objects.read_blob(call.store, call.subject["id"], sha)
    if content is None:
        raise Refusal(404, "Not Found")
    if RAW in call.accept:
        return Answer(200, content, {"Content-Type": f"{RAW}; charset=utf-8"})
    shown: Document = {
        "sha": sha,
        "node_id": shapes.node("B", sha),
        "size": len(content),
        "url": f"{shapes.repository_address(call, call.subject)}/git/blobs/{sha}",
        "content": _base64_lines(content),
        "encoding": "base64",
    }
    return Answer(200, shown)


def _contents(call: Call) -> Answer:
    revision = call.query.get("ref") or call.subject["default_branch"]
    sha = repositories.resolve(call.store, call.subject, revision)
    if sha is None:
        raise Refusal(404, f"No commit found for the ref {revision}")
    path = call.params.get("path", "").strip("/")
    found = objects.read_commit(call.store, call.subject["id"], sha) or {}
    listing = objects.walk(call.store, call.subject["id"], found["tree"])
    if path and path not in listing:
        raise Refusal(404, "Not Found")
    if path and listing[path].type == "blob":
        return _file(call, path, listing[path], revision)
    start = f"{path}/" if path else ""
    below = [one for one in listing if one.startswith(start) and "/" not in one[len(start) :]]
    return Answer(200, [_content_shape(call, one, listing[one], revision) for one in below])


def _file(call: Call, path: str, entry: objects.Entry, revision: str) -> Answer:
    content = objects.read_blob(call.store, call.subject["id"], entry.sha) or b""
    if RAW in call.accept:
        return Answer(200, content, {"Content-Type": f"{RAW}; charset=utf-8"})
    encoded: Document = {"content": _base64_lines(content), "encoding": "base64"}
    return Answer(200, _content_shape(call, path, entry, revision) | encoded)


def _content_shape(call: Call, path: str, entry: objects.Entry, revision: str) -> Document:
    here = shapes.repository_address(call, call.subject)
    kind = "file" if entry.type == "blob" else "dir"
    own = f"{here}/contents/{quote(path)}?ref={quote(revision)}"
    git = f"{here}/git/{entry.type}s/{entry.sha}"
    site = f"{call.web}/{call.subject['owner']}/{call.subject['name']}"
    page = f"{site}/{entry.type}/{quote(revision)}/{quote(path)}"
    content = objects.read_blob(call.store, call.subject["id"], entry.sha) or b""
    return {
        "type": kind,
        "name": path.rpartition("/")[2],
        "path": path,
        "sha": entry.sha,
        "size": len(content),
        "url": own,
        "git_url": git,
        "html_url": page,
        "download_url": f"{site}/raw/{quote(revision)}/{quote(path)}" if kind == "file" else None,
        "_links": {"self": own, "git": git, "html": page},
    }


def _put_contents(call: Call) -> Answer:
    path, branch = call.params["path"], call.body.get("branch") or call.subject["default_branch"]
    if call.actor and access.lacks_workflows(call.actor, [path]):
        raise _without_workflows(call)
    try:
        content = base64.b64decode(call.text("content"))
    except binascii.Error as error:
        raise Refusal(422, "content is not valid Base64") from error
    head = repositories.reference(call.store, call.subject["id"], f"refs/heads/{branch}")
    if head is None:
        raise Refusal(404, f"Branch {branch} not found")
    before = _entry_at(call, head, path)
    _check_expected(path, before, call.body.get("sha"))
    owner, name = call.subject["owner"], call.subject["name"]
    sha = repositories.commit(
        call.store, owner, name, branch, {path: content}, call.text("message"), by=call.login, expected_head=head
    )
    after = _entry_at(call, sha, path)
    written = _content_shape(call, path, after, branch) if after else None
    here = shapes.commit(call, call.subject, sha)
    return Answer(200 if before else 201, {"content": written, "commit": {**here["commit"], "sha": sha}})


def _check_expected(path: str, before: objects.Entry | None, expected: str | None) -> None:
    if before and not expected:
        raise Refusal(422, 'Invalid request.\n\n"sha" wasn\'t supplied.')
    if before and before.sha != expected:
        raise Refusal(409, f"{path} does not match {expected}")


def _without_workflows(call: Call) -> Refusal:
    if call.actor and call.actor.fine_grained:
        return Refusal(403, "Resource not accessible by personal access token")
    return Refusal(404, "Not Found")


def _reference_shape(call: Call, name: str, sha: str) -> Document:
    here = f"{shapes.repository_address(call, call.subject)}/git"
    return {
        "ref": name,
        "node_id": shapes.node("REF", f"{call.subject['id']}:{name}"),
        "url": f"{here}/{quote(name)}",
        "object": {"sha": sha, "type": "commit", "url": f"{here}/commits/{sha}"},
    }


def _reference(call: Call) -> Answer:
    name = f"refs/{call.params['ref']}"
    sha = repositories.reference(call.store, call.subject["id"], name)
    if sha is None:
        raise Refusal(404, "Not Found")
    return Answer(200, _reference_shape(call, name, sha))


def _matching_references(call: Call) -> Answer:
    found = repositories.references(call.store, call.subject["id"], f"refs/{call.params['ref']}")
    return Answer(200, [_reference_shape(call, name, sha) for name, sha in found.items()])


def _create_reference(call: Call) -> Answer:
    name, sha = call.text("ref"), call.text("sha")
    if not name.startswith("refs/") or name.count("/") < 2:
        raise Refusal(422, "Reference name must start with 'refs' and contain at least two slashes.")
    if repositories.reference(call.store, call.subject["id"], name) is not None:
        raise Refusal(422, "Reference already exists")
    _check_commit(call, sha)
    repositories.write_reference(call.store, call.subject["id"], name, sha)
    shown = _reference_shape(call, name, sha)
    return Answer(201, shown, {"Location": shown["url"]})


def _update_reference(call: Call) -> Answer:
    name, sha = f"refs/{call.params['ref']}", call.text("sha")
    before = repositories.reference(call.store, call.subject["id"], name)
    if before is None:
        raise Refusal(422, "Reference does not exist")
    _check_commit(call, sha)
    forced = call.body.get("force") is True
    if not forced and before not in objects.ancestry(call.store, call.subject["id"], sha):
        raise Refusal(422, "Update is not a fast forward")
    repositories.write_reference(call.store, call.subject["id"], name, sha)
    return Answer(200, _reference_shape(call, name, sha))


def _delete_reference(call: Call) -> Answer:
    name = f"refs/{call.params['ref']}"
    if not repositories.delete_reference(call.store, call.subject["id"], name):
        raise Refusal(422, "Reference does not exist")
    pulls.close_those_of(call.store, call.subject, name.removeprefix("refs/heads/"))
    return Answer(204)


def _check_commit(call: Call, sha: str) -> None:
    if objects.read_commit(call.store, call.subject["id"], sha) is None:
        raise Refusal(422, "Object does not exist")


def _base64_lines(content: bytes) -> str:
    return base64.encodebytes(content).decode()


READ = Needs(permission="contents", public=True)
WRITE = Needs(permission="contents", level="write", role="write")


def _reads(*pairs: tuple[str, Handler]) -> Sequence[Endpoint]:
    return [Endpoint("GET", f"/repos/{{owner}}/{{repo}}{path}", handler, READ) for path, handler in pairs]


ENDPOINTS = (
    *_reads(
        ("/commits", _commits),
        ("/commits/{ref*}", _commit),
        ("/git/commits/{commit_sha}", _git_commit),
        ("/git/trees/{tree_sha*}", _tree),
        ("/git/blobs/{file_sha}", _blob),
        ("/contents/{path*}", _contents),
        ("/contents/?", _contents),
        ("/git/ref/{ref*}", _reference),
        ("/git/matching-refs/{ref*}", _matching_references),
    ),
    Endpoint("PUT", "/repos/{owner}/{repo}/contents/{path*}", _put_contents, WRITE, creates=True),
    Endpoint("POST", "/repos/{owner}/{repo}/git/refs", _create_reference, WRITE, creates=True),
    Endpoint("PATCH", "/repos/{owner}/{repo}/git/refs/{ref*}", _update_reference, WRITE),
    Endpoint("DELETE", "/repos/{owner}/{repo}/git/refs/{ref*}", _delete_reference, WRITE),
)
