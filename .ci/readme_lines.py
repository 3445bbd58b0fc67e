"""Print the first line of code below "## Try it" and below "## Test it", each of which has to be exactly one line."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def one_line(text: str, heading: str) -> str:
    """Return the only line of the first fenced block below a heading."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    block = re.search(r"^```[a-z]*\n(.*?)^```$", section.group(1), re.MULTILINE | re.DOTALL) if section else None
    lines = block.group(1).splitlines() if block else []
    if len(lines) != 1:
        sys.exit(f"below '## {heading}' the first fenced block has {len(lines)} lines, not one")
    return lines[0]


if __name__ == "__main__":
    readme = Path(sys.argv[1]).read_text(encoding="utf-8")
    for heading in ("Try it", "Test it"):
        sys.stdout.write(one_line(readme, heading) + "\n")
