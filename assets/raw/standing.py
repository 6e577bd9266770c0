"""Standing findings: whose they are, since when they stand, and which later file answered them.

A pure function of what was received, the contracts, the corrections and the as-of date: no log is kept that could
say something else than the files do. A finding is the same one over time by its owner, code, table, column and
the key of its row; where a row has no readable key, by its place in the file. It is answered by a later file (in
the order in which intake lets statements stand) that states the key again without the problem, by a later full
register without the line, or, where there is no key to go by, by a file that takes the place of its file.

What belongs here: that history (its SQL is standing.sql) and what corrections waive of it. What does not: finding
anything (quality/, crossing.py), counting (quality_report.py), printing (pipelines/).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from assets.raw.crossing import crossing_code, crossings, parquet_list
from assets.raw.intake import gate_fingerprint
from assets.raw.receive import Receipt, Refused, ledger, refused, sender
from assets.sql import connect, values_unsaid, write_parquet
from assets.workspace import Context, Workspace, file_sha256, fingerprint, locked, read_json, write_json
from quality.corrections import Correction, load_corrections
from quality.normalise import install_macros, stated_value
from quality.reading.mapped import snapshot_date
from schemas.compile.duckdb import quote
from schemas.model import Table
from schemas.registry import Registry

SQL = Path(__file__).with_suffix(".sql")

#: what is said of each row of a sheet because of its header: one finding, and no statement of its rows
_OF_A_SHEET = ("column-duplicate", "column-missing", "header-personal-data")
#: what is said of the key of a row without doubting it
_OF_TWO_ROWS = ("key-duplicate", "row-repeated", "statement-conflict")


@dataclass(frozen=True)
class Standing:
    """One finding over time. ``state``: open, answered (by ``answered_by``) or waived (by ``correction``).

    ``key``: column -> text, None where the row has none; ``key_certain``: no error is about the key itself.
    ``first_seen_on`` is the day its first file came; ``since_on`` that of the first after it was last answered.
    ``row`` is the first of ``row_count`` rows in the last file that has it; ``value`` may be personal."""

    sender: str
    state: str
    severity: str
    code: str
    table: str | None
    column: str | None
    key: dict[str, str] | None
    key_certain: bool
    file: str
    sheet: str | None
    row: int | None
    row_count: int
    value: str | None
    first_seen_on: date
    since_on: date
    last_seen_on: date
    answered_on: date | None
    answered_by: str | None
    correction: str | None

    def age_days(self, on: date) -> int:
        """Days since it stands, seen from ``on``; of an answered one, how long it stood."""
        return max(((self.answered_on or on) - self.since_on).days, 0)


def build_standing(ctx: Context) -> None:
    """Brings ``standing.parquet`` up to date with the intake step. Does nothing if nothing changed."""
    with locked(ctx.workspace), values_unsaid("standing"):
        receipts, gate_print = ledger(ctx.workspace), gate_fingerprint(ctx)
        unfit = refused(ctx.workspace)
        code = [file_sha256(p) for p in (Path(__file__), SQL)] + crossing_code()
        corrections = load_corrections(ctx.corrections_dir, ctx.registry)
        in_force = [[c.place, c.entry.model_dump(mode="json")] for c in corrections if c.in_force(ctx.as_of)]
        inputs = [[r.sha256, r.name, r.received_on, r.batch] for r in receipts], [vars(r) for r in unfit]
        found = crossings(ctx, receipts, gate_print)
        step = fingerprint(gate_print, inputs, code, in_force, [file_sha256(path) for path in found.values()])
        state, path = read_json(ctx.workspace.state("standing")), ctx.workspace.standing
        if state and state["fingerprint"] == step and path.exists() and file_sha256(path) == state["content"]:
            return
        ctx.progress("整理待办问题")
        _build(ctx, receipts, unfit, found, corrections)
        write_json(ctx.workspace.state("standing"), {"fingerprint": step, "content": file_sha256(path)})


def read_standing(
    registry: Registry, workspace: Workspace, corrections: tuple[Correction, ...], on: date
) -> list[Standing] | None:
    """What stands by the last run, under the corrections in force on a day; None before the first run."""
    if not workspace.standing.exists():
        return None
    with duckdb.connect() as con:
        rows = con.execute("FROM read_parquet(?)", [str(workspace.standing)])
        names = [column for column, *_ in rows.description]
        found = [dict(zip(names, row, strict=True)) for row in rows.fetchall()]
    in_force = [c for c in corrections if c.in_force(on)]
    return [Standing(**_waived(_readable(registry, row), in_force)) for row in found]


def _readable(registry: Registry, row: dict[str, Any]) -> dict[str, Any]:
    """The key by column; what a snapshot's date or an unreadable cell left open is not in it."""
    if row["key"] is not None:
        named = zip(registry.tables[row["table"]].key, json.loads(row["key"]), strict=True)
        row["key"] = {column: value for column, value in named if value is not None}
    return row


