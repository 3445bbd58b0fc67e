"""A folder with a checkout: whose repository it is and what its workflows say. No network, no git program."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from keyless.errors import UsageError
from keyless.model.github import Repository, SourceFile
from keyless.model.reading import Found, Missing, Reading, Unreadable
from keyless.model.workflow import Here

LARGEST: Final = 2 * 1024 * 1024
"""Bytes of a file that are read at most: a workflow or script is far smaller."""

_REMOTES: Final = ("upstream", "origin")
_SECTION: Final = re.compile(r'^\s*\[\s*remote\s+"(?P<name>(?:[^"\\]|\\.)*)"\s*\]')
_URL: Final = re.compile(r'^\s*url\s*=\s*"?(?P<url>[^"\s]+)"?\s*(?:[;#].*)?$', re.IGNORECASE)
_GITHUB: Final = re.compile(
    r"^(?:(?:https?|ssh|git)://(?:[^@/]*@)?github\.com(?::\d+)?/|(?:[^@/:]*@)?github\.com:)/?"
    r"(?P<owner>[A-Za-z0-9](?:[A-Za-z0-9-]*))/(?P<name>[A-Za-z0-9._-]+?)(?:\.git)?/?$"
)


@dataclass(frozen=True, slots=True)
class Checkout:
    """A folder's root, the repository it is a checkout of (None: cannot be told), and its automation files."""

    root: Path
    repository: Repository | None
    files: tuple[SourceFile, ...]
    remotes: tuple[tuple[str, Repository], ...]
    branch: str | None = None
    """The branch that is checked out, None where no branch is."""

    @property
    def here(self) -> Here | None:
        """Whose files these are, as far as it can be told."""
        return None if self.repository is None else Here(self.repository, self.branch)


_HINT: Final = "Name the folder of a checkout, or OWNER/REPO where the command takes one."


def find_checkout(folder: Path) -> Checkout:
    """Return the checkout that `folder` lies in, or `folder` itself when it is none but has a `.github` folder.

    Of several remotes on GitHub, "upstream" is the project and "origin" may be a fork, so that is the order.
    Raises UsageError for a folder that does not exist or has neither.
    """
    start = Path(os.path.abspath(folder))  # noqa: PTH100  # resolve() would follow a link out of the user's words
    if not start.is_dir():
        raise UsageError(f"{folder} is not a folder.", hint=_HINT)
    root = next((place for place in (start, *start.parents) if (place / ".git").exists()), None)
    if root is None:
        if not (start / ".github").is_dir():
            raise UsageError(f"{folder} is not a checkout of a repository.", hint=_HINT)
        return Checkout(start, None, tuple(_automation(start)), ())
    remotes = tuple(_remotes(root))
    named = dict(remotes)
    first = next((named[name] for name in _REMOTES if name in named), None)
    repository = first or (remotes[0][1] if len(remotes) == 1 else None)
    return Checkout(root, repository, tuple(_automation(root)), remotes, _branch(root))


def read_files(root: Path, paths: Sequence[str]) -> tuple[Reading[SourceFile], ...]:
    """Return files of the checkout by their paths, in order. One that lies outside of it is never read."""
    real = os.path.realpath(root)
    return tuple(_read(real, path) for path in paths)


def parse_remote(url: str) -> Repository | None:
    """Return the repository that a remote's address names on GitHub, None for another host."""
    match = _GITHUB.match(url.strip())
    return Repository(match["owner"], match["name"]) if match else None


def _remotes(root: Path) -> Iterator[tuple[str, Repository]]:
    name = None
    for line in _configuration(root).splitlines():
        section = _SECTION.match(line)
        if section or line.lstrip().startswith("["):
            name = section["name"] if section else None
            continue
        url = _URL.match(line)
        repository = parse_remote(url["url"]) if url else None
        if name is not None and repository is not None:
            yield name, repository


def _git_folder(root: Path) -> Path:
    """Return git's own folder, also of a linked work tree or submodule. Raises OSError."""
    folder = root / ".git"
    if folder.is_file():
        folder = root / folder.read_text(errors="replace").partition("gitdir:")[2].strip()
    return folder


def _configuration(root: Path) -> str:
    """Return the text of git's configuration, "" when there is none."""
    try:
        folder = _git_folder(root)
        common = folder / "commondir"
        if common.is_file():
            folder = folder / common.read_text(errors="replace").strip()
        return (folder / "config").read_text(errors="replace")
    except OSError:
        return ""


def _branch(root: Path) -> str | None:
    try:
        head = (_git_folder(root) / "HEAD").read_text(errors="replace").strip()
    except OSError:
        return None
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: refs/heads/") else None


def _automation(root: Path) -> Iterator[SourceFile]:
    workflows = root / ".github" / "workflows"
    actions = root / ".github" / "actions"
    found = [*workflows.glob("*.yml"), *workflows.glob("*.yaml")]
    found += [*actions.glob("**/action.yml"), *actions.glob("**/action.yaml")]
    real = os.path.realpath(root)
    for path in sorted(found):
        match _read(real, path.relative_to(root).as_posix()):
            case Found(file):
                yield file
            case Unreadable(what, because):
                raise UsageError(f"{what} cannot be read: {because}.", hint="What it holds would stay unseen.")
            case Missing():
                continue


def _read(root: str, path: str) -> Reading[SourceFile]:
    """Read a file of the checkout whose real folder is `root`, without following a link out of it."""
    real = os.path.realpath(os.path.join(root, path))  # noqa: PTH118  # hundreds of files, and pathlib takes longer
    if os.path.commonpath((root, real)) != root:
        return Unreadable(path, "it lies outside of the checkout")
    try:
        if not stat.S_ISREG(os.stat(real).st_mode):  # noqa: PTH116  # likewise
            return Unreadable(path, "it is not a plain file")
        with open(real, "rb") as file:  # noqa: PTH123  # likewise
            content = file.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Missing(path)
    except OSError as error:
        return Unreadable(path, error.strerror or "it cannot be opened")
    if len(content) > LARGEST:
        return Unreadable(path, "it is larger than any workflow or script")
    return Found(SourceFile(path, content))
