"""CSV as RFC 4180 has it, with LF: UTF-8 without a byte order mark, a header, an empty cell for nothing.

Without the mark because two of nine readers tried took it for part of the first column's name.
"""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection

from schemas.compile.duckdb import literal

FORMAT = "csv"
MEDIATYPE = "text/csv"
TABULAR = True


def write(con: DuckDBPyConnection, select: str, path: Path) -> None:
    """Writes the rows of an ordered SELECT."""
    target = literal(str(path))
    con.execute(f"COPY ({select}) TO {target} (FORMAT csv, HEADER true, DELIMITER ',', QUOTE '\"', NULLSTR '')")
