"""The forms on which a person registers and removes trusted publishers (warehouse, oidc/forms/github.py)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

from keyless.model.publisher import Publisher
from keyless.rehearsal.index.accounts import OWNER, project, role
from keyless.rehearsal.index.answers import refusal
from keyless.rehearsal.index.documents import Refused, kind, mail, moment_of, stamp
from keyless.rehearsal.index.publishers import (
    TOO_MANY_PENDING,
    add_pending_publisher,
    add_publisher,
    describe,
    full,
    pending_publishers,
    publishers,
    remove_pending_publisher,
    remove_publisher,
)
from keyless.rehearsal.index.switches import switches
from keyless.rehearsal.index.visits import Visit
from keyless.rehearsal.store import Document

if TYPE_CHECKING:
    from starlette.responses import Response

FIELDS = ("owner", "repository", "workflow_filename", "environment")
REGISTRATIONS_A_DAY = 100
_OWNER = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9-]*$")
_REPOSITORY = re.compile(r"^[a-zA-Z0-9-_.]+$")
_ODD_ENVIRONMENT = re.compile(r"[\x00-\x1F\x7F'\"`,;\\]")
_PROJECT = re.compile(r"^([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])\Z", re.IGNORECASE | re.ASCII)
_DISABLED = "Trusted publishing is temporarily disabled. See https://pypi.org/help#admin-intervention for details."
_FAILED = "The trusted publisher could not be registered"
_TOO_MANY = "There have been too many attempted trusted publisher registrations. Try again later."


def publishing_page(visit: Visit) -> Response:
    """Show a project's publishers and the form for one more, prefilled from the query; take what is posted."""
    held = project(visit.store, visit.index, visit.parameters["name"])
    if held is None:
        return visit.page("Page Not Found (404)", "<h1>We looked everywhere but couldn't find this page</h1>", 404)
    if role(held, visit.account["user"]) != OWNER:
        return visit.page(
            "Access Denied / Forbidden (403)", "<h1>You don't have permission to view this page</h1>", 403
        )
    if visit.form is not None and "publisher_id" in visit.form:
        return _remove(visit, held, visit.form["publisher_id"])
    if visit.form is not None:
        return _add(visit, held, visit.form)
    github = visit.query.get("provider", "").lower() == "github"
    return _publishing(visit, held, visit.query if github else {}, {})


def _publishing(visit: Visit, held: Document, values: Mapping[str, str], wrong: Mapping[str, str]) -> Response:
    rows = "".join(_row(visit, row) for row in publishers(visit.store, visit.index, held["name"]))
    address = f"/manage/project/{held['name']}/settings/publishing/"
    if switches(visit.store, visit.index).trusted_publishing_disabled:
        visit.flashed.append(_DISABLED)
    note = (
        "<p>Some form fields have been autofilled, please double-check their values before submitting the form.</p>\n"
        if values and not wrong
        else ""
    )
    form = visit.form_html(f"{address}#errors", _inputs(values, wrong), "Add", "github-publisher-form")
    body = (
        f"<h1>Trusted Publisher Management</h1>\n<h2>{escape(held['name'])}</h2>\n"
        f"<table>\n<tr><th>Publisher</th><th>Details</th><th></th></tr>\n{rows}</table>\n"
        f"<h2>Add a new publisher: GitHub</h2>\n{note}{form}"
    )
    return visit.page("Publishing", body)


def _row(visit: Visit, row: Document) -> str:
    inside = f'<input type="hidden" name="publisher_id" value="{row["id"]}">'
    form = visit.form_html(visit.path, inside, "Remove")
    return f"<tr><td>GitHub</td><td>{escape(describe(row))}</td><td>{form}</td></tr>\n"


def _inputs(values: Mapping[str, str], wrong: Mapping[str, str], fields: tuple[str, ...] = FIELDS) -> str:
    lines = []
    for name in fields:
        value = escape(values.get(name, ""))
        problem = f' <span class="error">{escape(wrong[name])}</span>' if name in wrong else ""
        label = name.replace("_", " ")
        lines.append(f'<label>{label} <input name="{name}" value="{value}" autocomplete="off"></label>{problem}')
    return "\n".join(lines)


def _add(visit: Visit, held: Document, form: Mapping[str, str]) -> Response:
    stopped = _stopped(visit)
    if stopped is not None:
        return stopped
    wrong = problems(form)
    if not wrong:
        try:
            add_publisher(visit.store, visit.index, held["name"], _publisher(form))
        except Refused as error:
            wrong = {error.field: str(error)}
        else:
            for member in held["roles"]:
                mail(
                    visit.store,
                    visit.index,
                    member["user"],
                    f"Trusted publisher added to {held['name']}",
                    str(_publisher(form)),
                )
            visit.flash(f"Added {form['workflow_filename'].strip()} to {held['name']}")
            return visit.redirect(visit.path)
    visit.flashed.append(wrong.get("", _FAILED))
    return _publishing(visit, held, form, wrong)


def _remove(visit: Visit, held: Document, identifier: str) -> Response:
    if remove_publisher(visit.store, visit.index, held["name"], identifier):
        visit.flash(f"Removed trusted publisher for project {held['name']!r}")
    else:
        visit.flash("Invalid publisher for project")
    return visit.redirect(visit.path)


