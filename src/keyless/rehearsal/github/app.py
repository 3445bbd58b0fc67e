"""The simulated GitHub as one web application: api.github.com's addresses, also under /api/v3 and /api/graphql."""

from __future__ import annotations

import json
from itertools import chain

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from keyless.rehearsal.github import (
    endpoints_accounts,
    endpoints_actions,
    endpoints_contents,
    endpoints_pulls,
    endpoints_repositories,
    endpoints_secrets,
)
from keyless.rehearsal.github.gate import Gate, Wire
from keyless.rehearsal.github.graphql import endpoint as graphql
from keyless.rehearsal.github.routing import Router
from keyless.rehearsal.store import Store

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
ENDPOINTS = tuple(
    chain(
        endpoints_accounts.ENDPOINTS,
        endpoints_repositories.ENDPOINTS,
        endpoints_secrets.ENDPOINTS,
        endpoints_contents.ENDPOINTS,
        endpoints_pulls.ENDPOINTS,
        endpoints_actions.ENDPOINTS,
        graphql.ENDPOINTS,
    )
)


def github_app(store: Store, web: str | None = None) -> Starlette:
    """Return the application over `store`. `web` is the site's address for links that people follow, without a slash.

    The server that runs it must not add a Date header of its own: GitHub's is the rehearsal's time.
    """
    gate = Gate(store, Router(ENDPOINTS), web)

    async def everything(request: Request) -> Response:
        raw = request.scope.get("raw_path") or request.url.path.encode()
        wire = Wire(
            method=request.method,
            host=f"{request.url.scheme}://{request.headers.get('host', request.url.netloc)}",
            path=raw.decode("ascii", "replace").partition("?")[0],
            query=request.url.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            content=await request.body(),
        )
        answer = gate.answer(wire)
        if answer.body is None:
            return Response(status_code=answer.status, headers=dict(answer.headers))
        if isinstance(answer.body, bytes):
            return Response(answer.body, status_code=answer.status, headers=dict(answer.headers))
        headers = {"Content-Type": "application/json; charset=utf-8", **answer.headers}
        return Response(json.dumps(answer.body), status_code=answer.status, headers=headers)

    return Starlette(routes=[Route("/{path:path}", everything, methods=METHODS)])
