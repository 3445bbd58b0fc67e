"""Fetch the labelled files from a folder of clones: `python -m tests.corpus.fetch CHECKOUTS INTO`.

For each repository and commit of the index: workflows, actions, and the small files that a workflow may run as scripts.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

INDEX = Path(__file__).parent / "index.jsonl"
LARGEST = 64 * 1024
_KEPT = re.compile(
    r"^\.github/.*\.(?:ya?ml|sh|py)$|(?:^|/)action\.ya?ml$|(?:^|/)(?:[Mm]akefile|justfile|tox\.ini|noxfile\.py|tasks\.py|setup\.py|pyproject\.toml)$|"
    r"\.(?:sh|bash|mk)$|^(?:bin|ci|\.ci|scripts?|tools?|build|dev|etc)/[^/]*$"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One labelled file. `uses` None: not decided, and not counted."""

    repository: str
    path: str
    commit: str
    blob: str
    half: str
    uses: bool | None
    secrets: frozenset[str]
    index: str | None
    plain: bool

    def folder(self, fetched: Path) -> Path:
        """Return where the files of its commit lie."""
        return fetched / self.repository.replace("/", "+") / self.commit


def entries() -> list[Entry]:
    """Return every entry of the index."""
    return [_entry(json.loads(line)) for line in INDEX.read_text(encoding="utf-8").splitlines()]


def _entry(row: dict) -> Entry:
    label = row["label"]
    named = (row[key] for key in ("repository", "path", "commit", "blob", "half"))
    return Entry(*named, label["uses"], frozenset(label["secrets"]), label["index"], label["plain"])


def clone(checkouts: Path, repository: str) -> Path | None:
    """Return the git directory of a clone, as owner+name or owner/name, with or without a work tree."""
    for name in (repository.replace("/", "+"), repository):
        for inner in (".git", "repo/.git", "repo", ""):
            found = checkouts / name / inner
            if (found / "objects").is_dir():
                return found
    return None


def git(directory: Path, *arguments: str) -> bytes:
    """Return what git says, whoever owns the clone."""
    command = ["git", "-c", "safe.directory=*", "--git-dir", str(directory), *arguments]
    return subprocess.run(command, check=True, capture_output=True).stdout


def files(directory: Path, commit: str) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the bytes of each file of a commit that a scan may read."""
    for line in git(directory, "ls-tree", "-rlz", commit).decode("utf-8", "replace").split("\0"):
        meta, _, path = line.partition("\t")
        if not path or not _KEPT.search(path) or " blob " not in meta:
            continue
        size, most = meta.split()[-1], LARGEST * (8 if path.startswith(".github/workflows/") else 1)
        if size.isdigit() and int(size) <= most:
            yield path, git(directory, "cat-file", "blob", meta.split()[2])


def main(checkouts: Path, into: Path) -> int:
    """Fetch what the index names; say what is not there."""
    missing = set()
    for entry in entries():
        folder, directory = entry.folder(into), clone(checkouts, entry.repository)
        if folder.exists():
            continue
        if directory is None:
            missing.add(entry.repository)
            continue
        for path, content in files(directory, entry.commit):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    for repository in sorted(missing):
        sys.stderr.write(f"not there: {repository}\n")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
