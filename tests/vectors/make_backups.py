"""Makes backups-v1.json. The vectors are frozen: run this only to add some, and never to change what is there.

python -m tests.vectors.make_backups     (adds the ones whose names are new)
"""

# ruff: noqa: RUF009  # a craft never changes its defaults

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from keyless.model import codec
from keyless.model.backup import BackupContents, BackupSubject, KeptSecret, Lease
from keyless.model.github import Repository, SecretEntry, Store, StoreKind
from keyless.model.index import Index
from keyless.secret import Secret
from keyless.vault import Cost, PassphraseKey, RecipientKey, cipher, kdf, new_recipient, slots
from keyless.vault.canonical import canonical, encoded64
from keyless.vault.envelope import MAGIC
from tests.tokens.conftest import USER_TOKEN

PLACE = Path(__file__).with_name("backups-v1.json")
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
END = NOW + timedelta(days=14)
PASSPHRASE = "correct horse battery staple"
PUBLIC, PRIVATE = new_recipient()
OTHER_PUBLIC, OTHER_PRIVATE = new_recipient()
SUBJECT = BackupSubject("real", Repository("acme", "widget"), "20261123-0011aabb", ("widget",), ("PYPI_API_TOKEN",))
ENTRY = SecretEntry(Store(StoreKind.REPOSITORY, "acme", "widget"), "PYPI_API_TOKEN", NOW, NOW)
KEPT = KeptSecret(ENTRY, USER_TOKEN, False, "shown", Index.PYPI, "5e4a7a2f-0c3b-4f6e-9a1d-8b7c6d5e4f30")
Change = Callable[[dict], object]


@dataclass
class Craft:
    """A backup taken apart. `sealed` changes take place before the body is sealed, `late` ones after it."""

    keys: tuple = (RecipientKey(PUBLIC),)
    subject: BackupSubject = SUBJECT
    lease: Lease = Lease(NOW, END)
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    costs: tuple = (kdf.FLOOR,)
    head: Change = lambda header: None
    late: Change = lambda header: None
    inside: Change = lambda contents: None
    message: Callable[[bytes], bytes] = staticmethod(lambda message: message)
    line: Callable[[bytes], bytes] = staticmethod(lambda line: line)
    body: Callable[[bytes], bytes] = staticmethod(lambda body: body)
    spelled: Callable[[str], str] = staticmethod(lambda text: text)
    whole: Callable[[bytes], bytes] = staticmethod(lambda data: data)

    def data(self) -> bytes:
        data_key = secrets.token_bytes(32)
        costs = [*self.costs, *[kdf.FLOOR] * len(self.keys)]
        listed = [
            slots.to_json(slots.wrap(key, data_key, self.id, cost).slot)
            for key, cost in zip(self.keys, costs, strict=False)
        ]
        header = {
            "id": self.id,
            "lease": codec.encode(self.lease),
            "slots": listed,
            "subject": codec.encode(self.subject),
        }
        self.head(header)
        contents = codec.encode(BackupContents(self.subject, (KEPT,), None, "0.1.0"), reveal=True)
        self.inside(contents)
        message = self.message(canonical(contents))
        line = self.line(canonical(header))
        body = self.body(cipher.seal(data_key, message, MAGIC + line + b"\n"))
        self.late(header)
        if self.late is not Craft.late:
            line = canonical(header)
        return self.whole(MAGIC + line + b"\n" + self.spelled(encoded64(body)).encode() + b"\n")


def vector(expect: str, describes: str, data: bytes, **how: object) -> dict:
    """Return a vector. `how` changes what is given to the reader."""
    given = {"realm": "real", "now": codec.encode(NOW), "identity": PRIVATE.reveal(), **how}
    for name in ("passphrase", "identity"):
        if name in how and name == "passphrase":
            given.pop("identity", None)
    return {"name": describes, "expect": expect, "file": data.decode("latin-1"), **given}


def setting(*path: object, to: object) -> Change:
    """Return a change that sets one place of a JSON value; `to` may be a function of what was there."""

    def change(value: dict) -> None:
        for part in path[:-1]:
            value = value[part]
        old = value.get(path[-1]) if isinstance(value, dict) else value[path[-1]]
        value[path[-1]] = to(old) if callable(to) else to

    return change


