"""Runs a coroutine so that SIGTERM and a lost terminal stop it as Ctrl-C does: between effects, resumable."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Final, TypeVar

from keyless.errors import OperatorStopped

T = TypeVar("T")
_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


def run_async(main: Coroutine[object, object, T]) -> T:
    """Run `main` to its end. Raises OperatorStopped when a signal stopped it; its clean-ups have run by then."""
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        return asyncio.run(_stoppable(main))
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _stoppable(main: Coroutine[object, object, T]) -> T:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    received: list[signal.Signals] = []
    assert task is not None  # asyncio.run makes one

    def stop(number: signal.Signals) -> None:
        received.append(number)
        task.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        return await main
    except asyncio.CancelledError:
        if not received:
            raise
        raise OperatorStopped(
            f"Stopped by {received[0].name}.", untouched="What was done so far is in the journal; nothing is half done."
        ) from None
