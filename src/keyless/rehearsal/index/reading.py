"""What anybody may read, as JSON values: simple API, JSON API, and which file has provenance (warehouse's shapes)."""

from __future__ import annotations

from typing import Any

from packaging.version import InvalidVersion, Version

from keyless.model.index import Index
from keyless.rehearsal.index.documents import history
from keyless.rehearsal.index.files import files, provenance_of
from keyless.rehearsal.index.switches import switches
from keyless.rehearsal.store import Document, Store

API_VERSION = "1.4"


def simple_index(projects: list[Document], serial: int) -> dict[str, Any]:
    """Return the list of all projects."""
    return {
        "meta": {"api-version": API_VERSION, "_last-serial": serial},
        "projects": [{"name": held["name"], "_last-serial": serial} for held in projects],
    }


def simple_detail(store: Store, index: Index, held: Document, base: str) -> dict[str, Any]:
    """Return a project's files as PEP 691 and 740 have them; `base` is the site's address without a final slash."""
    rows = sorted(files(store, index, held["name"]), key=lambda row: (_order(row["version"]), row["filename"]))
    versions = sorted({row["version"] for row in rows}, key=_order)
    return {
        "meta": {"api-version": API_VERSION, "_last-serial": serial(store, index, held)},
        "name": held["normalised"],
        "project-status": {"status": "active"},
        "versions": versions,
        "files": [_simple_file(store, index, row, base) for row in rows],
    }


def _simple_file(store: Store, index: Index, row: Document, base: str) -> dict[str, Any]:
    metadata = {"sha256": row["metadata_sha256"]} if row["metadata_sha256"] else False
    address = f"{base}/integrity/{row['project']}/{row['version']}/{row['filename']}/provenance"
    return {
        "filename": row["filename"],
        "url": f"{base}/packages/{row['path']}",
        "hashes": {"sha256": row["sha256"]},
        "requires-python": row["requires_python"],
        "size": row["size"],
        "upload-time": row["uploaded_at"],
        "yanked": (row["yanked_reason"] or True) if row["yanked"] else False,
        "data-dist-info-metadata": metadata,
        "core-metadata": metadata,
        "provenance": address if provenance(store, index, row) is not None else None,
    }


def provenance(store: Store, index: Index, row: Document) -> Document | None:
    """Return a file's provenance as the index shows it: nothing while the switch says so."""
    return None if switches(store, index).no_provenance else provenance_of(store, index, row)


def serial(store: Store, index: Index, held: Document) -> int:
    """Return a number that grows with a project's history."""
    return len(history(store, index, held["normalised"]))


def project_json(store: Store, index: Index, held: Document, version: str | None, base: str) -> dict[str, Any] | None:
    """Return the JSON API's answer for a project (`version` None: its newest release) or one release, or None."""
    by_version: dict[str, list[Document]] = {}
    for row in sorted(files(store, index, held["name"]), key=lambda row: str(row["filename"])):
        by_version.setdefault(row["version"], []).append(row)
    chosen = _latest(by_version) if version is None else _canonical(by_version, version)
    if chosen is None:
        return None
    data = {
        "info": _info(held, chosen, by_version[chosen], base),
        "urls": [_json_file(row, base) for row in by_version[chosen]],
        "vulnerabilities": [],
        "last_serial": serial(store, index, held),
        "ownership": {
            "roles": sorted(held["roles"], key=lambda member: (member["role"] != "Owner", member["user"])),
            "organization": None,
        },
    }
    if version is None:
        newest_first = sorted(by_version, key=_order, reverse=True)
        data["releases"] = {name: [_json_file(row, base) for row in by_version[name]] for name in newest_first}
    return data


def _latest(by_version: dict[str, list[Document]]) -> str | None:
    """Return the newest version: not yanked before yanked, final before pre-release."""

    def rank(version: str) -> tuple[bool, bool, Any]:
        order = _order(version)
        return not by_version[version][0]["yanked"], not order.is_prerelease, order

    return max(by_version, key=rank, default=None)


def _canonical(by_version: dict[str, list[Document]], version: str) -> str | None:
    return next((name for name in by_version if _order(name) == _order(version)), None)


def _order(version: str) -> Version:
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0.dev0")


def _info(held: Document, version: str, rows: list[Document], base: str) -> dict[str, Any]:
    page = f"{base}/project/{held['name']}/"
    nothing = dict.fromkeys(
        (
            "author",
            "author_email",
            "bugtrack_url",
            "description_content_type",
            "docs_url",
            "download_url",
            "dynamic",
            "home_page",
            "keywords",
            "license",
            "license_expression",
            "license_files",
            "maintainer",
            "maintainer_email",
            "platform",
            "project_urls",
            "provides_extra",
            "requires_dist",
        )
    )
    return {
        **nothing,
        "classifiers": [],
        "description": "",
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
        "name": held["name"],
        "package_url": page,
        "project_url": page,
        "release_url": f"{page}{version}/",
        "requires_python": rows[0]["requires_python"],
        "summary": rows[0]["summary"],
        "version": version,
        "yanked": rows[0]["yanked"],
        "yanked_reason": rows[0]["yanked_reason"],
    }


def _json_file(row: Document, base: str) -> dict[str, Any]:
    return {
        "comment_text": None,
        "core-metadata": {"sha256": row["metadata_sha256"]} if row["metadata_sha256"] else False,
        "digests": {"blake2b_256": row["blake2_256"], "md5": row["md5"], "sha256": row["sha256"]},
        "downloads": -1,
        "filename": row["filename"],
        "has_sig": False,
        "md5_digest": row["md5"],
        "packagetype": row["filetype"],
        "python_version": row["python_version"],
        "requires_python": row["requires_python"],
        "size": row["size"],
        "upload_time": row["uploaded_at"][:19],
        "upload_time_iso_8601": row["uploaded_at"],
        "url": f"{base}/packages/{row['path']}",
        "yanked": row["yanked"],
        "yanked_reason": row["yanked_reason"],
    }
