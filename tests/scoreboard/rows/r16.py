"""R16: every file 0600 and every folder 0700 under any umask; links, second names, pipes, others' files are refused."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from keyless import files
from keyless.errors import KeylessError
from keyless.journal import Journal, Lock
from keyless.model.backup import Lease
from keyless.model.github import Repository
from keyless.model.realm import Realm
from keyless.services.system import prepare, read_secret
from keyless.vault import IdentityUnlock, RecipientKey, Vault, new_recipient
from tests.vault.conftest import LEASE, NOW, contents

PUBLIC, PRIVATE = new_recipient()
KEY, UNLOCK = RecipientKey(PUBLIC), IdentityUnlock(PRIVATE)
UMASKS = (0o000, 0o022, 0o077)


class Place:
    """A state folder with a backup, a journal and a lock in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.vault = Vault(self.state / "backups", Realm.REHEARSAL)
        self.backup = self.vault.seal(contents(), LEASE, [KEY]).id
        self.file = self.vault.path(self.backup)
        with Journal.open(self.state, Realm.REHEARSAL) as journal:
            journal.begin(Repository("a", "b"), NOW)
        with Lock(self.state, "a/b") as lock:
            self.lock = lock.path

    @property
    def journal(self) -> Path:
        return self.state / "journal.sqlite3"

    def read_backup(self) -> object:
        return self.vault.open(self.backup, UNLOCK, now=NOW)

    def open_journal(self) -> object:
        with Journal.open(self.state, Realm.REHEARSAL) as journal:
            return journal.journeys()

    def take_lock(self) -> object:
        with Lock(self.state, "a/b"):
            return None

    def actions(self) -> dict[str, tuple[Path, Callable[[], object]]]:
        return {
            "backup": (self.file, self.read_backup),
            "journal": (self.journal, self.open_journal),
            "lock": (self.lock, self.take_lock),
        }


def cases() -> Iterator[str | None]:
    with tempfile.TemporaryDirectory() as name:
        places = (Place(Path(name) / str(number)) for number in range(1000))
        for mask in UMASKS:
            yield from private(Path(name) / f"umask-{mask:o}", mask)
        for change in (symlink, hard_link, pipe, folder, other_owner):
            for what in ("backup", "journal", "lock"):
                yield refused(next(places), what, change)
        for target in ("backups", "state", "locks"):
            for change in (linked_folder, writable_by_all, below_one_that_is_writable, others_folder):
                yield folder_refused(next(places), target, change)
        yield from others(next(places))
        yield from planted(next(places))
        yield from handed_over(next(places))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def private(folder: Path, mask: int) -> Iterator[str | None]:
    """Make everything under this umask and look at each."""
    before = os.umask(mask)
    try:
        folder.mkdir(mode=0o700)
        place = Place(folder / "home")
        place.vault.extend(place.backup, UNLOCK, Lease(NOW, NOW + timedelta(days=3)))
        place.vault.export(place.backup, folder / "exported")
        prepare(folder / "prepared" / "below")
    finally:
        os.umask(before)
    for path in (place.file, place.journal, place.lock, folder / "exported"):
        yield None if mode(path) == 0o600 else f"{path.name} is {mode(path):o} under umask {mask:o}"
    for path in (place.state, place.file.parent, place.lock.parent, folder / "prepared" / "below"):
        yield None if mode(path) == 0o700 else f"{path.name} is {mode(path):o} under umask {mask:o}"


def symlink(path: Path) -> None:
    target = path.with_name("target")
    path.rename(target)
    path.symlink_to(target)


def hard_link(path: Path) -> None:
    path.parent.joinpath("second-name").hardlink_to(path)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir(mode=0o700)


def other_owner(path: Path) -> None:
    """Below, everybody's files are somebody else's."""


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """This user becomes another: real, where the tests run as root, else by what the system answers."""
    real = os.geteuid
    os.geteuid = lambda: real() + 4711
    try:
        yield
    finally:
        os.geteuid = real


