"""The one table of questions. To ask something new, add a row: flag, playbook key, schema and documentation follow."""

from __future__ import annotations

from typing import Final

from keyless.model.plan import Phase
from keyless.operators.question import Choice, Kind, Question

_MIGRATE: Final = (Phase.MIGRATE,)
_UNDO: Final = (Phase.ROLLBACK, Phase.FINISH)
_SECRET: Final = ("place", "secret")
"""One answer per secret. `place` is "NAME@STORE", for a name that is in several stores; `secret` is the name alone."""

QUESTIONS: Final[tuple[Question, ...]] = (
    Question(
        identifier="project",
        kind=Kind.NAMES,
        asks="Which project does {step} upload to on {index}?",
        help="A project's name as it stands in its address on the index. NAME is pypi, testpypi or the upload's name.",
        why="The workflow does not say it, and a publisher is registered and proven project by project.",
        phases=_MIGRATE,
        per=("step", "index"),
        pattern=r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?",
        looks_like="letters, digits and . _ - in between",
    ),
    Question(
        identifier="secrets",
        kind=Kind.CHOICES,
        asks="Which secrets shall go once the release is proven?",
        help="The names of secrets that hold a PyPI token. All that were found to feed an upload, unless said otherwise.",
        why="Only what you name is ever removed. A secret that stays keeps working, and its token stays valid.",
        phases=_MIGRATE,
        flag="--secret",
    ),
    Question(
        identifier="delivery",
        kind=Kind.CHOICE,
        asks="How shall the change of the workflow reach {repository}?",
        help="As a pull request, or written into the files of a checkout.",
        why="The token leaves the workflow only by a change that you have seen and that is merged.",
        phases=(Phase.MIGRATE, Phase.ROLLBACK),
        choices=(
            Choice("pull-request", "a branch and a pull request are made; you review and merge it"),
            Choice("local", "the files in the folder are changed; you commit and push them"),
        ),
        default="pull-request",
    ),
    Question(
        identifier="folder",
        kind=Kind.PATH,
        asks="Which folder is the checkout of {repository}?",
        help="The folder of the checkout that 'local' delivery writes into.",
        why="Files are written nowhere else.",
        phases=(Phase.MIGRATE, Phase.ROLLBACK),
        default=".",
        asked=False,
    ),
    Question(
        identifier="environment",
        kind=Kind.TEXT,
        asks="Which GitHub environment shall uploads to {index} run in?",
        help="The environment's name, or empty for none. NAME is pypi or testpypi.",
        why="A publisher that names an environment accepts only runs in it, so that its reviewers guard every release; "
        "without one, any run of the workflow file can publish.",
        phases=_MIGRATE,
        per=("index",),
        default="",
        may_be_empty=True,
        pattern=r"[^\x00-\x1f\x7f'\"`,;\\]{0,255}",
        looks_like="at most 255 characters, without quotes, commas, semicolons and backslashes (PyPI's rule)",
    ),
    Question(
        identifier="testpypi",
        kind=Kind.CHOICE,
        asks="Shall trusted publishing be proven on TestPyPI first?",
        help="Whether a release on TestPyPI has to prove the way before the one on PyPI.",
        why="A mistake in the publisher or the workflow then shows where no user looks.",
        phases=_MIGRATE,
        choices=(
            Choice("prove", "keyless waits for a release on TestPyPI that came through its publisher"),
            Choice("skip", "the first trusted release is the one on PyPI; your reason stands in the receipt"),
        ),
        default="prove",
    ),
    Question(
        identifier="testpypi-reason",
        kind=Kind.TEXT,
        asks="Why is there no proof on TestPyPI?",
        help="The reason for skipping the proof on TestPyPI. It stands in the journal and in the receipt.",
        why="Whoever reads the receipt later sees what was not proven, and why.",
        phases=_MIGRATE,
    ),
    Question(
        identifier="grade",
        kind=Kind.CHOICE,
        asks="What is enough of a proof that a release on {index} went out without a token?",
        help="The weakest grade of proof that opens the way to removing secrets.",
        why="Everything after it rests on it. Less than 'attested' needs a reason that stands in the receipt.",
        phases=_MIGRATE,
        choices=(
            Choice("attested", "every file's signature is verified and names this workflow"),
            Choice("declared", "the index states this publisher; no signature is verified"),
            Choice("inferred", "the run, its workflow without a token and the upload's times agree; nothing is signed"),
        ),
        default="attested",
    ),
    Question(
        identifier="grade-reason",
        kind=Kind.TEXT,
        asks="Why is '{grade}' enough?",
        help="The reason for accepting less than 'attested'. It stands in the journal and in the receipt.",
        why="Whoever reads the receipt later sees what was accepted, and why.",
        phases=_MIGRATE,
    ),
    Question(
        identifier="accept-reference",
        kind=Kind.NAMES,
        asks="What may still read these secrets, and is accepted?",
        help="The exact name of a branch or expression that may still read a secret and is accepted to break.",
        why="What still reads a removed secret fails, or publishes in another way. Nothing is accepted unless you name it.",
        phases=_MIGRATE,
        default=(),
    ),
    Question(
        identifier="backup",
        kind=Kind.CHOICE,
        asks="What shall be kept of {secret}, so that there is a way back?",
        help="What goes into the encrypted backup for a secret. NAME is the secret's name.",
        why="GitHub never shows a secret's value again: once it is removed, only a backup can bring it back.",
        phases=_MIGRATE,
        per=_SECRET,
        choices=(
            Choice("token", "you give the token; a copy that PyPI refuses after the window is sealed"),
            Choice("new-token", "you issue a new token for this project on PyPI; that one is sealed"),
            Choice("none", "nothing is sealed; a rollback then needs a new token from PyPI"),
        ),
        explicit=True,
    ),
    Question(
        identifier="confirm-no-backup",
        kind=Kind.TYPED,
        asks="To go on without a backup of {secret}, type the project's name: {project}",
        help="The project's name, typed, to go on without a backup. NAME is the secret's name.",
        why="Without a backup the way back is longer: somebody who owns the project has to issue a new token.",
        phases=_MIGRATE,
        per=_SECRET,
        typed="project",
    ),
    Question(
        identifier="token-is",
        kind=Kind.CHOICE,
        asks="How sure is it that the token you give is the one in {secret}?",
        help="How sure it is that the token given is the one in the secret. NAME is the secret's name.",
        why="GitHub never shows a value. On PyPI's account page, compare the token's 'last used' with the last release's "
        "upload time, and its unique identifier with the one that keyless shows. The receipt claims no more than this.",
        phases=_MIGRATE,
        per=_SECRET,
        choices=(
            Choice("shown", "you compared them; revoking this token is known to end what was in the secret"),
            Choice("believed", "you have good reason to think so; the receipt says 'believed'"),
            Choice("unknown", "you cannot tell; the receipt says that the secret's own token may live on"),
        ),
        default="unknown",
    ),
    Question(
        identifier="token",
        kind=Kind.SECRET,
        asks="The PyPI token for {secret}",
        help="Where to read the token from. NAME is the secret's name.",
        why="It is read here only: it goes into the backup, and as the authorisation of a question to its own index.",
        phases=(Phase.MIGRATE, Phase.ROLLBACK, Phase.FINISH),
        flag="--token-from",
        per=_SECRET,
    ),
    Question(
        identifier="whole-token",
        kind=Kind.YES_NO,
        asks="Keep whole tokens instead of copies that end with the window?",
        help="Seal the tokens as they are, not copies that PyPI refuses after the window.",
        why="A narrowed copy is worthless after the window, whoever finds the backup. A whole token is not.",
        phases=_MIGRATE,
        default=False,
        asked=False,
    ),
    Question(
        identifier="passphrase",
        kind=Kind.SECRET,
        asks="A passphrase for the backup",
        help="Where to read the backup's passphrase from.",
        why="The backup opens with it and with nothing else: keyless cannot recover it. A rollback asks for it.",
        phases=_MIGRATE,
        flag="--passphrase-from",
        twice=True,
    ),
    Question(
        identifier="recipients",
        kind=Kind.NAMES,
        asks="Which public keys shall be able to open the backup?",
        help="A public key that can open the backup, instead of a passphrase (see 'keyless backup recipient new').",
        why="So that a machine can seal what it cannot open.",
        phases=_MIGRATE,
        flag="--recipient",
        default=(),
        asked=False,
    ),
    Question(
        identifier="window",
        kind=Kind.NUMBER,
        asks="For how many days shall there be a way back?",
        help="How many days the backup can be used; after that PyPI itself refuses a narrowed token.",
        why="Long enough to see your next releases go out, short enough that an old token does not lie about.",
        phases=_MIGRATE,
        default=14,
        bounds=(1, 365),
    ),
    Question(
        identifier="confirm-plan",
        kind=Kind.CONFIRM,
        asks="Shall this be done?",
        help="Do what the plan says without asking.",
        why="Nothing was changed so far. No stops here and leaves everything as it is.",
        phases=_MIGRATE,
        flag="--yes",
    ),
    Question(
        identifier="confirm-rollback",
        kind=Kind.CONFIRM,
        asks="Shall {repository} go back to how it was?",
        help="Roll back without asking.",
        why="What was removed is put back. No stops here and leaves everything as it is.",
        phases=(Phase.ROLLBACK,),
        flag="--yes",
    ),
    Question(
        identifier="backup-file",
        kind=Kind.PATH,
        asks="Which backup file shall be used?",
        help="An exported backup; the rollback then needs nothing else from this machine.",
        why="With it a rollback works where there is no journal, or a damaged one.",
        phases=(Phase.ROLLBACK,),
        flag="--from",
        default="",
        may_be_empty=True,
        asked=False,
    ),
    Question(
        identifier="open-expired",
        kind=Kind.TYPED,
        asks="The backup has expired. To open it all the same, type {repository}",
        help="The repository as owner/name, typed, to open a backup after its time.",
        why="A narrowed token in it is refused by PyPI by now. What else it holds may still be of use.",
        phases=_UNDO,
        typed="repository",
    ),
    Question(
        identifier="unlock-passphrase",
        kind=Kind.SECRET,
        asks="The passphrase of the backup",
        help="Where to read the backup's passphrase from.",
        why="The backup was sealed with it. A wrong one changes nothing and can be tried again.",
        phases=_UNDO,
        flag="--passphrase-from",
        key="passphrase",
    ),
    Question(
        identifier="identity",
        kind=Kind.SECRET,
        asks="The private key that opens the backup",
        help="Where to read the private key of one of the backup's recipients from.",
        why="The backup was sealed for recipients.",
        phases=_UNDO,
        flag="--identity-from",
    ),
    Question(
        identifier="confirm-finish",
        kind=Kind.CONFIRM,
        asks="Shall the token of {repository} be revoked and the backup destroyed?",
        help="Go past the point of no return without asking.",
        why="This is the point of no return: after it a rollback needs a new token from PyPI.",
        phases=(Phase.FINISH,),
        flag="--yes",
    ),
    Question(
        identifier="token-revoked",
        kind=Kind.YES_NO,
        asks="Was the token of {secret} removed on {index}'s account page?",
        help="Whether a token that keyless was never given has been removed. NAME is the secret's name.",
        why="keyless never had this token, so it cannot ask the index. The receipt says that it rests on your word.",
        phases=(Phase.FINISH,),
        per=_SECRET,
        explicit=True,
    ),
)

_BY_IDENTIFIER: Final = {row.identifier: row for row in QUESTIONS}


def question(identifier: str) -> Question:
    """Return the row of this name. A KeyError is a mistake in the program."""
    return _BY_IDENTIFIER[identifier]


def questions_of(phase: Phase) -> tuple[Question, ...]:
    """Return the rows that belong to a command, in the table's order."""
    return tuple(row for row in QUESTIONS if phase in row.phases)
