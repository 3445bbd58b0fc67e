"""Annotations of GitHub Actions: read back by the runner's own rules, they say what was meant."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from keyless.model.text import clean
from keyless.model.workflow import Analysis, FileProblem, Finding, Place
from keyless.planning.scan import Scan
from keyless.render.annotations import workflow_commands


def read_back(line: str) -> tuple[str, dict[str, str], str]:
    """As the runner reads a command (actions/runner, ActionCommand.TryParseV2): the last `%25` is undone last."""
    assert line.startswith("::")
    head, _, data = line[2:].partition("::")
    level, _, listed = head.partition(" ")
    properties = dict(pair.split("=", 1) for pair in listed.split(","))
    undo = [("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")]
    for name, value in properties.items():
        for escape, character in undo:
            value = value.replace(escape, character)  # noqa: PLW2901
        properties[name] = value
    for escape, character in undo[:2] + undo[4:]:
        data = data.replace(escape, character)
    return level, properties, data


def scan(*findings: Finding, problems: tuple[FileProblem, ...] = ()) -> Scan:
    return Scan("here", None, Analysis(findings=findings, problems=problems))


ODD = st.text(alphabet=st.sampled_from("a:,%=\n\r 0ADC#[]é\x1b\u202e"), max_size=25)


@given(path=ODD, message=ODD, advice=ODD, severity=st.sampled_from(["error", "warning", "note"]))
def test_whatever_a_file_says_stays_inside_of_its_command(path: str, message: str, advice: str, severity: str):
    """One line, one command, and the texts come out as they went in, made fit to be shown."""
    finding = Finding("some-finding", severity, Place(path, 3, 7), message, advice)
    (line,) = workflow_commands(scan(finding))
    assert "\n" not in line
    assert "\r" not in line
    level, properties, data = read_back(line)
    assert level == {"error": "error", "warning": "warning", "note": "notice"}[severity]
    assert properties == {"file": clean(path), "line": "3", "col": "7", "title": "keyless: some-finding"}
    assert data.startswith(clean(f"{message} {advice} "))
    assert data.endswith("/docs/findings/some-finding.md")


def test_a_file_that_is_not_understood_is_a_warning():
    """It may read any secret."""
    (line,) = workflow_commands(scan(problems=(FileProblem("x.yml", "it has tabs"),)))
    level, properties, data = read_back(line)
    assert (level, properties["file"], properties["title"]) == ("warning", "x.yml", "keyless: not-understood")
    assert "it has tabs" in data
