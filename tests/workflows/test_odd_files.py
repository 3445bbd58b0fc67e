"""Files that are not what they should be: each gets an answer, never a crash."""

from __future__ import annotations

import pytest

from keyless.model.github import SourceFile
from keyless.model.index import Index
from keyless.model.workflow import Credential, Target
from keyless.workflows import analyse, rewrite, uses_token
from tests.workflows.tokens import token

PATH = ".github/workflows/release.yml"
PLAIN = """name: Release
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
        with:
          password: ${{ secrets.PYPI_TOKEN }} # é
"""


def source(content: bytes | str) -> SourceFile:
    return SourceFile(PATH, content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize(
    ("encoding", "mark", "newline"),
    [
        ("utf-8", b"", "\r\n"),
        ("utf-8", b"\xef\xbb\xbf", "\n"),
        ("utf-8", b"\xef\xbb\xbf", "\r\n"),
        ("utf-16-le", b"\xff\xfe", "\n"),
        ("utf-16-be", b"\xfe\xff", "\r\n"),
        ("utf-16-le", b"", "\n"),
    ],
)
def test_byte_order_marks_encodings_and_line_ends_are_read_and_kept(encoding: str, mark: bytes, newline: str):
    """The change has the file's own encoding, mark and line ends, and nothing else moves."""
    file = source(mark + PLAIN.replace("\n", newline).encode(encoding))
    assert analyse([file]).publish_steps[0].secrets == ("PYPI_TOKEN",)
    (change,) = rewrite([file], {}).changes
    text = change.after[len(mark) :].decode(encoding)
    assert change.after.startswith(mark)
    assert text.count("\n") == text.count(newline)
    assert "password" not in text
    assert text.replace(newline, "\n") == PLAIN.replace(
        "    steps:\n", "    permissions:\n      id-token: write\n    steps:\n"
    ).replace("        with:\n          password: ${{ secrets.PYPI_TOKEN }} # é\n", "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"a: [1, 2", "not valid YAML"),
        (b"on: push\n\tjobs: {}\n", "not valid YAML"),
        (b"a: b: c\n", "not valid YAML"),
        (b"on: push\n---\njobs: {}\n", "not valid YAML"),
        (b"\x80\x81", "UTF-8"),
        (b"\xff\xfe\x00", "UTF-16"),
        (b"a: \x00\n", "valid"),
        (b"- a\n- b\n", "no mapping"),
        (b"on: push\n", "no jobs"),
        (b"on: push\njobs: {a: [1]}\n", "no mapping"),
        (b"on: push\njobs: {}\njobs: {}\n", "twice"),
        (b"a: &a [*a]\n", "without bound"),
        (
            b"a: &a [x, x, x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in range(98, 110)),
            "without bound",
        ),
        (b"[" * 5_000, "without bound"),
        (b"- " * 900_000, "without bound"),
        (b"? " * 900_000, "without bound"),
        (b"{a: " * 400_000, "without bound"),
        (b"".join(b" " * n + b"-\n" for n in range(1_900)), "nesting"),  # PyYAML 6.0.4 has a limit of its own
        (b"a: " + b"x" * 2_000_001, "larger"),
    ],
)
def test_a_file_that_is_no_workflow_is_a_problem_in_words(content: bytes, words: str):
    """The problem names the reason; the file is not rewritten, and whether it uses a token is not known."""
    (problem,) = analyse([source(content)]).problems
    assert words in problem.because
    assert rewrite([source(content)], {}).changes == ()
    assert uses_token([source(content)], PATH) is None


@pytest.mark.parametrize("on", ["on", '"on"', "'on'", "true"])
def test_on_is_a_trigger_however_yaml_reads_it(on: str):
    """YAML 1.1 reads `on` as true; GitHub does not care."""
    text = PLAIN.replace("on: {release: {types: [published]}}", f"{on}: workflow_call")
    assert analyse([source(text)]).publish_steps[0].reusable


def test_a_token_in_plain_text_is_reported_by_its_place_and_never_by_its_value():
    """Nothing that keyless says about the file holds the token or a part of it."""
    secret = token("test.pypi.org")
    file = source(PLAIN.replace("${{ secrets.PYPI_TOKEN }}", secret))
    result = analyse([file])
    finding = next(f for f in result.findings if f.identifier == "plain-text-token")
    assert (finding.place.line, finding.place.column) == (9, 21)
    assert "TestPyPI" in finding.message
    assert result.publish_steps[0].credential is Credential.TOKEN
    assert secret[:20] not in repr(result)
    assert secret[-20:] not in repr(result)
    assert rewrite([file], {}).changes


def test_attestations_switched_off_are_noted():
    """Without provenance no proof of the best grade is possible."""
    text = PLAIN.replace("password: ${{ secrets.PYPI_TOKEN }}", "attestations: false")
    assert "attestations-off" in {f.identifier for f in analyse([source(text)]).findings}


def test_files_that_are_no_workflows_by_their_path_say_nothing():
    """A vendored project's .github folder never runs; only .github/workflows of the root does, and actions by name."""
    other = SourceFile("README.md", PLAIN.encode())
    assert analyse([other]).publish_steps == ()


def test_the_inverse_of_a_change_gives_the_same_bytes():
    """The change keeps what was there before, byte for byte, for the way back."""
    file = source(PLAIN)
    (change,) = rewrite([file], {Index.PYPI: "pypi"}).changes
    assert change.before == file.content
    assert change.after != change.before


def test_a_large_file_is_read_in_reasonable_time():
    """A megabyte of steps is read like any other file."""
    step = "      - run: echo some words that make the step long enough\n"
    text = PLAIN.replace("    steps:\n", "    steps:\n" + step * 2_000)
    result = analyse([source(text)])
    assert result.publish_steps[0].target is Target.PYPI


def test_a_character_that_only_looks_like_a_line_end_is_none_in_a_hunk():
    """Python's splitlines() ends a line at U+2028 and NEL, git does not: hunks count as git does."""
    password = "password: '${{ secrets.PYPI }}', "
    before, after = (f'        with: {{{given}packages-dir: "one\u2028two\x85three"}}' for given in (password, ""))
    text = (
        "on: push\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    permissions: {id-token: write}\n    steps:\n"
        "      - uses: pypa/gh-action-pypi-publish@release/v1\n"
        f"{before}\n"
    )
    (change,) = rewrite([SourceFile(".github/workflows/release.yml", text.encode())], {}).changes
    (hunk,) = change.hunks
    assert (hunk.line, hunk.before, hunk.after) == (8, (before,), (after,))


def test_a_key_with_a_tag_is_declined():
    """`!x password` is read as the input, but in the tree it is another key: nothing is changed on a guess."""
    text = (
        "on: push\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: pypa/gh-action-pypi-publish@release/v1\n"
        "        with:\n          !x password: ${{ secrets.PYPI }}\n          verbose: true\n"
    )
    found = rewrite([SourceFile(".github/workflows/release.yml", text.encode())], {})
    assert found.changes == ()
    assert [declined.because for declined in found.declined] == ["a key on the way carries a YAML tag"]


def test_a_step_that_both_uses_and_runs_is_not_changed_into_one_with_a_key_twice():
    """GitHub refuses such a step, and would refuse it with `run` twice as well."""
    text = (
        "on: push\njobs:\n  publish:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - uses: JRubics/poetry-publish@v2.0\n"
        "        with: {pypi_token: '${{ secrets.PYPI }}'}\n"
        "        run: echo\n"
    )
    found = rewrite([SourceFile(".github/workflows/release.yml", text.encode())], {})
    assert found.changes == ()
    assert len(found.declined) == 1
