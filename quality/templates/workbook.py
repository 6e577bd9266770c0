"""Templates -> one Excel workbook: the same templates make the same bytes.

What belongs here: how a template looks and behaves in Excel, sheet by sheet. What does not: what it says
(schemas/compile/template.py), the checks Excel makes while one types (template_cells.py), and where the file is
put (pipelines/templates.py).
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from quality.templates.cells import ROWS, Choices, number_format, validation, wide
from schemas.compile import template_stamp
from schemas.compile.template import Template, TemplateColumn
from schemas.compile.template_stamp import GUIDE, LISTS

#: rows drawn with borders, as on paper; more may be filled in
DRAWN = 200
#: no clock: the day stands for none
_CREATED = datetime(2000, 1, 1)
_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_FONT = {"font_name": "宋体", "font_size": 11, "font_scheme": "none"}
#: what may be done on a protected sheet; there is no password, it only guards against slips
_ALLOWED = ("insert_rows", "sort", "autofilter", "format_cells", "format_columns", "format_rows")
#: characters a printed page holds side by side, made a little smaller
_PAGE = 200
_EDGE = {"border": 1, "border_color": "#BFBFBF"}
_HEAD = {"bold": True, "bg_color": "#DDEBF7", "align": "center", "valign": "vcenter"} | _EDGE
_FORMATS = {
    "title": {"bold": True, "font_size": 16},
    "line": {"font_color": "#595959"},
    "required": _HEAD | {"bg_color": "#FCE4D6", "text_wrap": True},
    "optional": _HEAD | {"text_wrap": True},
    "section": {"bold": True, "font_size": 13, "bottom": 2},
    "head": _HEAD,
    "text": {"text_wrap": True, "valign": "top"} | _EDGE,
    "missing": {"bg_color": "#FFC7CE"},
}
#: the columns of the guide: what stands above them, and how wide they are
_GUIDE = (("列名", 16), ("必填", 9), ("填什么", 18), ("可选的内容", 26), ("说明", 28), ("示例（不计入数据）", 20),
          ("怎样填、怎样更正", 26), ("会查什么", 58))  # fmt: skip
_REMARK = {"warning": "，提醒", "info": "，说明"}
#: points a line of text is high, and a row may be
_LINE, _TALLEST = 15, 409
#: so many choices are named in the guide; all of them are in the drop-down
_NAMED = 40


def workbook(templates: Sequence[Template]) -> bytes:
    """An xlsx file with a sheet for each template, a guide, and hidden sheets with the choices and the stamp."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, _OPTIONS | {"default_format_properties": dict(_FONT)}) as book:
        book.set_properties({"title": "、".join(t.sheet for t in templates), "created": _CREATED})
        formats = {name: book.add_format(look) for name, look in _FORMATS.items()}
        choices = Choices(LISTS)
        for made in templates:
            _data_sheet(book, made, choices, formats)
        helpers = [(GUIDE, _guide(book, templates, formats))]
        if choices.long:
            helpers.append((LISTS, _lists(book, choices)))
        _stamp(book, template_stamp.stamp(templates, helpers))
    return out.getvalue()


def _data_sheet(book: Any, made: Template, choices: Choices, formats: dict[str, Any]) -> None:
    sheet = book.add_worksheet(made.sheet)
    for row, line in enumerate((made.title, *made.instructions)):
        sheet.write_string(row, 0, line, formats["line" if row else "title"])
    head = 1 + len(made.instructions)
    for index, column in enumerate(made.columns):
        _column(book, sheet, (head, index), column, choices)
        title = column.header.replace("（", "\n（")
        sheet.write_string(head, index, title, formats["required" if column.required else "optional"])
    _missing(sheet, made, head, formats["missing"])
    sheet.set_row(head, 48)
    sheet.freeze_panes(head + 1, 1)
    sheet.autofilter(head, 0, head + DRAWN, len(made.columns) - 1)
    sheet.ignore_errors({"number_stored_as_text": _range(head + 1, 0, len(made.columns) - 1)})
    sheet.protect("", dict.fromkeys(_ALLOWED, True))
    _print(sheet, head, sum(map(_width, made.columns)))


def _column(book: Any, sheet: Any, head: tuple[int, int], column: TemplateColumn, choices: Choices) -> None:
    """Cells that may be written in, in the format that Excel leaves alone, with what may stand in them."""
    row, index = head
    look = {"locked": False, "num_format": number_format(column)}
    sheet.set_column(index, index, _width(column), book.add_format(look))
    drawn = book.add_format(look | _EDGE)
    for number in range(row + 1, row + 1 + DRAWN):
        sheet.write_blank(number, index, None, drawn)
    checked = validation(column, xl_rowcol_to_cell(row + 1, index), choices)
    sheet.data_validation(row + 1, index, row + ROWS, index, checked)


