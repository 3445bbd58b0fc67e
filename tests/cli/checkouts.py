"""Checkouts for tests of commands that read a folder: files, and a remote on GitHub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from keyless.cli.main import run

WORKFLOW = ".github/workflows/release.yml"
TOKEN = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: python -m build
      # the upload
      - uses: pypa/gh-action-pypi-publish@release/v1
        with:
          password: ${{ secrets.PYPI_TOKEN }}
"""
TRUSTED = """\
on: {release: {types: [published]}}
jobs:
  publish:
    runs-on: ubuntu-latest
    permissions: {id-token: write}
    steps:
      - uses: pypa/gh-action-pypi-publish@release/v1
"""
DECLINED = TOKEN.replace("ubuntu-latest", "windows-latest")
EVIL = "\x1b[31m\u202e\u200b\x07"


def checkout(folder: Path, files: Mapping[str, str], *, remote: str | None = "git@github.com:octo/Sample.git") -> Path:
    """Write files into a new checkout, and return its folder."""
    for path, text in {"pyproject.toml": '[project]\nname = "sampleproject"\n', **files}.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())
    (folder / ".git").mkdir(parents=True, exist_ok=True)
    if remote:
        (folder / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {remote}\n')
    return folder


class Ran:
    """What one command line came to."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def events(self) -> list[dict]:
        return [json.loads(line) for line in self.out.splitlines()]

    def result(self, kind: str) -> dict:
        (found,) = [e["data"] for e in self.events if e["event"] == "result" and e["kind"] == kind]
        return found


class Program:
    """keyless in this process, with a state folder of the test's own."""

    def __init__(self, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state = state
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> Ran:
        self._capsys.readouterr()
        code = run(["--state", str(self.state), *map(str, arguments)])
        captured = self._capsys.readouterr()
        return Ran(code, captured.out, captured.err)


@pytest.fixture
def keyless(tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]) -> Program:
    return Program(tmp_path_factory.mktemp("state"), capsys)
