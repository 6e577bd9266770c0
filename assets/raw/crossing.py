"""What only all files together show: the latest statement of a key, contradictions, rules over several tables, orphans.

What belongs here: these judgements over any part of the ledger, and what they found after each reception, which
is how long such a problem has stood. What does not: judging one file (quality/gate.py), writing tables (intake.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

from assets.raw.account import COORDINATES
from assets.raw.identify import identify
from assets.raw.receive import Receipt
from assets.sql import connect, profile_tables, write_parquet
from assets.workspace import Context, file_sha256, fingerprint, read_json, write_json
from quality.cross_rules import CrossRule, cross_rules, lay_out
from quality.identities import load_identities
from quality.normalise import install_macros
from quality.workdays import CALENDAR
from schemas.compile.duckdb import column_definitions, literal, quote
from schemas.model import Table

FINDING_COLUMNS = (
    'code VARCHAR, severity VARCHAR, "table" VARCHAR, file VARCHAR, sheet VARCHAR, '
    '"row" BIGINT, "column" VARCHAR, value VARCHAR, source_sha256 VARCHAR'
)


def crossings(ctx: Context, receipts: list[Receipt], gate_print: str) -> dict[int, Path]:
    """What was found between tables after each reception, by its number: a file of findings each.

    Some rules look at the day (what has expired): each reception is judged as of the day of the next, the last
    as of the run's. What was judged before, under the same rules, is not judged again: the ledger only grows."""
    days = _days(ctx, receipts)
    wanted, done = _prints(ctx, receipts, gate_print), _marks(ctx)
    for batch, day in days.items():
        path = path_of(ctx, batch)
        if done.get(batch) != wanted[batch] or not path.exists():
            ctx.progress(f"核对第 {batch} 次收件")
            con = connect(ctx)
            judge_together(con, replace(ctx, as_of=day), [r for r in receipts if r.batch <= batch])
            _keep(ctx, con, batch, wanted[batch])
            con.close()
    return {batch: path_of(ctx, batch) for batch in days}


def keep(ctx: Context, con: duckdb.DuckDBPyConnection, receipts: list[Receipt], gate_print: str) -> None:
    """Writes what was found between tables when all of ``receipts`` had come."""
    batch = max(r.batch for r in receipts)
    _keep(ctx, con, batch, _prints(ctx, receipts, gate_print)[batch])


def _keep(ctx: Context, con: duckdb.DuckDBPyConnection, batch: int, mark: str) -> None:
    write_parquet(con, "FROM crossing ORDER BY ALL", path_of(ctx, batch))
    marks = _marks(ctx) | {batch: mark}
    write_json(ctx.workspace.state("crossings"), {str(number): mark for number, mark in marks.items()})


def path_of(ctx: Context, batch: int) -> Path:
    """Where the findings after one reception lie."""
    return ctx.workspace.table("crossings", f"{batch:06}")


def _marks(ctx: Context) -> dict[int, str]:
    return {int(number): mark for number, mark in (read_json(ctx.workspace.state("crossings")) or {}).items()}


def _days(ctx: Context, receipts: list[Receipt]) -> dict[int, date]:
    """The day as of which each reception is judged: just before it was the last one no more."""
    came = {r.batch: date.fromisoformat(r.received_on) for r in receipts}
    batches = sorted(came)
    return dict(zip(batches, [*(came[batch] for batch in batches[1:]), ctx.as_of], strict=False))


def crossing_code() -> list[str]:
    """The code that judges files together."""
    return [file_sha256(Path(__file__).with_name(name)) for name in ("crossing.py", "identify.py", "identity.py")]


def _prints(ctx: Context, receipts: list[Receipt], gate_print: str) -> dict[int, str]:
    """All that the findings after each reception depend on: the rules, who people said is who, what had come."""
    decided = [vars(d.entry) for d in load_identities(ctx.corrections_dir)]
    prints, last = {}, fingerprint(gate_print, CALENDAR, crossing_code(), decided)
    for batch, day in _days(ctx, receipts).items():
        last = fingerprint(last, [[r.sha256, r.name, r.received_on] for r in receipts if r.batch == batch])
        prints[batch] = fingerprint(last, day)
    return prints


