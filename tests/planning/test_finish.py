"""The end of a journey: what is proven once more, revoked and shredded, each exactly once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from keyless.model.index import Index
from keyless.model.journey import BackupRecord
from keyless.model.plan import BackupChoice, BackupItem, CloseJourney, Origin, Phase, Plan, RevokeToken, SealBackup
from keyless.planning.finish import item_key, plan_finish
from keyless.planning.migrate import plan_migration
from tests.planning.examples import HERE, NOW, REWRITE, answers, entry, survey

LATER = NOW + timedelta(days=20)
MIGRATION = plan_migration(survey(), REWRITE, answers(), folder=None)
ITEM = next(s for s in MIGRATION.steps if isinstance(s, SealBackup)).items[0]
UUID = "5e4a7a2f-0c3b-4f6e-9a1d-8b7c6d5e4f30"


def backup(name: str, *, shredded: bool = False) -> BackupRecord:
    return BackupRecord(name, "j1", "/x", "00", LATER, NOW if shredded else None)


def item(name: str, **changes: object) -> BackupItem:
    return replace(ITEM, entry=entry(name), **changes)  # type: ignore[arg-type]


def end(*items: BackupItem, cards: Mapping[str, object] | None = None, backups: tuple[str, ...] = ("b1",)) -> Plan:
    """Return the end of a migration that backed up `items`; `cards` are by the secret's name."""
    seal = SealBackup("backup", HERE, items, 14)
    told = {f"repository Owner/Project/{name}": card for name, card in (cards or {}).items()}
    return plan_finish(replace(MIGRATION, steps=(seal,)), told, [backup(b) for b in backups], LATER)  # type: ignore[arg-type]


def revoked(*items: BackupItem, cards: Mapping[str, object] | None = None) -> list[tuple[str, Index, str | None]]:
    return [(s.id, s.index, s.identifier) for s in end(*items, cards=cards).steps if isinstance(s, RevokeToken)]


def test_the_steps_have_the_names_by_which_a_journal_knows_them() -> None:
    """A later keyless goes on with an end that an earlier one began: these names never change."""
    cards = {item_key(ITEM): {"identifier": UUID, "index": "pypi"}}
    plan = plan_finish(MIGRATION, cards, [backup("b0", shredded=True), backup("b1"), backup("b2")], LATER)
    assert (plan.phase, plan.repository, plan.made_at) == (Phase.FINISH, HERE, LATER)
    assert [step.id for step in plan.steps] == [
        "still:testpypi:my-project",
        "still:pypi:my-project",
        f"revoke:{UUID}",
        "revoke:unknown:repository Owner/Project/TEST_TOKEN",
        "shred:b1",
        "shred:b2",
        "close",
    ]
    assert plan.steps[-1] == CloseJourney("close", "finished")


def test_a_token_is_revoked_with_the_newest_backup_that_is_left() -> None:
    plan = plan_finish(MIGRATION, {}, [backup("b1"), backup("b2"), backup("b3", shredded=True)], LATER)
    assert {step.backup for step in plan.steps if isinstance(step, RevokeToken)} == {"b2"}
    without = plan_finish(MIGRATION, {}, [backup("b3", shredded=True)], LATER)
    assert {step.backup for step in without.steps if isinstance(step, RevokeToken)} == {None}


def test_backups_of_former_migrations_are_shredded_with_the_last() -> None:
    former = [backup("b1", shredded=True), backup("b2")]
    plan = plan_finish(replace(MIGRATION, steps=()), {}, [backup("b3")], LATER, earlier=former)
    assert [step.id for step in plan.steps] == ["shred:b3", "shred:b2", "close"]


def test_a_user_name_is_no_token_and_nothing_of_it_is_revoked() -> None:
    assert [name for name, *_ in revoked(item("PYPI_USER", holds_token=False), item("TOKEN"))] == [
        "revoke:unknown:repository Owner/Project/TOKEN"
    ]


def test_a_token_in_two_secrets_is_revoked_once() -> None:
    card = {"identifier": UUID, "index": "pypi"}
    assert revoked(item("A"), item("B"), cards={"A": card, "B": card}) == [(f"revoke:{UUID}", Index.PYPI, UUID)]


def test_two_tokens_that_nobody_showed_are_two() -> None:
    """They may be the same, and nobody can tell."""
    assert [name for name, *_ in revoked(item("A"), item("B"))] == [
        "revoke:unknown:repository Owner/Project/A",
        "revoke:unknown:repository Owner/Project/B",
    ]


@pytest.mark.parametrize(
    ("card", "planned", "index"),
    [
        ({"index": "testpypi"}, Index.PYPI, Index.TESTPYPI),
        ({"index": None}, Index.TESTPYPI, Index.TESTPYPI),
        ({}, Index.TESTPYPI, Index.TESTPYPI),
        ({}, None, Index.PYPI),
    ],
)
def test_the_token_itself_says_best_where_it_is_removed(card: object, planned: Index | None, index: Index) -> None:
    assert [where for _, where, _ in revoked(item("A", index=planned), cards={"A": card})] == [index]


def test_an_identifier_that_is_no_text_is_none() -> None:
    assert [known for *_, known in revoked(item("A"), cards={"A": {"identifier": 7}})] == [None]


@pytest.mark.parametrize(("planned", "index"), [(None, Index.PYPI), (Index.TESTPYPI, Index.TESTPYPI)])
def test_the_lost_token_of_a_secret_that_got_a_new_one_is_for_a_person_to_find(
    planned: Index | None, index: Index
) -> None:
    lost = item("A", index=planned, choice=BackupChoice.NEW_TOKEN)
    new, old = (s for s in end(lost, cards={"A": {"identifier": UUID}}).steps if isinstance(s, RevokeToken))
    assert (new.identifier, new.backup, new.secret, new.origin) == (UUID, "b1", "A", ITEM.origin)
    name = "revoke:lost:repository Owner/Project/A"
    assert old == RevokeToken(name, index, None, "A", None, Origin.UNKNOWN)


def test_a_token_that_was_in_a_secret_before_is_revoked_by_itself_once_and_only_if_it_is_known() -> None:
    """Somebody put another one into the secret meanwhile; no backup that is left opens for it."""
    former = {"identifier": "former", "index": "testpypi", "secret": "OLD", "origin": "shown"}
    cards = {item_key(ITEM): {"identifier": UUID}}
    cards_of_others = [former, {**former, "identifier": None}, {**former, "identifier": UUID}]
    plan = plan_finish(MIGRATION, cards, [backup("b1")], LATER, former=cards_of_others)
    revocations = [s for s in plan.steps if isinstance(s, RevokeToken)]
    assert [s.identifier for s in revocations].count(UUID) == 1
    assert revocations[2:] == [RevokeToken("revoke:former", Index.TESTPYPI, "former", "OLD", None, Origin.SHOWN)]
