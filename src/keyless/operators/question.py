"""What a question is. Prompt, flag, playbook key, schema and documentation are all derived from one row of this shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from keyless.model.plan import Phase
from keyless.model.text import clean
from keyless.secret import Secret

Answer: TypeAlias = str | bool | int | tuple[str, ...] | Secret


class Kind(Enum):
    """What an answer is, and so how it is asked for.

    CONFIRM goes on only with yes; TYPED wants an exact text typed; NAMES are typed one by one, CHOICES are ticked.
    """

    TEXT = "text"
    PATH = "path"
    NUMBER = "number"
    YES_NO = "yes-no"
    CONFIRM = "confirm"
    CHOICE = "choice"
    CHOICES = "choices"
    NAMES = "names"
    TYPED = "typed"
    SECRET = "secret"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers to choose from, and what it leads to, in a sentence."""

    value: str
    leads_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One row of the table.

    `asks`, `help` and `why` may name words of what the question is about in braces, like "{secret}". `flag` and `key`
    follow from the identifier unless given. `per` names what there is one answer for each of, most exact first: a flag
    then takes VALUE or NAME=VALUE, a playbook key one value or a map. `default` is what a script gets that does not
    answer, and where the wizard's cursor starts; with `explicit` a script has to answer all the same. What is not
    `asked` is never prompted for: only a flag or a playbook says it. `typed` names the word of what the question is
    about that has to be typed. `twice`: the wizard asks for the secret again.
    """

    identifier: str
    kind: Kind
    asks: str
    help: str
    why: str
    phases: tuple[Phase, ...]
    flag: str = ""
    key: str = ""
    choices: tuple[Choice, ...] = ()
    default: Answer | None = None
    per: tuple[str, ...] = ()
    explicit: bool = False
    asked: bool = True
    may_be_empty: bool = False
    typed: str = ""
    twice: bool = False
    pattern: str = ""
    """A regular expression that a text has to match as a whole."""
    looks_like: str = ""
    """What `pattern` wants, in words."""
    bounds: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "flag", self.flag or f"--{self.identifier}")
        object.__setattr__(self, "key", self.key or self.identifier)

    @property
    def given_with(self) -> str:
        """How a script answers it, in words: the flag, with its choices, and the key where a playbook may have it."""
        flag = f"{self.flag} {'|'.join(choice.value for choice in self.choices)}" if self.choices else self.flag
        return f"{flag}, or with '{self.key}' in a playbook" if self.phases else flag

    @property
    def secret(self) -> bool:
        """Whether the answer is a secret: hidden when typed, and only a source (env:NAME, …) in flags and playbooks."""
        return self.kind is Kind.SECRET

    @property
    def several(self) -> bool:
        """Whether one answer is a list."""
        return self.kind in (Kind.NAMES, Kind.CHOICES)


class _Words(dict[str, str]):
    def __missing__(self, word: str) -> str:
        return f"the {word}"


def fill(template: str, about: Mapping[str, str]) -> str:
    """Return `template` with its words in braces replaced; what comes from outside is made fit to be shown."""
    return template.format_map(_Words({word: clean(text) for word, text in about.items()}))
