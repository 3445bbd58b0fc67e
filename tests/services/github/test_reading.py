"""Repositories, branches, files and environments, read from the simulated GitHub."""

from __future__ import annotations

import asyncio

import pytest

from keyless.errors import NotAllowed
from keyless.model.github import Repository
from keyless.model.reading import Found, Missing, Unreadable
from keyless.rehearsal.faults import FaultKind
from keyless.rehearsal.github import state
from tests.services.github.worlds import FILES, REPOSITORY, WORKFLOW


def head(world, branch="main"):
    return state.head(world.store, "octo", "sampleproj", branch)


def test_the_viewer_of_a_classic_token_has_its_scopes(world):
    viewer = world.do(lambda github: github.viewer())
    assert viewer.login == "octo"
    assert set(viewer.scopes) == {"repo", "workflow", "admin:org"}


def test_the_viewer_of_a_fine_grained_token_has_no_scopes_to_tell(world):
    assert world.do(lambda github: github.viewer(), world.fine_grained()).scopes is None


def test_an_unknown_token_is_refused_with_where_to_get_one(world):
    with pytest.raises(NotAllowed) as refusal:
        world.do(lambda github: github.viewer(), "ghp_unknown")
    assert refusal.value.exit_code == 4
    assert "gh auth login" in refusal.value.hint
    assert "https://github.rehearsal/settings/tokens" in refusal.value.hint
    assert "ghp_unknown" not in str(refusal.value)


def test_a_repository_tells_ids_owner_branch_and_what_may_be_done(world):
    facts = world.do(lambda github: github.repository(Repository("acme", "alpha"))).value
    assert facts.repository == Repository("acme", "alpha")
    assert facts.owner_is_organisation
    assert facts.admin
    assert facts.push
    assert facts.default_branch == "main"
    assert facts.id != facts.owner_id


def test_a_renamed_repository_is_read_under_its_present_name(world):
    state.rename_repository(world.store, "octo", "sampleproj", "sample-project")
    facts = world.do(lambda github: github.repository(REPOSITORY)).value
    assert facts.repository == Repository("octo", "sample-project")


def test_lists_of_a_renamed_repository_are_read_as_well(world):
    state.create_environment(world.store, "octo", "sampleproj", "pypi")
    state.rename_repository(world.store, "octo", "sampleproj", "sample-project")
    assert world.do(lambda github: github.environments(REPOSITORY)) == Found(("pypi",))


def test_a_repository_that_cannot_be_seen_is_unreadable_and_not_missing(world):
    reading = world.do(lambda github: github.repository(Repository("octo", "nothing")))
    assert isinstance(reading, Unreadable)
    assert "cannot see" in reading.because


def test_all_repositories_of_an_organisation_come_over_all_pages(world):
    for number in range(101):
        state.create_repository(world.store, "acme", f"r{number}", owner_is_organisation=True)
    found = world.do(lambda github: github.repositories("acme")).value
    assert len(found) == 103
    assert len({facts.repository.name for facts in found}) == 103


def test_repositories_of_the_viewer_include_private_ones(world):
    state.create_repository(world.store, "octo", "hidden", private=True)
    found = world.do(lambda github: github.repositories("octo")).value
    assert {facts.repository.name for facts in found} == {"sampleproj", "hidden"}


def test_repositories_of_somebody_else_are_the_public_ones(world):
    state.create_repository(world.store, "ada", "engine")
    state.create_repository(world.store, "ada", "notes", private=True)
    found = world.do(lambda github: github.repositories("ada")).value
    assert [facts.repository.name for facts in found] == ["engine"]


def test_an_account_that_does_not_exist_has_unreadable_repositories(world):
    assert isinstance(world.do(lambda github: github.repositories("nobody")), Unreadable)


def test_branches_come_with_their_commits_and_times(world):
    state.create_branch(world.store, "octo", "sampleproj", "feature/x", {"a.txt": b"a"})
    branches = world.do(lambda github: github.branches(REPOSITORY)).value
    assert {branch.name: branch.commit for branch in branches} == {
        "main": head(world),
        "feature/x": head(world, "feature/x"),
    }
    assert all(branch.committed_at is not None and branch.committed_at.tzinfo for branch in branches)


def test_branches_come_over_all_pages(world):
    for number in range(120):
        state.create_branch(world.store, "octo", "sampleproj", f"b{number:03}", {})
    branches = world.do(lambda github: github.branches(REPOSITORY)).value
    assert len({branch.name for branch in branches}) == 121
    assert world.sent == 2


def test_branches_of_what_cannot_be_seen_are_unreadable(world):
    reading = world.do(lambda github: github.branches(Repository("octo", "nothing")))
    assert isinstance(reading, Unreadable)
    assert "cannot see" in reading.because


def test_branches_without_the_permission_say_which_one_is_missing(world):
    state.create_repository(world.store, "octo", "hidden", private=True, files=FILES)
    reading = world.do(lambda github: github.branches(Repository("octo", "hidden")), world.fine_grained())
    assert isinstance(reading, Unreadable)
    assert reading.permission == "contents=read"


