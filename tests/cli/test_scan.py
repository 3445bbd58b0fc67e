"""keyless scan: what it shows of a folder, in which forms, and when it fails in CI."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.checkouts import DECLINED, EVIL, TOKEN, TRUSTED, WORKFLOW, Program, checkout
from tests.cli.checkouts import keyless as keyless  # noqa: PLC0414  # a fixture
from tests.workflows.tokens import token


def test_a_scan_that_finds_something_still_succeeds(keyless: Program, tmp_path: Path):
    """Only a strict one judges."""
    ran = keyless("scan", checkout(tmp_path, {WORKFLOW: TOKEN}))
    assert ran.code == 0
    assert "api-token" in ran.out
    assert "docs/findings/" in ran.out


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        (TOKEN, 20, "1 warning, 1 upload that takes a token"),
        (DECLINED, 20, "1 error"),
        (TRUSTED, 0, ""),
        ("jobs: [", 20, "1 file that is no valid workflow"),
        (TRUSTED.replace("    permissions: {id-token: write}\n", ""), 20, "1 error"),
        ("on: push\njobs:\n  test:\n    runs-on: ubuntu-latest\n    steps: [run: pytest]\n", 0, ""),
    ],
)
def test_a_strict_scan_fails_for_errors_warnings_tokens_and_what_is_not_understood(
    keyless: Program, tmp_path: Path, text: str, code: int, says: str
):
    """Notes do not count: the trusted example has one."""
    ran = keyless("scan", "--strict", checkout(tmp_path, {WORKFLOW: text}))
    assert ran.code == code, ran.err
    assert says in ran.err


def test_json_holds_the_whole_analysis_and_the_publishers(keyless: Program, tmp_path: Path):
    """As docs/json.md says."""
    ran = keyless("--json", "scan", checkout(tmp_path, {WORKFLOW: TOKEN}))
    data = ran.result("Scan")
    assert data["repository"] == {"type": "Repository", "owner": "octo", "name": "Sample"}
    assert [s["credential"] for s in data["analysis"]["publish_steps"]] == ["token"]
    assert {f["identifier"] for f in data["analysis"]["findings"]} == {"api-token", "unpinned-action"}
    (forecast,) = data["forecasts"]
    assert forecast["project"] == "sampleproject"
    assert forecast["publisher"]["workflow"] == "release.yml"
    assert forecast["claims"]["job_workflow_ref"] == f"octo/Sample/{WORKFLOW}@<ref>"
    assert forecast["link"].startswith("https://pypi.org/manage/project/sampleproject/settings/publishing/?provider=")
    assert {e["event"] for e in ran.events} == {"banner", "result", "link", "next"}


def test_the_prefilled_form_is_given_where_the_project_is_known(keyless: Program, tmp_path: Path):
    """In one line, to be copied."""
    place = checkout(tmp_path, {WORKFLOW: TOKEN})
    shown = keyless("scan", place).out
    assert "owner=octo&repository=Sample&workflow_filename=release.yml&environment=\n" in shown
    (place / "pyproject.toml").unlink()
    assert "workflow_filename=" not in keyless("scan", place).out


def test_a_folder_that_is_nobodys_checkout_shows_no_publisher_and_says_so(keyless: Program, tmp_path: Path):
    """Owner and repository are part of it."""
    ran = keyless("scan", checkout(tmp_path, {WORKFLOW: TOKEN}, remote=None))
    assert "no remote on GitHub" in ran.out
    assert "trusted publisher that each upload" not in ran.out
    ran = keyless("scan", tmp_path, "--publisher", "octo/Sample:other.yml", "--strict")
    assert "believed as typed" in ran.out
    assert "no upload fits the publisher as it was typed" in ran.err


@pytest.mark.parametrize(
    ("typed", "fields", "code"),
    [
        ("octo/Sample:release.yml", {}, 0),
        ("Octo/Sample:release.yml", {"owner": False}, 0),
        ("octo/sample:release.yml", {"repository": True}, 20),
        ("octo/octo/Sample:release.yml", {"repository": True}, 20),
        ("octo/Sample:.github/workflows/release.yml", {"workflow": True}, 20),
        ("octo/Sample:Release", {"workflow": True}, 20),
        ("octo/Sample:release.yml@pypi", {"environment": True}, 20),
        (
            "acme/other:release.yaml@pypi",
            {"owner": True, "repository": True, "workflow": True, "environment": True},
            20,
        ),
    ],
)
def test_a_publisher_as_typed_is_compared_field_by_field(
    keyless: Program, tmp_path: Path, typed: str, fields: dict[str, bool], code: int
):
    """With the reason, and whether PyPI would refuse; strict fails when it fits no upload."""
    place = checkout(tmp_path, {WORKFLOW: TRUSTED})
    ran = keyless("--json", "scan", place, "--publisher", typed, "--strict")
    (forecast,) = ran.result("Scan")["forecasts"]
    assert {d["field"]: d["fatal"] for d in forecast["differences"]} == fields
    assert all(d["reason"] for d in forecast["differences"])
    assert ran.code == code
    shown = keyless("scan", place, "--publisher", typed).out
    assert ("differs" in shown) is bool(fields)
    assert ("as typed is what it needs" in shown) is not bool(fields)


@pytest.mark.parametrize("typed", ["octo", "octo/Sample", "octo:release.yml", ""])
def test_what_names_no_publisher_is_a_usage_error(keyless: Program, tmp_path: Path, typed: str):
    """And says how one is written."""
    ran = keyless("scan", checkout(tmp_path, {WORKFLOW: TRUSTED}), f"--publisher={typed}")
    assert (ran.code, "OWNER/REPO:workflow.yml" in ran.err) == ((2, True) if typed else (0, False))


@pytest.mark.parametrize("flags", [["--json", "--github"], ["--json", "--sarif", "-"], ["--github", "--sarif", "-"]])
def test_standard_output_is_for_one(keyless: Program, tmp_path: Path, flags: list[str]):
    """Two formats in one stream would be none."""
    assert keyless("scan", checkout(tmp_path, {WORKFLOW: TOKEN}), *flags).code == 2


def test_sarif_goes_to_a_file_beside_the_report_or_alone_to_standard_output(keyless: Program, tmp_path: Path):
    """The same text."""
    place = checkout(tmp_path / "here", {WORKFLOW: TOKEN})
    ran = keyless("scan", place, "--sarif", tmp_path / "out.sarif", "--strict")
    assert ran.code == 20
    assert "api-token" in ran.out
    alone = keyless("scan", place, "--sarif", "-").out
    assert (tmp_path / "out.sarif").read_text() == alone
    assert json.loads(alone)["version"] == "2.1.0"


def test_sarif_that_cannot_be_written_is_an_error_of_the_user(keyless: Program, tmp_path: Path):
    """Not a bug."""
    place = checkout(tmp_path, {WORKFLOW: TOKEN})
    assert keyless("scan", place, "--sarif", tmp_path / "no" / "such" / "folder").code == 2


def test_annotations_stand_alone(keyless: Program, tmp_path: Path):
    """One line each, at the right place, with the page."""
    ran = keyless("scan", checkout(tmp_path, {WORKFLOW: TOKEN}), "--github")
    *lines, last = ran.out.splitlines()
    assert lines[0].startswith(f"::notice file={WORKFLOW},line=9,col=9,title=keyless%3A unpinned-action::@release/v1")
    assert lines[1].startswith(f"::warning file={WORKFLOW},line=11,col=21,title=keyless%3A api-token::")
    assert lines[1].endswith("/docs/findings/api-token.md")
    assert last == "keyless: 2 annotations."


NASTY = TOKEN.replace("publish:", '"a\\n::error::made up %0A ##[error]\\e[31m\\u202E":').replace(
    "${{ secrets.PYPI_TOKEN }}", "\"${{ secrets[format('x\\n::set-env name=A::\\e{0}', inputs.a)] }}\""
)


@pytest.mark.parametrize("form", [[], ["--json"], ["--sarif", "-"], ["--github"], ["--publisher", f"a/b:{EVIL}.yml"]])
def test_nothing_that_a_file_says_controls_a_terminal_or_the_runner(keyless: Program, tmp_path: Path, form: list[str]):
    """Job names, expressions and paths are other people's words."""
    place = checkout(tmp_path, {WORKFLOW: NASTY, f".github/workflows/{EVIL}\n::error::x,y.yml": TOKEN})
    ran = keyless("scan", place, *form)
    assert ran.code == 0, ran.err
    assert "not valid YAML" not in ran.out
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202e]", ran.out + ran.err)
    if form == ["--github"]:
        *lines, _ = ran.out.splitlines()
        assert lines
        command = r"::(error|warning|notice) file=[^,:]+,line=\d+,col=\d+,title=keyless%3A [a-z-]+::"
        assert [line for line in lines if not re.match(command, line)] == []


