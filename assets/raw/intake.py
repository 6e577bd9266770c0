"""Intake: what the gate accepted of all files, as one table a contract.

Each received file is gated once. Then, over all files: the latest statement of a key stands, rules
that compare tables hold rows back, and a row whose parent is unknown waits. Received = accepted +
quarantined is asserted for every file at the end. What does not belong here: judging a single file
(quality/gate.py), judging files together (crossing.py), making facts of the rows (core/).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb

from assets.raw.account import COORDINATES, settle
from assets.raw.crossing import FINDING_COLUMNS, crossing_code, judge_together, keep, parquet_list
from assets.raw.identify import note_decisions
from assets.raw.kept import keep_corrections
from assets.raw.receive import Receipt, Refused, ledger, received_file, refused
from assets.sql import connect, spill_folder, values_unsaid, write_parquet
from assets.workspace import (
    Context,
    code_fingerprint,
    file_sha256,
    fingerprint,
    locked,
    read_json,
    write_json,
)
from quality.identities import load_identities
from quality.limits import in_mib
from quality.normalise import install_macros, stated_value
from quality.sandbox import Sandbox
from quality.workdays import CALENDAR
from schemas.compile.duckdb import order_by, quote
from schemas.model import Table

QUALITY = Path(__file__).parents[2] / "quality"


@dataclass(frozen=True)
class Intake:
    """What a run of the step found. Counts are rows."""

    tables: dict[str, int]
    received: int
    accepted: int
    quarantined: int
    superseded: int
    findings: int
    files: int
    gated: int  # files that had to be gated in this run
    refused: int  # files of the inbox that were not taken in


def build_intake(ctx: Context) -> Intake:
    """Brings the intake tables up to date with the ledger. Writes nothing if nothing changed."""
    with locked(ctx.workspace), values_unsaid("intake"):
        return _build(ctx)


def _build(ctx: Context) -> Intake:
    keep_corrections(ctx)
    receipts = ledger(ctx.workspace)
    gate_print = gate_fingerprint(ctx)
    fresh = _gate_fresh(ctx, receipts, gate_print)
    unfit = refused(ctx.workspace)
    inputs = [[[r.sha256, r.batch] for r in receipts], [[r.name, r.code] for r in unfit]]
    # rules between tables look at the day (what has expired) and at the calendar; the gate of one file does not
    code = [file_sha256(Path(__file__).with_name(name)) for name in ("intake.py", "account.py")]
    code += [crossing_code(), [vars(d.entry) for d in load_identities(ctx.corrections_dir)]]
    step = fingerprint(gate_print, inputs, code, ctx.as_of, CALENDAR)
    state = read_json(ctx.workspace.state("intake"))
    if state and state["fingerprint"] == step and not fresh:
        result = Intake(**state["result"] | {"gated": 0})
        write_json(ctx.workspace.state("intake"), state | {"result": result.__dict__})
        return result
    ctx.workspace.state("intake").unlink(missing_ok=True)
    result = _union(ctx, receipts, unfit, fresh, gate_print)
    write_json(ctx.workspace.state("intake"), {"fingerprint": step, "result": result.__dict__})
    return result


def gate_fingerprint(ctx: Context) -> str:
    """All that a file's verdict depends on besides the file itself: of the dated figures those its rules name.

    The rules between tables take theirs from the day each reception is judged as of."""
    named = {code for table in ctx.registry.tables.values() for rule in table.rules for code in rule.parameters}
    in_force = {p.code: p.value for p in ctx.registry.parameters(ctx.as_of).values() if p.code in named}
    return fingerprint(
        ctx.registry.fingerprint, in_force, vars(ctx.limits), code_fingerprint(QUALITY), duckdb.__version__
    )


def verdict_fingerprint(gate_print: str, receipt: Receipt) -> str:
    """All that the verdict on one received file depends on; its content is its address."""
    return fingerprint(gate_print, receipt.received_on, receipt.name)


def _gate_fresh(ctx: Context, receipts: list[Receipt], gate_print: str) -> int:
    """Gates the files that have not been, under the same rules; returns how many those were."""
    prints = {r.sha256: verdict_fingerprint(gate_print, r) for r in receipts}
    marks = {r.sha256: read_json(_mark(ctx, r)) or {} for r in receipts}
    fresh = [r for r in receipts if marks[r.sha256].get("fingerprint") != prints[r.sha256]]
    if fresh:
        with Sandbox(ctx.limits, ctx.threads, ctx.memory, spill_folder(ctx)) as gate:
            for number, receipt in enumerate(fresh, 1):
                # never its name: it may be a person's, and what is said here ends in logs
                ctx.progress(f"检查第 {number}/{len(fresh)} 个文件 {receipt.sha256[:8]}")
                _gate(ctx, receipt, prints[receipt.sha256], gate)
    return len(fresh)


def _mark(ctx: Context, receipt: Receipt) -> Path:
    """Where it stands under which rules a file was gated."""
    return ctx.workspace.gated(receipt.sha256) / "gated.json"


def _gate(ctx: Context, receipt: Receipt, wanted: str, gate: Sandbox) -> None:
    _mark(ctx, receipt).unlink(missing_ok=True)
    result = gate.check_file(
        ctx.registry,
        received_file(ctx.workspace, receipt.sha256),
        name=receipt.name,
        sha256=receipt.sha256,
        received_on=receipt.received_on,
        as_of=ctx.as_of,
        out_dir=ctx.workspace.gated(receipt.sha256),
        brief=True,
    )
    kept = {"encoding": result.encoding, "places": [asdict(place) for place in result.places]}
    write_json(_mark(ctx, receipt), kept | {"fingerprint": wanted})


def _union(ctx: Context, receipts: list[Receipt], unfit: list[Refused], gated: int, gate_print: str) -> Intake:
    """All files' rows as candidate tables, then superseded, judged together, written and counted."""
    ctx.progress("合并各文件")
    con = connect(ctx)
    tables = ctx.registry.layer("intake")
    folders = [ctx.workspace.gated(r.sha256) for r in receipts]
    _load_findings(con, folders, unfit, in_mib(ctx.limits.file_bytes))
    superseded = judge_together(con, ctx, receipts)
    note_decisions(con, ctx.workspace)
    for table in tables:
        _quarantine(con, table, folders)
    account = settle(ctx, con, tables, parquet_list(folders, "account.parquet"))  # before anything is written
    counts = {table.name: _write_table(ctx, con, table) for table in tables}
    for table in ctx.registry.layer("held"):
        counts[table.name] = _write_held(ctx, con, table)
    for table in ctx.registry.layer("identity"):
        counts[table.name] = _write(ctx, con, table)
    if receipts:
        keep(ctx, con, receipts, gate_print)
    con.execute("INSERT INTO findings FROM crossing")
    write_parquet(con, "FROM findings ORDER BY ALL", ctx.workspace.findings)
    found = con.execute("SELECT count(*) FROM findings").fetchone()[0]
    con.close()
    files = {"files": len(receipts), "gated": gated, "refused": len(unfit)}
    return Intake(counts, **account, **files, superseded=superseded, findings=found)


