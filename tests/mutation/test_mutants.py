"""The wrongs that are tried: each compiles, each is another program, and each survivor's explanation names one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mutation.__main__ import ROOMS, SOURCE, explained
from tests.mutation.mutants import Mutant, mutants

TEXT = '''
"""A docstring."""
from typing import TYPE_CHECKING
LIMIT: int = 10
if TYPE_CHECKING:
    import os

def judge(value: int, names=("x",)) -> str:
    """Another docstring."""
    if value < LIMIT and not names:
        raise ValueError(f"{value} is too small")
    seen = [name.lower() for name in sorted(names) if name]
    seen.append("last")
    match value:
        case 1:
            return "one word"
        case _:
            return seen[-1] + "end"
'''


@pytest.fixture
def found(tmp_path: Path) -> list[Mutant]:
    path = tmp_path / "module.py"
    path.write_text(TEXT)
    return list(mutants(path))


def test_every_kind_of_wrong_is_tried_and_prose_is_left_alone(found: list[Mutant]) -> None:
    assert [m.change for m in found] == [
        "`10` → `11`",
        "`'x'` → `'xXX'`",
        "`value < LIMIT and (not names)` → `False`",
        "`value < LIMIT and (not names)` → `True`",
        "`value < LIMIT and (not names)` → `value < LIMIT or not names`",
        "`value < LIMIT` → `value <= LIMIT`",
        "`not names` → `names`",
        "`raise ValueError(f'{value} is too small')` → `pass`",
        "`name.lower()` → `name`",
        "`sorted(names)` → `sorted(names, reverse=True)`",
        "`name` → `False`",
        "`name` → `True`",
        "`seen.append('last')` → `pass`",
        "`'last'` → `'lastXX'`",
        "`case 1` → `nothing`",
        "`1` → `2`",
        "`return 'one word'` → `return`",
        "`case _` → `nothing`",
        "`return seen[-1] + 'end'` → `return`",
        "`seen[-1] + 'end'` → `seen[-1] - 'end'`",
        "`-1` → `1`",
        "`1` → `2`",
        "`'end'` → `'endXX'`",
    ]


def test_what_runs_at_import_is_told_from_what_runs_in_a_function(found: list[Mutant]) -> None:
    assert [m.function for m in found[:3]] == ["", "", "judge"]
    assert found[0].key == f"{found[0].path.parent.name}/module.py import: `10` → `11`"
    assert [m.key.endswith(" #1") for m in found if m.change == "`1` → `2`"] == [False, True]


def test_each_is_a_program_and_another_one_and_leaves_the_next_as_it_was(found: list[Mutant]) -> None:
    codes = [m.code() for m in found]
    assert len({m.key for m in found}) == len(found)
    assert [m.code() for m in found] == codes
    plain = compile(TEXT, codes[0].co_filename, "exec")
    assert all(code != plain for code in codes)


def test_a_survivor_that_is_explained_is_a_mutant_that_there_is() -> None:
    there = set()
    for room in ROOMS:
        place = SOURCE / room
        for file in place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
            there |= {m.key for m in mutants(file)}
    assert len(there) > 1500
    assert explained()
    assert set(explained()) <= there
