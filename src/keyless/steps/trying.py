"""Whether the index accepts the very token that is kept: tried, because a text that can be read may still be spoilt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from keyless.model.index import Index
from keyless.model.reading import Found, Reading
from keyless.model.release import Release
from keyless.model.token import Concern, Life
from keyless.observer import Observer
from keyless.secret import Secret
from keyless.services.ports import PackageIndex


async def refused(
    indexes: Mapping[Index, PackageIndex],
    observer: Observer,
    token: Secret,
    index: Index,
    projects: Sequence[str],
) -> Concern | None:
    """Return why `index` refuses the token for one of the projects, or None. What could not be told is said.

    Tried only on a project that was seen to be there, with a release of it: a form for any other would make one.
    """
    for project in projects:
        version = _newest(await indexes[index].versions(project))
        if version is None:
            observer.warning(f"Whether {index.label} accepts the token for {project} could not be tried: no release.")
            continue
        trial = await indexes[index].trial(token, project, version)
        if trial.life is Life.GONE:
            says = f"{index.label} refuses this token for {project}: {trial.because}."
            return Concern("refused", True, says, "Copy the token once more, the whole of it, or issue a new one.")
        if trial.life is Life.UNKNOWN:
            observer.warning(
                f"Whether {index.label} accepts the token for {project} could not be told: {trial.because}"
            )
    return None


def _newest(releases: Reading[tuple[Release, ...]]) -> str | None:
    match releases:
        case Found(found) if found:
            return found[0].version
        case _:
            return None