def _load_findings(con: duckdb.DuckDBPyConnection, folders: list[Path], unfit: list[Refused], largest: str) -> None:
    """What the gate found in each file, and that some files were not taken in at all."""
    files = parquet_list(folders, "findings.parquet")
    con.execute(f"CREATE TABLE findings({FINDING_COLUMNS})")
    if files:
        con.execute(f"INSERT INTO findings BY NAME FROM read_parquet({files})")
    for file in unfit:
        con.execute(
            "INSERT INTO findings BY NAME SELECT $code AS code, 'error' AS severity, $name AS file, "
            "CASE WHEN $code = 'file-too-large' THEN $largest END AS value, '' AS source_sha256",
            {"code": file.code, "name": file.name, "largest": largest},
        )


def _write_table(ctx: Context, con: duckdb.DuckDBPyConnection, table: Table) -> int:
    """Writes the table and its quarantine; returns the rows of the table."""
    select = f"FROM quarantine_{table.name} ORDER BY {COORDINATES}"
    write_parquet(con, select, ctx.workspace.table("quarantine", table.name))
    return _write(ctx, con, table)


def _write(ctx: Context, con: duckdb.DuckDBPyConnection, table: Table) -> int:
    path = ctx.workspace.table(table.layer, table.name)
    write_parquet(con, f"FROM {table.name} ORDER BY {order_by(table)}", path)
    return con.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]


def _write_held(ctx: Context, con: duckdb.DuckDBPyConnection, table: Table) -> int:
    """The keys of rows in quarantine: what was stated must not be taken for absent because it was misspelt."""
    of = ctx.registry.tables[table.name.removesuffix("_held")]
    install_macros(con)
    values = [f"{stated_value(ctx.registry, of, of.field(k))} AS {quote(k)}" for k in table.key]
    known = " AND ".join(f"{quote(k)} IS NOT NULL" for k in table.key)
    con.execute(
        f"CREATE TABLE {table.name} AS SELECT DISTINCT * FROM (SELECT {', '.join(values)} FROM quarantine_{of.name}) "
        f"WHERE {known}"
    )
    return _write(ctx, con, table)


def _quarantine(con: duckdb.DuckDBPyConnection, table: Table, folders: list[Path]) -> None:
    """The rows that wait: held by the gate (as text) and held over all files (as text again)."""
    names = [*(f.name for f in table.fields), "reasons"]
    con.execute(f"CREATE TABLE quarantine_{table.name}({', '.join(quote(n) + ' VARCHAR' for n in names)})")
    con.execute(f"ALTER TABLE quarantine_{table.name} ALTER source_row TYPE BIGINT")
    if files := parquet_list(folders, f"quarantine/{table.name}.parquet"):
        con.execute(f"INSERT INTO quarantine_{table.name} BY NAME FROM read_parquet({files}, union_by_name=true)")
    con.execute(
        f"INSERT INTO quarantine_{table.name} BY NAME SELECT a.*, h.reasons FROM accepted_{table.name} a "
        f"JOIN (SELECT {COORDINATES}, string_agg(DISTINCT code, ';' ORDER BY code) AS reasons FROM held "
        f"WHERE table_name = ? GROUP BY ALL) h USING ({COORDINATES})",
        [table.name],
    )
