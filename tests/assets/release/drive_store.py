"""Kills a local store before every single change it makes to the disk, in forked children.

    drive_store.py ROOT     prints how many moments were tried; exits 1 and names the first that went wrong

In a process of its own because it forks: it imports the store and nothing that has threads. Each trial
starts from a published release, is killed in the middle of the next, checked as a reader would, run
again (every fourth time killed again first), and must end in the very tree of an undisturbed run.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

from assets.release.manifest import DatasetEntry, FileEntry, Manifest, Release, current_release, release_of
from assets.release.stores.local import LocalStore
from assets.release.verify import verify_release

CHANGES = ("link", "rename", "replace", "mkdir", "fsync", "unlink", "rmdir", "fchmod")
FILES = {"a.csv": b"k,v\n1,2\n", "b.csv": b"k,v\n1,%d\n", "SHA256SUMS": b"sums of %d\n"}


def publish(root: Path, seq: int) -> None:
    """Release ``seq`` of one dataset, with two of its three files new each time."""
    store = LocalStore(root / "published")
    with store.exclusive():
        found = store.pointer()
        current = release_of(store, found)
        if current and current.manifest.seq == seq:
            return
        files = [_file(root, name, data, seq) for name, data in FILES.items()]
        entry = DatasetEntry("d", f"1.{seq}.0", True, {"t": 1}, tuple(files))
        link = current.link if current else None
        made = {"schema_fingerprint": "f", "writers": {}, "code": "c", "inputs": None}
        release = Release.of(Manifest(seq, "2026-03-31", "p", "p", True, **made, datasets=(entry,), previous=link))
        for file in files:
            store.put_blob(root / "work" / file.name, file.sha256)
        store.put_version("d", entry.version, {f.name: f.sha256 for f in files})
        store.put_release(release.release_id, {"manifest.json": release.manifest.to_bytes()})
        verify_release(store, release.manifest)
        store.commit(release.pointer(date(2026, 3, 31), 60), found)


def _file(root: Path, name: str, data: bytes, seq: int) -> FileEntry:
    data = data % seq if b"%d" in data else data
    (root / "work").mkdir(exist_ok=True)
    (root / "work" / name).write_bytes(data)
    return FileEntry(f"datasets/d/1.{seq}.0/{name}", hashlib.sha256(data).hexdigest(), len(data))


def killed(root: Path, number: int) -> bool:
    """Publishes release 2 in a child that dies before its ``number``-th change; False if it got through."""
    child = os.fork()
    if child == 0:
        _arm(number)
        publish(root, 2)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _arm(number: int) -> None:
    left = number

    def counted(change: Callable) -> Callable:
        def call(*args, **kwargs):
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return change(*args, **kwargs)

        return call

    for name in CHANGES:
        setattr(os, name, counted(getattr(os, name)))


def seq_read(root: Path) -> int:
    """What a reader finds: a whole release, every byte as promised. Raises if not."""
    store = LocalStore(root / "published")
    release = current_release(store)
    verify_release(store, release.manifest)
    return release.manifest.seq


def tree(root: Path) -> dict[str, bytes]:
    files = [p for p in sorted((root / "published").rglob("*")) if p.is_file()]
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in files}


def main(root: Path) -> int:
    base, undisturbed = root / "base", root / "undisturbed"
    base.mkdir(parents=True)
    publish(base, 1)
    shutil.copytree(base, undisturbed)
    publish(undisturbed, 2)
    expected, number = tree(undisturbed), 1
    while True:
        trial = root / str(number)
        shutil.copytree(base, trial)
        interrupted = killed(trial, number)
        if seq_read(trial) not in (1, 2):
            return _wrong(number, "a reader finds neither the old nor the new release")
        if number % 4 == 0:
            killed(trial, number // 2)
            seq_read(trial)
        publish(trial, 2)
        if seq_read(trial) != 2 or tree(trial) != expected:
            return _wrong(number, "running again does not end in the tree of an undisturbed run")
        if not interrupted:
            print(number - 1)
            return 0
        number += 1


def _wrong(number: int, what: str) -> int:
    print(f"killed before change {number}: {what}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