def _waived(row: dict[str, Any], in_force: list[Correction]) -> dict[str, Any]:
    """The finding as the corrections leave it; an answered one needs none."""
    if row["state"] == "answered":
        return row
    covering = next((c for c in in_force if c.covers(row)), None)
    return row | {"state": "waived" if covering else "open", "correction": covering.place if covering else None}


def _build(
    ctx: Context,
    receipts: list[Receipt],
    unfit: list[Refused],
    found: dict[int, Path],
    corrections: tuple[Correction, ...],
) -> None:
    con = connect(ctx)
    con.execute("SET disabled_optimizers = 'in_clause'")  # see gate_engine: code lists must not become joins
    install_macros(con)
    _receipts(con, ctx.registry, receipts)
    _unfit(con, ctx.registry, unfit)
    _observed(con, ctx, receipts, found)
    concerned = {name for (name,) in con.execute("SELECT DISTINCT tbl FROM observed").fetchall()}
    tables = [table for table in ctx.registry.layer("intake") if table.name in concerned]
    stated = [table for table in tables if _line_view(con, ctx, table, receipts)]
    _placed(con, stated)
    _statements(con, stated)
    _contained(con, stated)
    con.execute(SQL.read_text("utf-8"))
    con.execute(f"CREATE TABLE told_of AS {_RESULT}")
    _waive(con, ctx, corrections)
    write_parquet(con, f"SELECT * EXCLUDE (id) FROM told_of ORDER BY {_ORDER}", ctx.workspace.standing)
    con.close()


_ORDER = '"sender", since_on, "table" NULLS FIRST, code, "column" NULLS FIRST, key NULLS FIRST, file, sheet, "row"'
_RESULT = f"""
SELECT row_number() OVER (ORDER BY {_ORDER}) AS id, * FROM (SELECT
    s.owner AS "sender", CASE WHEN s.answered_on IS NULL THEN 'open' ELSE 'answered' END AS state,
    CASE WHEN s.is_error THEN 'error' ELSE 'warning' END AS severity, s.code,
    nullif(s.tbl, '') AS "table", nullif(s.col, '') AS "column",
    CASE WHEN s.kind = 'key' THEN s.ident END AS key, s.kind = 'key' AND NOT s.doubtful AS key_certain,
    r.name AS file, nullif(s.sheet, '') AS sheet, s."row", s.row_count, s.value,
    s.first_seen_on, s.since_on, s.last_seen_on, s.answered_on, a.name AS answered_by,
    CAST(NULL AS VARCHAR) AS correction
FROM standing AS s JOIN receipt AS r USING (sha) LEFT JOIN receipt AS a ON a.sha = s.answer_sha
UNION ALL BY NAME SELECT owner AS "sender", 'open' AS state, 'error' AS severity, code, FALSE AS key_certain,
    name AS file, 1 AS row_count, seen_on AS first_seen_on, seen_on AS since_on, seen_on AS last_seen_on FROM unfit)
"""


def _waive(con: duckdb.DuckDBPyConnection, ctx: Context, corrections: tuple[Correction, ...]) -> None:
    """Marks what a correction in force on the as-of date covers."""
    in_force = [c for c in corrections if c.in_force(ctx.as_of)]
    codes = sorted({c.entry.code for c in in_force})
    columns = ("id", "sender", "code", "table", "column", "key", "file", "state")
    rows = con.execute(
        f"SELECT {', '.join(map(quote, columns))} FROM told_of WHERE state = 'open' AND list_contains(?, code)", [codes]
    ).fetchall()
    for row in (dict(zip(columns, r, strict=True)) for r in rows):
        waived = _waived(_readable(ctx.registry, row), in_force)
        if waived["correction"]:
            told = [waived["correction"], row["id"]]
            con.execute("UPDATE told_of SET state = 'waived', correction = ? WHERE id = ?", told)


