"""Findings as SARIF 2.1.0, in the part of it that GitHub's code scanning reads. Pure.

Source: the OASIS standard, and GitHub's documentation ("SARIF support for code scanning"): a rule needs an id, texts and a
help; a result needs a rule, a message and one place; paths are relative to the repository's root. No token's text gets
here: findings hold none, and what looks like one is cut all the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote

from keyless import __version__
from keyless.errors import DOCS
from keyless.model.codec import Json
from keyless.model.realm import Realm
from keyless.model.text import clean, hide_credentials
from keyless.model.workflow import FileProblem, Finding, Place
from keyless.planning.scan import Scan
from keyless.render.fingerprint import line_fingerprint
from keyless.workflows.findings import RULES
from keyless.workflows.findings.base import Rule

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
NOT_UNDERSTOOD: Final = Rule("not-understood", ("warning",), "A workflow that is not understood may read any secret.")
_PROBLEM: Final = {"error": "error", "warning": "warning", "note": "recommendation"}
_ALL: Final = (*RULES, NOT_UNDERSTOOD)


def sarif(scan: Scan, realm: Realm, texts: Mapping[str, bytes] | None = None) -> str:
    """Return the findings of one folder or repository as a SARIF file. `texts` are its files, for fingerprints."""
    places = {rule.identifier: number for number, rule in enumerate(_ALL)}
    results = [_finding(found, places, texts or {}) for found in scan.analysis.findings]
    results += [_problem(problem, places) for problem in scan.analysis.problems]
    driver: dict[str, Json] = {
        "name": "keyless",
        "informationUri": DOCS.partition("/blob/")[0],
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(rule) for rule in _ALL],
    }
    run: dict[str, Json] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
        "properties": {"services": realm.value},
        "results": list(results),
    }
    body: dict[str, Json] = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return hide_credentials(json.dumps(body, ensure_ascii=True, allow_nan=False, indent=2)) + "\n"


def _rule(rule: Rule) -> dict[str, Json]:
    page = f"{DOCS}/findings/{'README.md' if rule is NOT_UNDERSTOOD else f'{rule.identifier}.md'}"
    return {
        "id": rule.identifier,
        "name": "".join(word.capitalize() for word in rule.identifier.split("-")),
        "shortDescription": {"text": rule.summary},
        "fullDescription": {"text": rule.summary},
        "helpUri": page,
        "help": {"text": f"{rule.summary} {page}", "markdown": f"{rule.summary} [What to do]({page})"},
        "defaultConfiguration": {"level": rule.severities[0]},
        "properties": {
            "tags": ["security", "supply-chain", "pypi"],
            "precision": "high",
            "problem.severity": _PROBLEM[rule.severities[0]],
        },
    }


def _finding(found: Finding, places: Mapping[str, int], texts: Mapping[str, bytes]) -> dict[str, Json]:
    result = _result(found.identifier, found.severity, found.place, f"{found.message} {found.advice}", places)
    if found.place.path in texts and found.identifier != "plain-text-token":  # not even a hash of a token
        hashed = line_fingerprint(texts[found.place.path], found.place.line)
        if hashed is not None:
            result["partialFingerprints"] = {"primaryLocationLineHash": hashed}
    return result


def _problem(problem: FileProblem, places: Mapping[str, int]) -> dict[str, Json]:
    message = f"This file is not understood, so it may read any secret: {problem.because}."
    return _result(NOT_UNDERSTOOD.identifier, "warning", Place(problem.path, 1, 1), message, places)


def _result(rule: str, level: str, place: Place, message: str, places: Mapping[str, int]) -> dict[str, Json]:
    region: dict[str, Json] = {"startLine": place.line, "startColumn": place.column}
    artifact: dict[str, Json] = {"uri": _relative(place.path), "uriBaseId": "SRCROOT"}
    location: dict[str, Json] = {"physicalLocation": {"artifactLocation": artifact, "region": region}}
    names = _names(place)
    if names:
        location["logicalLocations"] = list(names)
    return {
        "ruleId": rule,
        "ruleIndex": places[rule],
        "level": level,
        "message": {"text": clean(message)},
        "locations": [location],
    }


def _names(place: Place) -> Sequence[dict[str, Json]]:
    return [{"fullyQualifiedName": f"jobs.{clean(place.job)}", "kind": "member"}] if place.job else []


def _relative(path: str) -> str:
    return quote(path, safe="/", errors="surrogatepass")
