"""What a job needs of GITHUB_TOKEN, told from its steps, for a job that had the repository's default until now.

Sources: the actions' own documentation. What uses the token in an unknown way is a refusal, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from keyless.workflows.refusal import Refused
from keyless.workflows.shape import Action, Job, Step
from keyless.workflows.shell import Command, base_name, commands, program
from keyless.workflows.tree import scalars, string

_CONTENTS_WRITE = {"contents": "write"}
_ACTIONS: tuple[tuple[str, dict[str, str]], ...] = (
    (r"^actions/checkout$", {"contents": "read"}),
    (r"^googleapis/release-please|release-please-action|^release-drafter/|create-pull-request|^changesets/action",
     {"contents": "write", "pull-requests": "write"}),
    (r"^actions/deploy-pages$", {"pages": "write"}),
    (r"^actions/attest", {"contents": "read", "attestations": "write"}),
    (r"^docker/|^docker-publish|/docker-", {"packages": "write"}),
    (r"^dawidd6/action-download-artifact$", {"actions": "read"}),
    (r"^actions/delete-package", {"packages": "write"}),
    (r"workflow-dispatch|cancel-workflow", {"actions": "write"}),
    (r"^actions/labeler|^actions/stale|comment", {"issues": "write", "pull-requests": "write"}),
    (r"^dorny/paths-filter|^tj-actions/changed-files", {"pull-requests": "read", "contents": "read"}),
    (r"^github/codeql-action|upload-sarif", {"security-events": "write", "contents": "read"}),
    (r"deployments?(?:$|-action)|chrnorm/deployment", {"deployments": "write"}),
    ((r"release|changelog|\btag|-tag|create-tag|gh-pages|github-pages|git-auto-commit|add-and-commit|github-push|"
     r"push-action|bump|version|commit|ghr$"), _CONTENTS_WRITE),
)  # fmt: skip
_NO_NEED = re.compile(
    r"setup|cache|codecov|coveralls|artifact|cibuildwheel|maturin|pre-commit|rust|toolchain|protoc|gh-action-pypi-publish|"
    r"poetry|install|slack|discord|notify|telegram|sigstore|gpg|ssh-agent|wait-on-check|build-and-inspect|^actions/setup|"
    r"get-.*|info|semver|python|uv|hatch|pdm|conda|mamba|qemu|tox|pypi",
    re.IGNORECASE,
)
_TOKEN = re.compile(r"secrets\.GITHUB_TOKEN|github\.token|secrets\['GITHUB_TOKEN'\]", re.IGNORECASE)
_GH = {
    "release": _CONTENTS_WRITE,
    "pr": {"contents": "write", "pull-requests": "write"},
    "issue": {"issues": "write"},
    "workflow": {"actions": "write"},
    "run": {"actions": "write"},
    "cache": {"actions": "write"},
    "auth": {},
}


@dataclass(slots=True)
class Needs:
    """Permissions by name, and for each the step that needs it."""

    scopes: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, wanted: dict[str, str], reason: str) -> None:
        """Add what a step needs; write wins over read."""
        for scope, access in wanted.items():
            if self.scopes.get(scope) != "write" and self.scopes.get(scope) != access:
                self.scopes[scope] = access
                self.reasons[scope] = reason

    @property
    def sentence(self) -> str:
        """The reasons in words."""
        return ", ".join(f"{scope}: {self.scopes[scope]} for {why}" for scope, why in self.reasons.items())


def needs(job: Job, local: Callable[[str], Action | None] = lambda _: None) -> Needs:
    """Return what the job's steps need. Raises Refused where a step uses the token in a way that cannot be told.

    `local` finds a local action by its folder; one that is not found is such a refusal.
    """
    result = Needs()
    _steps(job.steps, local, result)
    return Needs(dict(sorted(result.scopes.items())), result.reasons)


def _steps(steps: Sequence[Step], local: Callable[[str], Action | None], result: Needs) -> None:
    for step in steps:
        found = local(step.uses.name) if step.uses is not None and step.uses.local else None
        if found is not None and found.steps:
            _steps(found.steps, local, result)
        elif step.uses is not None:
            _action(step, result)
        else:
            _script(step, result)


def _action(step: Step, result: Needs) -> None:
    assert step.uses is not None
    name = step.uses.name
    if step.uses.local:
        raise Refused(
            f"the permissions that the local action ./{name} needs cannot be told from here",
            f"Write the permissions that ./{name} needs into the job.",
        )
    if name.startswith("docker/") and "ghcr.io" not in _text(step):
        return
    found = next((wanted for pattern, wanted in _ACTIONS if re.search(pattern, name)), None)
    if found is not None and not (
        found is _CONTENTS_WRITE and _NO_NEED.search(name) and not _TOKEN.search(_text(step))
    ):
        result.add(found, name)
    elif _TOKEN.search(_text(step)) and not _NO_NEED.search(name):
        raise Refused(
            f"the step with {name} gets GITHUB_TOKEN, and which permissions it needs cannot be told from here",
            f"Write the permissions that {name} needs into the job.",
        )


def _script(step: Step, result: Needs) -> None:
    script = string(step.run) or ""
    for command in commands(script):
        _command(command, result)
    used = _TOKEN.search(_text(step))
    if used and not result.scopes.get("contents") == "write" and not re.search(r"\bgh\b|git push", script):
        raise Refused(
            f"the script of step {step.index + 1} gets GITHUB_TOKEN, and which permissions it needs cannot be told",
            "Write the permissions that the script needs into the job.",
        )


def _command(command: Command, result: Needs) -> None:
    words = program(command)
    texts = [word.text for word in words if not word.text.startswith("-")]
    name = base_name(texts[0]) if texts else ""
    if name == "git" and "push" in texts:
        result.add(_CONTENTS_WRITE, "git push")
    elif name == "git" and {"clone", "fetch", "pull"} & set(texts):
        result.add({"contents": "read"}, f"git {texts[1]}")
    elif name == "gh" and len(texts) > 1:
        if texts[1] not in _GH:
            raise Refused(
                f"which permissions `gh {texts[1]}` needs cannot be told from here",
                f"Write the permissions that `gh {texts[1]}` needs into the job.",
            )
        read_only = texts[1] == "release" and len(texts) > 2 and texts[2] in {"view", "list", "download"}
        result.add({"contents": "read"} if read_only else _GH[texts[1]], f"gh {texts[1]}")


def _text(step: Step) -> str:
    return "\n".join(str(node.value) for node in scalars(step.node))