def _missing(sheet: Any, made: Template, head: int, look: Any) -> None:
    """A required cell that is empty in a row someone has begun shows."""
    last = xl_rowcol_to_cell(head + 1, len(made.columns) - 1, col_abs=True)
    for index, column in enumerate(made.columns):
        if column.required:
            cell = xl_rowcol_to_cell(head + 1, index)
            begun = f"=AND(COUNTA($A{head + 2}:{last})>0,ISBLANK({cell}))"
            sheet.conditional_format(
                head + 1, index, head + ROWS, index, {"type": "formula", "criteria": begun, "format": look}
            )


def _print(sheet: Any, head: int, width: int) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    sheet.fit_to_pages(math.ceil(width / _PAGE), 0)
    sheet.repeat_rows(head)
    sheet.repeat_columns(0)
    sheet.set_footer("&L&A&R第 &P 页，共 &N 页")


def _width(column: TemplateColumn) -> int:
    """Enough for the title (a long one is folded), the example, and the longest choice."""
    texts = [column.example, *(() if column.several else column.choices)]
    title = max(map(wide, column.header.split("（")))
    folded = title if title <= 14 else math.ceil(title / 2) + 2
    return max(10, min(30, max(folded + 4, *(wide(text) + 3 for text in texts))))


def _range(first: int, left: int, right: int) -> str:
    return f"{xl_rowcol_to_cell(first, left)}:{xl_rowcol_to_cell(first + ROWS - 1, right)}"


def _guide(book: Any, templates: Sequence[Template], formats: dict[str, Any]) -> int:
    """What each column means, one below the other; returns how many rows are filled."""
    sheet = book.add_worksheet(GUIDE)
    for index, (_, width) in enumerate(_GUIDE):
        sheet.set_column(index, index, width)
    sheet.write_string(0, 0, GUIDE, formats["title"])
    sheet.write_string(1, 0, f"本页只供查看，不计入数据。模板版本 {templates[0].version}", formats["line"])
    row, filled = 2, 2
    for made in templates:
        sheet.write_string(row + 1, 0, made.sheet, formats["section"])
        for index, (title, _) in enumerate(_GUIDE):
            sheet.write_string(row + 2, index, title, formats["head"])
        for number, column in enumerate(made.columns, row + 3):
            cells = _guide_cells(column)
            sheet.set_row(number, min(_LINE * _lines(cells), _TALLEST))
            for index, text in enumerate(cells):
                sheet.write_string(number, index, text, formats["text"])
        row, filled = row + 3 + len(made.columns), filled + 2 + len(made.columns)
    sheet.protect("", {"format_columns": True, "format_rows": True})
    _print(sheet, 0, _PAGE)
    return filled


def _lines(cells: Sequence[str]) -> int:
    """How many lines the fullest cell of a row of the guide takes."""
    widths = [width - 4 for _, width in _GUIDE]  # lines break early, before words
    folded = [[math.ceil((wide(line) or 1) / w) for line in c.split("\n")] for c, w in zip(cells, widths, strict=True)]
    return max(map(sum, folded))


def _guide_cells(column: TemplateColumn) -> tuple[str, ...]:
    named = "、".join(column.choices[:_NAMED])
    more = f"等 {len(column.choices)} 项" if len(column.choices) > _NAMED else ""
    needed = "必填" if column.required else f"不填时按“{column.default}”计" if column.default else "选填"
    rules = "\n".join(f"{rule.says}（{rule.code}{_REMARK.get(rule.severity, '')}）" for rule in column.rules)
    return (column.title, needed, column.asks, named + more, column.describes, column.example, column.hint, rules)


def _lists(book: Any, choices: Choices) -> int:
    """The long lists of choices, one a column, each under a name; returns how many rows are filled."""
    sheet = book.add_worksheet(LISTS)
    sheet.hide()
    for index, (words, name) in enumerate(choices.long.items()):
        for row, word in enumerate(words):
            sheet.write_string(row, index, word)
        book.define_name(name, f"={choices.place(index, len(words))}")
    return max(map(len, choices.long))


def _stamp(book: Any, stamp: template_stamp.Stamp) -> None:
    sheet = book.add_worksheet(template_stamp.SHEET)
    sheet.very_hidden()
    for row, cells in enumerate(template_stamp.rows(stamp)):
        for index, cell in enumerate(cells):
            sheet.write_string(row, index, cell)
