"""poetry: `poetry publish` with `--password`, POETRY_PYPI_TOKEN_<NAME>, or `poetry config pypi-token.<name>` before it.

It knows no trusted publishing of its own (facts: workflows).
"""

from __future__ import annotations

from collections.abc import Iterable

from keyless.model.workflow import Target
from keyless.workflows.scope import Binding
from keyless.workflows.shell import Word, option
from keyless.workflows.targets import of_address, target
from keyless.workflows.tools.base import Given, StepView, Upload, given

CONFIGURED = "poetry config "


class Poetry:
    """`poetry publish` in a script."""

    name = "poetry"

    def find(self, step: StepView) -> Iterable[Upload]:
        """Yield one upload for each `poetry publish`."""
        for command, words, view in step.programs("poetry"):
            if "publish" in (word.text for word in words[1:4]) and "--dry-run" not in command.texts:
                name = option(words, "-r", "--repository")
                form = "script" if command.origin else "command"
                yield Upload(self.name, _index(view, name), _credentials(view, words, name), form, command)


def _index(view: StepView, name: Word | None) -> Target:
    if name is None:
        return Target.PYPI
    configured = view.variable(f"{CONFIGURED}repositories.{name.text}", f"POETRY_REPOSITORIES_{_upper(name.text)}_URL")
    return target(configured or view.word(name))


def _credentials(view: StepView, words: tuple[Word, ...], name: Word | None) -> tuple[Given, ...]:
    password, username = option(words, "-p", "--password"), option(words, "-u", "--username")
    found: tuple[Given, ...] = ()
    if password:
        found += given("password", "option", "--password", view.word(password))
    if username:
        found += given("username", "option", "--username", view.word(username))
    return found or _stored(view, name.text if name else "pypi") or (_misplaced(view) if name else ())


def _stored(view: StepView, name: str) -> tuple[Given, ...]:
    upper = _upper(name)
    for role, variable, setting in (
        ("password", f"POETRY_PYPI_TOKEN_{upper}", f"pypi-token.{name}"),
        ("password", f"POETRY_HTTP_BASIC_{upper}_PASSWORD", f"http-basic.{name}"),
    ):
        found = given(role, "env", variable, view.variable(variable)) or given(
            role, "config", setting, view.variable(CONFIGURED + setting)
        )
        if found:
            user = f"POETRY_HTTP_BASIC_{upper}_USERNAME"
            extra = given("username", "env", user, view.variable(user)) or given(
                "username", "config", setting, view.variable(f"{CONFIGURED}{setting} username")
            )
            return found + extra
    return ()


def _misplaced(view: StepView) -> tuple[Given, ...]:
    """A token that is stored for PyPI while the upload goes to another repository: meant for it, whatever comes of it."""
    return given("password", "config", "pypi-token.pypi", view.variable(f"{CONFIGURED}pypi-token.pypi"))


def _upper(name: str) -> str:
    return name.upper().replace("-", "_").replace(".", "_")


def configured(step: StepView) -> dict[str, Binding]:
    """Return what `poetry config` commands store for later steps, under names that no variable can have."""
    stored: dict[str, Binding] = {}
    for _, words, view in step.programs("poetry"):
        texts = [word for word in words[1:] if not word.text.startswith("--")]
        if len(texts) < 3 or texts[0].text != "config":
            continue
        key, values = texts[1].text, texts[2:]
        stored[CONFIGURED + key] = view.word(values[-1])
        if key.startswith("http-basic.") and len(values) > 1:
            stored[f"{CONFIGURED}{key} username"] = view.word(values[0])
        if key.startswith("repositories.") and of_address(values[-1].text) is Target.OTHER:
            stored[CONFIGURED + key] = view.word(values[-1])
    return stored
