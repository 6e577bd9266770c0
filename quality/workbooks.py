"""Workbooks (xlsx, xlsm, xls, ods) as rows of text, by python-calamine.

What belongs here: cells -> text with their row number, merged ranges. What does not: headers and values.
Formulas are read by their stored values; macros are never run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import python_calamine

from quality.archives import check_archive
from quality.limits import Limits, Refused

Cells = list[str | None]


@dataclass(frozen=True)
class Sheet:
    """A sheet as text. ``rows[i]`` is row ``i + 1`` of the sheet; ``merged`` are (top, left, bottom, right)."""

    name: str
    rows: list[Cells]
    merged: tuple[tuple[int, int, int, int], ...]


def read_sheets(path: Path, limits: Limits) -> Iterator[Sheet]:
    """Every work sheet, in the order of the workbook, hidden ones too. Refused before anything is parsed."""
    check_archive(path, limits)
    try:
        with python_calamine.CalamineWorkbook.from_path(path) as book:
            for name in book.sheet_names:
                yield _sheet(book.get_sheet_by_name(name))
    except (python_calamine.CalamineError, OSError, ValueError):
        raise Refused("file-unreadable") from None


def cell_text(value: object) -> str | None:
    """What a person would have typed: whole floats without ``.0``, ISO dates, true/false; None for empty."""
    if isinstance(value, str):
        return value if value.strip() else None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return None if value is None else str(value)


def _sheet(sheet: python_calamine.CalamineSheet) -> Sheet:
    # iter_rows gives rows from the top of the sheet but columns from the first one used
    left = sheet.start[1] if sheet.start else 0
    rows = [[cell_text(value) for value in row] for row in sheet.iter_rows()]
    merged = tuple((a, b - left, c, d - left) for (a, b), (c, d) in sheet.merged_cell_ranges or ())
    return Sheet(sheet.name, rows, merged)
