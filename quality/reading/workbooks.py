"""Workbooks (xlsx, xlsm, xls, ods) as columns of text, by python-calamine.

What belongs here: cells -> text, merged ranges, what the parser keeps to itself (errors, formulas that were never
computed, hidden rows). What does not: headers and values. Formulas are read by their stored values; macros are
never run.
"""

from __future__ import annotations

import datetime as dt
import gc
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import python_calamine

from quality.limits import Limits, Refused
from quality.reading.archives import look_into
from quality.reading.compound import facts_of_old
from quality.reading.filetypes import ZIP, kind_of
from quality.reading.sheet_xml import Facts
from schemas.compile.duckdb import literal

Cells = list[str | None]
#: Excel keeps 15 digits of a number, and shows 3500 for 3499.9999999999995; from here on there are more
_EXACT = 1e15
#: days before this are numbers that somebody formatted as a date (the day 60 of Excel's calendar never was)
_FIRST_DAY = dt.date(1900, 3, 1)
#: in a CSV such a cell stands in quotes
_MUST_QUOTE = re.compile('[",\r\n]')
#: cell errors; as text they are no less an error
ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!"})


class Rows(Sequence):
    """Columns seen as rows, which are made only when they are asked for; row ``i`` is ``i + 1`` of the sheet."""

    def __init__(self, columns: list[Cells], which: range | None = None) -> None:
        self._columns = columns
        self._which = range(len(columns[0]) if columns else 0) if which is None else which

    def __len__(self) -> int:
        return len(self._which)

    def __getitem__(self, index):
        """A row, or the rows of a slice."""
        if isinstance(index, slice):
            return Rows(self._columns, self._which[index])
        return [column[self._which[index]] for column in self._columns]

    def __iter__(self) -> Iterator[Cells]:
        first, last = self._which.start, self._which.stop
        return map(list, zip(*(column[first:last] for column in self._columns), strict=True))


@dataclass(frozen=True)
class Sheet:
    """A sheet as text, from its first cell on: ``columns[c][r]`` stands in column ``c + 1`` of row ``r + 1``.

    ``merged`` are (top, left, bottom, right), from 0. ``bad``: (row, column) from 1 -> why the cell says nothing."""

    name: str
    columns: list[Cells]
    merged: tuple[tuple[int, int, int, int], ...] = ()
    visible: bool = True
    facts: Facts = field(default_factory=Facts)
    bad: dict[tuple[int, int], str] = field(default_factory=dict)

    @property
    def rows(self) -> Rows:
        return Rows(self.columns)

    @property
    def filled(self) -> int:
        """How many rows hold anything."""
        return sum(map(any, self.rows))


def read_sheets(path: Path, limits: Limits | None = None) -> list[Sheet]:
    """Every work sheet, in the order of the workbook, hidden ones too. Refused before anything is parsed."""
    limits = limits or Limits()
    if kind_of(path) == ZIP:
        facts = look_into(path, limits).sheets
        old: list[Facts] = []
    else:
        facts, old = {}, facts_of_old(path)
    try:
        with path.open("rb") as file, python_calamine.CalamineWorkbook.from_filelike(file) as book:
            return [
                _sheet(book.get_sheet_by_name(about.name), about, facts.get(about.name) or _nth(old, number), limits)
                for number, about in enumerate(book.sheets_metadata)
                if about.typ == python_calamine.SheetTypeEnum.WorkSheet
            ]
    except python_calamine.PasswordError:
        raise Refused("file-encrypted") from None
    except (Refused, MemoryError):
        raise
    except (Exception, _panic()):  # whatever it is, the parser did not get through the file
        raise Refused("file-unreadable") from None


def load(con: duckdb.DuckDBPyConnection, sheet: Sheet, start: int, target: Path) -> list[set[str | None]]:
    """Makes the table ``records`` of the rows from ``start`` (from 0) on: ``_row`` as a person counts, c0, c1 ...

    By way of a small CSV: the engine takes it as quickly as Arrow, which takes longer to import than a file to read.
    Returns each different text of each column. Refused when the engine does not take a row."""
    cells = [column[start:] for column in sheet.columns]
    different = list(map(set, cells))
    quoted = [_quoted(column, texts) for column, texts in zip(cells, different, strict=True)]
    with target.open("w", encoding="utf-8", newline="") as out:
        lines = map(",".join, zip(map(str, range(start + 1, len(sheet.rows) + 1)), *quoted, strict=True))
        out.write("\n".join(lines))
    columns = ", ".join(["'_row': 'BIGINT'", *(f"'c{i}': 'VARCHAR'" for i in range(len(cells)))])
    reader = (
        f"read_csv({literal(str(target))}, auto_detect=false, header=false, delim=',', quote='\"', escape='\"', "
        f"columns={{{columns}}}, new_line='\\n', parallel=false, max_line_size=16777216)"
    )
    try:
        con.execute(f"CREATE OR REPLACE TABLE records AS FROM {reader}")
    except duckdb.Error:
        raise Refused("file-unreadable") from None
    if con.execute("SELECT count(*) FROM records").fetchone()[0] != len(sheet.rows) - start:
        raise Refused("record-count-mismatch")
    return different


