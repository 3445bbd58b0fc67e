"""Every way in which a token can be another one than expected has its own answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from keyless.model.index import Index
from keyless.secret import Secret
from keyless.tokens import concerns, narrow, read
from tests.tokens.conftest import MINTED_TOKEN, NOW, PROJECT_ID, PROJECT_TOKEN, USER, USER_TOKEN, mint


def found(token: Secret, *projects: str, index: Index = Index.PYPI) -> dict[str, bool]:
    """Return the identifiers of all concerns, in order, and whether each is fatal."""
    judged = concerns(read(token), index=index, projects=projects or ("sampletool",), now=NOW)
    return {concern.identifier: concern.fatal for concern in judged}


def test_the_right_token_raises_none() -> None:
    assert found(PROJECT_TOKEN, "SampleTool") == {}


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (mint([1, ["sampletool"]], location="test.pypi.org"), {"other-index": True}),
        (mint([1, ["sampletool"]], location="example.org"), {"not-pypi": True}),
        (mint([1, ["sampletool"]], [7, "x"]), {"unknown-caveat": True}),
        (MINTED_TOKEN, {"minted": True, "expired": True}),
        (mint([1, ["sampletool"]], [0, int(NOW.timestamp()), 0]), {"expired": True}),
        (mint([1, ["sampletool"]], [0, int(NOW.timestamp()) + 1, 0]), {"narrowed": False}),
        (
            mint([1, ["sampletool"]], [0, int(NOW.timestamp()) + 9, int(NOW.timestamp()) + 5]),
            {"narrowed": False, "not-yet": False},
        ),
        (mint([1, ["another"]], [3, USER]), {"other-project": True}),
        (mint([1, ["sampletool"]], [1, ["another"]]), {"other-project": True}),
        (mint([1, ["sampletool", "another"]]), {"more-projects": False}),
        (mint([2, [PROJECT_ID]]), {"projects-by-id": False}),
        (USER_TOKEN, {"account-wide": False}),
        (mint(), {"scope-unstated": False}),
    ],
)
def test_each_difference_is_named(token: Secret, expected: dict[str, bool]) -> None:
    assert found(token) == expected


def test_a_pypi_token_in_testpypis_place_is_named_by_both_indexes() -> None:
    judged = concerns(read(PROJECT_TOKEN), index=Index.TESTPYPI, projects=["sampletool"], now=NOW)
    assert "token of PyPI, in the place of one of TestPyPI" in judged[0].message


def test_a_token_for_one_of_two_projects_names_the_lacking_one_only() -> None:
    judged = concerns(read(PROJECT_TOKEN), index=Index.PYPI, projects=["sampletool", "another"], now=NOW)
    assert [concern.message for concern in judged] == ["This token is for sampletool, not for another."]


def test_all_that_a_token_lacks_is_named_once_in_order() -> None:
    (concern,) = concerns(
        read(mint([1, ["b", "a"]])), index=Index.PYPI, projects=["Zeta", "alpha", "zeta", "Mid"], now=NOW
    )
    assert concern.message == "This token is for a, b, not for alpha, mid, zeta."


def test_fatal_ones_come_first() -> None:
    token = mint([3, USER], [0, int(NOW.timestamp()) - 1, 0], location="test.pypi.org")
    assert list(found(token).values()) == [True, True, False]


def test_account_wide_is_said_loudly() -> None:
    (concern,) = concerns(read(USER_TOKEN), index=Index.PYPI, projects=["sampletool"], now=NOW)
    assert concern.message.startswith("THIS TOKEN IS FOR THE WHOLE ACCOUNT")


def test_our_own_narrowed_copy_is_told_as_such() -> None:
    copy = narrow(USER_TOKEN, projects=["sampletool"], not_before=NOW, expires_at=NOW + timedelta(days=1))
    assert found(copy) == {"narrowed": False}


def test_each_concern_has_an_advice_and_none_quotes_the_token() -> None:
    for token in (USER_TOKEN, MINTED_TOKEN, mint(location="example.org")):
        for concern in concerns(read(token), index=Index.TESTPYPI, projects=["x"], now=NOW):
            assert concern.advice.endswith(".")
            assert token.reveal()[5:30] not in concern.message + concern.advice
