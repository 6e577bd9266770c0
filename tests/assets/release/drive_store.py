"""Kills or fails a local store at every single change it makes to the disk, in forked children.

    drive_store.py ROOT kill     SIGKILL before the change; every fourth recovery is killed too
    drive_store.py ROOT other    SIGKILL before the change, and the next run publishes something else
    drive_store.py ROOT error    the change fails with ENOSPC or EIO, in turn
    drive_store.py ROOT size     no file may become longer than so many bytes, from 0 on

Prints how many moments were tried; exits 1 and names the first that went wrong. In a process of its own because it
forks: it imports the store and nothing that has threads. Each trial starts from a published release, is disturbed in
the middle of the next, checked as a reader would, run again, and must end in the very tree of an undisturbed run.
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from assets.release.stores import Store
from assets.release.stores.local import LocalStore
from tests.faults import bare, reader

CHANGES = ("link", "rename", "replace", "mkdir", "fsync", "unlink", "rmdir", "fchmod")


def publish(root: Path, seq: int, store: Store | None = None) -> None:
    """Release ``seq`` of one dataset, unless it is the current one."""
    bare.publish(store or LocalStore(root / "published"), root / "work", str(seq))


def place(root: Path, store: Store, found: bytes | None, seq: int, more: bytes = b"") -> None:
    """Writes a release and commits it upon the one that was found. ``more`` is what another publisher says."""
    bare.place(store, found, root / "work", f"{seq}{more.decode()}")


def disturbed(root: Path, how: str, number: int) -> int:
    """Publishes in a child that is disturbed at its ``number``-th change, and returns its exit code.

    -9 when it was killed, 74 when it failed, 0 when it published all the same, 1 when there were no such change."""
    child = os.fork()
    if child == 0:
        try:
            happened = {"kill": _kill, "other": _kill, "error": _fail, "size": _limit}[how](number)
            publish(root, 2)
        except OSError:
            os._exit(74)
        os._exit(0 if happened() else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _kill(number: int) -> Callable[[], bool]:
    return _at(number, lambda: os.kill(os.getpid(), signal.SIGKILL))


def _fail(number: int) -> Callable[[], bool]:
    code = errno.ENOSPC if number % 2 else errno.EIO

    def fail() -> None:
        raise OSError(code, os.strerror(code))

    return _at(number, fail)


def _limit(number: int) -> Callable[[], bool]:
    """A real refusal of the kernel to write on, without a small disk: files may grow to so many bytes."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((number - 1) * 100, resource.RLIM_INFINITY))
    return lambda: False


def _at(number: int, disturb: Callable[[], None]) -> Callable[[], bool]:
    """Calls ``disturb`` before the ``number``-th change; returns the question whether there was such a one."""
    left = number

    def counted(change: Callable) -> Callable:
        def call(*args, **kwargs):
            nonlocal left
            left -= 1
            if left == 0:
                disturb()
            return change(*args, **kwargs)

        return call

    for name in CHANGES:
        setattr(os, name, counted(getattr(os, name)))
    return lambda: left <= 0


def seq_read(root: Path) -> int:
    """The release that a reader finds, every byte of it and of those before as promised. Raises if not."""
    reader.verify(str(root / "published"))
    return len(list(reader.chain(str(root / "published"))))


def tree(root: Path) -> dict[str, bytes]:
    files = [p for p in sorted((root / "published").rglob("*")) if p.is_file()]
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in files}


def collect(root: Path, expected: dict[str, bytes]) -> None:
    """Deletes what nothing leads to: what the killed publisher left of a release that never came to be."""
    store = LocalStore(root / "published")
    with store.exclusive():
        store.discard(store.unreferenced([name.removeprefix("published/") for name in expected]))


def main(root: Path, how: str) -> int:
    base, undisturbed, next_label = root / "base", root / "undisturbed", 3 if how == "other" else 2
    base.mkdir(parents=True)
    publish(base, 1)
    shutil.copytree(base, undisturbed)
    publish(undisturbed, next_label)
    expected, number = tree(undisturbed), 1
    while True:
        trial = root / str(number)
        shutil.copytree(base, trial)
        code = disturbed(trial, how, number)
        if seq_read(trial) not in ((2,) if code in (0, 1) else (1, 2)):
            return _wrong(how, number, "a reader finds neither the old nor the new release, or exit 0 without it")
        committed = how == "other" and seq_read(trial) == 2  # nothing to replace
        if how == "kill" and number % 4 == 0:
            disturbed(trial, how, number // 2)
            seq_read(trial)
        if not committed:
            publish(trial, next_label)
            seq_read(trial)
        if how == "other" and not committed:
            collect(trial, expected)
        if seq_read(trial) != 2 or (tree(trial) != expected and not committed):
            return _wrong(how, number, "running again does not end in the tree of an undisturbed run")
        if code == 1:
            print(number - 1)
            return 0
        shutil.rmtree(trial)
        number += 1


def _wrong(how: str, number: int, what: str) -> int:
    print(f"{how} at change {number}: {what}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
