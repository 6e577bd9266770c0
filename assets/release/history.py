"""Reading what is published: which versions a dataset has, and where they are.

What belongs here: questions about published versions, answered from manifests and descriptors. What does
not: comparing two of them (difference.py), staging a new version (staging.py), writing anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.release.comparison.changes import TableFile
from assets.release.manifest import DatasetEntry, Release, current_release, history
from assets.release.standing import made_versions, newest_entries
from assets.release.stores import Store
from assets.release.stores.opening import as_store

DESCRIPTOR = "datapackage.json"


class NoSuchVersion(LookupError):
    """The dataset or the version was never published; the message says what there is."""


def described_tables(package: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The tables a descriptor tells of, by name: the resources with a key, but for the code lists."""
    keyed = {r["name"]: r for r in package["resources"] if "primaryKey" in r.get("schema", {})}
    return {name: resource for name, resource in keyed.items() if name != "codelists"}


def table_file(path: Path, resource: dict[str, Any]) -> TableFile:
    """A file of a table as its descriptor tells of it."""
    schema = resource["schema"]
    return TableFile(path, tuple(schema["fields"]), tuple(schema["primaryKey"]))


@dataclass(frozen=True)
class PublishedVersion:
    """One version of a dataset: its files, and what it says about itself."""

    entry: DatasetEntry
    package: dict[str, Any]

    @classmethod
    def read(cls, store: Store, entry: DatasetEntry) -> PublishedVersion:
        file = entry.file(DESCRIPTOR)
        return cls(entry, json.loads(store.read(file.path, file.sha256)))

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of the dataset."""
        return tuple(described_tables(self.package))

    def table_file(self, store: Store, table: str) -> TableFile | None:
        """The file to compare a table with; None if this version does not have the table."""
        resource = described_tables(self.package).get(table)
        if resource is None:
            return None
        best = self.entry.file(f"{table}.parquet") or self.entry.file(resource["path"])
        return table_file(store.local(best.path, best.sha256), resource)


@dataclass(frozen=True)
class Published:
    """When a version became public, and whether its data is gone since."""

    version: str
    release_id: str
    as_of: str
    withdrawn: bool = False


def released_tables(store: Store, release: Release | None = None) -> Callable[[str], Path | None]:
    """Where the tables of a release lie, for a SELECT that goes on from them: of each dataset the newest that stands.

    Without ``release`` of the one that is current when first asked."""
    found: list[dict[str, DatasetEntry]] = []

    def table(name: str) -> Path | None:
        if not found:
            found.append(newest_entries(store, release or current_release(store)))
        files = [file for entry in found[0].values() if (file := entry.file(f"{name}.parquet"))]
        return store.local(files[0].path, files[0].sha256) if files else None

    return table


def versions(published: Path | Store, dataset: str) -> list[Published]:
    """Every version of a dataset, lowest number first, each with the release that made it."""
    store = as_store(published)
    current = current_release(store)
    gone = {w.version for w in current.manifest.withdrawn if w.dataset == dataset} if current else set()
    return [
        Published(made.entry.version, made.release.release_id, made.release.manifest.as_of, made.entry.version in gone)
        for made in made_versions(history(store)).get(dataset, [])
    ]


def find_version(store: Store, dataset: str, version: str) -> PublishedVersion:
    """A published version. NoSuchVersion says what there is, or why its data is gone."""
    current = current_release(store)
    for gone in current.manifest.withdrawn if current else ():
        if (gone.dataset, gone.version) == (dataset, version):
            instead = f" 代替它的是 replaced by {gone.replaced_by}." if gone.replaced_by else ""
            raise NoSuchVersion(
                f"{dataset} {version} 已于 {gone.withdrawn_on} 撤回，数据已删除：{gone.reason_zh} "
                f"was withdrawn, its data is gone: {gone.reason_en}.{instead}"
            )
    known = []
    for _, _, entry in _entries(store, dataset):
        if entry.version == version:
            return PublishedVersion.read(store, entry)
        known.append(entry.version)
    there_is = ", ".join(dict.fromkeys(reversed(known))) or "none"
    raise NoSuchVersion(f"{dataset} {version} was never published; published versions: {there_is}")


def _entries(store: Store, dataset: str) -> Iterator[tuple[str, str, DatasetEntry]]:
    """(release, as-of date, entry) of a dataset in every release, the latest first."""
    for release in history(store):
        for entry in release.manifest.versions:
            if entry.name == dataset:
                yield release.release_id, release.manifest.as_of, entry
