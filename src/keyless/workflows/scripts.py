"""Scripts of the repository that a step runs: shell, make, tox, nox, just, invoke, package scripts.

Given files are read and their commands added; files that were not given are named, so that they can be fetched.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from keyless.workflows.shell import Command, Word, base_name, commands, program

_SHELLS = frozenset({"bash", "sh", "zsh", "dash", "source", ".", "pwsh", "powershell"})
_PYTHONS = re.compile(r"(?:python|py|pypy)[\d.]*w?$")
_FILE = re.compile(
    r"^(?:\./|[\w.-]+/|\$\{?GITHUB_WORKSPACE\}?/|\$\{\{ *github\.workspace *\}\}/)*[\w.-]+\.(?:sh|bash|py|ps1)$"
)
_BARE = re.compile(
    r"^\./(?:[\w.-]+/)*[\w-]+$|^(?:bin|ci|scripts?|tools?|\.github|\.ci|build|dev|etc)/(?:[\w.-]+/)*[\w-]+$"
)
_STRING_LIST = re.compile(
    r"\[\s*((?:f?[\"'][^\"'\n]*[\"']|[\w.*]+)(?:\s*,\s*(?:f?[\"'][^\"'\n]*[\"']|[\w.*{}()]+))*)\s*,?\s*\]|"
    r"\.run\(\s*((?:f?[\"'][^\"'\n]*[\"'])(?:\s*,\s*(?:f?[\"'][^\"'\n]*[\"']|[\w.*=]+))*)"
)
_STRING = re.compile(r"[\"']((?:[^\"'\n]|(?<=\\)[\"'])*\b(?:twine|flit|poetry|uv|hatch|pdm|maturin)\b[^\"'\n]*)[\"']")
_NAMED = re.compile(
    r"""\.["']?(?:sh|bash|py|ps1)(?!\w)|\.["']?/|(?<![\w/-])(?:bin|ci|scripts?|tools?|github|build|dev|etc)["']?/"""
    r"|(?<![\w-])(?:g?make|tox|nox|just|inv(?:oke)?|hatch|pdm|rye|poe)(?![\w-])",
    re.IGNORECASE,
)
_PYTHON_FILES = {"nox": "noxfile.py", "invoke": "tasks.py", "inv": "tasks.py"}
_PROJECT_RUNNERS = frozenset({"hatch", "pdm", "rye"})
_OPTIONAL = frozenset({"pyproject.toml"})
"""Files that may hold a script of the name, or not: then the name is a program's."""
_TASK = re.compile(r"^(?:[\w.-]+:)?[\w-]+$")
_ENVIRON = re.compile(r"""\bos\.(?:environ(?:\.get)?|getenv)[\[(]\s*["'](\w+)["'](?:\s*,[^\])]*)?[\])]""")
DEEPEST = 4
PYTHON = "of the step, which is Python"
"""The origin of commands that a step's own script in Python runs."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a step's commands come to: all commands, those of scripts included, and the files that were not given."""

    commands: tuple[Command, ...]
    wanted: tuple[str, ...]


def names_files(script: str) -> bool:
    """Whether a script may run a file of the repository. One that says none of these words runs none."""
    return _NAMED.search(script) is not None


def expand(own: tuple[Command, ...], files: Mapping[str, str], folder: str = "", depth: int = 0) -> Ran:
    """Return `own` with the commands of the scripts that they run, as far as `files` has them."""
    done: list[Command] = []
    wanted: list[str] = []
    for command in own:
        scripts = [(_path(folder, name), reader) for name, reader in _scripts(command)]
        scripts = [(path, reader) for path, reader in scripts if not path.startswith(("/", ".."))]
        scripts = [
            (path, reader)
            for path, reader in scripts
            if path not in files or reader(files[path]) or path not in _OPTIONAL
        ]
        opened = bool(scripts) and all(path in files for path, _ in scripts)
        done.append(replace(command, opened=True) if opened else command)
        for path, reader in scripts:
            text = files.get(path)
            if text is None:
                wanted.append(path)
            elif depth < DEEPEST:
                origin = command.origin or path
                inner = expand(reader(text), files, folder, depth + 1)
                passed = command.assignments + _arguments(command)
                done.extend(
                    replace(c, origin=origin, start=command.start, end=command.end, assignments=passed + c.assignments)
                    for c in inner.commands
                )
                wanted.extend(inner.wanted)
    return Ran(tuple(done), tuple(dict.fromkeys(wanted)))