# --- what was received and said


def _owner(registry: Registry, name: str) -> str:
    """Whose a file is: of a source with a shape of its own the source's, whatever its files are called."""
    source = registry.source_for(name)
    return source.name if source and source.maps else sender(name)


def _receipts(con: duckdb.DuckDBPyConnection, registry: Registry, receipts: list[Receipt]) -> None:
    con.execute(
        "CREATE TABLE receipt(sha VARCHAR, name VARCHAR, owner VARCHAR, batch INTEGER, received_on DATE, "
        "snapshot_on DATE, source_code VARCHAR, mapped BOOLEAN, arrival INTEGER)"
    )
    ordered = sorted(receipts, key=lambda r: (r.batch, r.sha256))
    rows = [_receipt_row(registry, r, number) for number, r in enumerate(ordered, 1)]
    if rows:
        con.executemany("INSERT INTO receipt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    con.execute(
        "CREATE TABLE reception AS SELECT batch, row_number() OVER (ORDER BY batch) AS nth, "
        "min(received_on) AS received_on FROM receipt GROUP BY batch"
    )


def _unfit(con: duckdb.DuckDBPyConnection, registry: Registry, unfit: list[Refused]) -> None:
    """What the inbox holds and nobody took in; such a file has no history, it stands while it lies there."""
    con.execute("CREATE TABLE unfit(owner VARCHAR, code VARCHAR, name VARCHAR, seen_on DATE)")
    if unfit:
        rows = [[_owner(registry, r.name), r.code, r.name, r.seen_on] for r in unfit]
        con.executemany("INSERT INTO unfit VALUES (?, ?, ?, ?)", rows)


def _receipt_row(registry: Registry, r: Receipt, arrival: int) -> list[Any]:
    source = registry.source_for(r.name)
    snapshot = source is not None and source.mode == "snapshot"
    on = snapshot_date(source, r.name, r.received_on) if source and snapshot else None
    mapped, code = bool(source and source.maps), source.name if source else "inbox"
    return [r.sha256, r.name, _owner(registry, r.name), r.batch, r.received_on, on, code, mapped, arrival]


_OBSERVED = (
    "SELECT {nth} AS nth, code, severity, coalesce(\"table\", '') AS tbl, coalesce(\"column\", '') AS col, "
    "source_sha256 AS sha, coalesce(sheet, '') AS sheet, \"row\", value "
    "FROM read_parquet({files}) WHERE severity IN ('error', 'warning')"
)


def _observed(con: duckdb.DuckDBPyConnection, ctx: Context, receipts: list[Receipt], found: dict[int, Path]) -> None:
    """What the gate said of each file, and what was said of all files after each reception."""
    con.execute(
        "CREATE TABLE observed(nth BIGINT, code VARCHAR, severity VARCHAR, tbl VARCHAR, col VARCHAR, sha VARCHAR, "
        'sheet VARCHAR, "row" BIGINT, value VARCHAR)'
    )
    con.execute("CREATE TABLE account(sha VARCHAR, tbl VARCHAR, received BIGINT)")
    folders = [ctx.workspace.gated(r.sha256) for r in receipts]
    if files := parquet_list(folders, "findings.parquet"):
        con.execute("INSERT INTO observed " + _OBSERVED.format(nth="NULL", files=files))
    if files := parquet_list(folders, "account.parquet"):
        select = f'SELECT source_sha256, "table", sum(received) FROM read_parquet({files}) GROUP BY ALL'
        con.execute(f"INSERT INTO account {select}")
    for nth, batch in enumerate(sorted(found), 1):
        path = parquet_list([found[batch].parent], found[batch].name)
        con.execute("INSERT INTO observed " + _OBSERVED.format(nth=nth, files=path))


# --- which row states which key


