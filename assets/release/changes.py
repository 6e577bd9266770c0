"""What differs between two versions of a dataset, row by row and field by field.

Rows are compared by key, values by the text that CSV shows. What belongs here: the comparison in DuckDB,
`changes.csv` and its summary. What does not: what a difference means for the version (version.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from duckdb import DuckDBPyConnection

from schemas.compile.duckdb import literal, quote

#: the columns of `changes.csv`
COLUMNS = ("table_name", "change", "key", "field_name", "old_value", "new_value")


@dataclass(frozen=True)
class TableFile:
    """The Parquet (or else CSV) file of a table in one version, with its columns in order and its key."""

    path: Path
    columns: tuple[str, ...]
    key: tuple[str, ...]


@dataclass(frozen=True)
class TableChanges:
    """How many rows of a table were added, removed and updated, and how many fields were."""

    added: int = 0
    removed: int = 0
    updated: int = 0
    updated_fields: int = 0

    @property
    def any(self) -> bool:
        return bool(self.added or self.removed or self.updated)


class Comparison:
    """The differences of several tables, collected in one table of a connection."""

    def __init__(self, con: DuckDBPyConnection) -> None:
        self._con = con
        columns = ", ".join(f"{name} VARCHAR" for name in COLUMNS)
        con.execute(f"CREATE OR REPLACE TEMP TABLE release_changes ({columns}, field_no INTEGER)")

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
        query = """
            SELECT count(*) FILTER (change = 'added'), count(*) FILTER (change = 'removed'),
                   count(DISTINCT key) FILTER (change = 'updated'), count(*) FILTER (change = 'updated')
            FROM release_changes WHERE table_name = ?"""
        return TableChanges(*(self._con.execute(query, [name]).fetchone() or ()))

    def select(self) -> str:
        """The ordered SELECT that `changes.csv` is written from."""
        columns = ", ".join(COLUMNS)
        return f"SELECT {columns} FROM release_changes ORDER BY table_name, key, change, field_no"

    def rows(self, limit: int | None = None) -> list[tuple[str | None, ...]]:
        """The differences in order, for a terminal."""
        return self._con.execute(self.select() + (f" LIMIT {limit}" if limit else "")).fetchall()

    def _compare(self, name: str, old: TableFile, new: TableFile) -> None:
        columns = list(dict.fromkeys((*new.columns, *old.columns)))
        for side, file in (("old_side", old), ("new_side", new)):
            self._con.execute(f"CREATE OR REPLACE TEMP VIEW {side} AS {_as_text(file, columns)}")
        self._one_sided(name, "removed", "old_side", "new_side", old.key)
        self._one_sided(name, "added", "new_side", "old_side", new.key)
        values = [column for column in columns if column not in new.key]
        if values:
            self._updated(name, new.key, values)

    def _one_sided(self, name: str, change: str, here: str, there: str, key: tuple[str, ...]) -> None:
        absent = f"NOT EXISTS (FROM {there} t WHERE {_same(key, 'h', 't')})"
        self._rows(name, change, key, f"{here} h WHERE {absent}")

    def _updated(self, name: str, key: tuple[str, ...], values: list[str]) -> None:
        """First the rows that differ, in one pass; then their fields, from those few."""
        differs = " OR ".join(f"o.{quote(c)} IS DISTINCT FROM n.{quote(c)}" for c in values)
        pairs = ", ".join(f"o.{quote(c)} AS o{i}, n.{quote(c)} AS n{i}" for i, c in enumerate(values))
        self._con.execute(
            f"CREATE OR REPLACE TEMP TABLE release_updated AS SELECT {_key_json('n', key)} AS key, {pairs} "
            f"FROM old_side o JOIN new_side n ON {_same(key, 'o', 'n')} WHERE {differs}"
        )
        for i, column in enumerate(values):
            self._con.execute(
                f"INSERT INTO release_changes SELECT {literal(name)}, 'updated', key, {literal(column)}, "
                f"o{i}, n{i}, {i + 1} FROM release_updated WHERE o{i} IS DISTINCT FROM n{i}"
            )

    def _whole(self, name: str, change: str, file: TableFile | None) -> None:
        if file:
            self._rows(name, change, file.key, f"({_as_text(file, list(file.columns))}) h")

    def _rows(self, name: str, change: str, key: tuple[str, ...], rows: str) -> None:
        """One line for each whole row of ``rows``, which is called ``h``."""
        self._con.execute(
            f"INSERT INTO release_changes SELECT {literal(name)}, {literal(change)}, {_key_json('h', key)}, "
            f"NULL, NULL, NULL, 0 FROM {rows}"
        )


def _as_text(file: TableFile, columns: list[str]) -> str:
    """Every column as the text that CSV shows; NULL for a column this version does not have."""
    sources = [quote(column) if column in file.columns else "NULL" for column in columns]
    shown = [f"CAST({s} AS VARCHAR) AS {quote(c)}" for s, c in zip(sources, columns, strict=True)]
    return f"SELECT {', '.join(shown)} FROM {_reader(file.path)}"


def _reader(path: Path) -> str:
    """A version that was published without Parquet is compared by its CSV."""
    if path.suffix == ".csv":
        return f"read_csv({literal(str(path))}, all_varchar = true, header = true, delim = ',', quote = '\"')"
    return f"read_parquet({literal(str(path))})"


def _same(key: tuple[str, ...], one: str, other: str) -> str:
    return " AND ".join(f"{one}.{quote(k)} = {other}.{quote(k)}" for k in key)


def _key_json(alias: str, key: tuple[str, ...]) -> str:
    """The key as a JSON object of texts, in the order of the contract: one text for one row."""
    pairs = ", ".join(f"{literal(k)}, {alias}.{quote(k)}" for k in key)
    return f"CAST(json_object({pairs}) AS VARCHAR)"
