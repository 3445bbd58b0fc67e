"""Who can still read a secret: everything that does, and everything that cannot be ruled out (S3)."""

from __future__ import annotations

from dataclasses import replace

from keyless.model.github import Branch, Repository
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.survey import BranchReading, SharedUse
from keyless.model.workflow import Analysis, FileProblem, MayRead, Place, SecretRead
from keyless.planning.readers import readers
from tests.planning.examples import ANALYSIS, PATH

PLACE = Place(PATH, 3, 5, "job", 0)


def on(name: str, analysis: Analysis) -> BranchReading:
    return BranchReading(Branch(name, name), Found(analysis))


def keys(secret: str, *branches: BranchReading) -> list[tuple[str, bool]]:
    return [(reader.key, reader.certain) for reader in readers(secret, branches)]


def test_s3_a_branch_that_reads_it_counts_and_one_that_does_not_does_not() -> None:
    assert keys("PYPI_API_TOKEN", on("old", ANALYSIS), on("new", Analysis())) == [("branch:old", True)]


def test_s3_names_compare_as_github_compares_them() -> None:
    assert keys("pypi_api_token", on("old", ANALYSIS)) == [("branch:old", True)]


def test_s3_names_compare_so_for_every_kind_of_read() -> None:
    """However the workflow spells it, and however the store does."""
    low, up = "pypi_api_token", "PYPI_API_TOKEN"
    for written, asked in ((low, up), (up, low)):
        named = replace(ANALYSIS.references[0], secret=written)
        for analysis in (
            Analysis(references=(named,)),
            Analysis(other_reads=(SecretRead(written, PLACE, "x", condition=False),)),
            Analysis(may_read=(MayRead("x", PLACE, "perhaps", secret=written),)),
        ):
            assert [key for key, _ in keys(asked, on("old", analysis))] == ["branch:old"]
        use = SharedUse(written, Repository("o", "r"), Found(value=True))
        assert [reader.key for reader in readers(asked, (), [use])] == ["repository:o/r"]


def test_a_read_of_another_secret_is_no_read_of_this_one() -> None:
    other = Analysis(
        references=(ANALYSIS.references[1],),
        other_reads=(SecretRead("CODECOV_TOKEN", PLACE, "x", condition=False),),
        may_read=(MayRead("x", PLACE, "perhaps", secret="CODECOV_TOKEN"),),
    )
    assert keys("PYPI_API_TOKEN", on("old", other)) == []
    use = SharedUse("CODECOV_TOKEN", Repository("o", "r"), Unreadable("o/r", "404"))
    assert readers("PYPI_API_TOKEN", (), [use]) == ()


def test_each_branch_is_named_once_with_what_was_found_first() -> None:
    """Whoever accepts it accepts the branch, however often it reads."""
    reads = Analysis(
        references=ANALYSIS.references, other_reads=(SecretRead("PYPI_API_TOKEN", PLACE, "x", condition=False),)
    )
    (one,) = readers("PYPI_API_TOKEN", [on("old", reads)])
    assert "reads it at" in one.says


def test_s3_what_may_read_any_secret_may_read_this_one() -> None:
    everything = Analysis(may_read=(MayRead("toJSON(secrets)", PLACE, "all of them"),))
    assert keys("ANYTHING", on("odd", everything)) == [("branch:odd", False)]
    another = Analysis(may_read=(MayRead("x || y", PLACE, "one of two", secret="OTHER"),))
    assert keys("ANYTHING", on("odd", another)) == []


def test_s3_a_read_for_something_else_breaks_as_well() -> None:
    checks = Analysis(
        other_reads=(SecretRead("PYPI_API_TOKEN", PLACE, "secrets.PYPI_API_TOKEN != ''", condition=True),)
    )
    assert keys("PYPI_API_TOKEN", on("main", checks)) == [("branch:main", True)]
    assert "looks whether it is there" in readers("PYPI_API_TOKEN", [on("main", checks)])[0].says
    uses = Analysis(other_reads=(SecretRead("PYPI_API_TOKEN", PLACE, "secrets.PYPI_API_TOKEN", condition=False),))
    assert "reads it for something else" in readers("PYPI_API_TOKEN", [on("main", uses)])[0].says


def test_s3_a_file_that_nobody_understands_may_read_anything() -> None:
    assert keys("X", on("main", Analysis(problems=(FileProblem(PATH, "no YAML"),)))) == [("branch:main", False)]


def test_s11_a_branch_that_could_not_be_read_may_read_it_and_one_without_workflows_does_not() -> None:
    unseen = BranchReading(Branch("secret", "1"), Unreadable("tree", "403"))
    empty = BranchReading(Branch("bare", "2"), Missing("tree"))
    assert keys("X", unseen, empty) == [("branch:secret", False)]


def test_s3_another_repository_of_the_organisation_counts_until_it_was_seen_not_to() -> None:
    other = SharedUse("X", Repository("o", "r"), Found(value=True))
    found = readers("x", (), [other, replace(other, secret="Y")])
    assert [(reader.key, reader.certain) for reader in found] == [("repository:o/r", True)]
    assert readers("X", (), [replace(other, reads=Found(value=False))]) == ()
    assert not readers("X", (), [replace(other, reads=Unreadable("o/r", "404"))])[0].certain
