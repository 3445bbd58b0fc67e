"""An action that nothing is handed to, in a job whose variables hold an uploader's credential: it alone can take it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from keyless.workflows.consumers import consumer_of
from keyless.workflows.shape import ActionRef
from keyless.workflows.tools import Upload
from keyless.workflows.tools.third_party import inherited
from keyless.workflows.walk import Visit

_UPLOADS_NOTHING = re.compile(
    r"^(?:actions|github|docker|pypa|pre-commit)/|setup|install|cache|checkout|codecov|coverall|artifact|cibuildwheel|"
    r"maturin|toolchain|qemu|lint|slack|discord|notif|gpg|ssh|sign|cancel|wait|version|changelog|git|\btag|pages|commit|"
    r"gh-release|create-release|release-action|release-draft|release-please",
    re.IGNORECASE,
)
"""What actions do that upload nothing to an index, by their names."""


def takers(seen: Sequence[Visit], uploading: Iterable[Visit]) -> Iterator[tuple[Visit, Upload]]:
    """Yield the one action of a job that its uploader's variables can be for, with the upload.

    Where anything else of the job may read them (an upload, a script, a local action, a second such action), none is.
    """
    busy = {_job(visit) for visit in uploading}
    jobs: dict[tuple[int, int], list[Visit]] = {}
    for visit in seen:
        jobs.setdefault(_job(visit), []).append(visit)
    for key, visits in jobs.items():
        left = [visit for visit in visits if _may_read(visit)]
        uses = left[0].view.uses if len(left) == 1 else None
        if key not in busy and uses is not None and not uses.local:
            yield from ((left[0], upload) for upload in inherited(left[0].view))


def _job(visit: Visit) -> tuple[int, int]:
    return id(visit.job), id(visit.caller[1]) if visit.caller else 0


def _may_read(visit: Visit) -> bool:
    uses: ActionRef | None = visit.view.uses
    if uses is None:
        return bool(consumer_of(visit))
    return uses.local or not _UPLOADS_NOTHING.search(uses.name)
