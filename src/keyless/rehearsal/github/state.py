"""What worlds, the runner and the simulated person do to GitHub without HTTP.

Every function takes the rehearsal's store first. Those that name a repository find it by a past name, too.
"""

from __future__ import annotations

from collections.abc import Iterable

from keyless.model.github import StoreKind
from keyless.rehearsal.github import repositories, secret_stores
from keyless.rehearsal.github.accounts import (
    create_organisation,
    create_token,
    create_user,
    lose_permission,
    revoke_token,
)
from keyless.rehearsal.github.limits import lift_minute_limits, set_rate_limit, set_secondary_limit
from keyless.rehearsal.github.pulls import close_pull_request, merge_pull_request, pull_requests
from keyless.rehearsal.github.repositories import (
    HeadMoved,
    NoSuchThing,
    change_repository,
    commit,
    create_branch,
    create_environment,
    create_repository,
    head,
    rename_branch,
    rename_repository,
    set_role,
    tag,
    tree,
)
from keyless.rehearsal.github.runs import (
    add_annotation,
    add_job,
    add_step,
    create_run,
    finish_job,
    finish_run,
    rerun,
)
from keyless.rehearsal.store import Store

ALERT = "github-alert"

__all__ = [
    "HeadMoved",
    "NoSuchThing",
    "add_alert",
    "add_annotation",
    "add_job",
    "add_step",
    "change_repository",
    "close_pull_request",
    "commit",
    "create_branch",
    "create_environment",
    "create_organisation",
    "create_repository",
    "create_run",
    "create_token",
    "create_user",
    "delete_secret",
    "finish_job",
    "finish_run",
    "head",
    "lift_minute_limits",
    "lose_permission",
    "merge_pull_request",
    "pull_requests",
    "rename_branch",
    "rename_repository",
    "rerun",
    "revoke_token",
    "secret_names",
    "secret_value",
    "secret_values",
    "set_rate_limit",
    "set_role",
    "set_secondary_limit",
    "set_secret",
    "tag",
    "tree",
]


def set_secret(  # noqa: PLR0913 - a store is named by four of them
    store: Store,
    store_kind: StoreKind | str,
    owner: str,
    repository: str | None,
    environment: str | None,
    name: str,
    value: str,
    *,
    visibility: str | None = None,
    selected: Iterable[str] = (),
) -> None:
    """Create or replace a secret. `selected` are names of the organisation's repositories, without the owner."""
    kind = StoreKind(store_kind)
    if kind is StoreKind.ENVIRONMENT and repository and environment:
        repositories.create_environment(store, owner, repository, environment)
    where = secret_stores.place(store, kind, owner, repository, environment)
    ids = [repositories.repository(store, owner, one)["id"] for one in selected]
    if kind in secret_stores.ORGANISATIONS:
        visibility = visibility or ("selected" if ids else "all")
    key_id, _ = secret_stores.public_key(store, where)
    box = secret_stores.seal(store, where, value)
    secret_stores.put(store, where, name, encrypted_value=box, key_id=key_id, visibility=visibility, selected=ids)


def delete_secret(
    store: Store, store_kind: StoreKind | str, owner: str, repository: str | None, environment: str | None, name: str
) -> bool:
    """Delete a secret; return whether it was there."""
    return secret_stores.delete(store, secret_stores.place(store, store_kind, owner, repository, environment), name)


def secret_value(
    store: Store, store_kind: StoreKind | str, owner: str, repository: str | None, environment: str | None, name: str
) -> str | None:
    """Return the value in one store, or None: what no client can ask for and a test must know."""
    return secret_stores.value(store, secret_stores.place(store, store_kind, owner, repository, environment), name)


def secret_names(
    store: Store, store_kind: StoreKind | str, owner: str, repository: str | None = None, environment: str | None = None
) -> tuple[str, ...]:
    """Return the names in one store, sorted."""
    where = secret_stores.place(store, store_kind, owner, repository, environment)
    return tuple(one["name"] for one in secret_stores.entries(store, where))


def secret_values(store: Store, owner: str, name: str, environment: str | None = None) -> dict[str, str]:
    """Return the secrets as a workflow run sees them: environment before repository before organisation."""
    document = repositories.repository(store, owner, name)
    organisation = secret_stores.Place(
        StoreKind.ORGANISATION, f"{StoreKind.ORGANISATION.value}/{document['owner'].lower()}"
    )
    seen = {one["name"]: organisation for one in secret_stores.seen_by(store, document)}
    stores = [secret_stores.repository_place(store, StoreKind.REPOSITORY, document)]
    names = {one["name"].lower() for one in repositories.environments(store, document["id"])}
    if environment is not None and environment.lower() in names:
        stores.append(secret_stores.repository_place(store, StoreKind.ENVIRONMENT, document, environment))
    for where in stores:
        seen |= {one["name"]: where for one in secret_stores.entries(store, where)}
    return {one: secret_stores.value(store, where, one) or "" for one, where in sorted(seen.items())}


def add_alert(store: Store, owner: str, name: str, *, secret_type: str = "pypi_api_token", state: str = "open") -> int:
    """Add a secret-scanning alert; return its number."""
    identifier = repositories.repository(store, owner, name)["id"]
    number = store.next_number(f"github-alert/{identifier}")
    document = {"number": number, "secret_type": secret_type, "state": state}
    created = {"created_at": store.now().strftime("%Y-%m-%dT%H:%M:%SZ")}
    store.put(ALERT, f"{identifier:010d}/{number:08d}", document | created)
    return number
