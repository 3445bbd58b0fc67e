"""R19: at every prompt of migrate, rollback and finish, on a real terminal, a person stops in every way and goes on later."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from keyless.model.plan import Phase
from keyless.operators.question import Kind
from keyless.operators.questions import question, questions_of
from tests.staging import PASSPHRASE
from tests.tui.terminal import Terminal

CTRL_C, CTRL_D = "\x03", "\x04"
WAYS = (CTRL_C, CTRL_D, signal.SIGTERM, signal.SIGHUP)
PAUSE = "pause"
PROMPTS = {Kind.YES_NO: "Yes or no", Kind.CONFIRM: "Yes or no", Kind.CHOICE: "Choose", Kind.CHOICES: "Tick",
           Kind.NAMES: "Type one", Kind.SECRET: "(hidden):"}  # fmt: skip
OURS = "Go on with: keyless --no-color"


@dataclass(frozen=True)
class Asked:
    """How to come to one prompt: the repository, and the answers (flags) to what is asked before it, in order."""

    phase: Phase
    identifier: str
    repository: str
    before: tuple[str, ...] = ()


MIGRATE = {
    "project": "--project=nadia-ask",
    "environment": "--environment=",
    "testpypi": "--testpypi=skip",
    "testpypi-reason": "--testpypi-reason=practice",
    "secrets": "--secret=PYPI_TOKEN",
    "backup": "--backup=token",
    "token-is": "--token-is=believed",
    "delivery": "--delivery=pull-request",
    "grade": "--grade=inferred",
    "grade-reason": "--grade-reason=practice",
    "accept-reference": "--accept-reference=old",
    "window": "--window=7",
    "confirm-plan": "--yes",
    PAUSE: "",
}
"""The questions of the interview in their order, each with the answer that leads to the next."""


def before(identifier: str) -> tuple[str, ...]:
    flags = list(MIGRATE.values())
    return tuple(flags[: list(MIGRATE).index(identifier)])


ASKED = [
    *(Asked(Phase.MIGRATE, identifier, "nadia/ask", before(identifier)) for identifier in MIGRATE),
    Asked(Phase.MIGRATE, "confirm-no-backup", "nadia/ask", (*before("backup"), "--backup=none")),
    Asked(Phase.MIGRATE, "token", "nadia/proven"),
    Asked(Phase.MIGRATE, "passphrase", "nadia/proven", ("--token-from=file:{rehearsal}/token",)),
    Asked(Phase.ROLLBACK, "confirm-rollback", "nadia/kept"),
    Asked(Phase.ROLLBACK, "unlock-passphrase", "nadia/kept", ("--yes",)),
    Asked(Phase.ROLLBACK, "token", "nadia/declined", ("--yes",)),
    Asked(Phase.FINISH, "confirm-finish", "nadia/kept"),
    Asked(Phase.FINISH, PAUSE, "nadia/kept", ("--yes",)),
    Asked(Phase.FINISH, "token-revoked", "nadia/declined", ("--yes",)),
]
NEVER = {
    (Phase.ROLLBACK, "delivery"): "asked with --from alone, after the passphrase; the same prompt as in migrate",
    (Phase.ROLLBACK, "identity"): "only read where its flag is given",
    (Phase.ROLLBACK, "open-expired"): "asked only after the window; typed like confirm-no-backup",
    (Phase.FINISH, "identity"): "finish opens no backup",
    (Phase.FINISH, "open-expired"): "finish opens no backup",
    (Phase.FINISH, "unlock-passphrase"): "finish opens no backup",
    (Phase.FINISH, "token"): "finish asks the index by the token's identifier alone",
}


def test_no_question_is_forgotten():
    """Every row of the table that a person may be asked stands here, or why nobody is ever asked."""
    wanted = {(phase, row.identifier) for phase in Phase for row in questions_of(phase) if row.asked}
    listed = {(one.phase, one.identifier) for one in ASKED if one.identifier != PAUSE}
    assert not listed & NEVER.keys()
    assert wanted == listed | NEVER.keys()


def prompt_of(identifier: str) -> tuple[str, str]:
    """The beginning of the question's own words, and its prompt."""
    if identifier == PAUSE:
        return "waiting", "Enter: done, look again"
    row = question(identifier)
    return row.asks.partition("{")[0].strip(), PROMPTS.get(row.kind, "Type it")


def stop_and_go_on(terminal: Terminal, keyless: Callable[..., None], asked: Asked, ways: tuple, flags: list) -> None:
    """Come to the prompt, stop; the next run comes to the same prompt, and asks nothing that was answered before."""
    words, prompt = prompt_of(asked.identifier)
    again = [flag for flag in flags if flag == "--yes" or "-from=" in flag]  # consent and secrets are never remembered
    for number, how in enumerate(ways):
        keyless(asked.phase.value, asked.repository, *(again if number else flags))
        assert "Why:" not in terminal.see(words), "another question came first"
        terminal.see(prompt)
        terminal.stop(how)
        code, shown = terminal.ended()
        assert code == 3, shown
        assert OURS in shown
        assert f"{asked.phase.value} {asked.repository}" in shown.partition(OURS)[2]
        assert "Traceback" not in shown


def flags_for(asked: Asked, rehearsal) -> list[str]:
    return [flag.format(rehearsal=rehearsal) for flag in asked.before if flag]


@pytest.mark.parametrize("asked", ASKED, ids=lambda one: f"{one.phase.value} {one.identifier}")
def test_at_every_prompt_a_person_stops_and_goes_on(terminal, keyless, rehearsal, asked: Asked):
    """Two ways for each prompt, so that the default run sees each way at many prompts."""
    turn = ASKED.index(asked)
    ways = (WAYS[turn % 4], WAYS[(turn + 2) % 4])
    stop_and_go_on(terminal, keyless, asked, ways, flags_for(asked, rehearsal))


@pytest.mark.long
@pytest.mark.parametrize("asked", ASKED, ids=lambda one: f"{one.phase.value} {one.identifier}")
def test_at_every_prompt_in_every_way(terminal, keyless, rehearsal, asked: Asked):
    """All four ways, one after the other, at the same journey."""
    stop_and_go_on(terminal, keyless, asked, WAYS, flags_for(asked, rehearsal))


def test_a_wrong_passphrase_changes_nothing(terminal, keyless):
    """Typed wrongly, the rollback says so, and the right one still opens the backup."""
    keyless("rollback", "nadia/kept", "--yes")
    terminal.see("(hidden):")
    terminal.type("wrong\r")
    code, shown = terminal.ended()
    assert code == 14, shown
    assert PASSPHRASE.reveal() not in shown
