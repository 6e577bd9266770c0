"""A published version made once more from its own files, with some of it taken away or told differently.

What belongs here: the files of a replacement, `<version>+r<N>`. It is described as the version was, whatever the
contracts say today; a file that nothing is taken from keeps its bytes. What does not: which versions are replaced and
why (withdraw.py, redact.py), committing them (retire.py).
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from assets.release import durable, verify
from assets.release.comparison.changes import reader
from assets.release.comparison.version import Version
from assets.release.exporters import exporter, formats
from assets.release.history import DESCRIPTOR, PublishedVersion
from assets.release.manifest import DatasetEntry, FileEntry, canonical
from assets.release.pages.quality import page
from assets.release.quality.staged import report_of
from assets.release.refusal import Refused
from assets.release.staging import CHANGES, NOTES, QUALITY, QUALITY_PAGE, SUMS
from assets.release.stores import Store
from quality.disclosure.texts import require_safe_texts
from quality.report.retold import MayName, retold
from schemas.compile.duckdb import literal


@dataclass(frozen=True)
class Cut:
    """What a table has left: the SELECT of its rows, in order, and the columns that may be empty from now on."""

    select: str
    emptied: Collection[str] = ()


@dataclass(frozen=True)
class Change:
    """What is done to a version. ``cuts``: table -> what is left of it. ``changes``: the SELECT of `changes.csv`.

    ``may_name``: who may still be named in its quality report."""

    reason_zh: str
    reason_en: str
    changes: str
    cuts: dict[str, Cut] = field(default_factory=dict)
    may_name: MayName = field(default=lambda *_: True)


#: the files of a version that are written anew for its replacement
_RETOLD = (DESCRIPTOR, SUMS, CHANGES, NOTES, QUALITY, QUALITY_PAGE)

def replacement(version: str) -> str:
    """The number of the version that takes the place of this one."""
    number = Version.parse(version)
    return str(Version(number.major, number.minor, number.patch, number.redaction + 1))


def remake(
    con: DuckDBPyConnection, store: Store, version: PublishedVersion, change: Change, folder: Path
) -> DatasetEntry:
    """Writes the replacement of a version into the new ``folder`` and proves it; returns how a manifest lists it.

    Refused if a table was not published as Parquet, or if the files would not agree with their descriptor."""
    folder.mkdir(parents=True)
    number = replacement(version.entry.version)
    for file in version.entry.files:
        if file.name not in _RETOLD and _table_of(file.name) not in change.cuts:
            shutil.copyfile(store.local(file.path, file.sha256), folder / file.name)
    for table, cut in change.cuts.items():
        _write_table(con, version, table, cut, folder)
    exporter("csv").write(con, change.changes, folder / CHANGES)
    if version.entry.file(NOTES):
        (folder / NOTES).write_bytes(_notes(con, version, change, number, folder / CHANGES).encode())
    rows = _rows(con, version, folder, change)
    _tell_quality(store, version, change, number, rows, folder)
    _describe(version, change, number, rows, folder)
    write_sums(folder)
    # rows are what is left of rows that passed once; what is told of them is new
    files = {path.name: path for path in sorted(folder.iterdir())}
    require_safe_texts(files, proved=[name for name in files if name.endswith(".csv")])
    verify.verify_package(folder, sum(rows.values()))
    return DatasetEntry(version.entry.name, number, True, rows, _files(version.entry.name, number, folder))


def _tell_quality(
    store: Store, version: PublishedVersion, change: Change, number: str, rows: dict[str, int], folder: Path
) -> None:
    """The report of the version, which says whose place it takes; names that go are not in it any more."""
    report = report_of(store, version)
    if report:
        told = retold(report, number, (change.reason_zh, change.reason_en), rows, change.may_name)
        (folder / QUALITY).write_bytes(canonical(told))
        (folder / QUALITY_PAGE).write_bytes(page(told))


def write_sums(folder: Path) -> None:
    """`SHA256SUMS` of every file in a folder."""
    names = sorted(path.name for path in folder.iterdir())
    (folder / SUMS).write_bytes("".join(f"{durable.sha256_of(folder / n)}  {n}\n" for n in names).encode())


def _table_of(name: str) -> str:
    return name.rsplit(".", 1)[0]


def _write_table(con: DuckDBPyConnection, version: PublishedVersion, table: str, cut: Cut, folder: Path) -> None:
    """In every format the version has it in."""
    for name in formats():
        if version.entry.file(f"{table}.{name}"):
            exporter(name).write(con, cut.select, folder / f"{table}.{name}")


def source_of(store: Store, version: PublishedVersion, table: str) -> str:
    """What to SELECT a published table from, with its types. Refused if it was not published as Parquet."""
    file = version.entry.file(f"{table}.parquet")
    if file is None:
        raise Refused(f"{version.entry.folder}: {table} was not published as Parquet and cannot be made again")
    return f"read_parquet({literal(str(store.local(file.path, file.sha256)))})"


def _rows(con: DuckDBPyConnection, version: PublishedVersion, folder: Path, change: Change) -> dict[str, int]:
    """Rows by table, counted again where something was taken away."""
    rows = dict(version.entry.rows)
    for table in change.cuts:
        parquet = literal(str(folder / f"{table}.parquet"))
        rows[table] = (con.execute(f"SELECT count(*) FROM read_parquet({parquet})").fetchone() or (0,))[0]
    return rows


def _describe(version: PublishedVersion, change: Change, number: str, rows: dict[str, int], folder: Path) -> None:
    package: dict[str, Any] = copy.deepcopy(version.package)
    package["version"] = number
    for resource in package["resources"]:
        path, name = folder / resource["path"], resource["name"]
        resource["bytes"] = path.stat().st_size
        resource["hash"] = f"sha256:{durable.sha256_of(path)}"
        if name in change.cuts:
            resource["rows"] = rows[name]
            _relax(resource["schema"]["fields"], change.cuts[name].emptied)
    (folder / DESCRIPTOR).write_bytes(canonical(package))


def _relax(fields: list[dict[str, Any]], emptied: Collection[str]) -> None:
    """A column that was emptied is no longer required."""
    for one in fields:
        if one["name"] in emptied and "constraints" in one:
            one["constraints"].pop("required", None)
            if not one["constraints"]:
                del one["constraints"]


def _files(dataset: str, number: str, folder: Path) -> tuple[FileEntry, ...]:
    paths = sorted(folder.iterdir(), key=lambda p: p.name)
    base = f"datasets/{dataset}/{number}"
    return tuple(FileEntry(f"{base}/{p.name}", durable.sha256_of(p), p.stat().st_size) for p in paths)


def _notes(con: DuckDBPyConnection, version: PublishedVersion, change: Change, number: str, changes: Path) -> str:
    """The notes of a replacement: why it is there, and how much `changes.csv` tells. Counts only, no values."""
    package, old = version.package, version.entry.version
    counted = f"SELECT table_name, change, count(*) FROM {reader(changes)} GROUP BY ALL ORDER BY ALL"
    counts = con.execute(counted).fetchall()
    lines = [f"- {table}: {kind} {count:,}" for table, kind, count in counts]
    day, title_en = package["created"][:10], package.get("title_en", package["name"])
    zh = [f"# {package['title']} {number}", "", f"数据截至 {day}。本版本代替版本 {old}。", "", f"> {change.reason_zh}"]
    zh += ["", "`changes.csv` 所列（行数）：" if lines else "`changes.csv` 没有内容。", "", *lines]
    en = [f"# {title_en} {number}", "", f"As of {day}. This version takes the place of {old}.", ""]
    en += [f"> {change.reason_en}"]
    en += ["", "`changes.csv` lists (lines):" if lines else "`changes.csv` is empty.", "", *lines]
    return "\n".join([*zh, "", "---", "", *en]) + "\n"
