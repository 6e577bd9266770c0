"""Tables that stand one above the other on one sheet: only the one of the chosen header is read, none may vanish.

What belongs here: telling rows above the header that are data, and a second header among the rows below it. What does
not: choosing the header (headers.py), the same header once more, totals and notes (apart.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb

from quality.reading.apart import Apart
from quality.reading.headers import MIN_COLUMNS, HeaderMatch, Row, keys_of, match_header, title_keys
from schemas.model import Table

#: a number, a date or an identifier: what rows of data have and rows of titles and remarks do not
_MEASURE = re.compile(r"(?=.*[0-9０-９])[0-9A-Za-z０-９.,/:%年月日 _-]+")
#: so many of them make a row data, where no header above says so
_MEASURES = 2
#: so many rows below a header are data; fewer may be notes in two columns
_DATA_ROWS = 2


def holds_data(rows: Sequence[Row]) -> bool:
    """Whether rows look like a table: a header and rows below it, each of several cells."""
    return sum(_cells(row) > 1 for row in rows) > _DATA_ROWS


def rows_above(head: Sequence[Row], match: HeaderMatch, tables: list[Table]) -> list[int]:
    """The rows (from 1) above the header that are data: below another header, or filled as only data is."""
    above = [head[number] for number in range(match.row)]
    if not any(_cells(row) > 1 for row in above):
        return []
    other = match_header(above, tables)
    first = other.row + other.height if other else 0
    return [n for n, row in enumerate(above, 1) if n > first and (_cells(row) > 1 if other else _is_data(row, match))]


def rows_below_second_header(
    con: duckdb.DuckDBPyConnection, match: HeaderMatch, tables: list[Table], where: str, cells: list[str]
) -> list[Apart]:
    """What stands in ``records`` from another header on, and rows that say the header again in other words.

    ``where`` leaves out the header and what is above; ``cells``: the names of all columns with cells."""
    known = title_keys(tables)
    texts = f"concat_ws(chr(10), {', '.join(cells)})"
    # hardly a row of data has no cell that begins with a digit: only such rows are looked at one by one
    found = con.execute(
        f"SELECT _row, {', '.join(cells)} FROM records WHERE {where} "
        f"AND NOT regexp_matches({texts}, '(^|\\n)[0-9]') AND {texts} <> '' ORDER BY _row"
    )
    again = []
    while many := found.fetchmany(10_000):
        for row, *said in many:
            if sum(bool(keys_of([text]) & known) for text in said if text) < MIN_COLUMNS:
                continue
            other = match_header([said], tables)
            if other and other.columns == match.columns and other.table.name == match.table.name:
                again.append(Apart(row, "row-header-repeated"))
            elif other:
                rows = con.execute(f"SELECT _row FROM records WHERE {where} AND _row >= {row} ORDER BY _row")
                return again + [Apart(number, "rows-below-second-header") for (number,) in rows.fetchall()]
    return again


def _cells(row: Row) -> int:
    return sum(cell is not None and cell.strip() != "" for cell in row)


def _is_data(row: Row, match: HeaderMatch) -> bool:
    """Whether a row is filled like the rows below the header; the numbers of the columns (1, 2, 3 ...) are not."""
    said = [row[index] for index in match.columns if index < len(row) and row[index]]
    measures = [text.strip() for text in said if _MEASURE.fullmatch(text.strip())]
    counted = all(text.isdecimal() for text in measures) and len({int(text) - n for n, text in enumerate(measures)}) < 2
    return len(measures) >= _MEASURES and not counted and 2 * len(said) > len(match.columns)
