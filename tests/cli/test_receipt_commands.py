"""receipt export and check: any change, cut or reorder of an export is found, from the command line."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from keyless.cli.main import run
from keyless.journal import Journal
from keyless.model.github import Repository
from keyless.model.plan import Phase
from keyless.model.realm import Realm

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    with Journal.open(folder, Realm.REAL) as journal:
        id_ = journal.begin(Repository("acme", "widget"), NOW).id
        for number in range(5):
            journal.intend(id_, Phase.MIGRATE, f"step {number}", NOW)
            journal.done(id_, Phase.MIGRATE, f"step {number}", NOW, {"number": number})
    return folder


@pytest.fixture
def exported(state: Path, tmp_path: Path) -> Path:
    file = tmp_path / "export.jsonl"
    assert run(["--state", str(state), "receipt", "export", "acme/widget", str(file)]) == 0
    return file


def check(file: Path, *more: str) -> int:
    return run(["receipt", "check", str(file), *more])


def test_an_export_is_sound_and_says_its_digest(exported: Path, capsys):
    assert check(exported, "--json") == 0
    head = json.loads(exported.read_text().splitlines()[-1])["head"]
    assert head in capsys.readouterr().out
    assert check(exported, "--digest", head) == 0


def test_another_digest_than_the_receipts_is_found(exported: Path, capsys):
    assert check(exported, "--digest", "0" * 64) == 20
    assert "not what the receipt speaks of" in capsys.readouterr().err


def test_to_standard_output_it_is_the_same(state: Path, exported: Path, capsys):
    capsys.readouterr()
    assert run(["--state", str(state), "receipt", "export", "acme/widget"]) == 0
    assert capsys.readouterr().out == exported.read_text()


def test_it_is_private_and_replaces_nothing(state: Path, exported: Path):
    before = exported.read_bytes()
    assert exported.stat().st_mode & 0o777 == 0o600
    assert run(["--state", str(state), "receipt", "export", "acme/widget", str(exported)]) == 2
    assert exported.read_bytes() == before


def test_a_repository_that_was_never_migrated_is_an_error(state: Path, tmp_path: Path):
    assert run(["--state", str(state), "receipt", "export", "acme/other", str(tmp_path / "x")]) == 2
    assert run(["--state", str(state), "receipt", "export", "nonsense", str(tmp_path / "x")]) == 2
    assert run(["--state", str(state), "receipt", "export", "acme/widget", str(tmp_path / "no" / "x")]) == 2
    assert not (tmp_path / "x").exists()


def test_every_cut_is_found(exported: Path):
    whole = exported.read_bytes()
    for length in [*range(0, len(whole), 97), len(whole) - 1, len(whole) - 2]:
        exported.write_bytes(whole[:length])
        assert check(exported) == 20, length


def test_changed_bytes_are_found_wherever_they_are(exported: Path):
    whole, chance = exported.read_bytes(), random.Random(5)
    for place in range(0, len(whole), 41):
        exported.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :])
        assert check(exported) == 20, place


@pytest.mark.parametrize("end", ["\r\n", "\n\n", "\x0b\n", "\u2028\n", " \n"])
def test_other_line_ends_are_found(exported: Path, end: str):
    exported.write_bytes(exported.read_bytes().replace(b"\n", end.encode()))
    assert check(exported) == 20


def test_lines_moved_doubled_or_left_out_are_found(exported: Path):
    lines = exported.read_bytes().splitlines(keepends=True)
    for place in range(len(lines) - 1):
        for changed in (
            [*lines[:place], lines[place + 1], lines[place], *lines[place + 2 :]],
            [*lines[:place], lines[place], *lines[place:]],
            [*lines[:place], *lines[place + 1 :]],
        ):
            exported.write_bytes(b"".join(changed))
            assert check(exported) == 20, place


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path):
    assert check(tmp_path / "nothing") == 2
