"""Cut GitHub's OpenAPI description down to the operations in use. Run it again when the simulated GitHub learns more.

    python tests/contract/cut_openapi.py [api.github.com.json]

Without an argument it fetches the npm package @octokit/openapi (29 MB) with `npm pack` into a temporary folder and takes
one file out of it. What is in use is what the simulated GitHub offers. Writes github.json.gz beside this script.
"""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "@octokit/openapi@23"
FILE = "package/generated/api.github.com.json"
TARGET = Path(__file__).with_name("github.json.gz")
DROPPED = {
    "example",
    "examples",
    "description",
    "summary",
    "externalDocs",
    "tags",
    "x-github",
    "x-octokit",
    "x-webhooks",
}


def operations() -> list[tuple[str, str]]:
    """Return (method, path) of everything that the simulated GitHub offers and GitHub describes."""
    from keyless.rehearsal.github.app import ENDPOINTS

    paths = {(one.method.lower(), one.path.replace("*}", "}").removesuffix("?")) for one in ENDPOINTS}
    return sorted(one for one in paths if one[1] not in ("/graphql", "/repos/{owner}/{repo}/contents/"))


def fetch() -> dict:
    """Return the whole description from the npm package."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, capture_output=True)
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as opened:
            member = opened.extractfile(FILE)
            assert member is not None
            return json.load(member)


def without_prose(value: object, *, names: bool = False) -> object:
    """Drop examples and descriptions. `names`: the keys are names of properties, not of OpenAPI's."""
    if isinstance(value, list):
        return [without_prose(one) for one in value]
    if not isinstance(value, dict):
        return value
    kept = {key: one for key, one in value.items() if names or key not in DROPPED}
    return {key: without_prose(one, names=key in ("properties", "schemas")) for key, one in kept.items()}


def amended(value: object) -> object:
    """Mend what GitHub's description says in words that OpenAPI 3.0 reads otherwise than GitHub means them.

    - an enum that may be null has to list null;
    - a discriminator cannot stand where one of the alternatives is a list;
    - alternatives overlap (errors without required fields), so `oneOf` is meant as `anyOf`;
    - `readOnly` on a schema that parameters share is meant for bodies only;
    - the filter `created` is declared a date-time and documented as search syntax (`>=2024-01-01`, `A..B`).
    """
    if isinstance(value, list):
        return [amended(one) for one in value]
    if not isinstance(value, dict):
        return value
    mended = {key: amended(one) for key, one in value.items() if key not in ("readOnly", "discriminator")}
    if isinstance(mended.get("oneOf"), list):
        mended["anyOf"] = mended.pop("oneOf")
    if mended.get("nullable") is True and isinstance(mended.get("enum"), list) and None not in mended["enum"]:
        mended["enum"] = [*mended["enum"], None]
    if mended.get("in") == "query" and mended.get("name") == "created":
        mended["schema"] = {"type": "string"}
    return mended


def references(value: object) -> set[str]:
    """Return every `#/components/…` that a part of the description points at."""
    return set(re.findall(r'"\$ref": "#/components/([^"]+)"', json.dumps(value)))


def cut(whole: dict) -> dict:
    """Return the description of the operations in use, with the components that they need."""
    paths: dict[str, dict] = {}
    for method, path in operations():
        offered = next(one for one in whole["paths"] if shape(one) == shape(path))
        operation = amended(without_prose(whole["paths"][offered][method]))
        for response in operation["responses"].values():
            response["description"] = ""
            response.pop("headers", None)
        paths.setdefault(offered, {})[method] = operation
    components: dict[str, dict] = {}
    waiting, done = references(paths), set()
    while waiting:
        name = waiting.pop()
        done.add(name)
        kind, _, key = name.partition("/")
        part = amended(without_prose(whole["components"][kind][key]))
        if kind == "responses":
            part["description"] = ""
        components.setdefault(kind, {})[key] = part
        waiting |= references(part) - done
    info = {"title": "GitHub, cut", "version": whole["info"]["version"]}
    return {"openapi": whole["openapi"], "info": info, "paths": paths, "components": components}


def shape(path: str) -> str:
    """Return a path with its parameters' names blanked."""
    return re.sub(r"\{\w+\}", "{}", path)


def main() -> None:
    whole = json.loads(Path(sys.argv[1]).read_text()) if len(sys.argv) > 1 else fetch()
    content = json.dumps(cut(whole), sort_keys=True, separators=(",", ":")).encode()
    TARGET.write_bytes(gzip.compress(content, mtime=0))
    sys.stdout.write(f"{TARGET.name}: {len(operations())} operations, {TARGET.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
