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
#: as Excel, WPS, LibreOffice and the usual libraries write a cell and a row; any other row gives b''
_PLAIN_CELL = re.compile(rb'<c r="([A-Z]{1,3})\d')
_ANY_ROW = re.compile(rb'<row(?: r="(\d+)")?')
_EMPTY_ROW = re.compile(rb"<row\b[^>]*/>")
_PREFIXED = re.compile(rb":(?:c|row)[\s/>]")
#: the columns are learned from so many bytes, and so many may come later
_HEAD_BYTES, _LATE_COLUMNS = 1 << 16, 50

#: what a sheet must hold for a closer look to find something; two marks of an error, each with its rarest byte
_HIDES, _COMPUTES, _COMMENTS = re.compile(b"hidden"), re.compile(rb"<f\b"), re.compile(b"<!")
_SAYS_ERROR = ((re.compile(b'"e"'), b"e"), (re.compile(b"'e'"), b"'"))
_OPENS = b"<sheetData"

_HIDDEN = rb"""\shidden\s*=\s*["'](?:1|true)["'][^>]*>"""
_HIDDEN_ROW = re.compile(rb"<" + _P + rb"row\b[^>]*" + _HIDDEN)
_HIDDEN_COLUMN = re.compile(rb"<" + _P + rb"col\b[^>]*" + _HIDDEN)
_SPAN = re.compile(rb"""\s(min|max)\s*=\s*["'](\d+)["']""")
_ERROR = re.compile(rb"<" + _P + rb"""c\b([^>]*\st\s*=\s*["']e["'][^>]*)>(.*?)</""" + _P + rb"c>", re.DOTALL)
_COMPUTES_SOMEHOW = re.compile(b"<" + _P + rb"f\b")
_VALUE = re.compile(rb"<" + _P + rb"v\b[^>]*>([^<]*)<")
_FORMULA = re.compile(
    rb"<" + _P + rb"c\b([^>]*)>\s*<" + _P + rb"f\b(?:[^>]*/>|[^>]*>([^<]*)</" + _P + rb"f>)\s*"
    rb"(<" + _P + rb"v\b[^>]*(?:/>|>\s*</" + _P + rb"v>))?\s*</" + _P + rb"c>"
)


def facts_of(data: bytes, limits: Limits, *, proved: bool = True) -> Facts:
    """What is to be known of a sheet of an xlsx before its cells are read.

    ``proved``: it is known to be well-formed. Refused when it is too large, or when rows are not closed."""
    body = _body(data)
    numbers = _ANY_ROW.findall(data, *body)
    unclosed = 0 if proved else len(numbers) - data.count(b"</row>", *body)
    if unclosed and unclosed != len(_EMPTY_ROW.findall(data, *body)):
        raise Refused("file-unreadable")
    plain = _surely_small(data, body, numbers, limits)
    if not plain:
        _walk(data, limits)
    rows, columns = (), ()
    if _holds(data, _HIDES, b"h", body):
        numbers = [_row_number(tag[0]) for tag in _tags(data, _HIDES, _HIDDEN_ROW)]
        rows = joined_spans([(number, number) for number in numbers])
        columns = joined_spans([_span(tag[0]) for tag in _tags(data, _HIDES, _HIDDEN_COLUMN)])
    # the parser gives error cells as empty, and an empty cell may be accepted
    errors = {}
    for mark, rare in _SAYS_ERROR:
        errors |= dict(_errors(data, mark)) if _holds(data, mark, rare, body) else {}
    formulas = _formulas(data, plain) if _holds(data, _COMPUTES, b"f", body) or not plain else ()
    return Facts(rows, columns, errors, dict(formulas))


def check_extent(data: bytes, limits: Limits) -> None:
    """The rectangle in use, from the references of the cells: what a sheet says of its size is not trusted."""
    body = _body(data)
    if not _surely_small(data, body, _ANY_ROW.findall(data, *body), limits):
        _walk(data, limits)


