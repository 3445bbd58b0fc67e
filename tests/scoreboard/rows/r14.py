"""R14: a token of real length through whole journeys, faults, kills and full disks; its text is nowhere. Planted leaks are found."""

from __future__ import annotations

import base64
import contextlib
import errno
import io
import json
import logging
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from keyless.errors import KeylessError
from keyless.rehearsal.faults import Fault, FaultKind, clear_faults, set_fault
from keyless.vault import kdf
from tests.e2e.served import Served, read
from tests.scoreboard.cheap import remembered
from tests.scoreboard.leaks import Log, Nets, found, packed, spellings
from tests.scoreboard.rows.r5 import failing_calls
from tests.staging import DAY, PASSPHRASE, Scene, on_the_way
from tests.tokens.conftest import PROJECT_TOKEN, USER_TOKEN

WORLDS = ("two-libraries",)
UPLOADS = re.compile(r"https://(test\.)?pypi\.rehearsal/legacy/")
KINDS = tuple(FaultKind)[::4]
LEAST_PLANTED = 30


def cases() -> Iterator[str | None]:
    kdf.derive = remembered(kdf.derive)  # type: ignore[assignment]
    logging.getLogger().setLevel(logging.DEBUG)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from planted(folder / "planted")
        for world in WORLDS:
            yield from journeys(world, folder / world)
        yield from with_faults(folder / "faults")
        yield from with_a_bad_disk(folder / "disk")
        yield from of_real_processes(folder / "processes")


# Planted leaks: the search itself is proven.


def planted(folder: Path) -> Iterator[str | None]:
    """Each leak in a place of its own, in clean surroundings: the search has to find exactly it."""
    folder.mkdir()
    number = 0
    for number, (what, plant) in enumerate(plants(folder), 1):  # noqa: B007  # counted
        for token in (PROJECT_TOKEN.reveal(), USER_TOKEN.reveal()):
            nets = Nets()
            with contextlib.suppress(FileNotFoundError):
                plant(nets, token)
            hit = [name for name, data in nets.places.items() if found(data, spellings(token))]
            yield None if hit else f"the leak planted in {what} was not found"
    yield None if number >= LEAST_PLANTED else f"only {number} leaks were planted"
    nets = Nets()
    nets.folder(Path(__file__).parent)
    clean = not any(found(data, spellings(PROJECT_TOKEN.reveal())) for data in nets.places.values())
    yield None if clean else "something was found where nothing is"


def plants(folder: Path) -> Iterator[tuple[str, Callable[[Nets, str], None]]]:
    def file(name: str, write: Callable[[str], bytes]) -> tuple[str, Callable[[Nets, str], None]]:
        def plant(nets: Nets, token: str) -> None:
            place = folder / name.replace(" ", "-")
            place.mkdir(parents=True, exist_ok=True)
            (place / "left").write_bytes(b"before " + write(token) + b" after")
            nets.folder(place)

        return f"a file, {name}", plant

    yield file("as it is", str.encode)
    for offset in range(3):
        yield file(f"base64 after {offset}", lambda t, o=offset: base64.b64encode(b"x" * o + t.encode() + b"yz"))
        yield file(f"url-safe after {offset}", lambda t, o=offset: base64.urlsafe_b64encode(b"x" * o + t.encode()))
    yield file("basic authorisation", lambda t: base64.b64encode(b"__token__:" + t.encode()))
    yield file("hex", lambda t: t.encode().hex().encode())
    yield file("HEX", lambda t: t.encode().hex().upper().encode())
    yield file("percent", lambda t: "".join(f"%{ord(c):02X}" for c in t).encode())
    yield file("JSON escapes", lambda t: "".join(f"\\u{ord(c):04x}" for c in t).encode())
    yield file("JSON string", lambda t: json.dumps({"token": t}).encode())
    yield file("UTF-16", lambda t: t.encode("utf-16"))
    yield file("UTF-16 big end", lambda t: t.encode("utf-16-be"))
    yield file("reversed", lambda t: t[::-1].encode())
    yield file("gzip", packed)
    yield file("zlib", lambda t: __import__("zlib").compress(t.encode()))
    yield file("first twenty", lambda t: t[20:40].encode())
    yield file("last twenty", lambda t: t[-20:].encode())
    yield "the name of a file", lambda nets, token: named(nets, folder / "names", token)
    yield "a link's target", lambda nets, token: linked(nets, folder / "links", token)
    yield "a database", lambda nets, token: stored(nets, folder / "database", token)
    yield "standard output", lambda nets, token: nets.put("output", f"The token is {token}.")
    yield "a table broken over lines", lambda nets, token: nets.put("output", f"| {token[:90]}\n| {token[90:]}")
    yield "a log message", lambda nets, token: logged(nets, "using %s", token)
    yield "a log's arguments", lambda nets, token: logged(nets, "using %.3s", token)
    yield "an error's text", lambda nets, token: raised(nets, lambda: fail(token))
    yield "a local variable", lambda nets, token: raised(nets, lambda: holding(token))
    yield "a nested local", lambda nets, token: raised(nets, lambda: holding({"a": [token]}))
    yield "an error's cause", lambda nets, token: raised(nets, lambda: chained(token))
    yield "a slice in a local", lambda nets, token: raised(nets, lambda: holding(token[-30:]))
    yield "an argument of a process", lambda nets, token: running(nets, [token], {})
    yield "the environment of a process", lambda nets, token: running(nets, [], {"TOKEN": token})
    yield "a header to another host", lambda nets, token: sent(nets, "https://elsewhere.example/", {"x": token}, b"")
    yield "an address", lambda nets, token: sent(nets, f"https://api.github.rehearsal/?t={token}", {}, b"")
    yield "a body to GitHub", lambda nets, token: sent(nets, "https://api.github.rehearsal/x", {}, token.encode())


