"""The legacy upload endpoint: its order of checks and its words."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta

import pytest

from keyless.model.index import Index
from keyless.rehearsal.index import macaroon, state
from keyless.rehearsal.index.answers import Stop
from keyless.rehearsal.index.distribution import check_filename
from keyless.rehearsal.index.documents import mails
from keyless.rehearsal.index.tokens import issue
from keyless.secret import Secret
from tests.rehearsal.index.world import RELEASE, World, form_for, reason

GONE = (
    "403 Invalid or non-existent authentication information. "
    "See https://pypi.org/help/#invalid-auth for more information."
)
NAME_MISSING = (
    "400 '' is an invalid value for Name. Error: This field is required. "
    "See https://packaging.python.org/specifications/core-metadata for more information."
)
EMPTY = {":action": "file_upload", "protocol_version": "1"}


def probe(world: World, token: Secret | str) -> str:
    text = token.reveal() if isinstance(token, Secret) else token
    return reason(world.ask("POST", "/legacy/", data=EMPTY, auth=("__token__", text)))


def narrowed(token: Secret, *caveats: list) -> Secret:
    read = macaroon.read(token.reveal())
    added = tuple(json.dumps(caveat).encode() for caveat in caveats)
    signature = macaroon.extend(read.signature, added)
    return Secret(macaroon.write(macaroon.Macaroon(read.location, read.identifier, read.caveats + added, signature)))


def forged(token: Secret) -> Secret:
    read = macaroon.read(token.reveal())
    return Secret(macaroon.write(macaroon.Macaroon(read.location, read.identifier, read.caveats, b"\0" * 32)))


def files(world: World) -> list[str]:
    return [row["filename"] for row in state.files(world.store, world.index, "sampleproj")]


def test_a_token_of_the_owner_uploads(world):
    token = world.user_token()
    assert world.upload(token).status_code == 200
    assert files(world) == ["sampleproj-1.0-py3-none-any.whl"]
    assert world.last_used(token) is not None


def test_the_empty_form_says_only_that_the_identifier_exists(world):
    """Valid, expired or forged: all three give the same answer, and none is noted as a use."""
    token = world.user_token()
    for shown in (token, narrowed(token, [0, 1, 0]), forged(token)):
        assert probe(world, shown) == NAME_MISSING
    assert world.last_used(token) is None


def test_a_deleted_token_and_its_narrowed_copies_are_gone(world):
    token = world.user_token()
    copy = narrowed(token, [0, 2_000_000_000, 0])
    state.delete_token(world.store, world.index, state.token_identifier(token))
    assert probe(world, token) == probe(world, copy) == GONE


@pytest.mark.parametrize("text", ["", "pypi-", "pypi-nonsense", "not a token"])
def test_what_is_no_token_is_refused_like_a_deleted_one(world, text):
    assert probe(world, text) == GONE


def test_no_authorization_is_refused_like_a_deleted_token(world):
    assert reason(world.upload(None)) == GONE


def test_a_token_of_the_other_index_is_unknown_here(world, test_world):
    token = test_world.user_token()
    assert probe(world, token) == GONE
    assert "https://test.pypi.org/help/#invalid-auth" in probe(test_world, world.user_token())


def test_a_frozen_owner_makes_the_token_unknown(world):
    token = world.user_token()
    state.change_account(world.store, world.index, "ada", frozen=True)
    assert probe(world, token) == GONE


def test_a_password_is_refused_with_advice(world):
    answer = world.ask("POST", "/legacy/", data=EMPTY, auth=("ada", "ada's password"))
    assert reason(answer) == (
        "403 Username/Password authentication is no longer supported. Migrate to API Tokens or Trusted Publishers "
        "instead. See https://pypi.org/help/#apitoken and https://pypi.org/help/#trusted-publishers"
    )


@pytest.mark.parametrize("scheme", ["token", "Bearer"])
def test_a_token_may_come_without_basic_authentication(world, scheme):
    header = {"Authorization": f"{scheme} {world.user_token().reveal()}"}
    assert reason(world.ask("POST", "/legacy/", data=EMPTY, headers=header)) == NAME_MISSING


def test_whitespace_around_the_token_does_not_matter(world):
    assert world.upload(f" {world.user_token().reveal()}\n").status_code == 200


def test_the_identity_is_looked_at_before_the_form(world):
    assert probe(world, "pypi-nonsense") == GONE


def test_an_expired_narrowed_copy_is_refused_and_the_original_goes_on(world):
    token = world.user_token()
    until = int(world.store.now().timestamp()) + 60
    copy = narrowed(token, [0, until, until - 120], [1, ["sampleproj"]])
    assert world.upload(copy).status_code == 200
    world.store.advance(61)
    late = world.upload(copy, state.sdist("sampleproj", "1.0"))
    assert reason(late) == "403 Invalid API Token: token is expired"
    assert world.upload(token, state.sdist("sampleproj", "1.0")).status_code == 200


def test_a_copy_narrowed_to_another_project_is_refused(world):
    state.create_project(world.store, world.index, "other", ["ada"])
    copy = narrowed(world.user_token(), [1, ["sampleproj"]])
    answer = world.upload(copy, state.wheel("other", "1.0"), name="other")
    assert reason(answer) == "403 Invalid API Token: project-scoped token is not valid for project: 'other'"


def test_a_forged_signature_is_refused_with_a_complete_form(world):
    assert reason(world.upload(forged(world.user_token()))) == "403 Invalid API Token: signatures do not match"


def test_a_project_token_names_the_wrong_project_for_each_caveat(world):
    state.create_project(world.store, world.index, "other", ["ada"])
    answer = world.upload(world.user_token(project="sampleproj"), state.wheel("other", "1.0"), name="other")
    once = "project-scoped token is not valid for project: 'other'"
    assert reason(answer) == f"403 Invalid API Token: {', '.join([once] * 4)}"


def test_somebody_elses_project_is_refused_by_name(world):
    answer = world.upload(world.user_token("mallory"))
    assert reason(answer) == (
        "403 The user 'mallory' isn't allowed to upload to project 'sampleproj'. "
        "See https://pypi.org/help/#project-name for more information."
    )


def test_a_maintainer_may_upload(world):
    state.set_role(world.store, world.index, "sampleproj", "mallory", state.MAINTAINER)
    assert world.upload(world.user_token("mallory")).status_code == 200


def test_a_token_without_caveats_is_as_good_as_its_owner(world):
    owner = {"user": "ada", "publisher": None, "project": None, "description": "bare"}
    token = issue(world.store, world.index, owner, [])
    assert len(token) == 119
    assert world.upload(token).status_code == 200


def test_an_impossible_file_extension_is_found_after_the_permission(world):
    """A project's own token gets this far; with another's it ends earlier."""
    for user, expected in (("ada", "400 Invalid file extension: Use .tar.gz"), ("mallory", "403 The user 'mallory'")):
        form = form_for(*state.wheel("sampleproj", "1.0"))
        answer = world.ask(
            "POST",
            "/legacy/",
            data=form,
            files={"content": ("sampleproj-1.0.exe", b"x")},
            auth=("__token__", world.user_token(user).reveal()),
        )
        assert reason(answer).startswith(expected)
    assert files(world) == []


def test_a_complete_form_creates_a_missing_project_even_when_the_file_is_refused(world):
    """Why keyless never sends a complete form with a name that may not exist."""
    answer = world.upload(world.user_token("mallory"), ("brandnew-1.0.exe", b"x"), name="brandnew", version="1.0")
    assert answer.status_code == 400
    held = state.project(world.store, world.index, "brandnew")
    assert held["roles"] == [{"user": "mallory", "role": "Owner"}]


def test_a_failed_upload_is_no_use_of_the_token(world):
    token = world.user_token()
    world.upload(token, ("sampleproj-1.0.exe", b"x"))
    assert world.last_used(token) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"protocol_version": "2"}, "400 Unknown protocol version."),
        ({"name": "-x"}, "400 '-x' is an invalid value for Name. Error: Start and end with a letter or numeral"),
        ({"name": "UNKNOWN"}, NAME_MISSING),
        ({"filetype": None}, "400 Invalid value for filetype. Error: This field is required."),
        ({"filetype": "bdist_egg"}, "400 Invalid value for filetype. Error: Use a known file type."),
        ({"pyversion": None}, "400 Invalid value for pyversion. Error: Python version is required for binary"),
        ({"sha256_digest": None}, "400 Error: Include at least one message digest."),
        ({"sha256_digest": "zz"}, "400 Invalid value for sha256_digest. Error: Use a valid, hex-encoded, SHA256"),
        ({"sha256_digest": "0" * 64}, "400 The digest supplied does not match a digest calculated from the uploaded"),
        ({"metadata_version": "9.9"}, "400 '9.9' is not a valid metadata version."),
        ({"version": None}, "400 'version' is a required field."),
        ({"version": "one"}, "400 'one' is invalid for 'version'"),
        ({"version": "1.0+local"}, "400 The use of local versions in '1.0+local' is not allowed. See https://"),
        ({"version": "2.0"}, "400 Version in filename should be '2.0' not '1.0'."),
        ({"summary": "x" * 513}, "400 'summary' field must be 512 characters or less."),
    ],
)
def test_each_fault_of_the_form_has_its_words(world, fields, expected):
    assert reason(world.upload(world.user_token(), **fields)).startswith(expected)
    assert files(world) == []


def test_a_form_without_a_file_is_refused_before_the_project_is_looked_up(world):
    form = {**form_for(*state.wheel("sampleproj", "1.0")), "name": "brandnew"}
    answer = world.ask("POST", "/legacy/", data=form, auth=("__token__", world.user_token().reveal()))
    assert reason(answer) == "400 Upload payload does not have a file."
    assert state.project(world.store, world.index, "brandnew") is None


@pytest.mark.parametrize(
    ("artefact", "name", "expected"),
    [
        (("sampleproj-1.0.whl", b"x"), "sampleproj", "Invalid distribution file. File is not a zipfile"),
        (("sampleproj-1.0.tar.gz", b"x"), "sampleproj", "Invalid distribution file. File is not a tarfile"),
        (
            ("Sampleproj-1.0.tar.gz", state.sdist("sampleproj", "1.0")[1]),
            "sampleproj",
            "Filename 'Sampleproj-1.0.tar.gz' is invalid, should be 'sampleproj-1.0.tar.gz'.",
        ),
        (state.sdist("other", "1.0"), "sampleproj", "Start filename for 'sampleproj' with 'sampleproj'."),
        (state.wheel("other", "1.0"), "sampleproj", "Start filename for 'sampleproj' with 'sampleproj'."),
        (
            ("Sampleproj-1.0-py3-none-any.whl", state.wheel("sampleproj", "1.0")[1]),
            "sampleproj",
            "Invalid distribution file. WHEEL not found at Sampleproj-1.0.dist-info/WHEEL",
        ),
        (
            ("sampleproj-1.0-py3-none-linux_x86_64.whl", state.wheel("sampleproj", "1.0")[1]),
            "sampleproj",
            "Binary wheel 'sampleproj-1.0-py3-none-linux_x86_64.whl' has an unsupported platform tag 'linux_x86_64'.",
        ),
    ],
)
def test_each_fault_of_the_file_has_its_words(world, artefact, name, expected):
    assert reason(world.upload(world.user_token(), artefact, name=name, version="1.0")).startswith(f"400 {expected}")


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("sampleproj-1\x07.whl", "Cannot upload a file with non-printable characters (ordinals 0-31) or the DEL"),
        ("../sampleproj-1.whl", "Cannot upload a file with '/' or '\\' in the name."),
        ("a\\b.whl", "Cannot upload a file with '/' or '\\' in the name."),
    ],
)
def test_odd_characters_in_a_file_name_are_refused(filename, expected):
    """No client of ours sends them as they are, so the check is asked directly."""
    with pytest.raises(Stop) as stopped:
        check_filename(filename, "bdist_wheel")
    assert (stopped.value.status, stopped.value.text[: len(expected)]) == (400, expected)


def test_the_extension_must_fit_the_file_type(world):
    answer = world.upload(world.user_token(), filetype="sdist", pyversion="source")
    assert reason(answer).startswith("400 Invalid file extension: Extension .whl is invalid for filetype sdist.")


def test_the_same_file_again_is_accepted_and_changes_nothing(world):
    token = world.user_token()
    world.upload(token)
    before = world.last_used(token)
    assert world.upload(token).status_code == 200
    assert (files(world), world.last_used(token)) == (["sampleproj-1.0-py3-none-any.whl"], before)


def test_other_bytes_under_the_same_name_are_refused(world):
    token, changed = world.user_token(), state.wheel("sampleproj", "1.0", "changed")
    world.upload(token)
    digest = hashlib.blake2b(changed[1], digest_size=32).hexdigest()
    assert reason(world.upload(token, changed)) == (
        f"400 File already exists ('sampleproj-1.0-py3-none-any.whl', with blake2_256 hash '{digest}'). "
        "See https://pypi.org/help/#file-name-reuse for more information."
    )


def test_a_release_is_closed_after_fourteen_days(world):
    token = world.user_token()
    world.upload(token)
    world.store.advance(timedelta(days=14).total_seconds() + 1)
    answer = world.upload(token, state.sdist("sampleproj", "1.0"))
    assert reason(answer) == "400 Uploading new files to releases older than 14 days is not allowed."
    assert world.upload(token, state.sdist("sampleproj", "1.1"), version="1.1").status_code == 200


def test_a_duplicate_is_found_before_the_age_of_the_release(world):
    token = world.user_token()
    world.upload(token)
    world.store.advance(timedelta(days=15).total_seconds())
    assert "File already exists" in reason(world.upload(token, state.wheel("sampleproj", "1.0", "changed")))


def test_a_release_has_one_sdist(world):
    token = world.user_token()
    world.upload(token, state.sdist("sampleproj", "1.0"))
    twin = ("sampleproj-1.0.zip", b"PK\x05\x06" + b"\0" * 18)
    answer = world.upload(token, twin, filetype="sdist", pyversion="source", version="1.0")
    assert reason(answer) == "400 Only one sdist may be uploaded per release."


@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        ("read_only", "403 Read-only mode: Uploads are temporarily disabled."),
        (
            "uploads_disabled",
            "403 New uploads are temporarily disabled. See https://pypi.org/help/#admin-intervention for more information.",
        ),
    ],
)
def test_a_switched_off_index_hides_whether_the_token_exists(world, switch, expected):
    token = world.user_token()
    state.set_switches(world.store, world.index, **{switch: True})
    assert probe(world, token) == probe(world, "pypi-nonsense") == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [("email_verified", "a verified primary email address"), ("two_factor", "two-factor authentication enabled")],
)
def test_a_person_must_be_verified(world, field, expected):
    token = world.user_token()
    state.change_account(world.store, world.index, "ada", **{field: False})
    assert f"does not have {expected}" in reason(world.upload(token))


def test_a_field_that_comes_as_a_file_is_refused(world):
    answer = world.ask(
        "POST",
        "/legacy/",
        data=form_for(*state.wheel("sampleproj", "1.0")),
        files={"summary": ("x.txt", b"x")},
        auth=("__token__", world.user_token().reveal()),
    )
    assert reason(answer) == "400 summary: Should not be a tuple."


def test_a_token_upload_despite_a_publisher_is_mailed_once_per_token(world):
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    token, other = world.user_token(), world.user_token(description="other")
    for version, used in (("1.0", token), ("1.1", token), ("1.2", other)):
        assert world.upload(used, state.wheel("sampleproj", version), version=version).status_code == 200
    assert [mail["about"] for mail in mails(world.store, world.index)] == ["Token 'a token'", "Token 'other'"]


def test_a_token_upload_without_a_publisher_is_no_news(world):
    assert world.upload(world.user_token()).status_code == 200
    assert mails(world.store, world.index) == []


def test_a_refused_upload_sends_no_mail(world):
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    world.upload(world.user_token(), ("sampleproj-1.0.exe", b"x"))
    assert mails(world.store, world.index) == []


def test_attestations_need_trusted_publishing(world):
    answer = world.upload(world.user_token(), attestations='[{"version": 1}]')
    assert reason(answer) == (
        "400 Invalid attestations supplied during upload: Attestations are only supported when using Trusted Publishing"
    )
    assert files(world) == []


def test_attestations_of_a_minted_token_are_checked_and_kept(world):
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    filename, content = state.wheel("sampleproj", "1.0")
    assert world.upload(world.minted(), attestations='[{"version": 1}]').status_code == 200
    assert world.judged == [(RELEASE, '[{"version": 1}]', filename, form_for(filename, content)["sha256_digest"])]
    shown = world.ask("GET", f"/integrity/sampleproj/1.0/{filename}/provenance").json()
    assert shown["attestation_bundles"][0]["publisher"]["repository"] == "octo/sampleproj"


def test_refused_attestations_refuse_the_upload_in_the_checkers_words(world):
    from keyless.rehearsal.sigstore.checker import AttestationRefused

    def refuse(*_):
        raise AttestationRefused("Could not verify the uploaded artifact using the included attestation: no")

    world.checker = refuse
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    answer = world.upload(world.minted(), attestations="[]")
    assert reason(answer) == (
        "400 Invalid attestations supplied during upload: "
        "Could not verify the uploaded artifact using the included attestation: no"
    )
    assert files(world) == []


def test_disabled_attestations_are_ignored_at_upload(world):
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    token = world.minted()
    state.set_switches(world.store, world.index, attestations_disabled=True)
    assert world.upload(token, attestations="[]").status_code == 200
    assert world.judged == []


def test_a_minted_token_works_for_fifteen_minutes(world):
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    token = world.minted()
    assert world.upload(token).status_code == 200
    world.store.advance(900)
    assert reason(world.upload(token, state.sdist("sampleproj", "1.0"))) == (
        "403 Invalid API Token: token is expired, token is expired"
    )


def test_a_minted_token_is_refused_for_another_project(world):
    state.create_project(world.store, world.index, "other", ["ada"])
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    answer = world.upload(world.minted(), state.wheel("other", "1.0"), name="other")
    assert reason(answer).startswith("403 Invalid API Token: OIDC scoped token is not valid for project 'other', ")


def test_a_minted_token_creates_no_project(world):
    state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    answer = world.upload(world.minted(), state.wheel("brandnew", "1.0"), name="brandnew")
    assert reason(answer).startswith("400 Non-user identities cannot create new projects.")
    assert state.project(world.store, world.index, "brandnew") is None


def test_a_removed_publisher_takes_its_tokens_along(world):
    identifier = state.add_publisher(world.store, world.index, "sampleproj", RELEASE)
    token = world.minted()
    state.remove_publisher(world.store, world.index, "sampleproj", identifier)
    assert probe(world, token) == GONE
    assert state.tokens(world.store, world.index) == []


def test_the_reason_is_repeated_escaped_in_the_body(world):
    answer = world.upload(world.user_token(), name="<b>")
    assert "&#x27;&lt;b&gt;&#x27; is an invalid value for Name" in answer.text
    assert "<b>" not in answer.text


def test_a_missing_slash_is_a_redirect(world):
    answer = world.ask("POST", "/legacy", data=EMPTY)
    assert (answer.status_code, answer.headers["location"]) == (308, "/legacy/")


def test_characters_beyond_latin_1_become_question_marks_in_the_reason(world):
    assert reason(world.upload(world.user_token(), name="ŝampleproj")).startswith(
        "400 '?ampleproj' is an invalid value"
    )


def test_the_two_indexes_of_one_store_share_nothing(world):
    state.create_account(world.store, Index.TESTPYPI, "ada", "x", "x@example.org")
    assert state.project(world.store, Index.TESTPYPI, "sampleproj") is None
    token = state.create_token(world.store, Index.TESTPYPI, "ada", None, "test")
    assert state.token(world.store, Index.PYPI, state.token_identifier(token)) is None
    assert probe(world, token) == GONE


def test_basic_authentication_that_is_not_base64_is_no_authentication(world):
    header = {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()}
    assert reason(world.ask("POST", "/legacy/", data=EMPTY, headers=header)) == GONE