def _line_view(con: duckdb.DuckDBPyConnection, ctx: Context, table: Table, receipts: list[Receipt]) -> bool:
    """A view of every row of a table in any file, with its key as text; False if there is none.

    A map may make several rows of one line of its source: findings name the line, so such rows share what
    their keys have in common."""
    parts = list(_line_parts(con, ctx, table, receipts))
    if not parts:
        return False
    register = {"filing_event_code", "event_on"} <= set(table.key)
    own = "CASE WHEN filing_event_code = 'snapshot' THEN event_on END" if register else "CAST(NULL AS DATE)"
    names = [f"k{number}" for number in range(len(table.key))]
    texts = ", ".join(f"{_key_text(table, k)} AS {n}" for k, n in zip(table.key, names, strict=True))
    whole = " AND ".join(f"{quote(k)} IS NOT NULL" for k in table.key)
    place = 'sha, sheet, "row", source_code, snapshot_on'
    shared = ", ".join(f"CASE WHEN count({n}) = count(*) AND min({n}) = max({n}) THEN min({n}) END" for n in names)
    con.execute(
        f"CREATE VIEW line_{table.name} AS WITH stated AS (SELECT v.*, r.mapped, coalesce(r.snapshot_on, {own}) AS "
        f"snapshot_on FROM ({' UNION ALL BY NAME '.join(parts)}) AS v JOIN receipt AS r USING (sha)), "
        f"line AS (SELECT {place}, mapped, refused, coalesce(snapshot_on, reported_on, received_on) AS order_on, "
        f"{whole} AS whole, {texts} FROM stated) "
        f"SELECT {place}, refused, order_on, whole, CAST(to_json([{', '.join(names)}]) AS VARCHAR) AS key "
        "FROM line WHERE NOT mapped UNION ALL "
        f"SELECT {place}, bool_and(refused), max(order_on), bool_and(whole), "
        f"CAST(to_json([{shared}]) AS VARCHAR) FROM line WHERE mapped GROUP BY {place}"
    )
    return True


def _key_text(table: Table, column: str) -> str:
    """A part of the key as text. In a register its date is no part of what a line is about."""
    if table.field(column).type != "date":
        return f"CAST({quote(column)} AS VARCHAR)"
    return f"CASE WHEN {quote(column)} IS DISTINCT FROM snapshot_on THEN CAST({quote(column)} AS VARCHAR) END"


def _line_parts(con: duckdb.DuckDBPyConnection, ctx: Context, table: Table, receipts: list[Receipt]) -> Iterator[str]:
    """The accepted rows, which are typed, and the held ones, which are text and read by the gate's expressions."""
    folders = [ctx.workspace.gated(r.sha256) for r in receipts]
    place = "source_sha256 AS sha, coalesce(source_sheet, '') AS sheet, source_row AS \"row\", source_code"
    if files := parquet_list(folders, f"accepted/{table.name}.*parquet"):
        columns = ", ".join(map(quote, table.key))
        columns += "" if "reported_on" in table.key else ", reported_on"
        yield f"SELECT {place}, FALSE AS refused, received_on, {columns} FROM read_parquet({files})"
    if files := parquet_list(folders, f"quarantine/{table.name}.parquet"):
        names = dict.fromkeys((*table.key, "reported_on"))
        columns = ", ".join(f"{stated_value(ctx.registry, table, table.field(n))} AS {quote(n)}" for n in names)
        refused = f"list_has_any(string_split(reasons, ';'), [{', '.join(repr(c) for c in _OF_A_SHEET)}])"
        con.execute(  # once: reading text costs more than anything else here
            f"CREATE TABLE held_{table.name} AS SELECT {place}, {refused} AS refused, "
            f"CAST(received_on AS DATE) AS received_on, {columns} FROM read_parquet({files}, union_by_name=true)"
        )
        yield f"FROM held_{table.name}"


def _placed(con: duckdb.DuckDBPyConnection, stated: list[Table]) -> None:
    """What was observed, each with its owner and with the key of its row or, without one, its place."""
    con.execute("CREATE TABLE keyed(tbl VARCHAR, sha VARCHAR, sheet VARCHAR, \"row\" BIGINT, key VARCHAR, "
                "whole BOOLEAN, snapshot_on DATE, doubtful BOOLEAN)")  # fmt: skip
    for table in stated:
        key_columns = ", ".join(repr(k) for k in table.key)
        con.execute(
            f'INSERT INTO keyed SELECT o.tbl, sha, sheet, "row", min(key), bool_and(whole), max(snapshot_on), '
            f"bool_or(o.severity = 'error' AND o.col IN ({key_columns}) AND o.code NOT IN {_OF_TWO_ROWS}) "
            f'FROM (SELECT DISTINCT tbl, sha, sheet, "row", severity, col, code FROM observed WHERE tbl = ?) AS o '
            f'JOIN line_{table.name} USING (sha, sheet, "row") GROUP BY ALL',
            [table.name],
        )
    con.execute(
        'CREATE TABLE placed AS SELECT r.owner, o.code, o.severity, o.tbl, o.col, o.sha, o.sheet, o."row", o.value, '
        "o.nth, k.snapshot_on, coalesce(k.doubtful, FALSE) AS doubtful, "
        "CASE WHEN by_key THEN 'key' ELSE 'place' END AS kind, "
        'CASE WHEN by_key THEN k.key ELSE CAST(json_array(r.name, o.sheet, CASE WHEN NOT of_sheet THEN o."row" END) '
        f"AS VARCHAR) END AS ident FROM (SELECT *, code IN {_OF_A_SHEET} AS of_sheet FROM observed) AS o "
        'JOIN receipt AS r USING (sha) LEFT JOIN keyed AS k USING (tbl, sha, sheet, "row"), '
        "LATERAL (SELECT NOT of_sheet AND k.key IS NOT NULL AND (k.whole OR k.snapshot_on IS NOT NULL) AS by_key)"
    )


