"""How large a received file may be once unpacked, found out before any parser opens it.

What belongs here: the limits, and the cheap looks that enforce them. What does not: reading the content. A
workbook of a few kilobytes can claim a cell in the last row and column; its parser would then ask for memory
for all cells between, and the process would be gone, not refused.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

#: parts of a workbook (an honest one has a few for each sheet)
MOST_ENTRIES = 200
#: bytes of all parts of a workbook, unpacked
MOST_UNPACKED = 64 << 20
#: how often a part may be larger than packed; small parts may well be (they cannot do harm)
MOST_RATIO = 100
SMALL_ENTRY = 1 << 20
#: rows times columns of the rectangle that is in use on one sheet
MOST_CELLS = 2_000_000
#: bytes of a gzipped source, unpacked
MOST_GZIP = 1 << 30

_CHUNK = 1 << 20
#: xlsx: <row r="7"> and <c r="B7">, both references optional; ods: repeated rows and cells
_TAG = re.compile(
    rb"<(?:[\w.-]+:)?(row|c|table|table-row|(?:covered-)?table-cell)"
    rb"""((?:[\s/](?:[^<>"']|"[^"<]*"|'[^'<]*')*+)?)>"""
)
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)(\d*)["']""")
_ROWS = re.compile(rb"""number-rows-repeated\s*=\s*["'](\d+)["']""")
_COLUMNS = re.compile(rb"""number-columns-repeated\s*=\s*["'](\d+)["']""")


class TooLarge(Exception):
    """The file would unpack to more than any honest one holds. The message never quotes a cell."""


def check_workbook(path: Path) -> None:
    """TooLarge for a zipped workbook (xlsx, xlsm, ods) beyond the limits; BadZipFile for a broken one.

    Other files pass: old Excel has no packed parts, and at most 65,536 rows of 256 columns."""
    with path.open("rb") as file:
        if not file.read(4).startswith(b"PK\x03\x04"):
            return
    try:
        with zipfile.ZipFile(path) as book:
            entries = book.infolist()
            _check_entries(entries)
            for entry in entries:
                with book.open(entry) as part:
                    _check_extent(part)
    except (zlib.error, EOFError, NotImplementedError, RuntimeError) as error:  # packed in a way we do not read
        raise zipfile.BadZipFile(type(error).__name__) from None


def copy_limited(packed: BinaryIO, out: BinaryIO, most: int = MOST_GZIP) -> None:
    """Copies a stream; TooLarge as soon as it gives more than ``most`` bytes."""
    copied = 0
    while chunk := packed.read(_CHUNK):
        copied += len(chunk)
        if copied > most:
            raise TooLarge(f"more than {most} bytes unpacked")
        out.write(chunk)


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MOST_ENTRIES:
        raise TooLarge(f"{len(entries)} parts")
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        raise TooLarge("too many bytes unpacked")
    if any(e.file_size > max(SMALL_ENTRY, MOST_RATIO * e.compress_size) for e in entries):
        raise TooLarge("a part is packed too tightly")


def _check_extent(part: BinaryIO) -> None:
    """The rectangle in use, from the references of the cells: what a sheet says of its size is not trusted."""
    bottom = left = right = 0
    for row, first, last in _cells(part):
        bottom = max(bottom, row)
        left, right = min(left or first, first), max(right, last)
        if bottom * (right - left + 1) > MOST_CELLS:
            raise TooLarge("a cell far away from the others")


def _cells(part: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """(last row, first column, last column) of each filled cell, from 1, placed as a parser places it."""
    row, column, height = 0, 0, 1
    for name, rest in _tags(part):
        if name == b"table":
            row, height = 0, 1
        elif name == b"row":
            found = _REFERENCE.search(rest)
            row, column = int(found[2]) if found and found[2] else row + 1, 0
        elif name == b"table-row":
            row, column, height = row + height, 0, _repeats(_ROWS, rest)
        elif name == b"c":
            found = _REFERENCE.search(rest)
            column = _column_number(found[1]) if found and found[1] else column + 1
            if not rest.endswith(b"/"):  # nothing but a format
                yield max(row, int(found[2]) if found and found[2] else 0), column, column
        else:
            first, column = column + 1, column + _repeats(_COLUMNS, rest)
            if not rest.endswith(b"/"):
                yield row + height - 1, first, column


def _tags(part: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """The tags of rows and cells of one part, which is read in pieces that end before a tag."""
    kept = b""
    while chunk := part.read(_CHUNK):
        chunk = kept + chunk
        end = max(chunk.rfind(b"<"), 0)
        yield from ((tag[1], tag[2]) for tag in _TAG.finditer(chunk, 0, end))
        kept = chunk[end:]
    yield from ((tag[1], tag[2]) for tag in _TAG.finditer(kept))


def _repeats(pattern: re.Pattern[bytes], rest: bytes) -> int:
    found = pattern.search(rest)
    return int(found[1]) if found else 1


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number
