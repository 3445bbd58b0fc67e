"""Flags that answer questions, derived from the table. `keyless.cli.app.App.given` receives them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, TypeVar

import click

from keyless.cli.app import App
from keyless.errors import UsageError
from keyless.model.plan import Phase
from keyless.operators.question import Kind, Question
from keyless.operators.questions import questions_of
from keyless.operators.script import ANY
from keyless.operators.values import SOURCE, SOURCES, read_answer

F = TypeVar("F", bound=Callable[..., object])
_NAMED: Final = re.compile(r"([A-Za-z0-9_][A-Za-z0-9_.@:/-]*)=(.*)", re.DOTALL)
_JUDGED_LATER: Final = (Kind.TYPED, Kind.CHOICES)


def derive_options(phase: Phase) -> Callable[[F], F]:
    """Give a command one option for each question of its phase."""

    def wrap(function: F) -> F:
        for question in reversed(questions_of(phase)):
            _option(question)(function)
        return function

    return wrap


def options_for(*rows: Question) -> Callable[[F], F]:
    """Give a command the options of single questions."""

    def wrap(function: F) -> F:
        for question in reversed(rows):
            _option(question)(function)
        return function

    return wrap


def _option(question: Question) -> Callable[[F], F]:
    def remember(ctx: click.Context, param: click.Parameter, value: object) -> None:  # noqa: ARG001
        app = ctx.find_object(App)
        if app is None or value is None or value == ():
            return
        for item in value if isinstance(value, tuple) else (value,):
            add_answer(app.given, question, item)

    names = [question.flag, f"answer_{question.identifier.replace('-', '_')}"]
    if question.kind is Kind.CONFIRM:
        return click.option(
            *names,
            is_flag=True,
            flag_value=True,
            default=None,
            expose_value=False,
            callback=remember,
            help=_help(question),
        )
    if question.kind is Kind.YES_NO and not question.per:
        names[0] = f"{question.flag}/--no-{question.flag.removeprefix('--')}"
        return click.option(*names, default=None, expose_value=False, callback=remember, help=question.help)
    return click.option(
        *names,
        multiple=bool(question.per) or question.several,
        metavar=metavar(question),
        expose_value=False,
        callback=remember,
        help=_help(question),
    )


def _help(question: Question) -> str:
    return f"{question.help} SOURCE is {SOURCES}." if question.secret else question.help


def metavar(question: Question) -> str:
    """Return what stands after the flag in a help text."""
    match question.kind:
        case Kind.SECRET:
            value = "SOURCE"
        case Kind.YES_NO:
            value = "yes|no"
        case Kind.NUMBER:
            value = "N"
        case Kind.CHOICE:
            value = "|".join(choice.value for choice in question.choices)
        case Kind.PATH:
            value = "PATH"
        case _:
            value = "TEXT"
    return f"[NAME=]{value}" if question.per else value


def add_answer(given: dict[str, dict[str, object]], question: Question, raw: object) -> None:
    """Put one flag's value among the answers. Raises UsageError for a wrong value, or two for the same name."""
    name, value = _split(question, raw) if isinstance(raw, str) else (ANY, raw)
    if question.kind not in _JUDGED_LATER:
        read_answer(question, value, {})
    names = given.setdefault(question.identifier, {})
    if question.several:
        earlier = names.get(name, ())
        names[name] = (*(earlier if isinstance(earlier, tuple) else ()), value)
    elif name in names:
        raise UsageError(f"{question.flag} is given twice{f' for {name}' if name else ''}.", hint="Give it once.")
    else:
        names[name] = value


def _split(question: Question, raw: str) -> tuple[str, str]:
    named = _NAMED.fullmatch(raw)
    if not question.per or named is None or (question.kind is Kind.SECRET and SOURCE.fullmatch(raw)):
        return ANY, raw
    return named.group(1), named.group(2)