def _quoted(column: Cells, different: set[str | None]) -> Iterable[str]:
    """A column as cells of a CSV; only what must be is in quotes. ``different``: each of its texts."""
    special = {text for text in different if text is None or _MUST_QUOTE.search(text)}
    if not special:
        return column
    written = {text: text for text in different}
    written |= {text: '"' + text.replace('"', '""') + '"' if text else "" for text in special}
    return map(written.__getitem__, column)


def _panic() -> type[BaseException]:
    """The parser's own failure, which is no Exception: its bug, but of this file only."""
    return next((c for c in BaseException.__subclasses__() if c.__name__ == "PanicException"), MemoryError)


def cell_text(value: object) -> str | None:
    """What a person would have typed: whole floats without ``.0``, ISO dates, true/false; None for empty.

    What has lost digits or is no day is written so that no later check takes it for a value; what a sum of binary
    fractions is off by is not written."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.14E}" if _EXACT <= abs(value) < math.inf else f"{value:.15g}"
    if isinstance(value, dt.date) and dt.date(value.year, value.month, value.day) < _FIRST_DAY:
        return f"#{value.isoformat()}"
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "seconds")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return None if value is None else str(value)


def _nth(facts: list[Facts], number: int) -> Facts:
    return facts[number] if number < len(facts) else Facts()


def _sheet(
    sheet: python_calamine.CalamineSheet, about: python_calamine.SheetMetadata, facts: Facts, limits: Limits
) -> Sheet:
    limits.check_table((sheet.end or (0, 0))[0] + 1, (sheet.end or (0, 0))[1] + 1)
    with _uncollected():
        columns = [_texts(column) for column in zip(*sheet.to_python(skip_empty_area=False), strict=True)]
    _make_room(columns, [*facts.errors, *facts.formulas], limits)
    bad = dict(_bad_cells(columns, facts))
    merged = tuple((a, b, c, d) for (a, b), (c, d) in sheet.merged_cell_ranges or ())
    visible = about.visible == python_calamine.SheetVisibleEnum.Visible
    return Sheet(about.name, columns, merged, visible, facts, bad)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without looking for unused cycles among the new rows, which takes as long as making them; they have none."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _texts(column: tuple) -> Cells:
    """Each different value once: a column has few, and where it has many they are mostly text already."""
    different = set(column)
    if not different.isdisjoint((0, 1)) and bool in set(map(type, column)):  # True equals 1.0
        return [cell_text(value) for value in column]
    if set(map(type, different)) == {str} and all(map(str.strip, different)):
        return list(column)
    texts = {value: cell_text(value) for value in different}
    return list(map(texts.__getitem__, column))


def _make_room(columns: list[Cells], places: list[tuple[int, int]], limits: Limits) -> None:
    """Widens the sheet to cells the parser took for empty and left out at its edge."""
    height = max((row for row, _ in places), default=0)
    width = max((column for _, column in places), default=0)
    old = len(columns[0]) if columns else 0
    limits.check_table(max(height, old), max(width, len(columns)))
    columns += [[None] * old for _ in range(width - len(columns))]
    for column in columns:
        column += [None] * (height - old)


def _bad_cells(columns: list[Cells], facts: Facts) -> Iterator[tuple[tuple[int, int], str]]:
    """Cells that must not pass for empty or for a text; what they show instead is written into them."""
    for code, cells in (("cell-error", facts.errors), ("formula-without-value", facts.formulas)):
        for (row, column), text in cells.items():
            if column <= len(columns) and row <= len(columns[0]):
                columns[column - 1][row - 1] = text
                yield (row, column), code
    for number, column in enumerate(columns, 1):
        if not ERRORS.isdisjoint(column):
            yield from (((row, number), "cell-error") for row, text in enumerate(column, 1) if text in ERRORS)
