"""What a fix did and what it left to people, as sentences. Pure. Importing this gives fixes their view."""

from __future__ import annotations

from keyless.journeys.fix import FixReport
from keyless.model.workflow import Declined
from keyless.render.views import View, view


@view.register
def declined_view(declined: Declined) -> View:
    """Return why a file was left as it is, and the steps by hand."""
    steps = tuple(f"  {number}. {step}" for number, step in enumerate(declined.by_hand, 1))
    return (f"{declined.path} was left as it is: {declined.because}. By hand:", *steps)


@view.register
def fix_view(report: FixReport) -> View:
    """Return the declined files first, then what was done, and what cannot be taken back."""
    left = tuple(block for declined in report.declined for block in declined_view(declined))
    unkept = tuple(
        f"A token stood in {path}: no copy of the old text is kept, so --undo will not bring it back. "
        "Revoke that token on the index."
        for path in report.unkept
    )
    return (*left, *unkept, _summary(report))


def _summary(report: FixReport) -> str:
    changed, declined = len(report.changed), len(report.declined)
    if not changed and not declined:
        return "Nothing to change: no upload takes a token, as far as can be seen."
    did = "changed" if report.written else "would change"
    parts = [f"{_files(changed)} {did}"] if changed else []
    parts += [f"{_files(declined)} left to be changed by hand"] if declined else []
    return f"{', '.join(parts)}."


def _files(number: int) -> str:
    return f"{number} {'file' if number == 1 else 'files'}"
