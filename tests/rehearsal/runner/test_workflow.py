from __future__ import annotations

import pytest

from keyless.rehearsal.runner import triggers
from keyless.rehearsal.runner.workflow import InvalidWorkflow, read

JOBS = "jobs: {a: {runs-on: ubuntu-latest, steps: [{run: 'true'}]}}\n"


def test_on_is_a_word_and_yes_is_not_a_boolean() -> None:
    workflow = read("w.yml", b"on: push\nenv: {A: yes, B: true, C: 2020-01-01}\n" + JOBS.encode())
    assert workflow.triggers == {"push": None}
    assert workflow.env == {"A": "yes", "B": True, "C": "2020-01-01"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- a list",
        "on: push",
        JOBS,
        "on: push\njobs: {}",
        "on: push\njobs: {a: {steps: [{run: x}]}}",
        "on: push\njobs: {a: {runs-on: x, steps: []}}",
        "on: push\njobs: {a: {runs-on: x, steps: [{name: nothing}]}}",
        "on: push\n  jobs: x: y",
        "on: push\nx: &a [*a]\n" + JOBS,
        "on: push\na: &a [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"b{n}: &b{n} [{','.join(['*a' if n == 0 else f'*b{n - 1}'] * 9)}]\n" for n in range(7))
        + JOBS,
        "\t:",
        "on: push\njobs: \x00",
    ],
)
def test_a_file_that_is_no_workflow_is_refused(text: str) -> None:
    with pytest.raises(InvalidWorkflow):
        read("w.yml", text.encode())


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(InvalidWorkflow, match="too large"):
        read("w.yml", b"#" * 600_000)


@pytest.mark.parametrize(
    ("on", "event", "ref", "starts"),
    [
        ("push", "push", "refs/heads/main", True),
        ("[push, release]", "release", "refs/tags/v1", True),
        ("{push: {tags: ['v*']}}", "push", "refs/tags/v1.0", True),
        ("{push: {tags: ['v*']}}", "push", "refs/tags/x", False),
        ("{push: {tags: ['v*']}}", "push", "refs/heads/v1", False),
        ("{push: {branches: [main]}}", "push", "refs/tags/v1", False),
        ("{push: {branches: ['releases/**']}}", "push", "refs/heads/releases/a/b", True),
        ("{push: {branches: ['*']}}", "push", "refs/heads/a/b", False),
        ("{push: {tags: ['*', '!*rc*']}}", "push", "refs/tags/1.0rc1", False),
        ("{push: {tags: ['[0-9]+.[0-9]+.[0-9]+']}}", "push", "refs/tags/1.20.3", True),
        ("{push: {tags: ['[0-9]+.[0-9]+.[0-9]+']}}", "push", "refs/tags/v1.2.3", False),
        ("{push: {tags-ignore: ['x*']}}", "push", "refs/tags/v1", True),
        ("{release: {types: [published]}}", "release", "refs/tags/v1", True),
        ("{release: {types: [created]}}", "release", "refs/tags/v1", False),
        ("{workflow_dispatch: {}}", "push", "refs/heads/main", False),
    ],
)
def test_filters_decide_whether_an_event_starts_a_workflow(on: str, event: str, ref: str, starts: bool) -> None:
    workflow = read("w.yml", f"on: {on}\n{JOBS}".encode())
    activity = "published" if event == "release" else None
    assert triggers.starts(workflow, event, ref, activity) is starts


def test_inputs_of_a_dispatch_have_their_defaults() -> None:
    on = (
        "{workflow_dispatch: {inputs: {a: {default: x}, b: {type: boolean}, c: {}, d: {type: boolean, default: true}}}}"
    )
    workflow = read("w.yml", f"on: {on}\n{JOBS}".encode())
    given = triggers.inputs_of(workflow, "workflow_dispatch", {"c": "given"})
    assert given == {"a": "x", "b": False, "c": "given", "d": True}