def flipped(position: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:position] + bytes([data[position] ^ 1]) + data[position:][1:]


def good() -> Iterator[dict]:
    words = PassphraseKey(Secret(PASSPHRASE))
    yield vector("opens", "one recipient", Craft().data())
    yield vector("opens", "one passphrase", Craft(keys=(words,)).data(), passphrase=PASSPHRASE)
    yield vector(
        "opens",
        "a passphrase and a recipient, by the passphrase",
        Craft(keys=(words, RecipientKey(PUBLIC))).data(),
        passphrase=PASSPHRASE,
    )
    yield vector(
        "opens", "a passphrase and a recipient, by the identity", Craft(keys=(words, RecipientKey(PUBLIC))).data()
    )
    yield vector(
        "opens",
        "the second of two passphrases",
        Craft(keys=(PassphraseKey(Secret("x")), words)).data(),
        passphrase=PASSPHRASE,
    )
    yield vector(
        "opens", "the second of two recipients", Craft(keys=(RecipientKey(OTHER_PUBLIC), RecipientKey(PUBLIC))).data()
    )
    yield vector("opens", "eight slots", Craft(keys=(RecipientKey(OTHER_PUBLIC),) * 7 + (RecipientKey(PUBLIC),)).data())
    composed, decomposed = "caf\u00e9 \u00c5ngstr\u00f6m", "cafe\u0301 A\u030angstro\u0308m"
    yield vector(
        "opens",
        "a passphrase in the decomposed form",
        Craft(keys=(PassphraseKey(Secret(composed)),)).data(),
        passphrase=decomposed,
    )
    yield vector(
        "opens",
        "a passphrase sealed in the decomposed form",
        Craft(keys=(PassphraseKey(Secret(decomposed)),)).data(),
        passphrase=composed,
    )
    yield vector(
        "opens", "a passphrase with a line end", Craft(keys=(PassphraseKey(Secret("a\n")),)).data(), passphrase="a\n"
    )
    yield vector(
        "opens", "a passphrase with NUL in it", Craft(keys=(PassphraseKey(Secret("a\0b")),)).data(), passphrase="a\0b"
    )
    yield vector(
        "opens",
        "a passphrase of emoji",
        Craft(keys=(PassphraseKey(Secret("\U0001f511" * 5)),)).data(),
        passphrase="\U0001f511" * 5,
    )
    yield vector(
        "opens",
        "more passes than the floor",
        Craft(keys=(words,), costs=(Cost(19456, 8),)).data(),
        passphrase=PASSPHRASE,
    )
    yield vector(
        "opens",
        "more memory than the floor",
        Craft(keys=(words,), costs=(Cost(65536, 3),)).data(),
        passphrase=PASSPHRASE,
    )
    yield vector(
        "opens", "the last moment of the lease", Craft().data(), now=codec.encode(END - timedelta(microseconds=1))
    )
    yield vector("opens", "expired, and the operator said so", Craft().data(), now=codec.encode(END), past_expiry=True)
    yield vector("opens", "a clock ten years back", Craft().data(), now=codec.encode(NOW - timedelta(days=3650)))
    yield vector("opens", "a lease with microseconds", Craft(lease=Lease(NOW + timedelta(microseconds=5), END)).data())
    yield vector(
        "opens",
        "a rehearsal's",
        Craft(subject=BackupSubject("rehearsal", Repository("a", "b"), "j", (), ())).data(),
        realm="rehearsal",
    )
    odd = BackupSubject("real", Repository("\u00fcber", "\U0001f600\x1b\x7f"), "", ('"\\', "\u2028"), ())
    yield vector("opens", "names beyond ASCII", Craft(subject=odd).data())


