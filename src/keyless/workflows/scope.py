"""Where a value comes from: environment variables, inputs, outputs and matrices followed back to the secrets.

A `Scope` is what one step sees. `trace` follows a text through it and returns its sources; the same secret reached
twice is one source. What cannot be followed is an `Opaque` with the expression that stopped it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import TypeAlias

from keyless.model.workflow import Place
from keyless.workflows.expressions import Access, Binary, Call, Expression, Literal, embedded, values
from keyless.workflows.shell import VARIABLE
from keyless.workflows.tree import Path

DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Binding:
    """A value as it was given: its text, where, at what level, and the scope in which the text has its meaning.

    `expands`: `$X` in it is a variable. `path` leads to the pair in its file, when it is one (so that it can be edited).
    """

    text: str
    place: Place
    level: str
    scope: Scope
    expands: bool = False
    path: Path = ()
    name: str = ""
    others: tuple[Binding, ...] = ()
    """What it may be instead, where a condition of a script decides."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a step sees. A mapping that is None is not known (an input of a workflow that nobody here calls)."""

    env: Mapping[str, Binding] = field(default_factory=dict)
    inputs: Mapping[str, Binding] | None = None
    secrets: Mapping[str, Binding] | None = None
    matrix: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outputs: Mapping[tuple[str, str], Binding] = field(default_factory=dict)
    """By (step or job id, output's name); a job's id is prefixed with `needs.`."""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What a person who starts the workflow by hand may choose for an input, by its name in lower case."""
    formal: bool = False
    """True in a workflow that can only be called: `secrets.X` is then what a caller in another repository gives."""

    def with_env(self, env: Mapping[str, Binding]) -> Scope:
        """Return this scope with more variables, which win."""
        return replace(self, env={**self.env, **env}) if env else self


@dataclass(frozen=True, slots=True)
class FromSecret:
    """Comes from a secret. `name` is upper-case, as GitHub keeps it (names are case-insensitive)."""

    name: str
    place: Place
    level: str


@dataclass(frozen=True, slots=True)
class FromText:
    """Stands in the file itself. The text may be a token: it is never shown."""

    text: str = field(repr=False)
    place: Place


@dataclass(frozen=True, slots=True)
class Opaque:
    """Cannot be followed. `any_secret`: it may be any secret of the repository."""

    expression: str
    place: Place
    because: str
    any_secret: bool = False


Source: TypeAlias = FromSecret | FromText | Opaque


def trace(binding: Binding, depth: int = 0) -> tuple[Source, ...]:
    """Return every source that the binding's text may take its value from, in order, each once."""
    if depth > DEEPEST:
        return (Opaque(binding.text[:80], binding.place, "it refers to itself"),)
    found: dict[Source, None] = {s: None for other in binding.others for s in trace(other, depth + 1)}
    rest, at = "", 0
    for part in embedded(binding.text):
        rest += binding.text[at : part.start] + "\0"
        at = part.end
        if part.expression is None:
            found[Opaque(part.text, binding.place, "it is no valid expression")] = None
            continue
        for value in values(part.expression):
            found.update(dict.fromkeys(_value(value, part.text, binding, depth)))
    rest += binding.text[at:]
    if binding.expands:
        rest, sources = _variables(rest, binding, depth)
        found.update(dict.fromkeys(sources))
    if rest.replace("\0", "").strip() and not (found and "\0" in rest):
        found[FromText(rest.replace("\0", "").strip(), binding.place)] = None
    return tuple(found)


def _variables(text: str, binding: Binding, depth: int) -> tuple[str, list[Source]]:
    """Follow `$X` in a shell text; return the text without what was followed, and the sources."""
    sources: list[Source] = []
    left = text
    for match in VARIABLE.finditer(text):
        name = match[1] or match[2]
        known = binding.scope.env.get(name)
        if known is not None:
            sources.extend(trace(known, depth + 1))
        else:
            sources.append(Opaque(f"${name}", binding.place, f"the variable {name} is not set in the workflow"))
        left = ""
    if "$(" in text or "`" in text:
        sources.append(Opaque(text.replace("\0", "")[:80], binding.place, "a command makes the value"))
        left = ""
    return left, sources


def _value(  # noqa: PLR0911  # one line per context
    value: Literal | Access, expression: str, binding: Binding, depth: int
) -> tuple[Source, ...]:
    scope = binding.scope
    if isinstance(value, Literal):
        return (FromText(value.value, binding.place),) if value.value else ()
    key = _key(value)
    match value.context:
        case "secrets":
            return _secret(value, expression, binding, depth)
        case "env" if key is not None and key in scope.env:
            return trace(scope.env[key], depth + 1)
        case "inputs" if key is not None and scope.inputs is not None:
            given = scope.inputs.get(key.lower())
            return () if given is None else trace(given, depth + 1)
        case "matrix" if key is not None and key in scope.matrix:
            return tuple(s for text in scope.matrix[key] for s in _of_matrix(text, binding, depth))
        case "steps" | "needs":
            output = _output(value, scope)
            return (
                (Opaque(expression, binding.place, "a step makes the value"),)
                if output is None
                else trace(output, depth + 1)
            )
        case "vars" if key is not None:
            return (FromSecret(f"vars.{key}", binding.place, binding.level),)
        case "github" if key == "token":
            return (FromSecret("GITHUB_TOKEN", binding.place, binding.level),)
        case _:
            return (Opaque(expression, binding.place, "the text does not say its value"),)


