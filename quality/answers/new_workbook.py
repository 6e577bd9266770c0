"""An answer in a new workbook: for text files, old Excel, ods, files too large to copy, and refused ones.

What belongs here: xlsxwriter; every cell of the sender's is written as text, formulas and links off. What does not:
what is said and where (marks.py, result_sheet.py), reading the sender's file (copying.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from quality.answers.marks import AUTHOR, COMMENT_WIDTH, MOST_COMMENTS, Mark, Spot, link, plain, width
from quality.answers.result_sheet import FILLS, FONT, STYLES, WIDTHS, Row, free_name

#: what a spreadsheet can hold
_ROWS, _COLUMNS, _CHARACTERS = 1_048_576, 16_384, 32_767
_OPTIONS = {
    "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    "in_memory": True,  # else the entries of the zip bear local times
}  # fmt: skip
#: columns are so wide, in characters
_NARROW, _WIDE, _LOOKED_AT = 10, 40, 200
_LAYOUT = {"bold": "bold", "size": "font_size", "underline": "underline", "wrap": "text_wrap", "border": "border"}
_COLOURS = {"color": "font_color", "fill": "bg_color"}


@dataclass(frozen=True)
class Copied:
    """A sheet of the copy. ``rows``: (row the cells stood in, from 1; the cells from column 1).

    ``picked``: the rows are some of many, and each is written below the last, behind its old number."""

    sheet: str
    name: str
    rows: Iterable[tuple[int, Sequence[str | None]]]
    picked: bool = False


def write_new(
    target: Path, rows: Sequence[Row], sheets: Sequence[Copied], marks: Mapping[Spot, Mark], as_of: date
) -> None:
    """Writes ``rows`` as the first sheet, and the copied sheets with their marks behind it."""
    with xlsxwriter.Workbook(target, _OPTIONS) as book:
        book.set_properties({"author": AUTHOR, "created": datetime(as_of.year, as_of.month, as_of.day)})
        first = book.add_worksheet(free_name([s.name for s in sheets]))
        fills = {
            name: book.add_format({"bg_color": f"#{fill}", "border": 1, "border_color": "#BFBFBF"})
            for name, fill in FILLS.items()
        }
        moved: dict[Spot, Spot] = {}
        for sheet in sheets:
            own = {(s.row, s.column): mark for s, mark in marks.items() if s.sheet == sheet.sheet}
            copy = _Copy(book.add_worksheet(sheet.name), sheet, own, fills)
            copy.write()
            moved |= copy.moved
        styles = {name: book.add_format(_look(look)) for name, look in STYLES.items()}
        _result_sheet(first, rows, styles, moved)


def _look(look: Mapping[str, Any]) -> dict[str, Any]:
    given = {_LAYOUT[k]: int(v) for k, v in look.items() if k in _LAYOUT}
    given |= {_COLOURS[k]: f"#{v}" for k, v in look.items() if k in _COLOURS}
    given |= {"border_color": "#BFBFBF"} if look.get("border") else {}
    return {"font_name": FONT, "font_size": 10, "align": "left", "valign": "top"} | given


@dataclass
class _Copy:
    """Writes one sheet; ``moved`` notes where each marked cell came to stand."""

    worksheet: Worksheet
    sheet: Copied
    marks: Mapping[tuple[int, int], Mark]
    fills: Mapping[str, Format]
    moved: dict[Spot, Spot] = field(default_factory=dict)
    widths: dict[int, int] = field(default_factory=dict)

    def write(self) -> None:
        """Writes the cells and their marks, row by row."""
        marked: dict[int, set[int]] = {}
        for row, column in self.marks:
            marked.setdefault(row, set()).add(column)
        shift = 1 if self.sheet.picked else 0
        for place, (row, cells) in enumerate(self.sheet.rows, 1):
            at = place if self.sheet.picked else row
            if at > _ROWS:
                break
            if shift and row:
                self.worksheet.write_number(at - 1, 0, row)
            last = min(max([len(cells), *marked.get(row, ())]), _COLUMNS - shift)
            for column in range(1, last + 1):
                text = cells[column - 1] if column <= len(cells) else None
                self._cell(Spot(self.sheet.sheet, row, column), Spot(self.sheet.name, at, column + shift), text)
        for column in range(1, max(self.widths, default=0) + 1):
            self.worksheet.set_column(column - 1, column - 1, max(_NARROW, min(_WIDE, self.widths.get(column, 0) + 2)))

    def _cell(self, spot: Spot, to: Spot, text: str | None) -> None:
        mark = self.marks.get((spot.row, spot.column))
        look = self.fills[mark.severity] if mark else None
        if text:
            self.worksheet.write_string(to.row - 1, to.column - 1, plain(text)[:_CHARACTERS], look)
            if to.row <= _LOOKED_AT:
                self.widths[to.column] = max(self.widths.get(to.column, 0), width(text))
        elif mark:
            self.worksheet.write_blank(to.row - 1, to.column - 1, None, look)
        if mark:
            if len(self.moved) < MOST_COMMENTS:
                size = {"width": COMMENT_WIDTH, "height": mark.height}
                self.worksheet.write_comment(to.row - 1, to.column - 1, mark.text, size | _COMMENT)
            self.moved[spot] = to


_COMMENT = {"author": AUTHOR, "font_name": FONT, "font_size": 9}


def _result_sheet(
    worksheet: Worksheet, rows: Sequence[Row], styles: Mapping[str, Format], moved: Mapping[Spot, Spot]
) -> None:
    worksheet.hide_gridlines(2)
    worksheet.set_landscape()
    worksheet.set_paper(9)  # A4
    worksheet.fit_to_pages(1, 0)
    for column, characters in enumerate(WIDTHS):
        worksheet.set_column(column, column, characters)
    for number, row in enumerate(rows):
        worksheet.set_row(number, row.height)
        for item in row.cells:
            style, last = styles[item.style], item.column + item.span - 2
            if item.span > 1:
                worksheet.merge_range(number, item.column - 1, number, last, "", style)
            if item.spot in moved:
                url = f"internal:{link(moved[item.spot])}"
                worksheet.write_url(number, item.column - 1, url, style, str(item.text))
            elif isinstance(item.text, int):
                worksheet.write_number(number, item.column - 1, item.text, style)
            else:
                worksheet.write_string(number, item.column - 1, item.text, style)
