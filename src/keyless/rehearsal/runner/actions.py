"""`uses:` steps: the publish action, checkout, artifacts, builders, and the repository's own composite actions."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from fnmatch import fnmatch

from keyless.rehearsal.runner import publish_action, scripts
from keyless.rehearsal.runner.job import FAILURE, RunningJob, StepFailed
from keyless.rehearsal.runner.upload import distributions

_BUILDERS = {
    "pypa/cibuildwheel": "wheelhouse",
    "hynek/build-and-inspect-python-package": "dist",
}


async def use(job: RunningJob, uses: str, given: Mapping[str, str], env: dict[str, str]) -> dict[str, str]:
    """Run one action with its inputs; return its outputs. Actions that nothing here knows succeed. Raises StepFailed."""
    name, _, ref = uses.partition("@")
    match "/".join(name.split("/")[:2]).lower():
        case publish_action.ACTION:
            await publish_action.publish(job, ref, given)
        case "actions/checkout":
            _checkout(job, given)
        case "actions/upload-artifact":
            _upload_artifact(job, given)
        case "actions/download-artifact":
            _download_artifact(job, given)
        case "pyo3/maturin-action" | "messense/maturin-action":
            await _maturin(job, given, env)
        case "jrubics/poetry-publish":
            await _poetry(job, given, env)
        case builder if builder in _BUILDERS:
            _build(job, builder, given)
        case _:
            pass
    return {}


def _checkout(job: RunningJob, given: Mapping[str, str]) -> None:
    under = given.get("path", "").strip("/")
    if given.get("repository", job.run.repository) != job.run.repository:
        return
    for path, content in job.run.files.items():
        job.workspace[posixpath.join(under, path)] = content


def _upload_artifact(job: RunningJob, given: Mapping[str, str]) -> None:
    name = given.get("name") or "artifact"
    wanted = [line.strip() for line in given.get("path", "").splitlines() if line.strip()]
    chosen = {path: content for path, content in job.workspace.items() if any(_lies_in(path, one) for one in wanted)}
    if not chosen and given.get("if-no-files-found") == "error":
        job.say(FAILURE, "", f"No files were found with the provided path: {given.get('path', '')}")
        raise StepFailed
    if not chosen:
        job.say("warning", "", f"No files were found with the provided path: {given.get('path', '')}")
        return
    shared = posixpath.commonpath([posixpath.dirname(path) or "." for path in chosen]) if chosen else ""
    start = "" if shared in ("", ".") else f"{shared}/"
    job.run.artifacts[name] = {path.removeprefix(start): content for path, content in chosen.items()}


def _lies_in(path: str, wanted: str) -> bool:
    wanted = posixpath.normpath(wanted)
    return path == wanted or path.startswith(f"{wanted}/") or fnmatch(path, wanted) or wanted == "."


def _download_artifact(job: RunningJob, given: Mapping[str, str]) -> None:
    to, name = given.get("path", "").strip("/"), given.get("name")
    if name and name not in job.run.artifacts:
        job.say(FAILURE, "", f"Unable to download artifact(s): Artifact not found for name: {name}")
        raise StepFailed
    pattern, merged = given.get("pattern") or "*", given.get("merge-multiple") == "true"
    for artifact, files in job.run.artifacts.items():
        if artifact == name or (not name and fnmatch(artifact, pattern)):
            folder = to if name or merged else posixpath.join(to, artifact)
            for path, content in files.items():
                job.workspace[posixpath.normpath(posixpath.join(folder, path))] = content


def _build(job: RunningJob, builder: str, given: Mapping[str, str]) -> None:
    folder = (given.get("path") or given.get("package-dir") or "").removeprefix(".").strip("/")
    output = given.get("output-dir") or _BUILDERS[builder]
    up = "../" * (folder.count("/") + 1) if folder else ""
    scripts.build(job, folder, up + output, only="wheel" if builder == "pypa/cibuildwheel" else None)
    if builder.endswith("build-and-inspect-python-package"):
        files = distributions(job.workspace, "dist")
        job.run.artifacts["Packages"] = dict(files)


async def _maturin(job: RunningJob, given: Mapping[str, str], env: dict[str, str]) -> None:
    words = f"maturin {given.get('command') or 'build'} {given.get('args', '')}"
    await scripts.run_script(job, words, env, given.get("working-directory", "").strip("./"))


async def _poetry(job: RunningJob, given: Mapping[str, str], env: dict[str, str]) -> None:
    """JRubics/poetry-publish: builds and publishes with the token in its inputs. A name counts beside an address only."""
    where = given.get("repository_url", "")
    named = (given.get("repository_name") if where else "") or "pypi"
    token = given.get("pypi_token", "")
    setting = f"poetry config pypi-token.{named} {token}" if token else ""
    named_url = f"poetry config repositories.{named} {where}" if where else ""
    target = f" -r {named}" if named != "pypi" else ""
    script = "\n".join([named_url, setting, "poetry build", f"poetry publish{target}"])
    await scripts.run_script(job, script, env, (given.get("package_directory") or "").strip("./"))
