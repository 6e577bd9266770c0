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

from quality.reading.encodings import as_utf8, detect
from quality.reading.records import count_records, swallowing_quote, unclosed_quote
from schemas.compile.duckdb import literal, quote

DELIMITERS = (",", "\t", ";", "|")
#: signs of Chinese text that stand in cells too: a file divided by them is refused with the reason
ODD_DELIMITERS = ("，", "、", "；")
SAMPLE_BYTES = 1 << 18
#: cells beyond the header that are still read, so that a row that is too long is seen and not cut
EXTRA_CELLS = 2
MANY_EXTRA_CELLS = 500


class DelimitedUnreadable(Exception):
    """The engine cannot read the records, or did not return all of them. ``code`` and ``row`` are the finding's."""

    def __init__(self, code: str, message: str, row: int | None = None) -> None:
        self.code, self.row = code, row
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


def heads(
    text: Delimited, rows: int, delimiters: tuple[str, ...] = DELIMITERS
) -> dict[str, list[list[str | None]]]:
    """The first rows of the file as each delimiter would have them."""
    with text.path.open("rb") as file:
        sample = file.read(SAMPLE_BYTES)
    lines = sample.decode("utf-8", errors="ignore")
    if len(sample) == SAMPLE_BYTES:
        lines = lines[: lines.rfind("\n")]
    found = {d: _rows(lines, d, rows) for d in delimiters if d in lines}
    return found or {",": _rows(lines, ",", rows)}


def load_records(
    con: duckdb.DuckDBPyConnection, text: Delimited, delimiter: str, width: int, name: str, *, numbered: bool = False
) -> None:
    """Makes the table ``name``: ``_row`` (record number from 1, blank ones counted) and c0 .. c<width-1+extra>.

    ``numbered``: the number stands before the cells of each record already. DelimitedUnreadable when the engine
    fails or returns another number of records than the file has."""
    records = count_records(text.path, delimiter)
    # before anything is read: reader and count follow the same rule of quoting, and would agree
    if records.newline_in_cell and (row := swallowing_quote(text.path, delimiter, width)):
        raise DelimitedUnreadable("quote-swallows-rows", "a cell over several records", row)
    number = "CAST(first AS BIGINT) AS _row" if numbered else "row_number() OVER () AS _row"
    for extra in (EXTRA_CELLS, MANY_EXTRA_CELLS):
        names = [*(["first"] if numbered else []), *(f"c{i}" for i in range(width + extra))]
        reader = _reader(text.path, delimiter, names, parallel=not records.newline_in_cell)
        columns = "* EXCLUDE (first)" if numbered else "*"
        try:
            con.execute(f"CREATE OR REPLACE TABLE {quote(name)} AS SELECT {number}, {columns} FROM {reader}")
            break
        except duckdb.Error as error:
            too_wide = "Number of Columns" in str(error)
            if not too_wide or extra == MANY_EXTRA_CELLS:
                code = "record-width" if too_wide else "file-unreadable"
                raise _failure(text.path, delimiter, code, type(error).__name__) from None
    returned = con.execute(f"SELECT count(*) FROM {quote(name)}").fetchone()[0]
    if returned != records.filled:
        raise _failure(text.path, delimiter, "record-count-mismatch", f"{returned} of {records.filled} records")
    if records.blank and not numbered:
        _count_blank(con, name, records.blank)


def _failure(path: Path, delimiter: str, code: str, message: str) -> DelimitedUnreadable:
    """Why the records cannot be read: an unclosed quote where there is one, whatever it looks like to the engine."""
    row = unclosed_quote(path, delimiter)
    return DelimitedUnreadable("quote-unclosed" if row else code, message, row)


def _reader(path: Path, delimiter: str, names: list[str], *, parallel: bool) -> str:
    """The reading of a file with the whole dialect given and every cell as text."""
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    return (
        f"read_csv({literal(str(path))}, auto_detect=false, header=false, delim={literal(delimiter)}, "
        f"quote='\"', escape='\"', columns={{{columns}}}, null_padding=true, "
        f"parallel={str(parallel).lower()}, max_line_size=16777216)"
    )


def _count_blank(con: duckdb.DuckDBPyConnection, name: str, blank: tuple[int, ...]) -> None:
    """Row numbers as a person counts them. The engine leaves blank lines out; here they count again."""
    follows = [position - index for index, position in enumerate(blank, 1)]
    con.execute(
        f"CREATE OR REPLACE TABLE {quote(name)} AS SELECT r.* REPLACE (_row + coalesce(shift, 0) AS _row) FROM "
        f"{quote(name)} r ASOF LEFT JOIN (SELECT follows, max(shift) AS shift FROM (SELECT unnest($1::BIGINT[]) "
        "AS follows, unnest($2::BIGINT[]) AS shift) GROUP BY follows) b ON r._row > b.follows ORDER BY _row",
        [follows, list(range(1, len(blank) + 1))],
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
    crlf = lf = cr = False
    for chunk in _chunks(path):
        if b"\r" not in chunk:
            lf = lf or b"\n" in chunk
            continue
        both = chunk.count(b"\r\n")
        crlf = crlf or both > 0
        lf = lf or chunk.count(b"\n") > both
        cr = cr or chunk.count(b"\r") > both
    if not cr and not (crlf and lf):
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
