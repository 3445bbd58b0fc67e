"""scan of a folder: where PyPI credentials are used and what reads them. It needs no network and no token."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from keyless.model.github import Repository, SourceFile
from keyless.model.index import Index
from keyless.model.publisher import Publisher, site
from keyless.model.reading import Found, Reading
from keyless.model.workflow import Analysis, Here
from keyless.planning.forecast import forecasts
from keyless.planning.project_name import METADATA, project_folder, project_name
from keyless.planning.scan import Scan
from keyless.surveying.scripts import complete


@dataclass(frozen=True, slots=True)
class Asked:
    """How publishers are shown: the indexes' addresses, and the publisher that somebody typed, to compare with."""

    sites: Mapping[Index, str] = field(default_factory=lambda: {index: site(index) for index in Index})
    typed: Publisher | None = None


def scan_files(
    name: str,
    here: Here | None,
    files: Sequence[SourceFile],
    read: Callable[[Sequence[str]], Sequence[Reading[SourceFile]]],
    asked: Asked | None = None,
) -> Scan:
    """Return what the files of a folder say; `read` gets the scripts that they name, and the projects' metadata.

    Where it cannot be told whose the folder is, a publisher that was typed is believed about owner and repository.
    """
    asked = asked or Asked()
    analysis = complete(files, read, here).analysis
    repository = here.repository if here is not None else None
    scan = Scan(name, repository, analysis)
    typed = asked.typed
    owner = repository or (Repository(typed.owner, typed.repository) if typed else None)
    if owner is None:
        return scan
    names = {folder: _name(folder, read) for folder in folders(analysis)}
    return replace(scan, forecasts=forecasts(owner, analysis, names, asked.sites, typed))


def folders(analysis: Analysis) -> Iterable[str]:
    """Return the folders that the projects of the uploads lie in, each once."""
    return dict.fromkeys(project_folder(step.folder) for step in analysis.publish_steps)


def _name(folder: str, read: Callable[[Sequence[str]], Sequence[Reading[SourceFile]]]) -> str | None:
    found = (reading.value for reading in read([f"{folder}{name}" for name in METADATA]) if isinstance(reading, Found))
    return project_name(replace(file, path=file.path.removeprefix(folder)) for file in found)
