"""Releases in a local folder, and the commit protocol that no kill and no power cut can break.

One `flock` (the kernel drops it when a process dies), an emptied stage, blobs and folders renamed into place whole,
every touched directory forced to disk, then the pointer: write, fsync, mark, rename, fsync. Running again finishes or
finds the same release.

`.committed/` holds the name of every release that `current.json` ever led to: what tells a release whose pointer was
lost from one that a dead publisher left. A name is written just before the pointer moves, and stands for nothing as
long as the new pointer still lies in the stage: the one rename takes it away there and puts it in force here.
"""

from __future__ import annotations

import fcntl
import json
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
_COMMITTED = ".committed"
#: what an operator may delete with `tuoyu gc`: the folders that only publishers write into, and only under the lock
_COLLECTED = ("blobs", "datasets", "releases", "signatures")


class LocalStore:
    """A folder on a file system with `flock` and atomic `rename`."""

    def __init__(self, root: Path, *, wait_seconds: float = 60.0) -> None:
        self.root = Path(root)
        self._wait_seconds = wait_seconds
        self._touched: set[Path] = set()

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """One `flock`, an emptied stage, and what a dead publisher may not have forced to disk."""
        durable.make_directory(self.root)
        lock = os.open(self.root / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            self._acquire(lock)
            self._touched.clear()
            self._forget_uncommitted()
            durable.empty_directory(self._stage)
            # a publisher may have died between its last rename and its last fsync
            durable.sync_directory(self.root)
            durable.sync_directory(self.root.absolute().parent)
            with self._stage_left_clean():
                yield
        finally:
            os.close(lock)

    @contextmanager
    def _stage_left_clean(self) -> Iterator[None]:
        """Who is refused leaves nothing; but a staged pointer stays: until it moved, its release was not led to."""
        try:
            yield
        except Exception:
            if not (self._stage / POINTER).exists():
                shutil.rmtree(self._stage, ignore_errors=True)
            raise
        shutil.rmtree(self._stage)

    def pointer(self) -> bytes | None:
        path = self.root / POINTER
        return path.read_bytes() if path.exists() else None

    def read(self, path: str, sha256: str | None = None) -> bytes:
        return self.local(path).read_bytes()

    def local(self, path: str, sha256: str | None = None) -> Path:
        found = self.root / path
        if not found.is_file():
            raise StoreDamaged(f"{path}: a published file is missing")
        return found

    def digest(self, path: str) -> tuple[int, str]:
        found = self.local(path)
        return found.stat().st_size, durable.sha256_of(found)

    def files(self) -> Iterator[str]:
        for folder, _, names in os.walk(self.root):
            yield from (Path(folder, name).relative_to(self.root).as_posix() for name in names)

    def release_ids(self) -> list[str]:
        folder = self.root / "releases"
        return sorted(p.name for p in folder.iterdir()) if folder.exists() else []

    def committed(self) -> list[str] | None:
        folder = self.root / _COMMITTED
        return sorted(p.name for p in folder.iterdir()) if folder.exists() else None

    def unfinished(self) -> str | None:
        """Only who holds the lock is at work: a `.stage` alone can be anybody's."""
        if not self._locked():
            return None
        try:
            return json.loads((self._stage / POINTER).read_bytes())["release"]
        except (FileNotFoundError, ValueError, KeyError):
            return ""

    def _locked(self) -> bool:
        try:
            lock = os.open(self.root / _LOCK, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False

    def put_blob(self, source: Path, sha256: str) -> None:
        """Copied into the stage, forced to disk, and renamed to its hash."""
        blob = self._blob(sha256)
        self._directory(blob.parent)
        if blob.exists():
            self._expect(blob, sha256)
            return
        staged = self._stage / sha256
        if durable.copy_file(source, staged) != sha256:
            raise StoreDamaged(f"{source.name}: changed after it was checked")
        os.rename(staged, blob)

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
        if target.exists() and target.read_bytes() == data:
            return
        staged = self._stage / target.name
        durable.write_file(staged, data)
        os.replace(staged, target)

    def complete(self) -> None:
        """From here on it is on record which releases were led to, also in a folder that lost its record."""
        pointer = self.pointer()
        if pointer:
            self._mark(pointer)
        elif self.committed() is None:
            durable.make_directory(self.root / _COMMITTED)

    def withdraw_version(self, dataset: str, version: str, tombstone: bytes, only: Collection[str]) -> None:
        self.discard([blob_path(sha256) for sha256 in only])
        staged = self._stage / "tombstone"
        staged.mkdir()
        durable.write_file(staged / TOMBSTONE, tombstone)
        self._place(staged, self.root / "datasets" / dataset / version)
        durable.sync_directory(self.root / "datasets" / dataset)

    def unreferenced(self, referenced: Collection[str]) -> list[str]:
        """The files that only abandoned attempts can have left: none of the relative paths ``referenced``, in order.

        Pages and what a person put beside the releases are not looked at. To be asked under the lock."""
        found = (p for top in _COLLECTED for p in (self.root / top).rglob("*") if p.is_file())
        return sorted({p.relative_to(self.root).as_posix() for p in found} - set(referenced))

    def discard(self, paths: Collection[str]) -> None:
        """Deletes files, by their relative paths, and the folders that become empty. One that is gone is no error."""
        for path in sorted(paths):
            file = self.root / path
            file.unlink(missing_ok=True)
            self._remove_empty(file.parent)

    def put_page(self, path: str, data: bytes) -> None:
        """Written whole beside, and renamed over what was there."""
        target = self.root / path
        if target.exists() and target.read_bytes() == data:
            return
        self._directory(target.parent)
        staged = self._stage / "page"
        durable.write_file(staged, data)
        os.replace(staged, target)
        self._sync_touched()

    def drop_pages(self, paths: Collection[str]) -> None:
        self.discard(paths)

    def commit(self, pointer: bytes, expected: bytes | None) -> None:
        """Every touched directory forced to disk, then one rename."""
        self._sync_touched()
        # under its own name only a pointer to a new release: what is led to again keeps its mark
        staged = self._stage / ("renewed" if self._marked(pointer).exists() else POINTER)
        durable.write_file(staged, pointer)
        durable.sync_directory(self._stage)
        if self.pointer() != expected:
            raise StoreConflict("current.json was changed by somebody who does not hold the lock")
        self._mark(pointer)
        os.replace(staged, self.root / POINTER)
        durable.sync_directory(self.root)

    @property
    def _stage(self) -> Path:
        return self.root / _STAGE

    def _blob(self, sha256: str) -> Path:
        return self.root / blob_path(sha256)

    def _marked(self, pointer: bytes) -> Path:
        return self.root / _COMMITTED / json.loads(pointer)["release"]

    def _mark(self, pointer: bytes) -> None:
        """On record: somebody is led to this release. Forced to disk also when it is there already."""
        mark = self._marked(pointer)
        durable.make_directory(mark.parent)
        if not mark.exists():
            durable.write_file(mark, b"")
        durable.sync_directory(mark.parent)

    def _forget_uncommitted(self) -> None:
        """A publisher died between its mark and the pointer: nobody was led to its release."""
        staged = self._stage / POINTER
        try:
            mark = self._marked(staged.read_bytes())
        except (FileNotFoundError, ValueError, KeyError):
            return  # not staged, or not whole: then it was not marked either
        mark.unlink(missing_ok=True)
        if mark.parent.exists():
            durable.sync_directory(mark.parent)

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

    def _sync_touched(self) -> None:
        for directory in sorted(self._touched):
            durable.sync_directory(directory)
        self._touched.clear()

    def _remove_empty(self, directory: Path) -> None:
        """Up to the first folder with something in it, whose list of names is forced to disk."""
        while not directory.exists() or (directory != self.root and not any(directory.iterdir())):
            if directory.exists():
                directory.rmdir()
            directory = directory.parent
        durable.sync_directory(directory)

    def _expect(self, path: Path, sha256: str) -> None:
        """Never trusts a name."""
        if durable.sha256_of(path) != sha256:
            raise StoreDamaged(f"{path.relative_to(self.root)}: its bytes do not have this hash")

    def _place(self, staged: Path, target: Path) -> None:
        """Moves a whole folder to its final name.

        A folder that stands there already was left by a publisher that died before its commit (guard.py has
        made sure), or its data is to go. It is kept when it is the same, and replaced when inputs changed since."""
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
