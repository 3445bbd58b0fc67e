"""What holds of every rewrite, over workflows that Hypothesis puts together and over mutations of the cases."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings

from keyless.model.github import SourceFile
from keyless.model.index import Index
from keyless.model.workflow import Credential, FileChange, Hunk
from keyless.workflows import analyse, rewrite, uses_token
from keyless.workflows.library import read
from keyless.workflows.permissions import granted
from keyless.workflows.text import lines_of
from tests.workflows.case import cases
from tests.workflows.shapes import PATH, mutated, workflows

ENVIRONMENTS: dict[Index, str | None] = {Index.PYPI: "pypi", Index.TESTPYPI: "testpypi"}
MODERATE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MANY = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TEXTS = [file.content for case in cases() for file in case.files if file.path.endswith(".yml")]
_SECRET = re.compile(rb"secrets\.\w+|pypi-\w{20,}", re.IGNORECASE)


def changed(content: bytes) -> FileChange | None:
    """Return the change of a single workflow, if there is one."""
    found = rewrite([SourceFile(PATH, content)], ENVIRONMENTS).changes
    return found[0] if found else None


def by_hunks(before: bytes, hunks: tuple[Hunk, ...]) -> list[str]:
    """Return the lines that the hunks make of the lines before."""
    lines = lines_of(before.decode())
    for hunk in sorted(hunks, key=lambda h: h.line, reverse=True):
        at = hunk.line - 1
        assert tuple(lines[at : at + len(hunk.before)]) == hunk.before
        lines[at : at + len(hunk.before)] = hunk.after
    return lines


def check(content: bytes) -> None:
    """Assert all that holds of a change."""
    change = changed(content)
    if change is None:
        return
    assert change.before == content
    assert by_hunks(content, change.hunks) == lines_of(change.after.decode())
    assert all(hunk.why.endswith(".") and hunk.before != hunk.after for hunk in change.hunks)
    assert set(_SECRET.findall(change.after)) <= set(_SECRET.findall(content))
    assert (
        len(_SECRET.findall(change.after)) < len(_SECRET.findall(content))
        or not _SECRET.findall(content)
        or (b"id-token" in change.after)
    )
    again = SourceFile(PATH, change.after)
    assert rewrite([again], ENVIRONMENTS).changes == ()
    result = analyse([again])
    assert not result.problems
    assert all(s.credential in (Credential.TRUSTED, Credential.UNKNOWN) for s in result.publish_steps if s.target.index)
    assert uses_token([again], PATH) is not True
    _permissions(content, change.after)


def _permissions(before: bytes, after: bytes) -> None:
    """No job loses a permission that its text gave it, and none gains another than the ID token but by need."""
    old, new = (read([SourceFile(PATH, text)]).workflows[PATH] for text in (before, after))
    for name, job in old.jobs.items():
        had, has = granted(old, job), granted(new, new.jobs[name])
        for scope, access in had.all_scopes.items():
            assert has.everything == "write" or has.all_scopes.get(scope) == access or scope == "id-token"
        if had.level != "default" and not has.everything:
            assert set(has.all_scopes) - set(had.all_scopes) <= {"id-token"}


@MODERATE
@given(workflows())
def test_a_rewrite_changes_exactly_what_it_says_and_is_done_after_once(content: bytes):
    """Hunks make the new text of the old; no credential is added; a second rewrite has nothing to do."""
    check(content)


@MODERATE
@given(workflows())
def test_line_ends_and_the_mark_stay(content: bytes):
    """A file with CRLF has no other line end after; a byte order mark stays where it is."""
    change = changed(content)
    if change is None:
        return
    if b"\r\n" in content:
        assert change.after.count(b"\n") == change.after.count(b"\r\n")
    else:
        assert b"\r" not in change.after
    assert change.after.startswith(b"\xef\xbb\xbf") == content.startswith(b"\xef\xbb\xbf")
    assert change.after.endswith((b"\n", b"\r\n")) == content.endswith((b"\n", b"\r\n"))


@MODERATE
@given(workflows())
def test_what_the_workflow_reads_is_found_or_declined_never_lost(content: bytes):
    """Every secret that the workflow names outside comments is a reference, a may-read or another read."""
    result = analyse([SourceFile(PATH, content)])
    known = {r.secret for r in result.references} | {m.secret for m in result.may_read}
    known |= {r.secret for r in result.other_reads}
    lines = [line for line in content.decode("utf-8-sig").splitlines() if not line.lstrip().startswith("#")]
    named = {m.upper() for line in lines for m in re.findall(r"secrets\.(\w+)", line.split(" # $")[0])}
    assert named <= known | {None} or result.problems


@MANY
@given(mutated(TEXTS))
def test_a_broken_file_is_answered_and_never_raises(content: bytes):
    """Whatever a file holds: an analysis, and a change that holds what every change holds, or none."""
    analyse([SourceFile(PATH, content)])
    uses_token([SourceFile(PATH, content)], PATH)
    check(content)
