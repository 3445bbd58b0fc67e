"""The same things said to a terminal, to a log, to a program and to nobody."""

from __future__ import annotations

import inspect
import io
import json

import pytest

from keyless.model.realm import Realm
from keyless.model.table import Table
from keyless.observer import Observer
from keyless.render.jsonlines import JsonReporter
from keyless.render.plain import LineReporter, PlainPaper
from keyless.render.reporter import Reporter
from keyless.render.silent import SilentReporter
from keyless.render.terminal import TerminalPaper
from keyless.render.views import BackupList, contents_table, view
from keyless.secret import Secret
from tests.render.values import (
    CARD,
    CHANGE,
    CONCERN,
    CONTENTS,
    EVIL,
    HEADER,
    IDENTIFIER,
    JUDGEMENT,
    NOW,
    PROBE,
    TOKEN,
    receipt,
)

TABLE = Table("things", "Things", ("name", "place"), (("a", "b"), ("longer", "c")))
MAKERS = {
    "plain": lambda stream, realm, **more: LineReporter(PlainPaper(stream), realm, **more),
    "terminal": lambda stream, realm, **more: LineReporter(TerminalPaper(stream, width=100), realm, **more),
    "json": lambda stream, realm, **_: JsonReporter(stream, realm),
}


def say_everything(reporter: Reporter, name: str = "PYPI_TOKEN") -> None:
    reporter.banner(f"migrate {name}")
    reporter.step_started(1, 3, f"Remove {name}")
    reporter.waiting(f"the merge of {name}", link=f"https://github.com/{name}", advice=[f"Merge {name}."])
    reporter.step_done(f"Remove {name}", f"{name} is gone", already=False)
    reporter.step_done(f"Remove {name}", "", already=True)
    reporter.note(f"Note {name}.")
    reporter.warning(f"Mind {name}.")
    reporter.link(f"Page of {name}", f"https://pypi.org/{name}")
    reporter.diff([CHANGE])
    reporter.table(Table("t", name, ("name",), ((name,),)))
    reporter.show((CARD, CONCERN, PROBE, JUDGEMENT, HEADER, f"A sentence about {name}.", TABLE, receipt(name=name)))
    reporter.next_command(f"keyless status {name}", f"tells about {name}")
    reporter.statistics({name: 3})


def said(kind: str, realm: Realm = Realm.REAL, name: str = "PYPI_TOKEN", **more) -> str:
    stream = io.StringIO()
    say_everything(MAKERS[kind](stream, realm, **more), name)
    return stream.getvalue()


@pytest.mark.parametrize("kind", MAKERS)
def test_all_of_it_is_said(kind: str):
    """Nothing gets lost on the way to one kind of output."""
    shown = said(kind)
    for text in ("Remove PYPI_TOKEN", "https://github.com/PYPI_TOKEN", "Merge PYPI_TOKEN.", "PYPI_TOKEN is gone",
                 "Note PYPI_TOKEN.", "Mind PYPI_TOKEN.", "id-token: write", IDENTIFIER, "It opens every project.",
                 "One file is unsigned.", "0123456789abcdef", "keyless status PYPI_TOKEN"):  # fmt: skip
        assert text in shown


@pytest.mark.parametrize("kind", MAKERS)
def test_what_comes_from_the_network_is_neutralised(kind: str):
    """A secret, project, branch or workflow may be called anything."""
    shown = said(kind, name=EVIL)
    for harm in ("\x1b]8;;", "\x1b[2J", "\x07", "\u202e", "\u200b", "\r"):
        assert harm not in shown


@pytest.mark.parametrize("kind", MAKERS)
def test_a_token_in_a_text_is_hidden(kind: str):
    """R14: a workflow may have one in plain text; its name may be one."""
    shown = said(kind, name=TOKEN)
    assert not any(TOKEN[start : start + 8] in shown for start in range(21, len(TOKEN) - 8))


@pytest.mark.parametrize("kind", ["plain", "terminal"])
def test_a_rehearsal_says_so_from_the_first_line_on_and_at_every_step(kind: str):
    """Nobody takes one for the other."""
    lines = [line for line in said(kind, Realm.REHEARSAL).splitlines() if line.strip()]
    assert "REHEARSAL" in lines[0]
    assert all("REHEARSAL" in line for line in lines if "Remove PYPI_TOKEN" in line and "[1/3]" in line)
    assert "REHEARSAL" not in said(kind, Realm.REAL)


def test_a_rehearsal_says_so_in_every_line_of_json():
    """A program can tell them apart too."""
    assert {json.loads(line)["services"] for line in said("json", Realm.REHEARSAL).splitlines()} == {"rehearsal"}


@pytest.mark.parametrize("kind", ["plain", "terminal"])
def test_quiet_leaves_out_progress_and_keeps_what_somebody_has_to_do(kind: str):
    """Warnings, links, what is awaited, results and what is next."""
    shown = said(kind, quiet=True)
    assert "[1/3]" not in shown
    assert "Note PYPI_TOKEN" not in shown
    for text in ("Mind PYPI_TOKEN.", "Page of PYPI_TOKEN", "the merge of PYPI_TOKEN", IDENTIFIER, "keyless status"):
        assert text in shown


