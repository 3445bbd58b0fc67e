"""Playbooks: what is right is read, what is wrong is named by line and column, and nothing leaves the folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keyless.errors import UsageError
from keyless.model.github import Repository
from keyless.model.plan import Phase
from keyless.model.realm import Realm
from keyless.operators.question import Kind
from keyless.operators.questions import QUESTIONS, question, questions_of
from keyless.operators.script import ANY
from keyless.playbooks.load import load_playbook, parse_playbook
from keyless.playbooks.save import Answered, playbook_text, save_playbook
from keyless.playbooks.schema import json_schema
from keyless.playbooks.yaml import PlaybookRefused
from keyless.secret import Secret

TOKEN = "pypi-AgEIcHlwaS5vcmcC" + "Ab3" * 62
HEAD = "version: 1\nservices: real\ncommand: migrate\n"
ONE = "repositories:\n  - repository: shap/shap\n"
SHIPPED = sorted(Path(__file__).parents[2].joinpath("playbooks").glob("*.yml"))


def parse(text: str, folder: Path = Path("/nowhere")):
    return parse_playbook("it.yml", text.encode(), folder)


def refusal(text: str, folder: Path = Path("/nowhere")) -> str:
    with pytest.raises(PlaybookRefused) as caught:
        parse(text, folder)
    assert caught.value.exit_code == 2
    assert caught.value.untouched == "Nothing was changed."
    return caught.value.what


def test_answers_are_read_by_question_and_name():
    """A scalar is for all, a map by name; a repository's own answer replaces the default."""
    playbook = parse(
        HEAD
        + "defaults: {backup: none, window: 7, token: env:TOKEN}\n"
        + ONE
        + "    answers: {backup: {PYPI_TOKEN: token}, project: {pypi: [a, b]}, confirm-plan: yes}\n"
        + "  - repository: shap/other\n"
    )
    assert playbook.phase is Phase.MIGRATE
    assert playbook.realm is Realm.REAL
    first, second = playbook.entries
    assert first.repository == Repository("shap", "shap")
    assert first.given == {
        "backup": {"PYPI_TOKEN": "token"},
        "window": {ANY: 7},
        "token": {ANY: "env:TOKEN"},
        "project": {"pypi": ["a", "b"]},
        "confirm-plan": {ANY: True},
    }
    assert second.given["backup"] == {ANY: "none"}


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        (HEAD + ONE + "windw: 3\n", "it.yml:6:1", "the key 'windw' is unknown; did you mean 'window'"),
        (HEAD + "defaults: {windw: 3}\n" + ONE, "it.yml:4:12", "did you mean 'window'"),
        (HEAD + ONE + "    answers:\n      frobnicate: 1\n", "it.yml:7:7", "the key 'frobnicate' is unknown"),
        (HEAD + 'defaults: {window: "x"}\n' + ONE, "it.yml:4:12", "a whole number from 1 to 365"),
        (HEAD + "defaults: {window: [1]}\n" + ONE, "it.yml:4:12", "a whole number from 1 to 365"),
        (HEAD + "defaults: {delivery: 3}\n" + ONE, "it.yml:4:12", "text (in a playbook: in quotes)"),
        (HEAD + "defaults: {confirm-plan: maybe}\n" + ONE, "it.yml:4:12", "yes or no"),
        (
            HEAD + "defaults:\n  backup:\n    A: token\n    B: tokn\n" + ONE,
            "it.yml:7:5",
            "one of token, new-token, none",
        ),
        (HEAD + "defaults: {confirm-no-backup: 3}\n" + ONE, "it.yml:4:12", "text (in quotes)"),
        (HEAD + "defaults: {secrets: {A: b}}\n" + ONE, "it.yml:4:12", "a list of names"),
        (HEAD + "defaults: {confirm-rollback: yes}\n" + ONE, "it.yml:4:12", "'confirm-rollback' is unknown"),
        (HEAD + ONE + "  - repository: SHAP/shap\n", "it.yml:6:5", "there twice"),
        (HEAD + "repositories: [{repository: nope}]\n", "it.yml:4:17", "owner/name"),
        (HEAD + "repositories: [{repository: 7}]\n", "it.yml:4:17", "owner/name"),
        (HEAD + "repositories: []\n", "it.yml:4:1", "at least 1 item"),
        (HEAD + "repositories: [{}]\n", "it.yml:4:16", "'repository' is missing"),
        (HEAD, "it.yml:1:1", "'repositories' is missing"),
        ("version: 1\nservices: live\ncommand: migrate\n" + ONE, "it.yml:2:1", "'real' or 'rehearsal'"),
        ("version: 1\nservices: real\ncommand: destroy\n" + ONE, "it.yml:1:1", "one of migrate, rollback, finish"),
        ("version: 1\nservices: real\n" + ONE, "it.yml:1:1", "'command' is missing"),
        ("version: 2\nfuture: yes\n", "it.yml:1:1", "its version is 2; this keyless reads version 1"),
        ('version: "1"\n' + ONE, "it.yml:1:1", "this keyless reads version 1"),
        ("version: yes\n" + ONE, "it.yml:1:1", "this keyless reads version 1"),
        (ONE, "it.yml:1:1", "'version: 1' is missing"),
        ("- a\n", "it.yml:1:1", "playbook"),
        ("hello\n", "it.yml:1:1", "playbook"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(text: str, place: str, says: str):
    """Unknown key, wrong type, wrong version, twice the same: one clear message each (S10)."""
    what = refusal(text)
    assert what.startswith(f"{place}: ")
    assert says in what


def test_everything_wrong_is_said_at_once_in_the_files_order():
    """Nobody mends a playbook one run at a time."""
    lines = refusal(HEAD + "defaults:\n  window: x\n  backup: y\nzzz: 1\n" + ONE).split("\n")
    assert [line.split(": ")[0] for line in lines] == ["it.yml:5:3", "it.yml:6:3", "it.yml:7:1"]


def test_a_flood_of_mistakes_is_cut():
    """A thousand wrong lines do not scroll the screen away."""
    many = "".join(f"k{n}: 1\n" for n in range(100))
    assert refusal(HEAD + ONE + many).endswith("and 80 more.")


@pytest.mark.parametrize("key", [row.key for row in QUESTIONS if row.secret and Phase.MIGRATE in row.phases])
def test_a_secret_in_a_playbook_is_refused_and_not_repeated(key: str):
    """R14: only where to read it from may stand there."""
    what = refusal(HEAD + f"defaults: {{{key}: {TOKEN}}}\n" + ONE)
    assert "never the secret itself" in what
    assert TOKEN[21:60] not in what


def test_a_token_as_a_key_is_not_repeated():
    """A slip in the wrong column must not put it into a log."""
    assert TOKEN[21:60] not in refusal(HEAD + f"{TOKEN}: 1\n" + ONE)


def test_paths_are_relative_to_the_playbook(tmp_path: Path):
    """A checkout of playbooks works from any folder."""
    playbook = parse(HEAD + "defaults: {folder: checkout, token: 'file:secrets/token'}\n" + ONE, tmp_path)
    given = playbook.entries[0].given
    assert given["folder"] == {ANY: str(tmp_path.resolve() / "checkout")}
    assert given["token"] == {ANY: f"file:{tmp_path.resolve()}/secrets/token"}


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "link", "link/x", "a/..//../x"])
@pytest.mark.parametrize("kind", ["folder", "token"])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, path: str, kind: str):
    """A playbook from a pull request must not read or write what lies elsewhere, also not through a link."""
    folder = tmp_path / "books"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    value = path if kind == "folder" else f"file:{path}"
    what = refusal(HEAD + f"defaults:\n  {kind}: '{value}'\n" + ONE, folder)
    assert what.startswith("it.yml:5:3: ")
    assert "leaves the playbook's folder" in what


