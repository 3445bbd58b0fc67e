"""Secret: a box for a token or a passphrase. It is not a `str`, and it refuses every way of becoming one but `reveal`.

A `str` subclass would be no protection: tracebacks, `json` and `+` slice the underlying text. CPython cannot wipe memory
for certain, so nothing here claims that; the aim is that text never reaches an output, a file or an argument list.
"""

from __future__ import annotations

import hmac
from typing import Final, NoReturn, final

_REFUSAL: Final = "a Secret does not turn into text; call reveal() in the one line that needs it"


@final
class Secret:
    """Holds text that must not be shown. Two secrets compare in constant time; a `str` never equals one."""

    __slots__ = ("__text",)
    __text: str

    def __init__(self, text: str) -> None:
        if hasattr(self, "_Secret__text"):
            del text  # a traceback that shows locals must not show it
            raise TypeError("a Secret does not change")
        if type(text) is not str:
            kind = type(text).__name__
            del text
            raise TypeError(f"a Secret holds a str, not {kind}")
        object.__setattr__(self, "_Secret__text", text)

    def __init_subclass__(cls) -> NoReturn:
        raise TypeError("a Secret has no subclasses")

    def reveal(self) -> str:
        """Return the text. The caller hands it straight to its one purpose and keeps no copy."""
        return self.__text

    def __len__(self) -> int:
        return len(self.__text)

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        # "surrogatepass": a lone surrogate (undecodable input) must not end in an error that quotes the text
        mine, theirs = self.reveal(), other.reveal()
        return hmac.compare_digest(mine.encode("utf-8", "surrogatepass"), theirs.encode("utf-8", "surrogatepass"))

    __hash__ = None  # type: ignore[assignment]  # a hash would be an oracle and a reason to put it in a set

    def __repr__(self) -> str:
        return "<Secret: hidden>"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise TypeError("a Secret does not change")

    def __delattr__(self, name: str) -> NoReturn:
        raise TypeError("a Secret does not change")

    def __str__(self) -> NoReturn:
        raise TypeError(_REFUSAL)

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError(_REFUSAL)

    def __bytes__(self) -> NoReturn:
        raise TypeError(_REFUSAL)

    def __iter__(self) -> NoReturn:
        raise TypeError(_REFUSAL)

    def __copy__(self) -> NoReturn:
        raise TypeError("a Secret is not copied")

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError("a Secret is not copied")

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret is not pickled")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")
