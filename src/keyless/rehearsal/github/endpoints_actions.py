"""Workflow runs: lists with GitHub's filters, attempts, jobs with steps, and annotations of check runs."""

from __future__ import annotations

import re

from keyless.rehearsal.github import moments, objects, repositories, runs, shapes
from keyless.rehearsal.github.answers import Answer, Call, Endpoint, Refusal, counted_page_of, number, page_of
from keyless.rehearsal.github.rights import Needs
from keyless.rehearsal.store import Document

RUN_LINKS = ("jobs", "logs", "artifacts", "cancel", "rerun")
PREVIOUS = "previous_attempt_url"


def _list(call: Call) -> Answer:
    return _listed(call, runs.listed(call.store, call.subject["id"]))


def _list_of_workflow(call: Call) -> Answer:
    path = _workflow(call)["path"]
    return _listed(call, [one for one in runs.listed(call.store, call.subject["id"]) if one["path"] == path])


def _listed(call: Call, every: list[Document]) -> Answer:
    chosen = [_run_shape(call, one) for one in every if _wanted(call, one)]
    return counted_page_of(call, "workflow_runs", chosen)


def _wanted(call: Call, run: Document) -> bool:
    query = call.query
    plain = {"branch": "ref", "event": "event", "head_sha": "sha", "actor": "actor"}
    if any(query.get(name) not in (None, "", run[field]) for name, field in plain.items()):
        return False
    if query.get("status") not in (None, "", run["status"], run["conclusion"]):
        return False
    created = query.get("created")
    return not created or _in_range(run["created_at"], created)


def _in_range(created: str, asked: str) -> bool:
    """Judge GitHub's search syntax for dates: `>=X`, `>X`, `<=X`, `<X`, `X..Y` with `*` for open, or a day."""
    bounds = re.fullmatch(r"(.+)\.\.(.+)", asked)
    if bounds:
        low, high = bounds[1], bounds[2]
        return (low == "*" or created >= _full(low)) and (high == "*" or created <= _full(high, end=True))
    found = re.fullmatch(r"(>=|<=|>|<)?(.+)", asked)
    sign, day = (found[1], found[2]) if found else (None, asked)
    match sign:
        case ">=":
            return created >= _full(day)
        case ">":
            return created > _full(day, end=True)
        case "<=":
            return created <= _full(day, end=True)
        case "<":
            return created < _full(day)
        case _:
            return _full(day) <= created <= _full(day, end=True)


def _full(written: str, *, end: bool = False) -> str:
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", written):
        return f"{written}T23:59:59Z" if end else f"{written}T00:00:00Z"
    try:
        return moments.text(moments.moment(written))
    except ValueError as error:
        raise Refusal(422, "Validation Failed") from error


def _get(call: Call) -> Answer:
    return Answer(200, _run_shape(call, _found(call)))


def _get_attempt(call: Call) -> Answer:
    return Answer(200, _run_shape(call, _found(call, number(call.params["attempt_number"]))))


def _found(call: Call, attempt: int | None = None) -> Document:
    run = runs.find_run(call.store, call.subject["id"], number(call.params["run_id"]), attempt)
    if run is None:
        raise Refusal(404, "Not Found")
    return run


def _jobs(call: Call) -> Answer:
    run = _found(call)
    attempts = range(1, run["attempt"] + 1) if call.query.get("filter") == "all" else [run["attempt"]]
    every = [job for one in attempts for job in runs.jobs(call.store, call.subject["id"], run["id"], one)]
    return counted_page_of(call, "jobs", [_job_shape(call, run, one) for one in every])


def _attempt_jobs(call: Call) -> Answer:
    run = _found(call, number(call.params["attempt_number"]))
    found = runs.jobs(call.store, call.subject["id"], run["id"], run["attempt"])
    return counted_page_of(call, "jobs", [_job_shape(call, run, one) for one in found])


def _job(call: Call) -> Answer:
    job = runs.find_job(call.store, call.subject["id"], number(call.params["job_id"]))
    run = runs.find_run(call.store, call.subject["id"], job["run"], job["attempt"]) or {}
    return Answer(200, _job_shape(call, run, job))


