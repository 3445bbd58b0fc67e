"""The receipt: from the journal's records to what was done, proven by what, when, and what could not be seen."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import keyless
from keyless.journeys.desk import Desk
from keyless.journeys.evidence import in_words
from keyless.model.codec import CodecError, decode
from keyless.model.journey import Journey, StepRecord, StepState
from keyless.model.plan import Phase, Plan, RevokeToken, SealBackup, SkippedProof, Step
from keyless.model.proof import Judgement
from keyless.model.receipt import Deed, Exemption, Receipt, TokenEnd
from keyless.planning.finish import item_key
from keyless.steps.titles import title

VERSION = 1
_UNSEEN = ("The values of GitHub's secrets: they can be written and never read.",)


def write_receipt(desk: Desk, journey: Journey) -> tuple[Receipt, Path]:
    """Write the receipt as JSON and Markdown into the state folder; return it and the Markdown's path."""
    from keyless.render.receipt import receipt_json, receipt_markdown

    receipt = make_receipt(desk, journey)
    folder = desk.state / "receipts"
    folder.mkdir(mode=0o700, exist_ok=True)
    name = f"{journey.repository.owner}--{journey.repository.name}-{journey.id}"
    _write(folder / f"{name}.json", receipt_json(receipt))
    markdown = folder / f"{name}.md"
    _write(markdown, receipt_markdown(receipt))
    return receipt, markdown


def make_receipt(desk: Desk, journey: Journey) -> Receipt:
    """Return what the journal can vouch for, and no more."""
    steps = _steps(desk, journey)
    done = [r for r in desk.journal.records(journey.id) if r.state is StepState.DONE and (r.phase, r.step) in steps]
    return Receipt(
        version=VERSION,
        realm=desk.addresses.realm,
        repository=journey.repository,
        journey=journey.id,
        outcome=journey.state.value,
        started_at=journey.started_at,
        issued_at=desk.clock.now(),
        made_by=f"keyless {keyless.__version__}",
        deeds=tuple(_deed(steps[record.phase, record.step], record) for record in done),
        proofs=tuple(_proofs(done)),
        tokens=tuple(_tokens(desk, journey, done)),
        exemptions=tuple(_exemptions(desk, journey, steps)),
        unseen=(*_UNSEEN, *_rebuilt(desk, journey)),
        digest=_digest(desk, journey),
    )


def _steps(desk: Desk, journey: Journey) -> dict[tuple[Phase, str], Step]:
    plans: list[Plan] = [plan for phase in Phase if (plan := desk.journal.plan(journey.id, phase)) is not None]
    return {(plan.phase, step.id): step for plan in plans for step in plan.steps}


def _deed(step: Step, record: StepRecord) -> Deed:
    return Deed(record.at, record.phase.value, title(step), in_words(step, record.evidence))


def _proofs(done: list[StepRecord]) -> Iterator[Judgement]:
    for record in done:
        kept = record.evidence.get("judgement") if isinstance(record.evidence, dict) else None
        if kept is not None:
            try:
                yield decode(Judgement, kept)
            except CodecError:
                continue  # of an older version; the deed that names it stands all the same


def _tokens(desk: Desk, journey: Journey, done: list[StepRecord]) -> Iterator[TokenEnd]:
    migration, finish = (desk.journal.plan(journey.id, phase) for phase in (Phase.MIGRATE, Phase.FINISH))
    places = {
        item.entry.name: item_key(item)
        for step in (migration.steps if migration else ())
        if isinstance(step, SealBackup)
        for item in step.items
    }
    records = {record.step: record for record in done if record.phase is Phase.FINISH}
    for step in finish.steps if finish else ():
        if isinstance(step, RevokeToken):
            yield _end(step, records.get(step.id), places.get(step.secret, step.secret))


def _end(step: RevokeToken, record: StepRecord | None, place: str) -> TokenEnd:
    evidence = record.evidence if record is not None and isinstance(record.evidence, dict) else {}
    if evidence.get("gone") is True:
        end = "proven gone"
    elif evidence.get("stated") is True:
        end = "said to be gone"
    else:
        end = "not known"
    at: datetime | None = record.at if record is not None else None
    return TokenEnd(step.secret, place, step.index, step.identifier, step.origin, end, at)


def _exemptions(desk: Desk, journey: Journey, steps: dict[tuple[Phase, str], Step]) -> Iterator[Exemption]:
    for step in steps.values():
        if isinstance(step, SkippedProof):
            yield Exemption(f"no proof of {step.project} on {step.index.label}", step.reason)
        if isinstance(step, SealBackup):
            yield from (
                Exemption(f"no backup of {item.entry.name}", "declined by typing the project's name")
                for item in step.items
                if item.holds_token and item.choice.value == "none"
            )
    answers = desk.journal.answers(journey.id)
    reason = answers.get("grade-reason")
    if isinstance(reason, str):
        yield Exemption(f"a proof of grade '{answers.get('grade')}' was enough", reason)
    accepted = answers.get("accept-reference")
    if isinstance(accepted, list):
        yield from (Exemption(f"{name} may still read a removed secret", "accepted by its name") for name in accepted)


def _rebuilt(desk: Desk, journey: Journey) -> Iterator[str]:
    for event in desk.journal.events(journey.id):
        if event.kind == "rebuilt":
            yield (
                f"What happened before {event.at:%Y-%m-%d %H:%M} UTC: the journal was lost and rebuilt then, from the backup "
                "and from what the services said."
            )


def _digest(desk: Desk, journey: Journey) -> str | None:
    events = desk.journal.events(journey.id)
    return events[-1].hash if events else None


def _write(path: Path, text: str) -> None:
    temporary = path.with_suffix(f"{path.suffix}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
