"""Counts the physical records of a delimited file without the engine that will read it.

Why: one unterminated quote makes a CSV reader swallow thousands of rows in silence. The reader's row count
must equal this one, or the file is refused. What does not belong here: columns and values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHUNK = 1 << 22
#: a quoted cell longer than this is an unterminated quote, not a cell
MAX_CELL = 1 << 24


@dataclass(frozen=True)
class Records:
    """``count`` records, of which those at the 1-based positions ``blank`` hold nothing at all."""

    count: int
    blank: tuple[int, ...]
    newline_in_cell: bool

    @property
    def filled(self) -> int:
        """How many rows a reader that skips blank lines must return."""
        return self.count - len(self.blank)


def count_records(path: Path, delimiter: str = ",") -> Records:
    """The physical records of a UTF-8 file whose lines end in LF or CRLF, quoted as in RFC 4180."""
    count, blank, held = 0, [], False
    for text, newline_in_cell in _Quotes(delimiter).outside(path):
        if text.startswith((b"\n", b"\r\n")) or b"\n\n" in text or b"\n\r\n" in text:
            blank += [count + i for i, line in enumerate(text.splitlines(), 1) if not line]
        count += text.count(b"\n") + (not text.endswith(b"\n"))
        held |= newline_in_cell
    return Records(count, tuple(blank), held)


def closes_its_quotes(line: bytes, delimiter: str) -> bool:
    """Whether every quoted cell that begins in a line ends in it: then the line is one record."""
    quotes = _Quotes(delimiter)
    return not quotes.begins.search(quotes.closed.sub(b"q", line))


def unclosed_quote(path: Path, delimiter: str) -> int | None:
    """The record (from 1) in which a quoted cell begins that nothing closes; None when all are closed."""
    quotes = _Quotes(delimiter)
    masked = quotes.closed.sub(b"q", path.read_bytes())
    found = quotes.begins.search(masked)
    return masked.count(b"\n", 0, found.start()) + 1 if found else None


def swallowing_quote(path: Path, delimiter: str, width: int) -> int | None:
    """The record (from 1) of the first quoted cell that runs over lines which look like records of their own.

    ``width``: how many cells a record has. Lines of an address have hardly a delimiter, swallowed records as many
    as the header. None when there is no such cell, or records are too narrow to tell."""
    data, quotes, sign = path.read_bytes(), _Quotes(delimiter), delimiter.encode()
    usual = width - 1
    for cell in quotes.closed.finditer(data):
        lines = cell.group().split(b"\n")
        if len(lines) > 1 and usual > 1 and _are_records([line.count(sign) for line in lines], usual):
            return quotes.closed.sub(b"q", data[: cell.start()]).count(b"\n") + 1
    return None


def _are_records(delimiters: list[int], usual: int) -> bool:
    """Whether a whole line within the cell, or its broken first and last one together, are as wide as a record."""
    return any(abs(n - usual) < 2 for n in delimiters[1:-1]) or sum(delimiters) >= usual * (len(delimiters) - 1)


def filled_lines(path: Path) -> int:
    """How many lines hold anything, whatever is quoted."""
    with path.open("rb") as file:
        return sum(bool(line.strip()) for line in file)


class _Quotes:
    """Knows where quoted cells begin and end for one delimiter."""

    def __init__(self, delimiter: str) -> None:
        begins = rb"(?<![^\n" + re.escape(delimiter.encode()) + rb'])"'
        self.closed = re.compile(begins + rb'[^"]*(?:""[^"]*)*"(?!")')
        self._any = re.compile(begins + rb'[^"]*(?:""[^"]*)*("(?!")|\Z)')
        self.begins = re.compile(begins)

    def outside(self, path: Path) -> Iterator[tuple[bytes, bool]]:
        """Whole records with each quoted cell as one letter, and whether a cell held a line end."""
        carry = b""
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                data = carry + chunk
                end = self._safe_end(data)
                carry = data[end:]
                if end:
                    yield self._masked(data[:end])
        if carry:
            yield self._masked(carry)

    def _safe_end(self, data: bytes) -> int:
        """Where the last record ends that is surely whole within ``data``."""
        end = data.rfind(b"\n") + 1
        if b'"' not in data or not self.begins.search(self.closed.sub(b"q", data[:end])):
            return end
        open_at = next((m.start() for m in self._any.finditer(data, 0, end) if not m.group(1)), end)
        return end if end - open_at > MAX_CELL else data.rfind(b"\n", 0, open_at) + 1

    def _masked(self, data: bytes) -> tuple[bytes, bool]:
        if b'"' not in data:
            return data, False
        masked = self.closed.sub(b"q", data)
        return masked, masked.count(b"\n") != data.count(b"\n")
