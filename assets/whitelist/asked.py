"""The whitelist asked about: as of any day, of what was known on any other.

What belongs here: the tables behind one answer, from the workspace where they are current, else replayed beside it.
What does not: what is published (assets/release), one provider's story (whitelist_story.py), printing (pipelines).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from assets.build import StaleTable, path_of, require_current
from assets.lineage import table_sql
from assets.raw.receive import Receipt, ledger
from assets.replay import build_tables, receipts_until, replayed
from assets.sql import CALENDAR_TABLE, connect, profile_tables, view
from assets.workspace import Context
from schemas.compile.duckdb import order_by
from schemas.compile.freshness import fresh_select

#: what an answer is made of; the open tables are asked of these, without being written
TABLES = (
    "core_whitelist_period", "core_provider", "core_provider_id", "core_filing", "core_filing_document",
    "core_inspection", "core_subdistrict",
)  # fmt: skip

Row = dict[str, Any]


class NothingKnown(LookupError):
    """Nothing had been received by the day that is asked about; the message says since when there is anything."""


@dataclass(frozen=True)
class Asked:
    """The tables of one question: as of ``ctx.as_of``, made of the ``known`` receipts of ``received`` in all."""

    ctx: Context
    con: duckdb.DuckDBPyConnection
    known: list[Receipt]
    received: int

    def rows(self, sql: str, values: list[Any] | None = None) -> list[Row]:
        """The rows of a SELECT over the tables, as dictionaries."""
        found = self.con.execute(sql, values or [])
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def open_rows(self, name: str, where: str = "TRUE", values: list[Any] | None = None) -> list[Row]:
        """Rows of an open table as it would be published, in the order of its key."""
        table = self.ctx.registry.tables[name]
        in_force = self.ctx.registry.parameters(self.ctx.as_of)
        select = fresh_select(table, f"(\n{table_sql(name)}\n)", in_force, self.ctx.as_of)
        return self.rows(f"SELECT * FROM ({select}) WHERE {where} ORDER BY {order_by(table)}", values)


@contextmanager
def asked(ctx: Context, known_on: date | None = None) -> Iterator[Asked]:
    """The tables as of the day of ``ctx``, of what was received by the end of ``known_on`` (None: of everything).

    Nothing is written into the tables of the workspace. NothingKnown if nothing had been received by then."""
    received = ledger(ctx.workspace)
    known = _known(ctx, received, known_on)
    with _tables(ctx, known, received) as there:
        con = connect(there)
        try:
            profile_tables(con, there, {CALENDAR_TABLE})
            for name in TABLES:
                view(con, name, path_of(there, name))
            yield Asked(there, con, known, len(received))
        finally:
            con.close()


def _known(ctx: Context, received: list[Receipt], known_on: date | None) -> list[Receipt]:
    if not received:
        raise NothingKnown("还没有收到任何文件 nothing has been received yet; run: tuoyu run")
    if known_on is None:
        return received
    known = received[: receipts_until(ctx, known_on)]
    if not known:
        first = min(receipt.received_on for receipt in received)
        raise NothingKnown(
            f"到 {known_on} 还没有收到任何文件，最早的收于 {first}。 Nothing had been received by {known_on}; "
            f"the first file came on {first}."
        )
    if any(receipt.received_on > known_on.isoformat() for receipt in known):
        raise NothingKnown(
            f"收件日期前后颠倒（有的运行用了更早的日期），无法确定 {known_on} 时已知什么。 Some files were received "
            f"as of a day before that of earlier ones: what was known on {known_on} cannot be told."
        )
    return known


@contextmanager
def _tables(ctx: Context, known: list[Receipt], received: list[Receipt]) -> Iterator[Context]:
    """A context whose tables are those that are asked for."""
    if len(known) == len(received) and _is_current(ctx):
        yield ctx
        return
    with tempfile.TemporaryDirectory(prefix="asked-", dir=ctx.workspace.root) as folder:
        there = replayed(ctx, Path(folder), as_of=ctx.as_of, receipts=len(known))
        build_tables(there, TABLES)
        yield there


def _is_current(ctx: Context) -> bool:
    try:
        require_current(ctx, list(TABLES))
    except StaleTable:
        return False
    return True
