"""The seven stores: what is in them, putting, deleting, selected repositories."""

from __future__ import annotations

import pytest

from keyless.errors import NotAllowed, StalePlan, UsageError
from keyless.model.github import Repository, Store, StoreKind, Visibility
from keyless.model.reading import Found, Unreadable
from keyless.rehearsal.github import secret_stores, state
from keyless.secret import Secret
from tests.services.github.worlds import REPOSITORY

TOKEN = "pypi-AgEIcHlwaS5vcmc" + "Kj7xQ2" * 31 + "a"  # 207 characters, as a project's token has
STORES = (
    Store(StoreKind.REPOSITORY, "octo", "sampleproj"),
    Store(StoreKind.ENVIRONMENT, "octo", "sampleproj", "prod/eu west"),
    Store(StoreKind.ORGANISATION, "acme"),
    Store(StoreKind.ORGANISATION_DEPENDABOT, "acme"),
    Store(StoreKind.DEPENDABOT, "octo", "sampleproj"),
    Store(StoreKind.CODESPACES, "octo", "sampleproj"),
    Store(StoreKind.AGENTS, "octo", "sampleproj"),
)
ORGANISATIONS = (StoreKind.ORGANISATION, StoreKind.ORGANISATION_DEPENDABOT)


@pytest.fixture(autouse=True)
def _environment(world):
    state.create_environment(world.store, "octo", "sampleproj", "prod/eu west")


def put(world, where, name="PYPI_TOKEN", value=TOKEN, **more):
    if where.kind in ORGANISATIONS and "visibility" not in more:
        more["visibility"] = Visibility.ALL
    world.do(lambda github: github.put_secret(where, name, Secret(value), **more))


def value(world, where, name="PYPI_TOKEN"):
    return state.secret_value(world.store, where.kind, where.owner, where.repository, where.environment, name)


def test_all_seven_kinds_of_stores_are_tried_here():
    assert {store.kind for store in STORES} == set(StoreKind)


@pytest.mark.parametrize("where", STORES, ids=str)
def test_a_secret_that_was_put_arrives_sealed_and_is_listed(world, where):
    put(world, where)
    assert value(world, where) == TOKEN
    (entry,) = world.do(lambda github: github.secrets(where)).value
    assert (entry.name, entry.store) == ("PYPI_TOKEN", where)
    assert entry.visibility is (Visibility.ALL if where.kind in ORGANISATIONS else None)


@pytest.mark.parametrize("where", STORES, ids=str)
def test_putting_twice_replaces_and_shows_a_later_time(world, where):
    put(world, where)
    before = world.do(lambda github: github.secrets(where)).value[0]
    put(world, where, value="another")
    (after,) = world.do(lambda github: github.secrets(where)).value
    assert value(world, where) == "another"
    assert after.updated_at > before.updated_at


@pytest.mark.parametrize("where", STORES, ids=str)
def test_deleting_twice_equals_once(world, where):
    put(world, where)
    for _ in range(2):
        world.do(lambda github: github.delete_secret(where, "PYPI_TOKEN"))
        assert world.do(lambda github: github.secrets(where)) == Found(())


def test_a_list_of_more_than_a_page_is_complete(world):
    for number in range(120):
        state.set_secret(world.store, StoreKind.ORGANISATION, "acme", None, None, f"S{number:03}", "x")
    entries = world.do(lambda github: github.secrets(Store(StoreKind.ORGANISATION, "acme"))).value
    assert [entry.name for entry in entries] == [f"S{number:03}" for number in range(120)]


def test_selected_repositories_come_with_their_names_and_ids(world):
    organisation = Store(StoreKind.ORGANISATION, "acme")
    state.set_secret(world.store, organisation.kind, "acme", None, None, "SHARED", "x", selected=("alpha", "beta"))
    (entry,) = world.do(lambda github: github.secrets(organisation)).value
    assert entry.visibility is Visibility.SELECTED
    assert {one.repository for one in entry.selected} == {Repository("acme", "alpha"), Repository("acme", "beta")}


def test_a_repository_goes_off_the_list_and_back_on(world):
    organisation = Store(StoreKind.ORGANISATION, "acme")
    state.set_secret(world.store, organisation.kind, "acme", None, None, "SHARED", "x", selected=("alpha", "beta"))
    (before,) = world.do(lambda github: github.secrets(organisation)).value
    alpha = next(one.id for one in before.selected if one.repository.name == "alpha")
    for _ in range(2):
        world.do(lambda github: github.unselect(organisation, "SHARED", alpha))
    (without,) = world.do(lambda github: github.secrets(organisation)).value
    assert [one.repository.name for one in without.selected] == ["beta"]
    world.do(lambda github: github.select(organisation, "SHARED", alpha))
    (after,) = world.do(lambda github: github.secrets(organisation)).value
    assert set(after.selected) == set(before.selected)


def test_selecting_for_a_secret_that_is_gone_is_a_stale_plan(world):
    with pytest.raises(StalePlan):
        world.do(lambda github: github.select(Store(StoreKind.ORGANISATION, "acme"), "GONE", 1))


def test_selecting_for_a_secret_that_all_may_see_is_a_stale_plan(world):
    organisation = Store(StoreKind.ORGANISATION, "acme")
    put(world, organisation, "SHARED")
    facts = world.do(lambda github: github.repository(Repository("acme", "alpha"))).value
    with pytest.raises(StalePlan):
        world.do(lambda github: github.select(organisation, "SHARED", facts.id))