def test_a_playbook_of_one_realm_is_refused_in_the_other():
    """Rehearsal and reality are never mixed."""
    playbook = parse(HEAD + ONE)
    assert playbook.for_realm(Realm.REAL) is playbook
    with pytest.raises(PlaybookRefused, match="for the real services"):
        playbook.for_realm(Realm.REHEARSAL)


def test_a_file_that_is_not_there_or_is_none_is_a_usage_error(tmp_path: Path):
    """A folder, a missing file and a too large one each get a message."""
    for path in (tmp_path / "missing.yml", tmp_path):
        with pytest.raises(UsageError, match="There is no file"):
            load_playbook(path)
    large = tmp_path / "large.yml"
    large.write_bytes(b"#" * 300_000)
    with pytest.raises(PlaybookRefused, match="bytes"):
        load_playbook(large)


def test_three_playbooks_are_shipped_and_right():
    """One for each command, all of them for the rehearsal."""
    assert [path.name for path in SHIPPED] == ["finish.yml", "migrate.yml", "rollback.yml"]
    for path in SHIPPED:
        playbook = load_playbook(path)
        assert playbook.phase.value == path.stem
        assert playbook.realm is Realm.REHEARSAL


def test_the_schema_knows_every_key_of_every_command():
    """R20: editors offer what the wizard asks."""
    schema = json_schema()
    for phase in Phase:
        properties = schema["$defs"][f"{phase.value.title()}Answers"]["properties"]
        assert set(properties) == {row.key for row in questions_of(phase)}
        for row in questions_of(phase):
            assert row.help in properties[row.key]["description"]
    assert schema["$defs"]["MigrateAnswers"]["properties"]["window"]["default"] == 14


