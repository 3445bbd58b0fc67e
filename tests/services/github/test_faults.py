"""Bad days: what reads, puts and deletions end in when GitHub limits, breaks, lies or moves."""

from __future__ import annotations

import contextlib

import pytest

from keyless.errors import KeylessError, NotAllowed, StalePlan, TryLater
from keyless.model.github import Store, StoreKind
from keyless.model.reading import Found, Unreadable
from keyless.rehearsal.faults import FaultKind, clear_faults
from keyless.rehearsal.github import state
from keyless.secret import Secret
from keyless.services.retry import LostReply
from tests.services.github.worlds import REPOSITORY

WHERE = Store(StoreKind.REPOSITORY, "octo", "sampleproj")
AMBIGUOUS = (FaultKind.RESET_AFTER, FaultKind.TIMEOUT_AFTER, FaultKind.BAD_GATEWAY_AFTER)


def value(world):
    return state.secret_value(world.store, WHERE.kind, "octo", "sampleproj", None, "PYPI_TOKEN")


def put(world, text="pypi-new"):
    world.do(lambda github: github.put_secret(WHERE, "PYPI_TOKEN", Secret(text)))


@pytest.mark.parametrize("kind", list(FaultKind), ids=lambda kind: kind.value)
def test_a_read_that_fails_for_ever_is_unreadable_or_a_named_error_and_never_empty(world, kind):
    state.set_secret(world.store, WHERE.kind, "octo", "sampleproj", None, "PYPI_TOKEN", "old")
    world.break_(kind, "GET", "*/secrets", -1)
    with contextlib.suppress(NotAllowed, TryLater):
        reading = world.do(lambda github: github.secrets(WHERE))
        assert isinstance(reading, Unreadable)
        assert reading.because


@pytest.mark.parametrize("kind", list(FaultKind), ids=lambda kind: kind.value)
def test_a_read_that_fails_once_is_right_or_says_so(world, kind):
    state.set_secret(world.store, WHERE.kind, "octo", "sampleproj", None, "PYPI_TOKEN", "old")
    world.break_(kind, "GET", "*/secrets", 1)
    with contextlib.suppress(NotAllowed, TryLater):
        reading = world.do(lambda github: github.secrets(WHERE))
        assert isinstance(reading, Unreadable) or [entry.name for entry in reading.value] == ["PYPI_TOKEN"]
    clear_faults(world.store)
    assert isinstance(world.do(lambda github: github.secrets(WHERE)), Found)


@pytest.mark.parametrize("times", [1, -1])
@pytest.mark.parametrize("kind", list(FaultKind), ids=lambda kind: kind.value)
def test_a_put_either_happened_or_says_that_it_may_not_have(world, kind, times):
    world.break_(kind, "PUT", "*/secrets/PYPI_TOKEN", times)
    try:
        put(world)
    except KeylessError as error:
        happened = value(world) == "pypi-new"
        assert not happened or isinstance(error, LostReply)  # noqa: PT017  # both ways out are right, each with its claim
    else:
        assert value(world) == "pypi-new"


@pytest.mark.parametrize("times", [1, -1])
@pytest.mark.parametrize("kind", list(FaultKind), ids=lambda kind: kind.value)
def test_a_deletion_either_happened_or_says_that_it_may_not_have(world, kind, times):
    state.set_secret(world.store, WHERE.kind, "octo", "sampleproj", None, "PYPI_TOKEN", "old")
    world.break_(kind, "DELETE", "*/secrets/PYPI_TOKEN", times)
    try:
        world.do(lambda github: github.delete_secret(WHERE, "PYPI_TOKEN"))
    except KeylessError as error:
        assert value(world) == "old" or isinstance(error, LostReply)  # noqa: PT017
    else:
        # A 404 that GitHub gives to who cannot see is the one answer that only listing tells apart.
        assert value(world) is None or kind is FaultKind.NOT_FOUND


@pytest.mark.parametrize("kind", AMBIGUOUS, ids=lambda kind: kind.value)
def test_a_deletion_whose_answer_was_lost_is_no_failure(world, kind):
    state.set_secret(world.store, WHERE.kind, "octo", "sampleproj", None, "PYPI_TOKEN", "old")
    world.break_(kind, "DELETE", "*/secrets/PYPI_TOKEN", 1)
    world.do(lambda github: github.delete_secret(WHERE, "PYPI_TOKEN"))
    assert value(world) is None


def test_the_hours_limit_says_until_when(world):
    state.set_rate_limit(world.store, "octo", remaining=0, reset_in=3000)
    with pytest.raises(TryLater) as later:
        world.do(lambda github: github.secrets(WHERE))
    assert later.value.exit_code == 75
    assert later.value.retry_at is not None
    assert world.clock.slept == []


def test_the_hours_limit_of_graphql_says_so_too(world):
    state.set_rate_limit(world.store, "octo", remaining=0, reset_in=3000, resource="graphql")
    with pytest.raises(TryLater) as later:
        world.do(lambda github: github.branches(REPOSITORY))
    assert later.value.retry_at is not None


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_with_a_time_is_waited_for(world, status):
    state.set_secondary_limit(world.store, times=1, status=status, retry_after=9)
    put(world)
    assert value(world) == "pypi-new"
    assert world.clock.slept == [9.0]


@pytest.mark.parametrize("status", [403, 429])
def test_a_secondary_limit_without_a_time_is_known_by_its_words(world, status):
    state.set_secondary_limit(world.store, times=1, status=status)
    with pytest.raises(TryLater) as later:
        world.do(lambda github: github.secrets(WHERE))
    assert "secondary" in later.value.what


def test_a_redirect_to_another_host_is_not_followed(world):
    world.break_(FaultKind.MOVED, "GET", "*/secrets", -1, location=".evil.example/x")
    reading = world.do(lambda github: github.secrets(WHERE))
    assert isinstance(reading, Unreadable)


def test_redirects_in_a_ring_end(world):
    world.break_(FaultKind.MOVED, "GET", "*", -1, location="/repos/octo/sampleproj")
    assert isinstance(world.do(lambda github: github.repository(REPOSITORY)), Unreadable)
    assert world.sent <= 5


def test_a_redirected_write_is_a_stale_plan(world):
    world.break_(FaultKind.MOVED_TEMPORARILY, "DELETE", "*", -1, location="/repositories/1/actions/secrets/X")
    with pytest.raises(StalePlan):
        world.do(lambda github: github.delete_secret(WHERE, "PYPI_TOKEN"))
