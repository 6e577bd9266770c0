"""What a workspace knows about the quality of the tables behind a dataset.

What belongs here: results that steps recorded, counts of findings, who has not reported. What does not: judging, the
words of a report (quality/report). It depends on what was received, the contracts, the code, the as-of date and the
release before, so that a rebuild comes to the same: not on when a run was made, nor on what lies in the inbox.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from duckdb import DuckDBPyConnection

from assets.build import inputs, path_of
from assets.lineage import sql_files, table_sql
from assets.quality_report import by_age, by_code, totals
from assets.raw.standing import Standing, build_standing, read_standing
from assets.sql import connect, profile_tables, values_unsaid, view
from assets.workspace import Context, read_json
from quality.checks import CheckResult
from quality.corrections import load_corrections
from quality.opinions import opinions
from quality.report.completeness import Expectation, added_up, concerning
from quality.report.facts import Checked, Expected, Facts, Stage
from quality.report.received import UNREADABLE, judged, known_codes, shares
from quality.suites import DISAGREE
from schemas.compile.duckdb import literal
from schemas.model import Dataset, Table

#: what is said of single cells that cannot be read for certain, by its place in the standard
_OF_READING = ("0301", "0302", "0305")


@dataclass
class WorkspaceQuality:
    """What is known in a workspace whose tables are built."""

    ctx: Context
    _standing: list[Standing] | None = None

    def facts(self, dataset: Dataset) -> Facts:
        """Asks everything of the tables behind a dataset: asked.Quality."""
        ctx, tables = self.ctx, behind(dataset.tables)
        received = [ctx.registry.tables[name] for name in tables if ctx.registry.tables[name].layer == "intake"]
        con = connect(ctx)
        try:
            with values_unsaid("quality"):
                rows = _rows(con, ctx)
                found = _found(con, ctx, received)
                expected = tuple(_expected(con, ctx, concerning(tables)))
        finally:
            con.close()
        gate = judged(ctx.registry, received, rows, found, ctx.as_of)
        return Facts(
            tables=tables,
            checks=(*gate, *(one for name in tables for one in _recorded(ctx, name))),
            rows={table.name: rows.get(table.name, (0, 0)) for table in received},
            findings=self._findings(set(tables)),
            expected=expected,
            shares=shares(received, rows, found),
        )

    def _findings(self, tables: set[str]) -> dict[str, Any]:
        """What stands on the as-of date about these tables. A file that was not taken in has no table."""
        ctx = self.ctx
        if self._standing is None:
            build_standing(ctx)
            corrections = load_corrections(ctx.corrections_dir, ctx.registry)
            self._standing = read_standing(ctx.registry, ctx.workspace, corrections, ctx.as_of) or []
        found = [one for one in self._standing if one.table in tables]
        return {
            "state": "evaluated",
            "totals": totals(found, ctx.as_of),
            "by_age": by_age(found, ctx.as_of),
            "by_code": by_code(ctx.registry, found, ctx.as_of),
        }


#: it says which cells stay empty, by looking at every dataset: what it is made of is not what they are made of
_ONLY_HIDES = ("measure_withheld",)


def behind(names: Iterable[str]) -> tuple[str, ...]:
    """Every table that the values of these are made of, by name, themselves included."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += inputs(table_sql(name)) if name in sql_files() and name not in _ONLY_HIDES else []
    return tuple(sorted(found))


def _recorded(ctx: Context, name: str) -> Iterable[Checked]:
    """What came of the checks before a table was written; the contract of a published one is asked once more later."""
    state = read_json(ctx.workspace.state(name)) if name in sql_files() else None
    told = {opinion.code for opinion in opinions(name)}
    is_open = ctx.registry.tables[name].layer == "open"
    for result in (CheckResult(**raw) for raw in (state or {"checks": []})["checks"]):
        of_gx: Stage | None = "second_opinion" if result.code == DISAGREE else None
        of_gx = "expectation" if result.code in told else of_gx
        if not is_open:  # figures of rows that are not published stay here
            kept = {k: v for k, v in result.threshold.items() if k in ("limit", "parameters")}
            yield Checked(of_gx or "table", replace(result, threshold=kept))
        elif of_gx:
            yield Checked(of_gx, result)


def _rows(con: DuckDBPyConnection, ctx: Context) -> dict[str, tuple[int, int]]:
    """By table the rows that all files held, and how many of them wait."""
    counts = "CAST(sum(received) AS BIGINT), CAST(sum(quarantined) AS BIGINT)"
    account = literal(str(ctx.workspace.account))
    rows = con.execute(f'SELECT "table", {counts} FROM read_parquet({account}) GROUP BY ALL ORDER BY ALL').fetchall()
    return {name: (received, held) for name, received, held in rows}


def _found(con: DuckDBPyConnection, ctx: Context, tables: list[Table]) -> dict[tuple[str, str, str | None], int]:
    """Rows of each finding; those about reading a cell together, under one code."""
    findings = f"read_parquet({literal(str(ctx.workspace.findings))})"
    of_rows = f"FROM {findings} WHERE \"row\" IS NOT NULL AND source_sha256 <> ''"
    counted = "count(DISTINCT (source_sha256, sheet, \"row\"))"
    said = con.execute(f'SELECT "table", code, "column", {counted} {of_rows} GROUP BY ALL').fetchall()
    found = {(table, code, column): rows for table, code, column, rows in said if table}
    of_reading = {t.code for t in ctx.registry.findings.values() if t.dq in _OF_READING}
    for table in tables:
        codes = sorted(of_reading - known_codes(ctx.registry, table, ctx.as_of))
        listed = f"[{', '.join(map(literal, codes))}]"
        unread = f'SELECT {counted} {of_rows} AND "table" = ? AND list_contains({listed}, code)'
        for key in [key for key in found if key[:2] == (table.name, UNREADABLE)]:
            del found[key]
        found[table.name, UNREADABLE, None] = (con.execute(unread, [table.name]).fetchone() or (0,))[0]
    return found


def _expected(con: DuckDBPyConnection, ctx: Context, asked: tuple[Expectation, ...]) -> Iterable[Expected]:
    """Who should have reported and has. A table that is not there leaves its question open."""
    profile_tables(con, ctx)
    for one in asked:
        paths = {name: path_of(ctx, name) for name in one.reads}
        lacking = sorted(name for name, path in paths.items() if not path.exists())
        if lacking:
            yield Expected(one.code, reason=(f"没有表 {', '.join(lacking)}", f"no table {', '.join(lacking)}"))
            continue
        for name, path in paths.items():
            view(con, name, path)
        yield added_up(one.code, con.execute(one.sql).fetchall())
