"""The gate: one received file in, accepted rows and findings out, every row accounted for.

What belongs here: the order of work for a file, what is written, the account. What does not: opening files
(reading/), the one pass over a table (judging/), comparing files or tables (cross_rules.py, assets/).
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from quality.findings import Finding, Normalisation, Place
from quality.judging.judge import Judge
from quality.judging.sieves import Sieves
from quality.limits import Limits, Refused
from quality.normalise import install_macros
from quality.reading.reader import Reader, Reading
from schemas.compile.duckdb import literal
from schemas.registry import Registry

#: so many findings and normalised cells are handed over as objects; a person does not read more
MOST_TOLD = 10_000


class AccountError(Exception):
    """Rows were lost or doubled in the gate. Always a fault of ours, never of the file."""


@dataclass(frozen=True)
class AccountRow:
    """What became of the rows of one sheet. ``sheet`` is '' for text files; ``table`` is '' when none matches."""

    file: str
    sheet: str
    table: str
    received: int
    accepted: int
    quarantined: int


@dataclass(frozen=True)
class GateResult:
    """The verdict on one file. Findings and normalised cells hold raw values, which may be personal: not for logs.

    ``findings`` and ``normalised`` are the first MOST_TOLD of them, in the order of the file: a file of millions of
    wrong rows must not become millions of objects. All are in the Parquet files of ``out_dir``; ``counts`` has how
    many there are of each (code, severity), ``normalised_count`` how many cells."""

    name: str
    sha256: str
    encoding: str | None
    account: tuple[AccountRow, ...]
    findings: tuple[Finding, ...]
    normalised: tuple[Normalisation, ...] = ()
    places: tuple[Place, ...] = ()
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)
    normalised_count: int = 0

    @property
    def received(self) -> int:
        return sum(row.received for row in self.account)

    @property
    def accepted(self) -> int:
        return sum(row.accepted for row in self.account)

    @property
    def quarantined(self) -> int:
        return sum(row.quarantined for row in self.account)

    @property
    def finding_count(self) -> int:
        return sum(self.counts.values())


def check_file(
    registry: Registry,
    path: Path,
    *,
    name: str,
    sha256: str,
    received_on: date | str,
    as_of: date,
    out_dir: Path | None = None,
    engine: duckdb.DuckDBPyConnection | None = None,
    limits: Limits | None = None,
    refused: Refused | None = None,
) -> GateResult:
    """Judges one received file by the contracts in force on ``as_of``.

    ``name`` is the path relative to the inbox: it decides the source. Nothing a file holds raises; AccountError
    would be a fault of the gate. With ``out_dir``: accepted/<table>.parquet (contract columns, typed),
    quarantine/<table>.parquet (the same as text, and ``reasons``), findings.parquet, normalised.parquet,
    account.parquet. Of a large text file accepted/ has more parts, <table>.<number>.parquet, in which the rows stand
    in the order of the file.
    ``engine``: see there; without one the file gets its own. ``refused``: only this is written down (sandbox.py)."""
    given = nullcontext(engine) if engine else gate_engine()
    with tempfile.TemporaryDirectory(prefix="gate-") as work, given as opened, _room(opened) as con:
        source = registry.source_for(name)
        provenance = {
            "source_code": source.name if source else "inbox",
            "source_sha256": sha256,
            "received_on": str(received_on),
        }
        sieves = Sieves(con, registry, as_of, provenance | {"source_sheet": ""}, Path(work))
        reader = Reader(con, registry, name, sha256, received_on, Path(work), limits or Limits(), sieves.sift)
        reading = reader.read(Path(path), refused)
        judge = Judge(con, registry, as_of, name, provenance)
        for table in dict.fromkeys(t.table.name for t in reading.tables):
            judge.table(registry.tables[table], [t for t in reading.tables if t.table.name == table])
        account = tuple(_account(con, name, reading, judge))
        _add_findings(con, reading)
        if out_dir is not None:
            _write(con, Path(out_dir), judge, account, sha256)
        told = _told(con)
    return GateResult(name, sha256, reading.encoding, account, places=tuple(reading.places), **told)


@contextmanager
def gate_engine(
    threads: int | None = None, memory: str | None = None, spill: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine that may judge many files, one after the other: making one takes longer than a small file does.

    ``memory``: its limit, such as 4GB; ``spill``: where it puts what exceeds that."""
    config: dict[str, str | int] = {
        "autoinstall_known_extensions": "false",
        # it turns every code list of a predicate into a join: ten seconds of planning for one row of filings
        "disabled_optimizers": "in_clause",
    }
    config |= {"threads": threads} if threads else {}
    config |= {"memory_limit": memory} if memory else {}
    with tempfile.TemporaryDirectory(prefix="gate-spill-") as scratch:
        config["temp_directory"] = str(spill or scratch)
        with duckdb.connect(config=config) as con:
            con.execute("SET enable_progress_bar = false")  # it is printed on stdout, into the caller's JSON
            install_macros(con)
            yield con


