"""What must hold of the gate's verdict on any bytes whatever, and how one file is put to that test.

What belongs here: running the gate on bytes, and everything that can be said of the outcome without knowing what
the file was meant to be. What does not: making the bytes (seeds.py, mutations.py), running many (run.py).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from quality.checks import check_table
from quality.gate import GateResult, check_file
from quality.normalise import install_macros
from schemas.registry import Registry, load
from tests.fuzz.second_reader import filled_rows

AS_OF = date(2026, 3, 31)


class Hole(AssertionError):
    """Something that must hold does not; the message says what, and quotes nothing but numbers and codes."""


@dataclass(frozen=True)
class Case:
    """Bytes under test: where they lie in the inbox decides how they are read."""

    name: str
    data: bytes
    profile: str = "binjiang"


class Bench:
    """Engines and a folder, used for one file after the other: making them takes longer than a small file does."""

    def __init__(self, folder: Path, engine: duckdb.DuckDBPyConnection):
        self.folder = folder
        self.engine = engine
        self.con = duckdb.connect(config={"threads": 1})
        install_macros(self.con)

    def judge(self, case: Case) -> tuple:
        """Hole (or whatever the gate raised) if the verdict cannot be right; else what kind of verdict it was."""
        registry, con = load(case.profile), self.con
        path, out = self.folder / "received", self.folder / "out"
        path.write_bytes(case.data)
        result = check_file(
            registry, path, name=case.name, sha256=hashlib.sha256(case.data).hexdigest(), received_on=AS_OF,
            as_of=AS_OF, out_dir=out, engine=self.engine,
        )  # fmt: skip
        _account_is_what_was_written(con, result, out)
        _nothing_is_silent(result)
        _accepted_rows_keep_their_contract(con, registry, out)
        _every_physical_row_is_accounted_for(con, case, result, out)
        return kind_of(result)


def kind_of(result: GateResult) -> tuple:
    """A verdict without its figures: two files with the same kind went the same way."""
    codes = tuple(sorted({f"{f.code} {f.table} {f.column}" for f in result.findings}))
    rows = [(a.table, bool(a.accepted), bool(a.quarantined)) for a in result.account]
    return result.encoding, codes, tuple(sorted(rows))


def _rows(con: duckdb.DuckDBPyConnection, path: Path) -> int:
    return con.execute(f"SELECT count(*) FROM read_parquet('{path}')").fetchone()[0]


def _account_is_what_was_written(con: duckdb.DuckDBPyConnection, result: GateResult, out: Path) -> None:
    """received = accepted + quarantined, and as many rows are in the files as the account says."""
    if result.received != result.accepted + result.quarantined:
        raise Hole(f"received {result.received}, accepted {result.accepted}, quarantined {result.quarantined}")
    for kind in ("accepted", "quarantine"):
        written = {path.stem: _rows(con, path) for path in sorted((out / kind).glob("*.parquet"))}
        counted = dict.fromkeys(written, 0)
        for row in result.account:
            if row.table:
                counted[row.table] += row.accepted if kind == "accepted" else row.quarantined
        if written != counted:
            raise Hole(f"{kind}: {written} written, {counted} counted")
    if _rows(con, out / "findings.parquet") != len(result.findings):
        raise Hole("findings written are not those returned")


def _nothing_is_silent(result: GateResult) -> None:
    """A row that waits has a reason, and a file that gives nothing says why."""
    if (result.quarantined or not result.received) and not result.findings:
        raise Hole(f"no finding, though {result.quarantined} rows wait and {result.received} were received")


def _accepted_rows_keep_their_contract(con: duckdb.DuckDBPyConnection, registry: Registry, out: Path) -> None:
    """The checks of a finished table, on what the gate let through."""
    for path in sorted((out / "accepted").glob("*.parquet")):
        table = registry.tables[path.stem]
        results = check_table(con, registry, table, f"read_parquet('{path}')", AS_OF)
        broken = [f"{r.name} ({r.failed_count})" for r in results if r.blocks]
        if broken:
            raise Hole(f"{table.name}: accepted rows break {', '.join(broken)}")


def _every_physical_row_is_accounted_for(
    con: duckdb.DuckDBPyConnection, case: Case, result: GateResult, out: Path
) -> None:
    """Every filled row below the first one taken is taken too, by the count of a reader that is not the gate's."""
    for row in (a for a in result.account if a.table and a.received):
        files = [str(out / kind / f"{row.table}.parquet") for kind in ("accepted", "quarantine")]
        taken = con.execute(
            "SELECT source_row FROM read_parquet(?, union_by_name=true) WHERE source_sheet = ? ORDER BY 1",
            [files, row.sheet],
        ).fetchall()
        numbers = [number for (number,) in taken]
        readings = filled_rows(case.data, row.sheet)
        below = [[n for n in reading if n >= numbers[0]] for reading in readings]
        if readings and numbers not in below:
            counts = sorted({len(reading) for reading in below})
            raise Hole(f"{row.table}: {len(numbers)} rows taken from row {numbers[0]} on, {counts} are there")