def test_answers_saved_are_read_again_as_the_same(tmp_path: Path):
    """R20: an interactive run exported as a playbook answers the same."""
    answers = {
        "delivery": {ANY: "local"},
        "backup": {"PYPI_TOKEN@repository": "none", "TEST": "token"},
        "window": {ANY: 30},
        "confirm-plan": {ANY: True},
        "accept-reference": {ANY: ("a, b", 'secrets["x"] # no', "089", "ünï\x85\U0001f600")},
        "testpypi-reason": {ANY: "yes: it's\n'fine'"},
        "project": {"release.yml/publish@pypi": ("shap",)},
    }
    written = Answered(Repository("shap", "shap"), answers, (question("token"), question("passphrase")))
    text = playbook_text(Phase.MIGRATE, Realm.REHEARSAL, [written])
    path = tmp_path / "saved.yml"
    save_playbook(path, text)
    playbook = load_playbook(path)
    assert playbook.realm is Realm.REHEARSAL
    as_written = {
        i: {n: list(v) if isinstance(v, tuple) else v for n, v in names.items()} for i, names in answers.items()
    }
    assert playbook.entries[0].given == as_written
    assert "# token: where to read it from" in text
    assert path.stat().st_mode & 0o777 == 0o600


def test_saving_never_replaces_a_file_and_never_writes_a_secret(tmp_path: Path):
    """What is there stays; a Secret among the answers is a mistake in the program."""
    path = tmp_path / "saved.yml"
    path.write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        save_playbook(path, "x")
    assert path.read_text() == "mine"
    with pytest.raises(UsageError, match="cannot be written"):
        save_playbook(tmp_path / "no" / "where.yml", "x")
    answered = Answered(Repository("o", "r"), {"token": {ANY: Secret(TOKEN)}})
    with pytest.raises(TypeError):
        playbook_text(Phase.MIGRATE, Realm.REAL, [answered])


_TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(
    reason=_TEXTS.filter(lambda text: text.strip() == text),
    names=st.lists(_TEXTS.map(str.strip).filter(bool), max_size=4),
)
@settings(max_examples=100)
def test_any_text_survives_being_saved_and_read(reason: str, names: list[str]):
    """Whatever a branch is called or a reason says."""
    answers = {"testpypi-reason": {ANY: reason}, "accept-reference": {ANY: tuple(names)}}
    text = playbook_text(Phase.MIGRATE, Realm.REAL, [Answered(Repository("o", "r"), answers)])
    given_back = parse(text).entries[0].given
    assert given_back == {"testpypi-reason": {ANY: reason}, "accept-reference": {ANY: names}}


def test_every_question_can_be_answered_in_a_playbook():
    """R20: one playbook for each command with every key of it."""
    examples = {
        Kind.YES_NO: "yes",
        Kind.CONFIRM: "yes",
        Kind.NUMBER: "3",
        Kind.NAMES: "[a]",
        Kind.CHOICES: "[a]",
        Kind.TYPED: "a",
        Kind.SECRET: "env:A",
        Kind.PATH: "a",
        Kind.TEXT: "a",
    }
    for phase in Phase:
        rows = questions_of(phase)
        lines = "".join(f"  {row.key}: {examples.get(row.kind) or row.choices[0].value}\n" for row in rows)
        text = f"version: 1\nservices: real\ncommand: {phase.value}\ndefaults:\n{lines}{ONE}"
        assert set(parse(text).entries[0].given) == {row.identifier for row in rows}
