"""Shell scripts of `run:` steps, cut into simple commands with their words and places. Enough of sh, and of PowerShell.

Nothing is executed or expanded: `$X`, `${X}` and `${{ … }}` stay in the words for the caller to follow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

_TOKEN = re.compile(
    r"""(?P<expression>\$\{\{(?:'(?:[^']|'')*'|[^'])*?\}\})
    |(?P<continued>[\\`^]\r?\n)
    |(?P<escaped>\\.)
    |(?P<single>'[^']*')
    |(?P<double>"(?:\$\{\{.*?\}\}|\\.|[^"\\])*")
    |(?P<substitution>\$\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))
    |(?P<heredoc><<-?[ \t]*(?P<quote>["']?)(?P<delimiter>\w+)(?P=quote))
    |(?P<redirect>\d*(?:>>|>|<<<|<)(?:&\d)?)
    |(?P<operator>&&|\|\||;;|[;|&()\n])
    |(?P<space>[ \t\r]+)
    |(?P<other>[^\s\\'"$<>;|&()`^\d#](?:[^\s\\'"$<>;|&()`^\d#]|\d+(?![\d<>]))*|.)""",
    re.VERBOSE | re.DOTALL,
)
_SIMPLE = re.compile(r"[\w./=:,@%+* \t-]+\r?\n", re.ASCII)
"""A line of words without quotes, variables or operators, as most are: it needs no cutting into tokens."""
_WORD = re.compile(r"[^\s]+")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)\+?=", re.ASCII)
_POWERSHELL = re.compile(r"\$env:([A-Za-z_]\w*)$", re.ASCII | re.IGNORECASE)
_KEYWORDS = frozenset({"if", "then", "else", "elif", "do", "while", "until", "!", "{", "}"})
VARIABLE = re.compile(r"\$(?:env:)?\{?(?:env:)?([A-Za-z_]\w*)|%([A-Za-z_]\w*)%", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Word:
    """A word with its quotes taken off; `start` and `end` are offsets in the script, quotes included."""

    text: str
    start: int
    end: int
    literal: bool = False
    """True when it was in single quotes as a whole: a `$X` in it is not expanded."""


@dataclass(frozen=True, slots=True, eq=False)
class Command:
    """One simple command, equal to itself alone. `assignments` stand before it (or are exported by it), `targets` are written to."""

    words: tuple[Word, ...]
    assignments: tuple[tuple[str, Word], ...]
    targets: tuple[Word, ...]
    heredoc: str
    start: int
    end: int
    separator: str
    """What ends it: "\\n", "&&", "|" and so on; "" at the end of the script."""
    origin: str = ""
    """The script of the repository that it stands in; "" for the step itself."""
    opened: bool = False
    """True when it runs a script of the repository that was read: its commands stand beside it."""

    @property
    def texts(self) -> tuple[str, ...]:
        """The words without places."""
        return tuple(word.text for word in self.words)


@dataclass(slots=True)
class _Builder:
    script: str
    done: list[Command] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    targets: list[Word] = field(default_factory=list)
    part: str | None = None
    part_start: int = 0
    literal: bool = False
    to_target: bool = False
    heredocs: list[str] = field(default_factory=list)
    body: str = ""

    @property
    def idle(self) -> bool:
        """Whether a new command begins here."""
        return self.part is None and not (self.words or self.targets or self.heredocs or self.to_target)

    def add(self, text: str, start: int, *, literal: bool = False) -> None:
        if self.part is None:
            self.part, self.part_start, self.literal = "", start, literal
        else:
            self.literal = self.literal and literal
        self.part += text

    def end_word(self, at: int) -> None:
        if self.part is None:
            return
        word = Word(self.part, self.part_start, at, self.literal)
        (self.targets if self.to_target else self.words).append(word)
        self.part, self.to_target = None, False

    def end_command(self, at: int, separator: str) -> None:
        self.end_word(at)
        self.to_target = False
        while self.words and self.words[0].text in _KEYWORDS:
            self.words.pop(0)
        if self.words or self.targets or self.body:
            self.done.append(self._command(at, separator))
        self.words, self.targets, self.body = [], [], ""

    def _command(self, at: int, separator: str) -> Command:
        words, assignments = list(self.words), []
        if words and words[0].text in {"export", "declare", "set", "setx", "readonly", "local"}:
            assignments = [_assigned(w) for w in words[1:] if _ASSIGNMENT.match(w.text)]
            words = words if not assignments else []
        while words and _ASSIGNMENT.match(words[0].text):
            assignments.append(_assigned(words.pop(0)))
        if words and base_name(words[0].text) in _RUNNERS:
            assignments += [_assigned(word) for word in _passed_on(words)]
        if len(words) >= 3 and words[1].text == "=" and (name := _POWERSHELL.match(words[0].text)):
            assignments, words = [(name[1], words[2])], []
        everything = self.words + self.targets
        start = min((word.start for word in everything), default=at)
        return Command(tuple(words), tuple(assignments), tuple(self.targets), self.body, start, at, separator)


def _assigned(word: Word) -> tuple[str, Word]:
    name, _, value = word.text.partition("=")
    return name.rstrip("+"), Word(value, word.start + len(name) + 1, word.end, word.literal)


@lru_cache(maxsize=8192)
def commands(script: str) -> tuple[Command, ...]:
    """Return a script's simple commands in order. Anything at all is accepted; what is no shell yields odd words."""
    builder = _Builder(script)
    at = 0
    while at < len(script):
        line = _SIMPLE.match(script, at) if builder.idle else None
        if line is not None:
            builder.words = [Word(word[0], word.start(), word.end()) for word in _WORD.finditer(script, *line.span())]
            builder.end_command(line.end() - 1, "\n")
            at = line.end()
            continue
        match = _TOKEN.match(script, at)
        assert match is not None  # the last alternative takes any character
        at = _step(builder, match)
    builder.end_command(len(script), "")
    return tuple(builder.done)


def _step(builder: _Builder, match: re.Match[str]) -> int:
    """Take one token; return where the next begins."""
    text, start, end = match[0], match.start(), match.end()
    match match.lastgroup:
        case "single":
            builder.add(text[1:-1], start, literal=True)
        case "double":
            builder.add(re.sub(r'\\(["\\])', r"\1", text[1:-1]), start)
        case "escaped":
            builder.add(text[1:] if text[1] in " \"'\\$#" else text, start)
        case "continued" | "space":
            builder.end_word(start)
        case "redirect":
            builder.end_word(start)
            builder.to_target = "&" not in text
        case "heredoc":
            builder.end_word(start)
            builder.heredocs.append(match["delimiter"])
        case "operator":
            return _operator(builder, text, start, end)
        case _ if text == "#" and builder.part is None:
            return _line_end(builder.script, start)
        case _:
            builder.add(text, start)
    return end


def _operator(builder: _Builder, text: str, start: int, end: int) -> int:
    if text == "\n" and builder.heredocs:
        builder.end_word(start)
        for delimiter in builder.heredocs:
            body, end = _heredoc(builder.script, end, delimiter)
            builder.body += body
        builder.heredocs = []
        builder.end_command(end, "\n")
        return end
    builder.end_command(start, text)
    return end


def _heredoc(script: str, start: int, delimiter: str) -> tuple[str, int]:
    """Return a here-document's body and where the text after its delimiter begins."""
    at = start
    while at < len(script):
        stop = _line_end(script, at)
        if script[at:stop].strip() == delimiter:
            return script[start:at], stop
        at = stop + 1
    return script[start:], len(script)


def _line_end(script: str, at: int) -> int:
    found = script.find("\n", at)
    return len(script) if found < 0 else found


_RUNNERS: dict[str, frozenset[str]] = {
    **dict.fromkeys(("nohup", "setsid", "unbuffer", "winpty", "caffeinate", "command", "call", "&"), frozenset()),
    "sudo": frozenset({"-u", "-g", "-h", "-p", "-C", "-D", "-R", "-T", "-U"}),
    "env": frozenset({"-u", "--unset", "-C", "--chdir"}),
    "nice": frozenset({"-n", "--adjustment"}),
    "ionice": frozenset({"-c", "-n", "--class", "--classdata"}),
    "xvfb-run": frozenset({"-e", "-f", "-n", "-p", "-s", "-w"}),
    "arch": frozenset({"-arch", "-d"}),
    "time": frozenset({"-f", "-o", "--format", "--output"}),
    "exec": frozenset({"-a"}),
    "stdbuf": frozenset({"-i", "-o", "-e", "--input", "--output", "--error"}),
    "timeout": frozenset({"-s", "-k", "--signal", "--kill-after"}),
    "retry": frozenset({"-t", "-d", "-m", "-n", "-s", "-a", "--tries", "--times", "--delay", "--max", "--sleep"}),
}
"""Programs that run the command behind them, and those of their options that take a value."""
_COUNTED = frozenset({"timeout", "retry"})
"""Those that may take a number before the command: seconds, or tries."""
_NUMBER = re.compile(r"[\d.]+[smhd]?$")
_PREFIXES: dict[str, tuple[tuple[str, ...], ...]] = {
    **dict.fromkeys(("poetry", "pdm", "rye", "pipenv", "pipx", "pixi", "conda"), (("run",),)),
    "uv": (("run",), ("tool", "run")),
    "hatch": (("run",), ("-v", "run")),
    "uvx": ((),),
}
CONTAINERS = frozenset({"docker", "podman"})
_INSIDE = frozenset({"twine", "uv", "poetry", "flit", "hatch", "pdm", "maturin", "python", "python3"})
"""What is looked for behind the options and the image of `docker run`."""
_PYTHON = re.compile(r"(?:python|py|pypy)[\d.]*w?$")
_WITH_VALUE = frozenset({"--with", "--from", "--python", "-p", "--spec", "-n", "--group", "--extra", "-e", "--package"})


@lru_cache(maxsize=8192)
def program(command: Command) -> tuple[Word, ...]:
    """Return a command's words from the program on: without `sudo`, `python -m`, `poetry run`, `uvx` and the like."""
    words = list(command.words)
    while words:
        name = base_name(words[0].text)
        if name in _RUNNERS:
            words = _behind_runner(words)
        elif _PYTHON.match(name) and "-m" in (w.text for w in words[1:4]):
            words = words[[w.text for w in words].index("-m") + 1 :]
        elif name in CONTAINERS and "run" in {w.text for w in words[1:3]}:
            inside = next((n for n, w in enumerate(words) if n > 1 and base_name(w.text) in _INSIDE), None)
            if inside is None:
                break
            words = words[inside:]
        elif (length := _prefix(name, words)) is not None:
            rest = _after_options(words[length:])
            if not rest:
                return tuple(words)
            words = rest
        else:
            break
    return tuple(words)


def _behind_runner(words: list[Word]) -> list[Word]:
    name = base_name(words[0].text)
    rest = _after_options(words[1:], _RUNNERS[name])
    if rest and name in _COUNTED and _NUMBER.match(rest[0].text):
        rest = _after_options(rest[1:])
    return rest


def _passed_on(words: list[Word]) -> list[Word]:
    """Return the `NAME=value` words that runners like `env` take before the command."""
    found: list[Word] = []
    while words and base_name(words[0].text) in _RUNNERS:
        rest = _behind_runner(words)
        found += [word for word in words[1 : len(words) - len(rest)] if _ASSIGNMENT.match(word.text)]
        words = rest
    return found


def _prefix(name: str, words: list[Word]) -> int | None:
    """Return how many words a wrapper like `poetry run` takes, None when there is none."""
    for following in _PREFIXES.get(name, ()):
        if tuple(word.text for word in words[1 : 1 + len(following)]) == following:
            return 1 + len(following)
    return None


def _after_options(words: list[Word], valued: frozenset[str] = _WITH_VALUE) -> list[Word]:
    at = 0
    while at < len(words):
        text = words[at].text
        if text == "--":
            at += 1
            break
        if not text.startswith("-") and not _ASSIGNMENT.match(text):
            break
        at += 2 if text in valued else 1
    return words[at:]


@lru_cache(maxsize=8192)
def base_name(text: str) -> str:
    """Return a program's name without folder, `.exe`, and version after `@` or `==` (`uvx twine@6`)."""
    name = re.split(r"[/\\]", re.sub(r"^\$\{\w+\}(?=\w)", "", text))[-1].lower().removesuffix(".exe")
    return re.split(r"@|[=<>~]=", name)[0]


def option(words: tuple[Word, ...], *names: str) -> Word | None:
    """Return the value of the last of an option's occurrences: `--name value`, `--name=value`, `-nvalue` not."""
    found = None
    for at, word in enumerate(words):
        if word.text in names and at + 1 < len(words):
            found = words[at + 1]
        for name in names:
            if name.startswith("--") and word.text.startswith(name + "="):
                value = word.text[len(name) + 1 :]
                found = Word(value, word.start + len(name) + 1, word.end, word.literal)
    return found
