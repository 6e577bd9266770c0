"""The fast road of a large text file: what is plainly right is written at once, the rest is looked at again.

What belongs here: lines -> which are written the plain way, which keys come twice, the accepted rows as Parquet in
parts, and the remaining records for the ordinary road (reading/, judge.py). What does not: what a plain cell
is (plain.py), what the engine is asked (sieve_sql.py), and why a row is wrong (judge.py).

The bytes are read here, not by the engine: a line counts as one record only when it has all its cells, no quote and
nothing but plain cells, so a row that the engine swallowed would show. Memory: a few pieces and eight bytes a line.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import duckdb

from quality.judging.line_keys import PADDING, hash_cells, hash_texts, repeated
from quality.judging.sieve_sql import SieveSql
from quality.normalise import install_macros, uses_macros
from quality.reading.delimited import Delimited, DelimitedUnreadable, load_records
from quality.reading.records import closes_its_quotes

if TYPE_CHECKING:
    import numpy as np

#: bytes of one piece, and so of one part of the accepted rows
PIECE = 8 << 20
#: with more lines than this share to look at again, the ordinary road is shorter
MOST_ODD = 0.25
#: so many records at the end go the ordinary road whatever they say: notes and signatures stand there (apart.py)
TAIL = 12

Record = tuple[int, bytes]  # its number in the file, from 1, and its line


class SieveError(Exception):
    """Lines were lost or moved in the sieve. Always a fault of ours, never of the file."""


class _NoUse(Exception):
    """The file is not what the sieve is for; the ordinary road takes all of it."""


@dataclass(frozen=True)
class Sifted:
    """``accepted`` rows are in ``parts``; the other records wait in ``rest``, each behind its row number."""

    accepted: int
    parts: tuple[Path, ...]
    rest: Delimited


@dataclass
class _Piece:
    """Some whole lines of the file. ``odd`` are lines that are not plain, numbered from 0 within the piece."""

    number: int
    start: int
    size: int
    first: int = 0  # the number of its first line in the file, from 1
    lines: int = 0
    odd: Any = None
    keys: Any = None  # of each plain line


@dataclass
class Sieve:
    """Sifts one file. ``header``: the number of the line above the first record; ``work``: a folder of its own."""

    con: duckdb.DuckDBPyConnection
    sql: SieveSql
    text: Delimited
    header: int
    work: Path
    _own: threading.local = field(default_factory=threading.local)
    _skipped: int = 0

    def sift(self) -> Sifted | None:
        """None when the file is to go the ordinary road as a whole."""
        try:
            return self._sift()
        except _NoUse:
            return None

    def _sift(self) -> Sifted:
        workers = self.con.execute("SELECT current_setting('threads')").fetchone()[0]
        rest, left, accepted, parts = self.work / "rest.csv", 0, 0, []
        with ThreadPoolExecutor(workers, initializer=self._start) as pool, rest.open("wb") as out:
            pieces: list[_Piece] = []
            for piece, odd in _in_order(pool, self._look, self._cut(), 2 * workers):
                piece.first = pieces[-1].first + pieces[-1].lines if pieces else 1
                pieces.append(piece)
                left += self._put(out, ((piece.first + int(n), line) for n, line in odd))
            if sum(len(p.odd) for p in pieces) > MOST_ODD * sum(p.lines for p in pieces):
                raise _NoUse
            out.flush()
            twice = self._twice(pieces, rest)
            for part, found, again in _in_order(pool, lambda p: self._accept(p, twice), pieces, 2 * workers):
                left += self._put(out, again)
                accepted += found
                parts.append(part)
        lines = sum(piece.lines for piece in pieces)
        if accepted + left + self._skipped != lines:
            raise SieveError(f"{lines} lines, {accepted} accepted, {left} left, {self._skipped} blank or above")
        return Sifted(accepted, tuple(parts), Delimited(rest, "utf-8"))

    def _start(self) -> None:
        """A connection for each thread; macros and settings are of one connection."""
        self._own.con = self.con.cursor()
        self._own.con.execute("SET enable_progress_bar = false")
        if uses_macros(self.sql.tests):
            install_macros(self._own.con)

    def _cut(self) -> Iterator[_Piece]:
        """Pieces of about one size that end where a line ends; the same ones whatever the threads."""
        size = self.text.path.stat().st_size
        step, start = size // max(1, -(-size // PIECE)) + 1, 0
        with self.text.path.open("rb") as file:
            for number in range(1 << 30):
                file.seek(min(start + step, size))
                end = file.tell() + len(file.readline())
                yield _Piece(number, start, end - start)
                start = end
                if end >= size:
                    return

    def _read(self, piece: _Piece) -> bytes:
        with self.text.path.open("rb") as file:
            file.seek(piece.start)
            data = file.read(piece.size)
        if data.endswith(b"\n"):
            return data
        return data.removesuffix(b"\r") + (b"\r\n" if b"\r\n" in data else b"\n")  # one kind of line end, as before

    # --- first look: which lines are plain, and what are their keys

    def _look(self, piece: _Piece) -> tuple[_Piece, list[Record]]:
        import numpy as np

        data = self._read(piece)
        chars = np.frombuffer(data + b"\0" * PADDING, np.uint8)
        starts, ends = _lines(data)
        plain, first = self._plain(data, ends)
        if piece.start + piece.size >= self.text.path.stat().st_size:
            plain[_last_filled(data, starts, ends)] = False
        piece.lines, piece.odd = len(ends), np.flatnonzero(~plain)
        if len(piece.odd) > 2 * MOST_ODD * piece.lines:
            raise _NoUse
        odd = [(n, data[starts[n] : ends[n] + 1]) for n in piece.odd]
        if any(b'"' in line and not closes_its_quotes(line, self.sql.delimiter) for _, line in odd):
            raise _NoUse
        piece.keys = hash_cells(chars, self._key_cells(chars, starts[plain], ends[plain], first[plain]))
        return piece, odd

    def _plain(self, data: bytes, ends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which lines match the pattern, decided without the engine that will read them; their first delimiters."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        offsets = np.zeros(len(ends) + 1, dtype=np.int32)
        offsets[1:] = ends + 1
        lines = pa.Array.from_buffers(pa.utf8(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
        found = pc.match_substring_regex(lines, f"\\A(?:{self.sql.line})\\r?\\n\\z")
        bits = np.frombuffer(found.buffers()[1], np.uint8)
        plain = np.unpackbits(bits, count=len(ends), bitorder="little").astype(bool)
        return plain, pc.find_substring(lines, self.sql.delimiter).to_numpy()

    def _key_cells(self, chars: np.ndarray, starts: np.ndarray, ends: np.ndarray, first: np.ndarray) -> list:
        """(starts, ends) of the key cells of plain lines, which have all their delimiters and no others.

        ``first``: where in each line the first delimiter stands, which is all it takes for most tables."""
        import numpy as np

        if self.sql.key_lengths:
            cells = [(starts, starts + first)]
            for length in self.sql.key_lengths:
                start = cells[-1][1] + 1
                cells.append((start, start + length))
            return cells
        commas = np.flatnonzero(chars[:-PADDING] == ord(self.sql.delimiter))
        before = np.searchsorted(commas, starts)
        ends = ends - (chars[ends - 1] == ord("\r"))
        last = self.sql.width - 1
        return [
            (commas[before + k - 1] + 1 if k else starts, commas[before + k] if k < last else ends)
            for k in self.sql.keys
        ]

    def _twice(self, pieces: list[_Piece], rest: Path) -> np.ndarray:
        """The keys that come more than once, among all lines."""
        import numpy as np

        keys = [piece.keys for piece in pieces]
        if rest.stat().st_size:
            try:
                load_records(
                    self.con, Delimited(rest, "utf-8"), self.sql.delimiter, self.sql.width, "odd", numbered=True
                )
            except DelimitedUnreadable:
                raise _NoUse from None
            whole = " AND ".join(f"{key} IS NOT NULL" for key in self.sql.odd_keys)
            found = self.con.execute(f"SELECT {', '.join(self.sql.odd_keys)} FROM odd WHERE {whole}").fetchall()
            self.con.execute("DROP TABLE odd")
            keys += [hash_texts(list(zip(*found, strict=True)))] if found else []
        return repeated(np.concatenate(keys))

    # --- second look: what is accepted, and what is left

    def _accept(self, piece: _Piece, twice: np.ndarray) -> tuple[Path, int, list[Record]]:
        """Writes the rows of a piece to which there is nothing to say; the others, as far as not put aside yet."""
        import numpy as np

        data = self._read(piece)
        starts, ends = _lines(data)
        plain = np.ones(piece.lines, dtype=bool)
        plain[piece.odd] = False
        again = plain.copy()
        again[plain] = np.isin(piece.keys, twice)
        source, part = self.work / f"{piece.number}.csv", self.work / f"{piece.number:05}.parquet"
        source.write_bytes(self._without(data, starts, ends, np.flatnonzero(~plain | again)))
        self._own.con.execute(self.sql.accept(source, piece.first, part))
        source.unlink()
        rows = self._own.con.execute(f"SELECT source_row FROM read_parquet('{part}')").fetchnumpy()["source_row"]
        written = np.zeros(piece.lines, dtype=bool)
        written[np.asarray(rows) - piece.first] = True
        if written.sum() != len(rows) or (written & (~plain | again)).any():
            raise SieveError("a row was written that had been put aside")
        left = np.flatnonzero(plain & ~written)
        return part, len(rows), [(piece.first + int(n), data[starts[n] : ends[n] + 1]) for n in left]

    def _without(self, data: bytes, starts: np.ndarray, ends: np.ndarray, out: np.ndarray) -> bytes:
        """The piece with nothing in the places of the lines that are left out, so that the others keep theirs."""
        nothing = self.sql.nothing + (b"\r\n" if data.endswith(b"\r\n") else b"\n")
        kept, at = [], 0
        for n in out:
            kept += [data[at : starts[n]], nothing]
            at = ends[n] + 1
        return b"".join([*kept, data[at:]])

    def _put(self, out: BinaryIO, records: Iterable[Record]) -> int:
        """Adds records to the rest, each behind its number; blank lines and what is above the data are no records."""
        count = 0
        for number, line in records:
            if number > self.header and line.strip():
                out.write(f"{number}{self.sql.delimiter}".encode() + line)
                count += 1
            else:
                self._skipped += 1
        return count


def _lines(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Where each line starts, and where its line end stands."""
    import numpy as np

    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == 10)
    return np.concatenate([[0], ends[:-1] + 1]), ends


def _last_filled(data: bytes, starts: np.ndarray, ends: np.ndarray) -> list[int]:
    """The last lines that hold anything."""
    found: list[int] = []
    for n in range(len(ends) - 1, -1, -1):
        if data[starts[n] : ends[n]].strip():
            found.append(n)
        if len(found) == TAIL:
            break
    return found


def _in_order(pool: ThreadPoolExecutor, work: Callable, items: Iterable, ahead: int) -> Iterator:
    """The results in the order of the items, never more than ``ahead`` of them waiting."""
    waiting: deque[Future] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) == ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
