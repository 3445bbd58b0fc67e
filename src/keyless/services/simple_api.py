"""The simple API's JSON (PEP 691, 700, 740) as releases."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from keyless.model.index import Index
from keyless.model.release import Release, ReleaseFile


class NotSimple(Exception):
    """The text is not a simple page. Stays inside the services."""


class _File(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    filename: str
    hashes: dict[str, str]
    size: int
    upload_time: AwareDatetime = Field(alias="upload-time")
    yanked: bool | str = False
    provenance: str | None = None


class _Page(BaseModel):
    name: str
    files: list[_File]
    versions: list[str] = []


def releases(index: Index, project: str, body: bytes) -> tuple[Release, ...]:
    """Return every release of a page, newest upload first, files by name. Raises NotSimple.

    A file whose name has no version that can be read (very old formats) stands under the version "".
    """
    try:
        page = _Page.model_validate_json(body)
    except ValidationError as error:
        raise NotSimple("the answer is not a page of the simple API with sizes and upload times") from error
    spelling = {_canonical(version): version for version in page.versions}
    groups: defaultdict[str, list[ReleaseFile]] = defaultdict(list)
    for file in page.files:
        version = version_of(file.filename)
        groups[spelling.get(version, version)].append(_file(file))
    found = [
        Release(index, project, version, tuple(sorted(files, key=lambda file: file.filename)))
        for version, files in groups.items()
    ]
    return tuple(sorted(found, key=newest_upload, reverse=True))


def newest_upload(release: Release) -> datetime:
    """Return when the last file of `release` arrived (UTC)."""
    return max(file.uploaded_at for file in release.files)


def version_of(filename: str) -> str:
    """Return the version in a file's name, in canonical form; "" where none can be read."""
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[1])
        return str(parse_sdist_filename(filename)[1])
    except (InvalidWheelFilename, InvalidSdistFilename):
        return ""


def _canonical(version: str) -> str:
    from packaging.version import InvalidVersion, Version

    try:
        return str(Version(version))
    except InvalidVersion:
        return version


def _file(file: _File) -> ReleaseFile:
    stated = "provenance" in file.model_fields_set
    return ReleaseFile(
        filename=file.filename,
        sha256=file.hashes.get("sha256", ""),
        size=file.size,
        uploaded_at=file.upload_time,
        yanked=bool(file.yanked) or file.yanked == "",
        has_provenance=file.provenance is not None if stated else None,
    )