def _of_matrix(text: str, binding: Binding, depth: int) -> tuple[Source, ...]:
    if "${{" in text:
        return trace(replace(binding, text=text, expands=False), depth + 1)
    return (FromText(text.strip(), binding.place),) if text.strip() else ()


def _key(access: Access) -> str | None:
    return access.keys[0].value if access.keys and isinstance(access.keys[0], Literal) else None


def _output(access: Access, scope: Scope) -> Binding | None:
    names = [key.value for key in access.keys if isinstance(key, Literal)]
    if len(names) != 3 or names[1] != "outputs":
        return None
    prefix = "needs." if access.context == "needs" else ""
    return scope.outputs.get((prefix + names[0], names[2]))


def _secret(access: Access, expression: str, binding: Binding, depth: int) -> tuple[Source, ...]:
    names = texts(access.keys[0], binding.scope) if access.keys else None
    if names is None or names == ("*",):
        because = "it hands over every secret" if not access.keys else "the secret's name is computed"
        return (Opaque(expression, binding.place, because, any_secret=True),)
    found: list[Source] = []
    for name in filter(None, names):
        given = (binding.scope.secrets or {}).get(name.upper())
        if given is not None:
            found.extend(trace(given, depth + 1))
        elif binding.scope.secrets is None or name.upper() == "GITHUB_TOKEN":
            found.append(FromSecret(name.upper(), binding.place, binding.level))
    return tuple(found)


def texts(  # noqa: PLR0911  # one line per form
    expression: Expression, scope: Scope, depth: int = 0
) -> tuple[str, ...] | None:
    """Return every text that an expression may have, or None when the workflow's text does not tell."""
    match expression:
        case Literal(text):
            return (text,)
        case Access("matrix", (Literal(key), *_)) if key in scope.matrix:
            return _plain(scope.matrix[key])
        case Access("inputs", (Literal(key), *_)) if scope.inputs is not None and key.lower() in scope.inputs:
            return static(scope.inputs[key.lower()], depth + 1)
        case Access("inputs", (Literal(key), *_)) | Access(
            "github", (Literal("event"), Literal("inputs"), Literal(key))
        ) if key.lower() in scope.choices:
            return scope.choices[key.lower()]
        case Access("env", (Literal(key), *_)) if key in scope.env:
            return static(scope.env[key], depth + 1)
        case Binary("||", left, right):
            return _joined(texts(left, scope, depth), texts(right, scope, depth))
        case Binary("&&", _, right):
            return texts(right, scope, depth)
        case Call("format", (Literal(pattern), *rest)):
            parts = [texts(part, scope, depth) for part in rest]
            known = [part for part in parts if part is not None]
            return None if len(known) != len(parts) else tuple(_format(pattern, some) for some in product(*known))
        case Call("case", arguments) if arguments:
            return _joined(*(texts(a, scope, depth) for a in (*arguments[1::2], arguments[-1])))
        case _:
            return None


def _plain(given: tuple[str, ...]) -> tuple[str, ...] | None:
    return given if not any("${{" in text for text in given) else None


def _joined(*options: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if any(option is None for option in options):
        return None
    return tuple(dict.fromkeys(text for option in options for text in option or () if text))


def _format(pattern: str, values_: tuple[str, ...]) -> str:
    for number, value in enumerate(values_):
        pattern = pattern.replace(f"{{{number}}}", value)
    return pattern


def static(binding: Binding, depth: int = 0) -> tuple[str, ...] | None:
    """Return every text that a binding may have, with expressions and shell variables filled in, or None."""
    if depth > DEEPEST:
        return None
    if binding.others:
        every = [static(b, depth + 1) for b in (replace(binding, others=()), *binding.others)]
        known = [one for one in every if one is not None]
        return tuple(dict.fromkeys(t for one in known for t in one)) if len(known) == len(every) else None
    options: tuple[str, ...] = ("",)
    at = 0
    for part in embedded(binding.text):
        inner = texts(part.expression, binding.scope, depth) if part.expression is not None else None
        if inner is None:
            return None
        before = binding.text[at : part.start]
        options = tuple(o + before + text for o in options for text in inner or ("",))[:64]
        at = part.end
    options = tuple(o + binding.text[at:] for o in options)
    return _expanded(options, binding, depth) if binding.expands else options


def _expanded(options: tuple[str, ...], binding: Binding, depth: int) -> tuple[str, ...] | None:
    done: list[str] = []
    for option in options:
        match = VARIABLE.search(option)
        if match is None:
            done.append(option)
            continue
        known = binding.scope.env.get(match[1] or match[2])
        inner = None if known is None else static(known, depth + 1)
        if inner is None:
            return None
        end = match.end() + (option[match.end() : match.end() + 1] == "}" and "{" in match[0])
        done.extend(option[: match.start()] + text + option[end:] for text in inner)
    return tuple(done)
