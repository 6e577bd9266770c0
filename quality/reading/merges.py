"""Cells of a sheet that stand for several rows, and cells that say nothing.

What belongs here: which of them are filled in, and which rows they hold. What does not: reading them (workbooks.py),
other rows that are held without being judged (apart.py).
"""

from __future__ import annotations

from collections.abc import Iterator

from quality.reading.apart import Apart
from quality.reading.headers import HeaderMatch
from quality.reading.workbooks import Sheet


def fill_merged_keys(sheet: Sheet, match: HeaderMatch) -> None:
    """A key cell merged over several rows stands for each of them; a measure merged so would be counted twice."""
    for top, bottom, name, column in _merged(sheet, match):
        if name in match.table.key:
            for row in range(top + 1, bottom + 1):
                if column[row] is None and any(sheet.rows[row]):
                    column[row] = column[top]


def _merged(sheet: Sheet, match: HeaderMatch) -> Iterator[tuple[int, int, str, list]]:
    """Merges over several rows of data in one column of ours: (first row, last row from 0, field, column)."""
    for top, left, bottom, right in sheet.merged:
        inside = match.row + match.height <= top < bottom and left == right
        if inside and left in match.columns and top < len(sheet.rows):
            yield top, min(bottom, len(sheet.rows) - 1), match.columns[left], sheet.columns[left]


def bad_rows(sheet: Sheet, match: HeaderMatch) -> Iterator[Apart]:
    """Rows with a cell that says nothing, and rows that share one with others: which of them it belongs to is open."""
    for top, bottom, name, column in _merged(sheet, match):
        if name not in match.table.key and column[top] is not None:
            yield from (Apart(row + 1, "cell-merged", name, column[top]) for row in range(top, bottom + 1))
    for (row, number), code in sheet.bad.items():
        if number - 1 in match.columns:
            yield Apart(row, code, match.columns[number - 1], sheet.columns[number - 1][row - 1])
