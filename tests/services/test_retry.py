"""How often each kind of call is tried, and what is said in the end."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from keyless.errors import NotAllowed, TryLater
from keyless.services.retry import POLICIES, Call, LostReply, Trouble, persist
from tests.services.clocks import NOON, StandingClock


def run(kind, *outcomes):
    """Persist a call that has these outcomes in turn; return its result, the number of tries and the pauses."""
    left, clock = list(outcomes), StandingClock()

    async def call():
        outcome = left.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    try:
        result = asyncio.run(persist(call, kind, clock, "GitHub"))
    except TryLater as error:
        result = error
    return result, len(outcomes) - len(left), clock.slept


def broken():
    return Trouble("the connection broke", in_doubt=True)


def never_sent():
    return Trouble("no connection", in_doubt=False)


def limited(seconds=None):
    until = None if seconds is None else NOON + timedelta(seconds=seconds)
    return Trouble("a limit", in_doubt=False, limited=True, until=until)


def test_a_read_is_tried_four_times_with_growing_pauses():
    assert run(Call.READ, broken(), broken(), broken(), "value") == ("value", 4, [0.5, 1.0, 2.0])


def test_a_read_gives_up_with_try_later():
    result, tries, _ = run(Call.READ, *(broken() for _ in range(9)))
    assert tries == POLICIES[Call.READ].attempts
    assert type(result) is TryLater
    assert "the connection broke" in result.what


def test_a_creation_in_doubt_is_never_repeated():
    result, tries, slept = run(Call.CREATE, broken(), "second")
    assert (tries, slept) == (1, [])
    assert isinstance(result, LostReply)
    assert "not known" in result.untouched


def test_a_creation_that_was_never_sent_is_repeated():
    assert run(Call.CREATE, never_sent(), never_sent(), "made")[0] == "made"


def test_a_replacement_in_doubt_is_repeated():
    assert run(Call.REPLACE, broken(), broken(), "put")[0] == "put"


def test_a_deletion_in_doubt_is_repeated_once_only():
    result, tries, _ = run(Call.DELETE, broken(), broken(), "third")
    assert tries == 2
    assert isinstance(result, LostReply)


def test_a_replacement_that_was_never_sent_says_that_nothing_was_changed():
    result, _, _ = run(Call.REPLACE, *(never_sent() for _ in range(5)))
    assert type(result) is TryLater
    assert result.untouched == "Nothing was changed."


def test_a_short_limit_is_waited_for_as_long_as_the_service_says():
    assert run(Call.CREATE, limited(7), "made") == ("made", 2, [7.0])


def test_a_long_limit_ends_at_once_with_the_moment():
    result, tries, slept = run(Call.READ, limited(3000), "value")
    assert (tries, slept) == (1, [])
    assert result.retry_at == "2026-03-14T12:50:00Z"
    assert result.retry_at in result.hint


def test_a_limit_without_a_time_is_a_minute():
    result, _, _ = run(Call.READ, limited())
    assert result.retry_at == "2026-03-14T12:01:00Z"


def test_many_short_limits_do_not_add_up_beyond_the_patience():
    result, tries, slept = run(Call.READ, limited(20), limited(40), "value")
    assert tries == 2
    assert sum(slept) <= POLICIES[Call.READ].patience
    assert result.exit_code == 75


def test_a_limit_that_lies_in_the_past_is_not_asked_again_without_a_pause():
    assert all(pause > 0 for pause in run(Call.READ, limited(-5), limited(-5), "value")[2])


def test_an_error_for_the_user_passes_untouched():
    async def call():
        raise NotAllowed("no")

    with pytest.raises(NotAllowed):
        asyncio.run(persist(call, Call.READ, StandingClock(), "GitHub"))
