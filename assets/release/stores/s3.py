"""Releases in an S3-compatible store: no lock, no rename, and one conditional write that decides.

Before the commit only objects are written whose name says what is in them: blobs, the folder of the release,
signatures, each only if it is absent. The commit replaces `current.json` if it still has the bytes this publisher began
with, so of many publishers at once one wins and the others have published nothing. The folders of the versions, named
for people, are copied from the blobs after it; every publisher first completes what the last one may have left undone,
and a reader who knows a file's hash reads its blob until then.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from assets.release.manifest import DatasetEntry, current_release
from assets.release.stores import POINTER, TOMBSTONE, StoreConflict, StoreDamaged, blob_path, places, signature_path
from assets.release.stores.access import Access
from assets.release.stores.downloads import download_folder
from assets.release.stores.objects import PROBES, Missing, Objects

#: the releases that were ever committed: an empty object each, written by whoever completes it
_COMMITTED = ".committed"
#: in the scratch folder; the kernel drops it when a process dies
_LOCK = ".publisher"
_COLLECTED = ("blobs", "datasets", "releases", "signatures", PROBES)
_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "jsonld": "application/ld+json",
    "md": "text/markdown; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "ttl": "text/turtle",
    "xml": "application/xml",
}
#: what is told to caches: a withdrawn version must not outlive the day in one, the pointer must always be asked for
_FIXED, _MOVING = "public, max-age=3600", "no-cache"


class S3Store:
    """The objects of a bucket below a prefix.

    ``scratch`` is a local folder for downloads. What no release leads to counts as garbage after ``garbage_after``:
    until then a publisher at work may need it."""

    def __init__(
        self,
        bucket: str,
        prefix: str,
        access: Access,
        *,
        scratch: Path,
        garbage_after: timedelta = timedelta(days=1),
        retries: int = 4,
    ) -> None:
        self._objects = Objects(bucket, prefix, access, retries=retries)
        self._scratch = scratch
        self._garbage_after = garbage_after
        self._is_fit = False

    @property
    def address(self) -> str:
        return self._objects.address

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """No lock in the store: the commit decides. StoreUnfit before anything is written if it cannot decide.

        Publishers of one workspace would write over each other's stage: of these only one is let in."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._scratch / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            _let_in(lock)
            if not self._is_fit:
                self._objects.probe()
                self._is_fit = True
            yield
        finally:
            os.close(lock)

    def pointer(self) -> bytes | None:
        try:
            return self._objects.get(POINTER).data
        except Missing:
            return None

    def read(self, path: str, sha256: str | None = None) -> bytes:
        """From its place, or by its hash while the folders of the versions are still being made."""
        for name in places(path, sha256):
            try:
                data = self._objects.get(name).data
            except Missing:
                continue
            _expect(path, hashlib.sha256(data).hexdigest(), sha256)
            return data
        raise StoreDamaged(f"{path}: a published file is missing")

    def local(self, path: str, sha256: str | None = None) -> Path:
        """Downloaded anew whenever it is asked for: what is verified is what the store has now."""
        folder = download_folder(self._scratch)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as part:
            found = self._download(part, path, sha256)
        _expect(path, found, sha256)
        name = hashlib.sha256(f"{self.address}/{path} {found}".encode()).hexdigest()
        return Path(part.name).replace(folder / f"{name}{Path(path).suffix}")  # readers go by it

    def digest(self, path: str) -> tuple[int, str]:
        try:
            return self._objects.digest(path)
        except Missing:
            raise StoreDamaged(f"{path}: a published file is missing") from None

    def files(self) -> Iterator[str] | None:
        """All but what another publisher asks the store with at this moment."""
        return iter(sorted(name for name in self._objects.list("") if not name.startswith(f"{PROBES}/")))

    def release_ids(self) -> list[str]:
        return self._objects.folders("releases")

    def committed(self) -> list[str] | None:
        return sorted(name.rsplit("/", 1)[-1] for name in self._objects.list(_COMMITTED))

    def unfinished(self) -> str | None:
        """Nobody can tell: there is no lock and no stage."""
        return None

    def put_blob(self, source: Path, sha256: str) -> None:
        data = source.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StoreDamaged(f"{source.name}: changed after it was checked")
        name, served = blob_path(sha256), _attributes(source.name)
        if not self._objects.create(name, data, served) and name in self._old(name.rpartition("/")[0]):
            self._objects.put(name, data, served)  # it may be garbage that is just being collected

    def put_version(self, dataset: str, version: str, files: Mapping[str, str]) -> None:
        """Nothing yet: `complete` makes the folder once the release that holds this version is committed."""

    def put_release(self, release_id: str, documents: Mapping[str, bytes]) -> None:
        for name, data in sorted(documents.items()):
            write = self._put_signature if name.endswith(".sig") else self._put_document
            write(f"releases/{release_id}/{name}", data)

    def put_signature(self, sha256: str, data: bytes) -> None:
        self._put_signature(signature_path(sha256), data)

    def commit(self, pointer: bytes, expected: bytes | None) -> None:
        self._objects.swap(POINTER, pointer, expected, _attributes(POINTER, _MOVING))

    def complete(self) -> None:
        """The folders of the versions that the current release made, and its mark; each object only if it is absent."""
        release = current_release(self)
        if release is None:
            return
        manifest = release.manifest
        self._objects.create(f"{_COMMITTED}/{release.release_id}", b"", {})
        for entry in manifest.made:
            if not manifest.is_withdrawn(entry.name, entry.version):
                self._place(entry)

    def withdraw_version(self, dataset: str, version: str, tombstone: bytes, only: Collection[str]) -> None:
        folder = f"datasets/{dataset}/{version}"
        self._objects.delete([blob_path(sha256) for sha256 in only])
        self._objects.delete(set(self._objects.list(folder)) - {f"{folder}/{TOMBSTONE}"})
        self._objects.put(f"{folder}/{TOMBSTONE}", tombstone, _attributes(TOMBSTONE))

    def unreferenced(self, referenced: Collection[str]) -> list[str]:
        """The objects that only abandoned attempts can have left: none of the paths ``referenced``, in order.

        Only those that have lain there for a while: there is no lock, and what a publisher at work has written is
        not led to before it commits."""
        return sorted(self._old(*_COLLECTED) - set(referenced))

    def discard(self, paths: Collection[str]) -> None:
        """Deletes garbage, by relative paths, but nothing that was written anew since it was found."""
        self._objects.delete(self._old(*_COLLECTED) & set(paths))

    def put_page(self, path: str, data: bytes) -> None:
        self._objects.put(path, data, _attributes(path, _MOVING))

    def drop_pages(self, paths: Collection[str]) -> None:
        self._objects.delete(paths)

    def _download(self, target: BinaryIO, path: str, sha256: str | None) -> str:
        for name in places(path, sha256):
            try:
                return self._objects.digest(name, target)[1]
            except Missing:
                continue
        raise StoreDamaged(f"{path}: a published file is missing")

    def _old(self, *folders: str) -> set[str]:
        """What was written so long ago that no publisher at work can have written it."""
        old = datetime.now(UTC) - self._garbage_after
        return {name for folder in folders for name, time in self._objects.list(folder).items() if time < old}

    def _put_document(self, path: str, data: bytes) -> None:
        self._objects.create(path, data, _attributes(path))

    def _put_signature(self, path: str, data: bytes) -> None:
        """A publisher that died may have signed the same bytes with the key of last year."""
        try:
            self._put_document(path, data)
        except StoreDamaged:
            self._objects.put(path, data, _attributes(path))

    def _place(self, entry: DatasetEntry) -> None:
        """Copies what is missing of a version's folder from the blobs."""
        there = self._objects.list(entry.folder)
        for file in entry.files:
            if file.path in there:
                continue
            try:
                self._objects.copy(blob_path(file.sha256), file.path)
            except Missing:
                raise StoreDamaged(f"{file.path}: its blob is missing") from None


def _let_in(lock: int) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise StoreConflict(
            "这个工作区里另一个发布进程正在运行，请稍后再试。 "
            "Another publisher is at work in this workspace: try again."
        ) from None


def _expect(path: str, found: str, sha256: str | None) -> None:
    if sha256 and found != sha256:
        raise StoreDamaged(f"{path}: not the bytes that were released")


def _attributes(name: str, cache: str = _FIXED) -> dict[str, str]:
    """How an object is served. The type of a blob is that of the first file that had these bytes."""
    return {"Content-Type": _TYPES.get(name.rpartition(".")[2], "application/octet-stream"), "Cache-Control": cache}
