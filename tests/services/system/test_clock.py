"""The latest of everything that was seen."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone

from keyless.services.system import SystemClock
from tests.services.clocks import NOON


class Hands:
    """A local clock and a monotonic one, moved by hand."""

    def __init__(self):
        self.local, self.ticks = NOON, 100.0

    def clock(self, last_seen=None):
        return SystemClock(last_seen, local=lambda: self.local, monotonic=lambda: self.ticks)


def test_without_anything_seen_it_is_the_local_time():
    assert Hands().clock().now() == NOON


def test_a_later_time_that_was_seen_is_the_present_and_goes_on():
    hands = Hands()
    clock = hands.clock()
    clock.saw(NOON + timedelta(hours=20))
    hands.ticks += 60
    assert clock.now() == NOON + timedelta(hours=20, minutes=1)


def test_an_earlier_time_changes_nothing():
    clock = Hands().clock()
    clock.saw(NOON - timedelta(days=3))
    assert clock.now() == NOON


def test_a_local_clock_that_is_set_back_does_not_turn_time_back():
    hands = Hands()
    clock = hands.clock(last_seen=NOON)
    hands.local -= timedelta(days=3650)
    assert clock.now() >= NOON


def test_a_local_clock_that_overtakes_is_believed():
    hands = Hands()
    clock = hands.clock(last_seen=NOON + timedelta(hours=1))
    hands.local += timedelta(days=1)
    assert clock.now() == NOON + timedelta(days=1)


def test_one_service_that_states_the_year_2099_is_not_believed():
    clock = Hands().clock()
    clock.saw(NOON + timedelta(days=26_000), "GitHub")
    clock.saw(NOON + timedelta(days=26_000, minutes=1), "GitHub")
    assert clock.now() == clock.lasting() == NOON


def test_two_services_that_agree_are_believed_and_the_earlier_of_them_counts():
    hands = Hands()
    clock = hands.clock()
    clock.saw(NOON + timedelta(days=3), "GitHub")
    hands.ticks += 60
    clock.saw(NOON + timedelta(days=3, hours=1), "PyPI")
    assert clock.now() == clock.lasting() == NOON + timedelta(days=3, minutes=1)


def test_two_services_that_disagree_are_not_believed():
    clock = Hands().clock()
    clock.saw(NOON + timedelta(days=3), "GitHub")
    clock.saw(NOON + timedelta(days=5), "PyPI")
    assert clock.now() == NOON


def test_one_service_is_believed_where_the_local_clock_lies_behind_the_last_time_seen():
    hands = Hands()
    hands.local -= timedelta(days=3650)
    clock = hands.clock(last_seen=NOON)
    clock.saw(NOON + timedelta(days=15), "GitHub")
    assert clock.now() == NOON + timedelta(days=15)


def test_a_local_clock_far_ahead_counts_now_and_is_not_remembered_for_ever():
    hands = Hands()
    hands.local += timedelta(days=26_000)
    clock = hands.clock(last_seen=NOON - timedelta(days=1))
    clock.saw(NOON, "GitHub")
    hands.ticks += 60
    assert clock.now() >= NOON + timedelta(days=26_000)
    assert clock.lasting() == NOON + timedelta(minutes=1)


def test_without_any_service_the_local_clock_is_remembered():
    assert Hands().clock(last_seen=NOON - timedelta(days=1)).lasting() == NOON


def test_a_time_in_another_zone_is_the_same_moment():
    clock = Hands().clock()
    clock.saw((NOON + timedelta(hours=1)).astimezone(timezone(timedelta(hours=9))))
    assert clock.now() == NOON + timedelta(hours=1)
    assert clock.now().tzinfo is UTC


def test_the_machines_clock_is_in_utc():
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_sleeping_for_less_than_nothing_is_no_sleep():
    before = time.monotonic()
    asyncio.run(SystemClock().sleep(-5))
    assert time.monotonic() - before < 1
