"""`keyless rehearse --list`, and what is said of a folder that cannot hold a rehearsal."""

from __future__ import annotations

import json

import pytest

from keyless.cli.main import run
from keyless.rehearsal.connection import STORE_FILE
from keyless.rehearsal.world_file import read_world, shipped


def test_every_shipped_world_is_listed(capsys):
    assert run(["rehearse", "--list"]) == 0
    shown = capsys.readouterr().out
    worlds = [read_world(name) for name in shipped()]
    assert len(worlds) >= 6
    for world in worlds:
        assert world.name in shown
        assert world.title in shown


def test_the_list_is_json_for_programs(capsys):
    assert run(["--json", "rehearse", "--list"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert set(shipped()) <= {text for line in lines for text in _texts(line)}


def _texts(value):
    match value:
        case str():
            yield value
        case dict() | list():
            for part in value.values() if isinstance(value, dict) else value:
                yield from _texts(part)


@pytest.mark.parametrize("options", [["--tls"], ["--port", "0"]])
def test_options_of_the_server_without_it_are_refused(capsys, options):
    assert run(["rehearse", *options]) == 2
    assert "--serve" in capsys.readouterr().err


@pytest.mark.parametrize(
    "damage", [b"not a database, but long enough to be one " * 100, None], ids=["damaged", "no folder"]
)
def test_a_folder_that_cannot_hold_a_rehearsal_is_named(capsys, tmp_path, damage):
    folder = tmp_path / "folder"
    if damage is None:
        folder.write_text("a file")
        folder /= "inside"
    else:
        folder.mkdir()
        (folder / STORE_FILE).write_bytes(damage)
    assert run(["rehearse", "--serve", "--keep", str(folder)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert str(folder) in said.err
    assert "bug" not in said.err


def test_an_unknown_world_is_refused_before_anything_is_served(capsys, tmp_path):
    assert run(["rehearse", "--serve", "--world", "atlantis", "--keep", str(tmp_path / "x")]) == 2
    said = capsys.readouterr()
    assert (said.out, "atlantis" in said.err) == ("", True)
    assert run(["rehearse", "--serve", "--world", "atlantis", "--keep", str(tmp_path / "x")]) == 2
