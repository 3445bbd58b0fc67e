"""A workflow that somebody edited after the migration: a rollback brings the secrets back, says what is left, and can end."""

from __future__ import annotations

from collections.abc import Callable

from keyless.errors import StalePlan
from keyless.model.journey import JourneyState
from tests.staging import Scene

PATH = ".github/workflows/release.yml"


def migrated(scene: Callable[..., Scene]) -> tuple[Scene, bytes]:
    play = scene()
    old = play.read_file(PATH)
    play.migrate()
    play.write(PATH, play.read_file(PATH) + b"# edited\n")
    return play, old


def test_the_secrets_are_back_and_the_error_names_a_way_that_there_is(scene: Callable[..., Scene]) -> None:
    play, _ = migrated(scene)
    error = play.error(play.rollback)
    assert isinstance(error, StalePlan)
    assert "--replan" not in error.hint  # rollback has no such flag
    assert PATH in error.hint
    assert play.names() == {"PYPI_API_TOKEN", "TEST_PYPI_API_TOKEN"}


def test_once_the_workflow_reads_the_token_again_the_same_command_ends(scene: Callable[..., Scene]) -> None:
    play, old = migrated(scene)
    play.error(play.rollback)
    play.write(PATH, old + b"# edited\n")
    journey = play.rollback()
    assert journey is not None
    assert journey.state is JourneyState.ROLLED_BACK
    assert play.read_file(PATH) == old + b"# edited\n"


def test_a_workflow_that_was_deleted_since_stays_deleted(scene: Callable[..., Scene]) -> None:
    play, _ = migrated(scene)
    play.write(PATH, None)  # type: ignore[arg-type]
    journey = play.rollback()
    assert journey is not None
    assert journey.state is JourneyState.ROLLED_BACK
    assert any(PATH in warning for warning in play.heard.warnings)
