"""curl: a file posted to an index's own upload address, with `-u user:password`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from keyless.workflows.shell import Word, option
from keyless.workflows.targets import of_address
from keyless.workflows.tools.base import StepView, Upload, given


class Curl:
    """The legacy upload address takes a form with the file; whoever posts to it uploads."""

    name = "curl"

    def find(self, step: StepView) -> Iterable[Upload]:
        """Yield one upload for each `curl` that posts a form to an address that ends in `/legacy/`."""
        for command, words, view in step.programs("curl"):
            address = next((word.text for word in words if word.text.rstrip("/").endswith("/legacy")), "")
            if address and any(word.text in {"-F", "--form"} for word in words):
                user, password = _both(option(words, "-u", "--user"))
                found = given("password", "option", "--user", view.word(password) if password else None)
                found += given("username", "option", "--user", view.word(user) if user else None)
                form = "script" if command.origin else "command"
                yield Upload(self.name, of_address(address), found, form, command)


def _both(word: Word | None) -> tuple[Word | None, Word | None]:
    """Return user name and password of `user:password`."""
    if word is None:
        return None, None
    user, colon, password = word.text.partition(":")
    end = word.end - len(password)
    return replace(word, text=user, end=end), replace(word, text=password, start=end) if colon else None
