"""rewrite: the smallest change that takes the tokens out, checked against the tree that was meant, or a refusal."""

from __future__ import annotations

import copy
import posixpath
from collections.abc import Mapping, Sequence

from keyless.model.github import SourceFile
from keyless.model.index import Index
from keyless.model.workflow import Credential, Declined, FileChange, FileProblem, Here, Rewrite, Target
from keyless.workflows.analyse import analyse
from keyless.workflows.attestations import by_action
from keyless.workflows.changes import AddPair, Operation
from keyless.workflows.composing import compose
from keyless.workflows.conditions import exclusive
from keyless.workflows.grants import permission
from keyless.workflows.hunks import apply, distinct, hunks
from keyless.workflows.leftovers import leftovers
from keyless.workflows.library import Library, read
from keyless.workflows.merging import in_order, merged
from keyless.workflows.recipes import RECIPES
from keyless.workflows.recipes.base import condition
from keyless.workflows.refusal import Refused, check, declined
from keyless.workflows.shape import Job, Workflow
from keyless.workflows.sites import Site, sites
from keyless.workflows.spans import Document, Impossible, document
from keyless.workflows.splitting import splits
from keyless.workflows.text import of
from keyless.workflows.tree import get, plain, string
from keyless.workflows.unseen import unseen
from keyless.workflows.walk import Visit, visits


def rewrite(files: Sequence[SourceFile], environments: Mapping[Index, str | None], here: Here | None = None) -> Rewrite:
    """Return the changes that make every upload to PyPI and TestPyPI trusted, and what was declined.

    A file is changed wholly or not at all. `environments` names the environment to put on a job that uploads to an
    index and has none yet. Files that need no change do not appear.
    """
    library = read(files, here)
    seen = visits(library)
    every = list(sites(seen))
    found = [site for site in every if site.counts]
    blobs = {file.path: file for file in files}
    changes: list[FileChange] = []
    refusals: list[Declined] = []
    for path, flow in library.workflows.items():
        of_file = [site for site in found if site.visit.workflow.path == path]
        try:
            change = _file(library, flow, of_file, environments, blobs[path])
        except (Refused, Impossible) as error:
            refusal = error if isinstance(error, Refused) else Refused(str(error))
            refusals.append(declined(path, refusal, [s for s in of_file if s.credentials]))
            continue
        changes.extend([change] if change is not None else [])
    refusals.extend(_handed(library, seen, every, {d.path for d in refusals}))
    gone = {d.path for d in refusals}
    return Rewrite(tuple(c for c in changes if c.path not in gone), tuple(refusals))


def _handed(library: Library, seen: Sequence[Visit], found: Sequence[Site], known: set[str]) -> list[Declined]:
    """What only names tell is declined: the upload stands where it cannot be seen."""
    result: list[Declined] = []
    for step in unseen(library, seen, found).steps:
        if step.place.path not in known and step.target is not Target.OTHER:
            known.add(step.place.path)
            where = f"line {step.place.line}"
            result.append(
                Declined(
                    step.place.path,
                    f"the upload stands in a script or workflow that is not in this file ({where})",
                    (
                        f"Take {', '.join(step.secrets)} out of what {where} hands over.",
                        "Take the upload out of the script, and add a step with pypa/gh-action-pypi-publish@release/v1.",
                        f"Give job '{step.place.job}' `permissions: id-token: write`, beside all that it has now.",
                    ),
                )
            )
    return result


def _file(
    library: Library,
    flow: Workflow,
    here: Sequence[Site],
    environments: Mapping[Index, str | None],
    file: SourceFile,
) -> FileChange | None:
    todo = [site for site in here if _needs_change(site)]
    if not todo:
        return None
    if any(problem.path == flow.path for problem in library.problems):
        raise Refused(next(p.because for p in library.problems if p.path == flow.path))
    for site in todo:
        check(site)
    apart = splits(flow, here, todo, environments)
    _twice(here, todo)
    operations: list[Operation] = []
    for job in dict.fromkeys(site.visit.job.id for site in todo):
        split = apart.get(job)
        staying = [site for site in todo if site.visit.job.id == job and (split is None or site is not split.second)]
        operations += _environment(flow.jobs[job], staying, environments)
        operations += permission(split.first if split is not None else staying[0], library.action)
        for site in staying:
            if site.credentials:
                operations += RECIPES[site.upload.tool](site)
        operations += split.operations(environments) if split is not None else []
    doc = document(flow.text, flow.root)
    operations = merged(operations)
    operations = merged(operations + leftovers(flow, todo, operations, doc))
    jobs = {site.place.job or "" for site in todo} | {split.job for split in apart.values()}
    return _made(doc, operations, file, jobs)


