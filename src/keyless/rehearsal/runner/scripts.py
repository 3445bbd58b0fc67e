"""`run:` steps: building, uploading with a tool, and the few things around them; every other command succeeds quietly."""

from __future__ import annotations

import posixpath
import re
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatch

from keyless.rehearsal.index import artefacts
from keyless.rehearsal.runner import builds
from keyless.rehearsal.runner.job import FAILURE, RunningJob, StepFailed
from keyless.rehearsal.runner.preflight import run_preflight
from keyless.rehearsal.runner.shell import Command, commands
from keyless.rehearsal.runner.tools import FLAGS, TOOLS, Credential, Options, Tool, credential, options, repository_url
from keyless.rehearsal.runner.trusted import ExchangeRefused, Minted, NoAudience, NoIdentity, burn, exchange
from keyless.rehearsal.runner.upload import Destination, Refused, Unreachable, destination, distributions, upload
from keyless.secret import Secret

_PREFIXES = (
    ("python", "-m"),
    ("python3", "-m"),
    ("py", "-m"),
    ("uv", "run"),
    ("uv", "tool", "run"),
    ("pipx", "run"),
    ("poetry", "run"),
    ("hatch", "run"),
    ("pdm", "run"),
    ("uvx",),
    ("sudo",),
    *((name,) for name in ("exec", "command", "time", "nice", "nohup", "stdbuf", "timeout", "retry", "env")),
)
_HANDED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_BUILDS = {
    ("build",): "dist",
    ("pyproject-build",): "dist",
    ("uv", "build"): "dist",
    ("poetry", "build"): "dist",
    ("hatch", "build"): "dist",
    ("flit", "build"): "dist",
    ("pdm", "build"): "dist",
    ("maturin", "build"): "target/wheels",
    ("maturin", "sdist"): "target/wheels",
    ("cibuildwheel",): "wheelhouse",
    ("python", "setup.py"): "dist",
}
_OUTPUT = ("--outdir", "-o", "--out-dir", "--out", "-d", "--dest", "--output-dir", "--dist-dir")


async def run_script(job: RunningJob, script: str, env: dict[str, str], folder: str) -> dict[str, str]:
    """Run a script in `folder` of the workspace; return the step's outputs. Raises StepFailed."""
    outputs: dict[str, str] = {}
    for command in commands(script, env):
        words = _bare(command.words)
        match words:
            case ["cd", where, *_]:
                folder = posixpath.normpath(posixpath.join(folder, where)).removeprefix(".").strip("/")
            case ["exit", code, *_] if code != "0":
                raise StepFailed(f"Process completed with exit code {code}.")
            case ["exit", *_]:
                return outputs
            case ["false"]:
                raise StepFailed
            case ["echo", *said]:
                _echo(job, command, " ".join(said), outputs)
            case ["poetry", "config", *setting]:
                configured = _poetry_config(setting)
                env.update(configured)
                job.env.update(configured)  # poetry keeps it in a file of the machine, so later steps find it
            case _:
                await _tool(job, words, {**env, **command.env, **_handed(command.words)}, folder)
    return outputs


def _bare(words: tuple[str, ...]) -> list[str]:
    left = list(words)
    for _ in range(3):
        for prefix in _PREFIXES:
            if tuple(left[: len(prefix)]) == prefix and len(left) > len(prefix):
                left = left[len(prefix) :]
                while len(left) > 1 and _is_argument(prefix, left[0]):
                    left = left[2:] if left[0] in _WITH_VALUE.get(prefix[0], _OF_PYTHON) else left[1:]
    if left and "@" in left[0]:
        left[0] = left[0].partition("@")[0]
    return left


_OF_PYTHON = ("--with", "--from", "--python")
_WITH_VALUE = {"env": ("-u",), "timeout": ("-k", "-s"), "stdbuf": ("-o",), "retry": ("-t",), "exec": ("-a",)}


def _is_argument(prefix: tuple[str, ...], word: str) -> bool:
    """Whether a word behind one of the prefixes is still its own: an option, `env`'s variable, `timeout`'s seconds."""
    match prefix[0]:
        case "env" if _HANDED.fullmatch(word):
            return True
        case "timeout" | "retry" if re.fullmatch(r"[\d.]+[smhd]?", word):
            return True
        case _:
            return word.startswith("-")


