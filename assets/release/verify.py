"""Proof that staged files are what their descriptors and checksums say, before anything is placed.

Three engines at the border: frictionless as any outsider would run it, DuckDB reading every CSV back
against the Parquet, and plain hashing. What does not belong here: whether the data is right (quality/), reading
placed bytes back (readback.py).
"""

from __future__ import annotations

import json
from pathlib import Path

from duckdb import DuckDBPyConnection

from assets.release import durable
from assets.release.history import DESCRIPTOR
from assets.release.readback import verify_release as verify_release
from assets.release.staging import SUMS, Refused, Staged, Staging
from schemas.compile.duckdb import column_type, literal, quote
from schemas.model import Table

#: frictionless reads ten to twenty thousand rows a second: above this it sees the head of each table
FULL_ROWS = 50_000
HEAD_ROWS = 2_000
#: how frictionless marks the errors whose text quotes what is in a table
_QUOTING = frozenset({"#header", "#label", "#row", "#cell", "#content"})


def verify_staged(staging: Staging, staged: Staged) -> None:
    """Refused unless the staged version can be read back exactly as it was meant."""
    folder = staging.folder(staged.dataset.name)
    for name in staged.dataset.tables:
        csv = folder / f"{name}.csv"
        if csv.exists():
            _same_rows(staging.con, staging.registry.tables[name], csv, staging.ordered(name))
        _foreign_keys(staging, staged, name)
    verify_package(folder, sum(staged.rows.values()))


def verify_package(folder: Path, rows: int) -> None:
    """Refused unless checksums and descriptor agree with the files of a version with so many rows."""
    _sums(folder)
    _frictionless(folder, limited=rows > FULL_ROWS)


def _same_rows(con: DuckDBPyConnection, table: Table, csv: Path, ordered: Path) -> None:
    """Row by row, in order, with an explicit dialect: a guessing reader can lose rows in silence."""
    columns = ", ".join(f"{literal(f.name)}: {literal(column_type(f))}" for f in table.fields)
    reader = (
        f"read_csv({literal(str(csv))}, auto_detect = false, header = true, delim = ',', quote = '\"', "
        f"escape = '\"', nullstr = '', new_line = '\\n', strict_mode = true, columns = {{{columns}}})"
    )
    differs = " OR ".join(f"c.{quote(n)} IS DISTINCT FROM p.{quote(n)}" for n in table.field_names)
    written = f"read_parquet({literal(str(ordered))})"
    count = con.execute(f"SELECT count(*) FROM {reader} c POSITIONAL JOIN {written} p WHERE {differs}").fetchone()
    if count != (0,):
        raise Refused(f"{csv.name}: {count and count[0]} rows do not read back as they were written")


def _foreign_keys(staging: Staging, staged: Staged, name: str) -> None:
    """Every described key is found in its table. As in Table Schema, a key with a NULL in it is not asked."""
    for key in staging.registry.tables[name].foreign_keys:
        if key.table not in staged.dataset.tables:
            continue
        pairs = zip(key.fields, key.table_fields, strict=True)
        same = " AND ".join(f"h.{quote(here)} = t.{quote(there)}" for here, there in pairs)
        asked = " AND ".join(f"h.{quote(here)} IS NOT NULL" for here in key.fields)
        here, there = (f"read_parquet({literal(str(staging.ordered(t)))})" for t in (name, key.table))
        missing = f"{asked} AND NOT EXISTS (FROM {there} t WHERE {same})"
        count = staging.con.execute(f"SELECT count(*) FROM {here} h WHERE {missing}").fetchone()
        if count != (0,):
            raise Refused(f"{name}: {count and count[0]} rows without their row in {key.table}")


def _sums(folder: Path) -> None:
    """SHA256SUMS names every other file, with the hash it has on the disk."""
    lines = (folder / SUMS).read_text("utf-8").splitlines()
    promised = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    found = {p.name: durable.sha256_of(p) for p in folder.iterdir() if p.name != SUMS}
    if promised != found:
        raise Refused(f"{folder.name}: {SUMS} does not agree with the staged files")


def _frictionless(folder: Path, *, limited: bool) -> None:
    """The package as an outsider checks it. Imported here: it takes a third of a second.

    A limited check leaves out foreign keys, for which frictionless would read whole tables: DuckDB
    has looked them all up."""
    from frictionless import Package

    descriptor = json.loads((folder / DESCRIPTOR).read_text("utf-8"))
    if limited:
        for resource in descriptor["resources"]:
            resource.get("schema", {}).pop("foreignKeys", None)
    package = Package.from_descriptor(descriptor, basepath=str(folder))
    report = package.validate(limit_rows=HEAD_ROWS if limited else None, limit_errors=20)
    if not report.valid:
        errors = report.flatten(["rowNumber", "fieldName", "type", "title", "tags", "note"])
        places = sorted({_place(*error) for error in errors})
        raise Refused(f"{folder.name}: frictionless: {'; '.join(places[:20])}")


def _place(number: int | None, column: str | None, kind: str, title: str, tags: list[str], note: str) -> str:
    """Where and what kind; of a row, a cell or a header never the text: it would quote the value.

    A header too: where it is missing, the first row is taken for one."""
    if number or column or not _QUOTING.isdisjoint(tags):
        return f"{title} {kind} row {number or '-'} column {column or '-'}"
    return f"{title} {kind}: {note}"
