"""scan on GitHub, in rehearsal: what a repository and an owner show, before a migration and after it."""

from __future__ import annotations

from collections.abc import Callable

from keyless.journeys.scan import Asked
from keyless.journeys.scan_github import scan_owner, scan_repository
from keyless.model.index import Index
from keyless.model.publisher import Publisher
from keyless.model.reading import Found, Unreadable
from keyless.planning.forecast import links
from keyless.planning.scan import OwnerScan, Scan, attention
from keyless.render import jsonlines, scans
from tests.staging import Scene


def scanned(play: Scene, typed: Publisher | None = None) -> Scan:
    sites = {index: play.services.addresses.index(index).site for index in Index}
    return play.work(lambda desk: scan_repository(desk.github, play.repository, desk.clock, Asked(sites, typed)))


def test_each_upload_is_shown_with_the_form_filled_in_for_its_project(scene: Callable[..., Scene]) -> None:
    """The links are those of the services that the run talks to."""
    play = scene()
    found = scanned(play)
    assert {(one.index, one.project) for one in found.forecasts} == {(index, "shap-like") for index in Index}
    for one in found.forecasts:
        assert one.link.startswith(f"{play.services.addresses.index(one.index).site}/manage/project/shap-like/")
        assert one.publisher.owner == play.repository.owner
    assert len(links(found.forecasts)) == 2


def test_a_strict_scan_is_content_after_the_migration_and_not_before(scene: Callable[..., Scene]) -> None:
    """Tokens in workflows and secrets in stores both count."""
    play = scene()
    before = tuple(attention(scanned(play)))
    assert any("uploads that take a token" in reason for reason in before)
    assert any("secrets that speak of PyPI" in reason for reason in before)
    assert play.migrate() is not None
    assert tuple(attention(scanned(play))) == ()


def test_the_publisher_that_is_registered_is_the_one_that_was_foretold(scene: Callable[..., Scene]) -> None:
    """Compared with itself there is no difference."""
    play = scene()
    play.migrate()
    for one in scanned(play).forecasts:
        again = scanned(play, one.publisher)
        same = next(other for other in again.forecasts if other.upload == one.upload)
        assert same.differences == ()
        assert not same.refused


def test_an_owners_repositories_are_scanned_and_shown_in_one_value(scene: Callable[..., Scene]) -> None:
    """Every repository that is not archived, and one event of JSON."""
    play = scene("organisation")
    owner = play.repository.owner
    found = play.work(lambda desk: scan_owner(desk.github, owner, desk.clock))
    assert isinstance(found, OwnerScan)
    assert str(play.repository) in {name for name, _ in found.scans}
    assert all(isinstance(reading, Found) for _, reading in found.scans)
    (table, *rest) = scans.owner_view(found)
    assert table.identifier == "repositories"
    assert rest == []
    line = jsonlines.json_line(None, "result", {"data": jsonlines.encode(found)})
    assert line.count("\n") == 1


def test_what_could_not_be_read_of_an_owner_is_said_and_counts(scene: Callable[..., Scene]) -> None:
    """S11: it is never "nothing there"."""
    found = OwnerScan("octo", (("octo/a", Unreadable("octo/a", "the service is down")),))
    table, warning = scans.owner_view(found)
    assert table.rows == (("octo/a", "could not be read", "", ""),)
    assert "the service is down" in warning
