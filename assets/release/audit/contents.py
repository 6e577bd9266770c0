"""Bytes against what a manifest promises: versions, tombstones, and every path that something leads to.

What belongs here: reading files and comparing hashes. What does not: signatures, and how releases follow one another.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from assets.release.audit.report import Report
from assets.release.manifest import DatasetEntry, FileEntry
from assets.release.stores import TOMBSTONE, Store, StoreDamaged, blob_path
from assets.release.stores.local import LocalStore

SUMS, DESCRIPTOR = "SHA256SUMS", "datapackage.json"


@dataclass
class Contents:
    """The files of a store, each read once. ``expected``: every path that something leads to."""

    store: Store
    report: Report
    quick: bool
    expected: set[str] = field(default_factory=set)
    _hashed: dict[Any, tuple[int, str]] = field(default_factory=dict)

    def version(self, entry: DatasetEntry) -> None:
        """Every file of a version, in its folder and under its hash, and what the version says of itself."""
        self.report.versions += 1
        whole = [self.file(file) for file in entry.files]
        for file in entry.files:
            if not self.quick:
                self.file(FileEntry(blob_path(file.sha256), file.sha256, file.bytes))
        if all(whole):
            self._sums(entry)
            self._descriptor(entry)

    def _sums(self, entry: DatasetEntry) -> None:
        path = f"{entry.folder}/{SUMS}"
        files = sorted((f for f in entry.files if f.name != SUMS), key=lambda f: f.name)
        promised = "".join(f"{f.sha256}  {f.name}\n" for f in files)
        if entry.file(SUMS) is None or self._read(entry, SUMS).decode("utf-8", "replace") != promised:
            self.report.wrong("sums-differ", path)

    def _descriptor(self, entry: DatasetEntry) -> None:
        """Every hash and size that the descriptor states."""
        path = f"{entry.folder}/{DESCRIPTOR}"
        try:
            resources = json.loads(self._read(entry, DESCRIPTOR))["resources"]
            stated = {r["path"]: (r["bytes"], r["hash"].removeprefix("sha256:")) for r in resources if "hash" in r}
        except (ValueError, KeyError, TypeError, AttributeError, StoreDamaged):
            return self.report.wrong("descriptor-differs", path)
        files = {f.name: (f.bytes, f.sha256) for f in entry.files}
        for name in sorted(n for n, promise in stated.items() if files.get(n) != promise):
            self.report.wrong("descriptor-differs", path, name)

    def _read(self, entry: DatasetEntry, name: str) -> bytes:
        """A file of a version; a store that has not made its folder yet has the bytes under their hash."""
        file = entry.file(name)
        if file is None:
            raise StoreDamaged(name)
        try:
            return self.store.read(file.path)
        except StoreDamaged:
            return self.store.read(blob_path(file.sha256))

    def tombstone(self, tombstone: FileEntry, kept: set[str]) -> None:
        """The tombstone is there, and what it says was taken away is not."""
        self.expected.add(tombstone.path)
        try:
            data = self.store.read(tombstone.path)
            files = json.loads(data)["files"]
        except (StoreDamaged, ValueError, KeyError, TypeError):
            return self.report.wrong("tombstone-differs", tombstone.path)
        self.count(len(data))
        if (len(data), hashlib.sha256(data).hexdigest()) != (tombstone.bytes, tombstone.sha256):
            return self.report.wrong("tombstone-differs", tombstone.path)
        self.file(FileEntry(blob_path(tombstone.sha256), tombstone.sha256, tombstone.bytes))
        folder = tombstone.path.removesuffix(TOMBSTONE)
        for file in files:
            paths = [folder + file["name"]] + ([] if file["sha256"] in kept else [blob_path(file["sha256"])])
            for path in paths:
                if self.digest(path):
                    self.report.wrong("withdrawn-data", path)

    def file(self, file: FileEntry) -> bool:
        """Whether a file's bytes are those promised."""
        first = file.path not in self.expected  # two versions can share a blob
        self.expected.add(file.path)
        there = self.digest(file.path)
        if there is None and self.quick and self.digest(blob_path(file.sha256)) == (file.bytes, file.sha256):
            self.report.note("copy-missing", file.path)
            return True
        if there is None:
            self.report.wrong("file-missing", file.path)
            return False
        if first:
            self.count(there[0])
        if there != (file.bytes, file.sha256):
            self.report.wrong("file-differs", file.path, f"{there[0]} bytes, {there[1]}")
            return False
        return True

    def digest(self, path: str) -> tuple[int, str] | None:
        """Size and hash of a file; None if there is none. Names of one file on a disk are read once."""
        try:
            if not isinstance(self.store, LocalStore):
                return self.store.digest(path)
            stat = self.store.local(path).stat()
            key = (stat.st_dev, stat.st_ino)
            return self._hashed.get(key) or self._hashed.setdefault(key, self.store.digest(path))
        except StoreDamaged:
            return None

    def count(self, size: int) -> None:
        self.report.files += 1
        self.report.bytes += size

    def page(self, page: FileEntry) -> None:
        """A page is the one its list promises."""
        self.expected.add(page.path)
        there = self.digest(page.path)
        self.count(there[0] if there else 0)
        if there != (page.bytes, page.sha256):
            self.report.wrong("page-differs" if there else "page-missing", page.path)
