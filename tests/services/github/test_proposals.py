"""Pull requests: one branch, one commit, one request, however often it is asked for and whatever breaks in between."""

from __future__ import annotations

import contextlib

import httpx
import pytest

from keyless.errors import NotAllowed, StalePlan, TryLater
from keyless.model.reading import Found, Missing, Unreadable
from keyless.model.workflow import FileChange
from keyless.rehearsal.faults import FaultKind, clear_faults
from keyless.rehearsal.github import state
from tests.services.github.worlds import FILES, REPOSITORY, WORKFLOW, serve

PATH = ".github/workflows/release.yml"
AFTER = WORKFLOW + b"permissions: {}\r\n"
OTHER = ".github/workflows/test.yml"
CHANGES = (FileChange(PATH, WORKFLOW, AFTER), FileChange(OTHER, FILES[OTHER], FILES[OTHER] + b"# \xc3\xa9\n"))
BRANCH = "keyless/trusted-publishing"


def head(world, branch="main"):
    return state.head(world.store, "octo", "sampleproj", branch)


def propose(world, token=None, **more):
    arguments = {
        "branch": BRANCH,
        "base": "main",
        "expected_head": head(world),
        "changes": CHANGES,
        "title": "Publish without a token",
        "body": "Why.",
        **more,
    }
    action = lambda github: github.propose(REPOSITORY, **arguments)  # noqa: E731
    return world.do(action, token) if token else world.do(action)


def test_a_proposal_is_one_commit_with_all_changes_on_a_new_branch(world):
    before = head(world)
    pull = propose(world)
    assert (pull.state, pull.head) == ("open", BRANCH)
    tree = state.tree(world.store, "octo", "sampleproj", head(world, BRANCH))
    assert tree == {**FILES, **{change.path: change.after for change in CHANGES}}
    assert head(world) == before
    (made,) = state.pull_requests(world.store, "octo", "sampleproj")
    assert (made["title"], made["body"], made["base"]) == ("Publish without a token", "Why.", "main")


def test_proposing_again_finds_the_pull_request(world):
    first = propose(world)
    tip = head(world, BRANCH)
    assert propose(world) == first
    assert head(world, BRANCH) == tip
    assert len(state.pull_requests(world.store, "octo", "sampleproj")) == 1


def test_a_merged_pull_request_is_found_with_its_commit(world):
    pull = propose(world)
    commit = state.merge_pull_request(world.store, "octo", "sampleproj", pull.number, "octo")
    found = world.do(lambda github: github.find_pull_request(REPOSITORY, BRANCH)).value
    assert (found.state, found.merge_commit) == ("merged", commit)
    assert world.do(lambda github: github.pull_request(REPOSITORY, pull.number)).value == found


def test_a_closed_pull_request_is_closed_and_not_merged(world):
    pull = propose(world)
    state.close_pull_request(world.store, "octo", "sampleproj", pull.number)
    found = world.do(lambda github: github.pull_request(REPOSITORY, pull.number)).value
    assert (found.state, found.merge_commit) == ("closed", None)


def test_a_branch_without_a_pull_request_has_none_for_certain(world):
    assert isinstance(world.do(lambda github: github.find_pull_request(REPOSITORY, "main")), Missing)


def test_a_pull_request_that_cannot_be_seen_is_unreadable(world):
    assert isinstance(world.do(lambda github: github.pull_request(REPOSITORY, 99)), Unreadable)


def test_a_base_that_has_moved_is_a_stale_plan_and_nothing_is_made(world):
    seen = head(world)
    state.commit(world.store, "octo", "sampleproj", "main", {"README.md": b"moved"}, "Another")
    with pytest.raises(StalePlan):
        propose(world, expected_head=seen)
    assert world.do(lambda github: github.branches(REPOSITORY)).value[0].name == "main"
    assert not state.pull_requests(world.store, "octo", "sampleproj")


def test_a_branch_that_holds_something_else_is_left_alone(world):
    state.create_branch(world.store, "octo", "sampleproj", BRANCH, {"mine.txt": b"mine"})
    before = head(world, BRANCH)
    with pytest.raises(StalePlan) as stale:
        propose(world)
    assert BRANCH in stale.value.what
    assert head(world, BRANCH) == before


def test_a_branch_that_an_interrupted_run_made_is_used(world):
    world.break_(FaultKind.REFUSE, "POST", "/graphql", -1)
    with pytest.raises(TryLater):
        propose(world)
    assert head(world, BRANCH) == head(world)
    clear_faults(world.store)
    assert propose(world).state == "open"


def test_after_a_pull_request_was_closed_another_is_opened(world):
    first = propose(world)
    state.close_pull_request(world.store, "octo", "sampleproj", first.number)
    second = propose(world)
    assert (second.state, second.number) == ("open", first.number + 1)


