"""The scoreboard itself: a violation, too few cases, an error and a missing row each fail it."""

from __future__ import annotations

import re
from concurrent.futures import Future
from pathlib import Path

import pytest

from tests.scoreboard import __main__ as program
from tests.scoreboard.board import ROWS, SHOWN, Row, count, play
from tests.scoreboard.by_pytest import counted
from tests.scoreboard.leaks import found, spellings
from tests.tokens.conftest import PROJECT_TOKEN

ROW = Row("R0", "made up", 3)


def test_a_row_with_enough_cases_and_no_violation_is_good():
    score = count(ROW, [None, None, None])
    assert score.good
    assert "ok" in score.line()


def test_too_few_cases_fail():
    score = count(ROW, [None, None])
    assert not score.good
    assert "TOO FEW: the bar is 3" in score.line()


def test_a_violation_fails_and_the_first_few_are_told():
    score = count(ROW, [None, *[f"problem {number}" for number in range(9)]])
    assert (score.good, score.violations, score.cases) == (False, 9, 10)
    assert len(score.told) == SHOWN


def test_an_error_inside_a_row_is_a_violation():
    def cases():
        yield from [None] * 5
        raise ValueError("broken")

    score = count(ROW, cases())
    assert not score.good
    assert "broken" in score.told[0]


def test_a_row_without_a_module_fails():
    assert not play(ROW).good


def test_the_bars_are_those_that_were_agreed():
    bars = {row.name: row.least for row in ROWS}
    assert bars["R1"] >= 100
    assert bars["R2"] >= 3_000
    assert bars["R8"] >= 90_000
    assert bars["R14"] >= 5_000
    assert len(bars) == 17


def test_every_row_has_a_module_and_every_module_a_row():
    files = {path.stem for path in (Path(__file__).parent / "rows").glob("r*.py")}
    assert files == {row.name.lower() for row in ROWS}


def test_rows_are_chosen_by_name_and_long_ones_only_when_asked():
    short, left = program.chosen([], long=False)
    assert {row.name for row in left} == {row.name for row in ROWS if row.long}
    assert program.chosen([], long=True) == (ROWS, ())
    assert [row.name for row in program.chosen(["r1", "R8"], long=False)[0]] == ["R1", "R8"]
    assert len(short) + len(left) == len(ROWS)
    with pytest.raises(SystemExit, match="no row R99"):
        program.chosen(["R99"], long=False)


def test_the_program_says_each_row_and_fails_when_one_fails(monkeypatch, capsys):
    class InLine:
        def __init__(self, *given, **more): ...
        def __enter__(self):
            return self

        def __exit__(self, *given): ...

        def submit(self, job, *given):
            made = Future()
            made.set_result(job(*given))
            return made

    for cases, code in ((3, 0), (2, 1)):
        monkeypatch.setattr(program, "ROWS", (ROW,))
        monkeypatch.setattr(program, "ProcessPoolExecutor", InLine)
        monkeypatch.setattr(program, "play", lambda row, cases=cases: count(row, [None] * cases))
        monkeypatch.setattr("sys.argv", ["scoreboard"])
        assert program.main() == code
        assert re.search(rf"^R0 +\S+ +{cases} cases +0 violations", capsys.readouterr().out)


def test_tests_count_as_cases_and_skipped_ones_do_not(tmp_path):
    file = tmp_path / "test_made_up.py"
    file.write_text(
        "import pytest\n"
        "def test_a(): pass\n"
        "def test_b(): assert False, 'as told'\n"
        "@pytest.mark.skip\n"
        "def test_c(): pass\n"
    )
    found = list(counted(str(file), "-p", "no:randomly", each=2))
    assert found[:3] == [None, None, None]
    assert "as told" in (found[3] or "")
    assert len(found) == 4


def test_there_are_twelve_spellings_and_none_is_found_in_another_text():
    spelled = spellings(PROJECT_TOKEN.reveal())
    assert len(spelled) == 12
    assert all(len(way) >= 20 for ways in spelled.values() for way in ways)
    assert found(Path(__file__).read_bytes(), spelled) == []
