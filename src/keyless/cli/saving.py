"""--save-playbook: what was answered, as a playbook that gives the same plan. Never a secret."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from keyless.model.github import Repository
from keyless.model.plan import Phase
from keyless.model.realm import Realm
from keyless.operators.base import Operator
from keyless.operators.question import Answer, Question
from keyless.operators.record import RecordingOperator


def without(arguments: Sequence[str], flag: str) -> str:
    """Return the command line of `arguments` without a flag that has a value."""
    kept = [
        a for before, a in zip(["", *arguments], arguments, strict=False) if flag not in {before, a.partition("=")[0]}
    ]
    return shlex.join(["keyless", *kept])


class Recorder:
    """Wraps every operator of a run, and writes what all of them were answered."""

    def __init__(self, repository: Repository, realm: Realm) -> None:
        self._repository = repository
        self._realm = realm
        self._operators: list[RecordingOperator] = []

    def wrap(self, operator: Operator) -> Operator:
        """Return `operator`, recorded."""
        self._operators.append(RecordingOperator(operator))
        return self._operators[-1]

    def save(self, path: Path, phase: Phase) -> None:
        """Write the playbook."""
        from keyless.playbooks.save import Answered, playbook_text, save_playbook

        answers: dict[str, dict[str, Answer]] = {}
        secrets: dict[str, Question] = {}
        for operator in self._operators:
            for identifier, names in operator.answers.items():
                answers.setdefault(identifier, {}).update(names)
            secrets |= {row.identifier: row for row in operator.secrets}
        answered = Answered(self._repository, answers, tuple(secrets.values()))
        save_playbook(path, playbook_text(phase, self._realm, [answered]))