def _handed(words: tuple[str, ...]) -> dict[str, str]:
    """Return the variables that `env` sets for the command behind it."""
    if words[:1] != ("env",):
        return {}
    own = words[: len(words) - len(_bare(words))]
    return {match[1]: match[2] for word in own if (match := _HANDED.fullmatch(word))}


def _echo(job: RunningJob, command: Command, text: str, outputs: dict[str, str]) -> None:
    name, equals, value = text.partition("=")
    if equals and command.into and "ENV" in command.into:
        job.env[name] = value
    elif equals and command.into and "OUTPUT" in command.into:
        outputs[name] = value
    elif command.into is None:
        _workflow_command(job, text)


def _workflow_command(job: RunningJob, text: str) -> None:
    match = re.match(r"::(error|warning|notice)(?: ([^:]*))?::(.*)", text, re.DOTALL)
    if match:
        title = re.search(r"title=([^,]*)", match.group(2) or "")
        level = FAILURE if match.group(1) == "error" else match.group(1)
        job.say(level, title.group(1) if title else "", match.group(3))


def _poetry_config(setting: list[str]) -> dict[str, str]:
    """Return what `poetry config` keeps, as the variables that poetry takes the same from."""
    words = [word for word in setting if not word.startswith("--")]
    match words:
        case [key, value] if key.startswith("pypi-token."):
            return {f"POETRY_PYPI_TOKEN_{_shout(key.partition('.')[2])}": value}
        case [key, user, password] if key.startswith("http-basic."):
            basic = f"POETRY_HTTP_BASIC_{_shout(key.partition('.')[2])}"
            return {f"{basic}_USERNAME": user, f"{basic}_PASSWORD": password}
        case [key, value] if key.startswith("repositories."):
            return {f"POETRY_REPOSITORIES_{_shout(key.split('.')[1])}_URL": value}
        case _:
            return {}


def _shout(name: str) -> str:
    return name.upper().replace("-", "_")


async def _tool(job: RunningJob, words: list[str], env: dict[str, str], folder: str) -> None:
    if words and words[0].partition("==")[0] == "keyless" and words[1:2] == ["preflight"]:
        return await run_preflight(job, options(words[2:], FLAGS), env)
    for tool in TOOLS:
        if tuple(words[: len(tool.command)]) == tool.command:
            return await _publish(job, tool, options(words[len(tool.command) :], FLAGS), env, folder)
    for command, output in _BUILDS.items():
        if tuple(words[: len(command)]) == command:
            given = options(words[len(command) :], FLAGS)
            return build(job, folder, given.first(_OUTPUT) or output, only=_only(words), given=given.rest)
    return None


def _only(words: list[str]) -> str | None:
    wheel, sdist = {"--wheel", "-w", "bdist_wheel"} & {*words}, {"--sdist", "-s", "sdist"} & {*words}
    if bool(wheel) is bool(sdist):
        return "wheel" if words[0] == "cibuildwheel" else None
    return "wheel" if wheel else "sdist"


def build(job: RunningJob, folder: str, output: str, *, only: str | None = None, given: tuple[str, ...] = ()) -> None:
    """Put the distributions of the project in `folder` (or in the first of `given`) into `output`. Raises StepFailed."""
    inside = next((word.strip("/").removeprefix("./") for word in given if f"{word.strip('./')}" and "/" in word), "")
    where = posixpath.normpath(posixpath.join(folder, inside)).removeprefix(".").strip("/")
    try:
        project = builds.project_in(job.workspace, where, job.run.ref, job.run.run_id)
    except builds.NoProject as error:
        job.say(FAILURE, "", f"ERROR Source does not appear to be a Python project: {error}")
        raise StepFailed from error
    to = posixpath.normpath(posixpath.join(where, output)).strip("/")
    makers = {"wheel": artefacts.wheel, "sdist": artefacts.sdist}
    for kind, make in makers.items():
        if only in (None, kind):
            name, content = make(project.name, project.version, f"COMMIT = {job.run.sha!r}\n")
            job.workspace[f"{to}/{name}"] = content