def test_automation_is_workflows_and_actions_byte_for_byte(world):
    files = world.do(lambda github: github.automation(REPOSITORY, head(world))).value
    assert {file.path: file.content for file in files} == {
        path: content for path, content in FILES.items() if path.startswith((".github/workflows", ".github/actions"))
    }
    assert all(file.blob for file in files)


def test_a_repository_without_a_github_folder_has_no_automation(world):
    state.create_repository(world.store, "octo", "plain", files={"a.txt": b"a"})
    commit = state.head(world.store, "octo", "plain", "main")
    assert world.do(lambda github: github.automation(Repository("octo", "plain"), commit)) == Found(())


def test_all_files_of_a_folder_come_in_one_request(world):
    world.do(lambda github: github.automation(REPOSITORY, head(world)))
    assert world.sent == 3  # the commit's root, its .github, all files together


def test_branches_with_the_same_folder_cost_nothing_more(world):
    for number in range(60):
        state.create_branch(world.store, "octo", "sampleproj", f"b{number}", {**FILES, "README.md": b"%d" % number})
    state.create_branch(world.store, "octo", "sampleproj", "bare", {})
    gone = {path: None for path in FILES if path.startswith(".github/")}
    state.commit(world.store, "octo", "sampleproj", "bare", gone, "No automation")

    async def every(github):
        branches = (await github.branches(REPOSITORY)).value
        so_far = github.requests
        readings = await asyncio.gather(*(github.automation(REPOSITORY, branch.commit) for branch in branches))
        return {branch.name: reading.value for branch, reading in zip(branches, readings, strict=True)}, so_far

    files, so_far = world.do(every)
    assert len(files) == 62
    assert files["bare"] == ()
    assert {file.path: file.content for file in files["b7"]} == {file.path: file.content for file in files["main"]}
    assert world.sent - so_far == 4  # .github of 62 branches in two requests, its list, all files together


def test_bytes_that_graphql_cannot_tell_come_by_rest(world):
    files = {**FILES, ".github/workflows/latin.yml": b"# caf\xe9\n", ".github/workflows/nul.yml": b"\0"}
    state.create_repository(world.store, "octo", "odd", files=files)
    commit = state.head(world.store, "octo", "odd", "main")
    found = world.do(lambda github: github.automation(Repository("octo", "odd"), commit)).value
    assert {file.path: file.content for file in found if file.path in files} == {f.path: files[f.path] for f in found}
    assert world.sent == 5


def test_without_graphql_everything_comes_by_rest(world):
    for branch in ("one", "two"):
        state.create_branch(world.store, "octo", "sampleproj", branch, {**FILES, branch: b""})

    async def every(github):
        branches = (await github.branches(REPOSITORY)).value
        world.break_(FaultKind.UNPROCESSABLE, "POST", "/graphql", -1)
        return [(await github.automation(REPOSITORY, branch.commit)).value for branch in branches]

    readings = world.do(every)
    assert len(readings) == 3
    assert all(len(reading) == 3 for reading in readings)


def test_a_github_that_is_a_file_is_no_automation(world):
    state.create_repository(world.store, "octo", "odd", files={".github": b"a file"})
    commit = state.head(world.store, "octo", "odd", "main")
    assert world.do(lambda github: github.automation(Repository("octo", "odd"), commit)) == Found(())


def test_automation_at_a_commit_that_cannot_be_seen_is_unreadable(world):
    reading = world.do(lambda github: github.automation(REPOSITORY, "0" * 40))
    assert isinstance(reading, Unreadable)


def test_named_files_come_in_the_order_asked_for(world):
    paths = ["README.md", "tools/nothing.sh", ".github/workflows/release.yml", "tools/release.sh", "a/b/c"]
    readings = world.do(lambda github: github.files(REPOSITORY, head(world), paths))
    assert [getattr(reading, "value", None) and reading.value.content for reading in readings] == [
        FILES["README.md"],
        None,
        WORKFLOW,
        FILES["tools/release.sh"],
        None,
    ]
    assert isinstance(readings[1], Missing)
    assert isinstance(readings[4], Missing)


def test_a_folder_is_not_a_file(world):
    (reading,) = world.do(lambda github: github.files(REPOSITORY, head(world), ["tools"]))
    assert isinstance(reading, Unreadable)


def test_files_at_a_commit_that_cannot_be_seen_are_never_missing(world):
    (reading,) = world.do(lambda github: github.files(REPOSITORY, "0" * 40, ["README.md"]))
    assert isinstance(reading, Unreadable)


def test_leaked_tokens_are_counted_without_their_values(world):
    state.add_alert(world.store, "octo", "sampleproj", secret_type="pypi_api_token")
    assert world.do(lambda github: github.leaked_tokens(REPOSITORY)) == Found(1)


def test_alerts_that_may_not_be_read_are_unreadable(world):
    reading = world.do(lambda github: github.leaked_tokens(REPOSITORY), world.fine_grained())
    assert isinstance(reading, Unreadable)
    assert reading.permission == "secret_scanning_alerts=read"
