"""`POST /legacy/`: the upload endpoint, with the order of its checks and their words (warehouse, forklift/legacy.py).

read-only, uploads disabled → identity by the token's identifier only → form → project, which is created when missing and
stays, whatever is refused afterwards (facts: the reason why a complete form must never be sent as a probe) → caveats,
signature, permission → file name → digests → duplicate → 14 days → one sdist → the file itself → attestations.
"Last used" is noted only by an upload that went through.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from keyless.model.index import Index, normalise
from keyless.rehearsal.index.accounts import create_project, project, role
from keyless.rehearsal.index.answers import Stop, help_page
from keyless.rehearsal.index.caveats import Context, objection
from keyless.rehearsal.index.distribution import check_distribution, check_filename
from keyless.rehearsal.index.documents import Refused, kind, mail, moment_of
from keyless.rehearsal.index.files import NewFile, digests, files, keep, same_file
from keyless.rehearsal.index.form import Form, read_form
from keyless.rehearsal.index.identity import Identity, identify
from keyless.rehearsal.index.publishers import as_model, publishers
from keyless.rehearsal.index.switches import switches
from keyless.rehearsal.index.tokens import touch
from keyless.rehearsal.store import Document, Store

if TYPE_CHECKING:
    from keyless.rehearsal.sigstore.checker import AttestationChecker

CLOSED_AFTER = timedelta(days=14)
_NOT_A_DISTRIBUTION = "image/"


@dataclass(frozen=True, slots=True)
class Sent:
    """What came in: the text fields (empty values and "UNKNOWN" left out), the file, the Authorization header.

    `tuples` are fields other than the content that came as files.
    """

    fields: dict[str, str]
    filename: str | None
    content: bytes
    content_type: str | None
    authorization: str | None
    tuples: tuple[str, ...] = ()


def upload(store: Store, index: Index, attest: AttestationChecker | None, sent: Sent) -> None:
    """Take a file onto the index, or raise Stop with PyPI's status and words."""
    if sent.tuples:
        raise Stop(400, f"{sent.tuples[0]}: Should not be a tuple.")
    identity = _allowed_identity(store, index, sent)
    form = read_form(sent.fields)
    if sent.filename is None:
        raise Stop(400, "Upload payload does not have a file.")
    held = project(store, index, form.name) or _new_project(store, index, identity, form)
    _check_permission(store, index, identity, held)
    _check_person(index, identity)
    check_filename(sent.filename, form.filetype)
    if (sent.content_type or "").startswith(_NOT_A_DISTRIBUTION):
        raise Stop(400, "Invalid distribution file.")
    sums = digests(sent.content)
    if any(sums[name] != value for name, value in form.digests.items()):
        raise Stop(400, "The digest supplied does not match a digest calculated from the uploaded file.")
    if _is_duplicate(store, index, sent.filename, sums):
        return
    _check_release(store, index, held, form)
    check_distribution(sent.filename, sent.content, form, held["name"])
    provenance = _provenance(store, index, attest, identity, sent, sums["sha256"])
    with store.transaction():
        keep(store, index, _new_file(held, form, sent, identity), provenance=provenance)
        touch(store, index, identity.row["id"])
        _warn_of_token(store, index, identity, held)


def _allowed_identity(store: Store, index: Index, sent: Sent) -> Identity:
    now = switches(store, index)
    if now.read_only:
        raise Stop(403, "Read-only mode: Uploads are temporarily disabled.")
    if now.uploads_disabled:
        see = help_page(index, "admin-intervention")
        raise Stop(403, f"New uploads are temporarily disabled. See {see} for more information.")
    identity = identify(store, index, sent.authorization)
    if identity is None:
        see = help_page(index, "invalid-auth")
        raise Stop(403, f"Invalid or non-existent authentication information. See {see} for more information.")
    return identity


def _new_project(store: Store, index: Index, identity: Identity, form: Form) -> Document:
    if identity.user is None:
        raise Stop(
            400,
            "Non-user identities cannot create new projects. This was probably caused by successfully using a pending "
            "publisher but specifying the project name incorrectly (either in the publisher or in your project's "
            "metadata). Please ensure that both match. "
            "See: https://docs.pypi.org/trusted-publishers/troubleshooting/",
        )
    _check_person(index, identity)
    try:
        create_project(store, index, form.name, [identity.user["user"]])
    except Refused as error:
        raise Stop(409, str(error)) from None
    created = project(store, index, form.name)
    assert created is not None
    return created


