"""Real `keyless` processes against a rehearsal that is served by a process of its own, and a person who reacts to them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEYLESS = (sys.executable, "-m", "keyless")
PASSPHRASE = "a passphrase for tests"


@dataclass
class Ran:
    """What one process said. `events` are its JSON lines on standard output, `error` the one on standard error."""

    code: int
    events: list[dict[str, Any]]
    error: dict[str, Any]
    raw: str

    def waits(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == "waiting"]


@dataclass
class Served:
    """A served rehearsal. `start` and `stop` may be called again and again on the same folder."""

    folder: Path
    world: str
    said: dict[str, Any] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def start(self) -> Served:
        command = [*KEYLESS, "rehearse", "--serve", "--keep", str(self.folder), "--world", self.world]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.said = json.loads(self.process.stdout.readline())
        return self

    def stop(self) -> None:
        if self.process is not None:
            assert self.process.stdout is not None
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process.stdout.close()
            self.process = None

    @property
    def repository(self) -> str:
        return str(self.said["world"]["migrate"][0])

    def environment(self) -> dict[str, str]:
        """The world's tokens by the names of the secrets they are in, and a passphrase."""
        world = self.said["world"]
        held = {s["name"]: world["tokens"][s["token"]]["text"] for s in world["secrets"] if s["token"]}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("GH_", "GITHUB_", "KEYLESS_"))}
        return {**kept, **{k: v for k, v in held.items() if v}, "KEYLESS_PASSPHRASE": PASSPHRASE}

    def command(self, *arguments: str) -> list[str]:
        return [*KEYLESS, "--rehearsal", str(self.folder), "--json", *arguments]

    def run(self, *arguments: str, environment: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            self.command(*arguments),
            env=environment or self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return read(done.returncode, done.stdout, done.stderr)

    def call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send the rehearsal's control application a request."""
        request = urllib.request.Request(
            self.said["services"]["control"] + path, json.dumps(body).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request) as answer:
            return dict(json.load(answer))

    def act(self, ran: Ran) -> bool:
        """Do what this run waited for, as a person would who reads it. Return whether there was anything to do."""
        acted = False
        for event in ran.waits():
            acted = self._act_on(event) or acted
        return acted

    def _act_on(self, event: dict[str, Any]) -> bool:
        link, what = event["link"] or "", event["what"]
        if "/settings/publishing/" in link and what.startswith("Register"):
            self.call("/person", {"action": "register-publisher", "link": link})
        elif "/pull/" in link:
            self.call("/person", {"action": "merge", "repository": self.repository})
        elif "#remove-API-token--" in link:
            self.call("/person", {"action": "remove-token", "link": link})
        elif release := re.match(r"A release of (\S+) on (\S+) through", what):
            body = {"repository": self.repository, "index": release[2].lower()}
            self.call("/release", body)
        else:
            return False
        return True

    def until_done(self, *arguments: str, most: int = 12) -> Ran:
        """Run a command again and again, acting on what it waits for, until it is done."""
        for _ in range(most):
            ran = self.run(*arguments)
            if ran.code == 0:
                return ran
            assert ran.code in (10, 75), ran.raw
            assert self.act(ran), ran.raw
        raise AssertionError(f"{arguments} never ended: {ran.raw}")


def read(code: int, out: str, err: str) -> Ran:
    events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    errors = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    return Ran(code, events, errors[-1] if errors else {}, out + err)


MIGRATE = (
    "--yes",
    "--backup=token",
    "--token-is=shown",
    "--passphrase-from=env:KEYLESS_PASSPHRASE",
)


def token_flags(served: Served) -> list[str]:
    """Where each secret's token is to be read from."""
    names = {secret["name"] for secret in served.said["world"]["secrets"] if secret["token"]}
    return [f"--token-from={name}=env:{name}" for name in sorted(names)]