def refused(place: Place, what: str, change: Callable[[Path], None]) -> str | None:
    path, action = place.actions()[what]
    change(path)
    content = path.stat() if path.exists() and not stat.S_ISFIFO(path.lstat().st_mode) else None
    try:
        if change is other_owner:
            with as_somebody_else():
                action()
        else:
            action()
    except KeylessError:
        after = path.stat() if content is not None else None
        unchanged = content is None or (after is not None and after.st_mtime_ns == content.st_mtime_ns)
        return None if unchanged else f"{what}, {change.__name__}: refused, and its target was touched"
    return f"{what}, {change.__name__}: it was used"


def linked_folder(path: Path) -> None:
    target = path.with_name(f"real-{path.name}")
    path.rename(target)
    path.symlink_to(target)


def writable_by_all(path: Path) -> None:
    path.chmod(0o777)


def below_one_that_is_writable(path: Path) -> None:
    path.parent.chmod(0o777)


def others_folder(path: Path) -> None:
    """Below, everybody's folders are somebody else's."""


def folder_refused(place: Place, target: str, change: Callable[[Path], None]) -> str | None:
    path = {"backups": place.file.parent, "state": place.state, "locks": place.lock.parent}[target]
    action = {"backups": place.read_backup, "state": place.open_journal, "locks": place.take_lock}[target]
    change(path)
    try:
        if change is others_folder:
            with as_somebody_else():
                action()
        else:
            action()
    except KeylessError:
        return None
    return f"the folder {target}, {change.__name__}: it was used"


def others(place: Place) -> Iterator[str | None]:
    """What others could read is made private when it is used."""
    place.file.parent.chmod(0o755)
    place.read_backup()
    yield None if mode(place.file.parent) == 0o700 else "a folder that others may read stays so"
    place.state.chmod(0o750)
    place.open_journal()
    yield None if mode(place.state) == 0o700 else "the state folder that a group may read stays so"
    place.journal.chmod(0o644)
    place.open_journal()
    yield None if mode(place.journal) == 0o600 else "a journal that others may read stays so"


def planted(place: Place) -> Iterator[str | None]:
    """Something lies where a new file is to be written: it is never followed and never overwritten."""
    precious = place.folder / "precious"
    precious.write_text("mine")
    for kind, make in {
        "a link": lambda path: path.symlink_to(precious),
        "a dangling link": lambda path: path.symlink_to(place.folder / "nowhere"),
        "a second name": lambda path: path.hardlink_to(precious),
        "a file": lambda path: path.write_text("mine"),
    }.items():
        path = place.folder / f"export-{len(kind)}"
        make(path)
        try:
            place.vault.export(place.backup, path)
        except KeylessError:
            held = precious.read_text() == "mine" and not (place.folder / "nowhere").exists()
            yield None if held else f"an export through {kind} wrote somewhere else"
        else:
            yield f"an export onto {kind} went through"
    draft = place.file.parent / f".{place.file.name}.draft"
    draft.symlink_to(precious)
    place.vault.extend(place.backup, UNLOCK, Lease(NOW, NOW + timedelta(days=2)))
    yield None if precious.read_text() == "mine" else "a draft was written through a link"
    place.journal.unlink()
    (place.state / ".journal.sqlite3.draft").symlink_to(precious)
    place.open_journal()
    yield None if precious.read_text() == "mine" else "a new journal was written through a link"


def handed_over(place: Place) -> Iterator[str | None]:
    """A file with a token that everybody may read is refused; one that nobody else may is fine."""
    file = place.folder / "token"
    file.write_text("a token")
    for bits, fine in ((0o600, True), (0o400, True), (0o604, False), (0o644, False), (0o666, False)):
        file.chmod(bits)
        try:
            read_secret(f"file:{file}")
        except files.KeylessError:
            held = not fine
        else:
            held = fine
        yield None if held else f"a token's file with mode {bits:o}: {'refused' if fine else 'read'}"