def _annotations(call: Call) -> Answer:
    job = runs.find_job(call.store, call.subject["id"], number(call.params["check_run_id"]))
    page = f"{call.web}/{call.subject['owner']}/{call.subject['name']}/blob"
    shown: list[Document] = [
        {
            "path": one["path"],
            "blob_href": f"{page}/{one['path']}",
            "start_line": one["line"],
            "end_line": one["line"],
            "start_column": None,
            "end_column": None,
            "annotation_level": one["level"],
            "title": one["title"],
            "message": one["message"],
            "raw_details": None,
        }
        for one in runs.annotations_of(call.store, job["id"])
    ]
    return page_of(call, shown)


def _workflows(call: Call) -> Answer:
    shown = [_workflow_shape(call, path) for path in _workflow_paths(call)]
    return counted_page_of(call, "workflows", shown)


def _get_workflow(call: Call) -> Answer:
    return Answer(200, _workflow(call))


def _workflow(call: Call) -> Document:
    wanted = call.params["workflow_id"]
    paths = _workflow_paths(call) + [one["path"] for one in runs.listed(call.store, call.subject["id"])]
    for path in dict.fromkeys(paths):
        if wanted in (path.rpartition("/")[2], str(runs.workflow_id(call.store, call.subject["id"], path))):
            return _workflow_shape(call, path)
    raise Refusal(404, "Not Found")


def _workflow_paths(call: Call) -> list[str]:
    head = repositories.resolve(call.store, call.subject, "HEAD")
    found = objects.read_commit(call.store, call.subject["id"], head) if head else None
    listing = objects.files(call.store, call.subject["id"], found["tree"]) if found else {}
    return [path for path in listing if re.fullmatch(r"\.github/workflows/[^/]+\.ya?ml", path)]


def _workflow_shape(call: Call, path: str) -> Document:
    identifier = runs.workflow_id(call.store, call.subject["id"], path)
    here = f"{shapes.repository_address(call, call.subject)}/actions/workflows"
    site = f"{call.web}/{call.subject['owner']}/{call.subject['name']}"
    return {
        "id": identifier,
        "node_id": shapes.node("W", identifier),
        "name": _workflow_name(call, path, repositories.resolve(call.store, call.subject, "HEAD")),
        "path": path,
        "state": "active",
        "created_at": call.subject["created_at"],
        "updated_at": call.subject["updated_at"],
        "url": f"{here}/{identifier}",
        "html_url": f"{site}/blob/{call.subject['default_branch']}/{path}",
        "badge_url": f"{site}/workflows/{identifier}/badge.svg",
    }


def _workflow_name(call: Call, path: str, commit: str | None) -> str:
    """Return the workflow's `name:` at a commit, or its path as GitHub does where there is none."""
    identifier = call.subject["id"]
    found = objects.read_commit(call.store, identifier, commit) if commit else None
    entry = objects.files(call.store, identifier, found["tree"]).get(path) if found else None
    content = (objects.read_blob(call.store, identifier, entry.sha) if entry else None) or b""
    named = re.search(r"^name:[ \t]*[\"']?(.+?)[\"']?[ \t]*\r?$", content.decode("utf-8", "replace"), re.MULTILINE)
    return named[1] if named else path


