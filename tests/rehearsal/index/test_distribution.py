"""What is found out about a file itself."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile

import pytest
from packaging.version import Version

from keyless.rehearsal.index.answers import Stop
from keyless.rehearsal.index.artefacts import sdist, wheel
from keyless.rehearsal.index.distribution import check_distribution
from keyless.rehearsal.index.form import Form, read_form


def form(filetype: str = "sdist", name: str = "sampleproj", version: str = "1.0") -> Form:
    return Form(name, Version(version), filetype, "source", {}, None, None)


def tar(*names: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    return packed.getvalue()


def archive(*names: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as written:
        for name in names:
            written.writestr(name, "")
    return packed.getvalue()


def refusal(filename: str, content: bytes, filled: Form) -> str:
    with pytest.raises(Stop) as stopped:
        check_distribution(filename, content, filled, "sampleproj")
    assert stopped.value.status == 400
    return stopped.value.text


@pytest.mark.parametrize(("build", "filetype"), [(sdist, "sdist"), (wheel, "bdist_wheel")])
def test_what_a_rehearsal_builds_is_a_distribution(build, filetype):
    filename, content = build("sampleproj", "1.0")
    check_distribution(filename, content, form(filetype), "Sampleproj")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"x", "File is not a tarfile"),
        (gzip.compress(b"x" * 1000)[:-20], "File is not a tarfile"),
        (tar("a/PKG-INFO", "b/x"), "Incorrect number of top-level directories in sdist"),
        (tar("/a/PKG-INFO"), "Incorrect number of top-level directories in sdist"),
        (tar(), "Incorrect number of top-level directories in sdist"),
        (tar("a/x", "a/y"), "PKG-INFO not found at a/PKG-INFO"),
    ],
    ids=["no archive", "cut", "two folders", "absolute path", "empty", "no metadata"],  # compressed bytes hold a time
)
def test_an_odd_source_archive(content, expected):
    assert refusal("sampleproj-1.0.tar.gz", content, form()) == f"Invalid distribution file. {expected}"


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("sampleproj.tar.gz", "Invalid source distribution filename: sampleproj.tar.gz"),
        ("other-1.0.tar.gz", "Start filename for 'sampleproj' with 'sampleproj'."),
        ("sampleproj-2.0.tar.gz", "Filename 'sampleproj-2.0.tar.gz' is invalid, should be 'sampleproj-1.0.tar.gz'."),
    ],
)
def test_an_odd_name_of_a_source_archive(filename, expected):
    assert refusal(filename, sdist("sampleproj", "1.0")[1], form()) == expected


@pytest.mark.parametrize(
    ("filename", "members", "expected"),
    [
        ("sampleproj.whl", [], "Invalid distribution file. Unable to parse name and version from wheel filename"),
        ("sampleproj-1.0-x.whl", ["sampleproj-1.0.dist-info/WHEEL"], "Invalid wheel filename"),
        (
            "Sampleproj-1.0-py3-none-any.whl",
            ["Sampleproj-1.0.dist-info/WHEEL"],
            "Filename 'Sampleproj-1.0-py3-none-any.whl' should contain the normalized project name 'sampleproj', not",
        ),
        (
            "sampleproj-1.0-py3-none-any.whl",
            ["sampleproj-1.0.dist-info/WHEEL"],
            "Wheel 'sampleproj-1.0-py3-none-any.whl' does not contain the required RECORD file: sampleproj-1.0.dist-info/",
        ),
        (
            "sampleproj-1.0-py3-none-any.whl",
            ["sampleproj-1.0.dist-info/WHEEL", "sampleproj-1.0.dist-info/RECORD"],
            "Wheel 'sampleproj-1.0-py3-none-any.whl' does not contain the required METADATA file: sampleproj-1.0.dist-info",
        ),
    ],
)
def test_an_odd_wheel(filename, members, expected):
    assert refusal(filename, archive(*members), form("bdist_wheel")).startswith(expected)


def test_a_source_archive_must_not_name_a_python_version():
    fields = {"name": "x", "filetype": "sdist", "pyversion": "py3"}
    with pytest.raises(Stop, match="Use 'source' as Python version for an sdist"):
        read_form(fields)
