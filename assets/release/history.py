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
from assets.release.stores import Store
from assets.release.stores.opening import as_store
from assets.release.version import Bump, decide

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
        file = entry.file(DESCRIPTOR)
        return cls(entry, json.loads(store.read(file.path, file.sha256)))

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
        return TableFile(store.local(best.path, best.sha256), columns, tuple(resource["schema"]["primaryKey"]))


@dataclass(frozen=True)
class Published:
    """When a version became public."""

    version: str
    release_id: str
    as_of: str


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
    """Where the tables of a release lie, for a SELECT that goes on from them.

    Without ``release`` of the one that is current when first asked."""
    found: list[Release | None] = [release] if release else []

    def table(name: str) -> Path | None:
        if not found:
            found.append(current_release(store))
        entries = found[0].manifest.datasets if found[0] else ()
        files = [file for entry in entries if (file := entry.file(f"{name}.parquet"))]
        return store.local(files[0].path, files[0].sha256) if files else None

    return table


def versions(published: Path | Store, dataset: str) -> list[Published]:
    """Every version of a dataset, the first one first, each with the release that made it."""
    found = [
        Published(entry.version, release_id, as_of)
        for release_id, as_of, entry in _entries(as_store(published), dataset)
        if entry.changed
    ]
    return found[::-1]


def diff(published: Path | Store, dataset: str, old: str, new: str, *, limit: int | None = None) -> Difference:
    """What differs between two published versions, in either direction.

    ``limit`` bounds the rows handed back, not the counts. NoSuchVersion if one was never published."""
    store = as_store(published)
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
        entry = release.manifest.dataset(dataset)
        if entry:
            yield release.release_id, release.manifest.as_of, entry


def _version(store: Store, dataset: str, version: str) -> PublishedVersion:
    known = []
    for _, _, entry in _entries(store, dataset):
        if entry.version == version:
            return PublishedVersion.read(store, entry)
        known.append(entry.version)
    there_is = ", ".join(dict.fromkeys(reversed(known))) or "none"
    raise NoSuchVersion(f"{dataset} {version} was never published; published versions: {there_is}")
