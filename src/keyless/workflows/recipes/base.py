"""Taking a credential out of where it is given, whatever the tool."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from keyless.workflows.changes import EditScript, Operation, RemovePairs
from keyless.workflows.refusal import Refused
from keyless.workflows.scope import Binding
from keyless.workflows.shape import Step
from keyless.workflows.shell import VARIABLE, Command, Word, commands
from keyless.workflows.sites import Site, Traced
from keyless.workflows.step_changes import RemoveStep
from keyless.workflows.tree import get, scalars, string

ACTION = "pypa/gh-action-pypi-publish@release/v1"


def credentials_out(site: Site) -> list[Operation]:
    """Return the operations that take all of a site's credentials out. Raises Refused where one sits too deep."""
    found: list[Operation] = []
    for traced in site.credentials:
        found += _one_out(site, traced)
    return found


def _one_out(site: Site, traced: Traced) -> Iterator[Operation]:
    given, step = traced.given, site.visit.step
    why = _why(site, traced)
    match given.how:
        case "with":
            yield RemovePairs((*step.path, "with"), (given.binding.name,), why)
        case "env":
            yield from _variable_out(site, given.name, given.binding, why)
        case "option":
            yield from _option_out(site, given.name, why)
            for name in _variables(given.binding.text):
                binding = site.visit.view.scope.env.get(name)
                if binding is not None and not used_elsewhere(site, name):
                    yield from _variable_out(site, name, binding, why)
        case "config":
            yield from _configuration_out(site, given.name, why)
        case _:
            raise Refused(
                f"the {given.role} is written into {given.name} by a script",
                f"Take the lines that write {given.name} out, and the secrets that they read.",
            )


def _why(site: Site, traced: Traced) -> str:
    tool, role = site.upload.tool, "token" if traced.given.role != "username" else "user name"
    if role == "user name":
        return f"Trusted publishing needs no user name, and {tool} would ask for a password with it."
    return f"The {role} goes: as long as {tool} is given one, it is used instead of trusted publishing."


def _variable_out(site: Site, name: str, binding: Binding, why: str) -> Iterator[Operation]:
    if binding.path and binding.place.path == site.visit.workflow.path:
        yield RemovePairs(binding.path[:-1], (str(binding.path[-1]),), why)
        return
    script = string(site.visit.step.run) or ""
    for command in commands(script):
        if name in dict(command.assignments):
            yield EditScript((*site.visit.step.path, "run"), (_assignment_span(script, command, name),), why)
            return
    raise Refused(f"the variable {name} is set by a script of an earlier step", f"Take out the lines that set {name}.")


def _assignment_span(script: str, command: Command, name: str) -> tuple[int, int, str]:
    word = dict(command.assignments)[name]
    if command.words:
        start = word.start - len(name) - 1
        end = word.end + len(script[word.end :]) - len(script[word.end :].lstrip(" "))
        return start, end, ""
    if len(command.assignments) > 1:
        raise Refused(f"one line sets {name} and other variables", f"Take {name} out of that line.")
    return whole_line(script, command)


def whole_line(script: str, command: Command) -> tuple[int, int, str]:
    """Return the span of the lines that a command fills. Raises Refused where it shares them with another."""
    start = script.rfind("\n", 0, command.start) + 1
    last = script.find("\n", command.end)
    end = len(script) if last < 0 else last + 1
    if script[start : command.start].strip() or command.separator not in {"\n", ""}:
        raise Refused(
            "the line that has to go holds more commands", f"Take `{script[start:end].split(maxsplit=1)[0]} …` out."
        )
    return start, end, ""


def _option_out(site: Site, name: str, why: str) -> Iterator[Operation]:
    command = site.upload.command
    if command is None:
        yield _arguments_out(site, why)
        return
    script = string(site.visit.step.run) or ""
    for first, last in _option_words(command.words, {name}):
        start = len(script[: command.words[first].start].rstrip(" \t\\\n"))
        yield EditScript((*site.visit.step.path, "run"), ((start, command.words[last].end, ""),), why)


