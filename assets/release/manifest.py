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
from datetime import date, timedelta
from typing import Any

from assets.release.stores import Store, StoreDamaged

FORMAT = "tuoyu-release/2"


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
    """One dataset as a release holds it. ``changed`` says whether this release made the version.

    ``confirmed``: why so large a change is right, in the words of the person who let it go out; None: none was."""

    name: str
    version: str
    changed: bool
    rows: dict[str, int]
    files: tuple[FileEntry, ...]
    confirmed: str | None = None

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
class Inputs:
    """What a release was made of: how much of the ledger, and the hashes of its contents and of the corrections."""

    receipts: int
    ledger_sha256: str
    corrections_sha256: str


@dataclass(frozen=True)
class Withdrawal:
    """A version whose data is gone, and why. Its hashes are kept in the tombstone."""

    dataset: str
    version: str
    withdrawn_on: str
    reason_zh: str
    reason_en: str
    tombstone: FileEntry
    replaced_by: str | None = None


@dataclass(frozen=True)
class Notice:
    """A redaction as the public is told of it: what was taken away from how many versions, and why; never a value.

    ``scope`` is `field`, `provider` or `provider-field`; ``number`` counts the redactions of a publisher from 1."""

    number: int
    scope: str
    table: str | None
    field: str | None
    redacted_on: str
    reason_zh: str
    reason_en: str
    versions: int


@dataclass(frozen=True)
class Manifest:
    """Everything a release holds, and what made it. ``inputs``: None when bare tables were handed in;
    ``signed_by``: the fingerprint of the key, None for a release that nobody signed.

    ``replacements``: versions made by this release in place of withdrawn ones that are not the newest of their
    dataset. ``withdrawn`` and ``redactions`` are carried on by every later release."""

    seq: int
    as_of: str
    profile: str
    publisher: str
    synthetic: bool
    schema_fingerprint: str
    writers: dict[str, str]
    code: str
    inputs: Inputs | None
    datasets: tuple[DatasetEntry, ...]
    withdrawn: tuple[Withdrawal, ...] = ()
    replacements: tuple[DatasetEntry, ...] = ()
    redactions: tuple[Notice, ...] = ()
    previous: Link | None = None
    signed_by: str | None = None
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

    def is_withdrawn(self, dataset: str, version: str) -> bool:
        """Whether the data of a version is gone as of this release."""
        return any((w.dataset, w.version) == (dataset, version) for w in self.withdrawn)

    @property
    def versions(self) -> tuple[DatasetEntry, ...]:
        """Every version this release leads to: the newest of each dataset, and what it made in place of others."""
        return (*self.datasets, *self.replacements)

    @property
    def made(self) -> tuple[DatasetEntry, ...]:
        """The versions this release made."""
        return tuple(entry for entry in self.versions if entry.changed)

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

    def pointer(
        self, as_of: date, valid_days: int | None, *, signed_by: str | None = None, last_day: date | None = None
    ) -> bytes:
        """The bytes of `current.json`: this release is what holds on ``as_of``, to be believed for so many days.

        ``last_day``: the last one of the certificate of the key ``signed_by``, which the pointer does not outlive."""
        said = {"release": self.release_id, "seq": self.manifest.seq, "sha256": self.manifest_sha256}
        days = [as_of + timedelta(days=valid_days)] if valid_days else []
        expires = min([*days, last_day] if last_day else days, default=None)
        when = {"as_of": as_of.isoformat(), "expires_on": expires.isoformat() if expires else None}
        return canonical(said | when | {"signed_by": signed_by})


def canonical(value: Any) -> bytes:
    """The one way a JSON document is written: UTF-8, two spaces, keys in the order of the shape."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def current_release(store: Store) -> Release | None:
    """The release `current.json` leads to, its manifest checked against the pointer (not its signature or expiry).

    None before the first release; StoreDamaged if the bytes do not have the hash that was promised."""
    return release_of(store, store.pointer())


def release_of(store: Store, data: bytes | None) -> Release | None:
    """The release that the bytes of a `current.json` lead to."""
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


def history(store: Store, last: Release | None = None) -> Iterator[Release]:
    """Every release from the current one, or from ``last``, back to the first, each checked against the one after."""
    release = last or current_release(store)
    while release:
        yield release
        previous = release.manifest.previous
        release = release_at(store, previous) if previous else None


def _manifest(raw: dict[str, Any]) -> Manifest:
    if raw["format"] != FORMAT:
        raise ValueError(raw["format"])
    return Manifest(
        **raw
        | {
            "datasets": tuple(_dataset(d) for d in raw["datasets"]),
            "inputs": Inputs(**raw["inputs"]) if raw["inputs"] else None,
            "withdrawn": tuple(_withdrawal(w) for w in raw["withdrawn"]),
            "replacements": tuple(_dataset(d) for d in raw["replacements"]),
            "redactions": tuple(Notice(**n) for n in raw["redactions"]),
            "previous": Link(**raw["previous"]) if raw["previous"] else None,
        }
    )


def _withdrawal(raw: dict[str, Any]) -> Withdrawal:
    return Withdrawal(**raw | {"tombstone": FileEntry(**raw["tombstone"])})


def _dataset(raw: dict[str, Any]) -> DatasetEntry:
    return DatasetEntry(**raw | {"files": tuple(FileEntry(**f) for f in raw["files"])})
