"""The questions before a migration, in the order in which a person can answer them. Answers are data; planning is pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from keyless import workflows
from keyless.errors import UsageError
from keyless.journeys.asks import about_secret
from keyless.model.index import Index, normalise
from keyless.model.plan import BackupChoice, Delivery, Origin
from keyless.model.proof import Grade
from keyless.model.publisher import new_token_page
from keyless.model.realm import Addresses
from keyless.model.survey import Survey
from keyless.model.workflow import Here, Rewrite
from keyless.observer import Observer
from keyless.operators.base import Operator, ask_names, ask_number, ask_text, ask_yes
from keyless.operators.question import Choice
from keyless.operators.questions import question
from keyless.planning.answers import Answers
from keyless.planning.candidates import Candidate, candidates
from keyless.planning.readers import Reader, readers
from keyless.planning.uploads import uploads, with_token


@dataclass(frozen=True, slots=True)
class Interview:
    """Asks about one survey. `local` says that a checkout is at hand, so that files can be written into it."""

    operator: Operator
    observer: Observer
    addresses: Addresses
    survey: Survey
    suggested: Mapping[str, str | None]
    local: bool

    async def ask(self) -> tuple[Answers, Rewrite]:
        """Return the answers, and the rewrite that they lead to."""
        self._require_uploads()
        projects = await self._projects()
        environments = await self._environments()
        facts = self.survey.facts
        here = Here(facts.repository, facts.default_branch)
        tokens = with_token(self.survey.analysis)
        rewrite = workflows.rewrite(self.survey.files, environments, here) if tokens else Rewrite()
        skipped = await self._skipped(projects)
        secrets = await self._secrets()
        backups, origins = await self._backups(secrets, projects)
        answers = Answers(
            projects=projects,
            environments=environments,
            secrets=tuple(candidate.key for candidate in secrets),
            delivery=await self._delivery(rewrite),
            skipped=skipped,
            bar=await self._bar(),
            accepted=await self._accepted(secrets),
            backups=backups,
            origins=origins,
            whole_token=await ask_yes(self.operator, question("whole-token"), {}),
            window_days=await ask_number(self.operator, question("window"), {}),
        )
        return answers, rewrite

    def _require_uploads(self) -> None:
        if uploads(self.survey.analysis):
            return
        seen = ", ".join(file.path for file in self.survey.files) or "no workflow at all"
        raise UsageError(
            f"No workflow of {self.survey.facts.repository} uploads to PyPI or TestPyPI as far as can be seen ({seen}).",
            hint="If a script does it, `keyless scan` says which files were not seen.",
        )

    async def _projects(self) -> Mapping[str, tuple[str, ...]]:
        named: dict[str, tuple[str, ...]] = {}
        for upload in uploads(self.survey.analysis):
            told = upload.step.project or self.suggested.get(upload.key)
            about = {"step": upload.key, "index": upload.index.label}
            default = (normalise(told),) if told else None
            row = replace(
                question("project"), asked=told is None
            )  # what the files tell is not asked, only a flag differs
            names = await ask_names(self.operator, row, about, default=default)
            named[upload.key] = tuple(normalise(name) for name in names)
        return named

    async def _environments(self) -> Mapping[Index, str | None]:
        """Ask only where the workflow names none; what it names is what the publisher has to name."""
        chosen: dict[Index, str | None] = {}
        for upload in uploads(self.survey.analysis):
            if upload.index not in chosen:
                told = upload.step.environment
                about = {"index": upload.index.label, "repository": str(self.survey.facts.repository)}
                chosen[upload.index] = told or await ask_text(self.operator, question("environment"), about) or None
        return chosen

    async def _skipped(self, projects: Mapping[str, tuple[str, ...]]) -> Mapping[Index, str]:
        if not any(upload.index is Index.PYPI for upload in uploads(self.survey.analysis)):
            return {}
        about = {"repository": str(self.survey.facts.repository)}
        choice = await ask_text(self.operator, question("testpypi"), about)
        if choice == "skip":
            return {Index.TESTPYPI: await ask_text(self.operator, question("testpypi-reason"), about)}
        if not any(upload.index is Index.TESTPYPI for upload in uploads(self.survey.analysis)):
            raise UsageError(
                f"No workflow of {self.survey.facts.repository} uploads to TestPyPI, so nothing can be proven there.",
                hint="Add a job that does, or answer --testpypi skip with --testpypi-reason.",
            )
        return {}

    async def _secrets(self) -> tuple[Candidate, ...]:
        found = {candidate.key: candidate for candidate in candidates(self.survey)}
        if not found:
            self.observer.note("No store that can be read holds a secret for PyPI: there is nothing to remove.")
            return ()
        offered = tuple(Choice(key, _what_it_is(candidate)) for key, candidate in found.items())
        names = await ask_names(self.operator, question("secrets"), {}, default=tuple(found), choices=offered)
        return tuple(found[name] for name in names if name in found)

    async def _backups(
        self, secrets: Sequence[Candidate], projects: Mapping[str, tuple[str, ...]]
    ) -> tuple[Mapping[str, BackupChoice], Mapping[str, Origin]]:
        backups: dict[str, BackupChoice] = {}
        origins: dict[str, Origin] = {}
        for candidate in secrets:
            if not candidate.holds_token:
                continue
            about = about_secret(candidate.entry)
            choice = BackupChoice(await ask_text(self.operator, question("backup"), about))
            if choice is BackupChoice.NONE:
                project = self._project_of(candidate, projects)
                await ask_text(self.operator, question("confirm-no-backup"), {**about, "project": project})
            elif choice is BackupChoice.NEW_TOKEN:
                index = candidate.indexes[0]
                page = new_token_page(self.addresses.index(index).site, self._project_of(candidate, projects))
                self.observer.link(f"A new token for {candidate.key} is issued here, later, when it is needed", page)
            else:
                self._where_tokens_are_listed(candidate)
                origins[candidate.key] = Origin(await ask_text(self.operator, question("token-is"), about))
            backups[candidate.key] = choice
        return backups, origins

    def _where_tokens_are_listed(self, candidate: Candidate) -> None:
        if self.operator.interactive:
            index = candidate.indexes[0] if candidate.indexes else Index.PYPI
            page = f"{self.addresses.index(index).site}/manage/account/#api-tokens"
            self.observer.link(f"Your tokens on {index.label}, and when each was last used", page)

    def _project_of(self, candidate: Candidate, projects: Mapping[str, tuple[str, ...]]) -> str:
        for key in (*candidate.uploads, *projects):
            if projects.get(key):
                return projects[key][0]
        return self.survey.facts.repository.name

    async def _delivery(self, rewrite: Rewrite) -> Delivery:
        if not rewrite.changes:
            return Delivery.PULL_REQUEST
        about = {"repository": str(self.survey.facts.repository)}
        preset = Delivery.LOCAL if self.local and not self.survey.facts.push else Delivery.PULL_REQUEST
        return Delivery(await ask_text(self.operator, question("delivery"), about, default=preset.value))

    async def _bar(self) -> Grade:
        grade = Grade(await ask_text(self.operator, question("grade"), {"index": "PyPI"}))
        if grade is not Grade.ATTESTED:
            await ask_text(self.operator, question("grade-reason"), {"grade": grade.value})
        return grade

    async def _accepted(self, secrets: Sequence[Candidate]) -> tuple[str, ...]:
        """Ask only about readers that the change of the default branch leaves."""
        left: dict[str, Reader] = {}
        base = self.survey.facts.default_branch
        elsewhere = [reading for reading in self.survey.branches if reading.branch.name != base]
        for candidate in secrets:
            for reader in readers(candidate.entry.name, elsewhere, self.survey.shared):
                left.setdefault(reader.key, reader)
        if not left:
            return ()
        for reader in left.values():
            self.observer.warning(reader.says)
        offered = tuple(Choice(key, reader.says) for key, reader in left.items())
        return await ask_names(self.operator, question("accept-reference"), {}, default=(), choices=offered)


def _what_it_is(candidate: Candidate) -> str:
    where = str(candidate.entry.store)
    if candidate.used:
        return f"in {where}, read by {', '.join(candidate.uploads) or 'an upload on another branch'}"
    return f"in {where}, read by nothing that can be seen"
