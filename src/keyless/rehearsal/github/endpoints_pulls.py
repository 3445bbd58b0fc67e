"""Pull requests: list, create, get, close, merge."""

from __future__ import annotations

from difflib import SequenceMatcher

from keyless.rehearsal.github import objects, pulls, repositories, shapes
from keyless.rehearsal.github.answers import Answer, Call, Endpoint, Refusal, number, page_of
from keyless.rehearsal.github.rights import Needs
from keyless.rehearsal.store import Document

PART_LINKS = {
    "commits": "/commits",
    "review_comments": "/comments",
    "review_comment": "/comments{/number}",
}


def _list(call: Call) -> Answer:
    state, base, head = call.query.get("state", "open"), call.query.get("base"), call.query.get("head")
    owner, _, branch = (head or "").rpartition(":")
    same_owner = not owner or owner.lower() == call.subject["owner"].lower()
    chosen = [
        one
        for one in pulls.listed(call.store, call.subject)
        if state in ("all", one["state"])
        and (base is None or one["base"] == base)
        and (head is None or (same_owner and one["head"] == branch))
    ]
    if call.query.get("direction") == "asc":
        chosen.reverse()
    return page_of(call, [_simple_shape(call, one) for one in chosen])


def _get(call: Call) -> Answer:
    return Answer(200, _full_shape(call, _found(call)))


def _create(call: Call) -> Answer:
    head, base = call.text("head"), call.text("base")
    owner, _, branch = head.rpartition(":")
    if owner and owner.lower() != call.subject["owner"].lower():
        raise _invalid("head")
    heads = repositories.references(call.store, call.subject["id"], "refs/heads/")
    for field, name in (("base", base), ("head", branch)):
        if f"refs/heads/{name}" not in heads:
            raise _invalid(field)
    if heads[f"refs/heads/{branch}"] == heads[f"refs/heads/{base}"]:
        raise Refusal(422, "Validation Failed", errors=[_custom(f"No commits between {base} and {branch}")])
    for one in pulls.listed(call.store, call.subject):
        if one["state"] == "open" and (one["head"], one["base"]) == (branch, base):
            message = f"A pull request already exists for {call.subject['owner']}:{branch}."
            raise Refusal(422, "Validation Failed", errors=[_custom(message)])
    pull = pulls.create(
        call.store,
        call.subject,
        head=branch,
        base=base,
        title=call.text("title"),
        body=call.body.get("body"),
        by=call.login,
    )
    shown = _full_shape(call, pull)
    return Answer(201, shown, {"Location": shown["url"]})


def _update(call: Call) -> Answer:
    pull = _found(call)
    if call.body.get("state") == "closed":
        pulls.close_pull_request(call.store, call.subject["owner"], call.subject["name"], pull["number"])
    return _get(call)


def _merged(call: Call) -> Answer:
    if _found(call)["merged_at"] is None:
        raise Refusal(404, "Not Found")
    return Answer(204)


