"""Which index an upload goes to, told from an address or from the name of a configured repository."""

from __future__ import annotations

import re

from keyless.model.workflow import Target
from keyless.workflows.expressions import embedded, values
from keyless.workflows.scope import Binding, FromText, Opaque, static, trace

_TEST = re.compile(r"test[-_.]?pypi|pypi[-_.]?test|^test$|testpypi", re.IGNORECASE)
_PYPI_HOST = re.compile(
    r"^(?:https?://)?(?:upload\.|www\.)?(?:pypi\.(?:python\.)?org|pypi\.io)(?:[:/]|$)", re.IGNORECASE
)
_TEST_HOST = re.compile(
    r"^(?:https?://)?(?:upload\.)?(?:test\.?pypi\.(?:python\.)?org|testpypi\.python\.org)(?:[:/]|$)", re.IGNORECASE
)
_HOST = re.compile(r"https?://[\w.:-]+/", re.IGNORECASE)
_PYPI_NAME = re.compile(r"^(?:pypi|main|release|pypirelease|distutils|server-login)?$", re.IGNORECASE)


def of_address(text: str) -> Target:
    """Return the index that an upload address, or a repository's name, stands for."""
    text = text.strip().strip("\"'")
    if _TEST_HOST.match(text):
        return Target.TESTPYPI
    if _PYPI_HOST.match(text):
        return Target.PYPI
    if "://" in text:
        return Target.OTHER
    if _TEST.search(text):
        return Target.TESTPYPI
    return Target.PYPI if _PYPI_NAME.match(text) else Target.OTHER


def target(binding: Binding | None, default: Target = Target.PYPI) -> Target:
    """Return the index for a value as it is given; DEPENDS where an expression decides between several."""
    if binding is None or not binding.text.strip():
        return default
    known = static(binding)
    if known is not None:
        return together({of_address(text) if text.strip() else default for text in known})
    host = _HOST.match(binding.text.strip())
    if host is not None:
        return of_address(host[0])
    found = {of_address(s.text) for s in trace(binding) if isinstance(s, FromText)}
    if _conditional(binding):
        found.add(default)
    opaque = any(isinstance(s, Opaque) or not isinstance(s, FromText) for s in trace(binding))
    return Target.DEPENDS if opaque or not found else together(found)


def _conditional(binding: Binding) -> bool:
    """Whether the value may be empty: `condition && 'address'`, or `condition && 'address' || ''`."""
    return (
        any(
            not getattr(value, "value", "x")
            for part in embedded(binding.text)
            if part.expression is not None
            for value in values(part.expression)
        )
        and "||" not in binding.text
    )


def together(found: set[Target]) -> Target:
    """Return the one target, or DEPENDS."""
    return found.pop() if len(found) == 1 else Target.DEPENDS