def bad_text() -> Iterator[dict]:
    whole = {
        "an empty file": lambda data: b"",
        "some text": lambda data: b"hello\n",
        "the first line alone": lambda data: MAGIC,
        "the first two lines alone": lambda data: data[: data.index(b"\n", len(MAGIC)) + 1],
        "no line end after the first line": lambda data: MAGIC[:-1],
        "a byte order mark": lambda data: b"\xef\xbb\xbf" + data,
        "a space before": lambda data: b" " + data,
    }
    for describes, change in whole.items():
        yield vector(
            "damaged" if "line" in describes else "not-a-backup",
            describes,
            Craft(whole=change).data(),
        )
    yield from (
        vector(
            "unknown-version",
            f"version {n}",
            Craft(whole=lambda data, n=n: data.replace(b" v1 ", f" v{n} ".encode(), 1)).data(),
        )
        for n in (0, 2, 99)
    )
    changes = {
        "another word in the first line": lambda data: data.replace(b"sealed", b"Sealed", 1),
        "line ends of another system": lambda data: data.replace(b"\n", b"\r\n"),
        "no line end at the end": lambda data: data[:-1],
        "one more line end": lambda data: data + b"\n",
        "one more line": lambda data: data + b"x\n",
        "NUL at the end": lambda data: data + b"\0",
        "two backups in one file": lambda data: data + data,
        "the last four characters missing": lambda data: data[:-5] + b"\n",
        "half of the file": lambda data: data[: len(data) // 2],
    }
    for describes, change in changes.items():
        yield vector("damaged", describes, Craft(whole=change).data())


def bad_spelling() -> Iterator[dict]:
    lines = {
        "a space in the header": lambda line: line.replace(b":", b": ", 1),
        "the header's fields in another order": lambda line: json.dumps(
            dict(reversed(json.loads(line).items())), separators=(",", ":")
        ).encode(),
        "a field of the header twice": lambda line: line.replace(b"{", b'{"id":"0000000000000000",', 1),
        "a character beyond ASCII as it is": lambda line: line.replace(b"widget", "w\u00eedget".encode()),
        "an escape where none is needed": lambda line: line.replace(b"acme", b"\\u0061cme"),
        "a header that is a list": lambda line: b"[" + line + b"]",
        "a header that is no JSON": lambda line: line[:-1],
        "a header of brackets": lambda line: b"[" * 60_000,
        "an empty header": lambda line: b"{}",
    }
    for describes, change in lines.items():
        yield vector("damaged", describes, Craft(line=change).data())
    bodies = {
        "a body without its padding": lambda text: text.rstrip("="),
        "a space in the body": lambda text: text[:40] + " " + text[40:],
        "a body in the other alphabet": lambda text: text.replace("+", "-").replace("/", "_"),
        "an empty body": lambda text: "",
        "a body with free bits set": lambda text: text[:-3] + chr(ord(text[-3]) + 1) + "==",
    }
    for describes, change in bodies.items():
        pad = (
            Craft(message=lambda message: message + b" " * ((1 - len(message)) % 3)) if "bits" in describes else Craft()
        )
        pad.spelled = change
        yield vector("damaged", describes, pad.data())


def bad_header() -> Iterator[dict]:
    heads = {
        "one field too many in the header": setting("more", to=1),
        "an id in capitals": setting("id", to=lambda old: "ABCDEF0123456789"),
        "a short id": setting("id", to=lambda old: old[:-1]),
        "an id that is a number": setting("id", to=1234567890123456),
        "no id": lambda header: header.pop("id"),
        "a lease with one field more": setting("lease", "more", to=1),
        "a lease of another type": setting("lease", "type", to="Rent"),
        "a time without a zone": setting("lease", "expires_at", to="2026-12-07T12:00:00"),
        "a time of another spelling": setting("lease", "expires_at", to="2026-12-07T12:00:00+00:00"),
        "a time of another zone": setting("lease", "expires_at", to="2026-12-07T13:00:00+01:00"),
        "a time with needless microseconds": setting("lease", "expires_at", to="2026-12-07T12:00:00.000000Z"),
        "a day instead of a time": setting("lease", "expires_at", to="2026-12-07"),
        "a number instead of a time": setting("lease", "expires_at", to=1796644800),
        "a subject without its journey": lambda header: header["subject"].pop("journey"),
        "a subject that is a text": setting("subject", to="acme/widget"),
        "no slot": setting("slots", to=[]),
        "nine slots": setting("slots", to=lambda old: old * 9),
        "slots that are no list": setting("slots", to=lambda old: {"0": old[0]}),
        "a slot of unknown kind": setting("slots", 0, "kind", to="x448"),
        "a slot with one field more": setting("slots", 0, "more", to=1),
        "a slot without its recipient": lambda header: header["slots"][0].pop("recipient"),
        "a wrapped key that is too short": setting("slots", 0, "wrapped", to=encoded64(bytes(71))),
        "a recipient that is too long": setting("slots", 0, "recipient", to=encoded64(bytes(33))),
        "a wrapped key that is no base64": setting("slots", 0, "wrapped", to="*" * 96),
    }
    for describes, change in heads.items():
        yield vector("damaged", describes, Craft(head=change).data())
    yield vector(
        "damaged",
        "a header longer than 64 KiB",
        Craft(subject=BackupSubject("real", Repository("a", "b"), "j", ("x" * 66_000,), ())).data(),
    )


def bad_cost() -> Iterator[dict]:
    words = (PassphraseKey(Secret(PASSPHRASE)),)
    values = {"memory": (19_455, 1_048_577, 1 << 40, 0, -1), "passes": (1, 9, 1 << 31, 0, -2)}
    for name, wrong in values.items():
        for value in wrong:
            craft = Craft(keys=words, head=setting("slots", 0, name, to=value))
            yield vector("key-derivation-out-of-bounds", f"{name} of {value}", craft.data(), passphrase=PASSPHRASE)
    second = Craft(keys=words * 2, head=setting("slots", 1, "memory", to=1 << 30))
    yield vector(
        "key-derivation-out-of-bounds",
        "a second slot out of bounds beside a good one",
        second.data(),
        passphrase=PASSPHRASE,
    )
    for value in ("19456", True, None, [19_456]):
        craft = Craft(keys=words, head=setting("slots", 0, "memory", to=value))
        yield vector("damaged", f"memory of {json.dumps(value)}", craft.data(), passphrase=PASSPHRASE)
    lower = Craft(keys=words, costs=(Cost(65536, 3),), late=setting("slots", 0, "memory", to=19_456))
    yield vector("wrong-key", "a cost lowered afterwards", lower.data(), passphrase=PASSPHRASE)


def bad_key() -> Iterator[dict]:
    words = Craft(keys=(PassphraseKey(Secret(PASSPHRASE)),))
    for describes, wrong in {
        "another passphrase": "hunter2",
        "the passphrase in capitals": PASSPHRASE.upper(),
        "the passphrase with a line end": PASSPHRASE + "\n",
        "the passphrase with a space before": " " + PASSPHRASE,
        "an identity's text as the passphrase": PRIVATE.reveal(),
    }.items():
        yield vector("wrong-key", describes, words.data(), passphrase=wrong)
    yield vector("wrong-key", "an identity where there is a passphrase slot only", words.data())
    yield vector("wrong-key", "a passphrase where there is a recipient only", Craft().data(), passphrase=PASSPHRASE)
    yield vector("wrong-key", "another identity", Craft().data(), identity=OTHER_PRIVATE.reveal())
    wrapped = slots.to_json(slots.wrap(RecipientKey(PUBLIC), bytes(32), "0123456789abcdef", kdf.FLOOR).slot)
    yield vector("wrong-key", "a slot of another backup", Craft(head=setting("slots", 0, to=wrapped)).data())
    yield vector(
        "wrong-key",
        "an ephemeral key of small order",
        Craft(head=setting("slots", 0, "ephemeral", to=encoded64(bytes(32)))).data(),
    )
    yield vector("wrong-key", "a slot with its id changed", Craft(late=setting("id", to="0123456789abcdef")).data())
    yield vector(
        "wrong-key",
        "a salt changed",
        Craft(keys=words.keys, late=setting("slots", 0, "salt", to=encoded64(bytes(16)))).data(),
        passphrase=PASSPHRASE,
    )


def bad_body() -> Iterator[dict]:
    lates = {
        "a lease lengthened afterwards": setting("lease", "expires_at", to="2036-12-07T12:00:00Z"),
        "another project in the header": setting("subject", "projects", to=["other"]),
        "another owner in the header": setting("subject", "repository", "owner", to="evil"),
        "slots exchanged": setting("slots", to=lambda old: old[::-1]),
        "a slot taken away": setting("slots", to=lambda old: old[:1]),
        "a slot doubled": setting("slots", to=lambda old: [*old, old[0]]),
    }
    pair = (RecipientKey(PUBLIC), RecipientKey(OTHER_PUBLIC))
    for describes, change in lates.items():
        yield vector("damaged", describes, Craft(keys=pair, late=change).data())
    bodies = {
        "a bit of the nonce flipped": flipped(0),
        "a bit of the ciphertext flipped": flipped(60),
        "a bit of the tag flipped": lambda body: body[:-1] + bytes([body[-1] ^ 1]),
        "a byte missing at the end": lambda body: body[:-1],
        "a byte more at the end": lambda body: body + b"\0",
        "nothing but a nonce and a tag": lambda body: bytes(40),
        "less than a tag": lambda body: bytes(12),
    }
    for describes, change in bodies.items():
        yield vector("damaged", describes, Craft(body=change).data())
    first, second = Craft(id="00000000000000aa").data(), Craft(id="00000000000000bb").data()
    cut = len(MAGIC)
    header = first[: first.index(b"\n", cut) + 1]
    yield vector(
        "damaged", "the header of one with the body of another", header + second[second.index(b"\n", cut) + 1 :]
    )
    yield vector(
        "damaged", "contents with a space more", Craft(message=lambda message: message.replace(b":", b": ", 1)).data()
    )
    yield vector("damaged", "contents that are no JSON", Craft(message=lambda message: message[:-1]).data())
    yield vector("damaged", "contents of a later version", Craft(inside=setting("more", to=1)).data())
    yield vector(
        "damaged", "contents without their secrets", Craft(inside=lambda contents: contents.pop("secrets")).data()
    )
    yield vector("damaged", "contents of another type", Craft(inside=setting("type", to="Other")).data())
    yield vector(
        "damaged",
        "contents for something else than the header says",
        Craft(inside=setting("subject", "journey", to="x")).data(),
    )
    yield vector("damaged", "contents that are a list", Craft(message=lambda message: b"[]").data())


def bad_realm_and_time() -> Iterator[dict]:
    rehearsal = Craft(subject=BackupSubject("rehearsal", Repository("a", "b"), "j", (), ()))
    yield vector("other-realm", "a rehearsal's in reality", rehearsal.data())
    yield vector("other-realm", "a real one in a rehearsal", Craft().data(), realm="rehearsal")
    yield vector(
        "other-realm",
        "a realm that there is not",
        Craft(subject=BackupSubject("Real", Repository("a", "b"), "j", (), ())).data(),
    )
    yield vector("expired", "the first moment after the lease", Craft().data(), now=codec.encode(END))
    yield vector("expired", "ten years after the lease", Craft().data(), now=codec.encode(END + timedelta(days=3650)))
    yield vector("expired", "a lease that ended before it began", Craft(lease=Lease(END, NOW)).data())
    yield vector(
        "expired",
        "a clock set back behind a lease that was none",
        Craft(lease=Lease(NOW, NOW)).data(),
        now=codec.encode(NOW - timedelta(days=1)),
    )
    words = Craft(keys=(PassphraseKey(Secret(PASSPHRASE)),))
    yield vector("expired", "expired, by passphrase", words.data(), passphrase=PASSPHRASE, now=codec.encode(END))
    yield vector("wrong-key", "expired, and the wrong passphrase", words.data(), passphrase="no", now=codec.encode(END))


def main() -> None:
    """Add the vectors that are new."""
    known = json.loads(PLACE.read_text()) if PLACE.exists() else []
    names = {each["name"] for each in known}
    makers = (good, bad_text, bad_spelling, bad_header, bad_cost, bad_key, bad_body, bad_realm_and_time)
    new = [each for make in makers for each in make() if each["name"] not in names]
    PLACE.write_text(json.dumps(known + new, indent=1, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main()
