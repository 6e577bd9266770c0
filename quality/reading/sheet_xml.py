"""What the XML of a sheet says that its parser does not: extent, hidden rows, errors, formulas without a value.

What belongs here: searches over the bytes of one part, at the speed of C; and a slow walk over every tag for
whatever is written in an unusual way. What does not: the archive around the part (archives.py) and the cells'
values (workbooks.py).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from quality.limits import Limits, Refused

Spans = tuple[tuple[int, int], ...]
#: spans that are named; more would not be read
_SPANS = 8


@dataclass(frozen=True)
class Facts:
    """Of one sheet. Rows and columns count from 1; ``errors`` and ``formulas``: (row, column) -> what stands there."""

    hidden_rows: Spans = ()
    hidden_columns: Spans = ()
    errors: dict[tuple[int, int], str] = field(default_factory=dict)
    formulas: dict[tuple[int, int], str] = field(default_factory=dict)


_P = rb"(?:[\w.-]+:)?"  # a prefix of the name space is legal
#: xlsx: <row r="7"> and <c r="B7">, both references optional; ods: repeated rows and cells
_TAG = re.compile(
    rb"<" + _P + rb"(row|c|table|table-row|(?:covered-)?table-cell)"
    rb"""((?:[\s/](?:[^<>"']|"[^"<]*"|'[^'<]*')*+)?)>"""
)
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)(\d*)["']""")
_ROWS = re.compile(rb"""number-rows-repeated\s*=\s*["'](\d+)["']""")
_COLUMNS = re.compile(rb"""number-columns-repeated\s*=\s*["'](\d+)["']""")
#: as Excel, WPS, LibreOffice and the usual libraries write a cell and a row
_PLAIN_CELL = re.compile(rb'<c r="([A-Z]{1,3})\d')
_PLAIN_ROW = re.compile(rb'<row r="(\d+)"')
_PREFIXED = re.compile(rb":(?:c|row)[\s/>]")

_HIDDEN = rb"""\shidden\s*=\s*["'](?:1|true)["'][^>]*>"""
_HIDDEN_ROW = re.compile(rb"<" + _P + rb"row\b[^>]*" + _HIDDEN)
_HIDDEN_COLUMN = re.compile(rb"<" + _P + rb"col\b[^>]*" + _HIDDEN)
_SPAN = re.compile(rb"""\s(min|max)\s*=\s*["'](\d+)["']""")
_ERROR = re.compile(rb"<" + _P + rb"""c\b([^>]*\st\s*=\s*["']e["'][^>]*)>(.*?)</""" + _P + rb"c>", re.DOTALL)
_VALUE = re.compile(rb"<" + _P + rb"v\b[^>]*>([^<]*)<")
_FORMULA = re.compile(
    rb"<" + _P + rb"c\b([^>]*)>\s*<" + _P + rb"f\b(?:[^>]*/>|[^>]*>([^<]*)</" + _P + rb"f>)\s*"
    rb"(<" + _P + rb"v\b[^>]*(?:/>|>\s*</" + _P + rb"v>))?\s*</" + _P + rb"c>"
)


def facts_of(data: bytes, limits: Limits) -> Facts:
    """What is to be known of a sheet of an xlsx before its cells are read; Refused when it is too large."""
    plain = check_extent(data, limits)
    rows, columns = (), ()
    if b"hidden" in data:
        rows = joined_spans([(n, n) for tag in _HIDDEN_ROW.findall(data) if (n := _row_number(tag))])
        columns = joined_spans([_span(tag) for tag in _HIDDEN_COLUMN.findall(data)])
    return Facts(rows, columns, dict(_errors(data, plain)), dict(_formulas(data, plain)))


def check_extent(data: bytes, limits: Limits) -> bool:
    """The rectangle in use, from the references of the cells: what a sheet says of its size is not trusted.

    Returns whether the sheet is written as usual, and small."""
    if _surely_small(data, limits):
        return True
    bottom = right = 0
    for row, last in _cells(data):
        bottom, right = max(bottom, row), max(right, last)
        limits.check_table(bottom, right)
    return False


def _surely_small(data: bytes, limits: Limits) -> bool:
    """Whether a sheet that is written as usual is within the limits; unusual ones must be walked through."""
    start, end = data.find(b"<sheetData"), data.rfind(b"</sheetData>")
    if start < 0 or end < 0 or _PREFIXED.search(data):
        return False
    columns = _PLAIN_CELL.findall(data, start, end)
    rows = _PLAIN_ROW.findall(data, start, end)
    if len(columns) != data.count(b"<c", start, end) or len(rows) != data.count(b"<row", start, end) or not rows:
        return False
    right = max(map(_column_number, set(columns)), default=0)
    digits = len(str(max(map(int, rows))))
    beyond = re.compile(rb'<c r="[A-Z]{1,3}\d{%d}' % (digits + 1))
    return right <= limits.columns and right * 10**digits <= limits.cells and not beyond.search(data)


def _cells(data: bytes) -> Iterator[tuple[int, int]]:
    """(last row, last column) of each filled cell, from 1, placed as a parser places it."""
    row, column, height = 0, 0, 1
    for tag in _TAG.finditer(data):
        name, rest = tag[1], tag[2]
        if name == b"table":
            row, height = 0, 1
        elif name == b"row":
            row, column = _row_number(rest) or row + 1, 0
        elif name == b"table-row":
            row, column, height = row + height, 0, _repeats(_ROWS, rest)
        elif name == b"c":
            found = _REFERENCE.search(rest)
            column = _column_number(found[1]) if found and found[1] else column + 1
            if not rest.endswith(b"/"):  # nothing but a format
                yield max(row, _row_number(rest)), column
        else:
            column += _repeats(_COLUMNS, rest)
            if not rest.endswith(b"/"):
                yield row + height - 1, column


def _errors(data: bytes, plain: bool) -> Iterator[tuple[tuple[int, int], str]]:
    """Error cells: the parser gives them as empty, and an empty cell may be accepted."""
    if b't="e"' in data or not plain:
        for cell in _ERROR.finditer(data):
            found = _VALUE.search(cell[2])
            yield _place(cell[1]), found[1].decode("ascii", "replace").strip() if found else "#N/A"


def _formulas(data: bytes, plain: bool) -> Iterator[tuple[tuple[int, int], str]]:
    """Formulas whose result was not stored. An empty text is a result."""
    if b"<f" in data or not plain:
        for cell in _FORMULA.finditer(data):
            if not (cell[3] and re.search(rb"""\st\s*=\s*["']str["']""", cell[1])):
                yield _place(cell[1]), "=" + html.unescape((cell[2] or b"").decode("utf-8", "replace"))


def _place(attributes: bytes) -> tuple[int, int]:
    """(row, column) of a cell; Refused when it does not say: where it stands could not be told."""
    found = _REFERENCE.search(attributes)
    if not found or not found[1] or not found[2]:
        raise Refused("file-unreadable")
    return int(found[2]), _column_number(found[1])


def _row_number(attributes: bytes) -> int:
    found = _REFERENCE.search(attributes)
    return int(found[2]) if found and found[2] else 0


def _span(tag: bytes) -> tuple[int, int]:
    ends = {name: int(number) for name, number in _SPAN.findall(tag)}
    return ends.get(b"min", 0), ends.get(b"max", 0)


def joined_spans(pieces: list[tuple[int, int]]) -> Spans:
    """Spans in order, those that touch joined."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(p for p in pieces if 0 < p[0] <= p[1]):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return tuple(joined)


def _repeats(pattern: re.Pattern[bytes], rest: bytes) -> int:
    found = pattern.search(rest)
    return int(found[1]) if found else 1


def named_spans(spans: Spans, first: int, last: int, name: Callable[[int], str]) -> str:
    """Spans within a range, as people write them: 3-4、9."""
    cut = [(max(a, first), min(b, last)) for a, b in spans if a <= last and b >= first]
    named = [name(a) if a == b else f"{name(a)}-{name(b)}" for a, b in cut[:_SPANS]]
    return "、".join(named) + (f" 等 {len(cut)} 处" if len(cut) > _SPANS else "")


def column_letters(number: int) -> str:
    """1 -> A, 28 -> AB."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