def test_an_organisations_secret_is_put_back_with_its_list(world):
    organisation = Store(StoreKind.ORGANISATION, "acme")
    ids = [world.do(lambda github, n=n: github.repository(Repository("acme", n))).value.id for n in ("alpha", "beta")]
    put(world, organisation, visibility=Visibility.SELECTED, selected_ids=ids)
    (entry,) = world.do(lambda github: github.secrets(organisation)).value
    assert {one.id for one in entry.selected} == set(ids)


def test_a_repository_sees_the_organisations_secrets_that_are_for_it(world):
    state.set_secret(world.store, StoreKind.ORGANISATION, "acme", None, None, "FOR_ALL", "x")
    state.set_secret(world.store, StoreKind.ORGANISATION, "acme", None, None, "FOR_BETA", "x", selected=("beta",))
    seen = world.do(lambda github: github.organisation_secrets_seen(Repository("acme", "alpha"))).value
    assert [entry.name for entry in seen] == ["FOR_ALL"]
    assert seen[0].store == Store(StoreKind.ORGANISATION, "acme")


def test_a_key_that_changed_in_between_is_fetched_once_more(world):
    where = STORES[0]

    async def rotate_in_between(github):
        place = secret_stores.place(world.store, where.kind, where.owner, where.repository)
        first = github._put

        async def rotating(*arguments):
            if not rotated:
                rotated.append(True)
                original = github._wire.read

                async def read(*more):
                    found = await original(*more)
                    secret_stores.rotate_key(world.store, place)
                    github._wire.read = original
                    return found

                github._wire.read = read
            return await first(*arguments)

        rotated: list[bool] = []
        github._put = rotating
        await github.put_secret(where, "PYPI_TOKEN", Secret(TOKEN))

    world.do(rotate_in_between)
    assert value(world, where) == TOKEN


def test_a_value_that_is_too_large_is_refused_before_anything_is_sent(world):
    with pytest.raises(UsageError):
        put(world, STORES[0], value="x" * 48 * 1024 + "y")
    assert world.sent == 0


@pytest.mark.parametrize(
    ("where", "permission"),
    [
        (STORES[0], "secrets=read"),
        (STORES[1], "environments=read"),
        (STORES[2], "organization_secrets=read"),
        (STORES[4], "dependabot_secrets=read"),
        (STORES[5], "codespaces_secrets=read"),
        (STORES[6], "agent_secrets=read"),
    ],
    ids=str,
)
def test_a_store_that_may_not_be_read_names_the_permission(world, where, permission):
    reading = world.do(lambda github: github.secrets(where), world.fine_grained())
    assert isinstance(reading, Unreadable)
    assert reading.permission == permission


def test_a_classic_token_without_the_scope_is_told_which_one(world):
    state.create_token(world.store, "octo", "ghp_small", scopes=("public_repo",))
    reading = world.do(lambda github: github.secrets(Store(StoreKind.ORGANISATION, "acme")), "ghp_small")
    assert isinstance(reading, Unreadable)
    assert reading.permission == "scope admin:org"


def test_putting_without_the_permission_names_it_and_says_where_to_change_it(world):
    token = world.fine_grained(secrets="read")
    with pytest.raises(NotAllowed) as refusal:
        world.do(lambda github: github.put_secret(STORES[0], "PYPI_TOKEN", Secret(TOKEN)), token)
    assert "secrets=write" in refusal.value.hint
    assert "https://github.rehearsal/settings/" in refusal.value.hint
    assert TOKEN not in str(refusal.value)
    assert value(world, STORES[0]) is None


def test_deleting_without_the_permission_leaves_the_secret(world):
    put(world, STORES[0])
    token = world.fine_grained(secrets="read")
    with pytest.raises(NotAllowed):
        world.do(lambda github: github.delete_secret(STORES[0], "PYPI_TOKEN"), token)
    assert value(world, STORES[0]) == TOKEN


def test_a_write_to_a_renamed_repository_stops_with_a_stale_plan(world):
    put(world, STORES[0])
    state.rename_repository(world.store, "octo", "sampleproj", "sample-project")
    for change in (
        lambda github: github.delete_secret(STORES[0], "PYPI_TOKEN"),
        lambda github: github.put_secret(STORES[0], "PYPI_TOKEN", Secret("new")),
    ):
        with pytest.raises(StalePlan) as stale:
            world.do(change)
        assert "renamed" in stale.value.what
    renamed = Store(StoreKind.REPOSITORY, "octo", "sample-project")
    assert value(world, renamed) == TOKEN


def test_secrets_of_an_environment_that_is_not_there_are_unreadable(world):
    where = Store(StoreKind.ENVIRONMENT, "octo", "sampleproj", "nowhere")
    assert isinstance(world.do(lambda github: github.secrets(where)), Unreadable)


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_that_would_climb_out_of_its_path_is_refused(world, name):
    where = Store(StoreKind.ENVIRONMENT, "octo", "sampleproj", name)
    with pytest.raises(UsageError):
        world.do(lambda github: github.secrets(where))
    assert world.sent == 0


def test_a_name_with_slashes_stays_one_part_of_the_path(world):
    where = Store(StoreKind.ENVIRONMENT, "octo", "sampleproj", "../../../../user")
    assert isinstance(world.do(lambda github: github.secrets(where)), Unreadable)
    assert REPOSITORY.owner == "octo"
