"""Whether a text is anywhere in a published folder: in any file's bytes, in any cell of a Parquet file."""

from __future__ import annotations

from pathlib import Path

import duckdb


def places_of(text: str, root: Path) -> list[str]:
    """The files that hold a text, relative to ``root``. Parquet files are read, because they are compressed."""
    return [p.relative_to(root).as_posix() for p in sorted(root.rglob("*")) if p.is_file() and _holds(p, text)]


def _holds(path: Path, text: str) -> bool:
    data = path.read_bytes()
    return text.encode() in data or (data[:4] == b"PAR1" and _in_parquet(path, text))


def _in_parquet(path: Path, text: str) -> bool:
    rows = duckdb.execute("SELECT * FROM read_parquet(?)", [str(path)]).fetchall()
    return any(text in str(value) for row in rows for value in row)
