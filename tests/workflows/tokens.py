"""Tokens of real length and form, made as real macaroons."""

from __future__ import annotations

from pypitoken import Token


def token(domain: str = "pypi.org") -> str:
    """Return a project token of 200 characters and more, as the index makes them."""
    made = Token.create(domain=domain, identifier="0f7fa9a3-9d3b-4f0e-8d6c-1b5d5c8a7e21", key="a key of the test")
    made.restrict(legacy_project_names=["a-project-of-some-length"])
    return made.dump()
