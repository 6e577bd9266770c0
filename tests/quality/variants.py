"""The demo's wrong and right rows, and the same rows as other files: what a filer's programs do to a file.

What belongs here: rows, ways to write them, and the gate's verdict without coordinates. What does not: which ways
must come to the same verdict (test_metamorphic.py).
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter
import xlwt

from pipelines.demo import senders, stations
from pipelines.demo.providers import block
from pipelines.demo.sheets import Desk, Sheet, Wrong
from quality.gate import GateResult, check_file
from schemas.model import PROVENANCE
from schemas.registry import load
from tests.fuzz.seeds import delimited, ods

REGISTRY = load("binjiang")
AS_OF = date(2026, 3, 31)
#: tables whose rows are rewritten: short, wide, and with amounts of money
TABLES = ("station_report", "filing", "fee_quote")
#: rows of a sheet that are taken from its beginning; the wrong ones are taken wherever they stand
GOOD_ROWS = 15
Cells = list[str]


@dataclass
class Listening(Desk):
    """A desk that keeps each sheet it writes: its table, its columns and its rows as text."""

    heard: list[tuple[str, list[str], list[Cells]]] = field(default_factory=list)

    def _cells(self, file: str, sheet_name: str, sheet: Sheet, first: int) -> Iterator[list[Any]]:
        sheet.rows = list(sheet.rows)
        rows = list(super()._cells(file, sheet_name, sheet, first))
        wrong = [isinstance(row, Wrong) for row in sheet.rows]
        kept = [list(map(_text, cells)) for n, cells in enumerate(rows) if wrong[n] or n < GOOD_ROWS]
        if any(wrong):
            self.heard.append((sheet.table, self._fields(sheet), kept))
        yield from rows


def _text(cell: Any) -> str:
    return "" if cell is None else cell.isoformat() if isinstance(cell, date) else str(cell)


@functools.cache
def sheets() -> dict[str, tuple[list[str], list[Cells]]]:
    """Of each table the demo's sheets with mistakes as one: columns, and rows with all the wrong ones."""
    some = [stations.station(n) for n in range(1, stations.BLOCK_STATIONS + 1)]
    district = senders.District(1, AS_OF, block(1, 0, AS_OF), some, stations.report_months(AS_OF, 12))
    with tempfile.TemporaryDirectory() as folder:
        desk = Listening(Path(folder), REGISTRY, datetime(2026, 3, 31))
        for send in (senders.send_filings, senders.send_inspections, senders.send_reports, senders.send_fees):
            send(desk, district)
    found: dict[str, tuple[list[str], list[Cells]]] = {}
    for table, columns, rows in desk.heard:
        found.setdefault(table, (columns, []))[1].extend(rows)
    return found


@dataclass(frozen=True)
class Table:
    """Rows as they may be written: a table, the field of each column, its title, rows of text."""

    name: str
    fields: tuple[str, ...]
    titles: tuple[str, ...]
    rows: tuple[Cells, ...]

    @property
    def grid(self) -> list[Cells]:
        return [list(self.titles), *self.rows]

    def columns_at(self, order: Iterable[int]) -> Table:
        """The same with its columns in another order."""
        order = list(order)
        pick = lambda cells: [cells[i] for i in order]  # noqa: E731
        return Table(self.name, tuple(pick(self.fields)), tuple(pick(self.titles)), tuple(map(pick, self.rows)))

    def with_rows(self, rows: Iterable[Cells]) -> Table:
        return Table(self.name, self.fields, self.titles, tuple(rows))

    def titled(self, titles: Iterable[str]) -> Table:
        return Table(self.name, self.fields, tuple(titles), self.rows)


@functools.cache
def demo(name: str) -> Table:
    """The demo's rows of a table, under the titles of its contract."""
    columns, rows = sheets()[name]
    contract = REGISTRY.tables[name]
    return Table(name, tuple(columns), tuple(contract.field(c).title_zh for c in columns), tuple(rows))


# --- ways to write them


def text(grid: list[Cells], encoding: str = "utf-8", delimiter: str = ",", end: str = "\n", quoting: int = 0) -> bytes:
    """As delimited text."""
    return delimited(grid, delimiter, end, quoting or csv.QUOTE_MINIMAL).encode(encoding)


def xlsx(grid: list[Cells], native: bool = False) -> bytes:
    """As a workbook; ``native``: what looks like a number is one."""
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": native}
    with xlsxwriter.Workbook(out, options) as book:
        sheet = book.add_worksheet("报送")
        for line, row in enumerate(grid):
            for column, cell in enumerate(row):
                if cell:
                    sheet.write(line, column, cell)
    return out.getvalue()


def xls(grid: list[Cells]) -> bytes:
    """As old Excel has it."""
    book, out = xlwt.Workbook(encoding="utf-8"), io.BytesIO()
    sheet = book.add_sheet("报送")
    for line, row in enumerate(grid):
        for column, cell in enumerate(row):
            if cell:
                sheet.write(line, column, cell)
    book.save(out)
    return out.getvalue()


WORKBOOKS = {"xlsx": xlsx, "xlsx-native": functools.partial(xlsx, native=True), "xls": xls, "ods": ods}


# --- the verdict without its coordinates


@dataclass(frozen=True)
class Verdict:
    """What became of the rows of a file, as multisets: accepted values, reasons of held rows, findings."""

    accepted: Counter
    held: Counter
    findings: Counter


def verdict(folder: Path, data: bytes, *, ours: str, values: bool = True, **given: Any) -> Verdict:
    """The gate's verdict on a file. ``values``: findings with the cell as it was written."""
    path, out = folder / "received", folder / "out"
    path.write_bytes(data)
    result = check_file(
        REGISTRY, path, name=given.pop("name", "报送/表.csv"), sha256=hashlib.sha256(data).hexdigest(),
        received_on=AS_OF, as_of=AS_OF, out_dir=out, **given,
    )  # fmt: skip
    assert {a.table for a in result.account if a.received} <= {ours, ""}, result.account
    return read_verdict(result, out, ours, values)


def read_verdict(result: GateResult, out: Path, ours: str, values: bool = True) -> Verdict:
    """The verdict of files written by the gate."""
    names = ", ".join(f'"{f.name}"' for f in REGISTRY.tables[ours].fields if f.name not in PROVENANCE)
    accepted, held = out / "accepted" / f"{ours}.parquet", out / "quarantine" / f"{ours}.parquet"
    with duckdb.connect(config={"threads": 1}) as con:
        rows = con.execute(f"SELECT {names} FROM read_parquet('{accepted}')").fetchall()
        reasons = con.execute(f"SELECT reasons FROM read_parquet('{held}')").fetchall()
    found = [(f.code, f.severity, f.table, f.column, f.value if values else None) for f in result.findings]
    return Verdict(Counter(rows), Counter(reasons), Counter(found))
