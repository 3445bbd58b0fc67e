"""The uploads of a repository: which workflow job sends files to which index."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from keyless.model.index import Index
from keyless.model.workflow import Analysis, Credential, PublishStep, Target


@dataclass(frozen=True, slots=True)
class Upload:
    """One publish step and one index that it serves. A step whose index depends on an input gives two of them."""

    step: PublishStep
    index: Index

    @property
    def key(self) -> str:
        """Its name in answers and playbooks: `release.yml/publish@pypi`."""
        name = PurePosixPath(self.step.place.path).name
        return f"{name}/{self.step.place.job or '-'}@{self.index.value}"

    @property
    def workflow(self) -> str:
        """The workflow's file name, as a publisher names it."""
        return PurePosixPath(self.step.place.path).name


def uploads(analysis: Analysis) -> tuple[Upload, ...]:
    """Return every upload to PyPI or TestPyPI, TestPyPI first (it is proven first), each key once."""
    found: dict[str, Upload] = {}
    for index in (Index.TESTPYPI, Index.PYPI):
        for step in analysis.publish_steps:
            if step.target.index is index or step.target is Target.DEPENDS:
                upload = Upload(step, index)
                found.setdefault(upload.key, upload)
    return tuple(found.values())


def with_token(analysis: Analysis) -> tuple[PublishStep, ...]:
    """Return the publish steps to PyPI or TestPyPI that hand over, or may hand over, a token."""
    return tuple(
        step
        for step in analysis.publish_steps
        if step.target is not Target.OTHER and step.credential is not Credential.TRUSTED
    )
