"""The endpoints that programs use: upload, token exchange, simple, JSON and Integrity API, and the files themselves."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from keyless.model.index import Index
from keyless.rehearsal.index import reading
from keyless.rehearsal.index.accounts import project, projects
from keyless.rehearsal.index.answers import CORS, Stop, negotiate, not_found, page, refusal
from keyless.rehearsal.index.exchange import AUDIENCE, NotMinted, burn, mint
from keyless.rehearsal.index.files import content, file
from keyless.rehearsal.index.switches import switches
from keyless.rehearsal.index.upload import Sent, upload
from keyless.rehearsal.issuer import Issuer
from keyless.rehearsal.store import Document, Store

if TYPE_CHECKING:
    from starlette.requests import Request

    from keyless.rehearsal.sigstore.checker import AttestationChecker

_HTML, _SIMPLE_HTML = "text/html", "application/vnd.pypi.simple.v1+html"
_SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
_INTEGRITY_JSON = "application/vnd.pypi.integrity.v1+json"
_MOST_FORM_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Api:
    """The endpoints of one index over its store."""

    store: Store
    index: Index
    issuer: Issuer
    attest: AttestationChecker | None

    def routes(self) -> list[Route]:
        """Return where each endpoint is."""
        return [
            Route("/legacy/", self.upload, methods=["POST"]),
            Route("/legacy/", self.upload_notice, methods=["GET"]),
            Route("/legacy", self.missing_slash, methods=["POST"]),
            Route("/simple/", self.simple_index),
            Route("/simple/{name}/", self.simple),
            Route("/simple/{name}", self.simple),
            Route("/pypi/{name}/json", self.json),
            Route("/pypi/{name}/json/", self.json),
            Route("/pypi/{name}/{version}/json", self.json),
            Route("/pypi/{name}/{version}/json/", self.json),
            Route("/integrity/{name}/{version}/{filename}/provenance", self.integrity),
            Route("/packages/{path:path}", self.package),
            Route("/_/oidc/audience", self.audience, methods=["GET"]),
            Route("/_/oidc/mint-token", self.mint, methods=["POST"]),
            Route("/_/oidc/github/mint-token", self.mint, methods=["POST"]),
            Route("/_/oidc/burn-token", self.burn, methods=["POST"]),
        ]

    async def upload(self, request: Request) -> Response:
        sent = await _sent(request)
        try:
            upload(self.store, self.index, self.attest, sent)
        except Stop as stop:
            return refusal(stop.status, stop.text)
        return Response("", media_type="text/plain")

    async def upload_notice(self, _request: Request) -> Response:
        return page("API endpoint", "<h1>API endpoint</h1>\n<p>This URL is an API endpoint for uploading files.</p>")

    async def missing_slash(self, _request: Request) -> Response:
        text = "An upload was attempted to /legacy but the expected upload URL is /legacy/ (with a trailing slash)"
        return refusal(308, text, {"Location": "/legacy/"})

    async def simple_index(self, request: Request) -> Response:
        held = projects(self.store, self.index)
        total = sum(reading.serial(self.store, self.index, one) for one in held)
        data = reading.simple_index(held, total)
        links = [(f"/simple/{one['normalised']}/", one["name"], "") for one in held]
        return _simple(request, data, "Simple index", links, total)

    async def simple(self, request: Request) -> Response:
        name = request.path_params["name"]
        held = project(self.store, self.index, name)
        if held is None:
            return not_found(request)
        if request.url.path != f"/simple/{held['normalised']}/":
            return Response("", 301, {**CORS, "Location": f"/simple/{held['normalised']}/"})
        data = reading.simple_detail(self.store, self.index, held, _base(request))
        links = [_link(entry) for entry in data["files"]]
        return _simple(request, data, f"Links for {held['normalised']}", links, data["meta"]["_last-serial"])

    async def json(self, request: Request) -> Response:
        held = project(self.store, self.index, request.path_params["name"])
        if held is None:
            return not_found(request)
        if request.path_params["name"] != held["normalised"]:
            fixed = request.url.path.replace(f"/pypi/{request.path_params['name']}/", f"/pypi/{held['normalised']}/", 1)
            return Response("", 301, {**CORS, "Location": fixed})
        version = request.path_params.get("version")
        data = reading.project_json(self.store, self.index, held, version, _base(request))
        if data is None:
            return not_found(request)
        return JSONResponse(data, headers=_headers(900, data["last_serial"]))

    async def integrity(self, request: Request) -> Response:
        parameters = request.path_params
        row = file(self.store, self.index, parameters["name"], parameters["filename"])
        if row is None or row["version"] != parameters["version"]:
            return not_found(request)
        kind = negotiate(request.headers.get("accept"), (_INTEGRITY_JSON, "application/json"))
        if kind is None:
            return JSONResponse({"message": "Request not acceptable"}, 406)
        if switches(self.store, self.index).attestations_disabled:
            return JSONResponse({"message": "Attestations temporarily disabled"}, 403)
        provenance = reading.provenance(self.store, self.index, row)
        if provenance is None:
            return JSONResponse({"message": f"No provenance available for {row['filename']}"}, 404)
        return JSONResponse(provenance, headers=_headers(600), media_type=kind)

    async def package(self, request: Request) -> Response:
        body = content(self.store, self.index, request.path_params["path"])
        if body is None:
            return not_found(request)
        return Response(body, media_type="application/octet-stream", headers={"Cache-Control": "max-age=31536000"})

    async def audience(self, _request: Request) -> Response:
        if switches(self.store, self.index).trusted_publishing_disabled:
            return JSONResponse({"message": "Trusted publishing functionality not enabled"}, 403)
        return JSONResponse({"audience": AUDIENCE[self.index]})

    async def mint(self, request: Request) -> Response:
        body = await request.body()
        try:
            minted = mint(self.store, self.index, self.issuer, body)
        except NotMinted as error:
            errors = [{"code": error.code, "description": error.description}]
            return JSONResponse({"message": "Token request failed", "errors": errors}, 422)
        return JSONResponse({"success": True, "token": minted.token.reveal(), "expires": minted.expires})

    async def burn(self, request: Request) -> Response:
        burnt = burn(self.store, self.index, await request.body())
        return Response(status_code=204) if burnt else JSONResponse({"message": "Not Found"}, 404)


async def _sent(request: Request) -> Sent:
    fields: dict[str, str] = {}
    filename, body, body_type, tuples = None, b"", None, []
    async with request.form(max_part_size=_MOST_FORM_BYTES) as form:
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                if value.strip() not in ("", "UNKNOWN"):
                    fields.setdefault(name, value.replace("\x00", "\\x00"))
            elif name == "content":
                filename, body, body_type = value.filename, await value.read(), value.content_type
            elif name != "gpg_signature":
                tuples.append(name)
    return Sent(fields, filename, body, body_type, request.headers.get("authorization"), tuple(sorted(tuples)))


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _headers(seconds: int, serial: int | None = None) -> dict[str, str]:
    more = {} if serial is None else {"X-PyPI-Last-Serial": str(serial)}
    return {**CORS, "Cache-Control": f"max-age={seconds}, public", **more}


def _link(entry: Document) -> tuple[str, str, str]:
    attributes = ""
    if entry["requires-python"]:
        attributes += f' data-requires-python="{escape(entry["requires-python"])}"'
    if entry["yanked"]:
        reason = entry["yanked"] if isinstance(entry["yanked"], str) else ""
        attributes += f' data-yanked="{escape(reason)}"'
    if entry["core-metadata"]:
        attributes += f' data-core-metadata="sha256={entry["core-metadata"]["sha256"]}"'
    if entry["provenance"]:
        attributes += f' data-provenance="{escape(entry["provenance"])}"'
    return f"{entry['url']}#sha256={entry['hashes']['sha256']}", entry["filename"], attributes


def _simple(request: Request, data: Any, title: str, links: list[tuple[str, str, str]], serial: int) -> Response:  # noqa: ANN401  # a JSON value
    kind = negotiate(request.headers.get("accept"), (_HTML, _SIMPLE_HTML, _SIMPLE_JSON)) or _HTML
    headers = {**_headers(600, serial), "Vary": "Accept"}
    if kind == _SIMPLE_JSON:
        return JSONResponse(data, headers=headers, media_type=_SIMPLE_JSON)
    anchors = "".join(f'<a href="{escape(href)}"{more}>{escape(text)}</a><br />\n' for href, text, more in links)
    body = (
        "<!DOCTYPE html>\n<html lang='en'><head>"
        f'<meta name="pypi:repository-version" content="{reading.API_VERSION}"><title>{escape(title)}</title></head>\n'
        f"<body>\n<h1>{escape(title)}</h1>\n{anchors}</body></html>\n"
    )
    return Response(body, headers=headers, media_type=kind)
