"""Builds one core or open table: its SELECT, cast to its contract, checked, and only then written.

A table whose inputs, contract, code and date are unchanged is not built again. What does not belong
here: the SELECTs (core/, open/), what makes a row wrong (schemas/, quality/).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from assets.compiled import made_select, tables_behind
from assets.lineage import sql_files, table_sql, tables_read
from assets.raw.receive import ledger
from assets.sql import (
    PROFILE_TABLES,
    SUPPLIED_FROM,
    connect,
    disclosure_tables,
    profile_prints,
    profile_tables,
    values_unsaid,
    view,
    write_parquet,
)
from assets.workspace import Context, code_fingerprint, file_sha256, fingerprint, read_json, write_json
from quality.checks import CheckResult, check_table
from quality.opinions import check_expectations, goes_on
from schemas.compile.duckdb import literal, order_by
from schemas.compile.freshness import Limit, fresh_select, limits
from schemas.model import Table

ROOT = Path(__file__).parents[1]


class TableRefused(Exception):
    """A table failed a blocking check and was not written. Holds the results, never a value."""

    def __init__(self, table: str, results: list[CheckResult]):
        self.table = table
        self.results = results
        super().__init__(f"{table}: refused before it was written: {', '.join(map(_why, blocking_failures(results)))}")


def _why(result: CheckResult) -> str:
    """A blocking result in words: what fails in so many rows, or what nobody knows."""
    if result.state == "crashed":
        return f"{result.name} (未能检查 could not be checked)"
    return f"{result.name} ({result.failed_count})"


class StaleTable(Exception):
    """A table does not match its inputs, so that nothing may be published from it."""


#: of earlier builds the as-of day and, by name, the rows that failed a check; none that had none. Oldest first
History = Sequence[tuple[str, dict[str, int]]]
#: how many builds are remembered
REMEMBERED = 24


@dataclass(frozen=True)
class Built:
    """The outcome of one step. ``history``: of builds on earlier days."""

    table: str
    rows: int
    changed: bool  # False: nothing had to be done
    checks: list[CheckResult]
    history: History = ()


def blocking_failures(results: list[CheckResult]) -> list[CheckResult]:
    """The results that forbid a table to be written."""
    return [r for r in results if r.blocks]


def inputs(sql: str) -> list[str]:
    """The tables of other steps that a SELECT reads."""
    read = {name for name in tables_read(sql) if name not in PROFILE_TABLES}
    read |= {name for given in tables_read(sql) for name in SUPPLIED_FROM.get(given, ())}
    return sorted({table for name in read for table in tables_behind(name)})


def build_table(ctx: Context, name: str, sql: str | None = None, *, opinions: bool = True) -> Built:
    """Brings one table up to date. ``sql`` replaces its SELECT (a test that injects a fault).

    ``opinions``: whether a second engine and the expectations are asked too, which is most of the time it takes.

    Raises TableRefused, and leaves the last good file where it is, when a blocking check fails."""
    sql = sql or table_sql(name)
    table = ctx.registry.tables[name]
    wanted = step_fingerprint(ctx, table, sql)
    state = read_json(ctx.workspace.state(name))
    history = [tuple(build) for build in (state or {}).get("history", ()) if build[0] != ctx.as_of.isoformat()]
    if state and state["fingerprint"] == wanted and state["content"] == _content(ctx, name):
        return Built(name, state["rows"], False, [CheckResult(**c) for c in state["checks"]], history)
    ctx.progress(f"生成 {table.title_zh} {name}")
    rows, checks = _write_checked(ctx, table, sql, opinions)
    content = file_sha256(path_of(ctx, name))
    now = (ctx.as_of.isoformat(), {c.name: c.failed_count for c in checks if c.failed_count})
    saved = {"fingerprint": wanted, "content": content, "rows": rows, "checks": [c.__dict__ for c in checks]}
    write_json(ctx.workspace.state(name), saved | {"history": [*history, now][-REMEMBERED:]})
    return Built(name, rows, True, checks, history)


def path_of(ctx: Context, name: str) -> Path:
    """Where a table lies in the workspace."""
    return ctx.workspace.table(ctx.registry.tables[name].layer, name)


def step_fingerprint(ctx: Context, table: Table, sql: str) -> str:
    """All that the bytes of a table depend on."""
    return fingerprint(
        sql,
        {name: _content(ctx, name) for name in inputs(sql)},
        ctx.registry.fingerprint,
        {p.code: p.value for p in ctx.registry.parameters(ctx.as_of).values()},
        ctx.as_of if "profile_run" in tables_read(sql) else None,
        [(age.column, age.first_day, age.rule.until and age.as_of) for age in ages(ctx, table)],
        profile_prints(ctx, tables_read(sql)),
        _last_version(ctx, table),
        duckdb.__version__,
        _code(),
    )


def ages(ctx: Context, table: Table) -> list[Limit]:
    """How long the volatile columns of a table hold on the day of the run."""
    return limits(table, ctx.registry.parameters(ctx.as_of), ctx.as_of)


def _last_version(ctx: Context, table: Table) -> str | None:
    """The bytes of the last version where people's opinions are held against it."""
    path = ctx.released(table.name) if table.layer == "open" and goes_on(table.name) else None
    return path and file_sha256(path)


