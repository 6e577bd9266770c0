"""Where the box of a comment hangs: openpyxl says only how large it is, and programs then pile all boxes in a corner.

What belongs here: the drawing part of comments in an xlsx. What does not: their text (marks.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, tostring

from defusedxml.ElementTree import fromstring
from openpyxl.worksheet.worksheet import Worksheet

_EXCEL, _VML = "urn:schemas-microsoft-com:office:excel", "urn:schemas-microsoft-com:vml"
_SHAPE, _DATA = f"{{{_VML}}}shape", f"{{{_EXCEL}}}ClientData"
#: pixels of a column or row that says nothing, of a character, and of a point
_COLUMN, _ROW, _CHARACTER, _POINT = 64, 20, 7, 4 / 3
#: the box hangs so far to the right of its cell, and begins so far above the cell's lower edge
_RIGHT, _ABOVE = 12, 10


def anchored(vml: bytes, sheet: Worksheet) -> bytes:
    """The drawing with each box beside its cell, as large as it is said to be."""
    columns, rows = _column_pixels(sheet), _row_pixels(sheet)
    root = fromstring(vml)
    for shape in root.iter(_SHAPE):
        data = shape.find(_DATA)
        if data is not None and data.find(f"{{{_EXCEL}}}Row") is not None:
            _anchor(shape, data, columns, rows)
    return tostring(root)


def _anchor(shape: Element, data: Element, columns: dict[int, int], rows: dict[int, int]) -> None:
    """Column, offset, row, offset of the upper left corner, then of the lower right one; all from 0, in pixels."""
    size = dict(part.strip().split(":") for part in shape.get("style", "").split(";") if ":" in part)
    row, column = (int(data.findtext(f"{{{_EXCEL}}}{name}", "0")) for name in ("Row", "Column"))
    right = _walk(columns, _COLUMN, column + 1, _RIGHT + int(size["width"].removesuffix("px")))
    top = max(0, row - 1)
    bottom = _walk(rows, _ROW, top, _ABOVE + int(size["height"].removesuffix("px")))
    numbers = (column + 1, _RIGHT, top, _ABOVE, *right, *bottom)
    SubElement(data, f"{{{_EXCEL}}}Anchor").text = ", ".join(map(str, numbers))


def _walk(sizes: dict[int, int], usual: int, start: int, pixels: int) -> tuple[int, int]:
    """The column or row that lies ``pixels`` behind ``start``, and how far into it."""
    at = start
    while pixels >= sizes.get(at, usual):
        pixels -= sizes.get(at, usual)
        at += 1
    return at, pixels


def _column_pixels(sheet: Worksheet) -> dict[int, int]:
    return {
        number - 1: 0 if dimension.hidden else round(dimension.width * _CHARACTER + 5)
        for dimension in sheet.column_dimensions.values()
        for number in _span(dimension.min, dimension.max)
    }


def _span(first: int | None, last: int | None) -> Iterator[int]:
    """A width may be said of all columns up to the last: no comment reaches farther than some hundred."""
    if first is not None and last is not None:
        yield from range(first, min(last, first + 500) + 1)


def _row_pixels(sheet: Worksheet) -> dict[int, int]:
    return {
        number - 1: 0 if row.hidden else round((row.height or _ROW / _POINT) * _POINT)
        for number, row in sheet.row_dimensions.items()
    }
