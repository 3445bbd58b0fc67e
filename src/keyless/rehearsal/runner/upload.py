"""The legacy upload, as twine and uv send it, and where an upload's address leads inside a rehearsal."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.parser import BytesParser
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from keyless.model.index import Index
from keyless.rehearsal.runner.job import Services
from keyless.rehearsal.store import Document
from keyless.secret import Secret

if TYPE_CHECKING:
    import httpx

DEFAULT = "https://upload.pypi.org/legacy/"
_HOSTS = {
    "pypi.org": Index.PYPI,
    "upload.pypi.org": Index.PYPI,
    "pypi.python.org": Index.PYPI,
    "test.pypi.org": Index.TESTPYPI,
    "upload.test.pypi.org": Index.TESTPYPI,
    "testpypi.python.org": Index.TESTPYPI,
}


class Refused(Exception):
    """The index did not take a file: its status and its words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status} {words}")
        self.status, self.words = status, words

    @property
    def exists_already(self) -> bool:
        """Say whether it was refused only because the file is there."""
        return self.status in (400, 409) and "already exists" in self.words.lower()


class Unreachable(Exception):
    """There is no such host, or it did not answer."""


@dataclass(frozen=True, slots=True)
class Destination:
    """An upload's address as the workflow writes it, and where it is in the rehearsal. `index` None: some other."""

    written: str
    index: Index | None
    upload: str
    base: str
    """Scheme and host, without a final slash: where `/_/oidc/…` is asked for."""


def destination(written: str, services: Services) -> Destination:
    """Return where an address of the real world leads. The path stays as it was written, also where it is wrong."""
    parts = urlsplit(written)
    for index in Index:
        mine = services.addresses.index(index)
        if _HOSTS.get(parts.hostname or "") is index or parts.netloc == urlsplit(mine.upload).netloc:
            here = urlsplit(mine.upload)
            base = f"{here.scheme}://{here.netloc}"
            return Destination(written, index, base + parts.path, base)
    return Destination(written, None, written, f"{parts.scheme}://{parts.netloc}")


def client(services: Services) -> httpx.AsyncClient:
    """Return a client that reaches the simulated services and nothing else."""
    import httpx

    return httpx.AsyncClient(transport=services.transport(), trust_env=False, timeout=30, follow_redirects=False)


async def upload(
    services: Services,
    to: Destination,
    filename: str,
    content: bytes,
    *,
    user: str,
    password: Secret,
    attestations: Sequence[Document] = (),
) -> None:
    """Upload one file. Raises Refused for an answer that is not success, Unreachable for none."""
    import httpx

    form = form_of(filename, content)
    if attestations:
        form["attestations"] = json.dumps(list(attestations))
    files = {"content": (filename, content, "application/octet-stream")}
    try:
        async with client(services) as session:
            auth = httpx.BasicAuth(user, password.reveal())
            response = await session.post(to.upload, data=form, files=files, auth=auth)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise Unreachable(f"{to.written}: {type(error).__name__}") from error
    if response.status_code not in (200, 201, 204):
        raise Refused(response.status_code, words(response))


def form_of(filename: str, content: bytes) -> dict[str, str | list[str]]:
    """Return the form's fields for a distribution, from its own metadata."""
    metadata = BytesParser().parsebytes(_metadata(filename, content))
    form: dict[str, str | list[str]] = {
        ":action": "file_upload",
        "protocol_version": "1",
        "filetype": "bdist_wheel" if filename.endswith(".whl") else "sdist",
        "pyversion": filename.split("-")[2] if filename.endswith(".whl") else "source",
        "sha256_digest": hashlib.sha256(content).hexdigest(),
        "blake2_256_digest": hashlib.blake2b(content, digest_size=32).hexdigest(),
    }
    for header in ("Metadata-Version", "Name", "Version", "Summary", "Requires-Python"):
        value = metadata.get(header)
        if value is not None:
            form[header.lower().replace("-", "_")] = str(value)
    return form


def _metadata(filename: str, content: bytes) -> bytes:
    if filename.endswith(".whl"):
        with zipfile.ZipFile(io.BytesIO(content)) as wheel:
            inside = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
            return wheel.read(inside)
    with tarfile.open(fileobj=io.BytesIO(content)) as sdist:
        entry = sdist.extractfile(next(name for name in sdist.getnames() if name.endswith("/PKG-INFO")))
        return entry.read() if entry else b""


def words(response: httpx.Response) -> str:
    """Return what an index says about a refusal: its reason phrase, or the text of its page."""
    plain = unescape(re.sub(r"<[^>]+>", " ", response.text))
    text = " ".join(plain.split())[:1000]
    reason = response.reason_phrase
    if reason and reason.lower() not in text.lower():
        text = f"{reason} {text}".strip()
    return text.removeprefix(str(response.status_code)).strip()


def distributions(workspace: Mapping[str, bytes], folder: str) -> dict[str, bytes]:
    """Return the wheels and sdists that lie directly in `folder`, by file name."""
    start = folder.strip("/").removeprefix("./")
    found = {}
    for path, content in sorted(workspace.items()):
        head, _, name = path.rpartition("/")
        if head == start and name.endswith((".whl", ".tar.gz")):
            found[name] = content
    return found