def test_json_is_one_versioned_object_a_line_in_ascii():
    """As docs/json.md says."""
    shown = said("json", name=EVIL)
    assert shown.isascii()
    assert "\x7f" not in shown
    bodies = [json.loads(line) for line in shown.splitlines()]
    assert {body["version"] for body in bodies} == {1}
    kinds = [body["kind"] for body in bodies if body["event"] == "result"]
    assert kinds == ["TokenCard", "Concern", "Probe", "Judgement", "BackupHeader", "Receipt"]
    assert bodies[0] == {"version": 1, "services": "real", "event": "banner", "title": f"migrate {EVIL}"}


def test_a_delete_character_is_escaped_in_json_too():
    """It is ASCII, and json leaves it as it is."""
    stream = io.StringIO()
    JsonReporter(stream, Realm.REAL).note("a\x7fb")
    assert "\x7f" not in stream.getvalue()
    assert json.loads(stream.getvalue())["text"] == "a\x7fb"


def test_a_value_with_a_secret_in_it_cannot_be_written():
    """The codec refuses it, rather than hiding it."""
    with pytest.raises(Exception, match="a secret where none may be written"):
        JsonReporter(io.StringIO(), Realm.REAL).show(CONTENTS)


def test_an_opened_backup_shows_what_is_kept_and_no_token():
    """A table is made of it, not the value."""
    table = contents_table(CONTENTS)
    assert [row[2] for row in table.rows] == [
        "a narrowed copy",
        "the whole token",
        "the entry, without a value",
        "its bytes before and after",
    ]
    assert TOKEN[21:40] not in str(table)


def test_a_list_of_backups_says_which_are_over():
    """The moment of the lease's end is the first at which it is over."""
    (table, warning) = view(BackupList(HEADER.lease.expires_at, (HEADER,), ("/x: cut short",)))
    assert isinstance(table, Table)
    assert table.rows[0][-1] == "EXPIRED"
    assert warning == "Take care: /x: cut short"
    (table,) = view(BackupList(NOW, (HEADER,), ()))
    assert isinstance(table, Table)
    assert table.rows[0][-1] == "usable"


def test_a_value_without_a_view_is_a_mistake_in_the_program():
    """It is found at once, not shown as some repr."""
    with pytest.raises(TypeError, match="has no view"):
        view(object())
    with pytest.raises(TypeError):
        view(Secret(TOKEN))


def test_silence_says_nothing(capsys):
    """For tests and for runs whose outcome is all that counts."""
    say_everything(SilentReporter())
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("kind", [LineReporter, JsonReporter, SilentReporter])
def test_every_reporter_understands_all_that_a_run_says(kind: type):
    """A method added to the protocol is missing nowhere."""
    wanted = {
        name: inspect.signature(method).parameters.keys()
        for protocol in (Observer, Reporter)
        for name, method in vars(protocol).items()
        if inspect.isfunction(method) and not name.startswith("_")
    }
    assert len(wanted) == 12
    assert {name: inspect.signature(getattr(kind, name)).parameters.keys() for name in wanted} == wanted


def test_an_address_is_never_broken_over_two_lines():
    """It is to be clicked or copied."""
    stream = io.StringIO()
    url = "https://pypi.org/manage/project/shap/settings/publishing/?provider=github&owner=" + "x" * 200
    reporter = LineReporter(TerminalPaper(stream, width=60), Realm.REAL)
    reporter.link("The form", url)
    reporter.next_command(f"keyless rollback --from {url}")
    assert stream.getvalue().count(url) == 2


def test_markup_in_a_text_is_text():
    """rich's square brackets mean nothing here."""
    stream = io.StringIO()
    reporter = LineReporter(TerminalPaper(stream, width=60), Realm.REAL)
    reporter.note("[bold]x[/bold] :smile:")
    reporter.table(Table("t", "[red]t", ("[b]c",), (("[i]r[/i]",),)))
    for text in ("[bold]x[/bold] :smile:", "[red]t", "[b]c", "[i]r[/i]"):
        assert text in stream.getvalue()


def test_a_table_of_nothing_says_so():
    """An empty answer is an answer."""
    for kind in ("plain", "terminal"):
        stream = io.StringIO()
        MAKERS[kind](stream, Realm.REAL).table(Table("t", "Things", ("a", "b"), ()))
        assert "(none)" in stream.getvalue()


def test_columns_of_plain_tables_are_aligned():
    """For the eye and for awk."""
    stream = io.StringIO()
    PlainPaper(stream).table(TABLE)
    assert stream.getvalue() == "Things\n  name    place\n  a       b\n  longer  c\n"


def test_a_row_that_does_not_fit_its_columns_is_a_mistake_in_the_program():
    """A value that exists is valid."""
    with pytest.raises(ValueError, match="does not fit"):
        Table("t", "T", ("a",), (("1", "2"),))


def test_a_terminal_that_went_away_is_a_broken_pipe():
    """rich would end the process by itself, with another exit code."""

    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        TerminalPaper(Gone(), width=60).line("x")
