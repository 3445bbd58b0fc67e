"""Tools that know no trusted publishing: their upload becomes a step of the publish action, their build stays."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections.abc import Mapping

from keyless.model.workflow import Target
from keyless.workflows.changes import AddPair, EditScript, Operation, RemovePairs, ReplacePair
from keyless.workflows.emit import Value
from keyless.workflows.recipes.base import ACTION, condition, credentials_out, whole_line
from keyless.workflows.refusal import Refused
from keyless.workflows.shell import Command, commands, option, program
from keyless.workflows.sites import Site
from keyless.workflows.step_changes import InsertStep
from keyless.workflows.tree import get, string

_ONLY_FOR_RUN = ("shell", "working-directory")


def by_action(site: Site) -> list[Operation]:
    """Turn a script's upload command into the publish action; what else the script does stays before it."""
    command = site.upload.command
    assert command is not None
    step = site.visit.step
    script = string(step.run) or ""
    build = _build(site, command)
    _plain(site, command)
    start, end, _ = whole_line(script, command)
    rest = _without_moves(script[:start] + script[end:])
    if script[end:].strip():
        raise Refused(
            "its script goes on after the upload",
            f"Split the script at the upload, and put a step with {ACTION} between the parts.",
        )
    why = f"{site.upload.tool} knows no trusted publishing{_version(site)}; the publish action uploads what was built."
    operations = [o for o in credentials_out(site) if not _in_command(o, start, end)]
    if not rest and not build:
        return _in_place(site, operations, why)
    new = build + ("\n" if build and script[start:end].endswith("\n") else "")
    operations.append(EditScript((*step.path, "run"), ((start, end, new),), why))
    operations.append(InsertStep(step.path, _step(site, command), why))
    return operations


_PLAIN_OPTIONS = {
    "poetry": {"--build", "-n", "--no-interaction", "-v", "-vv", "-vvv", "--skip-existing", "-q", "--no-ansi"},
    "flit": {"--no-use-vcs", "--use-vcs", "--setup-py", "--no-setup-py"},
    "hatch": {"-y", "--yes", "-n", "--no-prompt", "-v"},
}
_VALUED = {"-r", "--repository", "-u", "--username", "-p", "--password", "--repo", "--user", "-a", "--auth", "--format"}


def _plain(site: Site, command: Command) -> None:
    """Raise Refused where the command or its script moves elsewhere, so that the built files cannot be told."""
    advice = f"Replace the upload by a step with {ACTION}, with `packages-dir` where the files are."
    known = _PLAIN_OPTIONS.get(site.upload.tool)
    if known is None:
        return
    words = program(command)
    at = 1
    while at < len(words):
        text = words[at].text
        if text in _VALUED:
            at += 1
        elif text != "publish" and text not in known and text.partition("=")[0] not in _VALUED:
            raise Refused(f"`{text}` among the arguments of {site.upload.tool} has no plain counterpart", advice)
        at += 1


_MOVES = {("cd",), ("pushd",), ("popd",), ("Set-Location",)}
_INTO = re.compile(r"[ \t]*cd[ \t]+((?:\./)?[\w-][\w.-]*(?:/[\w-][\w.-]*)*)/?[ \t]*$")


def _moved(site: Site) -> str:
    """Return the folder that the script's first line goes into, "" for none. Raises Refused for any other move."""
    script = string(site.visit.step.run) or ""
    moves = [other for other in commands(script) if other.texts[:1] in _MOVES]
    if not moves:
        return ""
    first = _INTO.match(script.lstrip("\n").split("\n", maxsplit=1)[0])
    if len(moves) > 1 or first is None:
        raise Refused(
            "its script changes the folder",
            f"Replace the upload by a step with {ACTION}, with `packages-dir` where the files are.",
        )
    return first[1]


def _without_moves(script: str) -> str:
    """Return what a script does beside going into a folder: nothing is left to do once the upload went."""
    return "\n".join(line for line in script.splitlines() if not _INTO.match(line)).strip()


def _version(site: Site) -> str:
    return " before 6.1" if site.upload.tool == "twine" else ""


def _in_command(operation: Operation, start: int, end: int) -> bool:
    return isinstance(operation, EditScript) and all(start <= a and b <= end for a, b, _ in operation.parts)


def _in_place(site: Site, operations: list[Operation], why: str) -> list[Operation]:
    """The step does nothing but upload: it becomes the action, under its name and condition."""
    step, command = site.visit.step, site.upload.command
    assert command is not None
    value: Value = ACTION
    operations.append(ReplacePair(step.path, "run", "uses", value, why))
    useless = tuple(key for key in _ONLY_FOR_RUN if get(step.node, key) is not None)
    if useless:
        operations.append(RemovePairs(step.path, useless, "An action takes no shell and no folder."))
    inputs = _inputs(site, command)
    if inputs:
        operations.append(AddPair(step.path, "with", inputs, why, after="run"))
    return operations


def _step(site: Site, command: Command | None) -> dict[str, Value]:
    label = {Target.PYPI: "PyPI", Target.TESTPYPI: "TestPyPI"}[site.upload.target]
    new: dict[str, Value] = {"name": f"Publish to {label}"}
    only_if = condition(site.visit.step)
    if only_if:
        new["if"] = only_if
    new["uses"] = ACTION
    inputs = _inputs(site, command)
    if inputs:
        new["with"] = inputs
    return new


