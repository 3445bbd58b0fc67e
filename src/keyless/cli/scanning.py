"""What becomes of a scan besides the report: SARIF, annotations for GitHub Actions, and the exit code of a strict one."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from keyless.cli.app import App
from keyless.errors import NeedsAttention
from keyless.model.reading import Found
from keyless.model.realm import Realm
from keyless.model.workflow import FileChange
from keyless.planning.scan import OwnerScan, Scan, attention
from keyless.services.system import Checkout


def write_sarif(found: Scan, realm: Realm, where: str, texts: Mapping[str, bytes]) -> None:
    """Write the findings to a file, or to standard output for "-". Raises what `files.trouble` says."""
    from keyless.files import trouble
    from keyless.render.sarif import sarif

    text = sarif(found, realm, texts)
    if where == "-":
        sys.stdout.write(text)
        return
    try:
        Path(where).write_text(text, encoding="ascii")
    except OSError as error:
        raise trouble(error, f"write {where}") from error


def write_annotations(found: Scan) -> None:
    """Print a workflow command for each finding, and how many there are."""
    from keyless.render.annotations import workflow_commands

    lines = tuple(workflow_commands(found))
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.write(f"keyless: {len(lines)} {'annotation' if len(lines) == 1 else 'annotations'}.\n")


def foretell(app: App, checkout: Checkout, changes: Sequence[FileChange]) -> Scan:
    """Return the scan of a checkout's changed files, with the publishers that they need now."""
    from keyless.journeys.scan import Asked, scan_files
    from keyless.model.github import SourceFile
    from keyless.model.index import Index
    from keyless.services.system import read_files

    asked = Asked({index: app.addresses().index(index).site for index in Index})
    files = [SourceFile(change.path, change.after) for change in changes]
    return scan_files(str(checkout.root), checkout.here, files, lambda paths: read_files(checkout.root, paths), asked)


def judge(found: Scan) -> None:
    """Raise NeedsAttention when something in a folder or repository cannot stay so."""
    reasons = tuple(attention(found))
    if reasons:
        raise _attention(f"{found.name}: {', '.join(reasons)}.")


def judge_owner(found: OwnerScan) -> None:
    """Raise NeedsAttention when something cannot stay so in any of an owner's repositories, or one could not be read."""
    bad = [name for name, reading in found.scans if not isinstance(reading, Found) or any(attention(reading.value))]
    if bad:
        raise _attention(f"{len(bad)} of {len(found.scans)} repositories need attention.")


def _attention(what: str) -> NeedsAttention:
    sys.stdout.flush()
    return NeedsAttention(what, hint="The report says where.", untouched="")