def _walk(data: bytes, limits: Limits) -> None:
    bottom = right = 0
    for row, last in _cells(data):
        bottom, right = max(bottom, row), max(right, last)
        limits.check_table(bottom, right)


def _body(data: bytes) -> tuple[int, int]:
    """Where the cells begin and end; everything when that is not told in the usual way."""
    start, end = data.find(_OPENS), data.rfind(b"</sheetData>")
    return (start + len(_OPENS), end) if 0 <= start < end else (0, len(data))


def _holds(data: bytes, pattern: re.Pattern[bytes], rare: bytes, body: tuple[int, int]) -> bool:
    """Whether anything in a sheet matches. ``rare``: a byte of every match, which few cells have and is found first,
    twenty times quicker."""
    start, end = body
    if pattern.search(data, 0, start) or pattern.search(data, end):
        return True
    return data.find(rare, start, end) >= 0 and pattern.search(data, start, end) is not None


def _surely_small(data: bytes, body: tuple[int, int], numbers: list[bytes], limits: Limits) -> bool:
    """Whether a sheet that is written as usual is within the limits; unusual ones must be walked through.

    ``numbers``: of its rows. One search for a cell that stands outside the columns and rows known so far."""
    start, end = body
    unusual = start == 0 or not numbers or b"" in numbers or _holds(data, _PREFIXED, b":", body)
    if unusual or _holds(data, _COMMENTS, b"!", body):
        return False
    columns = set(_PLAIN_CELL.findall(data, start, min(end, start + _HEAD_BYTES)))
    rows, bottom = _up_to(max(map(int, numbers)))
    for _ in range(_LATE_COLUMNS):
        other = re.compile(rb'<c(?! r="(?:%s)(?:%s)")' % (_one_of(columns), rows)).search(data, start, end)
        right = max(map(_column_number, columns), default=0)
        if other is None or right > limits.columns or right * bottom > limits.cells:
            return other is None and right <= limits.columns and right * bottom <= limits.cells
        late = _PLAIN_CELL.match(data, other.start())
        if late is None or late[1] in columns:
            return False
        columns.add(late[1])
        start = other.start()
    return False


def _one_of(columns: set[bytes]) -> bytes:
    """The regular expression for one of these columns, those with the same letters before their last as one class."""
    last: dict[bytes, bytes] = {}
    for name in sorted(columns):
        last[name[:-1]] = last.get(name[:-1], b"") + name[-1:]
    return b"|".join(b"%s[%s]" % (before, letters) for before, letters in last.items()) or b"(?!)"


def _up_to(number: int) -> tuple[bytes, int]:
    """The regular expression for all numbers up to this one and a few more, and the last of them."""
    first, rest = int(str(number)[0]), len(str(number)) - 1
    shorter = rb"|\d{1,%d}" % rest if rest else b""
    return rb"[0-%d]\d{%d}%s" % (first, rest, shorter), (first + 1) * 10**rest - 1


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


def _errors(data: bytes, mark: re.Pattern[bytes]) -> Iterator[tuple[tuple[int, int], str]]:
    """Error cells, and what each shows."""
    for cell in _tags(data, mark, _ERROR):
        found = _VALUE.search(cell[2])
        yield _place(cell[1]), found[1].decode("ascii", "replace").strip() if found else "#N/A"


def _formulas(data: bytes, plain: bool) -> Iterator[tuple[tuple[int, int], str]]:
    """Formulas whose result was not stored. An empty text is a result."""
    for cell in _tags(data, _COMPUTES if plain else _COMPUTES_SOMEHOW, _FORMULA):
        if not (cell[3] and re.search(rb"""\st\s*=\s*["']str["']""", cell[1])):
            yield _place(cell[1]), "=" + html.unescape((cell[2] or b"").decode("utf-8", "replace"))


def _tags(data: bytes, mark: re.Pattern[bytes], cell: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
    """The cells that match, which are few: looked for by a mark in or right behind their opening tag."""
    for found in mark.finditer(data):
        whole = cell.match(data, data.rfind(b"<", 0, found.start()))
        if whole:
            yield whole


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