def _inputs(site: Site, command: Command | None) -> dict[str, Value]:
    inputs: dict[str, Value] = {}
    if site.upload.target is Target.TESTPYPI:
        inputs["repository-url"] = "https://test.pypi.org/legacy/"
    if command is not None and "--skip-existing" in command.texts:
        inputs["skip-existing"] = "true"
    folder = folder_of(site, command)
    if folder != "dist":
        inputs["packages-dir"] = f"{folder}/"
    return inputs


def folder_of(site: Site, command: Command | None) -> str:
    """Return the folder with the built files. Raises Refused where it cannot be told."""
    step = site.visit.step
    base = string(get(step.node, "working-directory")) or string(
        get(site.visit.job.node, "defaults", "run", "working-directory")
    )
    if base is None:
        base = string(get(site.visit.workflow.root, "defaults", "run", "working-directory")) or ""
    folder = "dist"
    if command is not None and site.upload.tool == "twine":
        folder = _dist_of(command)
    path = posixpath.normpath(posixpath.join(base or "", _moved(site) if command is not None else "", folder))
    if "${{" in path and re.search(r"\$\{\{[^}]*env\.", path):
        raise Refused("the folder of the built files is computed", f"Give {ACTION} the folder as `packages-dir`.")
    return path


def _dist_of(command: Command) -> str:
    words = program(command)
    valued = {"-r", "--repository", "--repository-url", "-u", "--username", "-p", "--password", "-c", "--comment",
              "--config-file", "--cert", "--client-cert", "-i", "--identity"}  # fmt: skip
    files: list[str] = []
    skip = False
    for word in words[1:]:
        if skip or word.text == "upload":
            skip = False
            continue
        skip = word.text in valued
        if not word.text.startswith("-"):
            files.append(word.text)
    folders = {posixpath.dirname(file.removeprefix("./")) for file in files}
    if len(folders) != 1 or re.search(r"[$*?]", next(iter(folders))):
        raise Refused("which files it uploads cannot be told", f"Give {ACTION} their folder as `packages-dir`.")
    if any(not re.search(r"\*(?:\.(?:whl|tar\.gz|\*))?$|/$", file) for file in files):
        raise Refused("it uploads a choice of files", f"Give {ACTION} a folder that holds only those.")
    return next(iter(folders)) or "."


def _build(site: Site, command: Command) -> str:
    """Return the command that builds, where the tool builds while it publishes; "" where it does not."""
    words = program(command)
    texts = {word.text for word in words}
    prefix = " ".join(word.text for word in command.words[: len(command.words) - len(words)])
    prefix = f"{prefix} " if prefix else ""
    match site.upload.tool:
        case "poetry" if "--build" in texts:
            return f"{prefix}poetry build"
        case "flit":
            formats = option(words, "--format")
            return f"{prefix}flit build" + (f" --format {formats.text}" if formats else "")
        case "setuptools":
            kept = [w.text for w in command.words if w.text != "upload"]
            if not {"sdist", "bdist_wheel"} & set(kept):
                raise Refused(
                    "its own setup.py builds and uploads, and how cannot be seen from here",
                    f"Build with `python -m build`, and upload in a step with {ACTION}.",
                )
            return " ".join(kept)
        case _:
            return ""


_BUILT_ALIKE = {"pypi_token", "repository_url", "repository_name", "ignore_dev_requirements", "python_version",
                "allow_poetry_pre_release", "poetry_install_options"}  # fmt: skip
"""Inputs of JRubics/poetry-publish that change nothing in what `poetry build` builds (its entrypoint.sh at v2.1)."""


def poetry_publish(site: Site) -> list[Operation]:
    """JRubics/poetry-publish builds and uploads: its step builds with poetry, and the publish action comes after it."""
    step = site.visit.step
    inputs = step.inputs
    given = {name: pair.text.strip() for name, pair in inputs.items() if name not in _BUILT_ALIKE}
    if set(given) - {"plugins", "poetry_version", "build_format"} or "${{" in given.get("plugins", ""):
        raise Refused(
            "its action is given inputs that have no plain counterpart",
            f"Replace the step by `poetry build` and a step with {ACTION}.",
        )
    why = "The action knows no trusted publishing: poetry builds, and the publish action uploads."
    operations: list[Operation] = [ReplacePair(step.path, "uses", "run", _poetry_build(given), why)]
    if inputs:
        operations.append(RemovePairs(step.path, ("with",), why))
    operations.append(InsertStep(step.path, _step(site, None), why))
    return operations


def _poetry_build(given: Mapping[str, str]) -> str:
    """Return the command that builds as the action did: its poetry, with its plugins, which it separates by spaces."""
    poetry = _pinned(given.get("poetry_version", ""))
    build = "build" + (f" --format {given['build_format']}" if given.get("build_format") else "")
    plugins = " ".join(shlex.quote(name) for name in given.get("plugins", "").split())
    if not plugins:
        return f"pipx run {poetry} {build}"
    return f"pipx install {poetry} && pipx inject poetry {plugins} && poetry {build}"


def _pinned(version: str) -> str:
    match = re.match(r"^\s*(?:==)?\s*(\d[\w.]*)\s*$", version)
    return f"poetry=={match[1]}" if match else "poetry"
