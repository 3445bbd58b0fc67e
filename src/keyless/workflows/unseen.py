"""Credentials that are handed to what cannot be seen from here: scripts not given, other repositories' workflows.

The name under which they are handed over is then the only witness. A variable that a known uploader reads, or one with
PyPI's name, counts as an upload; another secret given to a script that seems to publish is a `MayRead`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from keyless.model.workflow import MayRead, Reference, Target
from keyless.workflows.consumers import HARMLESS, consumer_of, only_builds
from keyless.workflows.expressions import Literal, accesses, embedded
from keyless.workflows.handed import Handed, called, publish
from keyless.workflows.library import Library
from keyless.workflows.scope import Binding, FromSecret, Opaque, trace
from keyless.workflows.shape import ActionRef
from keyless.workflows.shell import VARIABLE, base_name, program
from keyless.workflows.sites import Site
from keyless.workflows.tools import Given
from keyless.workflows.tools.third_party import handed_over, index_by_name, role
from keyless.workflows.tree import Path
from keyless.workflows.walk import Visit

_TOOLS = (
    ("TWINE", "twine"), ("UV_PUBLISH", "uv"), ("POETRY", "poetry"), ("FLIT", "flit"), ("HATCH", "hatch"),
    ("PDM", "pdm"), ("MATURIN", "maturin"), ("CIBW", "cibuildwheel"),
)  # fmt: skip
_SMELL = re.compile(r"publish|pypi|release|upload|deploy|twine|dist\b|ship", re.IGNORECASE)
_ADDRESS = re.compile(r"\bhttps?://\S+")
_CHECKS = re.compile(r"check|verify|doctor|validate|lint|monitor|health|audit|inspect", re.IGNORECASE)
_UPLOADS = re.compile(r"publish|upload|deploy|release(?!-env)", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"^GH_|GITHUB|NPM|NODE|DOCKER|CONDA|AWS|AZURE|GCP|GOOGLE|CODECOV|COVERALL|SLACK|SONAR|SSH|GPG|DISCORD|CARGO|CRATES|"
    r"NUGET|RUBYGEM|MAVEN|OSSRH|SNYK|GITLAB|TWITTER|NETLIFY|CLOUDFLARE|SENTRY|APPLE|GIST|QUAY|HEROKU|SIGNING|KEYSTORE",
    re.IGNORECASE,
)


def unseen(library: Library, seen: Sequence[Visit], found: Iterable[Site]) -> Handed:
    """Return the uploads that only the names of what is handed over tell."""
    result = Handed()
    found = list(found)
    result.used = {
        _definition(site.visit, name) for site in found for given in site.upload.given for name in _names(given)
    }
    done = {(site.place, id(site.visit.inner)) for site in found}
    for visit in seen:
        if (visit.view.place, id(visit.inner)) not in done:
            _step(library, visit, result)
    for flow in library.workflows.values():
        for job in flow.jobs.values():
            if job.uses is not None and not (job.uses.local and job.uses.name in library.workflows):
                called(flow, job, result)
    return result


def _definition(visit: Visit, name: str) -> tuple[str, Path, str]:
    """Return which variable a name is for a step: jobs may define one of the same name each for itself."""
    binding = visit.view.scope.env.get(name)
    return visit.workflow.path, binding.path if binding is not None else (), name


def _names(given: Given) -> Iterator[str]:
    """Yield the variables that an upload reads for a credential: its own, and those that its value names."""
    if given.how == "env":
        yield given.binding.name
    yield from (match[1] or match[2] for match in VARIABLE.finditer(given.binding.text))
    for part in embedded(given.binding.text):
        for access in accesses(part.expression) if part.expression is not None else ():
            if access.context == "env":
                yield from (str(key.value) for key in access.keys if isinstance(key, Literal))


def _step(library: Library, visit: Visit, result: Handed) -> None:
    view = visit.view
    if view.uses is not None:
        _local_action(library, visit, view.uses, result)
        return
    if "${{" in view.script:
        _arguments(visit, result)
    named = [(role(n), n, b) for n, b in view.scope.env.items() if role(n) and not n.startswith(("~", "poetry "))]
    if not named and not _own(visit):
        return
    consumer = consumer_of(visit)
    named = [item for item in named if _reaches(visit, item[1], item[2], consumer, result.used)]
    if any(kind == "password" for kind, _, _ in named) and _CHECKS.search(consumer) and not _UPLOADS.search(consumer):
        for _, _, binding in named:
            result.may_read.extend(_named(binding, consumer))
    elif any(kind == "password" for kind, _, _ in named):
        tool = next((t for prefix, t in _TOOLS for _, n, _ in named if n.upper().startswith(prefix)), "script")
        passwords = [item for item in named if item[0] == "password"]
        _record(visit, tool, named, index_by_name([name for _, name, _ in passwords]), result)
    elif consumer and _smells(visit):
        result.may_read.extend(_unknown(visit, consumer))


def _local_action(library: Library, visit: Visit, uses: ActionRef, result: Handed) -> None:
    local = library.action(uses.name) if uses.local else None
    if uses.local and (local is None or not local.steps):
        for upload in handed_over(visit.view):
            bindings = [(given.role, given.name, given.binding) for given in upload.given]
            _record(visit, f"./{uses.name}", bindings, upload.target, result)


def _arguments(visit: Visit, result: Handed) -> None:
    """Secrets that stand among a command's own words, under a name of PyPI's: `make publish TOKEN=${{ … }}`."""
    found: list[tuple[str, str, Binding]] = []
    for command in visit.view.commands:
        words = program(command)
        if not words or base_name(words[0].text) in HARMLESS or command.origin:
            continue
        if only_builds(base_name(words[0].text), [word.text for word in words[1:]]):
            continue
        for word in words[1:]:
            for part in embedded(word.text):
                names = [s.name for s in trace(visit.view.word(word)) if isinstance(s, FromSecret)]
                label = word.text[: part.start].rstrip("=").lstrip("-")
                kind = role(label) or next((role(name) for name in names if role(name)), "")
                if kind and names:
                    found.append((kind, label or names[0], visit.view.word(word)))
    if any(kind == "password" for kind, _, _ in found):
        target = index_by_name([b.text for kind, _, b in found if kind == "password"])
        _record(visit, "script", found, target, result)


def _reaches(visit: Visit, name: str, binding: Binding, consumer: str, used: set[tuple[str, Path, str]]) -> bool:
    """Whether a variable may reach what the step runs. One that only harmless commands name does not."""
    if not consumer or not any(isinstance(s, (FromSecret, Opaque)) for s in trace(binding)):
        return False
    if binding.level != "step" and (_definition(visit, name) in used or not _smells(visit)):
        return False
    users = [
        c for c in visit.view.commands if name in {m[1] or m[2] for w in c.words for m in VARIABLE.finditer(w.text)}
    ]
    return not users or any(base_name((program(c) or c.words)[0].text) not in HARMLESS for c in users)


def _record(visit: Visit, tool: str, named: Sequence[tuple[str, str, Binding]], target: Target, result: Handed) -> None:
    names: list[str] = []
    for kind, _, binding in named:
        for source in trace(binding):
            if isinstance(source, FromSecret) and source.name != "GITHUB_TOKEN":
                result.references.append(Reference(source.name, source.place, source.level, kind, target))
                names.append(source.name)
            elif isinstance(source, Opaque) and source.any_secret:
                result.may_read.append(MayRead(source.expression, source.place, source.because))
    if names:
        result.steps.append(publish(visit.workflow, visit.job, visit.view.place, tool, target, names))


def _smells(visit: Visit) -> bool:
    words = (
        _ADDRESS.sub("", visit.view.script),  # where something is downloaded from says nothing of where it goes
        visit.step.name,
        visit.step.id or "",
        visit.job.id,
        visit.workflow.path.rpartition("/")[2],
    )
    return any(_SMELL.search(word) for word in words) and (bool(visit.wanted) or "twine" in visit.view.script)


def _named(binding: Binding, consumer: str) -> Iterator[MayRead]:
    for source in trace(binding):
        if isinstance(source, FromSecret):
            because = f"it is handed to '{consumer}', which seems to check something and whose text is not here"
            yield MayRead(binding.text.strip()[:80], source.place, because, source.name)


def _unknown(visit: Visit, consumer: str) -> Iterator[MayRead]:
    for binding in _own(visit):
        for source in trace(binding):
            if isinstance(source, FromSecret) and not _ELSEWHERE.search(source.name):
                because = f"it is handed to '{consumer}', whose text is not here"
                yield MayRead(binding.text.strip()[:80], source.place, because, source.name)


def _own(visit: Visit) -> list[Binding]:
    """Return the values of the step's own variables, without those that name another service."""
    variables = visit.view.scope.env.items()
    return [binding for name, binding in variables if binding.level == "step" and not _ELSEWHERE.search(name)]
