from __future__ import annotations

import pytest

from keyless.rehearsal.runner import template
from keyless.rehearsal.runner.expressions import evaluate
from keyless.rehearsal.runner.values import ExpressionError

SCOPE = {
    "github": {"ref": "refs/tags/v1.2.0", "event_name": "release", "event": {"release": {"prerelease": False}}},
    "secrets": {"PYPI_TOKEN": "pypi-abc", "PYPI_TOKEN_CORE": "pypi-core"},
    "matrix": {"name": "CORE"},
    "inputs": {"which": "PYPI_TOKEN", "flag": True},
    "needs": {"build": {"result": "success", "outputs": {}}},
    "job": {"status": "success"},
    "list": [1, 2, {"a": "x"}, {"a": "y"}],
}

CASES = [
    ("1 == 1.0", True),
    ("'A' == 'a'", True),
    ("'1' == 1", True),
    ("'' == 0", True),
    ("null == false", True),
    ("'x' == 0", False),
    ("!secrets.MISSING", True),
    ("secrets.MISSING", None),
    ("secrets.pypi_token", "pypi-abc"),
    ("secrets['PYPI_TOKEN']", "pypi-abc"),
    ("secrets[inputs.which]", "pypi-abc"),
    ("secrets[format('PYPI_TOKEN_{0}', matrix.name)]", "pypi-core"),
    ("secrets.MISSING || secrets.PYPI_TOKEN", "pypi-abc"),
    ("inputs.flag && secrets.PYPI_TOKEN || secrets.OTHER", "pypi-abc"),
    ("false && secrets.PYPI_TOKEN || 'else'", "else"),
    ("false && fromJSON('not json') || 'else'", "else"),
    ("startsWith(github.ref, 'refs/tags/V')", True),
    ("endsWith(github.ref, '.0')", True),
    ("contains(github.ref, 'tags')", True),
    ('contains(fromJSON(\'["release", "push"]\'), github.event_name)', True),
    ("github.event.release.prerelease", False),
    ("github.event.pull_request.head.ref", None),
    ("needs.build.result == 'success' && always()", True),
    ("success() && !failure()", True),
    ("format('{{{0}}}', 'x')", "{x}"),
    ("join(list.*.a, '+')", "x+y"),
    ("list[1]", 2),
    ("list[7]", None),
    ("toJSON(matrix)", '{\n  "name": "CORE"\n}'),
    ("'it''s'", "it's"),
    ("2 > 1 && 1 <= 1 && 'a' < 'B'", True),
    ("(1 == 2) || (3 == 3)", True),
    ("case(false, 'a', 1 == 1, 'b', 'c')", "b"),
    ("case(false, 'a', 'c')", "c"),
    ("0x10 == 16", True),
    ("-1.5e1 == -15", True),
    ("fromJSON('[]') && 'an empty list is true'", "an empty list is true"),
]


@pytest.mark.parametrize(("text", "value"), CASES)
def test_an_expression_has_the_value_that_github_gives_it(text: str, value: object) -> None:
    assert evaluate(text, SCOPE) == value


def test_the_corpus_of_expressions_does_not_shrink() -> None:
    assert len(CASES) >= 35


@pytest.mark.parametrize(
    "text", ["", "a b", "a.", "f(", "nothing('x')", "'open", "a ==", "secrets..x", "startsWith('a')"]
)
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(text, SCOPE)


def test_text_around_expressions_stays() -> None:
    assert template.text("v${{ matrix.name }}-${{ 1 == 1 }}.", SCOPE) == "vCORE-true."


def test_an_expression_may_hold_closing_braces_in_a_string() -> None:
    assert template.text("${{ '}}' }}!", SCOPE) == "}}!"


def test_a_single_expression_keeps_the_kind_of_its_value() -> None:
    assert template.value({"a": "${{ inputs.flag }}", "b": "${{ inputs.flag }} "}, SCOPE) == {"a": True, "b": True}
    assert template.value("${{ inputs.flag }}${{ inputs.flag }}", SCOPE) == "truetrue"


@pytest.mark.parametrize(
    ("condition", "status", "runs"),
    [
        (None, "success", True),
        (None, "failure", False),
        ("true", "failure", False),
        (True, "success", True),
        (False, "success", False),
        ("always()", "failure", True),
        ("failure()", "failure", True),
        ("failure()", "success", False),
        ("${{ github.event_name == 'release' }}", "success", True),
        ("github.event_name == 'push'", "success", False),
        ("!cancelled() && github.event_name == 'release'", "failure", True),
        ("${{ secrets.MISSING }}", "success", False),
    ],
)
def test_a_condition_means_success_as_well_unless_it_asks_for_the_status(
    condition: object, status: str, runs: bool
) -> None:
    assert template.holds(condition, {**SCOPE, "job": {"status": status}}) is runs
