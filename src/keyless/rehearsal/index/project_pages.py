"""Pages about projects: the public one, a person's own, and a project's history."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from keyless.rehearsal.index.accounts import OWNER, project, projects_of, role
from keyless.rehearsal.index.documents import history
from keyless.rehearsal.index.files import files
from keyless.rehearsal.index.visits import Visit
from keyless.rehearsal.store import Document

if TYPE_CHECKING:
    from starlette.responses import Response


def _missing(visit: Visit) -> Response:
    return visit.page("Page Not Found (404)", "<h1>We looked everywhere but couldn't find this page</h1>", 404)


def project_page(visit: Visit) -> Response:
    """Show the files of one version (without one: of the newest upload's), each with how it was uploaded."""
    held = project(visit.store, visit.index, visit.parameters["name"])
    rows = [] if held is None else files(visit.store, visit.index, held["name"])
    wanted = visit.parameters.get("version") or (rows[-1]["version"] if rows else None)
    shown = [row for row in rows if row["version"] == wanted]
    if held is None or (wanted is not None and not shown):
        return _missing(visit)
    details = "".join(_file(row) for row in shown)
    title = f"{held['name']} {wanted or ''}".strip()
    return visit.page(title, f"<h1>{escape(title)}</h1>\n<h2>Download files</h2>\n{details}")


def _file(row: Document) -> str:
    return (
        f'<section id="{escape(row["filename"])}">\n<h3>File details</h3>\n<ul>\n'
        f'<li>Download URL: <a href="/packages/{escape(row["path"])}">{escape(row["filename"])}</a></li>\n'
        f"<li>Upload date: {escape(row['uploaded_at'])}</li>\n<li>Size: {row['size']} bytes</li>\n"
        f"<li>Uploaded using Trusted Publishing? {'Yes' if row['trusted'] else 'No'}</li>\n"
        f"<li>SHA256 {row['sha256']}</li>\n</ul>\n</section>\n"
    )


def own_projects(visit: Visit) -> Response:
    """List the projects in which the signed-in person has a role."""
    items = ""
    for held in projects_of(visit.store, visit.index, visit.account["user"]):
        name, held_role = escape(held["name"]), role(held, visit.account["user"])
        manage = (
            f' · <a href="/manage/project/{name}/settings/publishing/">Publishing</a>'
            f' · <a href="/manage/project/{name}/history/">History</a>'
            if held_role == OWNER
            else ""
        )
        items += f'<li><a href="/project/{name}/">{name}</a> ({escape(held_role or "")}){manage}</li>\n'
    return visit.page("Your projects", f"<h1>Your projects</h1>\n<ul>\n{items}</ul>")


def history_page(visit: Visit) -> Response:
    """List what happened to a project, newest first; for its owners and maintainers."""
    held = project(visit.store, visit.index, visit.parameters["name"])
    if held is None:
        return _missing(visit)
    if role(held, visit.account["user"]) is None:
        return visit.page(
            "Access Denied / Forbidden (403)", "<h1>You don't have permission to view this page</h1>", 403
        )
    rows = "".join(_event(event) for event in reversed(history(visit.store, visit.index, held["normalised"])))
    table = f"<table>\n<tr><th>Event</th><th>Time</th><th>Details</th></tr>\n{rows}</table>"
    return visit.page("Project history", f"<h1>Security history of {escape(held['name'])}</h1>\n{table}")


def _event(event: Document) -> str:
    more = ", ".join(f"{name}: {value}" for name, value in event.items() if name not in ("project", "what", "at"))
    return f"<tr><td>{escape(event['what'])}</td><td>{escape(event['at'])}</td><td>{escape(more)}</td></tr>\n"
