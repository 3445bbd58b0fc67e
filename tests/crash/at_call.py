"""Run keyless, and have its own process killed with SIGKILL right before or after a call of one function.

`python -m tests.crash.at_call before|after NAME ARGUMENTS…`: NAME is of `CALLS`. Without such a call the run ends as it would.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from keyless.__main__ import main
from keyless.journal import Journal, mending, schema
from keyless.vault.folder import Folder
from tests.crash.killer import die

CALLS: dict[str, tuple[Any, str]] = {
    "intend": (Journal, "intend_backup"),
    "write": (Folder, "write"),
    "outcome": (Journal, "backup_changed"),
    "move aside": (schema, "quarantine"),
    "take over": (mending, "_take_over"),
    "adopt": (Journal, "adopt"),
}


def arm(place: str, name: str) -> None:
    """Put the trap in its place."""
    owner, attribute = CALLS[name]
    real: Callable[..., Any] = getattr(owner, attribute)

    def trapped(*given: Any, **named: Any) -> Any:
        if place == "before":
            die()
        result = real(*given, **named)
        die()
        return result

    setattr(owner, attribute, trapped)


if __name__ == "__main__":
    arm(sys.argv[1], sys.argv[2])
    sys.argv = ["keyless", *sys.argv[3:]]
    main()
