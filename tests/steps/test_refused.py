"""A failed trusted release, explained: the one field that is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from keyless.errors import NotProven
from keyless.model.index import Index
from keyless.model.plan import RegisterPublisher
from keyless.model.publisher import Publisher
from keyless.rehearsal.index import state as index_state
from keyless.steps.refused import why_refused
from tests.staging import Scene

EXPECTED = Publisher("o", "r", "publish.yml", "pypi")
CLAIMS = {"repository": "o/r", "workflow_ref": "o/r/.github/workflows/publish.yml@refs/tags/1", "environment": "pypi"}


def annotation(code: str = "invalid-publisher", **changes: str) -> str:
    rendered = "\n".join(f"* `{name}`: `{value}`" for name, value in {**CLAIMS, **changes}.items())
    return (
        f"Token request failed:\n\n* `{code}`: valid token, but no corresponding publisher\n\nclaims:\n\n{rendered}\n"
    )


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"environment": "MISSING"}, "environment: the run says 'none', expected is 'pypi'"),
        (
            {"workflow_ref": "o/r/.github/workflows/release.yml@refs/tags/1"},
            "workflow: the run says 'release.yml', expected is 'publish.yml'",
        ),
        ({"repository": "o/renamed"}, "repository: the run says 'renamed', expected is 'r'"),
        ({"repository": "new/r"}, "owner: the run says 'new', expected is 'o'"),
    ],
)
def test_the_field_that_is_wrong_is_named_and_no_other(changes: dict[str, str], says: str) -> None:
    told = why_refused(annotation(**changes), EXPECTED, "PyPI")
    assert says in told
    assert told.count("expected is") == 1


def test_where_the_run_is_as_expected_the_registered_publisher_is_wrong() -> None:
    assert "on PyPI is missing, or one of its fields differs" in why_refused(annotation(), EXPECTED, "PyPI")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "it left no reason"),
        ("\n\nOIDC token retrieval failed\nmore", "OIDC token retrieval failed"),
        (annotation("invalid-payload"), "`invalid-payload`: valid token, but no corresponding publisher"),
        ("* `invalid-publisher`: no\n", "PyPI knows no publisher for this run (invalid-publisher)."),
        ("x" * 900, "x" * 300 + "…"),
    ],
)
def test_anything_else_is_told_in_one_line(said: str, told: str) -> None:
    assert why_refused(said, EXPECTED, "PyPI") == told


def test_a_publisher_with_a_wrong_field_is_told_with_its_link_and_mended_it_goes_on(
    scene: Callable[..., Scene],
) -> None:
    """Lena's publisher names release.yml, the workflow is publish.yaml; she does not read what keyless asks for."""
    play = scene("wrong-publisher")
    play.acts = False
    play.error(play.migrate)
    play.merge()
    play.error(play.migrate)
    play.release()
    error = play.error(play.migrate)
    assert isinstance(error, NotProven)
    what, link, advice = play.heard.waits[-1]
    assert "paperclip-tools" in what
    assert link.startswith("https://pypi.rehearsal/manage/project/paperclip-tools/settings/publishing/")
    assert "publish.yaml" in link
    assert "on PyPI is missing, or one of its fields differs" in error.hint
    assert "workflow publish.yaml" in " ".join(advice)
    assert "MISSING" not in error.hint
    assert play.names() == {"PYPI_KEY"}

    play.carry_out(*[step for step in play.plan().steps if isinstance(step, RegisterPublisher)])
    play.acts = True
    play.migrate()
    assert play.names() == set()
    assert len(index_state.publishers(play.store, Index.PYPI, "paperclip-tools")) == 2
