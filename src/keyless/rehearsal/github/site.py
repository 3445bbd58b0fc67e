"""The few pages of the simulated GitHub for people: a pull request with its button, a workflow's page, a run's page.

Their paths are the real ones, so that every link that keyless prints can be followed. Whoever opens them is the world's
operator; there is no signing in. A form is taken only from a page of this very address.
"""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Iterator
from html import escape
from typing import TYPE_CHECKING, Final, Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route

from keyless.errors import KeylessError
from keyless.model.github import Repository
from keyless.model.index import Index
from keyless.rehearsal.github import pulls, repositories, runs, state
from keyless.rehearsal.store import Document, Store

if TYPE_CHECKING:
    from starlette.types import ASGIApp

_HEAD: Final = (
    "<p><strong>REHEARSAL</strong>: a simulated GitHub. Nothing here is real, and nothing reaches GitHub.</p>"
)


class Hands(Protocol):
    """What the buttons do, as the world's operator."""

    @property
    def login(self) -> str: ...
    async def merge(self, repository: Repository, number: int) -> str: ...
    async def release(self, repository: Repository, index: Index, *, project: str | None = None) -> tuple[int, ...]: ...
    def releases(self, repository: Repository) -> tuple[tuple[Index, str | None], ...]: ...


def with_pages(api: ASGIApp, store: Store, hands: Callable[[], Hands]) -> Starlette:
    """Return `api` with the pages before it. `hands` gives the operator once the world is loaded."""
    pages = Pages(store, hands)
    return Starlette(
        routes=[
            Route("/{owner}/{name}/pull/{number:int}", pages.at(pages.pull, pages.merge), methods=["GET", "POST"]),
            Route(
                "/{owner}/{name}/actions/workflows/{file}",
                pages.at(pages.workflow, pages.release),
                methods=["GET", "POST"],
            ),
            Route("/{owner}/{name}/actions/runs/{run:int}", pages.at(pages.run)),
            Route("/{owner}/{name}/actions/runs/{run:int}/attempts/{attempt:int}", pages.at(pages.run)),
            Route("/", pages.front),
            Mount("/", api),
        ]
    )


