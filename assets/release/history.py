"""Reading what is published: which versions a dataset has, and what differs between two of them.

What belongs here: questions about published versions, answered from manifests and descriptors. What does
not: staging a new version (staging.py), writing anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from assets.release.changes import COLUMNS, Comparison, TableChanges, TableFile
from assets.release.manifest import DatasetEntry, Release, current_release, history
from assets.release.standing import made_versions, newest_entries
from assets.release.stores import Store
from assets.release.stores.local import LocalStore
from assets.release.version import Bump, Version, decide

DESCRIPTOR = "datapackage.json"


class NoSuchVersion(LookupError):
    """The dataset or the version was never published; the message says what there is."""


@dataclass(frozen=True)
class PublishedVersion:
    """One version of a dataset: its files, and what it says about itself."""

    entry: DatasetEntry
    package: dict[str, Any]

    @classmethod
    def read(cls, store: Store, entry: DatasetEntry) -> PublishedVersion:
        return cls(entry, json.loads(store.read(f"{entry.folder}/{DESCRIPTOR}")))

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables of the dataset: the described resources with a key, but for the code lists."""
        resources = self.package["resources"]
        keyed = [r["name"] for r in resources if "primaryKey" in r.get("schema", {})]
        return tuple(name for name in keyed if name != "codelists")

    def table_file(self, store: Store, table: str) -> TableFile | None:
        """The file to compare a table with; None if this version does not have the table."""
        if table not in self.tables:
            return None
        resource = next(r for r in self.package["resources"] if r["name"] == table)
        best = self.entry.file(f"{table}.parquet") or self.entry.file(resource["path"])
        columns = tuple(f["name"] for f in resource["schema"]["fields"])
        return TableFile(store.local(best.path), columns, tuple(resource["schema"]["primaryKey"]))


@dataclass(frozen=True)
class Published:
    """When a version became public, and whether its data is gone since."""

    version: str
    release_id: str
    as_of: str
    withdrawn: bool = False


@dataclass(frozen=True)
class Difference:
    """What differs between two versions. ``rows`` have the columns of `changes.csv`."""

    dataset: str
    old: str
    new: str
    bump: Bump
    reasons: tuple[str, ...]
    changes: dict[str, TableChanges]
    rows: list[tuple[str | None, ...]]

    def changed_rows(self) -> list[dict[str, str | None]]:
        """The rows with the names of their columns."""
        return [dict(zip(COLUMNS, row, strict=True)) for row in self.rows]


def released_tables(store: Store, release: Release | None = None) -> Callable[[str], Path | None]:
    """Where the tables of a release lie, for a SELECT that goes on from them: of each dataset the newest that stands.

    Without ``release`` of the one that is current when first asked."""
    found: list[dict[str, DatasetEntry]] = []

    def table(name: str) -> Path | None:
        if not found:
            found.append(newest_entries(store, release or current_release(store)))
        files = [file for entry in found[0].values() if (file := entry.file(f"{name}.parquet"))]
        return store.local(files[0].path) if files else None

    return table


def highest_versions(store: Store) -> dict[str, Version]:
    """The highest number each dataset ever had, withdrawn ones too: none is given twice."""
    return {name: made[-1].number for name, made in made_versions(history(store)).items()}


def versions(published: Path | Store, dataset: str) -> list[Published]:
    """Every version of a dataset, lowest number first, each with the release that made it."""
    store = LocalStore(published) if isinstance(published, Path) else published
    current = current_release(store)
    gone = {w.version for w in current.manifest.withdrawn if w.dataset == dataset} if current else set()
    return [
        Published(made.entry.version, made.release.release_id, made.release.manifest.as_of, made.entry.version in gone)
        for made in made_versions(history(store)).get(dataset, [])
    ]


def diff(published: Path, dataset: str, old: str, new: str, *, limit: int | None = None) -> Difference:
    """What differs between two published versions, in either direction.

    ``limit`` bounds the rows handed back, not the counts. NoSuchVersion if one was never published."""
    store = LocalStore(published)
    one, other = _version(store, dataset, old), _version(store, dataset, new)
    con = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    con.execute("SET enable_progress_bar = false")
    comparison = Comparison(con)
    changes = {
        name: comparison.add(name, one.table_file(store, name), other.table_file(store, name))
        for name in dict.fromkeys((*other.tables, *one.tables))
    }
    decision = decide(one.package, other.package, rows_differ=any(c.any for c in changes.values()))
    rows = comparison.rows(limit)
    con.close()
    return Difference(dataset, old, new, decision.bump, decision.reasons, changes, rows)


def _entries(store: Store, dataset: str) -> Iterator[tuple[str, str, DatasetEntry]]:
    """(release, as-of date, entry) of a dataset in every release, the latest first."""
    for release in history(store):
        for entry in release.manifest.versions:
            if entry.name == dataset:
                yield release.release_id, release.manifest.as_of, entry


def _version(store: Store, dataset: str, version: str) -> PublishedVersion:
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
