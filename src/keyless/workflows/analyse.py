"""analyse: everything that a set of files says about publishing, as one value."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from keyless.model.github import SourceFile
from keyless.model.workflow import Analysis, Credential, Here, MayRead, Place, PublishStep, Reference, SecretRead
from keyless.workflows.findings import diagnose, in_order
from keyless.workflows.library import Library, read
from keyless.workflows.reads import reads
from keyless.workflows.scope import FromSecret, Opaque
from keyless.workflows.sites import Site, sites
from keyless.workflows.unseen import unseen
from keyless.workflows.walk import visits

Placed = TypeVar("Placed", PublishStep, Reference, MayRead, SecretRead)


def analyse(files: Sequence[SourceFile], here: Here | None = None) -> Analysis:
    """Return what the files say: uploads, the secrets they read, what may read a secret, and what to mend.

    Pass .github/workflows, .github/actions and any script already fetched; `wanted` names what else would help.
    `here` says whose files they are, so that calls of the repository by its own name are followed.
    Raises nothing for odd input: a file that cannot be understood is a FileProblem.
    """
    return analyse_library(read(files, here))


def analyse_library(library: Library) -> Analysis:
    """Return the analysis of files that were read already."""
    return combined(list(library.workflows), [analyse_part(library)])


def analyse_part(library: Library) -> Analysis:
    """Return the analysis of some of the files, which `combined` makes one with that of the others."""
    seen = visits(library)
    found = list(sites(seen))
    references = tuple(dict.fromkeys(_references(found)))
    handed = unseen(library, seen, found)
    read = tuple(reads(library))
    named_reads = [one for one in read if isinstance(one, SecretRead)]
    any_secret = [one for one in read if isinstance(one, MayRead)]
    may_read = _once((*_opaque(found), *any_secret, *handed.may_read))
    steps = tuple(_merged([*(site.step() for site in found), *handed.steps]))
    references += tuple(r for r in handed.references if r not in references)
    named = {(m.secret, m.place) for m in may_read}
    return Analysis(
        publish_steps=steps,
        references=references,
        may_read=may_read,
        problems=library.problems,
        findings=tuple(diagnose(library, seen, found)),
        wanted=tuple(dict.fromkeys(path for visit in seen for path in visit.wanted)),
        other_reads=tuple(r for r in _other(named_reads, references) if (r.secret, r.place) not in named),
    )


def combined(order: Sequence[str], parts: Sequence[Analysis]) -> Analysis:
    """Return the analyses of all parts as one, in the order of the files' paths.

    A secret of an upload in one part may be read for something else in another.
    """
    at = {path: number for number, path in enumerate(order)}

    def placed(found: Iterable[Placed]) -> tuple[Placed, ...]:
        return tuple(sorted(found, key=lambda one: at.get(one.place.path, len(at))))

    references = placed(r for part in parts for r in part.references)
    may_read = placed(m for part in parts for m in part.may_read)
    other = placed(r for part in parts for r in part.other_reads)
    return Analysis(
        publish_steps=placed(s for part in parts for s in part.publish_steps),
        references=references,
        may_read=may_read + _unproblematic(other, references, may_read),
        problems=tuple(dict.fromkeys(problem for part in parts for problem in part.problems)),
        findings=in_order(finding for part in parts for finding in part.findings),
        wanted=tuple(dict.fromkeys(path for part in parts for path in part.wanted)),
        other_reads=other,
    )


def _once(found: Iterable[MayRead]) -> tuple[MayRead, ...]:
    """Return each expression at each place once: the first that speaks of it says most."""
    return tuple({(m.place, m.expression, m.secret): m for m in reversed(list(found))}.values())[::-1]


def _references(found: Iterable[Site]) -> Iterator[Reference]:
    for site in found:
        if not site.counts:
            continue
        for traced in site.credentials:
            for source in traced.sources:
                if isinstance(source, FromSecret) and source.name != "GITHUB_TOKEN":
                    yield Reference(source.name, source.place, source.level, traced.given.role, site.upload.target)


def _opaque(found: Iterable[Site]) -> Iterator[MayRead]:
    for site in found:
        for traced in site.passwords if site.counts else ():
            for source in traced.sources:
                if isinstance(source, Opaque) and source.any_secret:
                    yield MayRead(
                        source.expression, source.place, f"the credential of {site.upload.tool}: {source.because}"
                    )


def _merged(steps: Iterable[PublishStep]) -> Iterator[PublishStep]:
    """Yield each step once; one that is seen through several callers has the secrets of all."""
    found: dict[tuple[str, Place, object], PublishStep] = {}
    for step in steps:
        key = (step.tool, step.place, step.target)
        before = found.get(key)
        if before is not None:
            secrets = tuple(dict.fromkeys(before.secrets + step.secrets))
            credential = step.credential if before.credential is Credential.UNKNOWN else before.credential
            step = replace(step, credential=credential, secrets=secrets)  # noqa: PLW2901  # the two made one
        found[key] = step
    yield from found.values()


def _other(reads: Iterable[SecretRead], references: Sequence[Reference]) -> tuple[SecretRead, ...]:
    """Return the reads of secrets that are no credential of an upload."""
    known = {(r.secret, r.place.path, r.place.line) for r in references}
    places = {(r.secret, r.place.path, r.place.job, r.place.step) for r in references if r.place.step is not None}
    return tuple(
        read
        for read in dict.fromkeys(reads)
        if (read.secret, read.place.path, read.place.line) not in known
        and (read.condition or (read.secret, read.place.path, read.place.job, read.place.step) not in places)
    )


def _unproblematic(
    other: Iterable[SecretRead], references: Sequence[Reference], known: Sequence[MayRead]
) -> tuple[MayRead, ...]:
    """A publishing secret that is also read elsewhere: removing it changes something there too."""
    names = {reference.secret for reference in references}
    because = {
        True: "a condition only tests whether it is there",
        False: "it is read for something else than an upload",
    }
    seen = {(m.secret, m.place) for m in known}
    return tuple(
        MayRead(read.expression, read.place, because[read.condition], read.secret)
        for read in other
        if read.secret in names and (read.secret, read.place) not in seen
    )


def uses_token(files: Sequence[SourceFile], workflow_path: str, here: Here | None = None) -> bool | None:
    """Return whether a workflow hands a token to an upload to PyPI or TestPyPI. None: the text does not tell.

    Local reusable workflows that it calls count as part of it.
    """
    library = read(files, here)
    if workflow_path not in library.workflows or any(p.path == workflow_path for p in library.problems):
        return None
    paths = {workflow_path, *_called(library, workflow_path)}
    result = analyse_library(library)
    steps = [s for s in result.publish_steps if s.place.path in paths and s.target.value != "other"]
    if any(s.credential in (Credential.TOKEN, Credential.BOTH) for s in steps):
        return True
    unknown = any(m.place.path in paths for m in result.may_read) or any(p.path in paths for p in result.problems)
    if unknown or not steps or any(s.credential is Credential.UNKNOWN for s in steps):
        return None
    return False


def _called(library: Library, path: str) -> set[str]:
    found: set[str] = set()
    waiting = [path]
    while waiting:
        flow = library.workflows.get(waiting.pop())
        for job in flow.jobs.values() if flow is not None else ():
            if job.uses is not None and job.uses.local and job.uses.name not in found:
                found.add(job.uses.name)
                waiting.append(job.uses.name)
    return found
