"""What is odd about a token, compared with what it should be. Each difference has its own words and its own advice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from keyless.model.index import Index, normalise
from keyless.model.token import Concern, Scope, TokenCard


def concerns(card: TokenCard, *, index: Index, projects: Sequence[str], now: datetime) -> tuple[Concern, ...]:
    """Return every difference between `card` and a token of `index` for `projects` at `now` (UTC), worst first.

    Fatal ones mean that the token cannot do what the one in the secret does. Whether it is alive is for the probe.
    """
    found = [
        *_of_index(card, index),
        *_of_caveats(card),
        *_of_origin(card),
        *_of_time(card, now),
        *_of_projects(card, sorted({normalise(project) for project in projects})),
        *_of_scope(card),
    ]
    return tuple(sorted(found, key=lambda concern: not concern.fatal))


def _of_index(card: TokenCard, index: Index) -> Iterator[Concern]:
    if card.index is None:
        yield Concern(
            "not-pypi",
            True,
            "This token is of neither PyPI nor TestPyPI, but of another index.",
            f"Give the token that {index.label} issued.",
        )
    elif card.index is not index:
        yield Concern(
            "other-index",
            True,
            f"This is a token of {card.index.label}, in the place of one of {index.label}.",
            f"Give the token that {index.label} issued; the two have separate accounts.",
        )


def _of_caveats(card: TokenCard) -> Iterator[Concern]:
    if card.unknown:
        yield Concern(
            "unknown-caveat",
            True,
            f"This token carries {card.unknown[0]}, so the index would refuse it.",
            "Give the token as the index issued it, or update keyless.",
        )


def _of_origin(card: TokenCard) -> Iterator[Concern]:
    if card.scope is Scope.MINTED:
        yield Concern(
            "minted",
            True,
            "This token was minted by trusted publishing for one release; it lives a quarter of an hour.",
            "Give the token that stands in the secret. If this one stands there, nothing needs a backup.",
        )


def _of_time(card: TokenCard, now: datetime) -> Iterator[Concern]:
    if card.expires_at is not None and now >= card.expires_at:
        yield Concern(
            "expired",
            True,
            f"This token expired on {card.expires_at:%Y-%m-%d %H:%M} UTC.",
            "Give the original that it was narrowed from, or issue a new token.",
        )
    elif card.expires_at is not None and card.scope is not Scope.MINTED:
        yield Concern(
            "narrowed",
            False,
            f"This is a narrowed copy: the index accepts it until {card.expires_at:%Y-%m-%d %H:%M} UTC only.",
            "Give the original if you have it; its removal kills this copy too.",
        )
    if card.not_before is not None and now < card.not_before:
        yield Concern(
            "not-yet",
            False,
            f"The index accepts this token from {card.not_before:%Y-%m-%d %H:%M} UTC on only.",
            "Compare the clock of this machine with the index's.",
        )


def _of_projects(card: TokenCard, projects: Sequence[str]) -> Iterator[Concern]:
    if card.projects is not None:
        lacking = [project for project in projects if project not in card.projects]
        if lacking:
            allowed = ", ".join(card.projects) or "no project at all"
            yield Concern(
                "other-project",
                True,
                f"This token is for {allowed}, not for {', '.join(lacking)}.",
                "Give the token of that project.",
            )
        extra = [project for project in card.projects if project not in projects]
        if extra and not lacking:
            yield Concern(
                "more-projects",
                False,
                f"This token is also for {', '.join(extra)}: removing it on the index ends their uploads too.",
                "Make sure that they publish without it before it is revoked.",
            )
    elif card.project_ids is not None and card.scope is not Scope.MINTED:
        yield Concern(
            "projects-by-id",
            False,
            "This token names its projects by their ids, so which ones they are cannot be seen offline.",
            "Look on the index's account page which project this token is for.",
        )


def _of_scope(card: TokenCard) -> Iterator[Concern]:
    if card.scope is Scope.ACCOUNT:
        yield Concern(
            "account-wide",
            False,
            "THIS TOKEN IS FOR THE WHOLE ACCOUNT: whoever has it can upload to every project of its user.",
            "Other repositories may use it too. Remove it from the index as soon as they do not.",
        )
    elif card.scope is Scope.UNSTATED:
        yield Concern(
            "scope-unstated",
            False,
            "This token does not say what it is for; that is not the same as 'for everything'.",
            "Look on the index's account page what it is for.",
        )