def _statements(con: duckdb.DuckDBPyConnection, stated: list[Table]) -> None:
    """Every file that states a key something was said about, in the order in which intake lets them stand.

    Files of one reception, reported on one day, have one place in it: none of them is the later one."""
    con.execute("CREATE TABLE said(tbl VARCHAR, key VARCHAR, sha VARCHAR, order_on DATE, refused BOOLEAN, "
                "snapshot_on DATE)")  # fmt: skip
    con.execute("CREATE TABLE register(tbl VARCHAR, source_code VARCHAR, snapshot_on DATE, sha VARCHAR)")
    for table in stated:
        con.execute(
            f"INSERT INTO said SELECT ?, key, sha, max(order_on), bool_and(refused), max(snapshot_on) "
            f"FROM line_{table.name} SEMI JOIN (SELECT ident AS key FROM placed WHERE kind = 'key' AND tbl = ?) "
            "USING (key) GROUP BY key, sha",
            [table.name, table.name],
        )
        asked = "SELECT 1 FROM placed WHERE tbl = ? AND snapshot_on IS NOT NULL LIMIT 1"
        if con.execute(asked, [table.name]).fetchone():
            con.execute(
                f"INSERT INTO register SELECT DISTINCT ?, source_code, snapshot_on, sha FROM line_{table.name} "
                "WHERE snapshot_on IS NOT NULL",
                [table.name],
            )
    con.execute(
        "CREATE TABLE statement AS SELECT said.*, dense_rank() OVER (PARTITION BY tbl, key ORDER BY order_on, batch) "
        "AS pos FROM said JOIN receipt USING (sha)"
    )


def _contained(con: duckdb.DuckDBPyConnection, stated: list[Table]) -> None:
    """Pairs of files of one sender: the later one has at least as many rows of a table, and every sure key."""
    con.execute("CREATE TABLE contained(sha VARCHAR, tbl VARCHAR, later_sha VARCHAR)")
    for table in stated:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE pair AS SELECT DISTINCT p.sha, r2.sha AS later_sha FROM placed AS p "
            "JOIN receipt AS r1 ON r1.sha = p.sha JOIN account AS a1 ON a1.sha = p.sha AND a1.tbl = p.tbl "
            "JOIN receipt AS r2 ON r2.owner = r1.owner AND r2.batch > r1.batch "
            "JOIN account AS a2 ON a2.sha = r2.sha AND a2.tbl = p.tbl AND a2.received >= a1.received "
            "WHERE p.tbl = ? AND (p.kind = 'place' OR p.doubtful)",
            [table.name],
        )
        if not con.execute("SELECT 1 FROM pair LIMIT 1").fetchone():
            continue
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE sure AS SELECT DISTINCT sha, key FROM line_{table.name} AS l "
            "SEMI JOIN pair USING (sha) WHERE whole AND NOT EXISTS (FROM keyed AS k WHERE k.doubtful AND k.tbl = ? "
            'AND k.sha = l.sha AND k.sheet = l.sheet AND k."row" = l."row")',
            [table.name],
        )
        con.execute(
            f"INSERT INTO contained SELECT sha, ?, later_sha FROM pair JOIN sure USING (sha) LEFT JOIN (SELECT "
            f"DISTINCT sha AS later_sha, key FROM line_{table.name} WHERE whole AND NOT refused) AS l "
            "USING (later_sha, key) GROUP BY sha, later_sha HAVING count(l.key) = count(*)",
            [table.name],
        )
