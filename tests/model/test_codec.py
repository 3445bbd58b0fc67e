"""Frozen values to JSON and back: the same value, in one spelling, and errors that name the place and never the value."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from typing import Generic, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keyless.model.backup import BackupContents, BackupSubject, KeptSecret, KeptWorkflow, Lease
from keyless.model.codec import CodecError, Json, decode, encode
from keyless.model.github import Repository, SecretEntry, Selected, Store, StoreKind, Visibility
from keyless.model.index import Index
from keyless.model.journey import StepRecord, StepState
from keyless.model.plan import (
    BackupChoice,
    BackupItem,
    ChangeWorkflow,
    CloseJourney,
    Delivery,
    OpenWindow,
    Origin,
    Phase,
    Plan,
    ProveRelease,
    RegisterPublisher,
    RemoveSecret,
    SealBackup,
    SkippedProof,
)
from keyless.model.proof import Grade
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.token import Life, Probe
from keyless.model.workflow import FileChange, Hunk
from keyless.secret import Secret
from tests.tokens.conftest import USER_TOKEN

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 12, 0, 0, 5, tzinfo=UTC)

TEXTS = st.text(max_size=20)
MOMENTS = st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(timedelta(hours=-11, minutes=30))]),
)
REPOSITORIES = st.builds(Repository, TEXTS, TEXTS)
STORES = st.builds(Store, st.sampled_from(StoreKind), TEXTS, st.none() | TEXTS, st.none() | TEXTS)
SELECTED = st.lists(st.builds(Selected, st.integers(), REPOSITORIES), max_size=3).map(tuple)
ENTRIES = st.builds(SecretEntry, STORES, TEXTS, MOMENTS, MOMENTS, st.none() | st.sampled_from(Visibility), SELECTED)
LINES = st.lists(TEXTS, max_size=3).map(tuple)
HUNKS = st.lists(st.builds(Hunk, st.integers(), LINES, LINES, TEXTS), max_size=2).map(tuple)
CHANGES = st.lists(
    st.builds(FileChange, TEXTS, st.binary(max_size=50), st.binary(max_size=50), HUNKS, st.none() | TEXTS), max_size=2
).map(tuple)
PUBLISHERS = st.builds(Publisher, TEXTS, TEXTS, TEXTS, st.none() | TEXTS)
ITEMS = st.builds(
    BackupItem,
    ENTRIES,
    st.sampled_from(BackupChoice),
    st.none() | st.sampled_from(Index),
    LINES,
    st.sampled_from(Origin),
    st.booleans(),
    st.booleans(),
)
STEPS = st.one_of(
    st.builds(RegisterPublisher, TEXTS, st.sampled_from(Index), TEXTS, PUBLISHERS, st.booleans()),
    st.builds(
        ChangeWorkflow,
        *(TEXTS, REPOSITORIES, TEXTS, TEXTS, TEXTS, CHANGES, st.sampled_from(Delivery), st.none() | TEXTS),
    ),
    st.builds(ProveRelease, TEXTS, st.sampled_from(Index), TEXTS, PUBLISHERS, st.sampled_from(Grade), TEXTS),
    st.builds(SkippedProof, TEXTS, st.sampled_from(Index), TEXTS, TEXTS),
    st.builds(SealBackup, TEXTS, REPOSITORIES, st.lists(ITEMS, max_size=2).map(tuple), st.integers()),
    st.builds(RemoveSecret, TEXTS, ENTRIES, LINES),
    st.builds(OpenWindow, TEXTS, st.integers()),
    st.builds(CloseJourney, TEXTS, TEXTS),
)
PLANS = st.builds(Plan, st.sampled_from(Phase), REPOSITORIES, st.lists(STEPS, max_size=5).map(tuple), MOMENTS)
KEPT = st.builds(
    KeptSecret,
    *(
        ENTRIES,
        st.none() | TEXTS.map(Secret),
        st.booleans(),
        TEXTS,
        st.none() | st.sampled_from(Index),
        st.none() | TEXTS,
    ),
)
WORKFLOWS = st.builds(KeptWorkflow, CHANGES, TEXTS, st.none() | TEXTS, st.none() | TEXTS)
CONTENTS = st.builds(
    BackupContents,
    st.builds(BackupSubject, TEXTS, REPOSITORIES, TEXTS, LINES, LINES),
    st.lists(KEPT, max_size=3).map(tuple),
    st.none() | WORKFLOWS,
    TEXTS,
)


def there_and_back(value: object, kind: type[T]) -> T:
    """Encode through text, as a file does, and decode."""
    return decode(kind, json.loads(json.dumps(encode(value, reveal=True))))


@given(PLANS)
def test_a_plan_comes_back_the_same(plan: Plan) -> None:
    assert there_and_back(plan, Plan) == plan


@given(CONTENTS)
def test_a_backups_contents_come_back_the_same(contents: BackupContents) -> None:
    assert there_and_back(contents, BackupContents) == contents


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_evidence_of_any_json_comes_back_the_same(evidence: Json) -> None:
    record = StepRecord(Phase.MIGRATE, "s", StepState.DONE, NOW, evidence)
    assert there_and_back(record, StepRecord) == record


@given(JSON, st.sampled_from([Plan, BackupContents, StepRecord, Lease, Probe]))
def test_any_json_is_decoded_or_refused(data: Json, kind: type) -> None:
    with pytest.raises(CodecError):
        decode(kind, data)


@given(PLANS, st.data())
def test_a_plan_with_one_field_taken_away_or_added_is_refused(plan: Plan, data: st.DataObject) -> None:
    body = encode(plan)
    assert isinstance(body, dict)
    name = data.draw(st.sampled_from(sorted(body)))
    with pytest.raises(CodecError, match=r"missing|not a"):
        decode(Plan, {key: value for key, value in body.items() if key != name})
    with pytest.raises(CodecError, match="unknown or missing more"):
        decode(Plan, {**body, "more": 1})


@dataclasses.dataclass(frozen=True)
class Pair(Generic[T]):
    """A generic class whose variable stands inside others."""

    items: tuple[T, ...]
    named: Mapping[str, T | None]
    exact: tuple[int, T]


@dataclasses.dataclass(frozen=True)
class Everything:
    """One field of each kind that the model uses."""

    pair: Pair[Repository]
    reading: Reading[tuple[str, ...]]
    number: float
    listed: list[int]
    choice: Life | None
    raw: bytes


EVERYTHING = Everything(
    Pair((Repository("a", "b"),), {"x": None, "y": Repository("c", "d")}, (1, Repository("e", "f"))),
    Found(("a",)),
    1.5,
    [1, 2],
    Life.ALIVE,
    b"\xff",
)


@pytest.mark.parametrize(
    "value",
    [
        EVERYTHING,
        dataclasses.replace(EVERYTHING, reading=Missing("x"), choice=None, number=2.0),
        dataclasses.replace(EVERYTHING, reading=Unreadable("x", "because", "scope")),
    ],
)
def test_unions_generics_and_mappings_come_back_the_same(value: Everything) -> None:
    assert there_and_back(value, Everything) == value


class Other(Enum):
    """An enum whose value is a number."""

    ONE = 1


@dataclasses.dataclass
class Clash:
    """A dataclass that could not be told apart."""

    type: str


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (USER_TOKEN, "secret"),
        ([USER_TOKEN], "secret"),
        ({"a": USER_TOKEN}, "secret"),
        (float("nan"), "float"),
        (float("inf"), "float"),
        (datetime(2026, 1, 1), "without a zone"),  # noqa: DTZ001
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=5))), "out of range"),
        ({1: 2}, "as a key"),
        ({1, 2}, "set"),
        (object(), "object"),
        (Repository, "type"),
        (Clash("x"), "'type'"),
    ],
)
def test_what_could_not_be_read_again_is_not_written(value: object, says: str) -> None:
    with pytest.raises(CodecError, match=says) as caught:
        encode(value)
    assert USER_TOKEN.reveal()[:20] not in str(caught.value)


def test_a_secret_is_written_only_when_the_caller_says_so() -> None:
    assert encode({"a": (USER_TOKEN,)}, reveal=True) == {"a": [USER_TOKEN.reveal()]}


PLACE = "$.x"


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (int, True),
        (int, 1.0),
        (int, "1"),
        (bool, 1),
        (str, 1),
        (str, None),
        (float, True),
        (float, "1"),
        (float, 10**400),
        (float, float("inf")),
        (datetime, "2026-11-23T12:00:00"),
        (datetime, "2026-11-23T12:00:00+00:00"),
        (datetime, "2026-11-23T13:00:00+01:00"),
        (datetime, "2026-11-23T12:00:00.000000Z"),
        (datetime, "2026-11-23"),
        (datetime, "20261123T120000Z"),
        (datetime, "0001-01-01T00:00:00+14:00"),
        (datetime, "soon"),
        (datetime, 5),
        (bytes, "QQ"),
        (bytes, "QR=="),
        (bytes, "Q Q="),
        (bytes, "é"),
        (bytes, 5),
        (Secret, 5),
        (Other, True),
        (Other, "1"),
        (Other, []),
        (Index, "PyPI"),
        (Index, None),
        (Repository, []),
        (Repository, None),
        (Repository, {"type": "Store", "owner": "a", "name": "b"}),
        (Repository, {"owner": "a", "name": "b"}),
        (Repository, {"type": "Repository", "owner": "a"}),
        (Repository, {"type": "Repository", "owner": "a", "name": 5}),
        (Reading[str], {"type": "Other"}),
        (Reading[str], {"type": ["Found"]}),
        (Reading[str], 5),
        (tuple[int, ...], {"0": 1}),
        (tuple[int, str], [1]),
        (tuple[int, ...], ["1"]),
        (list[int], [None]),
        (Mapping[str, int], []),
        (Mapping[str, int], {"a": "b"}),
        (dict[str, int], {"a": None}),
        (int | str, None),
        (type(None), 5),
    ],
)
def test_a_value_of_another_kind_or_spelling_is_refused_with_its_place(kind: type, data: Json) -> None:
    with pytest.raises(CodecError, match=r"^\$\.x") as caught:
        decode(kind, data, PLACE)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("kind", [datetime, bytes, Index, int, Repository, Reading[str], tuple[int, ...]])
def test_an_error_never_quotes_the_value(kind: type) -> None:
    token = USER_TOKEN.reveal()
    for data in (token, [token], {"type": token}, {"a": token}):
        with pytest.raises(CodecError) as caught:
            decode(kind, data)
        assert token[20:40] not in f"{caught.value} {caught.value.__cause__} {caught.value.__context__}"


def test_a_strange_key_cannot_send_commands_to_a_terminal() -> None:
    with pytest.raises(CodecError) as caught:
        decode(Repository, {"type": "Repository", "\x1b[31m" + "x" * 500: 1, "\x07": 2})
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_times_are_written_in_utc_and_in_one_spelling() -> None:
    east = timezone(timedelta(hours=9))
    assert encode(NOW.astimezone(east)) == encode(NOW) == "2026-11-23T12:00:00.000005Z"
    assert decode(datetime, "2026-11-23T12:00:00Z") == NOW.replace(microsecond=0)


def test_a_number_without_a_fraction_may_stand_for_a_float() -> None:
    assert decode(float, 3) == 3.0
