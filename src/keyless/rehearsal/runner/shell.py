"""A `run:` script as simple commands: enough of a shell for what publishing steps do, and no more.

Known: comments, continued lines, `&&`, `;`, quotes, `$NAME` and `${NAME:-default}`, `export`, assignments before a command,
`cd`, `exit`, a one-line or block `if` on an empty or non-empty variable. Everything else is one command, taken as it is.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::-(?P<default>[^}]*))?\}|(?P<plain>\w+))")
_SEPARATORS = {"&&", "||", ";", "|", "&"}
_TEST = re.compile(r"^if \[+ (?P<what>.+?) \]+$")


@dataclass(frozen=True, slots=True)
class Command:
    """One command: what it is called with, and the variables set for it alone."""

    words: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    into: str | None = None
    """The file that its output is appended to."""


def commands(script: str, env: dict[str, str]) -> Iterator[Command]:
    """Yield the commands of a script one by one; `env` changes with `export` and plain assignments."""
    taken = [True]
    for line in _lines(script):
        for words in _split(line):
            if _control(words, taken, env) or not all(taken):
                continue
            command = _command([expand(word, env) for word in words])
            if command is None:
                continue
            if command.words and command.words[0] == "export":
                env.update({name: value for name, _, value in (word.partition("=") for word in command.words[1:])})
            elif command.words:
                yield command
            else:
                env.update(command.env)


def expand(word: str, env: Mapping[str, str]) -> str:
    """Return a word with its variables replaced; an unset one is empty."""

    def value(match: re.Match[str]) -> str:
        name = match.group("braced") or match.group("plain")
        found = env.get(name, "")
        return found or (match.group("default") or "")

    return _VARIABLE.sub(value, word)


def _lines(script: str) -> Iterator[str]:
    joined = re.sub(r"\\\r?\n\s*", " ", script)
    for line in joined.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            yield line.strip()


def _split(line: str) -> Iterator[list[str]]:
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        words = list(lexer)
    except ValueError:
        words = line.split()
    current: list[str] = []
    for word in words:
        if word in _SEPARATORS:
            if current:
                yield current
            current = []
        else:
            current.append(word)
    if current:
        yield current


def _control(words: list[str], taken: list[bool], env: Mapping[str, str]) -> bool:
    """Follow `if`, `then`, `else`, `fi`: `taken` holds, for each open `if`, whether its present branch runs."""
    match words[0]:
        case "if":
            taken.append(_true(" ".join(words), env))
        case "elif":
            taken[-1] = not taken[-1] and _true(" ".join(["if", *words[1:]]), env)
        case "else":
            taken[-1] = not taken[-1]
        case "fi":
            if len(taken) > 1:
                taken.pop()
        case "then":
            del words[0]
            return not words
        case _:
            return False
    return True


def _true(condition: str, env: Mapping[str, str]) -> bool:
    match = _TEST.match(condition)
    if match is None:
        return True
    words = [expand(word, env) for word in match.group("what").split()]
    match words:
        case ["-n", *rest]:
            return bool("".join(rest))
        case ["-z", *rest]:
            return not "".join(rest)
        case [*left, "=" | "==", right]:
            return "".join(left) == right
        case [*left, "!=", right]:
            return "".join(left) != right
        case _:
            return bool("".join(words))


def _command(words: list[str]) -> Command | None:
    env: dict[str, str] = {}
    while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.DOTALL):
        name, _, value = words.pop(0).partition("=")
        env[name] = value
    into = None
    for sign in (">>", ">"):
        if sign in words:
            at = words.index(sign)
            into = words[at + 1] if at + 1 < len(words) else None
            words = words[:at]
    return Command(tuple(words), env, into) if words or env else None