SECRET = token()
LEAKING = TOKEN.replace("${{ secrets.PYPI_TOKEN }}", SECRET)
BROKEN = f"jobs: [\n# {SECRET}\n"
SCRIPT = TOKEN.replace("python -m build", "./publish.sh")


@pytest.mark.parametrize(
    "form",
    [
        ["scan"],
        ["scan", "--json"],
        ["scan", "--sarif", "-"],
        ["scan", "--github"],
        ["scan", "--strict", "-vv"],
        ["fix", "--diff"],
        ["fix", "--check", "--json"],
        ["fix"],
    ],
)
def test_a_token_in_plain_text_is_shown_by_place_and_kind_and_never_by_its_value(
    keyless: Program, tmp_path: Path, form: list[str]
):
    """In a workflow, in a file that is not valid, in a script and in an action's arguments: in every output."""
    files = {
        WORKFLOW: LEAKING,
        ".github/workflows/broken.yml": BROKEN,
        ".github/workflows/script.yml": SCRIPT,
        "publish.sh": f"twine upload -p {SECRET} dist/*\n",
        ".github/workflows/shell.yml": TOKEN.replace(
            "python -m build", f"twine upload -u __token__ -p {SECRET} dist/*"
        ),
    }
    assert len(SECRET) >= 179
    ran = keyless(*form, checkout(tmp_path, files))
    shown = ran.out + ran.err
    assert ran.code in (0, 20), shown
    for at in range(0, len(SECRET) - 12, 4):
        part = SECRET[at : at + 12]
        if part not in "pypi-AgEIcHlwaS5vcmc" and at > 16:
            assert part not in shown
    if form[0] == "scan":
        assert shown.count("plain-text-token") >= 4
        assert f"{len(SECRET)} characters" in shown
    kept = b"".join(path.read_bytes() for path in keyless.state.rglob("*") if path.is_file())
    assert SECRET[20:40].encode() not in kept


def test_the_terminals_report_hides_a_token_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Colours take another way."""
    import io

    from keyless.journeys.scan import scan_files
    from keyless.model.realm import Realm
    from keyless.render.plain import LineReporter
    from keyless.render.scans import scan_view
    from keyless.render.terminal import TerminalPaper
    from keyless.services.system import find_checkout, read_files

    found = find_checkout(checkout(tmp_path, {WORKFLOW: LEAKING}))
    scan = scan_files("here", None, found.files, lambda paths: read_files(found.root, paths))
    stream = io.StringIO()
    reporter = LineReporter(TerminalPaper(stream, colour=True), Realm.REAL)
    for block in scan_view(scan):
        reporter.show(block)
    assert "plain-text-token" in "".join(stream.getvalue().split())
    assert SECRET[20:40] not in "".join(stream.getvalue().split())
