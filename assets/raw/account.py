"""The account of what was received: no row of any file may be lost or doubled on its way.

Counts what the gate received, and apart from it what lies in the intake and quarantine tables at the end.
What does not belong here: moving rows (intake.py).
"""

from __future__ import annotations

import duckdb

from assets.sql import write_parquet
from assets.workspace import Context
from schemas.model import Table

COORDINATES = "source_sha256, source_sheet, source_row"


class AccountError(Exception):
    """Rows were lost or doubled between a received file and the intake tables."""


def settle(ctx: Context, con: duckdb.DuckDBPyConnection, tables: list[Table], files: str) -> dict[str, int]:
    """Asserts received = accepted + quarantined for every sheet of every file, and writes the account.

    ``files`` is a DuckDB list of the gate's accounts, or '' if nothing was received. ``con`` holds
    accepted_*, quarantine_* and held. Returns the sums. AccountError names the first sheets that are wrong."""
    if not files:
        con.execute(_EMPTY)
        write_parquet(con, "FROM account", ctx.workspace.account)
        return {"received": 0, "accepted": 0, "quarantined": 0}
    counted = " UNION ALL ".join(_counted(table.name) for table in tables)
    con.execute(
        'CREATE TABLE account AS SELECT r.source_sha256, r.file, r.sheet, r."table", r.received, '
        "coalesce(c.accepted, 0) AS accepted, "
        "CASE WHEN r.\"table\" = '' THEN r.quarantined ELSE coalesce(c.quarantined, 0) END AS quarantined "
        f"FROM read_parquet({files}) r LEFT JOIN ({counted}) c ON c.source_sha256 = r.source_sha256 "
        'AND c.source_sheet = r.sheet AND c.table_name = r."table"'
    )
    wrong = con.execute(
        'SELECT left(source_sha256, 12), "table", received, accepted, quarantined FROM account '
        "WHERE received <> accepted + quarantined ORDER BY ALL LIMIT 5"
    ).fetchall()
    if wrong:
        raise AccountError(f"received is not accepted + quarantined: {wrong}")
    write_parquet(con, 'FROM account ORDER BY source_sha256, sheet, "table"', ctx.workspace.account)
    names = ("received", "accepted", "quarantined")
    # where no file could be read there is no row to sum
    sums = con.execute(f"SELECT {', '.join(f'coalesce(sum({name}), 0)' for name in names)} FROM account").fetchone()
    return dict(zip(names, map(int, sums), strict=True))


_EMPTY = (
    'CREATE TABLE account(source_sha256 VARCHAR, file VARCHAR, sheet VARCHAR, "table" VARCHAR, '
    "received BIGINT, accepted BIGINT, quarantined BIGINT)"
)


def _counted(name: str) -> str:
    """Rows of one table by sheet, counted where they ended up."""
    held = f"SELECT DISTINCT {COORDINATES} FROM held WHERE table_name = '{name}'"
    return (
        f"SELECT source_sha256, source_sheet, '{name}' AS table_name, sum(accepted) AS accepted, "
        f"sum(quarantined) AS quarantined FROM (SELECT source_sha256, source_sheet, 1 AS accepted, "
        f"0 AS quarantined FROM accepted_{name} ANTI JOIN ({held}) USING ({COORDINATES}) "
        f"UNION ALL SELECT source_sha256, source_sheet, 0, 1 FROM quarantine_{name}) GROUP BY ALL"
    )
