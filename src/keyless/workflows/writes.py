"""What a script leaves behind for later steps: $GITHUB_ENV, step outputs, ~/.pypirc and poetry's configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from keyless.workflows.scope import Binding
from keyless.workflows.shell import Word
from keyless.workflows.tools.base import StepView
from keyless.workflows.tools.poetry import configured
from keyless.workflows.tools.twine import PYPIRC_PASSWORD, PYPIRC_USERNAME

_PAIR = re.compile(r"^\s*[\"']?([A-Za-z_][\w-]*)=(.*)$", re.ASCII | re.DOTALL)
_OLD = re.compile(r"::set-(env|output) name=([\w-]+)::(.*)$", re.DOTALL)
_ASSIGNS = re.compile(
    r"""(?:^|[;&|(){}!]|\b(?:if|then|else|elif|do|while|until|time|exec|command)\b)[^\S\n]*["']?[a-z_]\w*\+?="""
    r"|\b(?:export|declare|setx?|readonly|local)\b[^\n]*=|\$env:",
    re.ASCII | re.IGNORECASE | re.MULTILINE,
)
"""A script without any of this sets no variable of its own."""
_LEAVES = ("github_env", "github_output", "::set-", "pypirc", "config")
_CONDITIONAL = re.compile(r"^\s*(?:if|case|elif|else)\b|\|\||\]\s*&&", re.MULTILINE)
_SETTING = re.compile(r"^\s*(password|username)\s*[=:]\s*(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Writes:
    """Variables and outputs by name."""

    env: dict[str, Binding] = field(default_factory=dict)
    outputs: dict[str, Binding] = field(default_factory=dict)


def leaves(script: str) -> bool:
    """Whether a script may leave anything to later steps."""
    lower = script.lower()
    return any(word in lower for word in _LEAVES)


def written(step: StepView) -> Writes:
    """Return what a step's script leaves to the steps after it. What it exports ends with the step."""
    result = Writes()
    texts = (step.script, *(word.text for command in step.followed for word in command.words))
    if not any(map(leaves, texts)):
        return result
    result.env.update(configured(step))
    to_env, to_output = _mentions(step, "GITHUB_ENV"), _mentions(step, "GITHUB_OUTPUT")
    local = exported(step)
    view = replace(step, scope=step.scope.with_env(local)) if local else step
    for command in step.commands:
        body = Word(command.heredoc, command.start, command.end)
        for item in (*command.words[:8], body):
            for line in item.text.splitlines() if "<<" not in item.text else []:
                _line(line, item, view, result, to_env=to_env, to_output=to_output)
    _pypirc(view, result)
    return result


def exported(step: StepView) -> dict[str, Binding]:
    """Return the variables that a script sets for its own later commands (`X=…` or `export X=…` on their own)."""
    found: dict[str, Binding] = {}
    if step.ran is None and not _ASSIGNS.search(step.script):
        return found
    alone = [c for c in step.commands if c.assignments and not c.words and not c.targets]
    conditional = bool(alone) and _CONDITIONAL.search(step.script) is not None
    for command in alone:
        for name, word in command.assignments:
            scope = step.scope.with_env(found)
            before = found.get(name) or step.scope.env.get(name)
            new = Binding(word.text, step.place_of(word), "step", scope, expands=not word.literal)
            if conditional:
                unset = Binding("", step.place, "step", step.scope)
                new = replace(new, others=(before or unset, *(before.others if before else ())))
            found[name] = new
    return found


def _mentions(step: StepView, name: str) -> bool:
    return name in step.script


def _line(line: str, word: Word, view: StepView, result: Writes, *, to_env: bool, to_output: bool) -> None:
    old = _OLD.search(line)
    if old:
        kind = result.env if old[1] == "env" else result.outputs
        kind[old[2]] = view.word(replace(word, text=old[3]))
        return
    match = _PAIR.match(line) if to_env or to_output else None
    if match is None:
        return
    value = view.word(replace(word, text=match[2].strip("\"'")))
    if to_env:
        result.env[match[1]] = value
    if to_output:
        result.outputs[match[1]] = value


def _pypirc(view: StepView, result: Writes) -> None:
    """Follow what is written into ~/.pypirc: by here-document, echo or printf; several passwords are joined."""
    texts = [
        text
        for command in view.commands
        if any("pypirc" in word.text.lower() for word in (*command.targets, *command.words))
        for text in (command.heredoc, *(word.text for word in command.words[1:]))
    ]
    passwords: list[str] = []
    users: list[str] = []
    for text in texts:
        for key, value in _SETTING.findall(text.replace("\\n", "\n")):
            (passwords if key.lower() == "password" else users).append(value)
    if not passwords and not users:
        whole = " ".join(text for text in texts if "${{" in text or "$" in text)
        passwords = [whole] if re.search(r"\$\{\{|\$\{?(?!HOME)[A-Z]", whole) else []
    for name, found in ((PYPIRC_PASSWORD, passwords), (PYPIRC_USERNAME, users)):
        if found:
            before = [result.env[name].text] if name in result.env else []
            joined = Word(" ".join(before + found), max(view.script.find("${{"), 0), len(view.script))
            result.env[name] = view.word(joined)
