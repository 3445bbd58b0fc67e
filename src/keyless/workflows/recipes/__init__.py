"""How each tool's upload becomes a trusted one: one function per tool, from a site to operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from keyless.workflows.changes import Operation
from keyless.workflows.recipes.keep import maturin, plain, publish_action, twine_is_new, uv
from keyless.workflows.recipes.replace import by_action, poetry_publish
from keyless.workflows.sites import Site


def _twine(site: Site) -> list[Operation]:
    return plain(site) if twine_is_new(site) else by_action(site)


RECIPES: Mapping[str, Callable[[Site], list[Operation]]] = {
    "gh-action-pypi-publish": publish_action,
    "uv": uv,
    "maturin": maturin,
    "pdm": plain,
    "twine": _twine,
    "poetry": by_action,
    "flit": by_action,
    "hatch": by_action,
    "setuptools": by_action,
    "poetry-publish": poetry_publish,
}