def judge_together(con: duckdb.DuckDBPyConnection, ctx: Context, receipts: list[Receipt]) -> int:
    """Makes accepted_* and, of their latest statements, the table of each contract, without the rows in ``held``.

    Leaves also ``crossing``, the findings, and ``file_name``. Returns how many rows a later one replaced."""
    con.execute(
        "CREATE TABLE held(source_sha256 VARCHAR, source_sheet VARCHAR, source_row BIGINT, "
        "table_name VARCHAR, code VARCHAR)"
    )
    con.execute(f"CREATE TABLE crossing({FINDING_COLUMNS})")
    con.execute("CREATE TABLE file_name(source_sha256 VARCHAR, file VARCHAR, batch INTEGER)")
    con.execute(
        "INSERT INTO file_name SELECT unnest(?), unnest(?), unnest(?)",
        [[getattr(r, name) for r in receipts] for name in ("sha256", "name", "batch")],
    )
    tables, folders = ctx.registry.layer("intake"), [ctx.workspace.gated(r.sha256) for r in receipts]
    superseded = 0
    for table in tables:
        superseded += _candidate(con, table, folders)
        if table.name == "filing":
            identify(con, ctx, parquet_list(folders, "quarantine/filing.parquet"))
    _judge_across(ctx, con)
    for table in _parents_first(tables):
        _drop_held(con, table)
        for number in range(len(table.foreign_keys)):
            _hold_orphans(con, table, number)
            _drop_held(con, table)
    return superseded


def parquet_list(folders: list[Path], name: str) -> str:
    """A DuckDB list of the Parquet files of that name in the gated folders, or '' if there is none.

    ``name`` may have a star: the accepted rows of a large file lie in several parts."""
    found = [literal(str(path)) for folder in folders for path in sorted(folder.glob(name))]
    return f"[{', '.join(found)}]" if found else ""


def _candidate(con: duckdb.DuckDBPyConnection, table: Table, folders: list[Path]) -> int:
    """The table of latest statements, without the keys nobody can decide on; returns how many rows were replaced.

    What files of one reception state differently, reported on one day, is held like two rows of one file, and what
    was stated before stands meanwhile. Equal statements are one."""
    con.execute(f"CREATE TABLE accepted_{table.name}({column_definitions(table.fields)})")
    if files := parquet_list(folders, f"accepted/{table.name}.*parquet"):
        con.execute(f"INSERT INTO accepted_{table.name} BY NAME FROM read_parquet({files})")
    _rank(con, table)
    con.execute(f"CREATE TABLE {table.name} AS FROM accepted_{table.name} WHERE rowid NOT IN (SELECT statement FROM "
                "ranked WHERE nth > 1 OR other IS NOT NULL)")  # fmt: skip
    if con.execute(f"SELECT 1 FROM ranked WHERE {_UNDECIDED} LIMIT 1").fetchone():
        _hold_conflicts(con, table)
    replaced = f"SELECT count(*) FROM ranked WHERE nth > 1 OR other IS NOT NULL AND NOT {_UNDECIDED}"
    return con.execute(replaced).fetchone()[0]


#: TRUE of a statement that another contradicts, while nothing of the same rank or above could decide
_UNDECIDED = "(other IS NOT NULL AND coalesce(tier < decided, TRUE))"