def pending_page(visit: Visit) -> Response:
    """Show a person's pending publishers and the form for one more, which takes no prefill."""
    if visit.form is not None and "publisher_id" in visit.form:
        user = visit.account["user"]
        found = remove_pending_publisher(visit.store, visit.index, user, visit.form["publisher_id"])
        visit.flash("Removed trusted publisher" if found else "Invalid publisher ID")
        return visit.redirect(visit.path)
    if visit.form is not None:
        return _add_pending(visit, visit.form)
    return _pending(visit, {}, {})


def _pending(visit: Visit, values: Mapping[str, str], wrong: Mapping[str, str]) -> Response:
    mine = [row for row in pending_publishers(visit.store, visit.index) if row["user"] == visit.account["user"]]
    rows = "".join(f"<li>{escape(row['project'])}: {_row(visit, row)}</li>\n" for row in mine)
    if switches(visit.store, visit.index).trusted_publishing_disabled:
        visit.flashed.append(_DISABLED)
    inside = _inputs(values, wrong, ("project_name", *FIELDS))
    form = visit.form_html(visit.path, inside, "Add", "pending-github-publisher-form")
    body = f"<h1>Publishing</h1>\n<h2>Pending publishers</h2>\n<ul>{rows}</ul>\n<h2>Add: GitHub</h2>\n{form}"
    return visit.page("Publishing", body)


def _add_pending(visit: Visit, form: Mapping[str, str]) -> Response:
    if not visit.account["email_verified"]:
        visit.flashed.append("You must have a verified email in order to register a pending trusted publisher.")
        return _pending(visit, form, {})
    if full(visit.store, visit.index, visit.account["user"]):
        visit.flashed.append(TOO_MANY_PENDING)
        return _pending(visit, form, {})
    stopped = _stopped(visit)
    if stopped is not None:
        return stopped
    wrong = problems(form)
    name = form.get("project_name", "")
    if not _PROJECT.match(name):
        wrong["project_name"] = "Invalid project name" if name else "Specify project name"
    if not wrong:
        try:
            add_pending_publisher(visit.store, visit.index, visit.account["user"], name, _publisher(form))
        except Refused as error:
            wrong = {error.field: str(error)}
        else:
            visit.flash(f"Registered a new pending publisher to create the project '{name}'.")
            return visit.redirect(visit.path)
    visit.flashed.append(wrong.get("", _FAILED))
    return _pending(visit, form, wrong)


def _stopped(visit: Visit) -> Response | None:
    """Return what ends a registration before its values are looked at: switched off, or too many of them today."""
    if switches(visit.store, visit.index).trusted_publishing_disabled:
        visit.flash(_DISABLED)
        return visit.redirect(visit.path)
    key, day_ago = visit.account["user"], visit.store.now() - timedelta(days=1)
    kept = visit.store.get(kind(visit.index, "registrations"), key) or {"at": []}
    recent = [at for at in kept["at"] if moment_of(at) > day_ago]
    if len(recent) >= REGISTRATIONS_A_DAY:
        return refusal(429, _TOO_MANY, {"Retry-After": "86400"})
    visit.store.put(kind(visit.index, "registrations"), key, {"at": [*recent, stamp(visit.store)]})
    return None


def problems(form: Mapping[str, str]) -> dict[str, str]:
    """Return what is wrong with each field of a publisher's form, in PyPI's words."""
    wrong = {}
    owner, repository, workflow, environment = (form.get(name, "") for name in FIELDS)
    if not owner:
        wrong["owner"] = "Specify GitHub repository owner (username or organization)"
    elif not _OWNER.match(owner):
        wrong["owner"] = "Invalid GitHub user or organization name."
    if not repository:
        wrong["repository"] = "Specify repository name"
    elif not _REPOSITORY.match(repository):
        wrong["repository"] = "Invalid repository name"
    problem = _workflow_problem(workflow.strip())
    if problem:
        wrong["workflow_filename"] = problem
    problem = _environment_problem(environment)
    if problem:
        wrong["environment"] = problem
    return wrong


def _workflow_problem(name: str) -> str | None:
    if not name:
        return "Specify workflow filename"
    if not name.endswith((".yml", ".yaml")):
        return "Workflow name must end with .yml or .yaml"
    if "/" in name:
        return "Workflow filename must be a filename only, without directories"
    return None


def _environment_problem(name: str) -> str | None:
    if len(name) > 255:
        return "Environment name is too long (maximum is 255 characters)"
    if name.startswith(" "):
        return "Environment name may not start with whitespace"
    if name.endswith(" "):
        return "Environment name may not end with whitespace"
    if _ODD_ENVIRONMENT.search(name):
        return (
            "Environment name must not contain non-printable characters "
            'or the characters "\'", """, "`", ",", ";", "\\"'
        )
    return None


def _publisher(form: Mapping[str, str]) -> Publisher:
    return Publisher(
        form["owner"], form["repository"], form["workflow_filename"].strip(), form.get("environment") or None
    )
