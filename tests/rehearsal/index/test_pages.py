"""The pages for people, used as a browser uses them."""

from __future__ import annotations

import re

import pytest

from keyless.model.index import Index
from keyless.model.publisher import Publisher, new_token_page, pending_page, publishing_page, removal_page
from keyless.rehearsal.index import state
from keyless.rehearsal.index.documents import mails
from keyless.secret import Secret
from tests.rehearsal.index.world import RELEASE, Browser

ACCOUNT = "/manage/account/"
PUBLISHING = "/manage/project/sampleproj/settings/publishing/"
VALUES = {"owner": "octo", "repository": "sampleproj", "workflow_filename": "release.yml", "environment": "PyPI"}


@pytest.fixture
def ada(world):
    return Browser(world, "ada")


def publishers(world):
    rows = state.publishers(world.store, world.index, "sampleproj")
    return [(row["owner"], row["repository"], row["workflow"], row["environment"]) for row in rows]


def test_whoever_is_not_signed_in_is_led_to_the_login_and_back(world):
    browser = Browser(world)
    browser.open(publishing_page("", "sampleproj", RELEASE))
    assert browser.at.startswith("/account/login/?next=")
    browser.submit(username="ada", password="ada's password")
    assert browser.at.startswith(f"{PUBLISHING}?provider=github&owner=octo")


def test_a_wrong_password_does_not_sign_in(world):
    browser = Browser(world)
    browser.open("/account/login/")
    page = browser.submit(username="ada", password="wrong")
    assert "The username and password combination you provided is invalid" in page
    browser.open(ACCOUNT)
    assert browser.at.startswith("/account/login/")


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example/", "/\\evil.example/"])
def test_the_login_leads_nowhere_else(world, onward):
    browser = Browser(world)
    browser.open("/account/login/")
    browser.submit(username="ada", password="ada's password", next=onward)
    assert browser.at == "/manage/projects/"


def test_every_page_says_that_it_is_a_rehearsal(ada, world):
    for path in ("/", "/account/login/", ACCOUNT, "/manage/account/token/", PUBLISHING, "/manage/account/publishing/"):
        assert "REHEARSAL" in ada.open(path)
    assert "REHEARSAL" in ada.open("/nowhere/")


def test_the_account_page_shows_each_token_with_scope_and_last_use(ada, world):
    token = world.user_token(project="sampleproj", description="ci <b>")
    identifier = state.token_identifier(token)
    page = ada.open(ACCOUNT)
    row = re.search(rf'<tr id="token-{identifier}">.*?</tr>', page, re.DOTALL)[0]
    assert "ci &lt;b&gt;" in row
    assert "Project sampleproj" in row
    assert "Never" in row
    assert token.reveal() not in page
    assert world.upload(token).status_code == 200
    row = re.search(rf'<tr id="token-{identifier}">.*?</tr>', ada.open(ACCOUNT), re.DOTALL)[0]
    assert "Never" not in row


def test_the_links_that_keyless_prints_lead_to_what_they_name(ada, world):
    identifier = state.token_identifier(world.user_token())
    path, anchor = removal_page("", identifier).split("#")
    page = ada.open(path)
    for wanted in (anchor, f"view-identifier--{identifier}", "api-tokens"):
        assert f'id="{wanted}"' in page
    assert '<option value="scope:project:sampleproj" selected>' in ada.open(new_token_page("", "Sampleproj"))
    assert 'name="project_name"' in ada.open(pending_page(""))


def test_a_token_is_removed_with_the_password(ada, world):
    token = world.user_token()
    identifier = state.token_identifier(token)
    ada.open(ACCOUNT)
    assert "Invalid credentials. Try again" in ada.submit(identifier, confirm_password="wrong")
    assert state.token(world.store, world.index, identifier) is not None
    assert "Deleted API token &#x27;a token&#x27;." in ada.submit(identifier, confirm_password="ada's password")
    assert state.token(world.store, world.index, identifier) is None
    assert state.token_value(world.store, world.index, identifier) == token


def test_somebody_elses_token_is_not_removed(ada, world):
    identifier = state.token_identifier(world.user_token("mallory"))
    world.user_token()
    ada.open(ACCOUNT)
    page = ada.submit("macaroon_id", confirm_password="ada's password", macaroon_id=identifier)
    assert "API Token does not exist." in page
    assert state.token(world.store, world.index, identifier) is not None


def test_a_post_without_the_csrf_token_does_nothing(ada, world):
    identifier = state.token_identifier(world.user_token())
    ada.open(ACCOUNT)
    ada.submit(identifier, confirm_password="ada's password", csrf_token="stolen")
    assert ada.status == 400
    assert state.token(world.store, world.index, identifier) is not None


