"""R12: wrong, empty, long and odd passphrases: the right one opens in any Unicode form, no other does, none destroys."""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from keyless.errors import KeylessError
from keyless.model.realm import Realm
from keyless.secret import Secret
from keyless.vault import PassphraseKey, PassphraseUnlock, Vault
from tests.vault.conftest import LEASE, NOW, contents

WORDS = "naïve Ångström 가 パスワード"
MEGABYTE = "x" * (1 << 20)

OPEN = {
    "as it is": (WORDS, WORDS),
    "decomposed": (WORDS, unicodedata.normalize("NFD", WORDS)),
    "sealed decomposed": (unicodedata.normalize("NFD", WORDS), WORDS),
    "a line end that belongs to it": ("a\n", "a\n"),
    "NUL in it": ("a\0b", "a\0b"),
    "only NUL": ("\0", "\0"),
    "one space": (" ", " "),
    "1 MiB": (MEGABYTE, MEGABYTE),
    "emoji": ("🔑🔒", "🔑🔒"),
    "right to left": ("סיסמה", "סיסמה"),
}
REFUSED = {
    "wrong": ("right", "wrong"),
    "empty": ("right", ""),
    "one more letter": ("right", "rightx"),
    "one letter less": ("right", "righ"),
    "other case": ("right", "Right"),
    "newline at the end": ("right", "right\n"),
    "CR LF at the end": ("right", "right\r\n"),
    "space at the end": ("right", "right "),
    "space at the start": ("right", " right"),
    "NUL at the end": ("right", "right\0"),
    "cut at NUL": ("a\0b", "a"),
    "after NUL otherwise": ("a\0b", "a\0c"),
    "1 MiB of something else": ("right", MEGABYTE),
    "1 MiB but the last letter": (MEGABYTE, MEGABYTE[:-1] + "y"),
    "more than 1 MiB": ("right", MEGABYTE + "x"),
    "compatible but not the same letters": ("ﬁne", "fine"),
    "no valid text": ("right", "\udcff"),
    "a Cyrillic letter that looks the same": ("pass", "p\u0430ss"),
}


def cases() -> Iterator[str | None]:
    with tempfile.TemporaryDirectory() as folder:
        vault = Vault(Path(folder) / "v", Realm.REHEARSAL)
        for what, (sealed_with, given) in OPEN.items():
            yield tried(vault, what, sealed_with, given, opens=True)
        for what, (sealed_with, given) in REFUSED.items():
            yield tried(vault, what, sealed_with, given, opens=False)


def tried(vault: Vault, what: str, sealed_with: str, given: str, *, opens: bool) -> str | None:
    header = vault.seal(contents(), LEASE, [PassphraseKey(Secret(sealed_with))])
    path = vault.path(header.id)
    before = path.read_bytes()
    try:
        opened = vault.open(header.id, PassphraseUnlock(Secret(given)), now=NOW)[1] == contents()
    except KeylessError as error:
        opened = False
        if len(given) > 100 and given[:100] in str(error):
            return f"{what}: the message repeats it"
    if opened is not opens:
        return f"{what}: {'opened' if opened else 'refused'}"
    if path.read_bytes() != before:
        return f"{what}: the file changed"
    if vault.open(header.id, PassphraseUnlock(Secret(sealed_with)), now=NOW)[1] != contents():
        return f"{what}: the right one does not open it afterwards"
    vault.shred(header.id)
    return None
