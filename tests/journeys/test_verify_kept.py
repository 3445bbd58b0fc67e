"""Evidence in a folder: kept once, verified again with no network, and nothing in it taken on its word."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from keyless.cli.main import run
from keyless.errors import UsageError
from keyless.journeys import keeping
from keyless.journeys.verify import Verified, verify
from keyless.model.index import Index
from keyless.model.proof import Grade, Judgement, Verdict
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Unreadable
from keyless.model.realm import Realm
from keyless.model.release import Evidence, Expectation, Release
from keyless.proofs import judge
from keyless.services.sigstore import SigstoreVerifier
from keyless.surveying.release import verified
from tests.services.sigstore.test_real import FILE, FOLDER, NAME, NOW, PUBLISHER
from tests.staging import Scene

REAL = (FOLDER / f"{NAME}.provenance").read_bytes()


def real() -> tuple[Verified, SigstoreVerifier]:
    """PyPI's provenance of December 2024, judged under the packaged root."""
    verifier = SigstoreVerifier(None, Index.PYPI, lambda: NOW, refresh=False)
    provenance = ((FILE, Found(REAL)),)
    release = Release(Index.PYPI, "pypi-attestations", "0.0.19", (FILE,))
    found = Evidence(release, verified(verifier, provenance), Unreadable("the run", "GitHub was not asked"), NOW)
    expected = Expectation(Index.PYPI, "pypi-attestations", PUBLISHER, version="0.0.19")
    return Verified(judge(found, expected), found, expected, provenance), verifier


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found, verifier = real()
    keeping.save(tmp_path / "kept", found, verifier, Realm.REAL, NOW)
    return tmp_path / "kept"


def again(folder: Path, **more: Any) -> keeping.Again:
    verifier = SigstoreVerifier(more.pop("root", None), Index.PYPI, lambda: NOW, refresh=False)
    asked = {"expected": None, "project": None, **more}
    return keeping.again(folder, keeping.load(folder), verifier, NOW + timedelta(days=4000), **asked)


def change(folder: Path, **values: Any) -> None:
    path = folder / keeping.EVIDENCE
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def change_file(folder: Path, **values: Any) -> None:
    path = folder / keeping.EVIDENCE
    data = json.loads(path.read_text())
    data["files"][0]["file"].update(values)
    data["release"]["files"][0].update(values)
    path.write_text(json.dumps(data))


