"""What a script leaves behind for later steps: $GITHUB_ENV, step outputs, ~/.pypirc and poetry's configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from keyless.workflows.scope import Binding
from keyless.workflows.tools.base import StepView
from keyless.workflows.tools.poetry import configured
from keyless.workflows.tools.twine import PYPIRC_PASSWORD, PYPIRC_USERNAME

_PAIR = re.compile(r"^\s*[\"']?([A-Za-z_][\w-]*)=(.*)$", re.ASCII | re.DOTALL)
_OLD = re.compile(r"::set-(env|output) name=([\w-]+)::(.*)$", re.DOTALL)
_SETTING = re.compile(r"^\s*(password|username)\s*[=:]\s*(\S.*?)\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class Writes:
    """Variables and outputs by name."""

    env: dict[str, Binding] = field(default_factory=dict)
    outputs: dict[str, Binding] = field(default_factory=dict)


def written(step: StepView) -> Writes:
    """Return what a step's script leaves to the steps after it. What it exports ends with the step."""
    result = Writes()
    result.env.update(configured(step))
    to_env, to_output = _mentions(step, "GITHUB_ENV"), _mentions(step, "GITHUB_OUTPUT")
    local = exported(step)
    view = StepView(step.uses, step.inputs, step.commands, step.scope.with_env(local), step.place)
    for command in step.commands:
        for text, expands in [(word.text, not word.literal) for word in command.words[:8]] + [(command.heredoc, True)]:
            for line in text.splitlines() if "<<" not in text else []:
                _line(line, expands, view, result, to_env=to_env, to_output=to_output)
    _pypirc(view, result)
    return result


def exported(step: StepView) -> dict[str, Binding]:
    """Return the variables that a script sets for its own later commands (`X=…` or `export X=…` on their own)."""
    found: dict[str, Binding] = {}
    for command in step.commands:
        if command.words or command.targets:
            continue
        for name, word in command.assignments:
            scope = step.scope.with_env(found)
            found[name] = Binding(word.text, step.place, "step", scope, expands=not word.literal)
    return found


def _mentions(step: StepView, name: str) -> bool:
    return name in step.script


def _line(line: str, expands: bool, view: StepView, result: Writes, *, to_env: bool, to_output: bool) -> None:
    old = _OLD.search(line)
    if old:
        kind = result.env if old[1] == "env" else result.outputs
        kind[old[2]] = Binding(old[3], view.place, "step", view.scope, expands=expands)
        return
    match = _PAIR.match(line)
    if match is None:
        return
    value = Binding(match[2].strip("\"'"), view.place, "step", view.scope, expands=expands)
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
            result.env[name] = Binding(" ".join(before + found), view.place, "step", view.scope, expands=True)
