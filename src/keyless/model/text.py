"""Text from outside, made fit to be shown: nothing in it moves a cursor, hides a word or carries a credential."""

from __future__ import annotations

import re
from typing import Final

# C0 and C1 controls, invisible and direction-changing characters (Unicode's "Trojan Source" set), line separators,
# lone surrogates (no encoding takes them), and the tag characters that hide text inside text.
_UNSAFE: Final = (
    "\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e0fff"
)
_IN_A_LINE: Final = re.compile(f"[{_UNSAFE}]")
_IN_LINES: Final = re.compile(f"(?![\n\t])[{_UNSAFE}]")
# Every PyPI macaroon begins with the bytes 02 01, so "AgE"; GitHub's prefixes are from its own documentation.
_CREDENTIAL: Final = re.compile(r"(pypi-AgE|gh[pousr]_|github_pat_)[A-Za-z0-9_-]{8,}")


def clean(text: str, *, lines: bool = False) -> str:
    """Return `text` with every control, invisible or direction-changing character as a visible escape.

    `lines` leaves line feeds and tabs. A text that looks like a PyPI or GitHub token keeps only its prefix: this is the
    last net under outputs, not the reason why tokens do not get there.
    """
    visible = (_IN_LINES if lines else _IN_A_LINE).sub(lambda found: _escape(found.group()), text)
    return hide_credentials(visible)


def hide_credentials(text: str) -> str:
    """Return `text` with what looks like a PyPI or GitHub token cut down to its prefix."""
    return _CREDENTIAL.sub(lambda found: f"{found.group(1)}(hidden)", text)


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with what it counts: "1 file", "2 files"."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
