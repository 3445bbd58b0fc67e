"""Tiny distributions that pip and twine accept: what a rehearsal's build step makes. The same input gives the same bytes."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile

from keyless.model.index import normalise

_EPOCH = (2020, 1, 1, 0, 0, 0)
_EPOCH_SECONDS = 1577836800


def metadata(name: str, version: str) -> str:
    """Return the core metadata of a tiny distribution."""
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: Made by a keyless rehearsal\n"


def sdist(name: str, version: str, body: str = "") -> tuple[str, bytes]:
    """Return file name and bytes of a source distribution; `body` makes it differ from another of the same version."""
    stem = f"{_stem(name)}-{version}"
    module = f"VERSION = {version!r}\n{body}"
    members = {
        f"{stem}/PKG-INFO": metadata(name, version),
        f"{stem}/pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "none"\n',
        f"{stem}/{_stem(name)}.py": module,
    }
    tarred = io.BytesIO()
    with tarfile.open(fileobj=tarred, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, text in members.items():
            entry = tarfile.TarInfo(path)
            entry.size, entry.mtime, entry.mode = len(text.encode()), _EPOCH_SECONDS, 0o644
            archive.addfile(entry, io.BytesIO(text.encode()))
    return f"{stem}.tar.gz", gzip.compress(tarred.getvalue(), mtime=0)


def wheel(name: str, version: str, body: str = "") -> tuple[str, bytes]:
    """Return file name and bytes of a pure wheel; `body` makes it differ from another of the same version."""
    info = f"{_stem(name)}-{version}.dist-info"
    members = {
        f"{_stem(name)}.py": f"VERSION = {version!r}\n{body}",
        f"{info}/METADATA": metadata(name, version),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: keyless rehearsal\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    members[f"{info}/RECORD"] = "".join(_record(path, text) for path, text in members.items()) + f"{info}/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in members.items():
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), text)
    return f"{_stem(name)}-{version}-py3-none-any.whl", packed.getvalue()


def _stem(name: str) -> str:
    return normalise(name).replace("-", "_")


def _record(path: str, text: str) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
    return f"{path},sha256={digest},{len(text.encode())}\n"
