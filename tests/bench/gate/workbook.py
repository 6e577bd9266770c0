"""Station reports as a workbook. What does not belong here: measuring."""

from __future__ import annotations

from pathlib import Path

import xlsxwriter

from tests.bench.gate.generate import rows_of


def workbook(rows: int, titles: list[str], target: Path) -> None:
    """The same rows as in the text file, numbers as numbers."""
    with xlsxwriter.Workbook(str(target), {"constant_memory": True, "strings_to_numbers": True}) as book:
        sheet = book.add_worksheet("月报")
        for line, row in enumerate([titles, *rows_of(rows)]):
            sheet.write_row(line, 0, row)
