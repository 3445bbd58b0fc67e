"""The instants of a run at which it may be killed, seen from inside: a hook is called at each, with its name.

What lies on the disk at such an instant is what a SIGKILL leaves. So a hook that copies the folder away has killed the
run there without ending it, and one run gives all its instants.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keyless.journal import Journal
from keyless.journeys import desk
from keyless.vault import Vault

Hook = Callable[[str], None]


class _Watched:
    def __init__(self, performer: Any, hook: Hook) -> None:
        self._performer, self._hook = performer, hook

    async def check(self, step: Any, record: Any) -> Any:
        return await self._performer.check(step, record)

    async def act(self, step: Any) -> None:
        await self._performer.act(step)
        self._hook(f"after the effect of {step.id}")

    async def confirm(self, step: Any) -> Any:
        return await self._performer.confirm(step)


@contextmanager
def instants(hook: Hook) -> Iterator[None]:
    """Call `hook` before and after each intent, effect and outcome, and after each backup that is sealed or destroyed."""
    intend, done, seal, shred = Journal.intend, Journal.done, Vault.seal, Vault.shred
    performers, state = desk.performers, Journal.set_state

    def intending(self: Journal, journey: str, phase: Any, step: str, now: Any) -> None:
        hook(f"before the intent of {step}")
        intend(self, journey, phase, step, now)
        hook(f"after the intent of {step}")

    def finishing(self: Journal, journey: str, phase: Any, step: str, now: Any, evidence: Any) -> None:
        hook(f"before the outcome of {step}")
        done(self, journey, phase, step, now, evidence)
        hook(f"after the outcome of {step}")

    def sealing(self: Vault, *given: Any) -> Any:
        header = seal(self, *given)
        hook("after sealing")
        return header

    def shredding(self: Vault, id_: str) -> None:
        shred(self, id_)
        hook("after shredding")

    def moving(self: Journal, *given: Any) -> None:
        state(self, *given)
        hook("after a change of state")

    def watched(*given: Any) -> Any:
        return {kind: _Watched(performer, hook) for kind, performer in performers(*given).items()}

    Journal.intend, Journal.done, Journal.set_state = intending, finishing, moving  # type: ignore[method-assign]
    Vault.seal, Vault.shred = sealing, shredding  # type: ignore[method-assign]
    desk.performers = watched
    try:
        yield
    finally:
        Journal.intend, Journal.done, Journal.set_state = intend, done, state  # type: ignore[method-assign]
        Vault.seal, Vault.shred = seal, shred  # type: ignore[method-assign]
        desk.performers = performers


def killed_everywhere(folder: Path, job: Callable[[], object], into: Path) -> tuple[list[tuple[str, Path]], object]:
    """Run `job`, which works in `folder`; return what each kill would have left, by the instant's name, and its result."""
    left: list[tuple[str, Path]] = []

    def copy(name: str) -> None:
        place = into / f"{len(left)}"
        shutil.copytree(folder, place)
        left.append((name, place))

    into.mkdir()
    with instants(copy):
        result = job()
    return left, result
