"""Looks into a zipped workbook before a parser opens it: kind, parts, sizes, and what it reaches for.

What belongs here: cheap looks at the packed parts that say what they would cost and whether they are harmless.
What does not: reading cells (workbooks.py). A workbook of a few kilobytes can claim a cell in the last row and
column; its parser would then ask for memory for all cells between, and the process would be gone, not refused.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from quality.limits import Limits, Refused

#: parts below this size can do no harm, however tightly they are packed
_SMALL_PART = 1 << 20
_CHUNK = 1 << 20
#: xlsx: <row r="7"> and <c r="B7">, both references optional; ods: repeated rows and cells
_TAG = re.compile(
    rb"<(?:[\w.-]+:)?(row|c|table|table-row|(?:covered-)?table-cell)"
    rb"""((?:[\s/](?:[^<>"']|"[^"<]*"|'[^'<]*')*+)?)>"""
)
_REFERENCE = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)(\d*)["']""")
_ROWS = re.compile(rb"""number-rows-repeated\s*=\s*["'](\d+)["']""")
_COLUMNS = re.compile(rb"""number-columns-repeated\s*=\s*["'](\d+)["']""")



def check_archive(path: Path, limits: Limits) -> None:
    """Refused for a zipped workbook beyond the limits, or one that does not unpack to what it says."""
    if not zipfile.is_zipfile(path):
        return
    try:
        with zipfile.ZipFile(path) as book:
            entries = book.infolist()
            _check_entries(entries, limits)
            for entry in entries:
                with book.open(entry) as part:
                    _check_extent(part, limits)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
        raise Refused("file-unreadable") from None


def _check_entries(entries: list[zipfile.ZipInfo], limits: Limits) -> None:
    if len(entries) > limits.entries:
        raise Refused("archive-too-many-parts", f"{limits.entries:,}")
    limits.check_unpacked(sum(entry.file_size for entry in entries))
    if any(e.file_size > max(_SMALL_PART, limits.ratio * e.compress_size) for e in entries):
        raise Refused("archive-too-dense", f"{limits.ratio:,}")


def _check_extent(part: BinaryIO, limits: Limits) -> None:
    """The rectangle in use, from the references of the cells: what a sheet says of its size is not trusted."""
    bottom = left = right = 0
    for row, first, last in _cells(part):
        bottom = max(bottom, row)
        left, right = min(left or first, first), max(right, last)
        limits.check_table(bottom, right - left + 1)


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