async def _publish(job: RunningJob, tool: Tool, given: Options, env: Mapping[str, str], folder: str) -> None:
    if tool.builds or "--build" in given.flags:
        build(job, folder, tool.folder)
    tool, url = _repository(tool, given, env, job, folder)
    files = _files(job, tool, given, folder)
    to = destination(url, job.run.services)
    found = credential(tool, given, env)
    minted = await _trusted(job, tool, given, env, found, to)
    password = minted.token if minted else Secret(found.password)
    try:
        for name, content in files.items():
            await _one(job, tool, given, to, (name, content), (found.user, password))
    finally:
        if minted and tool.name == "uv":
            await burn(job, minted)


async def _one(
    job: RunningJob,
    tool: Tool,
    given: Options,
    to: Destination,
    file: tuple[str, bytes],
    who: tuple[str, Secret],
) -> None:
    try:
        await upload(job.run.services, to, *file, user=who[0], password=who[1])
    except (Refused, Unreachable) as error:
        if isinstance(error, Refused) and error.exists_already and "--skip-existing" in given.flags:
            return
        job.say(FAILURE, "", f"{tool.name}: {to.written} {error}")
        raise StepFailed from error


def _repository(tool: Tool, given: Options, env: Mapping[str, str], job: RunningJob, folder: str) -> tuple[Tool, str]:
    """Return the address, and for poetry the tool with the variables of that repository's name."""
    known = _configured(job, folder)
    if tool.name == "poetry":
        named = given.first(tool.named_option) or "pypi"
        shout = _shout(named)
        known[named] = env.get(f"POETRY_REPOSITORIES_{shout}_URL", known.get(named, ""))
        tool = Tool(
            tool.name,
            tool.command,
            user_env=(f"POETRY_HTTP_BASIC_{shout}_USERNAME",),
            password_env=(f"POETRY_HTTP_BASIC_{shout}_PASSWORD",),
            token_env=(f"POETRY_PYPI_TOKEN_{shout}",),
            url_option=(),
        )
    url = repository_url(tool, given, env, {name: url for name, url in known.items() if url})
    if url is None:
        job.say(FAILURE, "", f"{tool.name}: the repository is not configured")
        raise StepFailed
    return tool, url


def _configured(job: RunningJob, folder: str) -> dict[str, str]:
    """Return the indexes that pyproject.toml names for uv (`[[tool.uv.index]]`), by name."""
    content = job.workspace.get(f"{folder}/pyproject.toml".lstrip("/"), b"")
    try:
        indexes = tomllib.loads(content.decode()).get("tool", {}).get("uv", {}).get("index", [])
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}
    return {str(one.get("name")).lower(): str(one.get("publish-url", "")) for one in indexes}


def _files(job: RunningJob, tool: Tool, given: Options, folder: str) -> dict[str, bytes]:
    patterns = [posixpath.normpath(posixpath.join(folder, word)) for word in given.rest if "/" in word or "*" in word]
    if not patterns:
        files = distributions(job.workspace, posixpath.join(folder, tool.folder))
        if tool.name == "uv" and not files and folder:
            files = distributions(job.workspace, "dist")
    else:
        matching = [path for path in sorted(job.workspace) if any(fnmatch(path, one) for one in patterns)]
        files = {path.rpartition("/")[2]: job.workspace[path] for path in matching if path.endswith((".whl", ".gz"))}
    if not files:
        job.say(
            FAILURE, "", f"{tool.name}: cannot find file (or expand pattern): {' '.join(given.rest) or tool.folder}"
        )
        raise StepFailed
    return files


async def _trusted(
    job: RunningJob, tool: Tool, given: Options, env: Mapping[str, str], found: Credential, to: Destination
) -> Minted | None:
    wish = given.values.get("--trusted-publishing", env.get("UV_TRUSTED_PUBLISHING")) if tool.name == "uv" else None
    if wish == "always" and found.given:
        job.say(FAILURE, "", "error: a username and a password are not allowed when using trusted publishing")
        raise StepFailed("Process completed with exit code 2.")
    if found.given or wish == "never" or tool.trusted == "never":
        return None
    try:
        return await exchange(job, to)
    except (NoIdentity, NoAudience) as error:
        if tool.name == "uv" and wish != "always":
            return None
        job.say(FAILURE, "", f"{tool.name}: trusted publishing failed: {error}")
        raise StepFailed from error
    except ExchangeRefused as error:
        listed = "\n".join(f"* `{code}`: {description}" for code, description in error.reasons)
        job.say(FAILURE, "", f"{tool.name}: the token request failed; the index server said:\n\n{listed}")
        raise StepFailed from error
