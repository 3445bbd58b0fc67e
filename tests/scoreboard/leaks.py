"""A search for a token's text: in twelve spellings, in everything that a run leaves, says, sends or shows of itself."""

from __future__ import annotations

import base64
import contextlib
import gzip
import io
import json
import logging
import os
import traceback
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

SHARED = 20
"""Characters that all of an index's tokens begin with: "pypi-" and its name."""


def spellings(token: str) -> dict[str, tuple[bytes, ...]]:
    """Return the twelve ways to write a token that are looked for (see `unpacked` for the compressed one)."""
    raw = token.encode()
    middle = raw[SHARED : SHARED + 60]
    standard = [_inside(base64.b64encode, raw, offset) for offset in range(3)]
    safe = [_inside(base64.urlsafe_b64encode, raw, offset) for offset in range(3)]
    return {
        "as it is": (raw,),
        "base64": (standard[0],),
        "base64, one byte on": (standard[1],),
        "base64, two bytes on": (standard[2],),
        "base64 for addresses": tuple(safe),
        "hex": (
            middle.hex().encode(),
            middle.hex().upper().encode(),
            middle.hex(" ").encode(),
            middle.hex(":").encode(),
        ),
        "percent": (_percent(middle), _percent(middle).lower(), quote(token, safe="").encode()),
        "JSON": (
            "".join(f"\\u{ord(char):04x}" for char in token[SHARED : SHARED + 40]).encode(),
            json.dumps(token).encode(),
        ),
        "UTF-16": (token[SHARED:].encode("utf-16-le"), token[SHARED:].encode("utf-16-be")),
        "reversed": (raw[::-1][:60],),
        "its first twenty": (raw[SHARED : SHARED + 20],),
        "its last twenty": (raw[-20:],),
    }


def _inside(encode: Callable[[bytes], bytes], raw: bytes, offset: int) -> bytes:
    """Return the part of an encoding that is the same whatever stands around the token."""
    return encode(b"\0" * offset + raw)[4 : (offset + len(raw)) // 3 * 4 - 4]


def _percent(data: bytes) -> bytes:
    return "".join(f"%{byte:02X}" for byte in data).encode()


def unpacked(data: bytes) -> Iterator[bytes]:
    """Yield the data, and whatever in it is compressed (gzip, zlib) or in strings that Python split over lines."""
    yield data
    for magic, bits in (
        (b"\x1f\x8b\x08", 31),
        (b"\x78\x01", 15),
        (b"\x78\x5e", 15),
        (b"\x78\x9c", 15),
        (b"\x78\xda", 15),
    ):
        at = data.find(magic)
        while at >= 0:
            with contextlib.suppress(zlib.error):
                yield zlib.decompressobj(bits).decompress(data[at:], 1 << 20)
            at = data.find(magic, at + 1)
    if b"\n" in data:
        yield data.replace(b"\n", b"").replace(b" ", b"").replace("│".encode(), b"").replace(b"'", b"")


def found(data: bytes, spelled: dict[str, tuple[bytes, ...]]) -> list[str]:
    """Return the spellings that stand in the data; one entry for each, so that each search counts."""
    texts = list(unpacked(data))
    return [name for name, ways in spelled.items() if any(way in text for way in ways for text in texts)]


class Nets:
    """Everything that was gathered, by the name of its place."""

    def __init__(self) -> None:
        self.places: dict[str, bytes] = {}

    def put(self, name: str, data: bytes | str) -> None:
        text = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
        number = sum(key.startswith(name) for key in self.places)
        self.places[f"{name} ({number})" if number else name] = text

    def add(self, name: str, data: bytes) -> None:
        """Keep more of one place."""
        self.places[name] = self.places.get(name, b"") + data + b"\0"

    def folder(self, path: Path) -> None:
        """Names, link targets and contents of all files."""
        for root, folders, names in os.walk(path):
            for name in (*folders, *names):
                place = Path(root) / name
                self.put(f"name {place}", os.fsencode(place))
                if place.is_symlink():
                    self.put(f"link {place}", os.fsencode(place.readlink()))
                elif place.is_file():
                    self.put(f"file {place}", place.read_bytes())

    def process(self, pid: int) -> None:
        """A process's arguments and environment, as every process of the same user sees them; its children's too."""
        for what in ("cmdline", "environ"):
            try:
                self.put(f"{what} of a process", Path(f"/proc/{pid}/{what}").read_bytes())
            except OSError:
                continue
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            return
        for child in children:
            self.process(int(child))

    def error(self, error: BaseException) -> None:
        """An exception's text, and its tracebacks as Python and rich show them with all locals."""
        from rich.console import Console
        from rich.traceback import Traceback

        self.put("text of an error", f"{error}\n{error!r}\n{error.args!r}")
        for shown in traceback.TracebackException.from_exception(error, capture_locals=True).format():
            self.put("traceback with locals", shown)
        screen = io.StringIO()
        drawn = Traceback.from_exception(
            type(error),
            error,
            error.__traceback__,
            show_locals=True,
            locals_max_string=None,
            locals_max_length=None,
            width=4000,
        )
        Console(file=screen, width=4000).print(drawn)
        self.put("rich traceback with locals", screen.getvalue())


class Log(logging.Handler):
    """Everything that is logged by anybody, at every level, with its arguments."""

    def __init__(self, nets: Nets) -> None:
        super().__init__(logging.NOTSET)
        self._nets = nets

    def emit(self, record: logging.LogRecord) -> None:
        text = f"{record.getMessage()} {record.args!r} {record.__dict__!r}"
        self._nets.add(f"log of {record.name}", text.encode("utf-8", "surrogateescape"))


def packed(text: str) -> bytes:
    """Return a text compressed, for the leaks that are planted."""
    return gzip.compress(text.encode())
