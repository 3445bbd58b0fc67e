"""Many files are looked at in parts: the outcome is that of one look."""

from __future__ import annotations

import pytest

from keyless.model.github import SourceFile
from keyless.workflows import analyse
from keyless.workflows.analyse import analyse_part, combined
from keyless.workflows.library import is_workflow, read
from keyless.workflows.parts import parts
from tests.workflows.case import cases


def every_file() -> list[SourceFile]:
    """Return the files of all cases as those of one repository, each case under names of its own."""
    found = []
    for case in cases():
        for file in case.files:
            path, content = file.path, file.content
            for folder in (".github/workflows/", ".github/actions/"):
                path = path.replace(folder, f"{folder}{case.name}-", 1)
                for before in ("./", "$/"):
                    own = f"{before}{folder}".encode()
                    content = content.replace(own, own + f"{case.name}-".encode())
            found.append(SourceFile(path, content))
    return found


@pytest.mark.parametrize("count", [2, 3, 7])
def test_parts_combined_say_what_one_look_says(count: int):
    """No upload, reader, finding or problem is lost, doubled or in another order."""
    files = every_file()
    made = combined([file.path for file in files], [analyse_part(read(part)) for part in parts(files, count)])
    whole = analyse(files)
    assert len(whole.publish_steps) > 100
    assert made.publish_steps == whole.publish_steps
    assert made.references == whole.references
    assert made.may_read == whole.may_read
    assert made.findings == whole.findings
    assert made.other_reads == whole.other_reads
    assert set(made.problems) == set(whole.problems)
    assert set(made.wanted) == set(whole.wanted)


def test_workflows_that_call_each_other_stay_in_one_part():
    """A called workflow gets its secrets from its caller, so both have to be seen at once."""
    caller = SourceFile(".github/workflows/a.yml", b"on: push\njobs: {a: {uses: ./.github/workflows/b.yml}}\n")
    called = SourceFile(".github/workflows/b.yml", b"on: workflow_call\njobs: {}\n")
    wide = SourceFile(".github/workflows/c.yml", "on: workflow_call\njobs: {}\n".encode("utf-16"))
    alone = SourceFile(".github/workflows/d.yml", b"on: push\njobs: {}\n")
    first, second = parts([caller, alone, called, wide], 2)
    assert first == (caller, called, wide)
    assert second == (alone,)


def test_every_part_has_the_actions_and_scripts():
    """Any workflow may use them."""
    script = SourceFile("release.sh", b"twine upload dist/*\n")
    made = parts([*every_file(), script], 4)
    assert all(script in part for part in made)
    sizes = [sum(len(file.content) for file in part if is_workflow(file.path)) for part in made[1:]]
    assert max(sizes) - min(sizes) < 5000
