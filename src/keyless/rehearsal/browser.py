"""A person's browser, as far as an index's account pages need one: cookies, links, HTML forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpx

_EMPTY = frozenset({"input", "br", "img", "meta", "link", "hr"})


class PageRefused(Exception):
    """A page did not do what it was asked; the text is what it showed."""


@dataclass(slots=True)
class Form:
    """A form: its fields as a browser would send them unchanged. `names` holds every field, also empty ones."""

    action: str
    method: str
    inside: frozenset[str]
    """Ids of the form itself and of all that it lies in: a dialog's anchor is one."""
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came: where it is, its forms, its text."""

    url: str
    status: int
    forms: tuple[Form, ...]
    text: str

    def form(self, *names: str, within: str | None = None) -> Form | None:
        """Return the first form that has all these fields, and lies in the element with the id `within`."""
        for form in self.forms:
            if {*names} <= form.names and (within is None or within in form.inside):
                return form
        return None


class Browser:
    """Opens pages of one site and logs in where it is asked to. Use with `async with`."""

    def __init__(self, transport: httpx.AsyncBaseTransport, user: str, password: str) -> None:
        self._client = httpx.AsyncClient(transport=transport, trust_env=False, follow_redirects=True, timeout=30)
        self._user, self._password = user, password

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def open(self, url: str) -> Page:
        """Return the page behind a link, logging in on the way. Raises PageRefused."""
        address = url.partition("#")[0]
        page = read(await self._client.get(address))
        login = page.form("username", "password")
        if login is not None:
            page = await self.submit(page, login, username=self._user, password=self._password)
            if page.form("username", "password") is not None:
                raise PageRefused(f"The login as {self._user} was refused: {page.text[:300]}")
            if urlsplit(page.url).path != urlsplit(address).path or urlsplit(address).query:
                page = read(await self._client.get(address))
        if page.status >= 400:
            raise PageRefused(f"{address} answered {page.status}: {page.text[:300]}")
        return page

    async def submit(self, page: Page, form: Form, **values: str) -> Page:
        """Send a form with these fields changed; return the page that follows."""
        fields = {**form.fields, **values}
        target = urljoin(page.url, form.action)
        if form.method == "get":
            return read(await self._client.get(target, params=fields))
        headers = {"Referer": page.url, "Origin": _origin(page.url)}
        return read(await self._client.post(target, data=fields, headers=headers))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def read(response: httpx.Response) -> Page:
    """Return an answer as a page."""
    reader = _Reader()
    reader.feed(response.text)
    return Page(str(response.url), response.status_code, tuple(reader.forms), " ".join("".join(reader.words).split()))


class _Reader(HTMLParser):
    """Collects forms and visible text."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.words: list[str] = []
        self._open: list[tuple[str, str]] = []
        self._form: Form | None = None
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _EMPTY:
            self._open.append((tag, given.get("id", "")))
        self.words.append(" ")
        if tag == "form":
            inside = frozenset(identifier for _, identifier in self._open if identifier)
            self._form = Form(given.get("action", ""), given.get("method", "get").lower(), inside)
            self.forms.append(self._form)
        elif self._form is not None:
            self._field(self._form, tag, given)

    def _field(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "option" and self._select is not None:
            if "selected" in given or self._select not in form.fields:
                form.fields[self._select] = given.get("value", "")
            return
        if tag not in ("input", "select", "textarea", "button") or not name:
            return
        form.names.add(name)
        kind = given.get("type", "text" if tag == "input" else tag)
        if tag == "select":
            self._select = name
        elif tag == "textarea" or (kind not in ("checkbox", "radio", "submit", "button") or "checked" in given):
            form.fields[name] = given.get("value", "on" if kind in ("checkbox", "radio") else "")

    def handle_endtag(self, tag: str) -> None:
        self.words.append(" ")
        if tag == "form":
            self._form = None
        if tag == "select":
            self._select = None
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] == tag:
                del self._open[at:]
                break

    def handle_data(self, data: str) -> None:
        self.words.append(data)
