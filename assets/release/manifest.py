"""The documents that lead a reader from `current.json` to every published byte.

What belongs here: the shape of the pointer and of a release manifest, their one way to be written as
bytes, and the chain from a release to the one before. What does not: writing files (store.py), deciding
versions (version.py).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from assets.release.store import Store, StoreDamaged

FORMAT = "tuoyu-release/1"


@dataclass(frozen=True)
class FileEntry:
    """One published file. ``path`` is relative to the published folder."""

    path: str
    sha256: str
    bytes: int

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class DatasetEntry:
    """One dataset as a release holds it. ``changed`` says whether this release made the version."""

    name: str
    version: str
    changed: bool
    rows: dict[str, int]
    files: tuple[FileEntry, ...]

    @property
    def folder(self) -> str:
        return f"datasets/{self.name}/{self.version}"

    def file(self, name: str) -> FileEntry | None:
        """The file of that name, or None."""
        return next((f for f in self.files if f.name == name), None)


@dataclass(frozen=True)
class Link:
    """The release before: its id and the hash of its manifest, so that history cannot be swapped."""

    release: str
    manifest_sha256: str


@dataclass(frozen=True)
class Manifest:
    """Everything a release holds, and what made it."""

    seq: int
    as_of: str
    profile: str
    publisher: str
    synthetic: bool
    schema_fingerprint: str
    writers: dict[str, str]
    datasets: tuple[DatasetEntry, ...]
    previous: Link | None = None
    format: str = field(default=FORMAT)

    def to_bytes(self) -> bytes:
        return canonical(asdict(self))

    @classmethod
    def from_bytes(cls, data: bytes) -> Manifest:
        """The manifest that was written. StoreDamaged if these bytes are no manifest."""
        try:
            return _manifest(json.loads(data))
        except (ValueError, KeyError, TypeError) as error:
            raise StoreDamaged("manifest.json: not a release manifest") from error

    def dataset(self, name: str) -> DatasetEntry | None:
        """The dataset of that name in this release, or None."""
        return next((d for d in self.datasets if d.name == name), None)


@dataclass(frozen=True)
class Release:
    """A manifest with its name."""

    release_id: str
    manifest: Manifest
    manifest_sha256: str

    @classmethod
    def of(cls, manifest: Manifest) -> Release:
        digest = hashlib.sha256(manifest.to_bytes()).hexdigest()
        return cls(f"{manifest.seq:06d}-{digest[:8]}", manifest, digest)

    @property
    def link(self) -> Link:
        return Link(self.release_id, self.manifest_sha256)

    def pointer(self) -> bytes:
        """The bytes of `current.json`."""
        seq = self.manifest.seq
        return canonical({"release": self.release_id, "seq": seq, "sha256": self.manifest_sha256})


def canonical(value: Any) -> bytes:
    """The one way a JSON document is written: UTF-8, two spaces, keys in the order of the shape."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def current_release(store: Store) -> Release | None:
    """The release `current.json` leads to, its manifest checked against the pointer.

    None before the first release; StoreDamaged if the bytes do not have the hash that was promised."""
    data = store.pointer()
    if data is None:
        return None
    try:
        pointer = json.loads(data)
        link = Link(pointer["release"], pointer["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        raise StoreDamaged("current.json: not a release pointer") from error
    return release_at(store, link)


def release_at(store: Store, link: Link) -> Release:
    """The release of a link. StoreDamaged unless its manifest has exactly the linked hash."""
    data = store.read(f"releases/{link.release}/manifest.json")
    digest = hashlib.sha256(data).hexdigest()
    if digest != link.manifest_sha256:
        raise StoreDamaged(f"releases/{link.release}/manifest.json: not the manifest that was released")
    return Release(link.release, Manifest.from_bytes(data), digest)


def history(store: Store) -> Iterator[Release]:
    """Every release from the current one back to the first, each checked against the one after it."""
    release = current_release(store)
    while release:
        yield release
        previous = release.manifest.previous
        release = release_at(store, previous) if previous else None


def _manifest(raw: dict[str, Any]) -> Manifest:
    if raw["format"] != FORMAT:
        raise ValueError(raw["format"])
    datasets = tuple(_dataset(d) for d in raw["datasets"])
    previous = Link(**raw["previous"]) if raw["previous"] else None
    return Manifest(**raw | {"datasets": datasets, "previous": previous})


def _dataset(raw: dict[str, Any]) -> DatasetEntry:
    return DatasetEntry(**raw | {"files": tuple(FileEntry(**f) for f in raw["files"])})
