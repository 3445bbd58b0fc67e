"""The pages for people, at the paths and anchors of the real ones: sign in, account, tokens. All plain HTML forms."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse
from starlette.routing import Route

from keyless.model.index import Index
from keyless.rehearsal.index import project_pages, publisher_pages
from keyless.rehearsal.index.accounts import account, password_fits, projects_of
from keyless.rehearsal.index.documents import Refused
from keyless.rehearsal.index.tokens import create_token, delete_token, token, token_identifier, tokens_of
from keyless.rehearsal.index.visits import Handler, Visit, endpoint, sign_in, sign_out
from keyless.rehearsal.store import Document, Store
from keyless.secret import Secret

if TYPE_CHECKING:
    from starlette.responses import Response

_SCOPE = "scope:project:"


@dataclass(frozen=True)
class Pages:
    """The pages of one index over its store."""

    store: Store
    index: Index

    def routes(self) -> list[Route]:
        """Return where each page is."""
        closed: dict[str, Handler] = {
            "/manage/account/": account_page,
            "/manage/account/token/": token_page,
            "/manage/account/publishing/": publisher_pages.pending_page,
            "/manage/projects/": project_pages.own_projects,
            "/manage/project/{name}/settings/publishing/": publisher_pages.publishing_page,
            "/manage/project/{name}/history/": project_pages.history_page,
        }
        open_: dict[str, Handler] = {
            "/account/login/": login_page,
            "/account/logout/": logout_page,
            "/project/{name}/": project_pages.project_page,
            "/project/{name}/{version}/": project_pages.project_page,
            "/": front_page,
        }
        methods = ["GET", "POST"]
        routes = [Route(path, endpoint(self.store, self.index, page), methods=methods) for path, page in closed.items()]
        return routes + [
            Route(path, endpoint(self.store, self.index, page, signed_in=False), methods=methods)
            for path, page in open_.items()
        ]


def front_page(visit: Visit) -> Response:
    """Say what this is."""
    return visit.page(visit.index.label, f"<h1>{escape(visit.index.label)} in rehearsal</h1>")


def login_page(visit: Visit) -> Response:
    """Ask for user name and password; go on to `next`, which stays on this site."""
    onward = (visit.form or visit.query).get("next", "")
    if not onward.startswith("/") or onward.startswith(("//", "/\\")):
        onward = "/manage/projects/"
    if visit.form is not None:
        user = account(visit.store, visit.index, visit.form.get("username", ""))
        if user is not None and not user["frozen"] and password_fits(user, visit.form.get("password", "")):
            response = RedirectResponse(onward, 303)
            sign_in(visit, user["user"], response)
            return response
        visit.flashed.append("The username and password combination you provided is invalid. Try again.")
    inside = (
        f'<input type="hidden" name="next" value="{escape(onward)}">\n'
        '<label>Username <input name="username" autocomplete="off"></label>\n'
        '<label>Password <input name="password" type="password" autocomplete="off"></label>'
    )
    return visit.page("Log in", "<h1>Log in</h1>\n" + visit.form_html("/account/login/", inside, "Log in"))


def logout_page(visit: Visit) -> Response:
    """End the session."""
    if visit.form is None:
        return visit.page("Log out", visit.form_html("/account/logout/", "", "Log out"))
    sign_out(visit)
    return visit.redirect("/")


def account_page(visit: Visit) -> Response:
    """List the account's tokens, each with its removal dialog and its unique identifier."""
    held = tokens_of(visit.store, visit.index, visit.account["user"])
    rows = "".join(_token_row(body) for body in held)
    dialogs = "".join(_identifier_dialog(body) + _removal_dialog(visit, body) for body in held)
    table = (
        f"<table>\n<tr><th>Name</th><th>Scope</th><th>Created</th><th>Last used</th><th></th></tr>\n{rows}</table>"
        if held
        else "<p>You have no API tokens.</p>"
    )
    body = (
        f"<h1>Account settings</h1>\n<p>Username: {escape(visit.account['user'])}<br>"
        f"Email: {escape(visit.account['email'])}</p>\n"
        f'<section id="api-tokens">\n<h2>API tokens</h2>\n{table}\n'
        '<p><a href="/manage/account/token/">Add API token</a></p>\n</section>\n'
        f'<p><a href="/manage/account/publishing/">Publishing</a></p>\n{dialogs}'
    )
    return visit.page("Account settings", body)


def scope_of(body: Document) -> str:
    """Return a token's scope in the page's words."""
    return f"Project {body['project']}" if body["project"] else "All projects"


def _token_row(body: Document) -> str:
    last_used = escape(body["last_used"]) if body["last_used"] else "Never"
    return (
        f'<tr id="token-{body["id"]}"><td>{escape(body["description"])}</td><td>{escape(scope_of(body))}</td>'
        f"<td>{escape(body['created'])}</td><td>{last_used}</td>"
        f'<td><a href="#remove-API-token--{body["id"]}">Remove token</a> '
        f'<a href="#view-identifier--{body["id"]}">View unique identifier</a></td></tr>\n'
    )


