"""The one gate before a secret is removed or a token revoked: used by every command and by both voices."""

from __future__ import annotations

from collections.abc import Sequence

from keyless.model.index import Index, normalise
from keyless.model.proof import Grade, Judgement, Verdict

_REASONS_SHOWN = 3


def gate(judgements: Sequence[Judgement], needed: Sequence[tuple[Index, str]], bar: Grade) -> tuple[str, ...]:
    """Return what is lacking, in sentences; empty means that the gate is open.

    Every project in `needed` must have a judgement, and every judgement given for it must be proven and reach `bar`.
    Needing nothing, or a bar of NONE, opens nothing: the gate is for evidence.
    """
    if not needed:
        return ("Nothing was named that has to be proven.",)
    if bar is Grade.NONE:
        return ("The bar is 'none', which is no evidence.",)
    lacking: list[str] = []
    for index, project in sorted(set(needed), key=lambda each: (each[0].value, each[1])):
        mine = [j for j in judgements if j.index is index and normalise(j.project) == normalise(project)]
        if not mine:
            lacking.append(f"{project} on {index.label} was not judged.")
        lacking += [_lack(judgement, bar) for judgement in mine if not _passes(judgement, bar)]
    return tuple(dict.fromkeys(lacking))


def _passes(judgement: Judgement, bar: Grade) -> bool:
    against = any(reason.side == "against" for reason in judgement.reasons)
    return judgement.verdict is Verdict.PROVEN and judgement.grade.reaches(bar) and not against


def _lack(judgement: Judgement, bar: Grade) -> str:
    what = " ".join(part for part in (judgement.project, judgement.version) if part)
    told = [reason.message for reason in judgement.reasons if reason.side != "for"][:_REASONS_SHOWN]
    because = f" {' '.join(told)}" if told else ""
    return f"{what} on {judgement.index.label} is '{judgement.grade.value}', '{bar.value}' is needed.{because}"
