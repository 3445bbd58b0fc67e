"""verify --save and --from: evidence in a folder, verified again with no network, on another machine, years later.

A folder holds `evidence.json` (what the index and GitHub said, signed by nobody), `provenance/` (each file's, as the
index gave it: signed) and `trusted_root.json` (the root of that time, kept for whoever has lost all others). When it is
read again nothing in it is taken on its word: the signatures are judged by the root that this machine has.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from keyless import proofs
from keyless.errors import UsageError
from keyless.files import trouble
from keyless.journeys.verify import Verified, complete
from keyless.model.codec import CodecError, Json, decode, encode
from keyless.model.index import normalise
from keyless.model.kept import FORMAT, KeptEvidence, KeptFile
from keyless.model.proof import Grade, Judgement, Reason, Verdict
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Reading
from keyless.model.realm import Realm
from keyless.model.release import Evidence, Expectation
from keyless.services.ports import Verifier
from keyless.surveying.release import verified

EVIDENCE: Final = "evidence.json"
ROOT: Final = "trusted_root.json"
PROVENANCE: Final = "provenance"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]*")
_MOST_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Again:
    """Kept evidence, judged anew: `same_digest` whether it is still the evidence that was kept under that name,
    `same_root` whether the root that lies beside is the one that it was judged by now.
    """

    verified: Verified
    kept: KeptEvidence
    root: str
    same_root: bool
    same_digest: bool


def save(folder: Path, found: Verified, verifier: Verifier, realm: Realm, now: datetime) -> None:
    """Write the evidence into `folder`, `evidence.json` last. Raises UsageError where evidence is kept there already."""
    if (folder / EVIDENCE).exists():
        raise UsageError(
            f"{folder} holds evidence already.", hint="Name another folder; evidence is never overwritten."
        )
    name, content = verifier.root()
    files = tuple(KeptFile(file, _named(file.filename, reading)) for file, reading in found.provenance)
    kept = KeptEvidence(
        format=FORMAT,
        realm=realm,
        kept_at=now,
        release=found.evidence.release,
        files=files,
        run=found.evidence.run,
        expected=found.expectation.publisher,
        after=found.expectation.after,
        root=name,
        digest=proofs.digest(found.evidence),
    )
    try:
        (folder / PROVENANCE).mkdir(parents=True, exist_ok=True)
        for (_, reading), each in zip(found.provenance, files, strict=True):
            if isinstance(reading, Found) and isinstance(each.provenance, Found):
                (folder / PROVENANCE / each.provenance.value).write_bytes(reading.value)
        (folder / ROOT).write_bytes(content)
        (folder / EVIDENCE).write_text(json.dumps(encode(kept), indent=1, ensure_ascii=True) + "\n", encoding="ascii")
    except OSError as error:
        raise trouble(error, f"keep the evidence in {folder}") from error


def _named(filename: str, reading: Reading[bytes]) -> Reading[str]:
    if not isinstance(reading, Found):
        return reading
    if not _NAME.fullmatch(filename):
        raise UsageError(
            "The release has a file whose name cannot be a file's name here.", untouched="Nothing was kept."
        )
    return Found(f"{filename}.provenance.json")


def load(folder: Path) -> KeptEvidence:
    """Return what `evidence.json` says. Raises UsageError for what is missing, damaged or of another version."""
    text = _read(folder, EVIDENCE)
    try:
        data: Json = json.loads(text)
        said = data.get("format") if isinstance(data, dict) else None
        if said != FORMAT:
            raise UsageError(
                f"{folder / EVIDENCE} is of format {json.dumps(said)[:20]}, this version of keyless reads {FORMAT}.",
                hint="Use the version of keyless that wrote it, or a newer one.",
            )
        return decode(KeptEvidence, data)
    except (ValueError, RecursionError) as error:  # a CodecError is a ValueError, and names the place
        where = str(error) if isinstance(error, CodecError) else "it is no JSON"
        raise UsageError(f"{folder / EVIDENCE} is not evidence as keyless writes it: {where}.") from error


def again(
    folder: Path,
    kept: KeptEvidence,
    verifier: Verifier,
    now: datetime,
    *,
    expected: Publisher | None,
    project: str | None,
) -> Again:
    """Judge kept evidence anew, by `verifier`'s root. `expected` and `project` are what is asked now, where it is.

    Only signatures count: a grade that rests on what the folder says is no proof, for anybody could have written it.
    """
    provenance = tuple((each.file, _provenance(folder, each)) for each in kept.files)
    files = verified(verifier, provenance)
    evidence = Evidence(kept.release, files, kept.run, now)
    expectation = Expectation(
        kept.release.index,
        normalise(project or kept.release.project),
        complete(expected, files) if expected else kept.expected,
        kept.after,
        version=kept.release.version,
    )
    judgement = _by_signatures(proofs.judge(evidence, expectation), kept.kept_at)
    name, content = verifier.root()
    return Again(
        Verified(judgement, evidence, expectation, provenance),
        kept,
        name,
        _same_json(content, _read(folder, ROOT)),
        proofs.digest(evidence) == kept.digest,
    )


def _by_signatures(judgement: Judgement, kept_at: datetime) -> Judgement:
    said = Reason(
        "kept-unsigned",
        "unknown",
        f"The list of files, their times and the run are what was written down on {kept_at:%Y-%m-%d}; nobody signed them.",
    )
    reasons = (*judgement.reasons, said)
    if judgement.grade is Grade.ATTESTED or judgement.verdict is Verdict.NOT_PROVEN:
        return replace(judgement, reasons=reasons)
    return replace(judgement, grade=Grade.NONE, verdict=Verdict.NOT_PROVEN, reasons=reasons)


def _provenance(folder: Path, each: KeptFile) -> Reading[bytes]:
    match each.provenance:
        case Found(name) if _NAME.fullmatch(name):
            return Found(_read(folder / PROVENANCE, name))
        case Found():
            raise UsageError(f"{folder / EVIDENCE} names a provenance file outside of its folder.")
        case other:
            return other


def _read(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is larger than any evidence.")
        return path.read_bytes()
    except OSError as error:
        raise trouble(error, f"read {path}") from error


def _same_json(one: bytes, other: bytes) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except (ValueError, RecursionError):
        return False
