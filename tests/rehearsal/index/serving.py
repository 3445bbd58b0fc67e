"""Serve applications on loopback in a thread, with and without TLS, and a CONNECT proxy that leads every host there."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
import uvicorn

from keyless.rehearsal.wire import Wire

NAMES = (
    "127.0.0.1",
    "localhost",
    "pypi.org",
    "upload.pypi.org",
    "test.pypi.org",
    "files.pythonhosted.org",
    "api.github.com",
    "tuf-repo-cdn.sigstore.dev",
)


@dataclass(frozen=True)
class Served:
    """Where the applications answer: plain, by TLS, and through the proxy."""

    http: str
    https: str
    proxy: str
    authority: Path

    def environment(self, *, proxied: bool = False) -> dict[str, str]:
        """Return what a child process needs to trust the certificate and to reach nothing but loopback."""
        trusted = dict.fromkeys(
            ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "PIP_CERT"), str(self.authority)
        )
        way = {"HTTPS_PROXY": self.proxy} if proxied else {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "127.0.0.1"}
        return {**trusted, **way}


class ByHost:
    """ASGI application: chooses by the Host header, with "" for every other host."""

    def __init__(self, apps: Mapping[str, object]) -> None:
        self.apps = apps

    async def __call__(self, scope, receive, send):
        host = dict(scope["headers"]).get(b"host", b"").decode().partition(":")[0]
        await self.apps.get(host, self.apps[""])(scope, receive, send)


@contextmanager
def serving(apps: Mapping[str, object], folder: Path) -> Iterator[Served]:
    """Serve until the block ends."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    pair = authority.issue_cert(*NAMES)
    pair.private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
    plain, secure, proxy = (listening.getsockname()[1] for listening in sockets)
    servers = [_server(ByHost(apps)), _server(ByHost(apps), folder / "server.pem")]
    stop: list = []
    thread = threading.Thread(target=lambda: asyncio.run(_run(servers, sockets, secure, stop)))
    thread.start()
    try:
        yield Served(
            f"http://127.0.0.1:{plain}", f"https://127.0.0.1:{secure}", f"http://127.0.0.1:{proxy}", folder / "ca.pem"
        )
    finally:
        while not stop:
            thread.join(0.01)
        stop[0]()
        thread.join()


def _server(app: ByHost, certificate: Path | None = None) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        http=Wire,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        date_header=False,
        ssl_certfile=certificate,
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)


async def _run(servers: list[uvicorn.Server], sockets: list[socket.socket], secure: int, stop: list) -> None:
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        await _proxy(reader, writer, secure)

    proxy = await asyncio.start_server(connected, sock=sockets[2])

    def finish() -> None:
        for server in servers:
            server.should_exit = True

    stop.append(lambda: loop.call_soon_threadsafe(finish))
    await asyncio.gather(*(server.serve([listening]) for server, listening in zip(servers, sockets, strict=False)))
    proxy.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    await reader.readuntil(b"\r\n\r\n")
    inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    try:
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))
    finally:
        for end in (writer, inner_writer):
            end.close()
            with contextlib.suppress(OSError):
                await end.wait_closed()


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
        target.write_eof()
