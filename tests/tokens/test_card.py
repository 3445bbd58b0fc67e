"""The identity card of each kind of token that PyPI makes or made."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from keyless.model.index import Index
from keyless.model.token import Scope
from keyless.tokens import read
from tests.tokens.conftest import IDENTIFIER, MINTED_TOKEN, PROJECT_ID, PROJECT_TOKEN, PUBLISHER, USER, USER_TOKEN, mint


def test_a_user_token_is_for_the_account_and_names_its_user() -> None:
    card = read(USER_TOKEN)
    assert (card.index, card.identifier, card.scope, card.user_id) == (Index.PYPI, IDENTIFIER, Scope.ACCOUNT, USER)
    assert (card.projects, card.project_ids, card.not_before, card.expires_at) == (None, None, None, None)
    assert card.length == 179
    assert card.caveats == (f"acts as the user with the id {USER}",)


def test_a_project_token_names_its_project() -> None:
    card = read(PROJECT_TOKEN)
    assert (card.scope, card.projects) == (Scope.PROJECTS, ("sampletool",))
    assert card.caveats[0] == "only for the project sampletool"


def test_a_minted_token_is_told_by_its_publisher_and_has_an_end() -> None:
    card = read(MINTED_TOKEN)
    assert (card.scope, card.publisher_id, card.project_ids) == (Scope.MINTED, PUBLISHER, (PROJECT_ID,))
    assert card.not_before == datetime(2026, 11, 23, 8, 45, tzinfo=UTC)
    assert card.expires_at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert card.unknown == ()


def test_a_token_without_caveats_does_not_state_its_scope() -> None:
    assert read(mint()).scope is Scope.UNSTATED


def test_only_an_expiry_states_no_scope_either() -> None:
    assert read(mint([0, 2, 1])).scope is Scope.UNSTATED


@pytest.mark.parametrize(
    ("location", "index"), [("pypi.org", Index.PYPI), ("test.pypi.org", Index.TESTPYPI), ("example.org", None)]
)
def test_the_location_tells_the_index(location: str, index: Index | None) -> None:
    assert read(mint(location=location)).index is index


def test_the_identifier_is_spelled_as_the_account_page_spells_it() -> None:
    assert read(mint(identifier=IDENTIFIER.upper())).identifier == IDENTIFIER


def test_several_restrictions_leave_what_all_of_them_allow() -> None:
    card = read(mint([1, ["a", "b", "c"]], [1, ["b", "c"]], [0, 200, 50], [0, 300, 100]))
    assert card.projects == ("b", "c")
    assert (card.not_before, card.expires_at) == (datetime.fromtimestamp(100, UTC), datetime.fromtimestamp(200, UTC))


def test_restrictions_without_a_common_project_leave_none_rather_than_all() -> None:
    assert read(mint([1, ["a"]], [1, ["b"]])).projects == ()


def test_a_name_in_another_spelling_never_matches_and_the_card_says_so() -> None:
    card = read(mint([1, ["Sample_Tool", "other"]]))
    assert card.projects == ("other",)
    assert "never matches, for its spelling: Sample_Tool" in card.caveats[0]


@pytest.mark.parametrize(
    ("caveat", "scope", "projects"),
    [
        ({"version": 1, "permissions": "user"}, Scope.ACCOUNT, None),
        ({"version": 1, "permissions": {"projects": ["a", "b"]}}, Scope.PROJECTS, ("a", "b")),
        ({"project_ids": [PROJECT_ID]}, Scope.PROJECTS, None),
        ({"nbf": 1, "exp": 2}, Scope.UNSTATED, None),
    ],
)
def test_legacy_caveats_are_understood(caveat: object, scope: Scope, projects: tuple[str, ...] | None) -> None:
    card = read(mint(caveat))
    assert (card.scope, card.projects, card.unknown) == (scope, projects, ())


@pytest.mark.parametrize(
    "caveat",
    [
        [9, "x"],
        ["1", ["a"]],
        [True, ["a"]],
        [],
        [0, 1],
        [0, 2.0, 1],
        [0, True, 1],
        [0, "2", 1],
        [1, "a"],
        [1, [1]],
        [1, ["a", 1]],
        [2, ["no-uuid"]],
        [2, [PROJECT_ID, "no-uuid"]],
        [3, 5],
        [3, "no-uuid"],
        [4, "no-uuid", None],
        [4, PUBLISHER, None, None],
        {"version": 2, "permissions": "user"},
        {"version": 1, "permissions": "admin"},
        {"version": 1, "permissions": "user", "more": 1},
        {"version": 1, "permissions": {"projects": "a"}},
        {"version": 1, "permissions": {"projects": ["a"], "more": 1}},
        {"nbf": 1, "exp": "2"},
        {"nbf": 1, "exp": 2, "more": 3},
        {"project_ids": ["no-uuid"]},
        {"project_ids": [PROJECT_ID, "no-uuid"]},
        {"project_ids": [PROJECT_ID], "more": 1},
        {},
        "text",
        None,
        b"\xff",
        b"{",
        b"[" * 5000,
    ],
)
def test_what_the_index_does_not_know_is_unknown_and_does_not_widen_the_token(caveat: object) -> None:
    card = read(mint(caveat))
    assert len(card.unknown) == 1
    assert (card.scope, card.projects, card.expires_at) == (Scope.UNSTATED, None, None)


FIRST, LAST = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "moment"),
    [
        (10**30, LAST),
        (253402300800, LAST),
        (253402300799, LAST),
        (253402300798, LAST - timedelta(seconds=1)),
        (-62135596799, FIRST + timedelta(seconds=1)),
        (-62135596800, FIRST),
        (-62135596801, FIRST),
        (-(10**30), FIRST),
    ],
)
def test_a_time_beyond_all_dates_is_the_farthest_date(seconds: int, moment: datetime) -> None:
    assert read(mint([0, seconds, 0])).expires_at == moment


OTHER_ID = "66666666-7777-4888-8999-aaaaaaaaaaaa"


@pytest.mark.parametrize(
    ("caveat", "says"),
    [
        ([0, 86400, 0], "valid from 1970-01-01 00:00:00 UTC until before 1970-01-02 00:00:00 UTC"),
        ({"nbf": 0, "exp": 60}, "valid from 1970-01-01 00:00:00 UTC until before 1970-01-01 00:01:00 UTC"),
        ([1, []], "only for no project at all"),
        ([1, ["a"]], "only for the project a"),
        ([1, ["a", "b"]], "only for the projects a, b"),
        ([2, []], "only for projects with the ids none"),
        ([2, [PROJECT_ID]], f"only for the project with the id {PROJECT_ID}"),
        ([2, [PROJECT_ID, OTHER_ID]], f"only for projects with the ids {PROJECT_ID}, {OTHER_ID}"),
        ([4, PUBLISHER], f"minted by trusted publishing, for the publisher with the id {PUBLISHER}"),
        ({"version": 1, "permissions": "user"}, "for everything that its user may do"),
        (b"{", "a caveat that the index does not know (no JSON)"),
        (5, "a caveat that the index does not know (neither a list nor an object)"),
        (["1"], "a caveat that the index does not know (no tag)"),
        ([5, "x"], "a caveat that the index does not know (tag 5)"),
        ([4, "x"], "a caveat that the index does not know (tag 4 with other fields than it has)"),
        ([-1], "a caveat that the index does not know (tag -1)"),
        ({"nbf": 1}, "a caveat that the index does not know (an object of another form)"),
    ],
)
def test_each_caveat_is_said_in_words(caveat: object, says: str) -> None:
    assert read(mint(caveat)).caveats == (says,)


def test_names_cannot_send_commands_to_a_terminal() -> None:
    card = read(mint([1, ["\x1b[31mred\x07"]]))
    assert "\x1b" not in card.caveats[0]
    assert "\\x1b[31mred" in card.caveats[0]


def test_the_card_does_not_hold_the_signature_or_any_long_part_of_the_token() -> None:
    shown = repr(read(USER_TOKEN))
    assert not any(USER_TOKEN.reveal()[start : start + 12] in shown for start in range(5, 168))