def _merge(call: Call) -> Answer:
    pull = _found(call)
    expected = call.body.get("sha")
    if expected is not None and expected != pull["head_sha"]:
        raise Refusal(409, "Head branch was modified. Review and try the merge again.")
    owner, name = call.subject["owner"], call.subject["name"]
    try:
        sha = pulls.merge_pull_request(call.store, owner, name, pull["number"], call.login)
    except pulls.Unmergeable as refused:
        raise Refusal(405, str(refused)) from refused
    return Answer(200, {"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


def _found(call: Call) -> Document:
    pull = pulls.find(call.store, call.subject, number(call.params["pull_number"]))
    if pull is None:
        raise Refusal(404, "Not Found")
    return pull


def _simple_shape(call: Call, pull: Document) -> Document:
    here = f"{shapes.repository_address(call, call.subject)}/pulls/{pull['number']}"
    issue = here.replace("/pulls/", "/issues/")
    page = f"{call.web}/{call.subject['owner']}/{call.subject['name']}/pull/{pull['number']}"
    statuses = f"{shapes.repository_address(call, call.subject)}/statuses/{pull['head_sha']}"
    links = {name: here + rest for name, rest in PART_LINKS.items()}
    links |= {"self": here, "html": page, "issue": issue, "comments": f"{issue}/comments", "statuses": statuses}
    shown: Document = {
        "id": pull["id"],
        "node_id": shapes.node("PR", pull["id"]),
        "number": pull["number"],
        "state": pull["state"],
        "locked": False,
        "title": pull["title"],
        "body": pull["body"],
        "user": shapes.user(call, pull["by"]),
        "url": here,
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": issue,
        **{
            f"{name}_url": links[name]
            for name in ("commits", "review_comments", "review_comment", "comments", "statuses")
        },
        "_links": {name: {"href": address} for name, address in links.items()},
        "head": _side(call, pull["head"], pull["head_sha"]),
        "base": _side(call, pull["base"], pull["base_sha"]),
        "merge_commit_sha": pull["merge_commit"],
        "draft": False,
        "author_association": "OWNER",
    }
    shown |= {name: pull[name] for name in ("created_at", "updated_at", "closed_at", "merged_at")}
    nothing = {"assignee": None, "milestone": None, "auto_merge": None, "active_lock_reason": None}
    return shown | nothing | {"labels": [], "assignees": [], "requested_reviewers": [], "requested_teams": []}


def _full_shape(call: Call, pull: Document) -> Document:
    added, deleted, changed = _difference(call, pull)
    open_ = pull["state"] == "open"
    return _simple_shape(call, pull) | {
        "merged": pull["merged_at"] is not None,
        "mergeable": _mergeable(call, pull) if open_ else None,
        "mergeable_state": "clean" if open_ else "unknown",
        "rebaseable": None,
        "merged_by": shapes.user(call, pull["merged_by"]) if pull["merged_by"] else None,
        "comments": 0,
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": _commits_ahead(call, pull),
        "additions": added,
        "deletions": deleted,
        "changed_files": changed,
    }


def _mergeable(call: Call, pull: Document) -> bool:
    try:
        pulls.merged_files(call.store, call.subject, pull)
    except pulls.Unmergeable:
        return False
    return True


def _commits_ahead(call: Call, pull: Document) -> int:
    base, head = (
        set(objects.ancestry(call.store, call.subject["id"], pull[side])) for side in ("base_sha", "head_sha")
    )
    return len(head - base)


def _difference(call: Call, pull: Document) -> tuple[int, int, int]:
    """Return how many lines a pull request adds and deletes, in how many files."""
    before, after = (_listing(call, pull[side]) for side in ("base_sha", "head_sha"))
    changed = [path for path in before.keys() | after.keys() if before.get(path) != after.get(path)]
    added = deleted = 0
    for path in changed:
        old, new = (_lines(call, listing.get(path)) for listing in (before, after))
        for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if tag != "equal":
                added, deleted = added + d - c, deleted + b - a
    return added, deleted, len(changed)


def _lines(call: Call, entry: objects.Entry | None) -> list[bytes]:
    content = objects.read_blob(call.store, call.subject["id"], entry.sha) if entry else None
    return (content or b"").splitlines(keepends=True)


def _listing(call: Call, sha: str) -> dict[str, objects.Entry]:
    found = objects.read_commit(call.store, call.subject["id"], sha)
    return objects.files(call.store, call.subject["id"], found["tree"]) if found else {}


def _side(call: Call, branch: str, sha: str) -> Document:
    return {
        "label": f"{call.subject['owner']}:{branch}",
        "ref": branch,
        "sha": sha,
        "user": shapes.user(call, call.subject["owner"]),
        "repo": shapes.full_repository(call, call.subject),
    }


def _invalid(field: str) -> Refusal:
    return Refusal(422, "Validation Failed", errors=[{"resource": "PullRequest", "field": field, "code": "invalid"}])


def _custom(message: str) -> Document:
    return {"resource": "PullRequest", "code": "custom", "message": message}


READ = Needs(permission="pull_requests", public=True)
WRITE = Needs(permission="pull_requests", level="write", role="write")
MERGE = Needs(permission="contents", level="write", role="write")

ENDPOINTS = (
    Endpoint("GET", "/repos/{owner}/{repo}/pulls", _list, READ),
    Endpoint("POST", "/repos/{owner}/{repo}/pulls", _create, WRITE, creates=True),
    Endpoint("GET", "/repos/{owner}/{repo}/pulls/{pull_number}", _get, READ),
    Endpoint("PATCH", "/repos/{owner}/{repo}/pulls/{pull_number}", _update, WRITE),
    Endpoint("GET", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", _merged, MERGE),
    Endpoint("PUT", "/repos/{owner}/{repo}/pulls/{pull_number}/merge", _merge, MERGE),
)
