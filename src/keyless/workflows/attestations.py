"""Which uploads leave attestations beside the files, and which of them stumble over those of another."""

from __future__ import annotations

from keyless.workflows.recipes.keep import twine_is_new
from keyless.workflows.sites import Site

KEPT = frozenset({"uv", "maturin", "pdm"})
"""Tools that go on uploading by themselves, and leave no attestations beside the files."""


def by_action(site: Site) -> bool:
    """Whether the upload is, or becomes, a step of the publish action."""
    tool = site.upload.tool
    return not (tool in KEPT or _by_twine(site))


def collide(one: Site, other: Site) -> bool:
    """Whether the later of two uploads of a job stumbles over what the earlier one leaves.

    Only the publish action writes attestations, and it refuses files that have some. twine passes over them (its
    `_split_inputs`); of the other tools that is not known.
    """
    first, second = sorted((one, other), key=lambda site: site.visit.step.index)
    return by_action(first) and not _by_twine(second)


def _by_twine(site: Site) -> bool:
    return site.upload.tool == "twine" and twine_is_new(site)
