"""Tools that publish trusted by themselves: the credentials go, the tool stays."""

from __future__ import annotations

import re

from keyless.workflows.action_versions import too_old
from keyless.workflows.changes import EditScript, Operation, SetScalar
from keyless.workflows.recipes.base import credentials_out
from keyless.workflows.scope import Binding, static
from keyless.workflows.shell import Command, base_name, commands, option, program
from keyless.workflows.sites import Site
from keyless.workflows.tree import get, scalars, string


def publish_action(site: Site) -> list[Operation]:
    """The publish action: no password, no user, and a version that knows trusted publishing."""
    step = site.visit.step
    operations = credentials_out(site)
    assert step.uses is not None
    because = too_old(step.uses.ref)
    if because:
        written = string(get(step.node, "uses")) or ""
        value = f"{written.partition('@')[0]}@release/v1"
        operations.append(SetScalar((*step.path, "uses"), value, f"{because[0].upper()}{because[1:]}.", comment=True))
    return operations


def uv(site: Site) -> list[Operation]:
    """`uv publish`: no token, and `--trusted-publishing always`, so that it cannot fall back silently."""
    command = site.upload.command
    assert command is not None
    why = "With `always`, uv fails loudly instead of falling back to another credential."
    path = (*site.visit.step.path, "run")
    chosen = option(command.words, "--trusted-publishing")
    operations = credentials_out(site)
    if chosen is None:
        verb = next(word for word in command.words if word.text == "publish")
        operations.append(EditScript(path, ((verb.end, verb.end, " --trusted-publishing always"),), why))
    elif chosen.text != "always":
        operations.append(EditScript(path, ((chosen.start, chosen.end, "always"),), why))
    return operations


def plain(site: Site) -> list[Operation]:
    """Maturin and pdm find the ID token by themselves once no credential is given."""
    return credentials_out(site)


_OLD_PYTHON = re.compile(r"^(?:pypy-?)?(?:2|3\.[0-7])(?!\d)")
"""Pythons that no twine from 6.1 on runs on (its metadata asks for 3.8)."""
_TWINE = re.compile(r"^twine(?:\[[^\]]*\])?(.*)$")


def twine_is_new(site: Site) -> bool:
    """Whether the job installs the newest twine, or at least 6.1: `pip install twine`, `pipx run twine`, `uvx twine`."""
    command = site.upload.command
    assert command is not None
    if command.texts[0] in {"uvx", "pipx"} or command.texts[:3] == ("uv", "tool", "run"):
        return not any(re.match(r"twine(@|==|<|~=)", text) for text in command.texts)
    if _old_python(site):
        return False
    installs = [
        requirement[1]
        for node in scalars(site.visit.job.node)
        for part in commands_of(str(node.value))
        for text in _installed(part)
        if (requirement := _TWINE.match(text))
    ]
    return bool(installs) and all(_new(text) for text in installs)


def _old_python(site: Site) -> bool:
    """Whether the job sets up a Python for which pip finds no twine that knows trusted publishing."""
    for step in site.visit.job.steps:
        version = step.inputs.get("python-version")
        if version is not None and step.uses is not None and step.uses.name == "actions/setup-python":
            known = static(Binding(version.text, site.place, "step", site.visit.view.scope)) or ()
            if any(_OLD_PYTHON.match(line.strip()) for text in known for line in text.splitlines()):
                return True
    return False


def commands_of(script: str) -> tuple[Command, ...]:
    """Return a text's commands when it may be a script."""
    return commands(script) if "twine" in script else ()


def _installed(command: Command) -> tuple[str, ...]:
    words = program(command)
    name = base_name(words[0].text) if words else ""
    texts = tuple(word.text for word in words)
    if name in {"pip", "pip3", "pipx", "uv"} and "install" in texts:
        return texts[texts.index("install") + 1 :]
    return ()


def _new(specifier: str) -> bool:
    if not specifier.strip():
        return True
    match = re.match(r"\s*(>=|==|~=|>)\s*(\d+)(?:\.(\d+))?", specifier)
    if match is None or "<" in specifier:
        return False
    return (int(match[2]), int(match[3] or 0)) >= (6, 1) or (match[1] in {">=", ">"} and "," not in specifier)
