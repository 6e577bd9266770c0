"""What differs between two versions of a dataset, row by row and field by field.

Rows are compared by key, values by the text that CSV shows. What belongs here: the comparison in DuckDB,
`changes.csv` and its summary. What does not: what kind of change a difference is and why it came about (kinds.py),
what it means for the version (version.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from duckdb import DuckDBPyConnection

from schemas.compile.duckdb import literal, quote

#: the columns of `changes.csv`
COLUMNS = (
    "table_name",
    "change",
    "key",
    "field_name",
    "old_value",
    "new_value",
    "reason",
    "source_sha256",
    "received_on",
)
#: a change of a cell until kinds.py says which: a difference that nobody judged is an update
UNJUDGED = "updated"


@dataclass(frozen=True)
class TableFile:
    """The Parquet (or else CSV) file of a table in one version, its fields (as Table Schema has them) and key."""

    path: Path
    fields: tuple[dict[str, Any], ...]
    key: tuple[str, ...]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        return tuple(field["name"] for field in self.fields)

    def field(self, name: str) -> dict[str, Any] | None:
        """The field of that name, or None."""
        return next((field for field in self.fields if field["name"] == name), None)


@dataclass(frozen=True)
class TableChanges:
    """What differs in a table: whole rows ``added``, ``removed`` and ``hidden`` (redacted), rows of which fields
    ``changed``; then how many of those fields were corrected, updated, reformatted or redacted."""

    added: int = 0
    removed: int = 0
    hidden: int = 0
    changed: int = 0
    corrected: int = 0
    updated: int = 0
    reformatted: int = 0
    redacted: int = 0

    @property
    def any(self) -> bool:
        """Whether anything differs at all."""
        return any(vars(self).values())

    @property
    def grows(self) -> bool:
        """Whether more differs than what was wrong or written otherwise."""
        return bool(self.added or self.removed or self.hidden or self.updated or self.redacted)

    @property
    def lines(self) -> int:
        """How many lines of `changes.csv` they are."""
        return self.added + self.removed + self.hidden + self.fields

    @property
    def fields(self) -> int:
        """How many fields of rows that stay differ."""
        return self.corrected + self.updated + self.reformatted + self.redacted


class Comparison:
    """The differences of several tables, collected in one table of a connection."""

    def __init__(self, con: DuckDBPyConnection, name: str = "release_changes") -> None:
        self.con, self.table = con, name
        columns = ", ".join(f"{name} VARCHAR" for name in COLUMNS)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns}, field_no INTEGER)")

    def add(self, name: str, old: TableFile | None, new: TableFile | None) -> TableChanges:
        """Compares one table; None where a version does not have it."""
        if old and new and old.key == new.key:
            self._compare(name, old, new)
        else:  # no key in common: nothing can be called the same row
            self._whole(name, "removed", old)
            self._whole(name, "added", new)
        return self.summary(name)

    def summary(self, name: str) -> TableChanges:
        """The counts of one table."""
        whole = [f"count(*) FILTER (field_no = 0 AND change = '{c}')" for c in ("added", "removed", "redacted")]
        cells = ("corrected", "updated", "reformatted", "redacted")
        of_cells = [f"count(*) FILTER (field_no > 0 AND change = '{c}')" for c in cells]
        counts = ", ".join([*whole, "count(DISTINCT key) FILTER (field_no > 0)", *of_cells])
        query = f"SELECT {counts} FROM {self.table} WHERE table_name = ?"
        return TableChanges(*(self.con.execute(query, [name]).fetchone() or ()))

    def select(self) -> str:
        """The ordered SELECT that `changes.csv` is written from."""
        return f"SELECT {', '.join(COLUMNS)} FROM {self.table} ORDER BY table_name, key, change, field_no"

    def rows(self, limit: int | None = None) -> list[tuple[str | None, ...]]:
        """The differences in order, for a terminal."""
        return self.con.execute(self.select() + (f" LIMIT {limit}" if limit is not None else "")).fetchall()

    def _compare(self, name: str, old: TableFile, new: TableFile) -> None:
        columns = list(dict.fromkeys((*new.columns, *old.columns)))
        for side, file in (("old_side", old), ("new_side", new)):
            self.con.execute(f"CREATE OR REPLACE TEMP VIEW {side} AS {as_text(file, columns)}")
        self._one_sided(name, "removed", "old_side", "new_side", old.key)
        self._one_sided(name, "added", "new_side", "old_side", new.key)
        values = [column for column in columns if column not in new.key]
        if values:
            self._changed(name, new.key, values)

    def _one_sided(self, name: str, change: str, here: str, there: str, key: tuple[str, ...]) -> None:
        absent = f"NOT EXISTS (FROM {there} t WHERE {_same(key, 'h', 't')})"
        self._rows(name, change, key, f"{here} h WHERE {absent}")

    def _changed(self, name: str, key: tuple[str, ...], values: list[str]) -> None:
        """First the rows that differ, in one pass; then their fields, from those few."""
        differs = " OR ".join(f"o.{quote(c)} IS DISTINCT FROM n.{quote(c)}" for c in values)
        pairs = ", ".join(f"o.{quote(c)} AS o{i}, n.{quote(c)} AS n{i}" for i, c in enumerate(values))
        self.con.execute(
            f"CREATE OR REPLACE TEMP TABLE release_changed AS SELECT {key_json('n', key)} AS key, {pairs} "
            f"FROM old_side o JOIN new_side n ON {_same(key, 'o', 'n')} WHERE {differs}"
        )
        for i, column in enumerate(values):
            self.con.execute(
                f"INSERT INTO {self.table} SELECT {literal(name)}, '{UNJUDGED}', key, {literal(column)}, "
                f"o{i}, n{i}, NULL, NULL, NULL, {i + 1} FROM release_changed WHERE o{i} IS DISTINCT FROM n{i}"
            )

    def _whole(self, name: str, change: str, file: TableFile | None) -> None:
        if file:
            self._rows(name, change, file.key, f"({as_text(file, list(file.columns))}) h")

    def _rows(self, name: str, change: str, key: tuple[str, ...], rows: str) -> None:
        """One line for each whole row of ``rows``, which is called ``h``."""
        self.con.execute(
            f"INSERT INTO {self.table} SELECT {literal(name)}, {literal(change)}, {key_json('h', key)}, "
            f"NULL, NULL, NULL, NULL, NULL, NULL, 0 FROM {rows}"
        )


def as_text(file: TableFile, columns: list[str]) -> str:
    """Every column as the text that CSV shows; NULL for a column this version does not have."""
    sources = [quote(column) if column in file.columns else "NULL" for column in columns]
    shown = [f"CAST({s} AS VARCHAR) AS {quote(c)}" for s, c in zip(sources, columns, strict=True)]
    return f"SELECT {', '.join(shown)} FROM {reader(file.path)}"


def reader(path: Path) -> str:
    """What to SELECT a published file from. A version without Parquet is compared by its CSV, all texts."""
    if path.suffix == ".csv":
        return (
            f"read_csv({literal(str(path))}, auto_detect = false, header = true, delim = ',', quote = '\"', "
            f"escape = '\"', nullstr = '', new_line = '\\n', strict_mode = true, columns = {{{_texts(path)}}})"
        )
    return f"read_parquet({literal(str(path))})"


def _texts(path: Path) -> str:
    """Each column of a published CSV as text. Its header is one line: no name of a column holds a break."""
    with path.open(encoding="utf-8") as file:
        names = file.readline().rstrip("\n").split(",")
    return ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)


def _same(key: tuple[str, ...], one: str, other: str) -> str:
    return " AND ".join(f"{one}.{quote(k)} = {other}.{quote(k)}" for k in key)


def key_json(alias: str, key: tuple[str, ...]) -> str:
    """The key as a JSON object of texts, in the order of the contract: one text for one row."""
    pairs = ", ".join(f"{literal(k)}, CAST({alias}.{quote(k)} AS VARCHAR)" for k in key)
    return f"CAST(json_object({pairs}) AS VARCHAR)"
