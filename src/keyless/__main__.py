"""`keyless` and `python -m keyless`."""

from __future__ import annotations

import gc
import signal
import sys

_ALLOCATIONS = 1_000_000
"""A command lives for seconds. The default of 700 would walk all YAML nodes of a scan again and again."""


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(_ALLOCATIONS)
    from keyless.cli.main import run

    code = run(sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # all was said and done: the code stands, and nothing is left to stop
    gc.freeze()  # on the way out there is nothing to collect
    sys.exit(code)


if __name__ == "__main__":
    main()
