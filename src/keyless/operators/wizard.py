"""A person at a terminal as operator. The only place that imports questionary (and prompt_toolkit under it)."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeAlias, TypedDict

import questionary
from prompt_toolkit import print_formatted_text
from prompt_toolkit.application import get_app_session
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent, merge_key_bindings
from prompt_toolkit.keys import Keys
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.styles import Style

from keyless.errors import OperatorStopped
from keyless.model.realm import Realm
from keyless.model.text import clean
from keyless.operators.question import Answer, Choice, Kind, Question, fill
from keyless.operators.script import unanswered
from keyless.operators.values import WrongAnswer, read_answer
from keyless.secret import Secret

_STYLE: Final = Style(
    [
        ("qmark", "fg:ansicyan bold"),
        ("question", "bold"),
        ("answer", "fg:ansigreen"),
        ("instruction", "fg:ansibrightblack"),
    ]
)
_WIDEST: Final = 120
_SELECT: Final = "(arrows, then Enter)"
_TICK: Final = "(arrows and space, then Enter)"
Prompt: TypeAlias = questionary.Question


class _Look(TypedDict):
    qmark: str
    style: Style
    color_depth: ColorDepth | None


Judge: TypeAlias = Callable[[str], bool | str]


def has_terminal() -> bool:
    """Whether a person sees what is printed and can type."""
    return sys.stdin.isatty() and sys.stdout.isatty()


class WizardOperator:
    """Asks a person, and says each time why, and what each answer leads to."""

    interactive = True

    def __init__(self, realm: Realm, *, colour: bool = True, terminal: Callable[[], bool] = has_terminal) -> None:
        self._mark = "REHEARSAL ?" if realm is Realm.REHEARSAL else "?"
        self._depth = None if colour else ColorDepth.DEPTH_1_BIT
        self._terminal = terminal

    async def answer(
        self,
        question: Question,
        about: Mapping[str, str],
        *,
        default: Answer | None = None,
        choices: Sequence[Choice] | None = None,
    ) -> Answer:
        """Explain, ask until the answer fits, and return it. What is not `asked` gets its default without a prompt."""
        preset = question.default if default is None else default
        if not question.asked and preset is not None:
            return preset
        if not self._terminal():
            raise unanswered(question, about)
        offered = tuple(choices) if choices is not None else question.choices
        self._explain(question, about, offered)
        if question.kind is Kind.SECRET:
            return await self._secret(question, about)
        if question.kind is Kind.NAMES:
            return await self._names(question, about, preset, offered)
        prompt = self._prompt(question, about, preset, offered)
        return read_answer(question, await self._ask(prompt), about, offered)

    async def pause(self, message: str) -> bool:
        """Wait until the person says that it is done. True: go on; Ctrl-C and Ctrl-D stop."""
        if not self._terminal():
            return False
        await self.press(f"{clean(message)} Enter: done, look again · Ctrl-C: stop here, come back later.".strip(), ())
        return True

    async def press(self, message: str, keys: Sequence[str]) -> str:
        """Wait for Enter, or for one of `keys`; return the key, "" for Enter. Ctrl-C and Ctrl-D stop."""
        prompt = questionary.text(message, **self._look(), validate=lambda _: True)
        bindings = KeyBindings()
        for key in keys:

            @bindings.add(key, eager=True)
            def pressed(event: KeyPressEvent) -> None:
                event.app.exit(result=event.key_sequence[0].key)

        prompt.application.key_bindings = merge_key_bindings(
            [prompt.application.key_bindings or KeyBindings(), bindings]
        )
        given = await self._ask(prompt)
        return given if isinstance(given, str) and given in keys else ""

    def _look(self) -> _Look:
        return {"qmark": self._mark, "style": _STYLE, "color_depth": self._depth}

    def _say(self, style: str, text: str) -> None:
        width = min(get_app_session().output.get_size().columns - 1, _WIDEST)
        indent = " " * (len(text) - len(text.lstrip(" ·")))
        for line in textwrap.wrap(text, max(width, 20), subsequent_indent=indent, break_long_words=False):
            print_formatted_text(FormattedText([(style, line)]), color_depth=self._depth)

    def _explain(self, question: Question, about: Mapping[str, str], offered: Sequence[Choice]) -> None:
        print_formatted_text()
        self._say("bold", fill(question.asks, about))
        flag = f" ({question.flag})" if question.phases else ""
        self._say("fg:ansibrightblack", f"  Why: {fill(question.why, about)}{flag}")
        if question.kind in (Kind.CHOICE, Kind.CHOICES, Kind.NAMES):
            for choice in offered:
                self._say("", f"  · {clean(choice.value)}: {clean(choice.leads_to)}")

    def _prompt(
        self, question: Question, about: Mapping[str, str], preset: Answer | None, offered: Sequence[Choice]
    ) -> Prompt:
        match question.kind:
            case Kind.YES_NO | Kind.CONFIRM:
                sure = preset is True
                return questionary.confirm("Yes or no", default=sure, auto_enter=False, **self._look())
            case Kind.CHOICE:
                options = [questionary.Choice(clean(choice.value), value=choice.value) for choice in offered]
                start = next((o for o in options if o.value == preset), None)
                return questionary.select(
                    "Choose", choices=options, default=start, instruction=_SELECT, **self._look(), use_jk_keys=False
                )
            case Kind.CHOICES:
                ticked = preset if isinstance(preset, tuple) else ()
                boxes = [
                    questionary.Choice(clean(choice.value), value=choice.value, checked=choice.value in ticked)
                    for choice in offered
                ]
                return questionary.checkbox("Tick", choices=boxes, instruction=_TICK, **self._look(), use_jk_keys=False)
            case _:
                text = "" if preset is None else str(preset)
                says = "Type it, or Enter for none" if question.may_be_empty and not text else "Type it"
                return self._line(says, _judge(question, about, offered), text)

    async def _names(
        self, question: Question, about: Mapping[str, str], preset: Answer | None, offered: Sequence[Choice]
    ) -> tuple[str, ...]:
        """Ask for one name after another; an empty line ends the list. Names offered are the only ones that count."""
        start = preset if isinstance(preset, tuple) else ()
        may_be_none = bool(start) or question.default == ()
        one = replace(question, kind=Kind.CHOICE if offered else Kind.TEXT)
        judge = _judge(one, about, offered)
        names: list[str] = []
        while not offered or len(names) < len(offered):
            may_end = bool(names) or may_be_none
            says = "One more, or Enter to end" if names else "Type one, or Enter for none" if may_end else "Type one"
            suggestion = start[len(names)] if len(names) < len(start) else ""
            text = str(await self._ask(self._line(says, _or_empty(judge) if may_end else judge, suggestion))).strip()
            if not text:
                break
            names.append(str(read_answer(one, text, about, offered)))
        return tuple(dict.fromkeys(names))

    async def _secret(self, question: Question, about: Mapping[str, str]) -> Secret:
        while True:
            first = await self._hidden(fill(question.asks, about))
            if not question.twice or await self._hidden("The same again") == first:
                return first
            self._say("fg:ansiyellow", "  The two are different. Once more, please.")

    async def _hidden(self, message: str) -> Secret:
        prompt = questionary.password(
            f"{message} (hidden):", **self._look(), validate=lambda text: bool(text) or "Empty."
        )
        return Secret(str(await self._ask(prompt)))

    def _line(self, message: str, judge: Judge, default: str) -> Prompt:
        return questionary.text(f"{message}:", default=default, validate=judge, **self._look())

    async def _ask(self, prompt: Prompt) -> object:
        application = prompt.application
        application.key_bindings = merge_key_bindings([_STOPPING, application.key_bindings or KeyBindings()])
        try:
            given: object = await prompt.unsafe_ask_async()
        except (KeyboardInterrupt, EOFError):
            raise OperatorStopped(
                "Stopped.", untouched="What was done so far is in the journal; nothing is half done."
            ) from None
        return given


def _judge(question: Question, about: Mapping[str, str], offered: Sequence[Choice]) -> Judge:
    def judge(text: str) -> bool | str:
        try:
            read_answer(question, text, about, offered)
        except WrongAnswer as wrong:
            return f"It has to be {wrong.wants}."
        return True

    return judge


def _or_empty(judge: Judge) -> Judge:
    return lambda text: True if not text.strip() else judge(text)


def _stopping() -> KeyBindings:
    """Ctrl-D stops, whatever was typed so far, and a real SIGINT stops like Ctrl-C, in every kind of prompt."""
    bindings = KeyBindings()

    @bindings.add(Keys.SIGINT, eager=True)
    def interrupt(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt, style="class:aborting")

    @bindings.add(Keys.ControlD, eager=True)
    def end(event: KeyPressEvent) -> None:
        event.app.exit(exception=EOFError, style="class:aborting")

    return bindings


_STOPPING: Final = _stopping()
