"""A dataset version made ready in the work folder: ordered tables, exported files, descriptor, checksums.

What belongs here: everything written before anything is published. What does not: the version's number
(version.py), proving the staged files (verify.py), `published/` (store.py).
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from duckdb import DuckDBPyConnection

from assets.release import durable
from assets.release.comparison.changes import Comparison, TableChanges
from assets.release.comparison.confirmation import Confirmation, Weighed
from assets.release.comparison.knowledge import Knowledge
from assets.release.exporters import exporter, parquet
from assets.release.history import DESCRIPTOR
from assets.release.manifest import FileEntry, Manifest, canonical
from assets.release.refusal import Refused
from assets.release.retraction.redactions import Redaction, left_of
from quality.checks import CheckResult, check_table
from quality.disclosure.columns import require_safe
from schemas.compile.data_package import (
    changes_resource,
    codelists_resource,
    codelists_rows,
    data_package,
    file_resource,
    notes_resource,
    quality_resources,
    table_resource,
)
from schemas.compile.duckdb import column_type, literal, order_by, quote
from schemas.model import Dataset, Table
from schemas.registry import Registry

if TYPE_CHECKING:
    from assets.release.quality.asked import Quality

CHANGES = "changes.csv"
CODELISTS = "codelists.csv"
NOTES = "CHANGES.md"
QUALITY, QUALITY_PAGE = "quality.json", "quality.html"
SUMS = "SHA256SUMS"


@dataclass
class Staging:
    """Where one run stages, and with what; the release ``before`` it, and what is known of how things came about.

    ``versions``: of each dataset how many were ever made, and how many of them stand. ``checked``: what came of the
    contract of each table that was ordered."""

    con: DuckDBPyConnection
    registry: Registry
    open_dir: Path
    work_dir: Path
    as_of: date
    before: Manifest | None = None
    knowledge: Knowledge | None = None
    made_by: tuple[str, str] = ("", "")  # contracts and code, as a manifest has them
    redactions: tuple[Redaction, ...] = ()
    confirm: Confirmation = field(default_factory=Confirmation)
    quality: Quality | None = None
    versions: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    checked: dict[str, list[CheckResult]] = field(default_factory=dict)

    def ordered(self, table: str) -> Path:
        return self.work_dir / "ordered" / f"{table}.parquet"

    def folder(self, dataset: str) -> Path:
        return self.work_dir / "datasets" / dataset


@dataclass
class Staged:
    """One dataset: its ordered tables, and what differs from the version before.

    ``evaluated``: of the tables that differ, whether corrections could be told from updates. ``weighed``: how much of
    each differs, and ``confirmed`` why that is right, where a person was asked."""

    dataset: Dataset
    rows: dict[str, int]
    package: dict[str, Any]
    changes: dict[str, TableChanges] = field(default_factory=dict)
    evaluated: dict[str, bool] = field(default_factory=dict)
    weighed: tuple[Weighed, ...] = ()
    confirmed: str | None = None


def connect(work_dir: Path, threads: int | None, memory: str | None) -> DuckDBPyConnection:
    """A DuckDB that fetches nothing, keeps order, and spills beside the stage."""
    config: dict[str, str | int] = {"autoinstall_known_extensions": "false", "TimeZone": "UTC"}
    config |= {"threads": threads} if threads else {}
    config |= {"memory_limit": memory} if memory else {}
    con = duckdb.connect(config=config)
    con.execute(f"SET temp_directory = {literal(str(work_dir / 'spill'))}")
    con.execute("SET preserve_insertion_order = true")
    con.execute("SET enable_progress_bar = false")
    return con


def order_table(staging: Staging, table: Table) -> int:
    """Writes a table in the order of its key, once, for every exporter; returns its number of rows.

    Refused if its columns are not the contract's, a rule fails or its key is not unique; DisclosureRefused
    if it holds what must not leave. An empty text becomes NULL: there is one way to say nothing."""
    source = staging.open_dir / f"{table.name}.parquet"
    relation = f"read_parquet({literal(str(source))})"
    _require_contract(staging.con, table, relation)
    target = staging.ordered(table.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    columns = ", ".join(_plain(f.name, f.type in ("string", "list")) for f in table.fields)
    types = {f.name: column_type(f) for f in table.fields}
    left = left_of(types, table.key, table.name, staging.redactions)
    rows = f"({left.replace('{relation}', relation)})" if left else relation
    parquet.write(staging.con, f"SELECT {columns} FROM {rows} ORDER BY {order_by(table)}", target)
    ordered = f"read_parquet({literal(str(target))})"
    require_safe(staging.con, table, ordered)
    _require_rules(staging, table, ordered)
    return _require_key(staging.con, table, ordered)


def _plain(name: str, text: bool) -> str:
    return f"nullif({quote(name)}, '') AS {quote(name)}" if text else quote(name)


def _require_contract(con: DuckDBPyConnection, table: Table, relation: str) -> None:
    """The private or unknown column is the disclosure gate's to name; the rest is named here."""
    found = {row[0]: row[1] for row in con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
    extra = sorted(set(found) - set(table.field_names))
    missing = [name for name in table.field_names if name not in found]
    types = [f.name for f in table.fields if f.name in found and found[f.name] != column_type(f)]
    if extra:
        require_safe(con, table, relation)
    for what, columns in (("missing columns", missing), ("other types than the contract", types)):
        if columns:
            raise Refused(f"{table.name}: {what}: {', '.join(columns)}")


def _require_rules(staging: Staging, table: Table, relation: str) -> None:
    """The contract once more, of what is left: the file may have been touched since the build checked it."""
    results = check_table(staging.con, staging.registry, table, relation, staging.as_of)
    staging.checked[table.name] = results
    broken = [f"{r.code} {r.column} ({r.failed_count} rows)" for r in results if r.blocks and r.column]
    if broken:
        raise Refused(f"{table.name}: {'; '.join(broken)}")


def _require_key(con: DuckDBPyConnection, table: Table, relation: str) -> int:
    key = ", ".join(quote(k) for k in table.key)
    nothing = " OR ".join(f"{quote(k)} IS NULL" for k in table.key)
    rows, distinct, empty = con.execute(
        f"SELECT count(*), count(DISTINCT ({key})), count(*) FILTER ({nothing}) FROM {relation}"
    ).fetchone() or (0, 0, 0)
    if rows != distinct or empty:
        raise Refused(f"{table.name}: {rows - distinct} rows repeat a key, {empty} have none")
    return rows


def describe(staging: Staging, dataset: Dataset, version: str) -> dict[str, Any]:
    """The package without sizes and hashes: what a version says about itself."""
    registry, resources = staging.registry, []
    for table in (registry.tables[name] for name in dataset.tables):
        for name in dataset.formats:
            module, path = exporter(name), f"{table.name}.{name}"
            if getattr(module, "TABULAR", False):
                resources.append(table_resource(registry, dataset, table, path))
            else:
                resources.append(file_resource(table, path, format=module.FORMAT, mediatype=module.MEDIATYPE))
    resources += [changes_resource(registry, CHANGES), codelists_resource(CODELISTS), notes_resource(NOTES)]
    resources += quality_resources(QUALITY, QUALITY_PAGE)
    return data_package(registry, dataset, version=version, as_of=staging.as_of, resources=resources)


def codelists_bytes(registry: Registry, dataset: Dataset) -> bytes:
    """`codelists.csv`."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(codelists_rows(registry, dataset))
    return text.getvalue().encode()


def sha256_of_bytes(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def export(
    staging: Staging, staged: Staged, comparison: Comparison, notes: str, reports: Mapping[str, bytes]
) -> None:
    """Writes every file of a new version into the dataset's stage folder and fills in what they weigh."""
    folder, dataset = staging.folder(staged.dataset.name), staged.dataset
    folder.mkdir(parents=True)
    for table in dataset.tables:
        source = f"SELECT * FROM read_parquet({literal(str(staging.ordered(table)))})"
        for name in dataset.formats:
            exporter(name).write(staging.con, source, folder / f"{table}.{name}")
    exporter("csv").write(staging.con, comparison.select(), folder / CHANGES)
    (folder / CODELISTS).write_bytes(codelists_bytes(staging.registry, dataset))
    (folder / NOTES).write_bytes(notes.encode())
    for name, data in reports.items():
        (folder / name).write_bytes(data)
    _weigh(folder, staged)
    (folder / DESCRIPTOR).write_bytes(canonical(staged.package))
    names = sorted(p.name for p in folder.iterdir())
    sums = "".join(f"{durable.sha256_of(folder / name)}  {name}\n" for name in names)
    (folder / SUMS).write_bytes(sums.encode())


def _weigh(folder: Path, staged: Staged) -> None:
    """Size, hash and rows of each described file."""
    for resource in staged.package["resources"]:
        path = folder / resource["path"]
        resource["bytes"] = path.stat().st_size
        resource["hash"] = f"sha256:{durable.sha256_of(path)}"
        if resource["name"] in staged.rows:
            resource["rows"] = staged.rows[resource["name"]]


def file_entries(staging: Staging, dataset: str, version: str) -> tuple[FileEntry, ...]:
    """The staged files as the manifest will list them."""
    paths = sorted(staging.folder(dataset).iterdir(), key=lambda p: p.name)
    base = f"datasets/{dataset}/{version}"
    return tuple(FileEntry(f"{base}/{p.name}", durable.sha256_of(p), p.stat().st_size) for p in paths)
