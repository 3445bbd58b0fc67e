"""The simulated index's state, for worlds, the runner and the scripted person: everything here is no HTTP.

A facade: the functions live in files of their own by topic. All take the store and the index first; names of projects
may be spelled in any way that PyPI normalises alike. `Refused` carries what PyPI's own page would say.
"""

from __future__ import annotations

from keyless.rehearsal.index.accounts import (
    MAINTAINER,
    OWNER,
    account,
    accounts,
    change_account,
    create_account,
    create_project,
    project,
    projects,
    projects_of,
    set_role,
)
from keyless.rehearsal.index.artefacts import sdist, wheel
from keyless.rehearsal.index.documents import Refused, history
from keyless.rehearsal.index.files import content, files, publish_file, set_provenance, yank
from keyless.rehearsal.index.publishers import (
    add_pending_publisher,
    add_publisher,
    pending_publishers,
    publishers,
    remove_pending_publisher,
    remove_publisher,
)
from keyless.rehearsal.index.switches import Switches, set_switches, switches
from keyless.rehearsal.index.tokens import (
    create_token,
    delete_token,
    token,
    token_identifier,
    token_value,
    token_values,
    tokens,
    tokens_of,
)

__all__ = [
    "MAINTAINER",
    "OWNER",
    "Refused",
    "Switches",
    "account",
    "accounts",
    "add_pending_publisher",
    "add_publisher",
    "change_account",
    "content",
    "create_account",
    "create_project",
    "create_token",
    "delete_token",
    "files",
    "history",
    "pending_publishers",
    "project",
    "projects",
    "projects_of",
    "publish_file",
    "publishers",
    "remove_pending_publisher",
    "remove_publisher",
    "sdist",
    "set_provenance",
    "set_role",
    "set_switches",
    "switches",
    "token",
    "token_identifier",
    "token_value",
    "token_values",
    "tokens",
    "tokens_of",
    "wheel",
    "yank",
]
