"""A rehearsal with a real person: the services in a process of their own, the real wizard, and help at every wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

from keyless.engine import Waiting
from keyless.journeys.desk import Desk
from keyless.journeys.finish import finish
from keyless.journeys.migrate import migrate
from keyless.journeys.receipt import write_receipt
from keyless.journeys.rollback import rollback
from keyless.model.github import Repository
from keyless.model.journey import Journey, JourneyState
from keyless.model.plan import Step
from keyless.model.publisher import new_token_page
from keyless.operators.base import Operator
from keyless.operators.question import Answer, Choice, Kind, Question
from keyless.rehearsal.checks import Checks
from keyless.rehearsal.connection import Connection, load_rehearsal
from keyless.rehearsal.folder import open_store
from keyless.rehearsal.helper import Helper
from keyless.rehearsal.people import People
from keyless.rehearsal.snapshot import Snapshot, snapshot
from keyless.rehearsal.store import Store
from keyless.render.reporter import Reporter
from keyless.secret import Secret

HELP: Final = "d"
"""The key that lets the rehearsal's person do it."""
_DAYS: Final = 10
_NEXT: Final = Question(
    identifier="next",
    kind=Kind.CHOICE,
    asks="What next?",
    help="",
    why="Each of these is one command in real life; here they follow one another.",
    phases=(),
)


class Wizard(Operator, Protocol):
    """A person at a terminal, of whom one key can be asked."""

    async def press(self, message: str, keys: Sequence[str]) -> str: ...


class HelpingOutside:
    """At each wait: the person did it in the browser, or somebody of the world does it at the press of a key."""

    def __init__(self, wizard: Wizard, helper: Helper, reporter: Reporter, login: str) -> None:
        self._wizard, self._helper, self._reporter, self._login = wizard, helper, reporter, login

    async def wait(self, step: Step, waiting: Waiting) -> bool:
        """Return True to look again; stopping is an exception."""
        text = f"Enter: done, look again · {HELP}: {self._login} does it · Ctrl-C: stop for now"
        while await self._wizard.press(text, [HELP]) == HELP:
            if await self._helper.carry_out(step):
                self._reporter.note(f"  (rehearsal: {self._login} did it)")
                break
            self._reporter.note("  (rehearsal: nobody here can do this for you)")
        return True


class HelpingOperator:
    """The wizard; where it asks for a token, somebody of the world can paste it."""

    interactive = True

    def __init__(
        self, wizard: Wizard, helper: Helper, people: People, connection: Connection, reporter: Reporter
    ) -> None:
        self._wizard, self._helper, self._people = wizard, helper, people
        self._connection, self._reporter = connection, reporter
        self._fresh: set[str] = set()
        """The secrets whose next token has to be a new one: that was chosen, or the known one did not serve."""

    async def answer(
        self,
        question: Question,
        about: Mapping[str, str],
        *,
        default: Answer | None = None,
        choices: Sequence[Choice] | None = None,
    ) -> Answer:
        """Return what the person answers, or lets be answered."""
        if question.identifier == "token":
            pasted = await self._pasted(about)
            if pasted is not None:
                return pasted
        given = await self._wizard.answer(question, about, default=default, choices=choices)
        if question.identifier == "backup" and given == "new-token":
            self._fresh.add(about["place"])
        return given

    async def pause(self, message: str) -> bool:
        """Wait for the person."""
        return await self._wizard.pause(message)

    async def _pasted(self, about: Mapping[str, str]) -> Secret | None:
        known = self._people.token(about["store"], about["secret"])
        if known is None or known.login is None:
            return None
        new = about["place"] in self._fresh or known.text is None
        if not new and known.file is not None:
            self._reporter.link(f"The token in {about['secret']}", f"cat {known.file}")
        text = f"Enter: paste it yourself · {HELP}: {known.login} does it · Ctrl-C: stop for now"
        if await self._wizard.press(text, [HELP]) != HELP:
            return None
        self._fresh.add(about["place"])
        if known.text is not None and not new:
            return known.text
        site = self._connection.addresses.index(known.index).site
        return await self._helper.issue_token(new_token_page(site, known.project or ""), known.login)