def _rank(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """``ranked``: every statement of a key stated more than once, the latest in tier 1.

    ``other``: a file of the same tier that says something else; ``decided``: the first tier of the key in which
    nobody is contradicted; ``nth``: among the statements that nobody contradicts, the first stands."""
    key = ", ".join(quote(k) for k in table.key)
    # ranking whole rows would sort everything, and few keys are stated twice
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE twice AS SELECT row_number() OVER () AS key_no, {key} "
        f"FROM accepted_{table.name} GROUP BY {key} HAVING count(*) > 1"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE tiered AS SELECT a.rowid AS statement, key_no, dense_rank() OVER (PARTITION BY "
        "key_no ORDER BY coalesce(reported_on, received_on) DESC, batch DESC) AS tier, f.file, reported_on, "
        f"{COORDINATES} FROM accepted_{table.name} a JOIN twice USING ({key}) JOIN file_name f USING (source_sha256)"
    )
    said = ", ".join(f"a.{quote(f.name)}" for f in table.data_fields if f.name != "reported_on")
    con.execute(
        "CREATE OR REPLACE TEMP TABLE differing AS SELECT statement, CASE WHEN said = low THEN last ELSE first END "
        "AS other FROM (SELECT statement, said, min(said) OVER tier AS low, max(said) OVER tier AS high, "
        "first_value(file) OVER (tier ORDER BY said, file) AS first, "
        "first_value(file) OVER (tier ORDER BY said DESC, file) AS last "
        f"FROM (SELECT t.*, CAST(row({said}) AS VARCHAR) AS said FROM tiered t SEMI JOIN (SELECT key_no, tier "
        f"FROM tiered GROUP BY ALL HAVING count(*) > 1) USING (key_no, tier) JOIN accepted_{table.name} a "
        "ON a.rowid = t.statement) WINDOW tier AS (PARTITION BY key_no, tier)) WHERE low <> high"
    )
    con.execute(
        "CREATE OR REPLACE TEMP TABLE ranked AS SELECT *, min(tier) FILTER (other IS NULL) OVER (PARTITION BY key_no) "
        "AS decided, CASE WHEN other IS NULL THEN row_number() OVER (PARTITION BY key_no, other IS NULL ORDER BY tier, "
        "reported_on NULLS LAST, source_sha256 DESC, source_sheet DESC, source_row DESC) END AS nth "
        "FROM tiered LEFT JOIN differing USING (statement)"
    )


def _hold_conflicts(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Holds what files of one reception contradict each other in, until a later statement decides.

    Each is told the name of a file that says something else, unless the name itself looks like a person's number."""
    install_macros(con)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE hit AS SELECT {COORDINATES}, CASE WHEN may_be_personal(other) AND "
        f"len(personal_codes(other, 'text')) > 0 THEN '…' ELSE other END AS value FROM ranked WHERE {_UNDECIDED}"
    )
    _add_findings(con, "statement-conflict", "error", table.name, table.key_column)
    con.execute(f"INSERT INTO held SELECT {COORDINATES}, ?, 'statement-conflict' FROM hit", [table.name])


def _judge_across(ctx: Context, con: duckdb.DuckDBPyConnection) -> None:
    """Every rule that compares tables; one whose figures this district does not give is not evaluated."""
    profile_tables(con, ctx)
    lay_out(con)
    parameters = ctx.registry.parameters(ctx.as_of)
    for rule in cross_rules():
        if select := rule.select(parameters):
            _apply_cross_rule(con, rule, select)


def _apply_cross_rule(con: duckdb.DuckDBPyConnection, rule: CrossRule, select: str) -> None:
    """Findings of one rule over several tables; its error rows are held."""
    con.execute(f"CREATE OR REPLACE TEMP TABLE hit AS {select}")
    _add_findings(con, rule.code, rule.severity, rule.table, rule.column)
    if rule.severity == "error":
        con.execute(f"INSERT INTO held SELECT {COORDINATES}, ?, ? FROM hit", [rule.table, rule.code])


def _hold_orphans(con: duckdb.DuckDBPyConnection, table: Table, number: int) -> None:
    """Holds rows whose parent no accepted row states; they wait until one does."""
    key = table.foreign_keys[number]
    match = " AND ".join(
        f"p.{quote(theirs)} = c.{quote(ours)}" for ours, theirs in zip(key.fields, key.table_fields, strict=True)
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE hit AS SELECT {COORDINATES}, c.{quote(key.fields[-1])} AS value "
        f"FROM {table.name} c WHERE NOT EXISTS (FROM {key.table} p WHERE {match})"
    )
    _add_findings(con, "row-orphan", "error", table.name, key.fields[-1])
    con.execute(f"INSERT INTO held SELECT {COORDINATES}, ?, 'row-orphan' FROM hit", [table.name])


def _add_findings(con: duckdb.DuckDBPyConnection, code: str, severity: str, table: str, column: str) -> None:
    con.execute(
        'INSERT INTO crossing BY NAME SELECT $code AS code, $severity AS severity, $table AS "table", '
        'f.file, h.source_sheet AS sheet, h.source_row AS "row", $column AS "column", '
        "CAST(h.value AS VARCHAR) AS value, h.source_sha256 FROM hit h LEFT JOIN file_name f USING (source_sha256)",
        {"code": code, "severity": severity, "table": table, "column": column},
    )


def _drop_held(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    con.execute(
        f"DELETE FROM {table.name} t WHERE EXISTS (FROM held h WHERE h.table_name = ? AND "
        "h.source_sha256 = t.source_sha256 AND h.source_sheet = t.source_sheet AND h.source_row = t.source_row)",
        [table.name],
    )


def _parents_first(tables: list[Table]) -> list[Table]:
    """Tables in an order in which a parent comes before its children."""
    placed: list[Table] = []
    waiting = list(tables)
    while waiting:
        ready = [t for t in waiting if {fk.table for fk in t.foreign_keys} <= {p.name for p in placed} | {t.name}]
        placed += ready
        waiting = [t for t in waiting if t not in ready]
    return placed
