"""The wizard and a playbook give the same plan for the same answers, in every world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from keyless.journeys import migrate as journey
from keyless.journeys.migrate import migrate
from keyless.model.github import Repository
from keyless.model.plan import Phase, Plan
from keyless.model.realm import Realm
from keyless.operators.question import Kind, Question
from keyless.operators.record import RecordingOperator
from keyless.operators.script import ScriptOperator
from keyless.operators.wizard import WizardOperator
from keyless.playbooks.fleet import run_playbook
from keyless.playbooks.load import load_playbook
from keyless.playbooks.save import Answered, playbook_text, save_playbook
from keyless.rehearsal.operator import RehearsalOperator
from keyless.rehearsal.world_file import shipped
from tests.staging import Scene

DOWN, SPACE, ENTER, CLEAR = "\x1b[B", " ", "\r", "\x15"


class Typist:
    """Answers the wizard's prompts with the keys that a person would press for what the world's operator thinks."""

    interactive = True

    def __init__(self, thinks: RehearsalOperator, wizard: WizardOperator, pipe: Any) -> None:
        self._thinks, self._wizard, self._pipe = thinks, wizard, pipe
        self.asked: list[str] = []

    async def answer(self, question: Question, about: Any, *, default: Any = None, choices: Any = None) -> Any:
        preset = question.default if default is None else default
        if question.asked or preset is None:
            thought = await self._thinks.answer(question, about, default=default, choices=choices)
            offered = [c.value for c in (choices if choices is not None else question.choices)]
            self._pipe.send_text(keys(question, thought, preset, offered))
            self.asked.append(question.identifier)
        return await self._wizard.answer(question, about, default=default, choices=choices)

    async def pause(self, message: str) -> bool:
        return False


def keys(question: Question, thought: Any, preset: Any, offered: list[str]) -> str:
    """What to press. The arrow keys start at the preset; names are typed one by one, an empty line ends them."""
    match question.kind:
        case Kind.YES_NO | Kind.CONFIRM:
            return ("y" if thought else "n") + ENTER
        case Kind.CHOICE:
            start = offered.index(preset) if preset in offered else 0
            return DOWN * ((offered.index(thought) - start) % len(offered)) + ENTER
        case Kind.CHOICES:
            ticked = preset if isinstance(preset, tuple) else ()
            presses = [SPACE if (one in thought) != (one in ticked) else "" for one in offered]
            return DOWN.join(presses) + ENTER
        case Kind.NAMES:
            ends = "" if offered and len(thought) == len(offered) else CLEAR + ENTER
            return "".join(f"{CLEAR}{name}{ENTER}" for name in thought) + ends
        case _:
            return f"{CLEAR}{thought}{ENTER}"


@contextmanager
def terminal() -> Iterator[Any]:
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


@contextmanager
def plans(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Plan]]:
    """Every plan that is shown."""
    shown: list[Plan] = []
    plain = journey.show_plan

    def keep(observer: Any, plan: Plan) -> None:
        shown.append(plan)
        plain(observer, plan)

    with monkeypatch.context() as patch:
        patch.setattr(journey, "show_plan", keep)
        yield shown


def asked_in_wizard(play: Scene, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> tuple[Plan, Answered]:
    recorded: list[RecordingOperator] = []

    def record(operator: Any) -> Any:
        recorded.append(RecordingOperator(operator))
        return recorded[-1]

    with terminal() as pipe, plans(monkeypatch) as shown:
        wizard = WizardOperator(Realm.REHEARSAL, terminal=lambda: True)
        person = Typist(RehearsalOperator(play.person, play.world), wizard, pipe)

        async def run(desk: Any) -> None:
            await migrate(replace(desk, given=(), last=person, wrap=record), repository, dry_run=True)

        play.work(run)
        assert {"testpypi", "backup", "window"} <= set(person.asked), "a person was really asked"
    answers: dict[str, dict[str, Any]] = {}
    for operator in recorded:
        for identifier, names in operator.answers.items():
            answers.setdefault(identifier, {}).update(names)
    return shown[-1], Answered(repository, answers)


def from_playbook(play: Scene, path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    playbook = load_playbook(path).for_realm(Realm.REHEARSAL)

    async def run(desk: Any) -> Any:
        nobody = ScriptOperator({}, play.read)
        bare = replace(desk, given=(), last=nobody)
        return await run_playbook(bare, playbook, lambda entry: ScriptOperator(entry.given, play.read), dry_run=True)

    with plans(monkeypatch) as shown:
        (outcome,) = play.work(run)
    assert outcome.error is None, outcome.error
    return shown[-1]


@pytest.mark.parametrize("world", shipped())
def test_wizard_and_playbook_give_the_same_plan(
    scene: Callable[..., Scene], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: str
) -> None:
    play = scene(world)
    for number, repository in enumerate(play.world.migrate):
        typed, answered = asked_in_wizard(play, repository, monkeypatch)
        path = tmp_path / f"{number}.yml"
        save_playbook(path, playbook_text(Phase.MIGRATE, Realm.REHEARSAL, [answered]))
        assert path.stat().st_mode & 0o077 == 0
        written = from_playbook(play, path, monkeypatch)
        assert replace(written, made_at=typed.made_at) == typed
        assert typed.steps
