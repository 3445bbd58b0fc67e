"""The index is whole; and where the files are (KEYLESS_CORPUS), the room is as good as it was when it was measured."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.corpus.faults import faults, lines_changed
from tests.corpus.fetch import INDEX, clone, entries, files
from tests.corpus.measure import ENVIRONMENTS, outcomes


def test_the_index_names_enough_files_of_enough_repositories_and_each_once():
    """Numbers on a handful of files would say nothing."""
    found = entries()
    assert len(found) >= 400
    assert len({entry.repository for entry in found}) >= 150
    assert len({entry.blob for entry in found}) == len(found)
    assert {entry.half for entry in found} == {"develop", "looked-at", "report"}


def test_a_repository_is_in_one_part_only():
    """Two versions of one file, one developed on and one reported on, would flatter the numbers."""
    parts: dict[str, set[str]] = {}
    for entry in entries():
        parts.setdefault(entry.repository, set()).add(entry.half)
    assert [name for name, halves in parts.items() if len(halves) > 1] == []


def test_a_label_says_secrets_and_index_exactly_where_it_says_that_one_is_used():
    """A label that contradicts itself counts for nothing."""
    for entry in entries():
        assert bool(entry.secrets) is bool(entry.uses), entry.path
        assert (entry.index is not None) is bool(entry.uses), entry.path
        assert entry.uses or not entry.plain, entry.path


def test_the_index_holds_no_text_of_others():
    """Names, hashes and labels only."""
    for line in INDEX.read_text(encoding="utf-8").splitlines():
        assert set(json.loads(line)) == {"repository", "path", "commit", "blob", "label", "how", "half"}
        assert len(line) < 600


@pytest.fixture
def fetched() -> Path:
    folder = os.environ.get("KEYLESS_CORPUS")
    if not folder or not Path(folder).is_dir():
        pytest.skip("KEYLESS_CORPUS names no folder that tests.corpus.fetch has filled")
    return Path(folder)


@pytest.mark.long
def test_real_workflows_are_found_told_apart_and_rewritten(fetched: Path):
    """The bars, on the part of the corpus that nothing was mended for."""
    done = outcomes(fetched, "report", ENVIRONMENTS["pypi"])
    users = [outcome for outcome in done if outcome.entry.uses]
    plain = [outcome for outcome in users if outcome.entry.plain]
    assert sum(o.reported for o in users) >= 0.99 * len(users) > 0
    assert sum(o.reported for o in done if not o.entry.uses) <= 0.01 * (len(done) - len(users))
    assert sum(o.secrets == o.entry.secrets for o in users) >= 0.98 * len(users)
    assert sum(o.index == o.entry.index for o in users) >= 0.97 * len(users)
    assert sum(o.change is not None for o in plain) >= 0.90 * len(plain)
    assert [o.faults for o in done if o.faults or o.harmed] == []


def test_files_come_out_of_a_clone_at_their_commit(tmp_path: Path):
    """A workflow and a script are fetched, other files are not, and the working tree does not matter."""
    work = tmp_path / "owner+name" / "repo"
    for name in (".github/workflows/release.yml", "scripts/publish", "src/package.py"):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(name)
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run(["git", *settings, *command], cwd=work, check=True)
    (work / "scripts/publish").write_text("changed since")
    found = clone(tmp_path, "owner/name")
    assert found is not None
    assert dict(files(found, "HEAD")) == {
        ".github/workflows/release.yml": b".github/workflows/release.yml",
        "scripts/publish": b"scripts/publish",
    }


OLD = b"""on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: pypa/gh-action-pypi-publish@release/v1
        with:
          password: ${{ secrets.TOKEN }}
      - run: gh release create v1
"""


@pytest.mark.parametrize(
    ("permissions", "publish", "expected"),
    [
        ("{id-token: write, contents: write}", "", []),
        ("{id-token: write}", "", ["job publish: contents: write lost", "job publish: contents: read lost"]),
        ("{contents: write}", "", ["job publish: no id-token: write"]),
        ("{id-token: write, contents: write}", "\n        with: {password: x}", ["job publish: still ['password']"]),
    ],
)
def test_known_faults_are_seen(permissions: str, publish: str, expected: list[str]):
    """A check that sees nothing would make every rewrite look good."""
    new = OLD.replace(b"\n        with:\n          password: ${{ secrets.TOKEN }}", publish.encode())
    new = new.replace(b"ubuntu-latest\n", f"ubuntu-latest\n    permissions: {permissions}\n".encode())
    assert faults(OLD, new) == expected


def test_lines_are_counted_and_a_changed_line_end_is_seen():
    """One line went and one came; a line that only got another end is harmed."""
    assert lines_changed(b"a\nb\nc\n", b"a\nd\nc\n") == (2, [])
    assert lines_changed(b"a\nb\n", b"a\r\nb\n") == (2, ["a"])
