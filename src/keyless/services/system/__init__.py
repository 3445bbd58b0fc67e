"""The machine: clock, state folders, the user's tokens, secrets handed over, checkouts, files to change."""

from __future__ import annotations

from keyless.services.system.checkout import Checkout, find_checkout, parse_remote, read_files
from keyless.services.system.clock import SystemClock
from keyless.services.system.folders import prepare, state_folder
from keyless.services.system.github_token import GitHubToken, find_github_token
from keyless.services.system.inverses import Inverse, Inverses, restored
from keyless.services.system.local_files import apply_change, replace_atomically, write_files
from keyless.services.system.sources import read_secret

__all__ = [
    "Checkout",
    "GitHubToken",
    "Inverse",
    "Inverses",
    "SystemClock",
    "apply_change",
    "find_checkout",
    "find_github_token",
    "parse_remote",
    "prepare",
    "read_files",
    "read_secret",
    "replace_atomically",
    "restored",
    "state_folder",
    "write_files",
]