def _path(folder: str, name: str) -> str:
    return posixpath.normpath(posixpath.join(folder, name)).removeprefix("./")


def _arguments(command: Command) -> tuple[tuple[str, Word], ...]:
    """Return `NAME=value` arguments: make takes them as variables."""
    found = ((word, re.match(r"([A-Za-z_]\w*)=(.*)$", word.text, re.DOTALL)) for word in command.words[1:])
    return tuple((m[1], Word(m[2], w.start, w.end, w.literal)) for w, m in found if m is not None)


Reader = Callable[[str], tuple[Command, ...]]


def _scripts(command: Command) -> list[tuple[str, Reader]]:
    """Return the files of the repository that a command runs, and how to read each."""
    words = program(command)
    if not words:
        return []
    texts = [word.text for word in words]
    name = base_name(texts[0])
    plain = [text for text in texts[1:] if not text.startswith("-") and "=" not in text]
    if name in _SHELLS or _PYTHONS.match(name):
        if plain and plain[0] != "setup.py" and (_FILE.match(plain[0]) or _BARE.match(plain[0])):
            return [_file(plain[0])]
        return []
    if len(words) < len(command.words) and base_name(command.words[0].text) in _PROJECT_RUNNERS:
        return [("pyproject.toml", lambda text: project_commands(text, texts[0]))] if _TASK.match(texts[0]) else []
    if _BARE.match(texts[0]) or (_FILE.match(texts[0]) and ("/" in texts[0] or len(command.words) != len(words))):
        return [_file(texts[0])]
    return _runner(name, texts, plain)


def _file(path: str) -> tuple[str, Reader]:
    path = re.sub(r"^(\$\{?GITHUB_WORKSPACE\}?|\$\{\{ *github\.workspace *\}\})/", "", path)
    return path, python_commands if path.endswith(".py") else commands


def _runner(name: str, texts: list[str], plain: list[str]) -> list[tuple[str, Reader]]:
    match name:
        case "make" | "gmake":
            folder = texts[texts.index("-C") + 1] if "-C" in texts[:-1] else ""
            file = texts[texts.index("-f") + 1] if "-f" in texts[:-1] else "Makefile"
            targets = tuple(text for text in plain if text not in {folder, file})
            return [(posixpath.join(folder, file), lambda text: make_commands(text, targets))]
        case "tox":
            environments = tuple(e for t in texts[1:] for e in re.split(r"[,=]", t) if not e.startswith("-"))
            return [("tox.ini", lambda text: tox_commands(text, environments))]
        case "just":
            return [("justfile", lambda text: make_commands(text, tuple(plain)))]
        case "poe" if plain:
            return [("pyproject.toml", lambda text: project_commands(text, plain[0]))]
        case _:
            return [(_PYTHON_FILES[name], python_commands)] if name in _PYTHON_FILES else []


def make_commands(text: str, targets: tuple[str, ...]) -> tuple[Command, ...]:
    """Return the commands of a makefile's targets (the first when none is named) and of what they depend on."""
    rules: dict[str, tuple[list[str], list[str]]] = {}
    current: list[str] | None = None
    for line in text.replace("\\\n", " ").splitlines():
        head = re.match(r"^@?([\w./ -]+?)(?:\s+[\w:='\"+*]+)*\s*::?(?!=)\s*([^=]*)$", line)
        if line[:1] in {"\t", " "} and current is not None:
            current.append(line.strip().lstrip("@-+"))
        elif head and not line.startswith((" ", "\t", ".")):
            current = []
            for name in head[1].split():
                rules[name] = (re.split(r"\s+", head[2].split("#")[0].strip()), current)
        elif line.strip() and not line.startswith("#"):
            current = None
    wanted, lines, seen = list(targets or list(rules)[:1]), list[str](), set[str]()
    while wanted:
        name = wanted.pop(0)
        if name in rules and name not in seen:
            seen.add(name)
            wanted.extend(rules[name][0])
            lines.extend(rules[name][1])
    return commands(re.sub(r"\$\(([A-Z_]+)\)|\$\$", lambda m: f"${{{m[1]}}}" if m[1] else "$", "\n".join(lines)))


