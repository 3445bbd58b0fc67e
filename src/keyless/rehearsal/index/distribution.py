"""Is an uploaded file what its name says? Names as PEP 625 and PEP 427 have them, contents as far as PyPI looks at them."""

from __future__ import annotations

import io
import os.path
import re
import tarfile
import zipfile
import zlib

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from keyless.model.index import normalise
from keyless.rehearsal.index.answers import Stop
from keyless.rehearsal.index.form import EXTENSIONS, Form

_FILE = re.compile(r".+?(?P<extension>\.(tar\.gz|zip|whl))$", re.IGNORECASE)
_PLATFORM = re.compile(
    r"any|win32|win_(arm64|amd64|ia64)|linux_armv[67]l|manylinux\w+|musllinux\w+|macosx_\w+|ios_\w+|android_\w+"
    r"|pyemscripten_\w+"
)


def check_filename(filename: str, filetype: str) -> None:
    """Check the bare name, which happens before the file is looked at. Raises Stop(400)."""
    if any(ord(character) < 32 or ord(character) == 127 for character in filename):
        raise Stop(
            400,
            "Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL character (ordinal 127) "
            "in the name.",
        )
    if "/" in filename or "\\" in filename:
        raise Stop(400, "Cannot upload a file with '/' or '\\' in the name.")
    match = _FILE.match(filename)
    if match is None:
        raise Stop(
            400,
            "Invalid file extension: Use .tar.gz, .whl or .zip extension. See https://www.python.org/dev/peps/pep-0527 "
            "and https://peps.python.org/pep-0715/ for more information",
        )
    if match["extension"] not in EXTENSIONS[filetype]:
        raise Stop(
            400,
            f"Invalid file extension: Extension {match['extension']} is invalid for filetype {filetype}. "
            "See https://www.python.org/dev/peps/pep-0527 for more information.",
        )


def check_distribution(filename: str, content: bytes, form: Form, project: str) -> None:
    """Check the file itself and its name against the metadata. `project` is the project's name. Raises Stop(400)."""
    if filename.endswith(".tar.gz"):
        _check_tar(content)
    else:
        _check_zip(filename, content)
    if form.filetype == "sdist":
        _check_sdist_name(filename, form, project)
    else:
        _check_wheel_name(filename, form, project)
        _check_wheel_members(filename, content)


def _check_tar(content: bytes) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            names = archive.getnames()
    except (tarfile.TarError, zlib.error, OSError, EOFError):
        raise Stop(400, "Invalid distribution file. File is not a tarfile") from None
    top = os.path.commonpath(names) if names and not any(name.startswith("/") for name in names) else ""
    if top in (".", "/", ""):
        raise Stop(400, "Invalid distribution file. Incorrect number of top-level directories in sdist")
    if f"{top}/PKG-INFO" not in names:
        raise Stop(400, f"Invalid distribution file. PKG-INFO not found at {top}/PKG-INFO")


def _check_zip(filename: str, content: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except zipfile.BadZipFile:
        raise Stop(400, "Invalid distribution file. File is not a zipfile") from None
    if not filename.endswith(".whl"):
        return
    parts = filename.split("-", 2)
    if len(parts) < 3:
        raise Stop(400, "Invalid distribution file. Unable to parse name and version from wheel filename")
    wanted = f"{parts[0]}-{parts[1]}.dist-info/WHEEL"
    if wanted not in names:
        raise Stop(400, f"Invalid distribution file. WHEEL not found at {wanted}")


def _check_sdist_name(filename: str, form: Form, project: str) -> None:
    try:
        name, _ = parse_sdist_filename(filename)
    except InvalidSdistFilename:
        raise Stop(400, f"Invalid source distribution filename: {filename}") from None
    stem = normalise(project).replace("-", "_")
    if name != normalise(project):
        raise Stop(400, f"Start filename for {project!r} with {stem!r}.")
    expected = f"{stem}-{form.version}.tar.gz"
    if filename != expected:
        raise Stop(400, f"Filename {filename!r} is invalid, should be {expected!r}.")


def _check_wheel_name(filename: str, form: Form, project: str) -> None:
    try:
        name, version, _, tags = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise Stop(400, str(error)) from None
    for tag in tags:
        if not _PLATFORM.fullmatch(tag.platform):
            raise Stop(400, f"Binary wheel '{filename}' has an unsupported platform tag '{tag.platform}'.")
    stem = normalise(project).replace("-", "_")
    if name != normalise(form.name):
        raise Stop(400, f"Start filename for {project!r} with {stem!r}.")
    spelled = filename.split("-", 1)[0]
    if spelled != stem:
        raise Stop(400, f"Filename {filename!r} should contain the normalized project name {stem!r}, not {spelled!r}.")
    if version != form.version:
        raise Stop(400, f"Version in filename should be {str(form.version)!r} not {str(version)!r}.")


def _check_wheel_members(filename: str, content: bytes) -> None:
    info = "-".join(filename.split("-", 2)[:2]) + ".dist-info"
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
    for member in ("RECORD", "METADATA"):
        if f"{info}/{member}" not in names:
            raise Stop(400, f"Wheel '{filename}' does not contain the required {member} file: {info}/{member}")