def _option_words(words: tuple[Word, ...], names: set[str]) -> Iterator[tuple[int, int]]:
    """Yield the first and the last word of each of these options, by their numbers."""
    for at, word in enumerate(words):
        if at and any(is_option(word, name) for name in names):
            alone = "=" in word.text and word.text.startswith("--")
            yield at, at if alone else min(at + 1, len(words) - 1)


_PROGRAM = "maturin "


def _arguments_out(site: Site, why: str) -> Operation:
    """Take all credentials at once out of the `args` of maturin's action, so that what is left stays one text."""
    step, args = site.visit.step, site.visit.step.inputs.get("args")
    if site.upload.tool != "maturin" or args is None or site.visit.through is not None:
        raise Refused("the credential stands among the arguments of an action", "Take it out of the arguments.")
    words = commands((_PROGRAM + args.text).replace("\n", " "))[0].words
    names = {traced.given.name for traced in site.credentials if traced.given.how == "option"}
    gone = {at for first, last in _option_words(words, names) for at in range(first, last + 1)}
    kept = [word for at, word in enumerate(words) if at and at not in gone]
    if not kept:
        return RemovePairs((*step.path, "with"), ("args",), why)
    parts = [(words[at - 1].end, words[at].end, "") for at in sorted(gone) if words[at].start > kept[0].start]
    if kept[0].start > words[1].start:
        parts.append((len(_PROGRAM), kept[0].start, ""))
    shifted = tuple((start - len(_PROGRAM), end - len(_PROGRAM), new) for start, end, new in parts)
    return EditScript((*step.path, "with", "args"), shifted, why)


_SHORT = {
    "--password": {"-p", "-P"}, "--username": {"-u"}, "--token": {"-t"}, "--auth": {"-a"}, "--user": {"-u"},
}  # fmt: skip


def is_option(word: Word, name: str) -> bool:
    """Whether a word is this option, in its long or short spelling."""
    return word.text == name or word.text.startswith(f"{name}=") or word.text in _SHORT.get(name, set())


def _configuration_out(site: Site, setting: str, why: str) -> Iterator[Operation]:
    """Take the `poetry config …` line out of the step that has it, with the variables that only it reads."""
    for step in site.visit.job.steps:
        script = string(step.run) or ""
        for command in commands(script):
            if setting not in command.texts or "config" not in command.texts:
                continue
            start, end, _ = whole_line(script, command)
            if not (script[:start] + script[end:]).strip() and step.index != site.visit.step.index:
                yield RemoveStep(step.path, why)
                return
            yield EditScript((*step.path, "run"), ((start, end, ""),), why)
            for name in {n for word in command.words for n in _variables(word.text)} & set(step.env):
                if len(re.findall(rf"\b{name}\b", script)) == 1:
                    yield RemovePairs((*step.path, "env"), (name,), why)
            return
    raise Refused(f"`poetry config {setting}` stands in a script elsewhere", f"Take `poetry config {setting} …` out.")


def _variables(text: str) -> Iterable[str]:
    return [match[1] or match[2] for match in VARIABLE.finditer(text)]


def used_elsewhere(site: Site, name: str) -> bool:
    """Whether a variable's name occurs in the workflow outside the upload's own step and outside its definition."""
    flow, own = site.visit.workflow, site.visit.step
    count = sum(len(re.findall(rf"\b{re.escape(name)}\b", str(node.value))) for node in scalars(flow.root))
    inside = sum(len(re.findall(rf"\b{re.escape(name)}\b", str(node.value))) for node in scalars(own.node))
    binding = site.visit.view.scope.env[name]
    return count - inside > int(binding.level != "step")


def condition(step: Step) -> str | None:
    """Return the step's `if:`, so that a step made from it gets the same."""
    return string(get(step.node, "if"))
