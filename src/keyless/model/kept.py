"""Evidence about a release as it is kept in a folder, to be verified again years later and elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from keyless.model.publisher import Publisher
from keyless.model.reading import Reading
from keyless.model.realm import Realm
from keyless.model.release import Release, ReleaseFile, RunEvidence

FORMAT = 1


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file of the release, and the name of the file in the folder that holds its provenance as the index gave it."""

    file: ReleaseFile
    provenance: Reading[str]


@dataclass(frozen=True, slots=True)
class KeptEvidence:
    """What `evidence.json` says. Nobody signed it: only the provenance files beside it can be verified.

    `expected` and `after` are what was asked when it was kept; `root` is the name of the trust root of that time, whose
    text lies beside; `digest` names the evidence, as receipts do. Times are UTC.
    """

    format: int
    realm: Realm
    kept_at: datetime
    release: Release
    files: tuple[KeptFile, ...]
    run: Reading[RunEvidence]
    expected: Publisher
    after: datetime | None
    root: str
    digest: str
