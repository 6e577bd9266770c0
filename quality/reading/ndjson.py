"""NDJSON as a relation: one JSON object a line, each key a text column.

What belongs here: lines -> the tables ``line`` and ``source``, every line accounted for. What does not: finding
the contract of an ordinary file (reader.py), and the maps of foreign sources (mapped.py).
"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from quality.limits import Limits, Refused
from schemas.compile.duckdb import literal, quote


def load_lines(con: duckdb.DuckDBPyConnection, path: Path, limits: Limits) -> tuple[list[int], list[str]]:
    """Makes the table ``line`` (record) of a UTF-8 file; returns the numbers of the filled lines, and all keys.

    Refused when the engine cannot read a line, or did not return all of them."""
    filled = [number for number, line in enumerate(path.read_bytes().split(b"\n"), 1) if line.strip()]
    try:
        con.execute(
            f"CREATE OR REPLACE TABLE line AS SELECT json AS record FROM read_ndjson_objects({literal(str(path))})"
        )
        keys = con.execute("SELECT DISTINCT unnest(json_keys(record)) AS k FROM line ORDER BY k").fetchall()
    except duckdb.Error:
        raise Refused("file-unreadable") from None
    if con.execute("SELECT count(*) FROM line").fetchone()[0] != len(filled):
        raise Refused("record-count-mismatch")
    limits.check_table(len(filled), len(keys))
    con.execute("CREATE OR REPLACE TEMP TABLE line_number AS SELECT unnest(?::BIGINT[]) AS _row", [filled])
    return filled, [key for (key,) in keys]


def broken_line(path: Path) -> tuple[int | None, int]:
    """The first line that is no JSON object, and how many lines are filled.

    None for the line when the first one is none either: then the file has no objects in lines."""
    broken, filled = None, 0
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        filled += 1
        if broken is None and not _is_object(line):
            broken = number if filled > 1 else 0
    return broken or None, filled


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line, parse_constant=_no_constant), dict)
    except (ValueError, RecursionError):
        return False


def _no_constant(name: str) -> None:
    """NaN and Infinity are no JSON, though Python reads them."""
    raise ValueError(name)


def numbered(keys: list[str], names: list[str] | None = None) -> str:
    """A SELECT of ``_row`` and each key as text, under its own name or the one given."""
    columns = "".join(
        f", record ->> {literal('$.' + json.dumps(key, ensure_ascii=False))} AS {quote(name)}"
        for key, name in zip(keys, names or keys, strict=True)
    )
    return (
        f"SELECT n._row, l.record{columns} FROM line l JOIN line_number n ON n.rowid = l.rowid ORDER BY l.rowid"
    )
