"""The sender's rows as they stand, for an answer in a new workbook (new_workbook.py).

What belongs here: reading a file that the gate has read once more, as text with row numbers, all of it or only the
rows that are marked. What does not: judging, and anything the gate refused.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from quality.answers.marks import Spot, is_result_sheet
from quality.answers.new_workbook import Copied
from quality.findings import Place
from quality.limits import Limits
from quality.reading.filetypes import LINES, kind_of
from quality.reading.workbooks import Sheet, read_sheets

#: cells an answer copies; of a larger file only what stands above the data, and the marked rows
MOST_CELLS = 100_000
#: the name of the sheet that a text file becomes
TEXT_SHEET = "数据"
#: what is said about the copy: of all rows where they stood, and of rows written below one another
COPY_REMARKS = (
    "各行由报送的文件复制而来，一律作为文字；行号与原文件相同。"
    "可以直接在这里更正，另存后重新报送（本表和批注不必删除），也可以更正原文件。",
    "各行由报送的文件复制而来，一律作为文字，第一列是原文件中的行号；文件很大时只列出表头和有问题的行，"
    f"最多约 {MOST_CELLS:,} 个单元格。请在原文件中更正后重新报送。",
)
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
    found = [(sheet.name, sheet.rows) for sheet in read_sheets(path, limits) if not _is_ours(sheet)]
    large = sum(len(rows) * len(rows[0]) for _, rows in found if rows) > MOST_CELLS
    named = zip(_sheet_names([name for name, _ in found]), found, strict=True)
    return [
        Copied(name, to, _picked(enumerate(rows, 1), heads.get(name, 0), rows_of.get(name, set())), picked=True)
        if large
        else Copied(name, to, enumerate(rows, 1))
        for to, (name, rows) in named
    ]


def _is_ours(sheet: Sheet) -> bool:
    return is_result_sheet(sheet.name, sheet.rows)


def _text(path: Path, encoding: str, place: Place | None, marked: set[int]) -> Copied:
    """All of a text file that is not large. Above lines of JSON, which have no header row, stand their names."""
    of_json = kind_of(path) == LINES
    records = partial(_objects if of_json else _records, path, encoding, (place and place.delimiter) or ",")
    if sum(1 for _ in islice(_cells(records()), MOST_CELLS + 1)) <= MOST_CELLS:
        return Copied("", TEXT_SHEET, records(), picked=of_json)
    return Copied("", TEXT_SHEET, _picked(records(), place.header_row if place else 0, marked), picked=True)


def _cells(rows: Iterable[Numbered]) -> Iterator[str | None]:
    return (cell for _, row in rows for cell in row)


def _records(path: Path, encoding: str, delimiter: str) -> Iterator[Numbered]:
    """The records as the gate counts them, blank ones too."""
    with path.open(encoding=encoding, newline="") as file:
        yield from enumerate(csv.reader(file, delimiter=delimiter), 1)


def _objects(path: Path, encoding: str, _: str) -> Iterator[Numbered]:
    """Lines of JSON under their names, which stand in row 0 and in the order in which the gate has them."""
    names = sorted({name for _, said in _said(path, encoding) for name in said})
    yield 0, names
    for number, said in _said(path, encoding):
        yield number, [_json_text(said.get(name)) for name in names]


def _said(path: Path, encoding: str) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding=encoding, newline="\n") as file:
        yield from ((number, json.loads(line)) for number, line in enumerate(file, 1) if line.strip())


def _json_text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _picked(rows: Iterable[Numbered], header_row: int, marked: set[int]) -> Iterator[Numbered]:
    """What stands above the data and the marked rows, as many as may be copied."""
    cells, last = 0, max(header_row, max(marked, default=0))
    for number, row in rows:
        if number > last:
            return
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