def named(nets: Nets, folder: Path, token: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / token).touch()
    nets.folder(folder)


def linked(nets: Nets, folder: Path, token: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"link-{len(token)}").symlink_to(token)
    nets.folder(folder)


def stored(nets: Nets, folder: Path, token: str) -> None:
    folder.mkdir(exist_ok=True)
    with contextlib.closing(sqlite3.connect(folder / f"{len(token)}.sqlite")) as database:
        database.execute("CREATE TABLE t (v TEXT)")
        database.execute("INSERT INTO t VALUES (?)", (token,))
        database.commit()
    nets.folder(folder)


def logged(nets: Nets, message: str, token: str) -> None:
    logger, handler = logging.getLogger("planted"), Log(nets)
    logger.addHandler(handler)
    logger.debug(message, token)
    logger.removeHandler(handler)


def raised(nets: Nets, job: Callable[[], None]) -> None:
    try:
        job()
    except ValueError as error:
        nets.error(error)


def fail(token: str) -> None:
    raise ValueError(f"the token {token} is wrong")


def holding(value: object) -> None:
    held = value  # noqa: F841  # seen in the traceback
    raise ValueError("something else")


def chained(token: str) -> None:
    try:
        fail(token)
    except ValueError as error:
        raise ValueError("something else") from error


def running(nets: Nets, arguments: list[str], environment: dict[str, str]) -> None:
    command = [sys.executable, "-c", "import sys; sys.stdin.read()", *arguments]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, env={**os.environ, **environment})
    time.sleep(0.05)  # until the program has taken the place of the fork
    nets.process(child.pid)
    child.communicate()


def sent(nets: Nets, url: str, headers: dict[str, str], body: bytes) -> None:
    note(nets, httpx.Request("POST", url, headers=headers, content=body))


# Real runs


def note(nets: Nets, request: httpx.Request) -> None:
    """Keep what a request carries, but for the one place where a token belongs: the authorisation of a probe."""
    own = UPLOADS.fullmatch(str(request.url)) and request.method == "POST"
    headers = b"\n".join(n + b": " + v for n, v in request.headers.raw if not (own and n.lower() == b"authorization"))
    nets.add(
        f"{request.method} {request.url.host}", str(request.url).encode() + b"\n" + headers + b"\n" + request.content
    )


class Listening(httpx.AsyncBaseTransport):
    """Keeps everything that goes out."""

    def __init__(self, inner: httpx.AsyncBaseTransport, nets: Nets) -> None:
        self._inner, self._nets = inner, nets

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        note(self._nets, request)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def texts(scene: Scene) -> dict[str, str]:
    """Every text of this world that must not be seen: tokens for the indexes, and the passphrase of the backup."""
    known = {token.name: token.text.reveal() for token in scene.world.tokens if token.text is not None}
    return known | {"passphrase": PASSPHRASE.reveal()}


def searched(nets: Nets, secrets: dict[str, str], during: str) -> Iterator[str | None]:
    """One search for each place, each token and each of its spellings."""
    for name, text in secrets.items():
        spelled = spellings(text) if len(text) > 100 else {"as it is": (text.encode(),)}
        for place, data in nets.places.items():
            hits = found(data, spelled)
            for spelling in spelled:
                yield f"{during}: {name} stands in {place}, {spelling}" if spelling in hits else None


