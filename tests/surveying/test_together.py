"""A scan of many workflows is shared between two processes."""

from __future__ import annotations

import os

import pytest

from keyless.model.github import SourceFile
from keyless.surveying import together
from keyless.surveying.together import analyse_together
from keyless.workflows import analyse

PUBLISH = """on: push
jobs:
  publish:
    runs-on: ubuntu-latest
    steps:
      - run: twine upload dist/*
        env:
          TWINE_PASSWORD: ${{ secrets.TOKEN_%d }}
"""
FILES = [SourceFile(f".github/workflows/{n:03}.yml", (PUBLISH % n).encode()) for n in range(together.MANY)]


@pytest.fixture
def two_processors(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr("threading.active_count", lambda: 1)  # the tests' own helpers run threads


@pytest.fixture
def forks(monkeypatch):
    """Count the children."""
    begun = []
    fork = os.fork
    monkeypatch.setattr(os, "fork", lambda: begun.append(None) or fork())
    return begun


def test_two_processes_say_what_one_says(two_processors, forks):
    """Whoever reads the outcome cannot tell how many worked on it."""
    assert analyse_together(FILES) == analyse(FILES)
    assert len(forks) == 1


def test_few_files_are_not_shared(two_processors, forks):
    """A second process would take longer than it saves."""
    assert analyse_together(FILES[:-1]) == analyse(FILES[:-1])
    assert forks == []


def test_one_processor_is_not_shared(monkeypatch, forks):
    """Two processes would only take turns."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert analyse_together(FILES) == analyse(FILES)
    assert forks == []


def test_what_a_lost_child_had_to_do_is_done_here(two_processors, monkeypatch, forks):
    """A child may be killed for want of memory; its files must not go missing from the answer."""
    parent, really = os.getpid(), together._analyse

    def dies(files, here):
        if os.getpid() != parent:
            raise MemoryError
        return really(files, here)

    monkeypatch.setattr(together, "_analyse", dies)
    assert analyse_together(FILES) == analyse(FILES)
    assert len(forks) == 1
