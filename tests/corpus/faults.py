"""The known ways in which a migration fails, looked for in a rewritten file by code that shares nothing with keyless."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

import yaml

ACTION = "pypa/gh-action-pypi-publish"
_COMMANDS = re.compile(
    r"\btwine\s+upload|\b(?:uv|pdm|hatch|flit|poetry)\s+publish|\bmaturin\s+(?:publish|upload)|\bpoetry\b[^\n]*\bpublish"
)
_WRITES = re.compile(
    r"git push|gh release (?:create|edit|upload)|softprops/action-gh-release|upload-release-asset|create-release",
    re.IGNORECASE,
)


def faults(before: bytes, after: bytes) -> list[str]:
    """Return each known fault of the new text, in words; [] is what is wanted."""
    try:
        old, new = (yaml.load(text, yaml.BaseLoader) for text in (before, after))
    except yaml.YAMLError as error:
        return [f"no valid YAML: {error}"]
    found: list[str] = []
    found += [f"job {name} went" for name in old["jobs"] if name not in new["jobs"]]
    found += [
        f"job {name} came, and parts no other" for name in set(new["jobs"]) - set(old["jobs"]) if not _parted(new, name)
    ]
    changed = [name for name, job in new["jobs"].items() if job != old["jobs"].get(name)]
    for name in changed:
        found += [f"job {name}: {fault}" for fault in _job(old, new, name)]
    return found


def _parted(new: dict, name: str) -> bool:
    """Whether a new job does nothing but upload what a job that it waits for built."""
    job = new["jobs"][name]
    needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
    uses = [step.get("uses", "").partition("@")[0] for step in job["steps"]]
    return (
        len(needs) == 1
        and needs[0] in new["jobs"]
        and uses == ["actions/download-artifact", "pypa/gh-action-pypi-publish"]
    )


def _job(old: dict, new: dict, name: str) -> Iterator[str]:
    job, was = new["jobs"][name], old["jobs"].get(name, {"permissions": {}})
    uploads = [step for step in job.get("steps", []) if _uploads(step)]
    if not uploads:
        yield "nothing uploads any more"
        return
    has = job.get("permissions", new.get("permissions"))
    scopes = has if isinstance(has, dict) else {}
    if scopes.get("id-token") != "write" and has != "write-all":
        yield "no id-token: write"
    had = was.get("permissions", old.get("permissions"))
    for scope, access in had.items() if isinstance(had, dict) else ():
        if scopes.get(scope) != access and scope != "id-token" and isinstance(has, dict):
            yield f"permission {scope}: {access} lost"
    if had is None and isinstance(has, dict):
        text = yaml.safe_dump(job)
        if _WRITES.search(text) and scopes.get("contents") != "write":
            yield "contents: write lost"
        if "actions/checkout" in text and scopes.get("contents") not in {"read", "write"}:
            yield "contents: read lost"
    yield from _runner(job, uploads)
    for step in uploads:
        yield from _upload(step, {**new.get("env", {}), **job.get("env", {}), **step.get("env", {})})
    if "workflow_call" in (new.get("on") or {}):
        yield "publishes from a reusable workflow"
    indexes = {bool(re.search(r"test\.?pypi", yaml.safe_dump(step), re.IGNORECASE)) for step in uploads}
    by_action = [
        step for step in uploads if str(step.get("uses", "")).startswith(ACTION)
    ]  # only it leaves attestations
    if len(indexes) == 2 and len(by_action) > 1 and not all(step.get("if") for step in uploads):
        yield "two indexes in one job"


def _uploads(step: dict) -> bool:
    uses, run = str(step.get("uses", "")), str(step.get("run", ""))
    by_maturin = "/maturin-action@" in uses and (step.get("with") or {}).get("command") in {"upload", "publish"}
    return uses.startswith(ACTION) or by_maturin or any(_COMMANDS.search(line) for line in _lines(run))


def _lines(run: str) -> list[str]:
    """Return a script's lines, without those that only try."""
    return [line for line in run.replace("\\\n", " ").splitlines() if "--dry-run" not in line]


def _runner(job: dict, uploads: list[dict]) -> Iterator[str]:
    action = any(str(step.get("uses", "")).startswith(ACTION) for step in uploads)
    labels = str(job.get("runs-on")) + (str(job.get("strategy")) if "matrix." in str(job.get("runs-on")) else "")
    if action and (
        re.search(r"windows|macos|arm", labels, re.IGNORECASE) or not re.search(r"ubuntu|linux", labels, re.IGNORECASE)
    ):
        yield f"the publish action on {labels}"
    if action and "container" in job:
        yield "the publish action in a container"


def _upload(step: dict, env: dict) -> Iterator[str]:
    inputs, uses = step.get("with") or {}, str(step.get("uses", ""))
    if uses and {"password", "user", "username"} & set(inputs):
        yield f"still {sorted(inputs)}"
    ref = uses.partition("@")[2]
    old = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.\d+)?", ref)
    if uses.startswith(ACTION) and (ref in {"master", "main", "v1"} or (old and (int(old[1]), int(old[2])) < (1, 8))):
        yield f"the publish action at {ref}"
    if not uses and "secrets." in str(step.get("run", "")):
        yield "the command still names a secret"
    if not uses and any(
        re.search(r"TWINE_PASS|_TOKEN$|HATCH_INDEX_AUTH|FLIT_PASS|PUBLISH_PASS", k) and "secrets." in v
        for k, v in env.items()
        if "GITHUB" not in k
    ):
        yield "a variable still holds a secret"
    if not uses and any(
        re.search(r"\b(?:poetry|flit|hatch)\s+publish", line) for line in _lines(str(step.get("run", "")))
    ):
        yield "a tool that knows no trusted publishing"


def lines_changed(before: bytes, after: bytes) -> tuple[int, list[str]]:
    """Return how many lines went plus how many came, and lines that only changed their white space or line end."""
    old, new = (text.split(b"\n") for text in (before, after))
    count, harmed = 0, list[str]()
    for kind, a, b, c, d in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        count += (b - a) + (d - c)
        came = {line.strip() for line in new[c:d]}
        harmed += [line.decode("utf-8", "replace") for line in old[a:b] if line.strip() and line.strip() in came]
    return count, harmed