@contextlib.contextmanager
def gathered(scene: Scene, temporary: Path) -> Iterator[Nets]:
    """Gather what happens inside: output, logs, requests; and at the end what lies in state and temporary folder."""
    nets = Nets()
    handler, out, before = Log(nets), io.StringIO(), tempfile.tempdir
    scene.between = lambda inner: Listening(inner, nets)
    temporary.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(temporary)
    logging.getLogger().addHandler(handler)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            yield nets
    finally:
        logging.getLogger().removeHandler(handler)
        tempfile.tempdir = before
    nets.put("output", out.getvalue())
    nets.put("what was said", scene.heard.text())
    nets.folder(scene.state)
    nets.folder(temporary)


def attempt(nets: Nets, job: Callable[[], object]) -> None:
    """Do it; keep what an error shows of itself."""
    try:
        job()
    except KeylessError as error:
        nets.error(error)


def journeys(world: str, folder: Path) -> Iterator[str | None]:
    """There and back, there again and to the end."""
    scene = Scene.of(world, folder / "world")
    with gathered(scene, folder / "temporary") as nets:
        for job in (scene.migrate, scene.rollback, scene.migrate):
            attempt(nets, job)
        scene.store.advance(10 * DAY)
        attempt(nets, scene.finish)
    yield from searched(nets, texts(scene), world)
    scene.close()


def with_faults(folder: Path) -> Iterator[str | None]:
    """Each fault, from the backup on, where the tokens are at hand: the index at the probe, GitHub at each write."""
    start = on_the_way("shap-like", "proven")
    assert start.exists()
    for number, kind in enumerate(KINDS):
        scene = Scene.of("shap-like", folder / str(number), stage="proven")
        for service, method in (("pypi", "POST"), ("testpypi", "POST"), ("github", "DELETE"), ("github", "PUT")):
            set_fault(scene.store, Fault(kind, service, method, times=-1))
        with gathered(scene, folder / f"temporary-{number}") as nets:
            attempt(nets, scene.migrate)
            attempt(nets, scene.rollback)
        clear_faults(scene.store)
        yield from searched(nets, texts(scene), kind.value)
        scene.close()


def with_a_bad_disk(folder: Path) -> Iterator[str | None]:
    """The disk fails at one call after another while the backup is sealed."""
    for at in range(1, 60, 30):
        scene = Scene.of("shap-like", folder / str(at), stage="proven")
        with gathered(scene, folder / f"temporary-{at}") as nets, failing_calls(at, errno.ENOSPC):
            attempt(nets, scene.migrate)
        yield from searched(nets, texts(scene), f"a full disk at {at}")
        scene.close()


def of_real_processes(folder: Path) -> Iterator[str | None]:
    """Real processes, each looked at while it runs: arguments, environment, output at every verbosity, a bug's report."""
    scene = Scene.of("shap-like", folder / "world", stage="proven")
    secrets, place = texts(scene), scene.folder
    scene.close()
    served = Served(place, "shap-like").start()
    nets = Nets()
    try:
        sources = []
        for held in served.said["world"]["secrets"]:
            file = folder / held["name"]
            file.write_text(served.said["world"]["tokens"][held["token"]]["text"] if held["token"] else "x")
            file.chmod(0o600)
            sources.append(f"--token-from={held['name']}=file:{file}")
        phrase = folder / "passphrase"
        phrase.write_text(PASSPHRASE.reveal())
        phrase.chmod(0o600)
        options = ["--yes", "--backup=token", "--token-is=shown", f"--passphrase-from=file:{phrase}"]
        for verbose in ("-v", "-vv", "-vvv", "--json"):
            run(served, nets, [verbose, "migrate", served.repository, *options, *sources])
        for verbose in ("-vvv", "--json"):
            run(served, nets, [verbose, "rollback", served.repository, "--yes", f"--passphrase-from=file:{phrase}"])
        for name in ("status", "backup list", "doctor", f"receipt export {served.repository}"):
            run(served, nets, ["-vvv", *name.split()])
    finally:
        served.stop()
    nets.folder(place / "state")
    yield from searched(nets, secrets, "a real process")


def run(served: Served, nets: Nets, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "keyless", "--rehearsal", str(served.folder), *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GH_", "GITHUB_", "KEYLESS_"))}
    environment = {**kept, "PYTHONDEVMODE": "1", "PYTHONWARNINGS": "default"}
    child = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    for _ in range(8):
        if child.poll() is None:
            nets.process(child.pid)
            time.sleep(0.1)
    out, err = child.communicate(timeout=120)
    ran = read(child.returncode, out, err)
    nets.put(f"output of {' '.join(arguments[:2])}", ran.raw)
    assert ran.code != 1, ran.raw
