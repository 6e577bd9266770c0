"""Writes sheets as Excel workbooks and CSV files, and notes where each wrong row came to stand.

The same rows make the same bytes: no clock, fixed document properties. What does not belong here: what the
rows say, and how (senders.py, wording.py).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pipelines.demo.wording import Style, header, renderers
from schemas.registry import Registry

NOTICE = "演示数据（虚构）"
PLAIN = Style()
#: what the profile says for every row, and what this district has not got
NOT_SENT = {"area_code", "currency_code", "parent_credit_code", "longitude", "latitude", "crs_code"}
_AS_TEXT = {"strings_to_formulas": False, "strings_to_urls": False}


class Wrong(NamedTuple):
    """A row that must not get through: what it says, and the findings expected as (column, code)."""

    values: dict[str, Any]
    expected: tuple[tuple[str, str], ...]


class Expected(NamedTuple):
    """One line of the answer key. ``row`` is counted as a person does, from 1, title rows included."""

    file: str
    sheet: str
    row: int | None
    table: str
    column: str
    code: str


@dataclass
class Sheet:
    """Rows of one intake table as they will stand on one sheet. Rows are dicts, or Wrong ones.

    ``without``: fields the sender left out. ``merged_down``: columns where equal cells below each other
    become one merged cell. ``every_row``: findings expected of each row that is not itself a Wrong one."""

    name: str
    table: str
    rows: Iterable[dict[str, Any] | Wrong]
    style: Style = PLAIN
    title: str = ""
    without: tuple[str, ...] = ()
    merged_down: tuple[str, ...] = ()
    every_row: tuple[tuple[str, str], ...] = ()


@dataclass
class Desk:
    """Where files are written and the answer key is kept."""

    folder: Path
    registry: Registry
    created: datetime
    expected: list[Expected] = field(default_factory=list)
    files: int = 0
    rows: int = 0

    def path(self, name: str) -> Path:
        """The place of a new file, its folders made."""
        self.files += 1
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def workbook(self, name: str, sheets: list[Sheet]) -> None:
        """An Excel file with title rows over merged cells and one table a sheet."""
        import xlsxwriter

        with xlsxwriter.Workbook(self.path(name), _AS_TEXT) as book:
            book.set_properties({"title": NOTICE, "created": self.created})
            formats = {
                "title": book.add_format({"bold": True, "align": "center", "font_size": 14}),
                "date": book.add_format({"num_format": "yyyy/m/d"}),
                "head": book.add_format({"bold": True, "border": 1}),
            }
            for sheet in sheets:
                self._worksheet(book.add_worksheet(sheet.name), name, sheet, formats)

    def csv(self, name: str, sheet: Sheet, encoding: str) -> None:
        """A CSV file (CRLF, as Excel saves it), with a title line when the sheet has one."""
        with self.path(name).open("w", encoding=encoding, newline="") as out:
            writer = csv.writer(out)
            start = 1
            if sheet.title:
                writer.writerow([sheet.title])
                start = 2
            writer.writerow(self._headers(sheet))
            for cells in self._cells(name, "", sheet, start + 1):
                writer.writerow(cells)

    def plain_workbook(self, name: str, sheet: str, rows: list[list[str]]) -> None:
        """An Excel file of loose text, that is no table of ours."""
        import xlsxwriter

        with xlsxwriter.Workbook(self.path(name)) as book:
            book.set_properties({"title": NOTICE, "created": self.created})
            worksheet = book.add_worksheet(sheet)
            for index, cells in enumerate(rows):
                worksheet.write_row(index, 0, cells)

    def note(self, file: str, code: str, sheet: str = "") -> None:
        """Expect a finding about a whole file, or a whole sheet of it."""
        self.expected.append(Expected(file, sheet, None, "", "", code))

    def _worksheet(self, worksheet: Any, file: str, sheet: Sheet, formats: dict[str, Any]) -> None:
        headers = self._headers(sheet)
        last = len(headers) - 1
        worksheet.merge_range(0, 0, 0, last, sheet.title, formats["title"])
        worksheet.merge_range(1, 0, 1, last, "填报说明：本表全部为虚构的演示数据，请勿引用")
        worksheet.write_row(2, 0, headers, formats["head"])
        worksheet.set_column(0, len(headers), 14)
        rows = list(self._cells(file, sheet.name, sheet, 4))
        for index, cells in enumerate(rows, start=3):
            for column, cell in enumerate(cells):
                if isinstance(cell, date):
                    moment = datetime(cell.year, cell.month, cell.day)
                    worksheet.write_datetime(index, column, moment, formats["date"])
                elif cell is not None:
                    worksheet.write(index, column, cell)
        fields = self._fields(sheet)
        for column in (fields.index(name) for name in sheet.merged_down):
            for start, end in _runs([cells[column] for cells in rows]):
                worksheet.merge_range(start + 3, column, end + 3, column, rows[start][column])

    def _headers(self, sheet: Sheet) -> list[str]:
        table = self.registry.tables[sheet.table]
        return [header(table.field(f), sheet.style) for f in self._fields(sheet)]

    def _fields(self, sheet: Sheet) -> list[str]:
        """The columns this sheet has: those of the contract that a sender of this district states."""
        left_out = NOT_SENT | set(sheet.without)
        return [f.name for f in self.registry.tables[sheet.table].data_fields if f.name not in left_out]

    def _cells(self, file: str, sheet_name: str, sheet: Sheet, first: int) -> Iterator[list[Any]]:
        """The rows as cells; a wrong row's place goes to the answer key on its way."""
        fields, table = self._fields(sheet), self.registry.tables[sheet.table]
        written = list(zip(fields, renderers(self.registry, table, fields, sheet.style), strict=True))
        for number, row in enumerate(sheet.rows, start=first):
            self.rows += 1
            values, expected = row if isinstance(row, Wrong) else (row, sheet.every_row)
            for column, code in expected:
                self.expected.append(Expected(file, sheet_name, number, sheet.table, column, code))
            yield [write(values.get(name)) for name, write in written]


def _runs(cells: list[Any]) -> Iterator[tuple[int, int]]:
    """First and last index of each stretch of two or more equal cells."""
    start = 0
    for index in range(1, len(cells) + 1):
        if index == len(cells) or cells[index] != cells[start]:
            if index - start > 1:
                yield start, index - 1
            start = index
