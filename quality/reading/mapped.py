"""Foreign sources: a file in a shape of its own, mapped onto intake tables by SQL of the profile.

What belongs here: the relation ``source`` and what the maps may use. What does not: the maps
(``schemas/districts``) and judging what they give (gate.py).

A map sees ``source`` (``_row``: line number; ``record``: the line as JSON; each top-level key as a text column,
objects and lists as JSON text), ``profile_codelist`` and ``snapshot_on()``. It gives text columns named like
fields, ``_row``, and optionally ``_finding_code``, ``_finding_column`` and ``_finding_value``.
"""

from __future__ import annotations

import gzip
import re
import zlib
from datetime import date
from pathlib import Path

import duckdb

from quality.limits import Limits, Refused, copy_limited
from quality.reading.encodings import as_utf8, detect
from quality.reading.ndjson import load_lines, numbered
from schemas.compile.duckdb import literal, quote
from schemas.model import Source
from schemas.registry import Registry

#: columns of a map that are not fields
SPECIAL = ("_row", "_finding_code", "_finding_column", "_finding_value")


def load_source(con: duckdb.DuckDBPyConnection, path: Path, work: Path, limits: Limits) -> int:
    """Makes the table ``source`` of an NDJSON file, gzipped or not; returns its lines. Refused if it is none."""
    filled, keys = load_lines(con, _lines(path, work, limits), limits)
    con.execute(f"CREATE OR REPLACE TABLE source AS {numbered(keys)}")
    return len(filled)


def provide_profile(con: duckdb.DuckDBPyConnection, registry: Registry, snapshot_on: str) -> None:
    """What a map may use besides the source: the profile's code lists and the date of the snapshot."""
    con.execute(f"CREATE OR REPLACE TEMP MACRO snapshot_on() AS CAST({literal(snapshot_on)} AS DATE)")
    codes = [
        [name, c.code, c.title_zh, c.title_en, c.parent or None]
        for name in sorted(registry.codelists)
        for c in registry.codelists[name].entries
    ]
    con.execute(
        "CREATE OR REPLACE TABLE profile_codelist AS SELECT unnest($a) AS list_name, unnest($b) AS code, "
        "unnest($c) AS title_zh, unnest($d) AS title_en, CAST(unnest($e) AS VARCHAR) AS parent",
        dict(zip("abcde", map(list, zip(*codes, strict=True)), strict=True)),
    )


def map_table(con: duckdb.DuckDBPyConnection, registry: Registry, source: Source, table: str, name: str) -> list[str]:
    """Runs one map into the table ``name``, all columns as text; returns the fields it gives."""
    sql = registry.source_sql(source.name, table).rstrip().rstrip(";")
    given = con.execute(f"DESCRIBE {sql}").fetchall()
    columns = [column for column, *_ in given]
    fields = [c for c in columns if c not in SPECIAL]
    unknown = set(fields) - set(registry.tables[table].field_names)
    if "_row" not in columns or unknown:
        raise ValueError(f"{source.name}/{table}.sql: needs _row, and no columns beyond the contract: {unknown}")
    texts = "".join(f", CAST({quote(c)} AS VARCHAR) AS {quote(c)}" for c in columns if c != "_row")
    con.execute(f"CREATE OR REPLACE TABLE {quote(name)} AS SELECT CAST(_row AS BIGINT) AS _row{texts} FROM ({sql})")
    return fields


def snapshot_date(source: Source, path: str, received_on: date | str) -> str:
    """The date a snapshot is of: the group ``as_of`` of the source's pattern, else the day it was received."""
    match = re.search(source.match, path)
    digits = re.sub(r"\D", "", (match.groupdict().get("as_of") or "") if match else "")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if len(digits) == 8 else str(received_on)


def _lines(path: Path, work: Path, limits: Limits) -> Path:
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    if zipped:
        plain = work / "source.ndjson"
        try:
            with gzip.open(path) as packed, plain.open("wb") as out:
                copy_limited(packed, out, limits)
        except (OSError, EOFError, zlib.error):
            raise Refused("file-unreadable") from None
        path = plain
    return as_utf8(path, detect(path), work / "source.utf8.ndjson")
