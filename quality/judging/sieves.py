"""Whether a text file goes through the sieve, and with what it does.

What belongs here: which files, and what the sieve needs to know of them. What does not: how it works (sieve.py,
sieve_sql.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from quality.judging.sieve import Sieve, Sifted
from quality.judging.sieve_sql import SieveCompiler
from quality.reading.delimited import Delimited
from quality.reading.headers import HeaderMatch
from schemas.registry import Registry

#: smaller files are through before a sieve is set up
LEAST_BYTES = 8 << 20


@dataclass(frozen=True)
class Sieves:
    """For the files of one engine. ``provenance``: the constant columns of all rows; ``work``: a folder."""

    con: duckdb.DuckDBPyConnection
    registry: Registry
    as_of: date
    provenance: Mapping[str, str]
    work: Path

    def sift(self, text: Delimited, match: HeaderMatch, width: int, delimiter: str) -> Sifted | None:
        """The accepted part of a large file of plain lines; None for all other files."""
        if text.path.stat().st_size < LEAST_BYTES:
            return None
        compiler = SieveCompiler(self.con, self.registry, self.as_of, self.provenance)
        sql = compiler.compile(match, width, delimiter)
        if sql is None:
            return None
        folder = self.work / "sieve"
        folder.mkdir()
        return Sieve(self.con, sql, text, match.row + match.height, folder).sift()