def tox_commands(text: str, environments: tuple[str, ...]) -> tuple[Command, ...]:
    """Return the commands of a tox.ini's environments, their `setenv` as assignments before them."""
    lines: list[str] = []
    for section, body in re.findall(r"^\[testenv:?([^\]]*)\]\n(.*?)(?=^\[|\Z)", text, re.MULTILINE | re.DOTALL):
        if section and not set(re.split(r"[,{}]", section)) & set(environments):
            continue
        for key in ("setenv", "set_env", "commands"):
            found = re.search(rf"^{key}\s*=(.*?)(?=^\S|\Z)", body, re.MULTILINE | re.DOTALL)
            lines.extend(_tox_line(line, key) for line in (found[1].splitlines() if found else []))
    return commands("\n".join(lines))


def _tox_line(line: str, key: str) -> str:
    line = re.sub(r"\{env:(\w+)(?::[^}]*)?\}", r"${\1}", line.strip()).removeprefix("- ")
    return re.sub(r"\s*=\s*", "=", line, count=1) if key != "commands" else line


def project_commands(text: str, name: str) -> tuple[Command, ...]:
    """Return the commands of a script that pyproject.toml has for hatch, pdm, rye or poethepoet, and of those it names."""
    import tomllib  # few workflows run such a script

    try:
        tool = tomllib.loads(text).get("tool")
    except tomllib.TOMLDecodeError:
        return ()
    tables = [table for path in _TASKS for table in _tables(tool, path)]
    waiting, seen, lines = [name.rpartition(":")[2]], set[str](), list[str]()
    while waiting:
        task = waiting.pop(0)
        found = [line for table in tables for line in _task_lines(table.get(task))] if task not in seen else []
        seen.add(task)
        lines += found
        waiting += [line.split()[0] for line in found if line.strip()]
    return commands("\n".join(lines))


_TASKS = (("hatch", "envs", "*", "scripts"), ("pdm", "scripts"), ("rye", "scripts"), ("poe", "tasks"))


def _tables(node: object, path: tuple[str, ...]) -> list[dict[str, object]]:
    """Return the tables at a path of tables, `*` for any name."""
    if not isinstance(node, dict):
        return []
    if not path:
        return [node]
    below = list(node.values()) if path[0] == "*" else [node.get(path[0])]
    return [table for one in below for table in _tables(one, path[1:])]


def _task_lines(task: object) -> list[str]:
    """Return a task's commands: a text, a list of texts, or a table with one of them."""
    match task:
        case str():
            return [task]
        case list():
            return [line for one in task for line in _task_lines(one)]
        case dict():
            return [
                line
                for key in ("cmd", "shell", "composite", "chain", "sequence")
                for line in _task_lines(task.get(key))
            ]
        case _:
            return []


def python_commands(text: str) -> tuple[Command, ...]:
    """Return commands that a Python file seems to run: lists of strings, and strings that name an uploader.

    A variable that is taken from the environment stands in them as the shell would write it.
    """
    text = _ENVIRON.sub(r'"$\1"', text)
    lines = [" ".join(re.findall(r"[\"']([^\"']*)[\"']", m[1] or m[2] or "")) for m in _STRING_LIST.finditer(text)]
    lines += [match[1] for match in _STRING.finditer(text)]
    done = [command for line in lines for command in commands(line)]
    return tuple(replace(c, words=tuple(Word(w.text, 0, 0) for w in c.words), start=0, end=0) for c in done)
