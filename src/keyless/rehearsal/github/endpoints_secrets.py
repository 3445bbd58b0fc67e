"""The seven stores of secrets: the same operations at seven addresses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from keyless.model.github import StoreKind
from keyless.rehearsal.github import repositories, secret_stores, shapes
from keyless.rehearsal.github.answers import Answer, Call, Endpoint, Handler, Refusal, counted_page_of, number
from keyless.rehearsal.github.rights import Needs
from keyless.rehearsal.github.secret_stores import Place
from keyless.rehearsal.store import Document


@dataclass(frozen=True, slots=True)
class Address:
    """Where a store of secrets is found, and which fine-grained permission and classic scope it asks for."""

    kind: StoreKind
    path: str
    permission: str
    scope: str = "repo"

    def needs(self, level: str) -> Needs:
        """Return what an operation of this level asks for: collaborators for a repository, admins for the rest."""
        role = "admin" if self.kind in secret_stores.ORGANISATIONS else "write"
        return Needs(permission=self.permission, level=level, role=role, scopes=(self.scope,))


ADDRESSES = (
    Address(StoreKind.REPOSITORY, "/repos/{owner}/{repo}/actions/secrets", "secrets"),
    Address(StoreKind.ENVIRONMENT, "/repos/{owner}/{repo}/environments/{environment_name}/secrets", "environments"),
    Address(StoreKind.ORGANISATION, "/orgs/{org}/actions/secrets", "organization_secrets", "admin:org"),
    Address(StoreKind.DEPENDABOT, "/repos/{owner}/{repo}/dependabot/secrets", "dependabot_secrets"),
    Address(
        StoreKind.ORGANISATION_DEPENDABOT,
        "/orgs/{org}/dependabot/secrets",
        "organization_dependabot_secrets",
        "admin:org",
    ),
    Address(StoreKind.CODESPACES, "/repos/{owner}/{repo}/codespaces/secrets", "codespaces_secrets"),
    Address(StoreKind.AGENTS, "/repos/{owner}/{repo}/agents/secrets", "agent_secrets"),
)


def _place(call: Call, kind: StoreKind) -> Place:
    if kind in secret_stores.ORGANISATIONS:
        return secret_stores.place(call.store, kind, call.subject["login"])
    return secret_stores.repository_place(call.store, kind, call.subject, call.params.get("environment_name"))


def _shown(call: Call, kind: StoreKind, secret: Document) -> Document:
    shown = {key: secret[key] for key in ("name", "created_at", "updated_at")}
    if kind not in secret_stores.ORGANISATIONS:
        return shown
    shown["visibility"] = secret["visibility"]
    if secret["visibility"] == "selected":
        here = f"{call.api}/orgs/{call.subject['login']}/{_feature(kind)}/secrets/{secret['name']}"
        shown["selected_repositories_url"] = f"{here}/repositories"
    return shown


def _feature(kind: StoreKind) -> str:
    return "dependabot" if kind is StoreKind.ORGANISATION_DEPENDABOT else "actions"


def _list(call: Call, kind: StoreKind) -> Answer:
    found = secret_stores.entries(call.store, _place(call, kind))
    return counted_page_of(call, "secrets", [_shown(call, kind, one) for one in found])


def _public_key(call: Call, kind: StoreKind) -> Answer:
    key_id, key = secret_stores.public_key(call.store, _place(call, kind))
    return Answer(200, {"key_id": key_id, "key": key})


def _get(call: Call, kind: StoreKind) -> Answer:
    return Answer(200, _shown(call, kind, _entry(call, _place(call, kind))))


def _entry(call: Call, where: Place) -> Document:
    found = secret_stores.entry(call.store, where, call.params["secret_name"])
    if found is None:
        raise Refusal(404, "Not Found")
    return found


def _put(call: Call, kind: StoreKind) -> Answer:
    where = _place(call, kind)
    visibility = call.body.get("visibility")
    selected: list[int] = []
    if kind in secret_stores.ORGANISATIONS:
        if visibility not in ("all", "private", "selected"):
            raise Refusal(422, 'Invalid request.\n\n"visibility" wasn\'t supplied.')
        selected = _selected_ids(call) if visibility == "selected" else []
    created = secret_stores.put(
        call.store,
        where,
        call.params["secret_name"],
        encrypted_value=call.text("encrypted_value"),
        key_id=call.text("key_id"),
        visibility=visibility,
        selected=selected,
    )
    return Answer(201, {}) if created else Answer(204)


def _selected_ids(call: Call) -> list[int]:
    given: Any = call.body.get("selected_repository_ids", [])
    if not isinstance(given, list) or not all(isinstance(one, int | str) and str(one).isdigit() for one in given):
        raise Refusal(422, "Invalid request.\n\nselected_repository_ids must be a list of ids.")
    return [_own_repository(call, int(one))["id"] for one in given]


def _own_repository(call: Call, identifier: int) -> Document:
    found = repositories.by_id(call.store, identifier)
    if found is None or found["owner"].lower() != call.subject["login"].lower():
        raise Refusal(404, "Not Found")
    return found


def _delete(call: Call, kind: StoreKind) -> Answer:
    if not secret_stores.delete(call.store, _place(call, kind), call.params["secret_name"]):
        raise Refusal(404, "Not Found")
    return Answer(204)


def _selected(call: Call, kind: StoreKind) -> Answer:
    ids = _entry(call, _place(call, kind))["selected"]
    found = [one for one in (repositories.by_id(call.store, identifier) for identifier in ids) if one]
    return counted_page_of(call, "repositories", [shapes.minimal_repository(call, one) for one in found])


def _replace_selected(call: Call, kind: StoreKind) -> Answer:
    if "selected_repository_ids" not in call.body:
        raise Refusal(422, 'Invalid request.\n\n"selected_repository_ids" wasn\'t supplied.')
    return _change_selected(call, kind, lambda _: set(_selected_ids(call)))


def _select(call: Call, kind: StoreKind) -> Answer:
    wanted = _own_repository(call, number(call.params["repository_id"]))["id"]
    return _change_selected(call, kind, lambda ids: ids | {wanted})


def _unselect(call: Call, kind: StoreKind) -> Answer:
    wanted = number(call.params["repository_id"])
    return _change_selected(call, kind, lambda ids: ids - {wanted})


def _change_selected(call: Call, kind: StoreKind, change: Callable[[set[int]], set[int]]) -> Answer:
    where = _place(call, kind)
    secret = _entry(call, where)
    if secret["visibility"] != "selected":
        raise Refusal(409, "The visibility of the secret is not set to selected.")
    before = set(secret["selected"])
    after = change(before)
    if after != before:
        secret_stores.select(call.store, where, secret["name"], after)
    return Answer(204)


def _organisation_secrets(call: Call) -> Answer:
    found = secret_stores.seen_by(call.store, call.subject)
    shown = [{key: one[key] for key in ("name", "created_at", "updated_at")} for one in found]
    return counted_page_of(call, "secrets", shown)


def _operations(address: Address) -> Iterator[Endpoint]:
    def bound(operation: Callable[[Call, StoreKind], Answer]) -> Handler:
        return lambda call: operation(call, address.kind)

    read, write = address.needs("read"), address.needs("write")
    one = f"{address.path}/{{secret_name}}"
    yield Endpoint("GET", address.path, bound(_list), read)
    yield Endpoint("GET", f"{address.path}/public-key", bound(_public_key), read)
    yield Endpoint("GET", one, bound(_get), read)
    yield Endpoint("PUT", one, bound(_put), write)
    yield Endpoint("DELETE", one, bound(_delete), write)
    if address.kind in secret_stores.ORGANISATIONS:
        yield Endpoint("GET", f"{one}/repositories", bound(_selected), read)
        yield Endpoint("PUT", f"{one}/repositories", bound(_replace_selected), write)
        yield Endpoint("PUT", f"{one}/repositories/{{repository_id}}", bound(_select), write)
        yield Endpoint("DELETE", f"{one}/repositories/{{repository_id}}", bound(_unselect), write)


ENDPOINTS = (
    *(endpoint for address in ADDRESSES for endpoint in _operations(address)),
    Endpoint(
        "GET",
        "/repos/{owner}/{repo}/actions/organization-secrets",
        _organisation_secrets,
        Needs(permission="secrets", role="write"),
    ),
)
