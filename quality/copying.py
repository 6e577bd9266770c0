"""The sender's rows as they stand, for an answer in a new workbook (new_workbook.py).

What belongs here: reading a file that the gate has read once more, as text with row numbers, all of it or only the
rows that are marked. What does not: judging, and anything the gate refused.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from quality.findings import Place
from quality.limits import Limits
from quality.marks import Spot, is_result_sheet
from quality.new_workbook import Copied
from quality.workbooks import read_sheets

#: cells an answer copies; of a larger file only what stands above the data, and the marked rows
MOST_CELLS = 100_000
#: the name of the sheet that a text file becomes
TEXT_SHEET = "数据"
PICKED_REMARK = (
    "文件很大，这里只列出表头和有问题的行，第一列是原文件中的行号；"
    f"最多列出约 {MOST_CELLS:,} 个单元格。请在原文件中更正。"
)
COPY_REMARK = "各行由报送的文件复制而来，一律作为文字；行号与原文件相同。请在原文件中更正后重新报送。"
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")

Numbered = tuple[int, Sequence[str | None]]


def copied_sheets(
    path: Path, places: Sequence[Place], marked: Iterable[Spot], encoding: str | None, limits: Limits
) -> list[Copied]:
    """The sheets of a file, or its one table of text (``encoding``). Raises what a reader of such files may."""
    rows_of: dict[str, set[int]] = {}
    for spot in marked:
        rows_of.setdefault(spot.sheet, set()).add(spot.row)
    heads = {place.sheet: place.header_row for place in places}
    if encoding:
        place = places[0] if places else None
        return [_text(path, encoding, place, rows_of.get("", set()))]
    found = [(sheet.name, list(enumerate(sheet.rows, 1))) for sheet in read_sheets(path, limits)]
    found = [(name, rows) for name, rows in found if not is_result_sheet(name, [cells for _, cells in rows[:1]])]
    large = sum(len(cells) for _, rows in found for _, cells in rows) > MOST_CELLS
    named = zip(_sheet_names([name for name, _ in found]), found, strict=True)
    return [
        Copied(name, to, _picked(rows, heads.get(name, 0), rows_of.get(name, set())) if large else rows, large)
        for to, (name, rows) in named
    ]


def _text(path: Path, encoding: str, place: Place | None, marked: set[int]) -> Copied:
    delimiter = (place.delimiter if place else None) or ","
    cells = 0
    for _, row in _records(path, encoding, delimiter):
        cells += len(row)
        if cells > MOST_CELLS:
            break
    rows = _records(path, encoding, delimiter)
    if cells <= MOST_CELLS:
        return Copied("", TEXT_SHEET, rows)
    return Copied("", TEXT_SHEET, _picked(rows, place.header_row if place else 0, marked), picked=True)


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[Numbered]:
    """The records as the gate counts them, blank ones too."""
    with path.open(encoding=encoding, newline="") as file:
        yield from enumerate(csv.reader(file, delimiter=delimiter), 1)


def _picked(rows: Iterable[Numbered], header_row: int, marked: set[int]) -> Iterator[Numbered]:
    """What stands above the data and the marked rows, as many as may be copied."""
    cells, last = 0, max(marked, default=0)
    for number, row in islice(rows, max(last, header_row)):
        if number <= header_row or number in marked:
            cells += len(row)
            if cells > MOST_CELLS:
                return
            yield number, row


def _sheet_names(names: Sequence[str]) -> list[str]:
    """Names that a workbook may have: no forbidden sign, at most 31 characters, none twice."""
    given: list[str] = []
    for name in names:
        wanted = _FORBIDDEN.sub("_", name).strip("'")[:31] or "表"
        known = {n.casefold() for n in given}
        others = (f"{wanted[:26]}({number})" for number in range(2, len(names) + 2))
        given.append(next(n for n in (wanted, *others) if n.casefold() not in known))
    return given
