"""A rehearsal in a process of its own: every service on its own port of the loopback interface, until it is told to stop."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

import uvicorn

from keyless.errors import Locked, UsageError
from keyless.model.realm import Realm
from keyless.rehearsal.certificates import Certificates
from keyless.rehearsal.connection import FILE, FORMAT, served_addresses
from keyless.rehearsal.folder import open_store, write_file
from keyless.rehearsal.services import SERVICES, TRUST_ROOT_FILE, Services
from keyless.rehearsal.store import Document, Store
from keyless.rehearsal.wire import ByPort, Wire

HOST: Final = "127.0.0.1"
LOCK_FILE: Final = "serve.lock"
DEFAULT_WORLD: Final = "shap-like"
_LOADING: Final = ("serve", "loading")
_PORTS: Final = ("serve", "ports")
_PATIENCE: Final = 1
"""Seconds that a stop waits for answers under way."""


def serve(
    folder: Path,
    announce: Callable[[Document], None],
    *,
    world: str | None = None,
    port: int = 0,
    tls: bool = False,
    names: Sequence[str] = (),
) -> None:
    """Serve the rehearsal in `folder` until SIGTERM or SIGINT, then return.

    `announce` is called once, when all services answer, with what `rehearsal.json` in the folder says as well.
    `world` is a shipped one's name or a file; a folder that has a world already goes on with it. `port` is the first of
    five; 0 takes those of the last time if they are free. `names` are further names for the TLS certificate. Raises
    Locked when the folder is being served already, UsageError for another world or a port that is taken.
    """
    with closing(open_store(folder)) as store, _lock(folder):
        sockets = _listen(store, port)
        try:
            certificates = Certificates.write(store, folder, (HOST, "localhost", *names)) if tls else None
            services = _services(store, folder, sockets, certificates)
            _prepare(services, world)
            _run(services, sockets, certificates, announce)
        finally:
            for listening in sockets:
                listening.close()


def _prepare(services: Services, wanted: str | None) -> None:
    """Load the world into a new store, or see to it that the store holds the one that is asked for."""
    from keyless.rehearsal.world import load, loaded
    from keyless.rehearsal.world_file import read_world

    there = loaded(services.store)
    if there is None:
        world = read_world(wanted or DEFAULT_WORLD)
        if services.store.get(*_LOADING):
            raise UsageError(
                f"The rehearsal in {services.folder} was interrupted while its world was being made.",
                hint="Delete the folder, or use another one.",
            )
        services.store.put(*_LOADING, {"name": world.name})
        asyncio.run(load(services, world))
        services.store.delete(*_LOADING)
    elif wanted is not None and read_world(wanted).name != there.name:
        raise UsageError(
            f"The rehearsal in {services.folder} is the world '{there.name}', not '{wanted}'.",
            hint="Leave --world out to go on with it, or use another folder.",
        )


def _services(
    store: Store, folder: Path, sockets: Sequence[socket.socket], certificates: Certificates | None
) -> Services:
    ca_file = certificates.authority if certificates else None
    at = _addresses(sockets, tls=certificates is not None)
    return Services(store, folder, served_addresses(at, ca_file, folder / TRUST_ROOT_FILE))


def _run(
    services: Services,
    sockets: Sequence[socket.socket],
    certificates: Certificates | None,
    announce: Callable[[Document], None],
) -> None:
    ports = [listening.getsockname()[1] for listening in sockets]
    apps = {port: services.apps[name] for name, port in zip(SERVICES, ports, strict=True)}
    config = uvicorn.Config(
        ByPort(apps),
        http=Wire,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        date_header=False,
        server_header=False,
        proxy_headers=False,
        ssl_certfile=certificates.server if certificates else None,
        timeout_graceful_shutdown=_PATIENCE,
    )

    def ready() -> None:
        said = describe(services, _addresses(sockets, tls=certificates is not None))
        write_file(services.folder, FILE, json.dumps(said, indent=2).encode())
        announce(said)

    with _stopped_by_signals():
        asyncio.run(_Server(config, ready).serve(sockets=list(sockets)))


def describe(services: Services, at: dict[str, str]) -> Document:
    """Return what another process needs to know: addresses, files, and the world's accounts, tokens and people."""
    from keyless.rehearsal.world import summary

    ca_file = services.addresses.ca_file
    return {
        "format": FORMAT,
        "realm": Realm.REHEARSAL.value,
        "folder": str(services.folder.absolute()),
        "pid": os.getpid(),
        "services": at,
        "ca_file": None if ca_file is None else str(ca_file.absolute()),
        "trust_root": str((services.folder / TRUST_ROOT_FILE).absolute()),
        "world": summary(services.store),
    }


class _Server(uvicorn.Server):
    """Says when it is ready."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()


def _listen(store: Store, port: int) -> list[socket.socket]:
    """Return one listening socket for each service."""
    kept = store.get(*_PORTS)
    if port:
        sockets = _bind(range(port, port + len(SERVICES)))
        if sockets is None:
            raise UsageError(
                f"One of the ports {port} to {port + len(SERVICES) - 1} on {HOST} is taken.",
                hint="Choose another --port, or 0 for any that are free.",
            )
    else:
        sockets = (_bind(kept["ports"]) if kept else None) or _bind([0] * len(SERVICES)) or []
    store.put(*_PORTS, {"ports": [listening.getsockname()[1] for listening in sockets]})
    return sockets


def _bind(ports: Sequence[int]) -> list[socket.socket] | None:
    """Return a socket bound to each port, or None when one of them is taken."""
    sockets: list[socket.socket] = []
    try:
        for port in ports:
            listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sockets.append(listening)
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((HOST, port))
            listening.listen()
    except (OSError, OverflowError):
        for listening in sockets:
            listening.close()
        return None
    return sockets


def _addresses(sockets: Sequence[socket.socket], *, tls: bool) -> dict[str, str]:
    scheme = "https" if tls else "http"
    ports = [listening.getsockname()[1] for listening in sockets]
    return {name: f"{scheme}://{HOST}:{port}" for name, port in zip(SERVICES, ports, strict=True)}


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the folder; a killed holder's lock is free at once, for the system lets go of it."""
    with (folder / LOCK_FILE).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Locked(
                f"The rehearsal in {folder} is being served already.", hint=f"Its addresses stand in {folder / FILE}."
            ) from error
        yield


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Let a stop by signal be an ordinary end: uvicorn raises the signal once more after it has stopped."""
    former = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
