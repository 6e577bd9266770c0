"""An answer in the sender's own workbook: comments, colours and a first sheet are added, no value is touched.

What belongs here: openpyxl. What does not: what is said and where (marks.py, result_sheet.py). Pictures, macros and
the stored results of formulas do not survive openpyxl; formulas, charts, drop-downs, merged cells, formats, hidden
rows and columns do. Only for workbooks that the gate has read: it has looked at their size and refused the rest.
"""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Mapping, Sequence
from copy import copy
from datetime import date, datetime
from pathlib import Path

import openpyxl
from openpyxl.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.workbook import Workbook
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

from quality.answers.comment_boxes import anchored
from quality.answers.marks import AUTHOR, COMMENT_WIDTH, MOST_COMMENTS, Mark, Spot, is_result_sheet, link
from quality.answers.result_sheet import FILLS, FONT, STYLES, WIDTHS, Row, free_name

REMARK = (
    "本工作簿复制自报送的文件，只加了颜色、批注和本表，各单元格的内容和公式没有改动；宏和图片没有带过来。"
    "可以直接在这里更正，另存后重新报送（本表和批注不必删除）。"
)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_THEIRS = "\n—— 原有批注 ——\n"


class _StillZip(zipfile.ZipFile):
    """A zip whose entries bear no time of the clock: the same workbook, the same bytes."""

    sheet: Worksheet | None = None

    def writestr(self, name: str, data: str | bytes) -> None:  # type: ignore[override]
        if self.sheet is not None and name.endswith(".vml"):
            data = anchored(data, self.sheet)
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.compress_type = zipfile.ZIP_DEFLATED
        super().writestr(entry, data)

    def write(self, filename: str, arcname: str) -> None:  # type: ignore[override]
        self.writestr(arcname, Path(filename).read_bytes())


class _Writer(ExcelWriter):
    """Tells the zip of which sheet the drawing of comments is that comes next."""

    def _write_comment(self, ws: Worksheet) -> None:
        self._archive.sheet = ws
        super()._write_comment(ws)
        self._archive.sheet = None


def mark_up(path: Path, target: Path, rows: Sequence[Row], marks: Mapping[Spot, Mark], as_of: date) -> None:
    """Writes a copy of the workbook at ``path`` with the marks in it and ``rows`` as its first sheet.

    The file's name says nothing: a received one has no ending. Raises whatever openpyxl does for a workbook it
    cannot take; the caller has another way (new_workbook.py)."""
    if not openpyxl.DEFUSEDXML:
        raise RuntimeError("defusedxml is not installed: a workbook's XML could reach outside")
    with warnings.catch_warnings(), path.open("rb") as file:  # given a path, openpyxl goes by its ending
        warnings.simplefilter("ignore")  # it says on stderr what it leaves out; REMARK says it to the filer
        book = openpyxl.load_workbook(file, rich_text=True)
    _forget(book)
    known: dict[tuple, StyleArray] = {}
    for number, (spot, mark) in enumerate(marks.items(), 1):
        if spot.sheet in book.sheetnames and isinstance(book[spot.sheet], Worksheet):
            _mark(book[spot.sheet], spot, mark, known, comment=number <= MOST_COMMENTS)
    _result_sheet(book, rows)
    _save(book, target, as_of)


def _forget(book: Workbook) -> None:
    """Takes the marks of an earlier answer out, when the filer corrected that one and sent it back."""
    earlier = [sheet for sheet in book.worksheets if is_result_sheet(sheet.title, [[sheet["A1"].value]])]
    for sheet in earlier:
        book.remove(sheet)
    ours = {f"00{fill}" for fill in FILLS.values()}
    for cell in (c for sheet in book.worksheets if earlier for row in sheet.iter_rows() for c in row):
        if cell.comment is not None and cell.comment.author == AUTHOR:
            theirs = cell.comment.text.partition(_THEIRS)[2]
            cell.comment = Comment(theirs, "") if theirs else None
        if cell.fill.fill_type == "solid" and cell.fill.start_color.rgb in ours:
            cell.fill = PatternFill()


