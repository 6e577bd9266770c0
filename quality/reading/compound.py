"""The compound file of old Office programs: which program wrote it, and what an old workbook's parser does not say.

What belongs here: the folder of a compound file, and the few records of a workbook that tell a lock, errors and
hidden rows. What does not: reading cells (workbooks.py). Formats: [MS-CFB] and [MS-XLS], published by Microsoft.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from quality.limits import Refused
from quality.reading.sheet_xml import Facts, joined_spans

_FREE = 0xFFFFFFFA  # this and above: no sector
_OTHERS = {
    "WordDocument": "Word 文档",
    "PowerPoint Document": "PowerPoint 演示文稿",
    "__properties_version1.0": "Outlook 邮件",
}
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
#: records of a workbook
_FORMULA, _EOF, _FILEPASS, _COLUMNS, _SHEET, _BOOL_OR_ERROR, _ROW = 0x06, 0x0A, 0x2F, 0x7D, 0x85, 0x205, 0x208
_BOF = (0x809, 0x409, 0x209, 0x09)


def facts_of_old(path: Path) -> list[Facts]:
    """Facts of each sheet of an old workbook, in its order; Refused for a locked one or anything else."""
    try:
        streams = _Compound(path.read_bytes())
        if "EncryptedPackage" in streams.folder:
            raise Refused("file-encrypted")
        name = next((n for n in ("Workbook", "Book", "WORKBOOK", "BOOK") if n in streams.folder), None)
        if name is None:
            other = next((text for n, text in _OTHERS.items() if n in streams.folder), None)
            raise Refused("file-type", other) if other else Refused("file-unreadable")
        return _facts(streams.content(name))
    except (struct.error, IndexError, UnicodeDecodeError):
        raise Refused("file-unreadable") from None


class _Compound:
    """The streams of a compound file: chains of sectors, as in a small file system."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._size = 1 << min(struct.unpack_from("<H", data, 30)[0], 16)
        self._small = 1 << min(struct.unpack_from("<H", data, 32)[0], 16)
        first, _, self._cutoff, small_table = struct.unpack_from("<4I", data, 48)
        self._next = self._table(data)
        self.folder = dict(self._entries(b"".join(self._chain(first))))
        root = next((place for name, place in self.folder.items() if name == "Root Entry"), (_FREE, 0))
        self._smalls = b"".join(self._chain(root[0]))
        table = b"".join(self._chain(small_table))
        self._next_small = struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4])

    def content(self, name: str) -> bytes:
        """The bytes of a stream; KeyError for one that the file does not have."""
        start, size = self.folder[name]
        if size >= self._cutoff:
            return b"".join(self._chain(start))[:size]
        pieces, at = [], start
        while at < _FREE and len(pieces) * self._small < size:
            pieces.append(self._smalls[at * self._small : (at + 1) * self._small])
            at = self._next_small[at]
        return b"".join(pieces)[:size]

    def _sector(self, number: int) -> bytes:
        return self._data[(number + 1) * self._size : (number + 2) * self._size]

    def _chain(self, start: int) -> Iterator[bytes]:
        """The sectors from ``start`` on; a chain that bites its tail ends with the file's length."""
        at, left = start, len(self._data) // self._size + 1
        while at < _FREE and left:
            yield self._sector(at)
            at, left = self._next[at], left - 1

    def _table(self, data: bytes) -> tuple[int, ...]:
        """For each sector the next one of its chain."""
        listed = list(struct.unpack_from("<109I", data, 76))
        more, left = struct.unpack_from("<I", data, 68)[0], len(data) // self._size
        while more < _FREE and left:
            numbers = struct.unpack(f"<{self._size // 4}I", self._sector(more))
            listed += numbers[:-1]
            more, left = numbers[-1], left - 1
        table = b"".join(self._sector(n) for n in listed if n < _FREE)
        return struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4])

    def _entries(self, data: bytes) -> Iterator[tuple[str, tuple[int, int]]]:
        for at in range(0, len(data) - 127, 128):
            length, kind = struct.unpack_from("<HB", data, at + 64)
            if kind and length <= 64:
                name = data[at : at + max(length - 2, 0)].decode("utf-16-le")
                yield name, struct.unpack_from("<II", data, at + 116)


@dataclass
class _SheetNotes:
    rows: list[tuple[int, int]]
    columns: list[tuple[int, int]]
    errors: dict[tuple[int, int], str]


def _facts(book: bytes) -> list[Facts]:
    starts = []
    for kind, at, length in _records(book, 0):
        if kind == _FILEPASS:
            raise Refused("file-encrypted")
        if kind == _SHEET and length >= 6:
            starts.append(struct.unpack_from("<I", book, at)[0])
    return [_sheet(book, start) for start in starts]


def _sheet(book: bytes, start: int) -> Facts:
    notes = _SheetNotes([], [], {})
    for kind, at, length in _records(book, start):
        if kind == _BOOL_OR_ERROR and length >= 8:
            row, column, _, value, is_error = struct.unpack_from("<HHHBB", book, at)
            if is_error:
                notes.errors[row + 1, column + 1] = _ERRORS.get(value, "#N/A")
        elif kind & 0xFF == _FORMULA and kind in (0x06, 0x206, 0x406) and length >= 14:
            row, column = struct.unpack_from("<HH", book, at)
            if book[at + 12 : at + 14] == b"\xff\xff" and book[at + 6] == 2:
                notes.errors[row + 1, column + 1] = _ERRORS.get(book[at + 8], "#N/A")
        elif kind == _ROW and length >= 16 and book[at + 12] & 0x20:
            row = struct.unpack_from("<H", book, at)[0]
            notes.rows.append((row + 1, row + 1))
        elif kind == _COLUMNS and length >= 10 and book[at + 8] & 1:
            first, last = struct.unpack_from("<HH", book, at)
            notes.columns.append((first + 1, last + 1))
    return Facts(joined_spans(notes.rows), joined_spans(notes.columns), notes.errors)


def _records(book: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """(kind, where its content begins, length) of the records of one part, its charts left out."""
    depth = 0
    while at + 4 <= len(book):
        kind, length = struct.unpack_from("<HH", book, at)
        depth += kind in _BOF
        if depth == 1:
            yield kind, at + 4, length
        depth -= kind == _EOF
        if depth <= 0:
            return
        at += 4 + length