def _needs_change(site: Site) -> bool:
    """Whether a site hands over a credential, or is meant to be trusted and lacks the permission."""
    if site.credential in (Credential.TOKEN, Credential.BOTH):
        return True
    if site.credential is Credential.UNKNOWN:
        return bool(site.passwords)
    return not site.granted.id_token and not site.visit.workflow.called and site.visit.through is None


def _twice(here: Sequence[Site], todo: Sequence[Site]) -> None:
    """Raise Refused where two steps that always run together would both publish the same folder by the action.

    The second one finds the attestations of the first. Differing conditions are taken for what keeps them apart.
    """
    for site in todo:
        for other in here:
            steps = (site.visit.step, other.visit.step)
            if steps[0] is steps[1] or site.visit.job is not other.visit.job or exclusive(*steps):
                continue
            conditions = {condition(step) for step in steps}
            both = all(by_action(one) for one in (site, other)) and (len(conditions) == 1 or None in conditions)
            if both and site.upload.target is other.upload.target and _files_of(site) == _files_of(other):
                raise Refused(
                    f"job '{site.visit.job.id}' uploads the same folder twice, and the attestations of the two collide",
                    "Publish the files in one step, or give each step a folder of its own (`packages-dir`).",
                )


def _files_of(site: Site) -> tuple[str | None, str | None, frozenset[str]]:
    """Return what tells which folder is uploaded: the step's own folder, the action's input, the command's words."""
    given = site.visit.view.inputs.get("packages-dir") or site.visit.view.inputs.get("packages_dir")
    words = site.upload.command.texts if site.upload.command is not None else ()
    folders = frozenset(posixpath.dirname(word) for word in words if "/" in word and "://" not in word)
    return string(get(site.visit.step.node, "working-directory")), given.text if given else None, folders


def _environment(job: Job, here: Sequence[Site], environments: Mapping[Index, str | None]) -> list[Operation]:
    indexes = {site.upload.target.index for site in here}
    names = {environments.get(index) for index in indexes if index is not None} - {None}
    if len(names) != 1 or get(job.node, "environment") is not None:
        return []
    name = names.pop() or ""
    why = f"The environment '{name}' is what the publisher on the index can ask for."
    return [AddPair(job.path, "environment", name, why, after="runs-on")]


def _made(doc: Document, operations: Sequence[Operation], file: SourceFile, jobs: set[str]) -> FileChange:
    """Make the change, and prove it: parsed again, the tree is exactly what was meant and no token is handed over."""
    edits = distinct([edit for operation in operations for edit in operation.edits(doc)])
    after = apply(doc.text, edits)
    if not doc.text.text.endswith("\n"):  # the last lines went, and the file had no line break at its end
        after = after.removesuffix("\n").removesuffix("\r")
    intended = copy.deepcopy(plain(doc.root))
    try:
        for operation in in_order(operations):
            operation.apply(intended)
    except KeyError as error:
        raise Impossible("a key on the way carries a YAML tag") from error
    composed = compose(of(file.path, after))
    if isinstance(composed, FileProblem) or composed.repeated or plain(composed.root) != intended:
        raise Refused("a change of its text would have changed more than was meant")
    encoded = doc.text.encode(after)
    _proven(file, SourceFile(file.path, encoded), jobs)
    return FileChange(file.path, file.content, encoded, hunks(doc.text, edits), file.blob)


def _proven(before: SourceFile, after: SourceFile, jobs: set[str]) -> None:
    """Raise Refused where an upload still gets a credential, or where a secret that it had is still read."""
    old, new = [list(sites(visits(read([file])))) for file in (before, after)]
    left = [site for site in new if site.counts and site.visit.job.id in jobs]
    if not left or any(site.credentials or not site.granted.id_token for site in left):
        raise Refused("after the change an upload would still be handed a credential")
    gone = {name for site in old if site.counts for name in site.secrets} - {n for site in new for n in site.secrets}
    was, now = [_reads(file, gone) for file in (before, after)]
    for name in gone:
        if now.count(name) > was.count(name):
            raise Refused(
                f"another line, which made the credential of {name}, would still read it",
                f"Take out every line that reads {name}.",
            )


def _reads(file: SourceFile, names: set[str]) -> list[str]:
    """Return the names of these secrets once for each read that is no credential of an upload."""
    result = analyse([file])
    return [r.secret for r in result.other_reads if r.secret in names] + [
        m.secret for m in result.may_read if m.secret in names
    ]
