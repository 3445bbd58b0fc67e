"""Publish sites: each upload of each step, with its credentials traced to their sources."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from keyless.model.workflow import Credential, Place, PublishStep, Target
from keyless.workflows.expressions import embedded, values
from keyless.workflows.inherited import takers
from keyless.workflows.permissions import Granted, granted
from keyless.workflows.scope import FromSecret, FromText, Opaque, Source, static, trace
from keyless.workflows.tools import Given, Upload, uploads
from keyless.workflows.walk import Visit

SELF_TRUSTED = frozenset({"gh-action-pypi-publish", "twine", "uv", "maturin", "pdm"})
"""Tools that can publish trusted by themselves (facts: workflows)."""


@dataclass(frozen=True, slots=True)
class Traced:
    """One given credential and where its value comes from."""

    given: Given
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Site:
    """One upload at one step."""

    visit: Visit
    upload: Upload
    credentials: tuple[Traced, ...]

    @property
    def granted(self) -> Granted:
        """What the publishing job may do; a called job has at most what its caller has."""
        own = granted(self.visit.workflow, self.visit.job)
        if own.level == "default" and self.visit.caller is not None:
            return granted(*self.visit.caller)
        return own

    @property
    def passwords(self) -> tuple[Traced, ...]:
        """The credentials that are a token or password."""
        return tuple(traced for traced in self.credentials if traced.given.role != "username")

    @property
    def place(self) -> Place:
        """Where the step stands."""
        return self.visit.view.place

    @property
    def credential(self) -> Credential:
        """How this upload proves who it is, as far as the text tells."""
        sources = [source for traced in self.passwords for source in traced.sources]
        if any(isinstance(s, (FromSecret, FromText)) or (isinstance(s, Opaque) and s.any_secret) for s in sources):
            conditional = any(_may_be_empty(traced) for traced in self.passwords)
            return Credential.BOTH if conditional and self.granted.id_token else Credential.TOKEN
        if sources:
            return Credential.UNKNOWN
        if self.upload.tool == "gh-action-pypi-publish":
            return Credential.TRUSTED
        trusted = self.upload.tool in SELF_TRUSTED and self.granted.id_token
        return Credential.TRUSTED if trusted else Credential.UNKNOWN

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secrets that the upload reads, password first, each once."""
        ordered = sorted(self.credentials, key=lambda traced: traced.given.role == "username")
        names = (s.name for traced in ordered for s in traced.sources if isinstance(s, FromSecret))
        return tuple(dict.fromkeys(names))

    @property
    def counts(self) -> bool:
        """Whether the upload goes, or may go, to PyPI or TestPyPI."""
        return self.upload.target is not Target.OTHER

    def step(self) -> PublishStep:
        """Return the site as the model says it."""
        environment = self.visit.job.environment
        return PublishStep(
            tool=self.upload.tool,
            place=self.place,
            target=self.upload.target,
            credential=self.credential,
            secrets=self.secrets,
            environment=environment,
            project=self.upload.project,
            reusable=self.visit.workflow.called,
            folder=self.upload.folder,
        )


def _may_be_empty(traced: Traced) -> bool:
    """Whether an expression gives the credential only under a condition."""
    return any(
        not getattr(value, "value", "x")
        for part in embedded(traced.given.binding.text)
        if part.expression is not None
        for value in values(part.expression)
    ) and not any(isinstance(source, Opaque) for source in traced.sources)


def sites(seen: Sequence[Visit]) -> Iterator[Site]:
    """Yield every upload that the workflows make. A composite action's stand at the step that uses it."""
    found = [(visit, upload) for visit in seen for upload in uploads(visit.view)]
    for visit, upload in (*found, *takers(seen, [visit for visit, _ in found])):
        yield Site(visit, upload, tuple(Traced(given, trace(given.binding)) for given in upload.given))


def collisions(site: Site, others: Sequence[Site]) -> list[Site]:
    """Return the uploads of the same job that go to the other of the two indexes."""
    both = {Target.PYPI, Target.TESTPYPI}
    return [
        other
        for other in others
        if (other.visit.workflow.path, other.visit.job.id) == (site.visit.workflow.path, site.visit.job.id)
        and {site.upload.target, other.upload.target} == both
    ]


RIGHT_ADDRESSES = "PyPI: leave the line out. TestPyPI: https://test.pypi.org/legacy/ with the slash at its end."


def fault_of_address(site: Site) -> str | None:
    """Return why the address that an upload names takes no uploads, None where it does, or names none."""
    given = site.upload.address
    by_action = site.upload.command is None  # what a command makes of a missing slash is its own affair
    faults = (_fault(text.strip(), slash=by_action) for text in ((static(given) or ()) if given is not None else ()))
    return next(filter(None, faults), None)


def _fault(text: str, *, slash: bool) -> str:
    if not text or text in {"https://upload.pypi.org/legacy/", "https://test.pypi.org/legacy/"}:
        return ""
    if "pypi.python.org" in text:
        return "This address was switched off in 2018."
    if text.rstrip("/").endswith(("test.pypi.org", "upload.pypi.org", "//pypi.org", "simple")):
        return "This is not the address for uploads."
    if text.endswith("/legacy") and slash:
        return "The slash at the end is missing, and the redirect loses the upload."
    return ""
