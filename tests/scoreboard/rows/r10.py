"""R10: playbooks, workflows, tokens, backups and services' answers, fuzzed: only the root error ever escapes."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx

from keyless import tokens
from keyless.errors import KeylessError
from keyless.model.github import Repository, SourceFile
from keyless.model.index import Index
from keyless.model.realm import Realm
from keyless.playbooks.load import load_playbook
from keyless.secret import Secret
from keyless.vault import IdentityUnlock, RecipientKey, Vault, new_recipient
from keyless.vault.envelope import MAGIC
from keyless.workflows import analyse, predict_publisher, rewrite, uses_token
from tests.scoreboard.mutation import altered, damaged
from tests.staging import Scene
from tests.tokens.conftest import PROJECT_TOKEN, USER_TOKEN, raw, text
from tests.vault.conftest import LEASE, NOW, contents
from tests.workflows import case

ROOT = Path(__file__).parents[3]
EACH = {"playbooks": 300, "workflows": 300, "tokens": 600, "backups": 600, "answers": 120}


def cases() -> Iterator[str | None]:
    for target in (playbooks, workflows, some_tokens, backups, answers):
        yield from target(random.Random(target.__name__))


def tried(job: Callable[[], object], what: str) -> str | None:
    try:
        job()
    except KeylessError as error:
        return None if error.what else f"{what}: an error without a word"
    except (Exception, RecursionError) as error:  # noqa: BLE001  # anything else that escapes is what is looked for
        return f"{what}: {type(error).__name__}: {str(error)[:200]}"
    return None


def playbooks(chance: random.Random) -> Iterator[str | None]:
    samples = sorted((ROOT / "playbooks").glob("*.y*ml"))
    assert samples, "there are no playbooks"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "playbook.yml"
        for number in range(EACH["playbooks"]):
            data = damaged(chance.choice(samples).read_bytes(), chance)
            file.write_bytes(data)
            yield tried(lambda: load_playbook(file), f"playbook {number}: {data[:300]!r}")


def workflows(chance: random.Random) -> Iterator[str | None]:
    samples = [
        file.content for each in case.cases() for file in each.files if file.path.startswith(".github/workflows")
    ]
    assert len(samples) > 100, "there are no workflows"
    for number in range(EACH["workflows"]):
        data = damaged(chance.choice(samples), chance)
        yield tried(lambda data=data: read_workflow(data), f"workflow {number}: {data[:300]!r}")


def read_workflow(data: bytes) -> None:
    path = ".github/workflows/release.yml"
    files = [SourceFile(path, data)]
    found = analyse(files)
    for step in found.publish_steps:
        predict_publisher(Repository("acme", "widget"), step)
    rewrite(files, {Index.PYPI: "pypi", Index.TESTPYPI: None})
    uses_token(files, path)


def some_tokens(chance: random.Random) -> Iterator[str | None]:
    for number in range(EACH["tokens"]):
        token = chance.choice((PROJECT_TOKEN, USER_TOKEN))
        if number % 2:
            given = damaged(token.reveal().encode(), chance).decode("latin-1")
        else:
            given = text(damaged(raw(token), chance)).reveal()
        yield tried(lambda given=given: read_token(Secret(given)), f"token {number}: {given[:300]!r}")


def read_token(token: Secret) -> None:
    card = tokens.read(token)
    tokens.concerns(card, index=Index.PYPI, projects=("widget",), now=NOW)
    tokens.narrow(token, projects=("widget",), not_before=NOW, expires_at=NOW + timedelta(days=14))


def backups(chance: random.Random) -> Iterator[str | None]:
    public, private = new_recipient()
    with tempfile.TemporaryDirectory() as folder:
        vault = Vault(Path(folder) / "v", Realm.REHEARSAL)
        whole = vault.path(vault.seal(contents(), LEASE, [RecipientKey(public)]).id).read_bytes()
        _, head, body, _ = whole.split(b"\n")
        file = Path(folder) / "given"
        for number in range(EACH["backups"]):
            if number % 2:
                data = damaged(whole, chance)
            else:
                line = json.dumps(altered(json.loads(head), chance), sort_keys=True, separators=(",", ":"))
                data = MAGIC + line.encode() + b"\n" + body + b"\n"
            file.write_bytes(data)
            yield tried(lambda: vault.open(file, IdentityUnlock(private), now=NOW), f"backup {number}, open")
            yield tried(lambda: (vault.header(file), vault.import_(file)), f"backup {number}, import")
            yield tried(lambda: (vault.list(), vault.unreadable()), f"backup {number}, list")
            for path in (Path(folder) / "v").glob("*"):
                path.unlink()


class Meddling(httpx.AsyncBaseTransport):
    """Lets everything through, and changes the answer number `at`."""

    def __init__(self, inner: httpx.AsyncBaseTransport, at: int, chance: random.Random) -> None:
        self.inner, self.left, self.chance = inner, at, chance
        self.seen = 0
        self.changed = ""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self.inner.handle_async_request(request)
        self.seen += 1
        self.left -= 1
        if self.left:
            return answer
        body = await answer.aread()
        headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
        self.changed = f"{request.method} {request.url.path}"
        match self.chance.randrange(4):
            case 0:
                body = damaged(body, self.chance)
            case 1:
                headers[self.chance.choice(tuple(headers))] = self.chance.choice(("", "x", "-1", "9" * 300, "\x7f"))
            case _:
                try:
                    body = json.dumps(altered(json.loads(body), self.chance)).encode()
                except ValueError:
                    body = damaged(body, self.chance)
        return httpx.Response(answer.status_code, headers=headers, content=body, request=request)

    async def aclose(self) -> None:
        await self.inner.aclose()


def answers(chance: random.Random) -> Iterator[str | None]:
    """A survey and its plan, with one answer of the services changed each time."""
    with tempfile.TemporaryDirectory() as folder:
        for world in ("shap-like", "organisation"):
            scene = Scene.of(world, Path(folder) / world)
            made: list[Meddling] = []

            def between(inner: httpx.AsyncBaseTransport, made: list[Meddling] = made) -> httpx.AsyncBaseTransport:
                made.append(Meddling(inner, chance.randrange(1, 40), chance))
                return made[-1]

            scene.between = between
            for number in range(EACH["answers"] // 2):
                problem = tried(lambda scene=scene: scene.migrate(dry_run=True), f"{world} {number}")
                yield None if problem is None else f"{problem} ({made[-1].changed})"
            scene.close()
