"""A narrowed copy serves inside its window and for its projects, and nowhere else, by the index's own rules."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pypitoken
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless import tokens
from keyless.errors import UsageError
from keyless.secret import Secret
from keyless.tokens import NotAToken, narrow, read
from keyless.tokens.macaroon import parse
from tests.tokens.conftest import MINTED_TOKEN, NOW, PROJECT_TOKEN, USER_TOKEN, index_accepts, mint

END = NOW + timedelta(days=14)


def test_it_appends_exactly_the_two_caveats_that_the_index_reads() -> None:
    copy = narrow(USER_TOKEN, projects=["Sample_Tool", "other"], not_before=NOW, expires_at=END)
    before, after = parse(USER_TOKEN), parse(copy)
    assert after.caveats[:-2] == before.caveats
    assert [json.loads(caveat) for caveat in after.caveats[-2:]] == [
        [0, int(END.timestamp()), int(NOW.timestamp())],
        [1, ["other", "sample-tool"]],
    ]
    assert read(copy).identifier == read(USER_TOKEN).identifier


@pytest.mark.parametrize(
    ("project", "now", "accepted"),
    [
        ("sampletool", NOW, True),
        ("sampletool", END - timedelta(seconds=1), True),
        ("sampletool", END, False),
        ("sampletool", NOW - timedelta(seconds=1), False),
        ("other", NOW, False),
    ],
)
def test_the_index_accepts_it_inside_the_window_for_its_project_only(
    project: str, now: datetime, accepted: bool
) -> None:
    copy = narrow(USER_TOKEN, projects=["sampletool"], not_before=NOW, expires_at=END)
    assert index_accepts(copy, project=project, now=now) is accepted


def test_the_original_keeps_its_power() -> None:
    narrow(USER_TOKEN, projects=["sampletool"], not_before=NOW, expires_at=END)
    assert index_accepts(USER_TOKEN, project="other", now=END + timedelta(days=1))


def test_pypitoken_reads_the_same_restrictions() -> None:
    copy = narrow(PROJECT_TOKEN, projects=["sampletool"], not_before=NOW, expires_at=END)
    restrictions = pypitoken.Token.load(copy.reveal()).restrictions
    assert restrictions[-2:] == [
        pypitoken.DateRestriction(not_before=int(NOW.timestamp()), not_after=int(END.timestamp())),
        pypitoken.ProjectNamesRestriction(project_names=["sampletool"]),
    ]


def test_a_minted_token_can_be_shortened_and_never_extended() -> None:
    copy = read(narrow(MINTED_TOKEN, projects=["sampletool"], not_before=NOW, expires_at=END))
    assert copy.expires_at == read(MINTED_TOKEN).expires_at


def test_narrowing_a_copy_again_leaves_the_tighter_of_both() -> None:
    once = narrow(USER_TOKEN, projects=["a", "b"], not_before=NOW, expires_at=END)
    twice = read(narrow(once, projects=["a"], not_before=NOW, expires_at=END + timedelta(days=9)))
    assert (twice.projects, twice.expires_at) == (("a",), END)


def test_fractions_of_a_second_never_lengthen_the_window() -> None:
    late = END + timedelta(microseconds=999_999)
    assert read(narrow(USER_TOKEN, projects=["a"], not_before=NOW, expires_at=late)).expires_at == END


def test_times_of_another_zone_are_the_same_moments() -> None:
    east = timezone(timedelta(hours=9))
    copy = narrow(USER_TOKEN, projects=["a"], not_before=NOW.astimezone(east), expires_at=END.astimezone(east))
    assert copy == narrow(USER_TOKEN, projects=["a"], not_before=NOW, expires_at=END)


def test_a_time_without_a_zone_is_an_error_of_the_caller() -> None:
    with pytest.raises(ValueError, match="zone"):
        narrow(USER_TOKEN, projects=["a"], not_before=NOW.replace(tzinfo=None), expires_at=END)


@pytest.mark.parametrize(
    ("projects", "says"), [([], "at least one"), (["no name"], "no project name"), (["-"], "no project name")]
)
def test_projects_that_are_none_are_refused(projects: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        narrow(USER_TOKEN, projects=projects, not_before=NOW, expires_at=END)


def test_a_copy_for_a_project_that_the_token_is_not_for_is_refused() -> None:
    with pytest.raises(UsageError, match="not for other"):
        narrow(PROJECT_TOKEN, projects=["sampletool", "other"], not_before=NOW, expires_at=END)


@pytest.mark.parametrize("end", [NOW, NOW + timedelta(microseconds=5), NOW - timedelta(days=1)])
def test_a_window_that_is_none_is_refused(end: datetime) -> None:
    with pytest.raises(UsageError, match="never serve"):
        narrow(USER_TOKEN, projects=["a"], not_before=NOW, expires_at=end)


def test_what_is_no_token_is_refused() -> None:
    with pytest.raises(NotAToken):
        narrow(Secret("hunter2"), projects=["a"], not_before=NOW, expires_at=END)


def test_a_library_that_fails_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(raw: str) -> None:
        raise pypitoken.LoaderError(f"cannot load {raw}")

    monkeypatch.setattr(pypitoken.Token, "load", fail)
    with pytest.raises(NotAToken) as caught:
        narrow(USER_TOKEN, projects=["a"], not_before=NOW, expires_at=END)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert USER_TOKEN.reveal() not in str(caught.value)


@pytest.mark.parametrize(
    "other",
    [
        mint(location="test.pypi.org"),
        mint([0, 2, 1], [1, ["a"]]),
        USER_TOKEN,
        mint([3, "00000000-0000-4000-8000-000000000000"], [0, 2, 1], [1, ["a"]]),
    ],
)
def test_a_library_that_changes_anything_else_is_not_believed(other: Secret, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pypitoken.Token, "dump", lambda self: other.reveal())
    with pytest.raises(NotAToken, match="more than it should"):
        narrow(USER_TOKEN, projects=["a"], not_before=NOW, expires_at=END)


NAMES = st.lists(
    st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?", fullmatch=True), min_size=1, max_size=5
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2080, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(names=NAMES, start=MOMENTS, length=st.integers(1, 10**8), offset=st.integers(-(10**8), 2 * 10**8))
def test_reading_a_narrowed_copy_gives_back_what_it_was_narrowed_to(
    names: list[str], start: datetime, length: int, offset: int
) -> None:
    end = start + timedelta(seconds=length)
    copy = narrow(USER_TOKEN, projects=names, not_before=start, expires_at=end)
    card = read(copy)
    assert card.projects == tuple(sorted({tokens.narrowing.normalise(name) for name in names}))
    assert (card.not_before, card.expires_at) == (start.replace(microsecond=0), end.replace(microsecond=0))
    at = start + timedelta(seconds=offset)
    inside = int(start.timestamp()) <= int(at.timestamp()) < int(end.timestamp())
    assert index_accepts(copy, project=card.projects[0], now=at) is inside
