"""Reading what is published: which versions a dataset has, and where they are.

What belongs here: questions about published versions, answered from manifests and descriptors. What does
not: comparing two of them (difference.py), staging a new version (staging.py), writing anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assets.release.comparison.changes import TableFile
from assets.release.manifest import DatasetEntry, FileEntry, Release, current_release, history
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


def told_tables(store: Store, release: Release | None = None) -> Callable[[Collection[str]], list[dict[str, Path]]]:
    """Where the tables of every release up to ``release`` (the current one) lie, for what may not be told any more.

    Oldest first, each set of files once. Versions that were withdrawn by then are not among them, only what replaced
    them: their data is gone, and whoever kept a copy knows more than the store."""
    found: list[dict[str, FileEntry]] = []
    asked: list[Release] = []

    def tables(names: Collection[str]) -> list[dict[str, Path]]:
        if not asked and (last := release or current_release(store)):
            asked.append(last)
            found.extend(_files_by_table(entries) for entries in _entries_told(store, last))
        told = [{name: files[name] for name in sorted(names) if name in files} for files in found]
        once = {tuple((name, file.sha256) for name, file in files.items()): files for files in told if files}
        return [{name: store.local(f.path, f.sha256) for name, f in files.items()} for files in once.values()]

    return tables


def _entries_told(store: Store, last: Release) -> list[list[DatasetEntry]]:
    """The versions that each release led to, oldest first; for one withdrawn since what stands in its place, if any."""
    releases = list(history(store, last))[::-1]
    gone = {(w.dataset, w.version): w.replaced_by for w in last.manifest.withdrawn}
    made = {(e.name, e.version): e for release in releases for e in release.manifest.versions}

    def stands(entry: DatasetEntry) -> DatasetEntry | None:
        while entry and (entry.name, entry.version) in gone:
            entry = made.get((entry.name, gone[entry.name, entry.version] or ""))
        return entry

    return [[kept for entry in release.manifest.datasets if (kept := stands(entry))] for release in releases]


def _files_by_table(entries: list[DatasetEntry]) -> dict[str, FileEntry]:
    files = [file for entry in entries for file in entry.files if file.name.endswith(".parquet")]
    return {file.name.removesuffix(".parquet"): file for file in files}


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