def _identifier_dialog(body: Document) -> str:
    return (
        f'<div id="view-identifier--{body["id"]}" class="modal" role="dialog">\n'
        f'<h3>Unique identifier for API token "{escape(body["description"])}"</h3>\n'
        f"<code>{body['id']}</code>\n</div>\n"
    )


def _removal_dialog(visit: Visit, body: Document) -> str:
    inside = (
        f'<input type="hidden" name="macaroon_id" value="{body["id"]}">\n'
        f"<h3>Remove API token - {escape(body['description'])}</h3>\n<p>This action cannot be undone!</p>\n"
        "<p>Applications or scripts using this token will no longer have access to PyPI.</p>\n"
        '<label>Password <input name="confirm_password" type="password" autocomplete="off"></label>'
    )
    form = visit.form_html("/manage/account/token/", inside, "Remove API token")
    return f'<div id="remove-API-token--{body["id"]}" class="modal" role="dialog">\n{form}</div>\n'


def token_page(visit: Visit) -> Response:
    """Issue a token, or (when a password confirms it) remove one."""
    if visit.form is None:
        return _token_form(visit, visit.query.get("selected_project"), [])
    if "confirm_password" in visit.form and "macaroon_id" in visit.form:
        return _remove(visit, visit.form["macaroon_id"], visit.form["confirm_password"])
    return _issue(visit, visit.form.get("description", ""), visit.form.get("token_scope", ""))


def _remove(visit: Visit, identifier: str, password: str) -> Response:
    body = token(visit.store, visit.index, identifier)
    if not password_fits(visit.account, password) or body is None:
        visit.flash("Invalid credentials. Try again")
    elif (body["user"] or "").lower() != visit.account["user"].lower():
        visit.flash("API Token does not exist.")
    else:
        delete_token(visit.store, visit.index, body["id"])
        visit.flash(f"Deleted API token '{body['description']}'.")
    return visit.redirect("/manage/account/")


def _issue(visit: Visit, description: str, scope: str) -> Response:
    chosen = scope.removeprefix(_SCOPE) if scope.startswith(_SCOPE) else None
    problem = _problem(visit, description, scope)
    if problem is None:
        try:
            made = create_token(visit.store, visit.index, visit.account["user"], chosen, description)
        except Refused as error:
            problem = str(error)
        else:
            return _issued(visit, description, chosen, made)
    return _token_form(visit, chosen, [problem])


def _problem(visit: Visit, description: str, scope: str) -> str | None:
    if not visit.account["email_verified"]:
        return "Verify your email to create an API token."
    if not description:
        return "Specify a token name"
    if len(description) > 100:
        return "Description must be 100 characters or less"
    return _scope_problem(visit, scope)


def _scope_problem(visit: Visit, scope: str) -> str | None:
    if scope in ("", "scope:unspecified"):
        return "Specify the token scope"
    if scope == "scope:user":
        return None
    if not scope.startswith(_SCOPE):
        return f"Unknown token scope: {scope}"
    name = scope.removeprefix(_SCOPE)
    return None if name in _names(visit) else f"Unknown or invalid project name: {name}"


def _names(visit: Visit) -> list[str]:
    return [body["normalised"] for body in projects_of(visit.store, visit.index, visit.account["user"])]


def _issued(visit: Visit, description: str, project: str | None, made: Secret) -> Response:
    scope = f'Project "{escape(project)}"' if project else "Entire account (all projects)"
    body = (
        f'<section id="provisioned-key">\n<h2>Token for "{escape(description)}"</h2>\n'
        f"<p>Permissions: Upload packages<br>Scope: {scope}</p>\n"
        f'<code class="code-block">{made.reveal()}</code>\n'
        "<p>For security reasons this token will only appear once. <strong>Copy it now.</strong></p>\n"
        f'<p><a href="/manage/account/#remove-API-token--{token_identifier(made)}">Remove token</a></p>\n</section>'
    )
    return visit.page("Create API token", body)


def _token_form(visit: Visit, selected: str | None, problems: list[str]) -> Response:
    options = ['<option value="scope:unspecified">Select scope…</option>', _option("scope:user", "Entire account", "")]
    options += [_option(_SCOPE + name, f"Project: {name}", selected or "") for name in _names(visit)]
    wrong = "".join(f'<p class="error">{escape(text)}</p>\n' for text in problems)
    inside = (
        f'{wrong}<label>Token name <input name="description" autocomplete="off"></label>\n'
        f'<label>Scope <select name="token_scope">{"".join(options)}</select></label>'
    )
    form = visit.form_html("/manage/account/token/", inside, "Create token")
    return visit.page("Create API token", f"<h1>Create API token</h1>\n{form}")


def _option(value: str, text: str, selected: str) -> str:
    mark = " selected" if selected and value == _SCOPE + selected else ""
    return f'<option value="{escape(value)}"{mark}>{escape(text)}</option>'