def _mark(sheet: Worksheet, spot: Spot, mark: Mark, known: dict[tuple, StyleArray], *, comment: bool) -> None:
    cell, text = sheet.cell(spot.row, spot.column), mark.text
    if isinstance(cell, MergedCell):  # only the first cell of a merged range is seen
        of = next(merged for merged in sheet.merged_cells.ranges if cell.coordinate in merged)
        cell, text = sheet.cell(of.min_row, of.min_col), f"第 {spot.row} 行\n{text}"
    before = cell.comment.text if cell.comment else ""
    if before and cell.comment.author == AUTHOR:
        text, before = f"{before}\n\n{text}", ""
    _colour(cell, mark.severity, known)
    if comment:
        _comment(cell, Mark(mark.severity, text + (_THEIRS + before if before else "")))


def _colour(cell: Cell, severity: str, known: dict[tuple, StyleArray]) -> None:
    """Fills the cell and leaves the rest of its look. ``known``: the looks that came of it before."""
    if cell._style is None:  # it was not in the file: an empty cell that ought to be filled
        cell._style = StyleArray()
    before = (tuple(cell._style), severity)
    if before not in known:
        cell.fill = PatternFill("solid", start_color=FILLS[severity])
        known[before] = copy(cell._style)
    cell._style = copy(known[before])


def _comment(cell: Cell, mark: Mark) -> None:
    cell.comment = None
    cell.comment = Comment(mark.text, AUTHOR, height=mark.height, width=COMMENT_WIDTH)


def _result_sheet(book: Workbook, rows: Sequence[Row]) -> None:
    """Puts the result before the sender's sheets and opens the workbook there."""
    sheet = book.create_sheet(free_name(book.sheetnames), 0)
    for column, characters in enumerate(WIDTHS, 1):
        sheet.column_dimensions[openpyxl.utils.get_column_letter(column)].width = characters
    styles = {name: _dressed(sheet["A1"], **look) for name, look in STYLES.items()}
    for number, row in enumerate(rows, 1):
        sheet.row_dimensions[number].height = row.height
        for item in row.cells:
            for column in range(item.column, item.column + item.span):  # borders of a merged range are per cell
                sheet.cell(number, column)._style = copy(styles[item.style])
            _fill_in(sheet.cell(number, item.column), item.text, item.spot)
            if item.span > 1:
                sheet.merge_cells(None, number, item.column, number, item.column + item.span - 1)
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight, sheet.sheet_properties.pageSetUpPr = 0, _fit()
    sheet.sheet_view.showGridLines = False
    for other in book.worksheets:
        other.sheet_view.tabSelected = other is sheet
    for view in book.views:
        view.activeTab = view.firstSheet = 0


def _fit() -> openpyxl.worksheet.properties.PageSetupProperties:
    return openpyxl.worksheet.properties.PageSetupProperties(fitToPage=True)


def _fill_in(cell: Cell, text: str | int, spot: Spot | None) -> None:
    cell.value = text
    if isinstance(text, str):
        cell.data_type = "s"  # what begins like a formula is a text here
    if spot:
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=link(spot), display=str(text))


def _dressed(
    cell: Cell, *, bold: bool = False, size: int = 10, color: str = "000000", underline: bool = False,
    fill: str = "", border: bool = False, wrap: bool = False,
) -> StyleArray:  # fmt: skip
    """A look as the numbers of its parts: given to a cell so, it need not be looked up in the workbook each time."""
    line = Side("thin", color="BFBFBF") if border else None
    cell.font = Font(name=FONT, bold=bold, size=size, color=color, underline="single" if underline else None)
    cell.fill = PatternFill("solid", start_color=fill) if fill else PatternFill()
    cell.border = Border(line, line, line, line) if border else Border()
    cell.alignment = Alignment(vertical="top" if wrap else "center", horizontal="left", wrap_text=wrap)
    return copy(cell._style)


def _save(book: Workbook, target: Path, as_of: date) -> None:
    """Writes the workbook without a trace of the clock. Formulas are worked out when it is opened."""
    book.properties.created = book.properties.modified = datetime(as_of.year, as_of.month, as_of.day)
    book.calculation.fullCalcOnLoad = True
    with _StillZip(target, "w") as archive:
        _Writer(book, archive).write_data()
