"""What the people of a rehearsal know, in files that its player can read: passwords, tokens, where they belong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from keyless.model.index import Index
from keyless.rehearsal.folder import write_file
from keyless.secret import Secret

FOLDER: Final = "people"


@dataclass(frozen=True, slots=True)
class KnownToken:
    """The token in a secret, as the world knows it. `text` is None where nobody has it any more; `file` then too."""

    index: Index
    project: str | None
    login: str | None
    """Who has the account on the index."""
    text: Secret | None
    file: Path | None


class People:
    """Reads the summary of a served world (its `rehearsal.json`)."""

    def __init__(self, folder: Path, world: Mapping[str, Any]) -> None:
        self._folder = folder / FOLDER
        self._world = world

    @property
    def login(self) -> str:
        """Whom the player plays."""
        return str(self._world["operator"])

    @property
    def name(self) -> str:
        """Their name."""
        return str(self._world["people"][self.login]["name"])

    def write(self) -> Path:
        """Write a file for each person and each token (0600, in a folder of 0700); return the folder."""
        from keyless import files

        with files.folder(self._folder):
            pass
        for login, person in self._world["people"].items():
            write_file(self._folder, f"{login}.txt", "\n".join(self._about(login, person)).encode() + b"\n")
        for held in self._world["secrets"]:
            text = self._token(held).get("text")
            if text is not None:
                write_file(self._folder, held["name"], f"{text}\n".encode())
        return self._folder

    def token(self, store: str, name: str) -> KnownToken | None:
        """Return the token that is in a secret, or None where it holds something else."""
        for held in self._world["secrets"]:
            if (held["store"], held["name"].upper()) == (store, name.upper()) and held["token"]:
                token = self._token(held)
                index = Index(token["index"])
                text = Secret(token["text"]) if token["text"] else None
                file = self._folder / held["name"] if text else None
                return KnownToken(index, token["project"], self._owner(index, token["user"]), text, file)
        return None

    def _token(self, held: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._world["tokens"].get(held["token"], {})
        return found

    def _owner(self, index: Index, user: str) -> str | None:
        for login, person in self._world["people"].items():
            if person.get(index.value, {}).get("user") == user:
                return str(login)
        return None

    def _about(self, login: str, person: Mapping[str, Any]) -> list[str]:
        lines = [f"{person['name']} ({login}), in a rehearsal: nothing of this is real.", ""]
        for index in Index:
            if index.value in person:
                account = person[index.value]
                lines += [f"{index.label}: user {account['user']}, password: {account['password']}"]
        lines += ["GitHub: you are signed in.", ""] if login == self.login else [""]
        for held in self._world["secrets"]:
            token = self._token(held)
            if token and self._owner(Index(token["index"]), token["user"]) == login:
                lines += [
                    f"The token in {held['name']} ({held['store']}):",
                    token["text"] or "nobody has it any more",
                    "",
                ]
        return lines
