"""Repositories, their branches, environments, collaborators' roles and secret-scanning alerts."""

from __future__ import annotations

from urllib.parse import quote

from keyless.rehearsal.github import accounts, repositories, shapes
from keyless.rehearsal.github.answers import Answer, Call, Endpoint, Refusal, counted_page_of, number, page_of
from keyless.rehearsal.github.rights import Needs
from keyless.rehearsal.store import Document

ALERT = "github-alert"


def _get(call: Call) -> Answer:
    return Answer(200, shapes.full_repository(call, call.subject))


def _branches(call: Call) -> Answer:
    found = repositories.references(call.store, call.subject["id"], "refs/heads/")
    here = shapes.repository_address(call, call.subject)
    shown: list[Document] = [
        {
            "name": name.removeprefix("refs/heads/"),
            "commit": {"sha": sha, "url": f"{here}/commits/{sha}"},
            "protected": False,
        }
        for name, sha in found.items()
    ]
    return page_of(call, shown)


def _branch(call: Call) -> Answer:
    name = call.params["branch"]
    sha = repositories.reference(call.store, call.subject["id"], f"refs/heads/{name}")
    if sha is None:
        raise Refusal(404, "Branch not found")
    here = f"{shapes.repository_address(call, call.subject)}/branches/{quote(name, safe='')}"
    page = f"{call.web}/{call.subject['owner']}/{call.subject['name']}/tree/{name}"
    checks = {"enforcement_level": "off", "contexts": [], "checks": []}
    shown: Document = {
        "name": name,
        "commit": shapes.commit(call, call.subject, sha),
        "_links": {"self": here, "html": page},
        "protected": False,
        "protection": {"enabled": False, "required_status_checks": checks},
        "protection_url": f"{here}/protection",
    }
    return Answer(200, shown)


def _environment_shape(call: Call, environment: Document) -> Document:
    name = quote(environment["name"], safe="")
    return {name: value for name, value in environment.items() if name != "rules"} | {
        "node_id": shapes.node("EN", environment["id"]),
        "url": f"{shapes.repository_address(call, call.subject)}/environments/{name}",
        "html_url": f"{call.web}/{call.subject['owner']}/{call.subject['name']}/deployments/activity_log"
        f"?environments_filter={name}",
        "protection_rules": [_rule_shape(kind, environment["id"]) for kind in environment.get("rules", ())],
        "deployment_branch_policy": None,
    }


def _rule_shape(kind: str, environment: int) -> Document:
    more: Document = {"wait_timer": 30} if kind == "wait_timer" else {}
    if kind == "required_reviewers":
        more = {"prevent_self_review": False, "reviewers": []}
    return {"id": environment, "node_id": shapes.node("GA", environment), "type": kind} | more


def _environments(call: Call) -> Answer:
    found = repositories.environments(call.store, call.subject["id"])
    return counted_page_of(call, "environments", [_environment_shape(call, one) for one in found])


def _environment(call: Call) -> Answer:
    wanted = call.params["environment_name"].lower()
    for one in repositories.environments(call.store, call.subject["id"]):
        if one["name"].lower() == wanted:
            return Answer(200, _environment_shape(call, one))
    raise Refusal(404, "Not Found")


def _put_environment(call: Call) -> Answer:
    subject = call.subject
    repositories.create_environment(call.store, subject["owner"], subject["name"], call.params["environment_name"])
    return _environment(call)


def _delete_environment(call: Call) -> Answer:
    _environment(call)
    repositories.delete_environment(call.store, call.subject["id"], call.params["environment_name"])
    return Answer(204)


def _role(call: Call) -> Answer:
    login = call.params["username"]
    if accounts.account(call.store, login) is None:
        raise Refusal(404, "Not Found")
    role = repositories.role_of(call.store, call.subject, login)
    held = role or ("none" if call.subject["private"] else "read")
    return Answer(200, {"permission": held, "role_name": held, "user": shapes.user(call, login) | {"role_name": held}})


def _alert_shape(call: Call, alert: Document) -> Document:
    here = f"{shapes.repository_address(call, call.subject)}/secret-scanning/alerts/{alert['number']}"
    shown: Document = {
        "number": alert["number"],
        "created_at": alert["created_at"],
        "url": here,
        "html_url": f"{call.web}/{call.subject['owner']}/{call.subject['name']}/security/secret-scanning/{alert['number']}",
        "locations_url": f"{here}/locations",
        "state": alert["state"],
        "secret_type": alert["secret_type"],
        "secret_type_display_name": "PyPI API Token",
        "validity": "unknown",
        "resolution": None if alert["state"] == "open" else "revoked",
    }
    return shown if call.query.get("hide_secret") == "true" else shown | {"secret": "(not kept by the rehearsal)"}


def _alerts(call: Call) -> Answer:
    found = [one for _, one in call.store.all(ALERT, f"{call.subject['id']:010d}/")]
    types = set(call.query["secret_type"].split(",")) if call.query.get("secret_type") else None
    state = call.query.get("state")
    chosen = [
        _alert_shape(call, one)
        for one in reversed(found)
        if (types is None or one["secret_type"] in types) and (state is None or one["state"] == state)
    ]
    return page_of(call, chosen)


def _alert(call: Call) -> Answer:
    found = call.store.get(ALERT, f"{call.subject['id']:010d}/{number(call.params['alert_number']):08d}")
    if found is None:
        raise Refusal(404, "Not Found")
    return Answer(200, _alert_shape(call, found))


READ = Needs(public=True)
CONTENTS = Needs(permission="contents", public=True)
ENVIRONMENTS_READ = Needs(permission="actions", public=True)
ENVIRONMENTS_WRITE = Needs(permission="administration", level="write", role="admin")
ALERTS = Needs(permission="secret_scanning_alerts", role="admin", scopes=("repo", "security_events"))

ENDPOINTS = (
    Endpoint("GET", "/repos/{owner}/{repo}", _get, READ),
    Endpoint("GET", "/repos/{owner}/{repo}/branches", _branches, CONTENTS),
    Endpoint("GET", "/repos/{owner}/{repo}/branches/{branch*}", _branch, CONTENTS),
    Endpoint("GET", "/repos/{owner}/{repo}/environments", _environments, ENVIRONMENTS_READ),
    Endpoint("GET", "/repos/{owner}/{repo}/environments/{environment_name}", _environment, ENVIRONMENTS_READ),
    Endpoint("PUT", "/repos/{owner}/{repo}/environments/{environment_name}", _put_environment, ENVIRONMENTS_WRITE),
    Endpoint(
        "DELETE", "/repos/{owner}/{repo}/environments/{environment_name}", _delete_environment, ENVIRONMENTS_WRITE
    ),
    Endpoint("GET", "/repos/{owner}/{repo}/collaborators/{username}/permission", _role, READ),
    Endpoint("GET", "/repos/{owner}/{repo}/secret-scanning/alerts", _alerts, ALERTS),
    Endpoint("GET", "/repos/{owner}/{repo}/secret-scanning/alerts/{alert_number}", _alert, ALERTS),
)
