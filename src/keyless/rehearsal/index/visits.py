"""A person's visit to the index's pages: session cookie, CSRF token, flashed messages, and the frame of every page."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from starlette.responses import RedirectResponse

from keyless.model.index import Index
from keyless.rehearsal.index.accounts import account
from keyless.rehearsal.index.answers import page, refusal
from keyless.rehearsal.index.documents import kind
from keyless.rehearsal.store import Document, Store

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


@dataclass
class Visit:
    """One request of a browser. `user` is the account that is signed in; `form` is what was posted, CSRF checked."""

    store: Store
    index: Index
    path: str
    parameters: Mapping[str, str]
    query: Mapping[str, str]
    session: str
    csrf: str
    user: Document | None
    form: Mapping[str, str] | None = None
    flashed: list[str] = field(default_factory=list)

    @property
    def account(self) -> Document:
        """The signed-in account; only handlers behind `signed_in` may ask."""
        assert self.user is not None
        return self.user

    def flash(self, text: str) -> None:
        """Keep a message for the next page."""
        body = self.store.get(kind(self.index, "session"), self.session) or {}
        kept = {**body, "flashed": [*body.get("flashed", []), text]}
        self.store.put(kind(self.index, "session"), self.session, kept)

    def page(self, title: str, body: str, status: int = 200) -> Response:
        """Return a page with the messages that were kept, and a way around."""
        held = self.store.get(kind(self.index, "session"), self.session) or {}
        messages = [*held.get("flashed", []), *self.flashed]
        if held.get("flashed"):
            self.store.put(kind(self.index, "session"), self.session, {**held, "flashed": []})
        shown = "".join(f'<p class="flash" role="alert">{escape(text)}</p>\n' for text in messages)
        who = f"Signed in as {escape(self.user['user'])} · " if self.user else ""
        around = '<a href="/manage/projects/">Your projects</a> · <a href="/manage/account/">Account settings</a>'
        return page(title, f"<p>{escape(self.index.label)} · {who}{around}</p>\n{shown}{body}", status)

    def redirect(self, path: str) -> Response:
        """Send the browser on after a post."""
        return RedirectResponse(path, 303)

    def form_html(self, action: str, inside: str, button: str, identifier: str = "") -> str:
        """Return a form that posts to `action`; `inside` is HTML."""
        named = f' id="{escape(identifier)}"' if identifier else ""
        return (
            f'<form method="post" action="{escape(action)}"{named}>\n'
            f'<input type="hidden" name="csrf_token" value="{escape(self.csrf)}">\n{inside}\n'
            f'<button type="submit">{escape(button)}</button>\n</form>\n'
        )


Handler: TypeAlias = Callable[[Visit], "Response"]
Endpoint: TypeAlias = Callable[["Request"], Awaitable["Response"]]


def endpoint(store: Store, index: Index, handler: Handler, *, signed_in: bool = True) -> Endpoint:
    """Return a page's endpoint. With `signed_in`, whoever is not is sent to the login page and back afterwards."""

    async def answer(request: Request) -> Response:
        visit, fresh = _begin(store, index, request)
        if visit.user is None and signed_in:
            asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/account/login/?next={quote(asked, safe='')}", 303)
        if request.method == "POST":
            async with request.form() as form:
                visit.form = {name: value for name, value in form.multi_items() if isinstance(value, str)}
            if not hmac.compare_digest(visit.form.get("csrf_token", "").encode(), visit.csrf.encode()):
                return refusal(400, "Bad CSRF Token")
        response = handler(visit)
        if fresh is not None and "set-cookie" not in response.headers:
            set_cookie(response, index, fresh)
        return response

    return answer


def _begin(store: Store, index: Index, request: Request) -> tuple[Visit, str | None]:
    cookie = request.cookies.get(_cookie_name(index), "")
    body = store.get(kind(index, "session"), _digest(cookie)) if cookie else None
    fresh = None
    if body is None:
        cookie = fresh = secrets.token_urlsafe(32)
        body = _open(store, index, cookie, None)
    user = account(store, index, body["user"]) if body["user"] else None
    visit = Visit(
        store,
        index,
        request.url.path,
        request.path_params,
        request.query_params,
        _digest(cookie),
        body["csrf"],
        None if user is None or user["frozen"] else user,
    )
    return visit, fresh


def _open(store: Store, index: Index, cookie: str, user: str | None) -> Document:
    body: Document = {"user": user, "csrf": secrets.token_urlsafe(32), "flashed": []}
    store.put(kind(index, "session"), _digest(cookie), body)
    return body


def sign_in(visit: Visit, user: str, response: Response) -> None:
    """Replace the visit's session by one of `user` and hand its cookie out with `response`."""
    cookie = secrets.token_urlsafe(32)
    visit.store.delete(kind(visit.index, "session"), visit.session)
    _open(visit.store, visit.index, cookie, user)
    set_cookie(response, visit.index, cookie)


def sign_out(visit: Visit) -> None:
    """End the visit's session."""
    visit.store.delete(kind(visit.index, "session"), visit.session)


def set_cookie(response: Response, index: Index, cookie: str) -> None:
    """Set the session's cookie; its name differs by index, because cookies do not know ports."""
    response.set_cookie(_cookie_name(index), cookie, httponly=True, samesite="lax")


def _cookie_name(index: Index) -> str:
    return f"session_{index.value}"


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()
