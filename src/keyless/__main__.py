"""`keyless` and `python -m keyless`."""

from __future__ import annotations

import gc
import sys

_ALLOCATIONS = 200_000
"""A command lives for seconds. The default of 700 would walk all YAML nodes of a scan again and again."""


def main() -> None:
    """Run the command line and exit with its code."""
    gc.set_threshold(_ALLOCATIONS)
    from keyless.cli.main import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
