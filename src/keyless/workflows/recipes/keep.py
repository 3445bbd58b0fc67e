"""Tools that publish trusted by themselves: the credentials go, the tool stays."""

from __future__ import annotations

import re

from keyless.workflows.action_versions import too_old
from keyless.workflows.changes import EditScript, Operation, SetScalar
from keyless.workflows.recipes.base import credentials_out
from keyless.workflows.refusal import Refused
from keyless.workflows.scope import Binding, static
from keyless.workflows.shell import Command, base_name, commands, option, program
from keyless.workflows.sites import RIGHT_ADDRESSES, Site, fault_of_address
from keyless.workflows.tree import get, scalars, string


def publish_action(site: Site) -> list[Operation]:
    """The publish action: no password, no user, and a version that knows trusted publishing."""
    step = site.visit.step
    operations = _kept(site)
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
    operations = _kept(site)
    if chosen is None:
        verb = next(word for word in command.words if word.text == "publish")
        operations.append(EditScript(path, ((verb.end, verb.end, " --trusted-publishing always"),), why))
    elif chosen.text != "always":
        operations.append(EditScript(path, ((chosen.start, chosen.end, "always"),), why))
    return operations


def plain(site: Site) -> list[Operation]:
    """Maturin and pdm find the ID token by themselves once no credential is given."""
    return _kept(site)


def _kept(site: Site) -> list[Operation]:
    """Take the credentials out of an upload that stays. Raises Refused where it goes to an address that takes none."""
    fault = fault_of_address(site)
    if fault is not None:
        raise Refused(
            f"its address takes no uploads ({fault[0].lower()}{fault[1:].rstrip('.')})",
            f"Mend the address first. {RIGHT_ADDRESSES}",
        )
    return credentials_out(site)


_FIRST_MATURIN = (0, 15)
"""The first maturin that asks for an ID token: the programs of 0.14 and earlier do not name the variable at all."""


def maturin(site: Site) -> list[Operation]:
    """Maturin, where it is not held at a version that knows no trusted publishing."""
    chosen = site.visit.step.inputs.get("maturin-version")
    held = [f"=={chosen.text}"] if chosen is not None and site.upload.command is None else _requirements(site, _MATURIN)
    old = next((text for text in held if _held_below(text, _FIRST_MATURIN)), None)
    if old is not None:
        version = old.strip().removeprefix("==")
        raise Refused(
            f"maturin {version} knows no trusted publishing, which came with 0.15",
            "Let the workflow use a maturin from 0.15 on (`maturin-version`, or what it installs).",
        )
    return _kept(site)


def _held_below(specifier: str, first: tuple[int, int]) -> bool:
    for operator, major, minor in re.findall(r"(==|<=?)\s*v?(\d+)(?:\.(\d+))?", specifier):
        version = (int(major), int(minor or 0))
        if version < first or (operator == "<" and version == first):
            return True
    return False


_OLD_PYTHON = re.compile(r"^(?:pypy-?)?(?:2|3\.[0-7])(?!\d)")
"""Pythons that no twine from 6.1 on runs on (its metadata asks for 3.8)."""
_TWINE, _MATURIN = (re.compile(rf"^{name}(?:\[[^\]]*\])?((?:[=<>~!,].*)?)$") for name in ("twine", "maturin"))


def twine_is_new(site: Site) -> bool:
    """Whether the job installs the newest twine, or at least 6.1: `pip install twine`, `pipx run twine`, `uvx twine`."""
    command = site.upload.command
    assert command is not None
    if command.texts[0] in {"uvx", "pipx"} or command.texts[:3] == ("uv", "tool", "run"):
        return not any(re.match(r"twine(@|==|<|~=)", text) for text in command.texts)
    if _old_python(site):
        return False
    installs = _requirements(site, _TWINE)
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


def _requirements(site: Site, name: re.Pattern[str]) -> list[str]:
    """Return what the job asks of a package's version wherever it installs it: "" for any."""
    return [
        requirement[1]
        for node in scalars(site.visit.job.node)
        if "install" in str(node.value)
        for part in commands(str(node.value))
        for text in _installed(part)
        if (requirement := name.match(text))
    ]


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
