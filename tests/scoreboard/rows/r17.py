"""R17: 2, 8 and 50 processes at once: one goes on, the others say who holds the lock; a killed holder's lock is free."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from keyless.errors import Locked
from keyless.journal import Journal, Lock
from keyless.model.github import Repository
from keyless.model.plan import Phase
from keyless.model.realm import Realm
from keyless.vault import RecipientKey, Vault, new_recipient
from tests.vault.conftest import LEASE, NOW, contents

SIZES = (2, 8, 50)
PUBLIC, _ = new_recipient()


def cases() -> Iterator[str | None]:
    for case in (one_goes_on, a_killed_holder, several_repositories, one_journal, one_journey, many_backups):
        for size in SIZES:
            with tempfile.TemporaryDirectory() as folder:
                problem = case(Path(folder) / "state", size)
            yield None if problem is None else f"{case.__name__} with {size}: {problem}"


class Crowd:
    """Processes that all begin at the same moment; each sends one answer and may then wait to be let go."""

    def __init__(self, size: int, job: Callable[[int, Callable[[Any], None]], None]) -> None:
        self._gate, opened = os.pipe()
        self._held, self._release = os.pipe()
        self.pids: list[int] = []
        self._pipes: list[int] = []
        for number in range(size):
            reading, writing = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.close(opened)
                os.close(self._release)
                self._child(number, writing, job)
            os.close(writing)
            self.pids.append(pid)
            self._pipes.append(reading)
        os.close(opened)  # now they run

    def _child(self, number: int, writing: int, job: Callable[[int, Callable[[Any], None]], None]) -> None:
        code = 1
        try:
            os.read(self._gate, 1)

            def answer(said: Any) -> None:
                os.write(writing, json.dumps([os.getpid(), said]).encode() + b"\n")

            job(number, answer)
            code = 0
        finally:
            os._exit(code)

    def wait(self) -> None:
        """To be called by a child that holds something: until the parent lets all go."""
        os.read(self._held, 1)

    def answers(self) -> dict[int, Any]:
        """Return what each process said first, by its id; a process that ended without a word is missing."""
        said = {}
        for reading in self._pipes:
            line = b""
            while not line.endswith(b"\n") and (part := os.read(reading, 4096)):
                line += part
            os.close(reading)
            if line:
                pid, answer = json.loads(line)
                said[pid] = answer
        return said

    def end(self) -> None:
        os.close(self._release)
        for pid in self.pids:
            os.waitpid(pid, 0)
        os.close(self._gate)
        os.close(self._held)


def crowd(size: int, job: Callable[..., None]) -> tuple[Crowd, dict[int, Any]]:
    box: list[Crowd] = []

    class Waiting(Crowd):
        def __init__(self) -> None:
            box.append(self)
            super().__init__(size, lambda number, answer: job(number, answer, self))

    return (made := Waiting()), made.answers()


def hold(folder: Path, name: str) -> Callable[..., None]:
    """Take the lock, or say who holds it; whoever has it keeps it until let go."""

    def job(number: int, answer: Callable[[Any], None], all_: Crowd) -> None:
        try:
            with Lock(folder, name, f"keyless migrate {name}, pid {os.getpid()}"):
                answer("held")
                all_.wait()
        except Locked as error:
            answer(error.what)

    return job


def one_goes_on(folder: Path, size: int) -> str | None:
    people, said = crowd(size, hold(folder, "acme/widget"))
    holders = [pid for pid, answer in said.items() if answer == "held"]
    people.end()
    if len(holders) != 1:
        return f"{len(holders)} held it, of {len(said)} that answered"
    others = [answer for answer in said.values() if answer != "held"]
    named = sum(f"pid {holders[0]}" in answer or "only just begun" in answer for answer in others)
    if named != size - 1:
        return f"{named} of {size - 1} named the holder"
    return None if any(f"pid {holders[0]}" in answer for answer in others) else "nobody named the holder's process"


def a_killed_holder(folder: Path, size: int) -> str | None:
    people, said = crowd(size, hold(folder, "acme/widget"))
    holder = next(pid for pid, answer in said.items() if answer == "held")
    os.kill(holder, signal.SIGKILL)
    os.waitpid(holder, 0)
    people.pids.remove(holder)
    try:
        with Lock(folder, "acme/widget"):
            return None
    except Locked:
        return "it is not free"
    finally:
        people.end()


def several_repositories(folder: Path, size: int) -> str | None:
    def job(number: int, answer: Callable[[Any], None], all_: Crowd) -> None:
        hold(folder, f"acme/widget-{number}")(number, answer, all_)

    people, said = crowd(size, job)
    people.end()
    return None if list(said.values()) == ["held"] * size else f"they block one another: {said}"


def one_journal(folder: Path, size: int) -> str | None:
    """All make the journal at once, and write into it: each journey is there with all its events, and the chain holds."""

    def job(number: int, answer: Callable[[Any], None], all_: Crowd) -> None:
        with Journal.open(folder, Realm.REHEARSAL) as journal:
            id_ = journal.begin(Repository("acme", f"widget-{number}"), NOW).id
            journal.intend(id_, Phase.MIGRATE, "step", NOW)
            journal.done(id_, Phase.MIGRATE, "step", NOW, {"number": number})
        answer(id_)

    people, said = crowd(size, job)
    people.end()
    with Journal.open(folder, Realm.REHEARSAL) as journal:
        kept = {journey.id: len(journal.events(journey.id)) for journey in journal.journeys()}
    return None if kept == dict.fromkeys(said.values(), 3) and len(kept) == size else f"{len(kept)} journeys: {kept}"


def one_journey(folder: Path, size: int) -> str | None:
    """All begin the same repository's journey: there is one."""

    def job(number: int, answer: Callable[[Any], None], all_: Crowd) -> None:
        with Journal.open(folder, Realm.REHEARSAL) as journal:
            id_ = journal.begin(Repository("acme", "widget"), NOW).id
            journal.intend(id_, Phase.MIGRATE, f"step {number}", NOW)
        answer(id_)

    people, said = crowd(size, job)
    people.end()
    with Journal.open(folder, Realm.REHEARSAL) as journal:
        (journey,) = journal.journeys()
        steps = len(journal.records(journey.id))
    return None if set(said.values()) == {journey.id} and steps == len(said) == size else f"{steps} steps, {set(said)}"


def many_backups(folder: Path, size: int) -> str | None:
    """All seal into one folder at once: every backup is there, whole, and each has a file of its own."""

    def job(number: int, answer: Callable[[Any], None], all_: Crowd) -> None:
        answer(Vault(folder / "backups", Realm.REHEARSAL).seal(contents(), LEASE, [RecipientKey(PUBLIC)]).id)

    people, said = crowd(size, job)
    people.end()
    vault = Vault(folder / "backups", Realm.REHEARSAL)
    listed = {header.id for header in vault.list()}
    return None if listed == set(said.values()) and len(listed) == size else f"{len(listed)} of {size} are there"
