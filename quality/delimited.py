"""Delimited text (CSV, TSV) as a relation of text in DuckDB, every physical record accounted for.

What belongs here: encoding, delimiter, line ends, the dialect given to DuckDB. What does not: headers and
values. The dialect is always explicit: DuckDB's sniffer can return no rows and no error.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import duckdb

from quality.encodings import as_utf8, detect
from quality.records import count_records
from schemas.compile.duckdb import literal, quote

DELIMITERS = (",", "\t", ";", "|", "，")
SAMPLE_BYTES = 1 << 18
#: cells beyond the header that are still read, so that a row that is too long is seen and not cut
EXTRA_CELLS = 2
MANY_EXTRA_CELLS = 500


class DelimitedUnreadable(Exception):
    """The engine cannot read the records, or did not return all of them. ``code`` is the finding's."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass(frozen=True)
class Delimited:
    """A text file ready to be read: UTF-8 without a mark, one kind of line end."""

    path: Path
    encoding: str


def prepare(path: Path, work: Path) -> Delimited:
    """Finds the encoding and makes a UTF-8 copy where one is needed; EncodingUnknown if there is none."""
    encoding = detect(path)
    text = as_utf8(path, encoding, work / "text.csv")
    return Delimited(_one_line_end(text, work / "lines.csv"), encoding)


def heads(text: Delimited, rows: int) -> dict[str, list[list[str | None]]]:
    """The first rows of the file as each delimiter would have them."""
    with text.path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    lines = sample.decode("utf-8", errors="ignore")
    if len(sample) == SAMPLE_BYTES:
        lines = lines[: lines.rfind("\n")]
    found = {d: _rows(lines, d, rows) for d in DELIMITERS if d in lines}
    return found or {",": _rows(lines, ",", rows)}


def load_records(
    con: duckdb.DuckDBPyConnection, text: Delimited, delimiter: str, width: int, name: str, *, numbered: bool = False
) -> int:
    """Makes the view ``name``: ``_row`` (record number from 1, blank ones counted) and c0 .. c<width-1+extra>.

    ``numbered``: the row number stands before the cells of each record. Returns the number of cells.
    DelimitedUnreadable when the engine fails or returns another number of records than the file has. Behind the
    view is one table, read in one go: rows keep their order, so rowid numbers them."""
    records = count_records(text.path, delimiter)
    cells = quote(f"{name}_cells")
    for extra in (EXTRA_CELLS, MANY_EXTRA_CELLS):
        reader = _reader(text.path, delimiter, width + extra + numbered, parallel=not records.newline_in_cell)
        try:
            con.execute(f"CREATE OR REPLACE TABLE {cells} AS FROM {reader}")
            break
        except duckdb.Error as error:
            too_wide = "Number of Columns" in str(error)
            if not too_wide or extra == MANY_EXTRA_CELLS:
                code = "record-width" if too_wide else "file-unreadable"
                raise DelimitedUnreadable(code, type(error).__name__) from None
    returned = con.execute(f"SELECT count(*) FROM {cells}").fetchone()[0]
    if returned != records.filled:
        raise DelimitedUnreadable("record-count-mismatch", f"{returned} of {records.filled} records")
    if numbered:
        moved = ", ".join(f"c{i + 1} AS c{i}" for i in range(width + extra))
        con.execute(f"CREATE VIEW {quote(name)} AS SELECT CAST(c0 AS BIGINT) AS _row, {moved} FROM {cells}")
    else:
        _number_rows(con, name, records.blank)
    return width + extra


def _reader(path: Path, delimiter: str, width: int, *, parallel: bool) -> str:
    """The reading of a file with the whole dialect given and every cell as text."""
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(width))
    return (
        f"read_csv({literal(str(path))}, auto_detect=false, header=false, delim={literal(delimiter)}, "
        f"quote='\"', escape='\"', columns={{{columns}}}, null_padding=true, "
        f"parallel={str(parallel).lower()}, max_line_size=16777216)"
    )


def _number_rows(con: duckdb.DuckDBPyConnection, name: str, blank: tuple[int, ...]) -> None:
    """Row numbers as a person counts them. The engine leaves blank lines out; here they count again."""
    cells = quote(f"{name}_cells")
    if not blank:
        con.execute(f"CREATE OR REPLACE VIEW {quote(name)} AS SELECT rowid + 1 AS _row, * FROM {cells}")
        return
    shifts = [[position - index for index, position in enumerate(blank, 1)], list(range(1, len(blank) + 1))]
    con.execute(
        f"CREATE OR REPLACE TABLE {quote(f'{name}_blank')} AS "
        "SELECT unnest($1::BIGINT[]) AS follows, unnest($2::BIGINT[]) AS shift",
        shifts,
    )
    con.execute(
        f"CREATE OR REPLACE VIEW {quote(name)} AS SELECT n + coalesce(shift, 0) AS _row, c.* EXCLUDE (n) FROM "
        f"(SELECT rowid + 1 AS n, * FROM {cells}) c ASOF LEFT JOIN "
        f"(SELECT follows, max(shift) AS shift FROM {quote(f'{name}_blank')} GROUP BY follows) b ON c.n > b.follows"
    )


def _rows(lines: str, delimiter: str, rows: int) -> list[list[str | None]]:
    found: list[list[str | None]] = []
    try:
        for row in csv.reader(io.StringIO(lines), delimiter=delimiter):
            found.append([cell if cell.strip() else None for cell in row])
            if len(found) == rows:
                break
    except csv.Error:  # the engine will say what is wrong, and refuse the file
        pass
    return found


def _one_line_end(path: Path, target: Path) -> Path:
    """The file itself, or a copy with LF where it mixes line ends or uses CR alone (the engine takes neither)."""
    kinds = {"crlf": 0, "lf": 0, "cr": 0}
    for chunk in _chunks(path):
        crlf = chunk.count(b"\r\n")
        kinds["crlf"] += crlf
        kinds["lf"] += chunk.count(b"\n") - crlf
        kinds["cr"] += chunk.count(b"\r") - crlf
    if not kinds["cr"] and not (kinds["crlf"] and kinds["lf"]):
        return path
    with target.open("wb") as out:
        for chunk in _chunks(path):
            out.write(chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    return target


def _chunks(path: Path):
    """Pieces of a file that never end between CR and LF."""
    with path.open("rb") as file:
        while chunk := file.read(1 << 22):
            while chunk.endswith(b"\r") and (more := file.read(1)):
                chunk += more
            yield chunk