def test_a_new_token_is_shown_once(ada, world):
    ada.open(new_token_page("", "sampleproj"))
    page = ada.submit("token_scope", description="new", token_scope="scope:project:sampleproj")
    token = Secret(re.search(r'<code class="code-block">(pypi-[\w-]+)</code>', page)[1])
    row = state.token(world.store, world.index, state.token_identifier(token))
    assert (row["user"], row["project"], row["description"]) == ("ada", "sampleproj", "new")
    assert world.upload(token).status_code == 200
    assert token.reveal() not in ada.open(ACCOUNT)


@pytest.mark.parametrize(
    ("description", "scope", "expected"),
    [
        ("", "scope:user", "Specify a token name"),
        ("x" * 101, "scope:user", "Description must be 100 characters or less"),
        ("a token", "scope:user", "API token name already in use"),
        ("new", "scope:unspecified", "Specify the token scope"),
        ("new", "scope:everything", "Unknown token scope: scope:everything"),
        ("new", "scope:project:other", "Unknown or invalid project name: other"),
    ],
)
def test_each_fault_of_the_token_form_has_its_words(ada, world, description, scope, expected):
    world.user_token()
    ada.open("/manage/account/token/")
    assert expected in ada.submit("token_scope", description=description, token_scope=scope)
    assert len(state.tokens(world.store, world.index)) == 1


def test_the_publisher_form_is_prefilled_and_registers(ada, world):
    page = ada.open(publishing_page("", "sampleproj", Publisher("OCTO", "sampleproj", "release.yml", "PyPI")))
    assert "Some form fields have been autofilled" in page
    assert 'name="owner" value="OCTO"' in page
    page = ada.submit("github-publisher-form")
    assert "Added release.yml to sampleproj" in page
    assert publishers(world) == [("octo", "sampleproj", "release.yml", "pypi")]
    assert [mail["to"] for mail in mails(world.store, world.index)] == ["ada"]


def test_a_prefilled_value_is_escaped(ada):
    page = ada.open(PUBLISHING + "?provider=github&owner=%22%3E%3Cscript%3E")
    assert "<script>" not in page
    assert "&quot;&gt;&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("owner", "", "Specify GitHub repository owner (username or organization)"),
        ("owner", "-octo", "Invalid GitHub user or organization name."),
        ("owner", "octo/x", "Invalid GitHub user or organization name."),
        ("owner", "nobody", "Unknown GitHub user or organization."),
        ("repository", "", "Specify repository name"),
        ("repository", "octo/sampleproj", "Invalid repository name"),
        ("workflow_filename", "", "Specify workflow filename"),
        ("workflow_filename", "release", "Workflow name must end with .yml or .yaml"),
        ("workflow_filename", ".github/workflows/release.yml", "Workflow filename must be a filename only"),
        ("environment", "x" * 256, "Environment name is too long (maximum is 255 characters)"),
        ("environment", " pypi", "Environment name may not start with whitespace"),
        ("environment", "pypi ", "Environment name may not end with whitespace"),
        ("environment", "py;pi", "Environment name must not contain non-printable characters"),
    ],
)
def test_each_fault_of_the_publisher_form_has_its_words(ada, world, field, value, expected):
    ada.open(PUBLISHING)
    page = ada.submit("github-publisher-form", **{**VALUES, field: value})
    assert expected in page
    assert "The trusted publisher could not be registered" in page
    assert publishers(world) == []


def test_the_same_publisher_is_not_registered_twice(ada, world):
    for _ in range(2):
        ada.open(PUBLISHING)
        page = ada.submit("github-publisher-form", **VALUES)
    assert "release.yml is already registered with sampleproj" in page
    assert len(publishers(world)) == 1


def test_a_publisher_is_removed(ada, world):
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    ada.open(PUBLISHING)
    assert "Removed trusted publisher" in ada.submit("publisher_id")
    assert publishers(world) == []


def test_only_an_owner_manages_publishers(world):
    state.set_role(world.store, world.index, "sampleproj", "mallory", state.MAINTAINER)
    mallory = Browser(world, "mallory")
    mallory.open(PUBLISHING)
    assert mallory.status == 403
    mallory.open("/manage/project/nothing/settings/publishing/")
    assert mallory.status == 404


