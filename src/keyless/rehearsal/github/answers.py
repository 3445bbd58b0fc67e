"""What an endpoint returns or refuses, and how a long list is cut into pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import parse_qsl, urlencode

from keyless.rehearsal.github.rights import Actor, Needs
from keyless.rehearsal.store import Document, Store

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | Document | None"
DOCUMENTATION = "https://docs.github.com/rest"
LONGEST_PAGE, USUAL_PAGE = 100, 30


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before the headers that every one carries. Bytes are sent as they are, None sends no body."""

    status: int = 200
    body: Json | bytes = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An answer of 4xx in GitHub's shape: message, documentation_url, status, and errors where it gives them."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        errors: Sequence[Document] = (),
        headers: Mapping[str, str] | None = None,
        moved_to: str | None = None,
    ) -> None:
        super().__init__(status, message)
        body: Document = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
        if errors:
            body["errors"] = list(errors)
        if moved_to is not None:
            body["url"] = moved_to
        self.answer = Answer(status, body, {**(headers or {}), **({"Location": moved_to} if moved_to else {})})


@dataclass(frozen=True, slots=True)
class Call:
    """A request that was let through. `subject` is the repository's or organisation's document, `{}` for neither.

    `api` is the address that the client used, without a final slash; `web` where people would look; `path` follows
    `api` and is the one that GitHub's own links use.
    """

    store: Store
    actor: Actor | None
    subject: Document
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: Document
    api: str
    web: str
    path: str
    accept: str

    @property
    def login(self) -> str:
        """Whose token this is. Only endpoints that need a token ask."""
        if self.actor is None:
            raise Refusal(401, "Requires authentication")
        return self.actor.login

    def text(self, name: str) -> str:
        """Return a required text of the body. Raises Refusal (422)."""
        found = self.body.get(name)
        if not isinstance(found, str) or not found:
            raise Refusal(422, f'Invalid request.\n\n"{name}" wasn\'t supplied.')
        return found


Handler: TypeAlias = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation: `path` as GitHub's description writes it; `{name*}` at its end takes slashes, too."""

    method: str
    path: str
    handler: Handler
    needs: Needs
    creates: bool = False
    resource: str = "core"


def number(written: str) -> int:
    """Return a number of a path or query. Raises Refusal (404), as for any address that means nothing."""
    if not (written.isascii() and written.isdigit() and len(written) < 19):
        raise Refusal(404, "Not Found")
    return int(written)


def cut(call: Call, items: Sequence[Json]) -> tuple[list[Json], dict[str, str]]:
    """Return the page that was asked for, and the Link header if there are others."""
    size = min(max(_number(call.query.get("per_page"), USUAL_PAGE), 1), LONGEST_PAGE)
    page = max(_number(call.query.get("page"), 1), 1)
    last = max((len(items) + size - 1) // size, 1)
    others = {"prev": min(page - 1, last)} if page > 1 else {}
    others |= {"next": page + 1, "last": last} if page < last else {}
    others |= {"first": 1} if page > 1 else {}
    link = ", ".join(f'<{_page_address(call, at)}>; rel="{rel}"' for rel, at in others.items())
    return list(items[(page - 1) * size : page * size]), {"Link": link} if link else {}


def page_of(call: Call, items: Sequence[Json]) -> Answer:
    """Answer with a page of a plain list."""
    page, headers = cut(call, items)
    return Answer(200, page, headers)


def counted_page_of(call: Call, name: str, items: Sequence[Json]) -> Answer:
    """Answer with a page of a list that is wrapped with its total count."""
    page, headers = cut(call, items)
    return Answer(200, {"total_count": len(items), name: page}, headers)


def _number(written: str | None, otherwise: int) -> int:
    return int(written) if written and written.isascii() and written.isdigit() and len(written) < 10 else otherwise


def _page_address(call: Call, page: int) -> str:
    return f"{call.api}{call.path}?{urlencode({**call.query, 'page': str(page)})}"


def read_query(text: str) -> dict[str, str]:
    """Return a query's parameters; of several with one name the last counts."""
    return dict(parse_qsl(text, keep_blank_values=True))
