"""What can be switched wrong with one index, as administrators or bad days do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from keyless.model.index import Index
from keyless.rehearsal.index.documents import kind
from keyless.rehearsal.store import Store


@dataclass(frozen=True, slots=True)
class Switches:
    """`no_provenance`: the index shows none although it has it (lag, a cache). `attestations_disabled`: the admin flag,
    under which they are ignored at upload and the Integrity API answers 403. `slow` is in seconds for each request.
    """

    read_only: bool = False
    uploads_disabled: bool = False
    no_provenance: bool = False
    attestations_disabled: bool = False
    trusted_publishing_disabled: bool = False
    slow: float = 0.0
    down: bool = False


def switches(store: Store, index: Index) -> Switches:
    """Return how an index's switches stand."""
    kept = store.get(kind(index, "switches"), "now")
    return Switches() if kept is None else Switches(**kept)


def set_switches(store: Store, index: Index, **changes: bool | float) -> Switches:
    """Change some switches by name; return how all of them stand."""
    changed = replace(switches(store, index), **changes)  # type: ignore[arg-type]  # names are checked by replace
    store.put(kind(index, "switches"), "now", asdict(changed))
    return changed
