"""What was found out, in a sentence that somebody who maintains a project understands."""

from __future__ import annotations

from dataclasses import replace

from keyless.model.proof import Grade, Verdict
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Unreadable
from keyless.model.refusal import Explanation, FieldExplained
from keyless.model.release import Evidence
from keyless.model.table import Table
from keyless.proofs import judge
from keyless.render.evidence import in_a_sentence, verified_view
from keyless.render.views import view
from tests.proofs.examples import (
    ABSENT,
    EXPECTED,
    NAMES,
    PUBLISHER,
    REFUSED,
    RUN_URL,
    UNREADABLE,
    UNVERIFIABLE,
    evidence,
    file,
    without_provenance,
)


def sentence(found: Evidence, expected: Publisher = PUBLISHER) -> str:
    return in_a_sentence(judge(found, EXPECTED), found, expected)


def test_an_attested_release() -> None:
    assert sentence(evidence()) == (
        "shap 0.47.0 on PyPI was published without a token: all 3 files carry a signature made by release.yml of "
        f"shap/shap in environment 'pypi', in the run {RUN_URL}/attempts/1, and PyPI takes such signatures with trusted "
        "publishing only."
    )


def test_one_file_is_told_of_as_one() -> None:
    assert "the one file carries a signature" in sentence(evidence(files=(file(),)))


def test_each_weaker_grade_says_what_it_rests_on() -> None:
    assert "could not be checked here" in sentence(evidence(Found((UNVERIFIABLE,))))
    assert sentence(without_provenance()).startswith("Nothing is signed, but everything agrees")


def test_what_is_not_proven_says_why_and_never_more_than_is_known() -> None:
    refused = sentence(evidence(Found((REFUSED,))))
    assert "is no proof of a release without a token" in refused
    assert "the signature is wrong" in refused
    bare = without_provenance(found=Unreadable("the run", "GitHub was not asked"))
    judgement = replace(judge(bare, EXPECTED), verdict=Verdict.NOT_PROVEN)
    said = in_a_sentence(judgement, bare, PUBLISHER)
    assert said.startswith("Nothing shows how shap 0.47.0 was published")
    assert "no proof that a token was used" in said


def test_what_could_not_be_told_says_what_was_not_readable() -> None:
    assert "PyPI answers 503" in sentence(evidence(UNREADABLE))


def test_the_sentence_comes_first_and_the_files_have_a_row_each() -> None:
    found = evidence(ABSENT, UNREADABLE)
    said, judgement, facts = verified_view(judge(found, EXPECTED), found, PUBLISHER)
    assert isinstance(said, str)
    assert judgement.grade is Grade.NONE
    table, *roots = view(facts)
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == list(NAMES)
    assert [row[-1] for row in table.rows] == ["no provenance", "could not tell: PyPI answers 503", "verified"]
    assert roots == ["Trust root: a root"]


def test_a_refusal_has_a_row_for_each_field_and_marks_the_wrong_one() -> None:
    fields = (
        FieldExplained("owner", "shap", "shap", ""),
        FieldExplained("workflow", "release.yml", "release.yaml", ".yml and .yaml are different files to PyPI"),
    )
    table, said = view(Explanation("invalid-publisher", "It does not fit.", fields, PUBLISHER, "https://pypi.org/"))
    assert isinstance(table, Table)
    assert [row[-1][:5] for row in table.rows] == ["", "WRONG"]
    assert said == "It does not fit."
    assert len(view(Explanation("not-enabled", "Off for now.", (), None, ""))) == 1
