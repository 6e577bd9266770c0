"""Which rows of a file hold anything, by readers that the gate does not use: Python's csv, and openpyxl.

What belongs here: row numbers as a person counts them. What does not: values. Where the second reader cannot
read a file, or reads it in several ways, it says so: an empty list, or several readings.
"""

from __future__ import annotations

import csv
import io
import warnings
from collections.abc import Iterator

DELIMITERS = ",\t;|，"
#: bytes no text begins with: archives, compound files, gzip
_BINARY = (b"PK", b"\xd0\xcf\x11\xe0", b"\x1f\x8b")


def filled_rows(data: bytes, sheet: str) -> list[list[int]]:
    """The numbers of the filled rows of a sheet ('' for text), one list for each way to read it."""
    if data.startswith(b"PK"):
        return _workbook_rows(data, sheet)
    if data.startswith(_BINARY):
        return []
    return _text_rows(data)


def _text_rows(data: bytes) -> list[list[int]]:
    """The records of each delimiter, in each encoding the bytes may be in."""
    readings = []
    for text in filter(None, _decoded(data)):
        lines = text.replace("\r\n", "\n").replace("\r", "\n")
        readings += [_records(lines, delimiter) for delimiter in DELIMITERS if delimiter in lines]
    return [reading for reading in readings if reading is not None]


def _decoded(data: bytes) -> Iterator[str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        names = ["utf-32", "utf-16"]
    else:
        names = ["utf-16-le", "utf-16-be"] if b"\0" in data else ["utf-8-sig", "gb18030"]
    for name in names:
        try:
            yield data.decode(name)
        except UnicodeDecodeError:
            continue


def _records(lines: str, delimiter: str) -> list[int] | None:
    csv.field_size_limit(1 << 30)
    try:
        rows = list(csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter))
    except csv.Error:
        return None
    return [number for number, row in enumerate(rows, 1) if any(cell.strip(" ") for cell in row)]


def _workbook_rows(data: bytes, sheet: str) -> list[list[int]]:
    """By openpyxl, cell by cell: what a sheet says of its own size is not asked."""
    import openpyxl

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
        cells = book[sheet]._cells.items()
    except Exception:  # it need not read what is broken
        return []
    return [sorted({row for (row, _), cell in cells if cell.value is not None and str(cell.value).strip()})]