def judgement_of(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return next(line["data"] for line in lines if line.get("kind") == Judgement.__name__)


def test_years_later_on_another_machine_with_no_network_it_is_still_proven(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for variable in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "KEYLESS_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / "another machine"))
    moved = shutil.move(folder, tmp_path / "moved")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    assert run(["verify", "--from", str(moved)]) == 0
    said = capsys.readouterr().out
    assert "pypi-attestations 0.0.19 on PyPI was published without a token" in said
    assert "the one file carries a signature" in said
    assert "packaged in sigstore" in said
    assert "the same as the one that lies beside it" in said
    assert "nobody signed them" in said
    assert not (tmp_path / "another machine").exists()


def test_another_expectation_is_asked_of_the_same_evidence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["--json", "verify", "--from", str(folder), "--expect"]
    assert run([*asked, "trailofbits/pypi-attestations"]) == 0
    capsys.readouterr()
    assert run([*asked, "trailofbits/pypi-attestations:release.yml@pypi"]) == 10
    assert {reason["identifier"] for reason in judgement_of(capsys)["reasons"]} >= {"environment-unknown"}
    assert run([*asked, "evil/pypi-attestations"]) == 10
    assert judgement_of(capsys)["verdict"] == "not-proven"


def test_another_projects_evidence_is_none(folder: Path) -> None:
    assert run(["verify", "sigstore", "--from", str(folder)]) == 10
    assert run(["verify", "PyPI.Attestations", "--from", str(folder)]) == 0


def test_the_root_that_lies_beside_is_not_believed(folder: Path, bench_root: Path) -> None:
    """Whoever can write the folder can write a root too."""
    (folder / keeping.ROOT).write_bytes(bench_root.read_bytes())
    found = again(folder)
    assert found.verified.judgement.grade is Grade.ATTESTED
    assert not found.same_root
    assert "packaged" in found.root
    (folder / keeping.ROOT).write_bytes(b"damaged")
    assert again(folder).verified.judgement.grade is Grade.ATTESTED


def test_a_root_that_one_names_is_used_and_named(
    folder: Path, bench_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", "--from", str(folder), "--trust-root", str(folder / keeping.ROOT)]) == 0
    assert "the trust root in the file trusted_root.json" in capsys.readouterr().out
    assert run(["verify", "--from", str(folder), "--trust-root", str(bench_root)]) == 10
    assert run(["verify", "--from", str(folder), "--trust-root", str(folder / "none.json")]) == 2


def test_what_the_signatures_cover_cannot_be_changed(folder: Path) -> None:
    for values in ({"sha256": "0" * 64}, {"filename": "pypi_attestations-0.0.20.tar.gz"}):
        other = folder.with_name(values.get("filename", "digest"))
        shutil.copytree(folder, other)
        change_file(other, **values)
        assert again(other).verified.judgement.verdict is Verdict.NOT_PROVEN


def test_provenance_of_something_else_is_refused(folder: Path) -> None:
    place = folder / keeping.PROVENANCE / f"{NAME}.provenance.json"
    place.write_bytes(place.read_bytes().replace(b"trailofbits/pypi-attestations", b"trailofbits/Pypi-attestations"))
    found = again(folder)
    assert found.verified.judgement.verdict is Verdict.NOT_PROVEN
    assert not found.same_digest


def test_what_nobody_signed_is_said_to_be_unsigned_and_its_change_is_seen_by_the_digest(folder: Path) -> None:
    assert again(folder).same_digest
    change_file(folder, uploaded_at="2024-12-05T23:14:05Z")
    found = again(folder)
    assert found.verified.judgement.grade is Grade.ATTESTED
    assert not found.same_digest
    assert "kept-unsigned" in {reason.identifier for reason in found.verified.judgement.reasons}


def test_a_grade_that_rests_on_the_folders_word_is_no_proof(scene: Callable[..., Scene], tmp_path: Path) -> None:
    """A run that GitHub told of is evidence when it is read from GitHub, and a story when it is read from a folder."""
    found, verifier = real()
    bare = replace(FILE, has_provenance=False)
    release = replace(found.evidence.release, files=(bare,))
    inferred = replace(found.judgement, grade=Grade.INFERRED)
    missing = Unreadable("provenance", "PyPI answers 503")
    made = replace(
        found,
        judgement=inferred,
        evidence=replace(found.evidence, release=release),
        provenance=((bare, missing),),
    )
    keeping.save(tmp_path / "kept", made, verifier, Realm.REAL, NOW)
    judgement = again(tmp_path / "kept").verified.judgement
    assert (judgement.grade, judgement.verdict) == (Grade.NONE, Verdict.NOT_PROVEN)


@pytest.mark.parametrize(
    "damage",
    [
        lambda f: (f / keeping.EVIDENCE).unlink(),
        lambda f: (f / keeping.EVIDENCE).write_text("{"),
        lambda f: (f / keeping.EVIDENCE).write_text("[]"),
        lambda f: (f / keeping.EVIDENCE).write_text("[" * 100_000),
        lambda f: change(f, format=2),
        lambda f: change(f, more="x"),
        lambda f: change(f, kept_at="yesterday"),
        lambda f: (f / keeping.PROVENANCE / f"{NAME}.provenance.json").unlink(),
        lambda f: (f / keeping.ROOT).unlink(),
        shutil.rmtree,
    ],
    ids=["gone", "cut", "list", "deep", "format", "unknown", "time", "provenance", "root", "folder"],
)
def test_a_damaged_folder_is_refused_with_a_sentence(
    folder: Path, damage: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    """S10: another version and what cannot be read are refused, never half read."""
    damage(folder)
    assert run(["verify", "--from", str(folder)]) == 2
    assert "keyless:" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["../evidence.json", "/etc/passwd", "a/b", "..", ""])
def test_no_file_outside_of_the_folder_is_read(folder: Path, name: str) -> None:
    data = json.loads((folder / keeping.EVIDENCE).read_text())
    data["files"][0]["provenance"]["value"] = name
    (folder / keeping.EVIDENCE).write_text(json.dumps(data))
    with pytest.raises(UsageError, match="outside"):
        again(folder)


def test_evidence_is_never_overwritten(folder: Path) -> None:
    found, verifier = real()
    with pytest.raises(UsageError, match="already"):
        keeping.save(folder, found, verifier, Realm.REAL, NOW)


def test_a_file_name_that_would_lead_elsewhere_is_not_written(tmp_path: Path) -> None:
    found, verifier = real()
    evil = replace(FILE, filename="../../evil.whl")
    with pytest.raises(UsageError, match="name"):
        keeping.save(tmp_path / "kept", replace(found, provenance=((evil, Found(REAL)),)), verifier, Realm.REAL, NOW)
    assert not list(tmp_path.rglob("*evil*"))


def test_a_rehearsals_evidence_is_kept_apart_from_real_evidence(scene: Callable[..., Scene], tmp_path: Path) -> None:
    play = scene()
    play.migrate()
    name = play.plan().steps[0].project
    found = play.work(lambda desk: verify(desk, Index.PYPI, name, None, None))
    assert found.judgement.grade is Grade.ATTESTED
    verifier = SigstoreVerifier(play.services.addresses.trust_root, Index.PYPI, play.store.now)
    keeping.save(tmp_path / "kept", found, verifier, Realm.REHEARSAL, datetime.now(UTC))
    assert run(["verify", "--from", str(tmp_path / "kept")]) == 2
    judged = keeping.again(
        tmp_path / "kept", keeping.load(tmp_path / "kept"), verifier, play.store.now(), expected=None, project=None
    )
    assert judged.verified.judgement.grade is Grade.ATTESTED
    assert judged.same_digest
    assert judged.same_root
    strange = again(tmp_path / "kept", expected=Publisher("shap-like", "shap", ""))
    assert strange.verified.judgement.verdict is Verdict.NOT_PROVEN, "Sigstore's own root knows no rehearsal"


@pytest.fixture
def bench_root(tmp_path: Path) -> Path:
    """A trust root that somebody made up."""
    from keyless.rehearsal.store import Store
    from tests.services.sigstore.conftest import Bench

    store = Store()
    (tmp_path / "elsewhere").mkdir()
    Bench(store, tmp_path / "elsewhere")
    store.close()
    return tmp_path / "elsewhere" / "trusted_root.json"
