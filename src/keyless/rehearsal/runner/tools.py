"""How each uploading tool takes its credential and its index: the table that `run:` steps are read with.

Sources: the tools' documentation; for twine 7.0 and uv 0.13 also executed. A variable that is set but empty counts as a
credential (uv sends it and is refused, twine finds none): only where nothing is set do they try trusted publishing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from keyless.rehearsal.runner.upload import DEFAULT

TESTPYPI = "https://test.pypi.org/legacy/"
NAMED = {"pypi": DEFAULT, "testpypi": TESTPYPI, "test-pypi": TESTPYPI, "main": DEFAULT, "test": TESTPYPI}
"""What repositories are called on the command line: twine, maturin and pdm know pypi and testpypi, hatch main and test."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool's words. `trusted`: "never", "auto" (when no credential is given); uv's option says more."""

    name: str
    command: tuple[str, ...]
    user_env: tuple[str, ...] = ()
    password_env: tuple[str, ...] = ()
    token_env: tuple[str, ...] = ()
    url_env: tuple[str, ...] = ()
    named_env: tuple[str, ...] = ()
    user_option: tuple[str, ...] = ("-u", "--username")
    password_option: tuple[str, ...] = ("-p", "--password")
    token_option: tuple[str, ...] = ()
    url_option: tuple[str, ...] = ("--repository-url",)
    named_option: tuple[str, ...] = ("-r", "--repository")
    trusted: str = "never"
    builds: bool = False
    folder: str = "dist"


TOOLS = (
    Tool(
        "twine",
        ("twine", "upload"),
        user_env=("TWINE_USERNAME",),
        password_env=("TWINE_PASSWORD",),
        url_env=("TWINE_REPOSITORY_URL",),
        named_env=("TWINE_REPOSITORY",),
        trusted="auto",
    ),
    Tool(
        "uv",
        ("uv", "publish"),
        user_env=("UV_PUBLISH_USERNAME",),
        password_env=("UV_PUBLISH_PASSWORD",),
        token_env=("UV_PUBLISH_TOKEN",),
        url_env=("UV_PUBLISH_URL",),
        named_env=("UV_PUBLISH_INDEX",),
        token_option=("-t", "--token"),
        url_option=("--publish-url",),
        named_option=("--index",),
        trusted="auto",
    ),
    Tool(
        "poetry",
        ("poetry", "publish"),
        user_env=("POETRY_HTTP_BASIC_PYPI_USERNAME",),
        password_env=("POETRY_HTTP_BASIC_PYPI_PASSWORD",),
        token_env=("POETRY_PYPI_TOKEN_PYPI",),
        url_option=(),
    ),
    Tool(
        "hatch",
        ("hatch", "publish"),
        user_env=("HATCH_INDEX_USER",),
        password_env=("HATCH_INDEX_AUTH",),
        named_env=("HATCH_INDEX_REPO",),
        user_option=("-u", "--user"),
        password_option=("-a", "--auth"),
        named_option=("-r", "--repo"),
        url_option=(),
    ),
    Tool(
        "flit",
        ("flit", "publish"),
        user_env=("FLIT_USERNAME",),
        password_env=("FLIT_PASSWORD",),
        url_env=("FLIT_INDEX_URL",),
        url_option=(),
        password_option=(),
        user_option=(),
        named_option=("--repository",),
        builds=True,
    ),
    Tool(
        "pdm",
        ("pdm", "publish"),
        user_env=("PDM_PUBLISH_USERNAME",),
        password_env=("PDM_PUBLISH_PASSWORD",),
        named_env=("PDM_PUBLISH_REPO",),
        user_option=("-u", "--username"),
        password_option=("-P", "--password"),
        url_option=(),
        trusted="auto",
        builds=True,
    ),
    *(
        Tool(
            "maturin",
            ("maturin", verb),
            user_env=("MATURIN_USERNAME",),
            password_env=("MATURIN_PASSWORD",),
            token_env=("MATURIN_PYPI_TOKEN",),
            url_env=("MATURIN_REPOSITORY_URL",),
            named_env=("MATURIN_REPOSITORY",),
            trusted="auto",
            builds=verb == "publish",
            folder="target/wheels",
        )
        for verb in ("upload", "publish")
    ),
)


@dataclass(frozen=True, slots=True)
class Options:
    """A command line, split: options with their values (the last one counts) and what is none."""

    values: Mapping[str, str]
    flags: frozenset[str]
    rest: tuple[str, ...]

    def first(self, names: Sequence[str]) -> str | None:
        """Return the value of the first of these options that is given."""
        return next((self.values[name] for name in names if name in self.values), None)


def options(words: Sequence[str], flags: frozenset[str]) -> Options:
    """Split what follows a command. `flags` are the options that take no value."""
    values: dict[str, str] = {}
    seen: set[str] = set()
    rest: list[str] = []
    waiting = list(words)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("-") or word == "-":
            rest.append(word)
            continue
        name, has_value, value = word.partition("=")
        if has_value:
            values[name] = value
        elif name in flags or not waiting or waiting[0].startswith("-"):
            seen.add(name)
        else:
            values[name] = waiting.pop(0)
    return Options(values, frozenset(seen), tuple(rest))


FLAGS = frozenset(
    [
        "--skip-existing",
        "--non-interactive",
        "--verbose",
        "--disable-progress-bar",
        "--build",
        "--no-interaction",
        "-n",
        "--yes",
        "-y",
        "--no-prompt",
        "--quiet",
        "-q",
        "-v",
        "--no-build",
        "--dry-run",
        "--attestations",
        "--sign",
        "--no-attestations",
        "--no-cache",
        "-vv",
        "--wheel",
        "--sdist",
        "-w",
        "-s",
        "--no-isolation",
        "--skip-dependency-check",
        "--all-packages",
        "--release",
        "--no-sdist",
        "--no-strip",
        "--initialize-auth",
        "--no-progress",
        "--no-check",
        "--check",
        "--disable-attestations",
        "--nothing-pending",
    ]
)


@dataclass(frozen=True, slots=True)
class Credential:
    """What a tool was given. `given` is true also for an empty text."""

    user: str
    password: str
    given: bool


def credential(tool: Tool, given: Options, env: Mapping[str, str]) -> Credential:
    """Return the credential a tool finds: options before variables, a token before user and password."""
    token = _first(given.first(tool.token_option), tool.token_env, env)
    if token is not None:
        return Credential("__token__", token, given=True)
    user = _first(given.first(tool.user_option), tool.user_env, env)
    password = _first(given.first(tool.password_option), tool.password_env, env)
    return Credential(user or "__token__", password or "", given=password is not None)


def repository_url(tool: Tool, given: Options, env: Mapping[str, str], known: Mapping[str, str]) -> str | None:
    """Return the address a tool uploads to; None for a name that nothing explains. `known` are configured names."""
    url = _first(given.first(tool.url_option), tool.url_env, env)
    if url:
        return url
    named = _first(given.first(tool.named_option), tool.named_env, env)
    if not named:
        return DEFAULT
    if named.startswith("http"):
        return named
    return {**NAMED, **known}.get(named.lower())


def _first(option: str | None, names: Sequence[str], env: Mapping[str, str]) -> str | None:
    return option if option is not None else next((env[name] for name in names if name in env), None)
