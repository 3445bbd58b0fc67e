"""The simple API's JSON as releases."""

from __future__ import annotations

import json

import pytest

from keyless.model.index import Index
from keyless.services.simple_api import NotSimple, releases, version_of


def page(*files, versions=()):
    return json.dumps({"name": "a", "versions": list(versions), "files": list(files)}).encode()


def file(name, at="2026-01-01T00:00:00.000000Z", **more):
    return {"filename": name, "hashes": {"sha256": "0" * 64}, "size": 1, "upload-time": at, "url": "x", **more}


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("a-1.0.tar.gz", "1.0"),
        ("a_b-1.0.zip", "1.0"),
        ("a_b-1.0.0rc1-py3-none-any.whl", "1.0.0rc1"),
        ("a-1.0-2-py2.py3-none-any.whl", "1.0"),
        ("a-1.0+local.1.tar.gz", "1.0+local.1"),
        ("a-1.0.exe", ""),
        ("a.egg", ""),
    ],
)
def test_a_files_name_tells_its_version(name, version):
    assert version_of(name) == version


def test_the_indexes_own_spelling_of_a_version_is_kept():
    (release,) = releases(Index.PYPI, "a", page(file("a-1.0rc1.tar.gz"), versions=["1.0-RC1", "not a version"]))
    assert release.version == "1.0-RC1"


def test_a_release_is_as_new_as_its_newest_file():
    body = page(
        file("a-2.0.tar.gz", "2026-02-01T00:00:00Z"),
        file("a-1.0.tar.gz", "2026-01-01T00:00:00Z"),
        file("a-1.0-py3-none-any.whl", "2026-03-01T00:00:00Z"),
    )
    assert [release.version for release in releases(Index.PYPI, "a", body)] == ["1.0", "2.0"]


def test_an_index_that_says_nothing_of_provenance_leaves_it_open():
    body = page(
        file("a-1.0.tar.gz"), file("a-2.0.tar.gz", provenance=None), file("a-3.0.tar.gz", provenance="https://x")
    )
    stated = {release.version: release.files[0].has_provenance for release in releases(Index.PYPI, "a", body)}
    assert stated == {"1.0": None, "2.0": False, "3.0": True}


@pytest.mark.parametrize(("yanked", "is_yanked"), [(False, False), (True, True), ("", True), ("broken", True)])
def test_yanked_may_be_a_reason(yanked, is_yanked):
    (release,) = releases(Index.PYPI, "a", page(file("a-1.0.tar.gz", yanked=yanked)))
    assert release.files[0].yanked is is_yanked


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"name": "a"}', page({"filename": "a-1.tar.gz", "hashes": {}})],
    ids=range(6),
)
def test_what_is_no_simple_page_with_times_and_sizes_is_refused(body):
    with pytest.raises(NotSimple):
        releases(Index.PYPI, "a", body)
