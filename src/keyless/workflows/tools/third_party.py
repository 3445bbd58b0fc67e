"""Any other action that is handed a credential under a name of PyPI's: an input or a variable says what it is for."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from keyless.model.workflow import Target
from keyless.workflows.expressions import embedded
from keyless.workflows.targets import target, together
from keyless.workflows.tools.base import Given, StepView, Upload, given

_PASSWORD = re.compile(
    r"(?:test)?[-_]?pypi[-_]?\w*?(?:token|pass|key|secret|auth|credential)|twine[-_]?(?:pass|token)|"
    r"(?:uv_publish|poetry_pypi|maturin_pypi|pypirc|hatch_index|flit_pass|pdm_publish)|^pypi$",
    re.IGNORECASE,
)
_USERNAME = re.compile(r"pypi\w*[-_]?(?:user|login)|(?:twine|flit|maturin)[-_]?user", re.IGNORECASE)
_PUBLISHER = re.compile(r"pypi|twine|poetry|python[-_]?(?:package|publish|release)|publish[-_]?python", re.IGNORECASE)
_GENERIC = re.compile(
    r"^(?:(?:publish[-_]?)?(?:registry|repository|repo|index)[-_]?|api[-_]?|publish[-_]?)?"
    r"(?:token|password|passwd|pass|key)$",
    re.IGNORECASE,
)
_GENERIC_USER = re.compile(r"^(?:(?:publish[-_]?)?(?:registry|repository|repo)[-_]?)?user(?:name)?$", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?:repository|index|pypi|upload|publish)[-_]?(?:url|server|name)?$|twine_repository", re.IGNORECASE
)
_UPLOADERS = re.compile(r"^(?:TWINE|UV_PUBLISH|POETRY_(?:PYPI|HTTP)|FLIT|HATCH_INDEX|PDM_PUBLISH|MATURIN)_")
"""How the variables of uploading tools begin."""
_SETUP = re.compile(r"^actions/|^pypa/gh-action-pypi-publish$|setup-|cibuildwheel")


class ThirdParty:
    """What remains when no tool of this folder knows the action."""

    name = "action"

    def find(self, step: StepView) -> Iterable[Upload]:
        """Yield one upload for an action that is handed a credential of PyPI's by name."""
        if step.uses is not None and not step.uses.local and not _SETUP.search(step.uses.name):
            yield from handed_over(step)


def handed_over(step: StepView) -> Iterable[Upload]:
    """Yield an upload where a step's action gets what is named as PyPI's credential, by input or variable."""
    assert step.uses is not None
    publishes = bool(_PUBLISHER.search(step.uses.name))
    found = tuple(
        Given(kind, "with", name, binding)
        for name, binding in step.inputs.items()
        if (kind := role(name, publishes=publishes)) and embedded(binding.text)
    )
    for name, binding in step.scope.env.items():
        kind = role(name)
        if kind and binding.level == "step" and " " not in name:  # what `poetry config` stored reaches no action
            found += given(kind, "env", name, binding)
    if any(g.role == "password" for g in found):
        yield Upload(step.uses.name, _index(step, found), found, "action")


def inherited(step: StepView) -> Iterable[Upload]:
    """Yield an upload where a step's action is given an uploader's credential by its job's variables alone."""
    assert step.uses is not None
    own = {name: b for name, b in step.scope.env.items() if b.level == "job" and _UPLOADERS.match(name)}
    found = tuple(Given(kind, "env", name, binding) for name, binding in own.items() if (kind := role(name)))
    if any(g.role == "password" and g.binding.text.strip() for g in found):
        addresses = {target(binding) for name, binding in own.items() if _ADDRESS.search(name)}
        yield Upload(step.uses.name, together(addresses) if addresses else _index(step, found), found, "action")


@lru_cache(maxsize=4096)
def role(name: str, *, publishes: bool = False) -> str:
    """Return "password" or "username" for a name that says PyPI (or, in a publishing action, any such name), else ""."""
    if _USERNAME.search(name):
        return "username"
    if _PASSWORD.search(name) or (publishes and _GENERIC.match(name)):
        return "password"
    return "username" if publishes and _GENERIC_USER.match(name) else ""


def _index(step: StepView, found: tuple[Given, ...]) -> Target:
    addresses = [b for name, b in step.inputs.items() if _ADDRESS.search(name) and not _PASSWORD.search(name)]
    if addresses:
        return together({target(address) for address in addresses})
    return index_by_name([given_.name for given_ in found if given_.role == "password"])


def index_by_name(names: Iterable[str]) -> Target:
    """Return the index that the names of credentials suggest: TestPyPI where each says test, else PyPI."""
    test = {bool(re.search("test", name, re.IGNORECASE)) for name in names}
    return Target.DEPENDS if len(test) == 2 else Target.TESTPYPI if test == {True} else Target.PYPI
