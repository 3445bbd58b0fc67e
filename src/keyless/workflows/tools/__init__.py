"""One file per publishing tool; each says which uploads a step makes and with which credential."""

from __future__ import annotations

from collections.abc import Sequence

from keyless.workflows.tools.base import Given, StepView, Tool, Upload
from keyless.workflows.tools.curl import Curl
from keyless.workflows.tools.flit import FLIT
from keyless.workflows.tools.hatch import HATCH
from keyless.workflows.tools.jrubics import PoetryPublish
from keyless.workflows.tools.maturin import Maturin
from keyless.workflows.tools.pdm import PDM
from keyless.workflows.tools.poetry import Poetry
from keyless.workflows.tools.publish_action import PublishAction
from keyless.workflows.tools.rye import RYE
from keyless.workflows.tools.semantic_release import SemanticRelease
from keyless.workflows.tools.setuptools import Setuptools
from keyless.workflows.tools.third_party import ThirdParty
from keyless.workflows.tools.twine import Twine
from keyless.workflows.tools.uv import Uv

__all__ = ["TOOLS", "Given", "StepView", "Tool", "Upload", "may_upload", "uploads"]

TOOLS: Sequence[Tool] = (
    PublishAction(), Twine(), Uv(), Poetry(), FLIT, HATCH, PDM, Maturin(), Setuptools(), SemanticRelease(),
    PoetryPublish(), RYE, Curl(),
)  # fmt: skip
LAST: Tool = ThirdParty()
"""Asked only when no other tool knows the step."""

_VERBS = ("upload", "publish", "release", "deploy", "twine")


def may_upload(script: str) -> bool:
    """Whether a script may upload by itself: no tool here uploads by one that says none of these verbs."""
    lower = script.lower()
    return any(verb in lower for verb in _VERBS)


def uploads(step: StepView) -> tuple[Upload, ...]:
    """Return every upload that a step makes."""
    if step.uses is None and not may_upload(step.script) and not any(step.followed):
        return ()
    found = tuple(upload for tool in TOOLS for upload in tool.find(step))
    return found or tuple(LAST.find(step))