@functools.cache
def _code() -> str:
    """One hash of the code that makes and checks a table; its SELECT is counted by itself."""
    floors = [code_fingerprint(ROOT / "quality"), code_fingerprint(ROOT / "schemas", (".py",))]
    own = ("build.py", "compiled.py", "known.py", "sql.py")
    return fingerprint(floors, [file_sha256(ROOT / "assets" / name) for name in own])


def require_current(ctx: Context, names: list[str]) -> None:
    """StaleTable unless each table and all it is made of match their recorded inputs.

    A refused table keeps its last good file; this is what keeps that file from being published again."""
    received = read_json(ctx.workspace.state("intake"))
    if not received or received["result"]["files"] != len(ledger(ctx.workspace)):
        raise StaleTable("the intake tables do not hold what was received; run the whole job")
    seen: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in seen or name not in sql_files():
            continue
        seen.add(name)
        sql = table_sql(name)
        state = read_json(ctx.workspace.state(name))
        if not state or state["fingerprint"] != step_fingerprint(ctx, ctx.registry.tables[name], sql):
            raise StaleTable(f"{name} is not built from what was received; run the whole job")
        if state["content"] != file_sha256(path_of(ctx, name)):
            raise StaleTable(f"{name} was changed after it was built")
        waiting += inputs(sql)


def _content(ctx: Context, name: str) -> str | None:
    path = path_of(ctx, name)
    return file_sha256(path) if path.exists() else None


def _write_checked(ctx: Context, table: Table, sql: str, opinions: bool) -> tuple[int, list[CheckResult]]:
    con = connect(ctx)
    try:
        with values_unsaid(table.name):
            return _checked(ctx, con, table, sql, opinions)
    finally:
        con.close()


def _checked(
    ctx: Context, con: duckdb.DuckDBPyConnection, table: Table, sql: str, opinions: bool
) -> tuple[int, list[CheckResult]]:
    """Makes the table in the engine, checks it, and writes it only then."""
    if read := set(tables_read(sql)) & set(PROFILE_TABLES):
        profile_tables(con, ctx, read)
    for name in inputs(sql):
        view(con, name, path_of(ctx, name))
    for name in tables_read(sql):
        if select := made_select(ctx.registry, name):
            con.execute(f"CREATE VIEW {name} AS {select}")
    disclosure_tables(con, ctx, tables_read(sql))
    fresh = fresh_select(table, _subquery(sql), ctx.registry.parameters(ctx.as_of), ctx.as_of)
    con.execute(f"CREATE TEMP TABLE staged AS {fresh}")
    _refuse_extra_columns(con, table, sql)
    checks = check_table(con, ctx.registry, table, "staged", ctx.as_of)
    checks += _opinions(ctx, con, table, checks) if opinions else []
    if blocking_failures(checks):
        raise TableRefused(table.name, checks)
    write_parquet(con, f"FROM staged ORDER BY {order_by(table)}", path_of(ctx, table.name))
    return con.execute("SELECT count(*) FROM staged").fetchone()[0], checks


def _subquery(sql: str) -> str:
    """In brackets, on lines of its own: a SELECT may end with a comment."""
    return f"(\n{sql}\n)"


def _refuse_extra_columns(con: duckdb.DuckDBPyConnection, table: Table, sql: str) -> None:
    given = {row[0] for row in con.execute(f"DESCRIBE {sql}").fetchall()}
    extra = sorted(given - set(table.field_names))
    if extra:
        raise ValueError(f"{table.name}: the SELECT gives columns its contract does not have: {extra}")


def _opinions(
    ctx: Context, con: duckdb.DuckDBPyConnection, table: Table, first: list[CheckResult]
) -> list[CheckResult]:
    """Of an open table: a second engine's opinion on its contract, and people's opinions beyond it."""
    if table.layer != "open":
        return []
    from quality.suites import second_opinion

    released = ctx.released(table.name) if goes_on(table.name) else None
    last = f"read_parquet({literal(str(released))})" if released else None
    second = second_opinion(con, ctx.registry, table, "staged", ctx.as_of, first)
    return [second, *check_expectations(con, table, "staged", last)]
