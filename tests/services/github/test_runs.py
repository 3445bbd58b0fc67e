"""Workflow runs, jobs, steps and annotations."""

from __future__ import annotations

from datetime import timedelta

from keyless.model.github import Annotation
from keyless.model.reading import Unreadable
from keyless.rehearsal.faults import FaultKind
from keyless.rehearsal.github import state
from tests.services.github.worlds import REPOSITORY

PATH = ".github/workflows/release.yml"


def start(world, path=PATH, event="release", ref="v1.0", referenced=()):
    sha = state.head(world.store, "octo", "sampleproj", "main")
    return state.create_run(
        world.store, "octo", "sampleproj", path=path, event=event, ref=ref, sha=sha, actor="octo", referenced=referenced
    )


def test_runs_of_one_workflow_come_newest_first(world):
    first = start(world)
    world.store.advance(60)
    second = start(world)
    start(world, ".github/workflows/test.yml")
    since = world.store.now() - timedelta(hours=1)
    runs = world.do(lambda github: github.runs(REPOSITORY, PATH, since)).value
    assert [run.id for run in runs] == [second, first]
    assert {run.path for run in runs} == {PATH}
    assert runs[0].status == "in_progress"
    assert runs[0].conclusion is None


def test_runs_before_the_moment_are_left_out(world):
    start(world)
    world.store.advance(3600)
    since = world.store.now() - timedelta(minutes=1)
    assert world.do(lambda github: github.runs(REPOSITORY, PATH, since)).value == ()


def test_runs_of_a_workflow_that_cannot_be_seen_are_unreadable(world):
    reading = world.do(lambda github: github.runs(REPOSITORY, ".github/workflows/no.yml", world.store.now()))
    assert isinstance(reading, Unreadable)


def test_a_run_tells_commit_event_attempt_and_what_it_called(world):
    called = "octo/shared/.github/workflows/publish.yml@v1"
    number = start(world, referenced=(called,))
    state.finish_run(world.store, "octo", "sampleproj", number, "failure")
    state.rerun(world.store, "octo", "sampleproj", number)
    run = world.do(lambda github: github.run(REPOSITORY, number)).value
    assert (run.attempt, run.event, run.head_branch) == (2, "release", "v1.0")
    assert run.head_sha == state.head(world.store, "octo", "sampleproj", "main")
    assert [path.partition("@")[0] for path in run.referenced] == [called.partition("@")[0]]
    assert f"/octo/sampleproj/actions/runs/{number}" in run.url
    first = world.do(lambda github: github.run(REPOSITORY, number, 1)).value
    assert (first.attempt, first.conclusion) == (1, "failure")


def test_jobs_come_with_steps_and_annotations(world):
    number = start(world)
    now = world.store.now().replace(microsecond=0)
    job = state.add_job(
        world.store, "octo", "sampleproj", number, job="publish", started_at=now, completed_at=now, conclusion="success"
    )
    state.add_step(
        world.store, "octo", "sampleproj", job, step="Upload", conclusion="success", started_at=now, completed_at=now
    )
    state.add_annotation(
        world.store, "octo", "sampleproj", job, level="warning", title="Upgrade to Trusted Publishing", message="Do."
    )
    (found,) = world.do(lambda github: github.jobs(REPOSITORY, number, 1)).value
    assert (found.name, found.conclusion, found.started_at) == ("publish", "success", now)
    assert [(step.name, step.completed_at) for step in found.steps] == [("Upload", now)]
    assert found.annotations == (Annotation("warning", "Upgrade to Trusted Publishing", "Do."),)


def test_annotations_that_cannot_be_read_make_the_jobs_unreadable(world):
    number = start(world)
    state.add_job(world.store, "octo", "sampleproj", number, job="publish", conclusion="success")
    world.break_(FaultKind.NO_PERMISSION, "GET", "*/annotations")
    reading = world.do(lambda github: github.jobs(REPOSITORY, number, 1))
    assert isinstance(reading, Unreadable)
    assert "annotations" in reading.what
