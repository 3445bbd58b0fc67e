"""What the release itself says: is it the one that was asked for, complete, and made after the change?"""

from __future__ import annotations

from collections.abc import Iterator

from keyless.model.index import normalise
from keyless.model.release import Evidence, Expectation, ReleaseFile
from keyless.proofs.findings import SKEW, Finding, clock, contradicts, holds, is_before, unread

_NEW_RELEASE = "a release made after the workflow was changed"


def release_findings(evidence: Evidence, expectation: Expectation) -> Iterator[Finding]:
    """Yield what index, name, version, completeness and times say."""
    yield from _which(evidence, expectation)
    yield from _complete(evidence)
    for file in evidence.release.files:
        yield from _time(file, evidence, expectation)


def _which(evidence: Evidence, expectation: Expectation) -> Iterator[Finding]:
    release = evidence.release
    if release.index is not expectation.index:
        yield contradicts("wrong-index", f"The release is on {release.index.label}, not on {expectation.index.label}.")
    if normalise(release.project) != normalise(expectation.project):
        yield contradicts("wrong-project", f"The release is of {release.project}, not of {expectation.project}.")
    if expectation.version is not None and release.version != expectation.version:
        yield contradicts("wrong-version", f"The release is {release.version}, not {expectation.version}.")


def _complete(evidence: Evidence) -> Iterator[Finding]:
    files = {(file.filename, file.sha256) for file in evidence.release.files}
    examined = {(each.file.filename, each.file.sha256) for each in evidence.files}
    if not files:
        yield contradicts("no-files", "The release has no files.", _NEW_RELEASE)
    for filename, _ in sorted(files - examined):
        yield unread("file-not-examined", f"Nobody looked at {filename}.", "run the check again")
    for filename, _ in sorted(examined - files):
        yield unread("file-not-of-release", f"{filename} was looked at and is not of this release.", "check again")


def _time(file: ReleaseFile, evidence: Evidence, expectation: Expectation) -> Iterator[Finding]:
    if is_before(file.uploaded_at, expectation.after):
        yield contradicts(
            "uploaded-before-change",
            f"{file.filename} was uploaded on {clock(file.uploaded_at)}, before the workflow was changed.",
            _NEW_RELEASE,
        )
    elif expectation.after is not None:
        yield holds("uploaded-after-change", f"{file.filename} was uploaded after the workflow was changed.")
    if file.uploaded_at > evidence.seen_at + SKEW:
        yield unread(
            "uploaded-in-future",
            f"{file.filename} seems to be uploaded in the future, on {clock(file.uploaded_at)}: a clock is wrong.",
            "set this machine's clock",
        )
