"""A refused exchange, read from what a tool printed, and explained field by field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from keyless.model.publisher import Publisher
from keyless.model.refusal import Explanation
from keyless.proofs.refusal import explain, read_refusal, real_publisher
from keyless.rehearsal.runner import said

CLAIMS = {
    "sub": "repo:shap/shap:environment:pypi",
    "repository": "shap/shap",
    "repository_owner": "shap",
    "repository_owner_id": "70002",
    "workflow_ref": "shap/shap/.github/workflows/release.yml@refs/tags/v0.47.0",
    "job_workflow_ref": "shap/shap/.github/workflows/release.yml@refs/tags/v0.47.0",
    "ref": "refs/tags/v0.47.0",
    "environment": "pypi",
}
REAL = Publisher("shap", "shap", "release.yml", "pypi")
CODE = (
    "invalid-publisher",
    "valid token, but no corresponding publisher (Publisher with matching claims was not found)",
)
PAGE = "https://pypi.org/manage/project/shap/settings/publishing/"


def text(claims: dict[str, str] | None = None, *codes: tuple[str, str]) -> str:
    """What the publish action prints."""
    return "Trusted publishing exchange failure: " + said.exchange_refused(422, codes or (CODE,), claims or CLAIMS)


def explained(expected: Publisher | None, claims: dict[str, str] | None = None) -> Explanation:
    refusal = read_refusal(text(claims))
    assert refusal is not None
    return explain(refusal, expected, PAGE)


def wrong(explanation: Explanation) -> dict[str, str]:
    return {field.field: field.wrong for field in explanation.fields if field.wrong}


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t,
        lambda t: t.replace("\n", "%0A"),
        lambda t: t.replace("`", ""),
        lambda t: "\n".join(f"2026-03-14T12:00:01.1234567Z ##[error]{line}" for line in t.split("\n")),
        lambda t: t.replace("\n", "\r\n"),
        lambda t: f"noise before\n{t}\nnoise after: exit code 1",
    ],
    ids=["as printed", "one line", "rendered", "log", "CRLF", "amid"],
)
def test_the_claims_are_read_however_the_text_was_copied(change: Callable[[str], str]) -> None:
    refusal = read_refusal(change(text()))
    assert refusal is not None
    assert refusal.reasons[0][0] == "invalid-publisher"
    assert real_publisher(refusal.claims) == REAL


@pytest.mark.parametrize("nothing", ["", "all went well", "invalid-credentials", "repository: shap/shap"])
def test_a_text_without_a_refusal_is_none(nothing: str) -> None:
    assert read_refusal(nothing) is None


@pytest.mark.parametrize(
    ("expected", "field", "reason"),
    [
        (replace(REAL, owner="shapley"), "owner", "another owner"),
        (replace(REAL, repository="Shap"), "repository", "with its case"),
        (replace(REAL, repository="shap-next"), "repository", "another repository"),
        (replace(REAL, workflow="release.yaml"), "workflow", ".yml and .yaml"),
        (replace(REAL, workflow="publish.yml"), "workflow", "another file"),
        (replace(REAL, workflow="Release"), "workflow", "not the workflow's title"),
        (replace(REAL, workflow=".github/workflows/release.yml"), "workflow", "without the folder"),
        (replace(REAL, environment="release"), "environment", "another environment"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_one_field_that_is_wrong_is_named_with_the_reason(expected: Publisher, field: str, reason: str) -> None:
    explanation = explained(expected)
    assert list(wrong(explanation)) == [field]
    assert reason in wrong(explanation)[field]
    assert explanation.says.endswith(f"The field that does not fit: {field}.")
    assert [each.field for each in explanation.fields] == ["owner", "repository", "workflow", "environment"]


def test_a_job_without_the_environment_that_the_publisher_has() -> None:
    claims = {name: value for name, value in CLAIMS.items() if name != "environment"}
    explanation = explained(REAL, claims)
    assert list(wrong(explanation)) == ["environment"]
    assert explanation.real == replace(REAL, environment=None)
    assert next(field.real for field in explanation.fields if field.field == "environment") == "(none)"


def test_what_pypi_does_not_mind_is_not_called_wrong() -> None:
    assert wrong(explained(replace(REAL, owner="Shap", environment="PyPI"))) == {}
    assert wrong(explained(replace(REAL, environment=None))) == {}


def test_a_run_as_expected_means_that_the_index_has_another_publisher() -> None:
    assert "letter by letter" in explained(REAL).says


def test_a_reusable_workflow_is_said_to_be_one() -> None:
    shared = {**CLAIMS, "job_workflow_ref": "shap/shared/.github/workflows/publish.yml@refs/heads/main"}
    assert "reusable workflow of shap/shared" in explained(REAL, shared).says


def test_without_an_expectation_the_run_is_shown_and_nothing_is_called_wrong() -> None:
    explanation = explained(None)
    assert wrong(explanation) == {}
    assert {field.expected for field in explanation.fields} == {"(not known)"}


@pytest.mark.parametrize("code", ["invalid-pending-publisher", "not-enabled", "invalid-token", "invalid-reuse-token"])
def test_each_other_code_has_its_sentence(code: str) -> None:
    refusal = read_refusal(text(None, (code, "whatever")))
    assert refusal is not None
    explanation = explain(refusal, REAL, PAGE)
    assert (explanation.code, explanation.fields) == (code, ())
    assert len(explanation.says) > 40


def test_a_bare_answer_of_the_index_lacks_the_claims_and_says_so() -> None:
    answer = '{"message":"Token request failed","errors":[{"code":"invalid-publisher","description":"valid token"}]}'
    refusal = read_refusal(answer)
    assert refusal is not None
    assert "not in the text" in explain(refusal, REAL, PAGE).says


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"repository": "shap/shap"},
        {"repository": "shap", "job_workflow_ref": "shap/shap/.github/workflows/release.yml@refs/heads/main"},
        {"repository": "shap/shap", "job_workflow_ref": "shap/shap/release.yml@refs/heads/main"},
    ],
    ids=["nothing", "no workflow", "no owner", "another path"],
)
def test_claims_that_do_not_say_which_workflow_it_was_make_no_publisher(claims: dict[str, str]) -> None:
    assert real_publisher(claims) is None


def test_the_repository_is_read_from_the_workflow_where_it_stands_nowhere_else() -> None:
    claims = {"workflow_ref": "shap/shap/.github/workflows/release.yml@refs/heads/main"}
    assert real_publisher(claims) == replace(REAL, environment=None)


def test_two_wrong_fields_are_both_named() -> None:
    says = explained(replace(REAL, workflow="other.yml", environment="other")).says
    assert says.endswith("Fields that do not fit: workflow, environment.")