@dataclass(slots=True)
class Guide:
    """One sitting. `before` are the repositories as they were before a migration that was seen here."""

    desk: Desk
    wizard: Wizard
    helper: Helper
    store: Store
    reporter: Reporter
    repositories: tuple[Repository, ...]
    checks: Checks = field(default_factory=Checks)
    before: dict[Repository, Snapshot] = field(default_factory=dict)

    async def go(self) -> None:
        """Offer what can be done next until the person has enough; then say what was checked."""
        offers = list(self._offers())
        if len(offers) == 1:
            await self._do(*offers[0])
        while (offer := await self._choose(list(self._offers()))) is not None:
            await self._do(*offer)
        if self.checks.held:
            self.reporter.show(self.checks.table())
        self.checks.require_all()

    async def _choose(self, offers: list[tuple[str, Repository]]) -> tuple[str, Repository] | None:
        choices = [Choice(f"{command} {repository}", _LEADS_TO[command]) for command, repository in offers]
        choices.append(Choice("end", "this rehearsal is over; its folder stays until you delete it"))
        given = await self.wizard.answer(_NEXT, {}, choices=choices, default=choices[0].value)
        return next((offer for offer in offers if f"{offer[0]} {offer[1]}" == given), None)

    def _offers(self) -> Iterator[tuple[str, Repository]]:
        for repository in self.repositories:
            for command in _COMMANDS[_state(self.desk.journal.newest(repository))]:
                yield command, repository

    async def _do(self, command: str, repository: Repository) -> None:
        self.reporter.banner(f"{command} {repository}")
        match command:
            case "migrate":
                await self._migrate(repository)
            case "rollback":
                await self._rollback(repository)
            case _:
                await self._finish(repository)

    async def _migrate(self, repository: Repository) -> None:
        before = self.before.setdefault(repository, snapshot(self.store, repository))
        await migrate(self.desk, repository)
        self.checks.removed(repository, before, snapshot(self.store, repository))

    async def _rollback(self, repository: Repository) -> None:
        await rollback(self.desk, repository)
        if repository in self.before:
            self.checks.restored(repository, self.before.pop(repository), snapshot(self.store, repository))
        await self.checks.release(
            self.store, self.helper, repository, "by token again, after the rollback", trusted=False
        )

    async def _finish(self, repository: Repository) -> None:
        if _state(self.desk.journal.newest(repository)) is JourneyState.WINDOW:
            self.reporter.note(f"(rehearsal: {_DAYS} days pass, and one more release goes out)")
            self.desk.clock.saw(await self.helper.advance(_DAYS * 86_400))
            how = "without a token, ten days later"
            await self.checks.release(self.store, self.helper, repository, how, trusted=True)
        ended = await finish(self.desk, repository)
        if ended is not None:
            receipt, markdown = write_receipt(self.desk, ended)
            self.reporter.show(receipt)
            self.reporter.note(f"The receipt: {markdown}")
            self.checks.ended(receipt, sum(self.desk.vault.holds(b.id) for b in self.desk.journal.backups(ended.id)))


_LEADS_TO: Final = {
    "migrate": "from its token to trusted publishing, up to the open rollback window",
    "rollback": "everything is put back as it was",
    "finish": "ten days pass, the token is revoked, the backup destroyed, the receipt written",
}
_COMMANDS: Final[Mapping[JourneyState, tuple[str, ...]]] = {
    JourneyState.MIGRATING: ("migrate",),
    JourneyState.WINDOW: ("finish", "rollback"),
    JourneyState.ROLLING_BACK: ("rollback",),
    JourneyState.FINISHING: ("finish",),
    JourneyState.ROLLED_BACK: ("migrate",),
    JourneyState.FINISHED: (),
}


def _state(journey: Journey | None) -> JourneyState:
    return JourneyState.ROLLED_BACK if journey is None else journey.state


async def guide(
    folder: Path,
    reporter: Reporter,
    wizard: Wizard,
    open_desk: Callable[[Operator], AbstractAsyncContextManager[Desk]],
) -> None:
    """Guide a person through the rehearsal that is served from `folder`.

    `open_desk` opens the same desk that every command on this rehearsal has, with the operator that it is given. Raises
    what a journey raises; what was done is in the journal then.
    """
    connection = load_rehearsal(folder)
    people, helper = People(folder, connection.world), Helper(connection.control)
    introduce(folder, reporter, people, connection)
    store = open_store(folder)
    try:
        async with open_desk(HelpingOperator(wizard, helper, people, connection, reporter)) as desk:
            desk.clock.saw(await helper.advance(0))  # days may have passed in it at an earlier sitting
            outside = HelpingOutside(wizard, helper, reporter, people.login)
            repositories = tuple(_repositories(connection))
            await Guide(replace(desk, outside=outside), wizard, helper, store, reporter, repositories).go()
    finally:
        store.close()


def introduce(folder: Path, reporter: Reporter, people: People, connection: Connection) -> None:
    """Say who the person is here, where the passwords are, and how to go on."""
    reporter.banner(str(connection.world["title"]))
    reporter.note(" ".join(str(connection.world["story"]).split()))
    written = people.write()
    reporter.note(f"Every link opens in your browser and works. At each wait, {HELP} has it done for you.")
    reporter.link(f"You are {people.name}. Your passwords and tokens", f"cat {written / people.login}.txt")
    reporter.next_command(f"keyless rehearse --keep {folder}", "after Ctrl-C this goes on where you stopped")


def _repositories(connection: Connection) -> Iterator[Repository]:
    named = connection.world["migrate"]
    for text in named if isinstance(named, list) else ():
        owner, _, name = str(text).partition("/")
        yield Repository(owner, name)
