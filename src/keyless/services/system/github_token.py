"""Finding the user's GitHub token: GH_TOKEN, GITHUB_TOKEN, `gh auth token`. In a rehearsal none of them is looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from keyless.errors import NotAllowed
from keyless.model.realm import Realm
from keyless.secret import Secret

VARIABLES: Final = ("GH_TOKEN", "GITHUB_TOKEN")
_PATIENCE: Final = 10.0


@dataclass(frozen=True, slots=True)
class GitHubToken:
    """A token and where it was found, in words."""

    token: Secret
    origin: str


def find_github_token(realm: Realm, environment: Mapping[str, str] | None = None, gh: str | None = None) -> GitHubToken:
    """Return the user's token. `gh` is the program to ask (default: the one on the path).

    Raises NotAllowed when there is none, and always in a rehearsal: its worlds bring their own tokens, and a real one
    must never reach a simulated service.
    """
    if realm is Realm.REHEARSAL:
        raise NotAllowed("A rehearsal uses only the tokens of its own world.", hint="Give the world's token.")
    variables = os.environ if environment is None else environment
    for name in VARIABLES:
        if variables.get(name, "").strip():
            return GitHubToken(Secret(variables[name].strip()), f"the environment variable {name}")
    import shutil

    token = _ask_gh(gh or shutil.which("gh"), variables)
    if token is None:
        raise NotAllowed(
            "There is no GitHub token.",
            hint="Run 'gh auth login', or set GH_TOKEN to a token from https://github.com/settings/tokens.",
        )
    return GitHubToken(token, "gh auth token")


def _ask_gh(program: str | None, environment: Mapping[str, str]) -> Secret | None:
    if program is None:
        return None
    import subprocess  # most commands need no token, and the start of some is measured

    try:
        answer = subprocess.run(  # noqa: S603  # a fixed program of the user's own, without a shell
            [program, "auth", "token", "--hostname", "github.com"],
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
            env={**environment, "GH_PROMPT_DISABLED": "1"},
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    text = answer.stdout.decode("utf-8", "replace").strip()
    return Secret(text) if answer.returncode == 0 and text else None
