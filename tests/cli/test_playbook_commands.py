"""`playbook check` and `playbook schema`: no service is asked, nothing is done."""

from __future__ import annotations

import json
from pathlib import Path

from keyless.cli.main import run

SHIPPED = Path(__file__).parents[2] / "playbooks"


def test_a_playbook_that_is_right_is_summed_up(capsys):
    """Which repositories, and which questions it answers."""
    assert run(["playbook", "check", str(SHIPPED / "migrate.yml")]) == 0
    shown = capsys.readouterr().out
    assert "migrate, rehearsal services" in shown
    assert "shap-like/shap" in shown
    assert "confirm-plan" in shown


def test_a_playbook_that_is_wrong_is_exit_2_with_line_and_column(capsys, tmp_path):
    """All that is wrong, once."""
    path = tmp_path / "wrong.yml"
    path.write_text(
        "version: 1\nservices: real\ncommand: migrate\nrepositories:\n  - repository: o/r\n    answer: {}\n"
    )
    assert run(["playbook", "check", str(path)]) == 2
    shown = capsys.readouterr().err
    assert f"{path}:6:5: the key 'answer' is unknown; did you mean 'answers'" in shown
    assert "keyless playbook schema" in shown


def test_the_schema_is_printed_as_json(capsys):
    """`keyless playbook schema > playbook.schema.json`."""
    assert run(["playbook", "schema"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema["title"] == "keyless playbook"
    assert len(schema["oneOf"]) == 3
