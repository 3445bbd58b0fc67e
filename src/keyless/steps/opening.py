"""Open a backup: before its end with its key alone, after it only when the operator says so in so many words."""

from __future__ import annotations

from pathlib import Path

from keyless.model.backup import BackupContents, BackupHeader
from keyless.steps.toolbox import Toolbox
from keyless.vault import Reason, Refusal


async def open_backup(tools: Toolbox, where: str | Path) -> tuple[BackupHeader, BackupContents]:
    """Return what a backup holds, by its id or file. Raises Refusal; an expired one is refused unless it is insisted on."""
    unlock = await tools.asks.unlock(tools.vault.recipients(where))
    try:
        return tools.vault.open(where, unlock, now=tools.clock.now())
    except Refusal as refusal:
        if refusal.reason is not Reason.EXPIRED or not await tools.asks.open_expired():
            raise
    tools.observer.warning("The backup is opened after its end, as you said. The index may refuse the token in it.")
    return tools.vault.open(where, unlock, now=tools.clock.now(), past_expiry=True)
