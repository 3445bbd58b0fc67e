"""SARIF that GitHub's code scanning accepts: its documented rules, and the standard's own schema where that is at hand."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from keyless.model.github import SourceFile
from keyless.model.realm import Realm
from keyless.planning.scan import Scan
from keyless.render.fingerprint import line_fingerprint
from keyless.render.sarif import sarif
from keyless.workflows import analyse
from keyless.workflows.findings import RULES
from tests.workflows.case import Case, cases
from tests.workflows.tokens import token

ALL = cases()
SCHEMA = os.environ.get("KEYLESS_SARIF_SCHEMA", "")
"""The path of sarif-schema-2.1.0.json. Its licence does not let it stand here."""


def made(*files: SourceFile, realm: Realm = Realm.REAL) -> dict:
    scan = Scan("here", None, analyse(files))
    return json.loads(sarif(scan, realm, {file.path: file.content for file in files}))


def of(case: Case) -> dict:
    return made(*case.files)


@pytest.mark.skipif(not SCHEMA, reason="KEYLESS_SARIF_SCHEMA does not name the standard's schema")
def test_the_standards_schema_holds_for_every_case():
    """The OASIS schema of version 2.1.0."""
    from jsonschema import FormatChecker
    from jsonschema.validators import validator_for

    schema = json.loads(Path(SCHEMA).read_text())
    validator = validator_for(schema)(schema, format_checker=FormatChecker())
    for case in [*ALL, None]:
        body = of(case) if case else made(SourceFile(".github/workflows/x.yml", b"jobs: ["))
        assert [error.message for error in validator.iter_errors(body)] == [], case


# Everything that is written, and nothing else: the standard's names, so that a slip shows without the schema.
ALLOWED = {
    "": {"$schema", "version", "runs"},
    "run": {"tool", "columnKind", "originalUriBaseIds", "properties", "results"},
    "driver": {"name", "informationUri", "version", "semanticVersion", "rules"},
    "rule": {
        "id",
        "name",
        "shortDescription",
        "fullDescription",
        "helpUri",
        "help",
        "defaultConfiguration",
        "properties",
    },
    "result": {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"},
}


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_what_github_asks_of_a_file_holds(case: Case):
    """From GitHub's page on SARIF support: rules with texts and help, results with a rule, a message and one place."""
    body = of(case)
    (run,) = body["runs"]
    driver = run["tool"]["driver"]
    assert (set(body), set(run), set(driver)) == (ALLOWED[""], ALLOWED["run"], ALLOWED["driver"])
    assert body["version"] == "2.1.0"
    identifiers = [rule["id"] for rule in driver["rules"]]
    assert len(run["results"]) == len(analyse(case.files).findings) + len(analyse(case.files).problems)
    for result in run["results"]:
        assert set(result) <= ALLOWED["result"]
        assert identifiers[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        (location,) = result["locations"]
        place = location["physicalLocation"]
        uri = place["artifactLocation"]["uri"]
        assert not uri.startswith("/")
        assert "://" not in uri
        lines = next(file.content for file in case.files if file.path == unquote(uri)).split(b"\n")
        assert 1 <= place["region"]["startLine"] <= len(lines)
        assert 1 <= place["region"]["startColumn"] <= len(lines[place["region"]["startLine"] - 1]) + 1


def test_every_finding_is_a_rule_with_its_page_as_help():
    """The page is what a maintainer opens from the alert."""
    rules = {rule["id"]: rule for rule in made()["runs"][0]["tool"]["driver"]["rules"]}
    assert {rule.identifier for rule in RULES} == set(rules) - {"not-understood"}
    for rule in rules.values():
        assert set(rule) == ALLOWED["rule"]
        assert re.fullmatch(r"https://github\.com/.+/docs/findings/[\w-]+\.md", rule["helpUri"])
        assert rule["shortDescription"]["text"] == rule["fullDescription"]["text"] != ""
        assert rule["help"]["text"]
        assert rule["helpUri"] in rule["help"]["markdown"]
        assert rule["properties"]["problem.severity"] in {"error", "warning", "recommendation"}
        assert len(rule["shortDescription"]["text"]) <= 1024


def test_a_file_that_is_not_understood_is_a_result():
    """It may hold anything."""
    (result,) = made(SourceFile(".github/workflows/a b%.yml", b"jobs: ["))["runs"][0]["results"]
    assert result["ruleId"] == "not-understood"
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == ".github/workflows/a%20b%25.yml"


def test_a_rehearsals_file_says_so():
    """Nobody takes it for real."""
    assert made(realm=Realm.REHEARSAL)["runs"][0]["properties"] == {"services": "rehearsal"}


def test_not_even_a_hash_of_a_token_is_written():
    """The fingerprint of its line would be one."""
    text = f"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: twine upload -p {token()} dist/*\n"
    results = made(SourceFile(".github/workflows/x.yml", text.encode()))["runs"][0]["results"]
    leaked = [result for result in results if result["ruleId"] == "plain-text-token"]
    assert leaked
    assert all("partialFingerprints" not in result for result in leaked)


# From the tests of github/codeql-action's `fingerprints.ts`, which computes the same for files without one.
VECTORS = [
    ("", ["c129715d7a2bc9a3:1"]),
    (
        " a\nb\n  \t\tc\n d",
        ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
    ),
    (
        " hello; \t\r\nworld!!!\r\n\n\r  \t\tGreetings\r End\r\n",
        ["e9496ae3ebfced30:1", "fb7c023a8b9ccb3f:1", "ce8ba1a563dcdaca:1", "e20e36e16fcb0cc8:1", "b3edc88f2938467e:1",
         "c8e28b0b4002a3a0:1", "c129715d7a2bc9a3:1"],
    ),
    (
        "Lorem ipsum dolor sit amet.\n" * 10,
        [*(f"a7f2ff13bc495cf2:{n}" for n in range(1, 7)), "a7f2ff1481e87703:1", "a9cf91f7bbf1862b:1",
         "55ec222b86bcae53:1", "cc97dc7b1d7d8f7b:1", "c129715d7a2bc9a3:1"],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "hashes"), VECTORS)
def test_fingerprints_are_those_that_githubs_own_action_computes(text: str, hashes: list[str]):
    """So an alert is the same one, whichever way the file was uploaded."""
    found = [line_fingerprint(text.encode(), number) for number in range(len(hashes) + 2)]
    assert found == [None, *hashes, None]
