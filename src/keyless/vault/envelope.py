"""A backup's file as bytes: a magic line, a header line, a body line. docs/backup-format.md says it for other readers."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from keyless.model import codec
from keyless.model.backup import BackupContents, BackupHeader, BackupSubject, Lease
from keyless.model.codec import Json
from keyless.vault import cipher, slots
from keyless.vault.canonical import canonical, decoded64, encoded64, parsed
from keyless.vault.refusal import Reason, Refusal, damaged
from keyless.vault.slots import Slot

VERSION: Final = 1
MAGIC: Final = b"keyless backup v1 - sealed; docs/backup-format.md says how to open it\n"
LARGEST: Final = 16 << 20
"""Bytes of a whole file: workflows before and after, and some tokens, are far below."""
LARGEST_HEADER: Final = 64 << 10
_ID: Final = re.compile(r"[0-9a-f]{16}")
_VERSIONED: Final = re.compile(rb"keyless backup v([0-9]{1,6})\b")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A backup as it lies on the disk. `body` is the sealed contents: nonce, ciphertext, tag."""

    id: str
    subject: BackupSubject
    lease: Lease
    slots: tuple[Slot, ...]
    body: bytes = field(repr=False)

    @property
    def header(self) -> BackupHeader:
        """What it says of itself: a claim, until it was opened."""
        return BackupHeader(VERSION, self.id, self.subject, self.lease, tuple(slot.words for slot in self.slots))


def seal(header: Envelope, data_key: bytes, contents: BackupContents) -> Envelope:
    """Return `header` with the contents sealed as its body, bound to every byte before it."""
    message = canonical(codec.encode(contents, reveal=True))
    body = cipher.seal(data_key, message, _head(header))
    return Envelope(header.id, header.subject, header.lease, header.slots, body)


def open_(envelope: Envelope, data_key: bytes) -> BackupContents:
    """Return the contents. Raises Refusal when any byte of header or body is not as it was sealed."""
    try:
        message = cipher.open_(data_key, envelope.body, _head(envelope))
    except cipher.NotAuthentic:
        raise damaged("its contents do not belong to its header, or were changed") from None
    try:
        contents = codec.decode(BackupContents, parsed(message))
    except codec.CodecError as error:
        raise damaged(f"its contents do not fit this version ({error})") from None
    if contents.subject != envelope.subject:
        raise damaged("its contents are for something else than its header says")
    return contents


def to_bytes(envelope: Envelope) -> bytes:
    """Return the file's bytes."""
    return _head(envelope) + encoded64(envelope.body).encode() + b"\n"


def from_bytes(data: bytes) -> Envelope:
    """Return the envelope of a file. Raises Refusal unless there is exactly one way to write these bytes."""
    _check_magic(data)
    lines = data[len(MAGIC) :].split(b"\n")
    if len(lines) != 3 or lines[2]:
        raise damaged("it was cut, or something was added")
    if len(lines[0]) > LARGEST_HEADER:
        raise damaged("its header is too long")
    envelope = _envelope(parsed(lines[0]), decoded64(lines[1].decode("ascii", errors="replace")))
    if to_bytes(envelope) != data:
        raise damaged("its text is not as it was written")
    return envelope


def _check_magic(data: bytes) -> None:
    if data.startswith(MAGIC):
        return
    versioned = _VERSIONED.match(data)
    if versioned is None:
        raise Refusal(Reason.NOT_A_BACKUP, "This file is no backup of keyless.")
    version = int(versioned[1])
    if version == VERSION:
        raise damaged("its first line was changed")
    raise Refusal(Reason.VERSION, f"The backup is of version {version}, and this keyless knows version {VERSION} only.")


def _head(envelope: Envelope) -> bytes:
    """Return the magic and the header line: the associated data of the body."""
    header: dict[str, Json] = {
        "id": envelope.id,
        "lease": codec.encode(envelope.lease),
        "slots": [slots.to_json(slot) for slot in envelope.slots],
        "subject": codec.encode(envelope.subject),
    }
    return MAGIC + canonical(header) + b"\n"


def _envelope(header: Json, body: bytes) -> Envelope:
    match header:
        case {"id": str(id_), "lease": lease, "slots": list(listed), "subject": subject, **rest} if not rest:
            if not _ID.fullmatch(id_):
                raise damaged("its id is none")
            if not 1 <= len(listed) <= slots.MOST:
                raise damaged(f"it has {len(listed)} key slots")
            try:
                return Envelope(
                    id_,
                    codec.decode(BackupSubject, subject),
                    codec.decode(Lease, lease),
                    tuple(slots.from_json(slot) for slot in listed),
                    body,
                )
            except codec.CodecError as error:
                raise damaged(f"its header does not fit this version ({error})") from None
    raise damaged("its header holds other fields than it should")