@contextmanager
def _room(con: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database for one file, so that nothing of it is there for the next."""
    con.execute("ATTACH ':memory:' AS room; USE room")
    try:
        yield con
    finally:
        con.execute("USE memory; DETACH room")


def _account(con: duckdb.DuckDBPyConnection, name: str, reading: Reading, judge: Judge) -> Iterator[AccountRow]:
    """Counts what was read and, apart from it, what was accepted and held; they must agree.

    What the sieve took is counted by the sieve, against the lines of the file (sieve.py)."""
    for text in reading.tables:
        received = text.rows
        accepted, held = judge.counts(text)
        if received != accepted + held:
            raise AccountError(f"{text.table.name}: received {received}, accepted {accepted}, held {held}")
        sifted = text.sifted.accepted if text.sifted else 0
        yield AccountRow(name, text.sheet, text.table.name, received + sifted, accepted + sifted, held)
    for sheet, rows in reading.unread.items():
        yield AccountRow(name, sheet, "", rows, 0, rows)


def _add_findings(con: duckdb.DuckDBPyConnection, reading: Reading) -> None:
    """Puts what was found about the file and its sheets beside what was found in rows."""
    for f in reading.findings:
        row = [f.code, f.severity, f.table, f.file, f.sheet, f.row, f.column, f.value, f.source_sha256]
        con.execute("INSERT INTO finding VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def _told(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The first findings and normalised cells, the file's own first, and how many there are in all."""
    findings = con.execute(f"{_ALL_FINDINGS} LIMIT {MOST_TOLD}").fetchall()
    normalised = con.execute(f"{_ALL_NORMALISED} LIMIT {MOST_TOLD}").fetchall()
    counts = con.execute("SELECT code, severity, count(*) FROM finding GROUP BY ALL ORDER BY ALL").fetchall()
    return {
        "findings": tuple(Finding(*row) for row in findings),
        "normalised": tuple(Normalisation(*row) for row in normalised),
        "counts": {(code, severity): number for code, severity, number in counts},
        "normalised_count": con.execute("SELECT count(*) FROM normalised").fetchone()[0],
    }


_ALL_FINDINGS = (
    'SELECT * FROM finding ORDER BY "table" NULLS FIRST, sheet NULLS FIRST, "row" NULLS FIRST, '
    '"column" NULLS FIRST, code, value NULLS FIRST'
)
_ALL_NORMALISED = 'SELECT * FROM normalised ORDER BY "table", sheet, "row", "column"'


def _write(
    con: duckdb.DuckDBPyConnection, out: Path, judge: Judge, account: tuple[AccountRow, ...], sha256: str
) -> None:
    """Writes the verdict as Parquet; a folder that was written before is emptied of old verdicts first."""
    for kind in ("accepted", "quarantine"):
        (out / kind).mkdir(parents=True, exist_ok=True)
        for old in (out / kind).glob("*.parquet"):
            old.unlink()
    for table, texts in judge.judged.items():
        for number, part in enumerate(part for text in texts if text.sifted for part in text.sifted.parts):
            shutil.move(part, out / "accepted" / f"{table}.{number:05}.parquet")
        _copy(con, judge.accepted_select(table), out / "accepted" / f"{table}.parquet")
        _copy(con, judge.quarantine_select(table), out / "quarantine" / f"{table}.parquet")
    _copy(con, _ALL_FINDINGS, out / "findings.parquet")
    _copy(con, _ALL_NORMALISED, out / "normalised.parquet")
    con.execute(
        'CREATE TABLE account(source_sha256 VARCHAR, file VARCHAR, sheet VARCHAR, "table" VARCHAR, '
        "received BIGINT, accepted BIGINT, quarantined BIGINT)"
    )
    for row in account:
        con.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?)", [sha256, *vars(row).values()])
    _copy(con, 'SELECT * FROM account ORDER BY sheet, "table"', out / "account.parquet")


def _copy(con: duckdb.DuckDBPyConnection, select: str, path: Path) -> None:
    options = "FORMAT parquet, COMPRESSION zstd, WRITE_BLOOM_FILTER false"
    con.execute(f"COPY ({select}) TO {literal(str(path))} ({options})")
