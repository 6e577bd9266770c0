"""How large a received file may be, and how a file that is more than that, or no table at all, is refused.

What belongs here: the limits, which a deployment sets, and the refusal. What does not: looking into archives
(archives.py), and watching what a parser uses (sandbox.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import BinaryIO

MIB = 1 << 20
#: a file up to this size is ordinary: time and memory grow with what a raised limit lets in beyond it
_ORDINARY_BYTES = 20 * MIB
_CHUNK = 1 << 20


class Refused(Exception):
    """A file that is not read. ``code`` is the finding's; ``value`` what its text names: a limit or a kind of file.

    Never a cell: the value may be printed."""

    def __init__(self, code: str, value: str | None = None) -> None:
        super().__init__(code, value)
        self.code, self.value = code, value

    @classmethod
    def seconds(cls, allowed: Limits) -> Refused:
        return cls("file-too-slow", str(allowed.seconds))

    @classmethod
    def memory(cls, allowed: Limits) -> Refused:
        return cls("file-too-heavy", in_mib(allowed.memory_bytes))


@dataclass(frozen=True)
class Limits:
    """What one received file may be and use. The defaults suit what a nursery, a station or a survey sends."""

    file_bytes: int = 20 * MIB
    #: bytes of all parts of a workbook, or of a gzipped source, once unpacked
    unpacked_bytes: int = 64 * MIB
    #: how often larger than packed a part may be; parts below a mebibyte can do no harm and may be
    ratio: int = 100
    #: parts of a workbook (an honest one has a few for each sheet)
    entries: int = 200
    #: rows times columns of the rectangle in use: of one sheet, or of a text file
    cells: int = 2_000_000
    columns: int = 1_000
    #: CPU time of an ordinary file; six times as long by the clock
    seconds: int = 10
    #: resident memory of an ordinary file
    memory_bytes: int = 512 * MIB

    def for_size(self, size: int) -> Limits:
        """The limits of a file of so many bytes: beyond 20 MiB, time and memory grow as the file does."""
        times = max(1.0, size / _ORDINARY_BYTES)
        return replace(self, seconds=round(self.seconds * times), memory_bytes=round(self.memory_bytes * times))

    @property
    def written_bytes(self) -> int:
        """The size of any one file a parser may write: copies, spilled tables, results."""
        return 16 * max(self.unpacked_bytes, self.file_bytes)

    def check_bytes(self, size: int) -> None:
        """Refused for a file that is too large to be looked at."""
        if size > self.file_bytes:
            raise Refused("file-too-large", in_mib(self.file_bytes))

    def check_unpacked(self, size: int) -> None:
        """Refused for more bytes than may come out of one file."""
        if size > self.unpacked_bytes:
            raise Refused("archive-too-large", in_mib(self.unpacked_bytes))

    def check_table(self, rows: int, columns: int) -> None:
        """Refused for a table with more columns or cells than any honest one has."""
        if columns > self.columns:
            raise Refused("table-too-wide", f"{self.columns:,}")
        if rows * columns > self.cells:
            raise Refused("table-too-large", f"{self.cells:,}")


def in_mib(size: int) -> str:
    """Bytes in mebibytes, as a text names them."""
    return f"{size / MIB:,.0f}" if size % MIB == 0 or size > 10 * MIB else f"{size / MIB:,.2f}"


def copy_limited(packed: BinaryIO, out: BinaryIO, limits: Limits) -> None:
    """Copies a stream; Refused as soon as it gives more than may be unpacked."""
    copied = 0
    while chunk := packed.read(_CHUNK):
        copied += len(chunk)
        limits.check_unpacked(copied)
        out.write(chunk)
