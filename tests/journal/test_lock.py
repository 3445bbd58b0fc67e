"""One run per repository: the lock names its holder, dies with it, and is never followed through a link."""

from __future__ import annotations

import errno
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from keyless import files
from keyless.errors import KeylessError, Locked
from keyless.files import FileRefused
from keyless.journal import Lock

HOLDER = """
import sys, time
from pathlib import Path
from keyless.journal import Lock
with Lock(Path(sys.argv[1]), sys.argv[2], "keyless migrate, pid 4711, since then"):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(folder: Path, name: str) -> subprocess.Popen[str]:
    """Start a process that holds the lock until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str], *, kill: bool = False) -> None:
    if kill:
        process.send_signal(signal.SIGKILL)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    process.wait(10)
    process.stdout.close()


def test_another_process_is_kept_out_and_told_who_holds_it(folder: Path) -> None:
    process = hold(folder, "Acme/Widget")
    try:
        with pytest.raises(Locked, match="keyless migrate, pid 4711, since then") as caught:
            Lock(folder, "acme/widget").__enter__()
        assert caught.value.exit_code == 11
        with Lock(folder, "acme/gadget"):
            pass
    finally:
        end(process)
    with Lock(folder, "acme/widget"):
        pass


def test_a_killed_holders_lock_is_free_at_once(folder: Path) -> None:
    end(hold(folder, "a/b"), kill=True)
    with Lock(folder, "a/b") as lock:
        assert lock.path.read_text() == lock.holder


def test_the_holder_is_named_by_process_command_and_time(folder: Path) -> None:
    with Lock(folder, "a/b") as lock, pytest.raises(Locked) as caught:
        Lock(folder, "a/b").__enter__()
    assert lock.holder in caught.value.what
    assert re.search(rf"pid {os.getpid()}, since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC", lock.holder)


def test_it_can_be_taken_again_and_again_and_says_nothing_when_free(folder: Path) -> None:
    for _ in range(3):
        with Lock(folder, "a/b") as lock:
            pass
        assert lock.path.read_bytes() == b""


def test_an_error_inside_frees_it(folder: Path) -> None:
    with pytest.raises(KeyError), Lock(folder, "a/b"):
        raise KeyError
    with Lock(folder, "a/b"):
        pass


def test_leaving_without_having_entered_does_nothing(folder: Path) -> None:
    Lock(folder, "a/b").__exit__(None, None, None)
    assert not folder.exists()


def test_a_holder_who_has_said_nothing_yet_is_still_a_holder(folder: Path) -> None:
    with Lock(folder, "a/b") as lock:
        lock.path.write_bytes(b"")
        with pytest.raises(Locked, match="only just begun"):
            Lock(folder, "a/b").__enter__()


def test_what_the_holder_wrote_cannot_send_commands_to_a_terminal(folder: Path) -> None:
    with Lock(folder, "a/b", "\x1b[31mred\x07\n" + "x" * 5000), pytest.raises(Locked) as caught:
        Lock(folder, "a/b").__enter__()
    assert caught.value.what.isprintable()
    assert len(caught.value.what) < 1200


def test_names_that_look_alike_have_locks_of_their_own(folder: Path) -> None:
    names = ["a/b", "a_b", "a b", "a/b/", "../a", "x" * 300, "x" * 301, "a\0b"]
    paths = {Lock(folder, name).path for name in names}
    assert len(paths) == len(names)
    assert all(path.parent == folder / "locks" and len(path.name) < 90 for path in paths)


def test_file_and_folder_are_private(folder: Path) -> None:
    before = os.umask(0)
    try:
        with Lock(folder, "a/b") as lock:
            modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "locks", lock.path)]
    finally:
        os.umask(before)
    assert modes == [0o700, 0o700, 0o600]


def test_it_is_not_followed_through_a_link(folder: Path, tmp_path: Path) -> None:
    lock = Lock(folder, "a/b")
    lock.path.parent.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    target = tmp_path / "target"
    target.write_text("precious")
    lock.path.symlink_to(target)
    with pytest.raises(FileRefused), lock:
        pass
    assert target.read_text() == "precious"


def test_a_second_name_or_a_pipe_is_refused(folder: Path, tmp_path: Path) -> None:
    with Lock(folder, "a/b") as lock:
        pass
    os.link(lock.path, tmp_path / "second")
    with pytest.raises(FileRefused, match="second name"), lock:
        pass
    lock.path.unlink()
    os.mkfifo(lock.path)
    with pytest.raises(FileRefused, match="plain file"), lock:
        pass


def test_a_lock_file_taken_away_meanwhile_is_made_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = [True]
    real = files.plain

    def taking_away(name: Path, status: os.stat_result, *, own: bool) -> None:
        real(name, status, own=own)
        if first.pop() if first else False:
            name.unlink()

    monkeypatch.setattr(files, "plain", taking_away)
    with Lock(folder, "a/b") as lock:
        assert lock.path.read_text() == lock.holder


def test_a_lock_file_replaced_meanwhile_is_locked_instead(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = [True]
    real = files.plain

    def replacing(name: Path, status: os.stat_result, *, own: bool) -> None:
        real(name, status, own=own)
        if first.pop() if first else False:
            name.unlink()
            name.touch()

    monkeypatch.setattr(files, "plain", replacing)
    with Lock(folder, "a/b") as lock:
        assert lock.path.read_text() == lock.holder


def test_a_failing_disk_is_a_clear_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", lambda *a: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(KeylessError, match="No space left"), Lock(folder, "a/b"):
        pass
    monkeypatch.undo()
    with Lock(folder, "a/b"):
        pass


def test_a_disk_that_fails_when_all_is_done_does_not_turn_success_into_failure(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Lock(folder, "a/b"):
        monkeypatch.setattr(os, "ftruncate", failing)
    monkeypatch.undo()
    with Lock(folder, "a/b"):
        pass


def failing(*given: object) -> None:
    raise OSError(errno.EIO, "as told")


def test_a_folder_that_cannot_be_used_is_a_clear_error() -> None:
    with pytest.raises(KeylessError), Lock(Path("/proc/nobody"), "a/b"):
        pass
