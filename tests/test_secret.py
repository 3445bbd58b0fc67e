"""A Secret becomes text by one method only, and every other way that Python knows is refused."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import logging
import pickle
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.traceback import Traceback

from keyless.secret import Secret
from tests.tokens.conftest import USER_TOKEN

TEXT = USER_TOKEN.reveal()


def shown(text: str) -> bool:
    """Whether any dozen characters of the token's second half stand in `text`."""
    return any(TEXT[start : start + 12] in text for start in range(len(TEXT) // 2, len(TEXT) - 12))


def test_reveal_gives_the_text_back() -> None:
    assert Secret("x").reveal() == "x"


def test_the_search_of_these_tests_finds_a_leak() -> None:
    assert shown(f"... {TEXT[100:150]} ...")


WAYS = {
    "str": str,
    "format": lambda secret: f"{secret}",
    "format with a width": lambda secret: f"{secret:>300}",
    "percent": lambda secret: "%s" % secret,  # noqa: UP031
    "str.format": lambda secret: "{}".format(secret),  # noqa: UP032, PLW0108
    "bytes": bytes,
    "iter": list,
    "star": lambda secret: [*secret],
    "index": lambda secret: secret[0],
    "slice": lambda secret: secret[:4],
    "contains": lambda secret: "pypi" in secret,
    "plus": lambda secret: secret + "",
    "plus from the right": lambda secret: "" + secret,
    "join": lambda secret: "".join([secret]),  # noqa: FLY002
    "times": lambda secret: secret * 1,
    "int": int,
    "encode": lambda secret: secret.encode(),
    "json": json.dumps,
    "json within": lambda secret: json.dumps({"a": [secret]}),
    "pickle": pickle.dumps,
    "pickle of old": lambda secret: pickle.dumps(secret, protocol=0),
    "getstate": lambda secret: secret.__getstate__(),
    "reduce": lambda secret: secret.__reduce__(),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "asdict": lambda secret: dataclasses.asdict(Holder(secret)),
    "vars": vars,
    "hash": hash,
    "set": lambda secret: {secret},
    "less": lambda secret: secret < secret,  # noqa: PLR0124
    "write": lambda secret: io.StringIO().write(secret),
    "setattr": lambda secret: setattr(secret, "x", 1),
    "setattr of the text": lambda secret: setattr(secret, "_Secret__text", ""),
    "delattr": lambda secret: delattr(secret, "_Secret__text"),
    "class": lambda secret: setattr(secret, "__class__", str),
    "init again": lambda secret: secret.__init__("other"),
}


@dataclasses.dataclass
class Holder:
    """A dataclass with a secret in it."""

    secret: Secret


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_way_of_turning_it_into_something_else_is_refused_without_showing_it(way: object) -> None:
    secret = Secret(TEXT)
    with pytest.raises((TypeError, AttributeError)) as caught:
        way(secret)  # type: ignore[operator]
    assert not shown("".join(traceback.format_exception(caught.value)))
    assert secret == USER_TOKEN


def test_its_repr_says_only_that_it_is_one() -> None:
    assert repr(Secret(TEXT)) == ascii(Secret(TEXT)) == "<Secret: hidden>"
    assert repr([Holder(Secret(TEXT))]).endswith("Holder(secret=<Secret: hidden>)]")


def test_two_with_the_same_text_are_equal_and_no_str_ever_is() -> None:
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret(TEXT[:-1])
    assert Secret(TEXT) != TEXT
    assert Secret(TEXT) != TEXT
    assert Secret("") != None  # noqa: E711


@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
def test_equality_is_that_of_the_text_for_any_text(one: str, two: str) -> None:
    assert (Secret(one) == Secret(two)) is (one == two)
    assert (len(Secret(one)), bool(Secret(one))) == (len(one), bool(one))


def test_undecodable_input_compares_without_an_error_that_quotes_it() -> None:
    assert Secret("\udcff" + TEXT) == Secret("\udcff" + TEXT)
    assert Secret("\udcff" + TEXT) != Secret("\udcfe" + TEXT)


@pytest.mark.parametrize("wrong", [TEXT.encode(), 5, None, [TEXT], type("Text", (str,), {})(TEXT)])
def test_only_a_plain_str_goes_in_and_a_refusal_shows_nothing(wrong: object) -> None:
    with pytest.raises(TypeError, match="holds a str") as caught:
        Secret(wrong)  # type: ignore[arg-type]
    frames = traceback.TracebackException.from_exception(caught.value, capture_locals=True).stack
    assert not shown(str([frame.locals for frame in frames if frame.name == "__init__"]))


def test_it_has_no_subclasses() -> None:
    with pytest.raises(TypeError, match="no subclasses"):
        type("Loud", (Secret,), {})


def test_it_has_no_dict_and_no_weak_references() -> None:
    assert not hasattr(Secret(TEXT), "__dict__")
    with pytest.raises(TypeError):
        __import__("weakref").ref(Secret(TEXT))


def test_logging_never_shows_it() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.handleError = lambda record: stream.write(repr(record.args))  # type: ignore[method-assign, assignment]
    logger = logging.Logger("x")  # noqa: LOG001  # not the root's
    logger.addHandler(handler)
    logger.error("%s", Secret(TEXT))
    logger.error("%r", Secret(TEXT))
    logger.error(Secret(TEXT))
    assert "hidden" in stream.getvalue()
    assert not shown(stream.getvalue())


def fail(secret: Secret) -> None:
    """Fail with a secret among the locals."""
    held = [secret, {"secret": secret}, Holder(secret)]
    raise RuntimeError(len(held))


def test_tracebacks_with_locals_never_show_it() -> None:
    try:
        fail(Secret(TEXT))
    except RuntimeError as error:
        console = Console(file=io.StringIO(), width=400)
        console.print(Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True))
        frames = traceback.TracebackException.from_exception(error, capture_locals=True)
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert "hidden" in printed
    assert not shown(printed)
    assert not shown("".join(frames.format()))
