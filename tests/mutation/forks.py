"""Run a room's tests against mutants, each in a forked child of a process that has imported everything.

A wrong inside a function is put into the function's code after the tests were collected, and only tests that came past
it run, the quickest first. A wrong in what runs at import needs the imports again, and all tests of the room.
"""

from __future__ import annotations

import gc
import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import SourceFileLoader
from types import CodeType, FunctionType
from typing import TypeVar

import coverage
import hypothesis
import pytest

from tests.mutation.mutants import Mutant
from tests.scoreboard.board import in_memory

_OPTIONS = ("-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist", "-x", "--tb=no", "--assert=plain")
_MEMORY = 6 << 30
"""Bytes of address space; a bound that was taken away must not take the machine with it."""

T = TypeVar("T")
Ran = dict[str, tuple[float, dict[str, set[int]]]]
"""Of each test, by its id: its seconds, and the lines that it came past, by file."""


class BaselineFailed(Exception):
    """A test fails without any mutant: nothing can be measured."""


def survivors(tests: Sequence[str], found: list[Mutant], jobs: int) -> list[Mutant]:
    """Return those of `found` that no test notices. Raises BaselineFailed."""
    phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]  # a failure is enough, it need not be small
    hypothesis.settings.register_profile("mutation", database=None, derandomize=True, deadline=None, phases=phases)
    hypothesis.settings.load_profile("mutation")
    inside = _Inside([m for m in found if m.function], jobs)
    code = _quietly(lambda: pytest.main([*_OPTIONS, *tests], plugins=[inside]))
    if code != pytest.ExitCode.OK or not inside.ran:
        raise BaselineFailed(f"without any mutant, pytest {' '.join(tests)} ended with {code!r}")
    for name in [n for n in sys.modules if n.split(".")[0] == "keyless" or _is_test(n)]:
        del sys.modules[name]
    quick = sorted({i.partition("::")[0] for i in inside.ran}, key=lambda file: _seconds_of(file, inside.ran))
    longest = 3 * sum(seconds for seconds, _ in inside.ran.values())
    anew = [m for m in found if not m.function]
    outside = _quietly(lambda: _forked(anew, lambda m: _imported_anew(m, quick), lambda _: longest, jobs))
    return [*inside.survivors, *outside]


def _is_test(name: str) -> bool:
    return name.startswith("tests.") and not name.startswith("tests.mutation")


def _seconds_of(file: str, ran: Ran) -> float:
    return sum(seconds for name, (seconds, _) in ran.items() if name.startswith(f"{file}::"))


class _Inside:
    """A pytest plugin that takes the place of its loop."""

    def __init__(self, found: list[Mutant], jobs: int) -> None:
        self.found, self.jobs, self.survivors = found, jobs, list[Mutant]()
        self.ran: Ran = {}

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.ran = _baseline(session)
        functions = dict(_functions({str(m.path) for m in self.found}))
        items = {item.nodeid: item for item in session.items}

        def chosen(mutant: Mutant) -> list[str]:
            past = [i for i, (_, lines) in self.ran.items() if not lines.get(str(mutant.path), set()).isdisjoint(mutant.lines)]  # fmt: skip
            return sorted(past, key=lambda i: self.ran[i][0])

        def noticed(mutant: Mutant) -> bool:
            wrong = dict(_codes(mutant.code()))
            for name, function in functions.items():
                if name[0] == str(mutant.path) and name[1:] in wrong:
                    function.__code__ = wrong[name[1:]]
            session.config._tmp_path_factory._basetemp = None
            return not _pass(session, [items[i] for i in chosen(mutant)])

        def patience(mutant: Mutant) -> float:
            return 3 * sum(self.ran[i][0] for i in chosen(mutant))

        gc.freeze()
        self.survivors = _forked(self.found, noticed, patience, self.jobs)
        return True


def _pass(session: pytest.Session, items: list[pytest.Item]) -> bool:
    for item, following in zip(items, [*items[1:], None], strict=False):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.testsfailed:
            return False
    return True


def _baseline(session: pytest.Session) -> Ran:
    """Run every test once and see where it comes past. Empty when one fails."""
    watch = coverage.Coverage(data_file=None, config_file=False, include=["*/keyless/*"])
    took: dict[str, float] = {}
    with watch.collect():
        for item in session.items:
            watch.switch_context(item.nodeid)
            began = time.perf_counter()
            if not _pass(session, [item]):
                return {}
            took[item.nodeid] = time.perf_counter() - began
    data = watch.get_data()
    ran: Ran = {name: (seconds, {}) for name, seconds in took.items()}
    for file in data.measured_files():
        for line, names in data.contexts_by_lineno(file).items():
            for name in names:
                ran[name][1].setdefault(file, set()).add(line)
    return ran


def _functions(paths: set[str]) -> Iterator[tuple[tuple[str, str, int], FunctionType]]:
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename in paths:
            code = thing.__code__
            yield (code.co_filename, code.co_qualname, code.co_firstlineno), thing


def _codes(code: CodeType) -> Iterator[tuple[tuple[str, int], CodeType]]:
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield (part.co_qualname, part.co_firstlineno), part
            yield from _codes(part)


def _imported_anew(mutant: Mutant, files: list[str]) -> bool:
    code, plain = mutant.code(), SourceFileLoader.get_code
    SourceFileLoader.get_code = lambda loader, name: code if loader.path == str(mutant.path) else plain(loader, name)
    return pytest.main([*_OPTIONS, *files]) != pytest.ExitCode.OK


def _forked(
    found: list[Mutant], noticed: Callable[[Mutant], bool], seconds: Callable[[Mutant], float], jobs: int
) -> list[Mutant]:
    """Return the mutants that are not noticed, each in a child; one that hangs or ends its process is noticed."""
    running: dict[int, tuple[Mutant, str]] = {}
    survived, waiting = [], list(reversed(found))
    while waiting or running:
        while waiting and len(running) < jobs:
            mutant, folder = waiting.pop(), tempfile.mkdtemp(prefix="mutant-", dir=in_memory())
            running[_child(mutant, folder, noticed, int(seconds(mutant)) + 2)] = mutant, folder
        child, status = os.wait()
        mutant, folder = running.pop(child)
        shutil.rmtree(folder, ignore_errors=True)
        survived += [mutant] if status == 0 else []
    return survived


def _child(mutant: Mutant, folder: str, noticed: Callable[[Mutant], bool], seconds: int) -> int:
    """Start a child that ends with 0 when nothing is noticed; bounded in its memory, its work, and the time it waits."""
    if child := os.fork():
        return child
    os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.tempdir = folder
    code = 2
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        signal.alarm(10 * seconds)
        code = 1 if noticed(mutant) else 0
    finally:
        os._exit(code)


def _quietly(work: Callable[[], T]) -> T:
    """Call with pytest's output thrown away; children have it so too."""
    sys.stdout.flush()
    kept = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        for stream in (1, 2):
            os.dup2(nowhere, stream)
        return work()
    finally:
        for stream, before in zip((1, 2), kept, strict=True):
            os.dup2(before, stream)
        for file in (nowhere, *kept):
            os.close(file)