class Pages:
    """The pages over a store. A page that does not exist is a 404 that says so."""

    def __init__(self, store: Store, hands: Callable[[], Hands]) -> None:
        self._store = store
        self._hands = hands

    def at(
        self,
        show: Callable[[Request, Document], str],
        act: Callable[[Request, Document], Awaitable[None]] | None = None,
    ) -> Callable[[Request], Awaitable[Response]]:
        """Return an endpoint: GET shows, POST acts and shows again."""

        async def endpoint(request: Request) -> Response:
            try:
                found = repositories.repository(self._store, request.path_params["owner"], request.path_params["name"])
                if request.method == "POST" and act is not None:
                    if request.headers.get("origin") not in (None, f"{request.url.scheme}://{request.url.netloc}"):
                        return _page("Refused", "<p>This form was sent by another site.</p>", 403)
                    await act(request, found)
                    return RedirectResponse(request.url.path, 303)
                return _page(f"{found['owner']}/{found['name']}", show(request, found))
            except repositories.NoSuchThing as missing:
                return _page("Not found", f"<p>There is no {escape(str(missing))}.</p>", 404)
            except (KeylessError, pulls.Unmergeable) as refused:
                return _page("Refused", f"<p>{escape(str(refused))}</p>", 422)

        return endpoint

    async def front(self, _request: Request) -> Response:
        """List the repositories with what can be done in each."""
        rows = []
        for found in repositories.every(self._store):
            here = f"/{escape(found['owner'])}/{escape(found['name'])}"
            numbers = [pull["number"] for pull in pulls.listed(self._store, found)]
            paths = {run["path"].rpartition("/")[2] for run in runs.listed(self._store, found["id"])}
            links = [f'<a href="{here}/pull/{number}">pull request {number}</a>' for number in numbers]
            links += [f'<a href="{here}/actions/workflows/{escape(path)}">{escape(path)}</a>' for path in sorted(paths)]
            rows.append(f"<li>{here[1:]}: {', '.join(links)}</li>")
        return _page("GitHub in rehearsal", f"<h1>Repositories</h1><ul>{''.join(rows)}</ul>")

    def pull(self, request: Request, found: Document) -> str:
        """Show a pull request: title, text, diff, and the button while it is open."""
        number = request.path_params["number"]
        pull = pulls.find(self._store, found, number)
        if pull is None:
            raise repositories.NoSuchThing(f"pull request {number}")
        ended = "merged" if pull.get("merged_at") else "closed"
        button = (
            _button(f"Merge it (as {self._hands().login})") if pull["state"] == "open" else f"<p>It is {ended}.</p>"
        )
        diff = escape("\n".join(self._diff(found, pull))) if pull["state"] == "open" else ""
        return (
            f"<h1>{escape(pull['title'])} #{number}</h1><p>{escape(pull['head'])} into {escape(pull['base'])}</p>"
            f"<pre>{escape(pull.get('body') or '')}</pre>{button}<pre>{diff}</pre>"
        )

    async def merge(self, request: Request, found: Document) -> None:
        """Press the button."""
        await self._hands().merge(_named(found), request.path_params["number"])

    def workflow(self, request: Request, found: Document) -> str:
        """Show the runs, newest first, and a button for each way in which this repository releases."""
        hands = self._hands()
        buttons = "".join(
            _button(
                f"Release {f'{project} ' if project else ''}on {index.label} (as {hands.login})",
                index=index.value,
                project=project or "",
            )
            for index, project in hands.releases(_named(found))
        )
        shown = "".join(
            f'<li><a href="/{escape(found["owner"])}/{escape(found["name"])}/actions/runs/{run["id"]}">{run["id"]}</a>'
            f" {escape(run['path'])}, {escape(run['event'])}: {escape(run['conclusion'] or run['status'])}</li>"
            for run in runs.listed(self._store, found["id"])[:20]
        )
        return (
            f"<h1>{escape(request.path_params['file'])}</h1>"
            f"<p>A release here bumps the version and does what this repository does: a tag and a release, or a dispatch.</p>"
            f"{buttons}<h2>Runs</h2><ul>{shown}</ul>"
        )

    async def release(self, request: Request, found: Document) -> None:
        """Make a release."""
        form = await request.form()
        index = Index(str(form.get("index", "")))
        await self._hands().release(_named(found), index, project=str(form.get("project") or "") or None)

    def run(self, request: Request, found: Document) -> str:
        """Show one run: its jobs and what they said."""
        number = request.path_params["run"]
        run = runs.find_run(self._store, found["id"], number, request.path_params.get("attempt"))
        if run is None:
            raise repositories.NoSuchThing(f"run {number}")
        jobs = "".join(
            f"<li>{escape(job['name'])}: {escape(job['conclusion'] or job['status'])}{self._said(job)}</li>"
            for job in runs.jobs(self._store, found["id"], number, run["attempt"])
        )
        return f"<h1>Run {number}: {escape(run['conclusion'] or run['status'])}</h1><ul>{jobs}</ul>"

    def _said(self, job: Document) -> str:
        said = runs.annotations_of(self._store, job["id"])
        lines = "".join(f"<li>{escape(one['message'])}</li>" for one in said)
        return f"<ul>{lines}</ul>" if said else ""

    def _diff(self, found: Document, pull: Document) -> Iterator[str]:
        old, new = (state.tree(self._store, found["owner"], found["name"], pull[side]) for side in ("base", "head"))
        for path in sorted(old.keys() | new.keys()):
            before, after = (files.get(path, b"").decode(errors="replace") for files in (old, new))
            if before != after:
                yield from difflib.unified_diff(before.splitlines(), after.splitlines(), path, path, lineterm="")


def _named(found: Document) -> Repository:
    return Repository(found["owner"], found["name"])


def _button(says: str, **fields: str) -> str:
    hidden = "".join(f'<input type="hidden" name="{escape(k)}" value="{escape(v)}">' for k, v in fields.items())
    return f'<form method="post">{hidden}<p><button>{escape(says)}</button></p></form>'


def _page(title: str, body: str, status: int = 200) -> Response:
    head = f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{escape(title)} · REHEARSAL</title></head>"
    return HTMLResponse(f"{head}\n<body>\n{_HEAD}\n{body}\n</body></html>\n", status)