def test_without_the_workflow_scope_the_error_names_it(world):
    state.create_token(world.store, "octo", "ghp_noworkflow", scopes=("repo",))
    with pytest.raises(NotAllowed) as refusal:
        propose(world, "ghp_noworkflow")
    assert "workflow" in refusal.value.hint
    assert not state.pull_requests(world.store, "octo", "sampleproj")


def test_a_fine_grained_token_that_only_reads_is_refused(world):
    with pytest.raises(NotAllowed) as refusal:
        propose(world, world.fine_grained(contents="read", pull_requests="read"))
    assert "contents=write" in refusal.value.hint


LOST = (FaultKind.RESET_AFTER, FaultKind.TIMEOUT_AFTER, FaultKind.BAD_GATEWAY_AFTER, FaultKind.CUT_BODY)
STEPS = ("*/git/refs", "/graphql", "*/pulls")


@pytest.mark.parametrize("path", STEPS)
@pytest.mark.parametrize("kind", LOST, ids=lambda kind: kind.value)
def test_an_answer_that_is_lost_after_the_effect_makes_nothing_twice(world, path, kind):
    world.break_(kind, "POST", path)
    try:
        pull = propose(world)
    except TryLater:
        pull = propose(world)
    assert pull.state == "open"
    assert len(state.pull_requests(world.store, "octo", "sampleproj")) == 1
    tree = state.tree(world.store, "octo", "sampleproj", head(world, BRANCH))
    assert tree[PATH] == AFTER


@pytest.mark.parametrize("path", STEPS)
@pytest.mark.parametrize("times", [1, -1])
@pytest.mark.parametrize("kind", list(FaultKind), ids=lambda kind: kind.value)
def test_any_fault_ends_in_one_pull_request_or_a_named_error_and_can_be_gone_on_with(world, path, kind, times):
    world.break_(kind, "POST", path, times)
    with contextlib.suppress(NotAllowed, StalePlan, TryLater):
        propose(world)
    clear_faults(world.store)
    assert propose(world).state == "open"
    assert len(state.pull_requests(world.store, "octo", "sampleproj")) == 1
    assert isinstance(world.do(lambda github: github.find_pull_request(REPOSITORY, BRANCH)), Found)


def test_a_merge_without_its_commit_in_rest_is_asked_for_by_graphql():
    def handle(request):
        if request.url.path == "/graphql":
            return httpx.Response(
                200, json={"data": {"repository": {"pullRequest": {"mergeCommit": {"oid": "a" * 40}}}}}
            )
        merged = {"number": 7, "html_url": "https://x", "state": "closed", "head": {"ref": BRANCH}}
        return httpx.Response(200, json={**merged, "merged_at": "2026-03-14T12:00:00Z"})

    pull, _ = serve(handle, lambda github: github.pull_request(REPOSITORY, 7))
    assert (pull.value.state, pull.value.merge_commit) == ("merged", "a" * 40)


def test_a_merge_whose_commit_nobody_tells_is_still_a_merge():
    def handle(request):
        if request.url.path == "/graphql":
            return httpx.Response(200, json={"errors": [{"type": "FORBIDDEN", "message": "no"}]})
        merged = {"number": 7, "html_url": "https://x", "state": "closed", "head": {"ref": BRANCH}}
        return httpx.Response(200, json={**merged, "merged_at": "2026-03-14T12:00:00Z"})

    pull, _ = serve(handle, lambda github: github.pull_request(REPOSITORY, 7))
    assert (pull.value.state, pull.value.merge_commit) == ("merged", None)


def test_a_merged_branch_goes_and_going_twice_is_no_error(world):
    propose(world)
    for _ in range(2):
        world.do(lambda github: github.delete_branch(REPOSITORY, BRANCH))
    assert [branch.name for branch in world.do(lambda github: github.branches(REPOSITORY)).value] == ["main"]


def test_pull_requests_that_may_not_be_listed_stop_before_anything_is_made(world):
    world.break_(FaultKind.NO_PERMISSION, "GET", "*/pulls", -1)
    with pytest.raises(NotAllowed) as refusal:
        propose(world)
    assert "contents=write" in refusal.value.hint
    assert len(world.do(lambda github: github.branches(REPOSITORY)).value) == 1


def test_a_branch_that_moves_while_the_commit_is_made_is_a_stale_plan():
    ref = {"ref": "refs/heads/x", "object": {"sha": "a" * 40}}

    def handle(request):
        if request.url.path == "/graphql":
            error = {"type": "STALE_DATA", "message": "Expected branch to point to …"}
            return httpx.Response(200, json={"data": None, "errors": [error]})
        return httpx.Response(200, json=[] if request.url.path.endswith("/pulls") else ref)

    action = lambda github: github.propose(  # noqa: E731
        REPOSITORY, branch=BRANCH, base="main", expected_head="a" * 40, changes=CHANGES, title="T", body="B"
    )
    with pytest.raises(StalePlan):
        serve(handle, action)