def test_a_hundred_registrations_a_day_are_enough(ada, world, monkeypatch):
    monkeypatch.setattr("keyless.rehearsal.index.publisher_pages.REGISTRATIONS_A_DAY", 2)
    for name in ("a.yml", "b.yml"):
        ada.open(PUBLISHING)
        ada.submit("github-publisher-form", **{**VALUES, "workflow_filename": name})
    ada.open(PUBLISHING)
    ada.submit("github-publisher-form", **VALUES)
    assert (ada.status, len(publishers(world))) == (429, 2)
    world.store.advance(86_401)
    ada.open(PUBLISHING)
    ada.submit("github-publisher-form", **VALUES)
    assert len(publishers(world)) == 3


def test_a_pending_publisher_is_registered_and_removed(ada, world):
    ada.open("/manage/account/publishing/")
    page = ada.submit("pending-github-publisher-form", project_name="newproj", **VALUES)
    assert "Registered a new pending publisher to create the project &#x27;newproj&#x27;." in page
    assert [row["project"] for row in state.pending_publishers(world.store, world.index)] == ["newproj"]
    ada.submit("publisher_id")
    assert state.pending_publishers(world.store, world.index) == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "Specify project name"),
        ("-x", "Invalid project name"),
        ("Sampleproj", "This project already exists: use the project&#x27;s publishing settings here"),
    ],
)
def test_each_fault_of_the_pending_form_has_its_words(ada, world, name, expected):
    ada.open("/manage/account/publishing/")
    assert expected in ada.submit("pending-github-publisher-form", project_name=name, **VALUES)
    assert state.pending_publishers(world.store, world.index) == []


def test_somebody_elses_project_exists_already(world):
    mallory = Browser(world, "mallory")
    mallory.open("/manage/account/publishing/")
    page = mallory.submit("pending-github-publisher-form", project_name="sampleproj", **VALUES)
    assert '<span class="error">This project already exists.</span>' in page


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("newproj", "This trusted publisher has already been registered."),
        ("other", "has already been registered for a different project name."),
    ],
)
def test_the_same_values_are_pending_once(ada, world, name, expected):
    for project in ("newproj", name):
        ada.open("/manage/account/publishing/")
        page = ada.submit("pending-github-publisher-form", project_name=project, **VALUES)
    assert expected in page
    assert len(state.pending_publishers(world.store, world.index)) == 1


def test_a_fourth_pending_publisher_is_refused_before_its_values_are_looked_at(ada, world):
    for number in range(4):
        ada.open("/manage/account/publishing/")
        values = {**VALUES, "repository": f"new{number}" if number < 3 else ""}
        page = ada.submit("pending-github-publisher-form", project_name=f"new{number}", **values)
    assert "You can&#x27;t register more than 3 pending trusted publishers at once." in page
    assert "Specify repository name" not in page


def test_the_pending_form_takes_no_prefill(ada):
    page = ada.open("/manage/account/publishing/?provider=github&owner=octo&project_name=x")
    assert 'name="owner" value=""' in page


def test_switched_off_trusted_publishing_is_said_and_registers_nothing(ada, world):
    state.set_switches(world.store, world.index, trusted_publishing_disabled=True)
    assert "Trusted publishing is temporarily disabled" in ada.open(PUBLISHING)
    ada.submit("github-publisher-form", **VALUES)
    assert publishers(world) == []


def test_the_history_tells_what_happened_newest_first(ada, world):
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    world.upload(world.user_token(project="sampleproj"))
    page = ada.open("/manage/project/sampleproj/history/")
    events = [
        page.index(what) for what in ("File added", "API token created", "Trusted publisher added", "Project created")
    ]
    assert events == sorted(events)


def test_signing_out_ends_the_session(ada):
    ada.open("/account/logout/")
    ada.submit("/account/logout/")
    ada.open(ACCOUNT)
    assert ada.at.startswith("/account/login/")


def test_a_frozen_account_is_signed_out(ada, world):
    state.change_account(world.store, world.index, "ada", frozen=True)
    ada.open(ACCOUNT)
    assert ada.at.startswith("/account/login/")


def test_the_cookies_of_the_two_indexes_do_not_meet(world):
    """On loopback both sit on one host, and cookies do not know ports."""
    names = set()
    for index in Index:
        world.index = index
        browser = Browser(world)
        browser.open("/account/login/")
        names |= set(browser.cookies)
    assert names == {"session_pypi", "session_testpypi"}


def test_a_new_session_begins_with_the_login(world):
    """The cookie from before does not become a signed-in one."""
    browser = Browser(world)
    browser.open("/account/login/")
    before = dict(browser.cookies)
    browser.submit(username="ada", password="ada's password")
    assert dict(browser.cookies) != before
    assert len(world.store.all("pypi.session")) == 1