def _run_shape(call: Call, run: Document) -> Document:
    base = shapes.repository_address(call, call.subject)
    here = f"{base}/actions/runs/{run['id']}"
    suite = 40_000_000_000 + run["id"] % 1_000_000_000
    repository = shapes.minimal_repository(call, call.subject)
    shown: Document = {
        "id": run["id"],
        "name": _workflow_name(call, run["path"], run["sha"]),
        "node_id": shapes.node("WFR", run["id"]),
        "head_branch": run["ref"],
        "head_sha": run["sha"],
        "path": run["path"],
        "display_title": _head_commit(call, run)["message"].partition("\n")[0],
        "run_number": run["number"],
        "event": run["event"],
        "status": run["status"],
        "conclusion": run["conclusion"],
        "workflow_id": run["workflow"],
        "check_suite_id": suite,
        "check_suite_node_id": shapes.node("CS", suite),
        "url": here,
        "html_url": f"{call.web}/{call.subject['owner']}/{call.subject['name']}/actions/runs/{run['id']}",
        "pull_requests": [],
        "created_at": run["created_at"],
        "updated_at": run["updated_at"],
        "run_started_at": run["started_at"],
        "run_attempt": run["attempt"],
        "actor": shapes.user(call, run["actor"]),
        "triggering_actor": shapes.user(call, run["actor"]),
        "referenced_workflows": [_referenced(one, run["sha"]) for one in run["referenced"]],
        **{f"{name}_url": f"{here}/{name}" for name in RUN_LINKS},
        "check_suite_url": f"{base}/check-suites/{suite}",
        "workflow_url": f"{base}/actions/workflows/{run['workflow']}",
        PREVIOUS: f"{here}/attempts/{run['attempt'] - 1}" if run["attempt"] > 1 else None,
        "head_commit": _head_commit(call, run),
        "repository": repository,
        "head_repository": repository,
    }
    return shown


def _referenced(written: str, sha: str) -> Document:
    _, _, ref = written.partition("@")
    return {"path": written, "sha": ref if objects.looks_like_sha(ref) else sha, "ref": ref or None}


def _head_commit(call: Call, run: Document) -> Document:
    found = objects.read_commit(call.store, call.subject["id"], run["sha"])
    if found is None:
        raise Refusal(404, "Not Found")
    someone = shapes.person(found)
    who = {"name": someone["name"], "email": someone["email"]}
    return {
        "id": run["sha"],
        "tree_id": found["tree"],
        "message": found["message"],
        "timestamp": someone["date"],
        "author": who,
        "committer": who,
    }


def _job_shape(call: Call, run: Document, job: Document) -> Document:
    base = shapes.repository_address(call, call.subject)
    page = f"{call.web}/{call.subject['owner']}/{call.subject['name']}/actions/runs/{run['id']}/job/{job['id']}"
    shown = {name: job[name] for name in ("id", "name", "created_at", "started_at", "completed_at")}
    return shown | {
        "status": job["status"],
        "conclusion": job["conclusion"],
        "run_id": run["id"],
        "run_url": f"{base}/actions/runs/{run['id']}",
        "run_attempt": job["attempt"],
        "node_id": shapes.node("CR", job["id"]),
        "head_sha": run["sha"],
        "head_branch": run["ref"],
        "url": f"{base}/actions/jobs/{job['id']}",
        "html_url": page,
        "steps": job["steps"],
        "check_run_url": f"{base}/check-runs/{job['id']}",
        "labels": ["ubuntu-latest"],
        "runner_id": 1,
        "runner_name": "GitHub Actions 1",
        "runner_group_id": 0,
        "runner_group_name": "GitHub Actions",
        "workflow_name": _workflow_name(call, run["path"], run["sha"]),
    }


READ = Needs(permission="actions", public=True)
CHECKS = Needs(permission="checks", public=True)
ACTIONS = "/repos/{owner}/{repo}/actions"

ENDPOINTS = (
    Endpoint("GET", f"{ACTIONS}/runs", _list, READ),
    Endpoint("GET", f"{ACTIONS}/runs/{{run_id}}", _get, READ),
    Endpoint("GET", f"{ACTIONS}/runs/{{run_id}}/attempts/{{attempt_number}}", _get_attempt, READ),
    Endpoint("GET", f"{ACTIONS}/runs/{{run_id}}/attempts/{{attempt_number}}/jobs", _attempt_jobs, READ),
    Endpoint("GET", f"{ACTIONS}/runs/{{run_id}}/jobs", _jobs, READ),
    Endpoint("GET", f"{ACTIONS}/jobs/{{job_id}}", _job, READ),
    Endpoint("GET", f"{ACTIONS}/workflows", _workflows, READ),
    Endpoint("GET", f"{ACTIONS}/workflows/{{workflow_id}}", _get_workflow, READ),
    Endpoint("GET", f"{ACTIONS}/workflows/{{workflow_id}}/runs", _list_of_workflow, READ),
    Endpoint("GET", "/repos/{owner}/{repo}/check-runs/{check_run_id}/annotations", _annotations, CHECKS),
)