def _check_permission(store: Store, index: Index, identity: Identity, held: Document) -> None:
    context = Context(held, identity.user, identity.publisher, int(store.now().timestamp()))
    reason = objection(identity.macaroon, identity.row, context)
    if reason is not None:
        raise Stop(403, f"Invalid API Token: {reason}")
    see = f"See {help_page(index, 'project-name')} for more information."
    if identity.user is not None and role(held, identity.user["user"]) is None:
        raise Stop(
            403, f"The user '{identity.user['user']}' isn't allowed to upload to project '{held['name']}'. {see}"
        )
    if identity.publisher is not None and held["normalised"] not in identity.publisher["projects"]:
        raise Stop(403, f"The given token isn't allowed to upload to project '{held['name']}'. {see}")


def _check_person(index: Index, identity: Identity) -> None:
    if identity.user is None:
        return
    who = f"User {identity.user['user']!r}, associated with the API token used, does not have"
    if not identity.user["email_verified"]:
        raise Stop(
            403,
            f"{who} a verified primary email address. Please add a verified primary email before attempting to upload to "
            f"PyPI. See {help_page(index, 'verified-email')} for more information.",
        )
    if not identity.user["two_factor"]:
        raise Stop(
            403,
            f"{who} two-factor authentication enabled. Please enable two-factor authentication before attempting to "
            f"upload to PyPI. See {help_page(index, 'two-factor-authentication')} for more information.",
        )


def _warn_of_token(store: Store, index: Index, identity: Identity, held: Document) -> None:
    """Mail the project's people once per token when it uploads although a trusted publisher is configured."""
    if identity.user is None or not publishers(store, index, held["name"]):
        return
    key = f"{held['normalised']}/{identity.row['id']}"
    if store.get(kind(index, "warned"), key) is not None:
        return
    store.put(kind(index, "warned"), key, {})
    subject = f"API token used in Trusted Publisher project {held['name']}"
    for member in held["roles"]:
        mail(store, index, member["user"], subject, f"Token '{identity.row['description']}'")


def _is_duplicate(store: Store, index: Index, filename: str, sums: dict[str, str]) -> bool:
    """Say whether exactly this file is there already (then the upload is done); raise Stop when only part of it agrees."""
    twin = same_file(store, index, filename, sums["blake2_256"])
    if twin is None:
        return False
    if twin["filename"] == filename and twin["sha256"] == sums["sha256"]:
        return True
    see = help_page(index, "file-name-reuse")
    raise Stop(
        400,
        f"File already exists ({filename!r}, with blake2_256 hash {sums['blake2_256']!r}). "
        f"See {see} for more information.",
    )


def _check_release(store: Store, index: Index, held: Document, form: Form) -> None:
    release = [row for row in files(store, index, held["name"]) if _version(row["version"]) == form.version]
    if release and store.now() - moment_of(release[0]["uploaded_at"]) > CLOSED_AFTER:
        raise Stop(400, f"Uploading new files to releases older than {CLOSED_AFTER.days} days is not allowed.")
    if form.filetype == "sdist" and any(row["filetype"] == "sdist" for row in release):
        raise Stop(400, "Only one sdist may be uploaded per release.")


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _provenance(
    store: Store, index: Index, attest: AttestationChecker | None, identity: Identity, sent: Sent, sha256: str
) -> Document | None:
    given = sent.fields.get("attestations")
    if given is None or switches(store, index).attestations_disabled:
        return None
    if identity.publisher is None:
        raise _bad_attestations("Attestations are only supported when using Trusted Publishing")
    if attest is None:
        raise _bad_attestations("This simulated index has nothing to verify attestations with")
    from keyless.rehearsal.sigstore.checker import AttestationRefused

    assert sent.filename is not None
    try:
        return attest(as_model(identity.publisher), given, sent.filename, sha256)
    except AttestationRefused as error:
        raise _bad_attestations(str(error)) from None


def _bad_attestations(why: str) -> Stop:
    return Stop(400, f"Invalid attestations supplied during upload: {why}")


def _new_file(held: Document, form: Form, sent: Sent, identity: Identity) -> NewFile:
    assert sent.filename is not None
    return NewFile(
        normalise(held["name"]),
        str(form.version),
        sent.filename,
        sent.content,
        form.filetype,
        form.python_version,
        user=identity.user["user"] if identity.user else None,
        publisher=identity.publisher["id"] if identity.publisher else None,
        token=identity.row["id"],
        requires_python=form.requires_python,
        summary=form.summary,
    )
