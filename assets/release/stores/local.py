"""Releases in a local folder, and the commit protocol that no kill and no power cut can break.

One `flock` (the kernel drops it when a process dies), an emptied stage, blobs linked into place under their hash,
folders renamed into place whole, every touched directory forced to disk, then the pointer: write, fsync, rename,
fsync. Running again finishes or finds the same release.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from assets.release import durable
from assets.release.stores import POINTER, TOMBSTONE, StoreConflict, StoreDamaged, blob_path, signature_path

_STAGE = ".stage"
_LOCK = ".lock"


class LocalStore:
    """A folder on a file system with `flock` and atomic `rename`."""

    def __init__(self, root: Path, *, wait_seconds: float = 60.0) -> None:
        self.root = Path(root)
        self._wait_seconds = wait_seconds
        self._touched: set[Path] = set()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._acquire(lock)
            self._touched.clear()
            durable.empty_directory(self._stage)
            # a publisher may have died between its last rename and its last fsync
            durable.sync_directory(self.root)
            durable.sync_directory(self.root.absolute().parent)
            yield
            shutil.rmtree(self._stage)
        finally:
            os.close(lock)

    def pointer(self) -> bytes | None:
        path = self.root / POINTER
        return path.read_bytes() if path.exists() else None

    def read(self, path: str) -> bytes:
        return self.local(path).read_bytes()

    def local(self, path: str) -> Path:
        found = self.root / path
        if not found.is_file():
            raise StoreDamaged(f"{path}: a published file is missing")
        return found

    def release_ids(self) -> list[str]:
        folder = self.root / "releases"
        return sorted(p.name for p in folder.iterdir()) if folder.exists() else []

    def put_blob(self, source: Path, sha256: str) -> None:
        blob = self._blob(sha256)
        self._directory(blob.parent)
        if blob.exists():
            self._expect(blob, sha256)
            return
        staged = self._stage / sha256
        if durable.copy_file(source, staged) != sha256:
            raise StoreDamaged(f"{source.name}: changed after it was checked")
        durable.link_file(staged, blob)
        staged.unlink()

    def put_version(self, dataset: str, version: str, files: Mapping[str, str]) -> None:
        staged = self._stage / "version"
        staged.mkdir()
        for name, sha256 in sorted(files.items()):
            durable.link_file(self._blob(sha256), staged / name)
        self._place(staged, self.root / "datasets" / dataset / version)

    def put_release(self, release_id: str, documents: Mapping[str, bytes]) -> None:
        staged = self._stage / "release"
        staged.mkdir()
        for name, data in sorted(documents.items()):
            durable.write_file(staged / name, data)
        self._place(staged, self.root / "releases" / release_id)

    def put_signature(self, sha256: str, data: bytes) -> None:
        target = self.root / signature_path(sha256)
        self._directory(target.parent)
        if target.exists():
            if target.read_bytes() == data:
                return
            target.unlink()
        staged = self._stage / target.name
        durable.write_file(staged, data)
        os.rename(staged, target)

    def complete(self) -> None:
        """Nothing: under the lock everything is in place before the commit."""

    def withdraw_version(self, dataset: str, version: str, tombstone: bytes, only: Collection[str]) -> None:
        for sha256 in sorted(only):
            blob = self._blob(sha256)
            if blob.exists():
                blob.unlink()
                durable.sync_directory(blob.parent)
        staged = self._stage / "tombstone"
        staged.mkdir()
        durable.write_file(staged / TOMBSTONE, tombstone)
        self._place(staged, self.root / "datasets" / dataset / version)
        durable.sync_directory(self.root / "datasets" / dataset)

    def put_page(self, path: str, data: bytes) -> None:
        target = self.root / path
        if target.exists() and target.read_bytes() == data:
            return
        self._directory(target.parent)
        staged = self._stage / "page"
        durable.write_file(staged, data)
        os.replace(staged, target)
        durable.sync_directory(target.parent)

    def commit(self, pointer: bytes, expected: bytes | None) -> None:
        for directory in sorted(self._touched):
            durable.sync_directory(directory)
        staged = self._stage / POINTER
        durable.write_file(staged, pointer)
        durable.sync_directory(self.root)
        if self.pointer() != expected:
            raise StoreConflict("current.json was changed by somebody who does not hold the lock")
        os.replace(staged, self.root / POINTER)
        durable.sync_directory(self.root)

    @property
    def _stage(self) -> Path:
        return self.root / _STAGE

    def _blob(self, sha256: str) -> Path:
        return self.root / blob_path(sha256)

    def _acquire(self, lock: int) -> None:
        deadline = time.monotonic() + self._wait_seconds
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise StoreConflict("another publisher is at work in this folder") from None
                time.sleep(0.05)

    def _directory(self, path: Path) -> None:
        """Makes a directory, and remembers it and its parents for the fsync before the commit.

        Also when it exists: a dead publisher may have made it and not forced it to disk."""
        path.mkdir(parents=True, exist_ok=True)
        inside = path
        while inside != self.root:
            self._touched.add(inside)
            inside = inside.parent
        self._touched.add(self.root)

    def _expect(self, path: Path, sha256: str) -> None:
        """Never trusts a name."""
        if durable.sha256_of(path) != sha256:
            raise StoreDamaged(f"{path.relative_to(self.root)}: its bytes do not have this hash")

    def _place(self, staged: Path, target: Path) -> None:
        """Moves a whole folder to its final name.

        A folder that stands there already was left by a publisher that died before its commit: no whole
        release leads to it (guard.py has asked). It is kept when it is the same, and replaced when inputs
        changed since."""
        durable.sync_directory(staged)
        self._directory(target.parent)
        if target.exists():
            if _same_files(staged, target):
                shutil.rmtree(staged)
            else:
                os.rename(target, self._stage / "abandoned")
                os.rename(staged, target)
                shutil.rmtree(self._stage / "abandoned")
        else:
            os.rename(staged, target)
        self._touched.add(target)


def _same_files(one: Path, other: Path) -> bool:
    def listing(folder: Path) -> dict[str, str]:
        return {p.name: durable.sha256_of(p) for p in folder.iterdir()}

    return listing(one) == listing(other)
