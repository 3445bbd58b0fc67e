"""From the address of a request to its endpoint, on the path as it was sent: `%2F` inside a name is no separator."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

from keyless.rehearsal.github import accounts, repositories
from keyless.rehearsal.github.answers import Endpoint
from keyless.rehearsal.store import Store

PREFIXES = ("/api/v3", "/api")


class Router:
    """Finds the endpoint of a method and an undecoded path."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._endpoints = [(one.method, _pattern(one.path), one) for one in endpoints]

    def find(self, method: str, path: str) -> tuple[Endpoint, dict[str, str]] | None:
        """Return the endpoint and its decoded path parameters, or None. HEAD is answered like GET."""
        wanted = "GET" if method == "HEAD" else method
        for offered, pattern, endpoint in self._endpoints:
            found = pattern.fullmatch(path) if offered == wanted else None
            if found:
                return endpoint, {name: unquote(value) for name, value in found.groupdict().items()}
        return None


def split_prefix(path: str) -> tuple[str, str]:
    """Return ("/api/v3", rest) for the addresses of GitHub Enterprise, ("", path) for api.github.com's."""
    for prefix in PREFIXES:
        if path == prefix or path.startswith(prefix + "/"):
            return prefix, path.removeprefix(prefix) or "/"
    return "", path


def by_number(store: Store, path: str) -> str:
    """Return `/repositories/{id}/…` and `/organizations/{id}/…` as the address by name that means the same."""
    found = re.fullmatch(r"/(repositories|organizations)/(\d{1,15})(/.*)?", path)
    if found is None:
        return path
    kind, identifier, rest = found[1], int(found[2]), found[3] or ""
    if kind == "repositories":
        document = repositories.by_id(store, identifier)
        return f"/repos/{quote(document['owner'])}/{quote(document['name'])}{rest}" if document else path
    for _, account in store.all(accounts.ACCOUNT):
        if account["id"] == identifier:
            return f"/orgs/{quote(account['login'])}{rest}"
    return path


def _pattern(path: str) -> re.Pattern[str]:
    escaped = re.sub(r"\{(\w+)\*\}", r"(?P<\1>.+)", path)
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", escaped))
