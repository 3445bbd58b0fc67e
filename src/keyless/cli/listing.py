"""Every command, its module and its short help. `keyless --help` reads this and imports none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple


class Entry(NamedTuple):
    """A command (its module has it under the name `command`), or a group of commands when `commands` is there."""

    help: str
    module: str = ""
    commands: Mapping[str, Entry] | None = None


COMMANDS: Final[Mapping[str, Entry]] = {
    "scan": Entry("Find where PyPI credentials live and what reads them.", "keyless.cli.scan"),
    "fix": Entry("Take the tokens out of a checkout's workflows.", "keyless.cli.fix"),
    "migrate": Entry("Move a repository to trusted publishing and remove its token.", "keyless.cli.migrate"),
    "verify": Entry("Say whether a release really went out without a token.", "keyless.cli.verify"),
    "preflight": Entry("Try in a workflow's job whether the index would take a release.", "keyless.cli.preflight"),
    "wait": Entry("Wait for the next release and say whether it is proven.", "keyless.cli.wait"),
    "status": Entry("Say which migrations are open, until when, and what is next.", "keyless.cli.status"),
    "rollback": Entry("Put back what a migration removed.", "keyless.cli.rollback"),
    "finish": Entry("Revoke the token, destroy the backup, write the receipt.", "keyless.cli.finish"),
    "playbook": Entry(
        "Answer the same questions for many repositories from a file.",
        commands={
            "check": Entry("Read a playbook and say what is wrong with it.", "keyless.cli.playbook_check"),
            "plan": Entry("Say what a playbook would do, and do nothing.", "keyless.cli.playbook_plan"),
            "run": Entry("Do what a playbook says; never ask.", "keyless.cli.playbook_run"),
            "schema": Entry("Print the JSON Schema of playbooks, for editors.", "keyless.cli.playbook_schema"),
        },
    ),
    "backup": Entry(
        "Look after the encrypted backups.",
        commands={
            "list": Entry("List the backups and until when they can be used.", "keyless.cli.backup_list"),
            "show": Entry("Show what one backup is for.", "keyless.cli.backup_show"),
            "export": Entry("Write one backup to a file that needs nothing else.", "keyless.cli.backup_export"),
            "import": Entry("Take an exported backup in.", "keyless.cli.backup_import"),
            "extend": Entry("Give a backup another end, later or earlier.", "keyless.cli.backup_extend"),
            "key": Entry(
                "Who can open a backup.",
                commands={
                    "list": Entry("List the keys that open a backup.", "keyless.cli.backup_key_list"),
                    "add": Entry("Let one more key open a backup.", "keyless.cli.backup_key_add"),
                    "remove": Entry("Take a key away; the last one stays.", "keyless.cli.backup_key_remove"),
                },
            ),
            "shred": Entry("Destroy a backup's keys.", "keyless.cli.backup_shred"),
            "recipient": Entry(
                "Keys that seal what this machine cannot open.",
                commands={"new": Entry("Make a key pair.", "keyless.cli.backup_recipient_new")},
            ),
        },
    ),
    "token": Entry(
        "Read a PyPI token, ask whether it lives, or narrow it.",
        commands={
            "inspect": Entry("Show a token's identity card, offline.", "keyless.cli.token_inspect"),
            "probe": Entry("Ask the index whether it knows a token; uploads nothing.", "keyless.cli.token_probe"),
            "narrow": Entry(
                "Make a copy that ends by itself and serves named projects only.", "keyless.cli.token_narrow"
            ),
        },
    ),
    "receipt": Entry(
        "Carry away what the journal vouches for, and check it.",
        commands={
            "export": Entry("Write a migration's whole history to a file.", "keyless.cli.receipt_export"),
            "check": Entry("Say whether such a file was changed, cut or reordered.", "keyless.cli.receipt_check"),
        },
    ),
    "watch": Entry("Say what drifted after a migration.", "keyless.cli.watch"),
    "rehearse": Entry("Play the whole journey on simulated services.", "keyless.cli.rehearse"),
    "doctor": Entry("Say what can be reached, which permissions are there, and what is lacking.", "keyless.cli.doctor"),
}
