"""How many values of a published table are fresh, out of date, undated, or of an age nobody can judge.

What belongs here: counting a built table. What does not: blanking (schemas/compile/freshness.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from schemas.ageing import STALE_COLUMNS
from schemas.compile.duckdb import literal, quote
from schemas.compile.freshness import Limit, limits
from schemas.model import Table
from schemas.registry import Registry


@dataclass(frozen=True)
class FreshnessCount:
    """One volatile column of one table on one day. The four counts sum up to the values that were stated.

    ``months``: how long a value may stand, None where no parameter says so; ``first_day``: the earliest day that is
    not too old; ``oldest_on``: the earliest day among the values shown, None without one."""

    table: str
    column: str
    dated_by: str | None
    until: str | None
    parameter: str | None
    months: int | None
    source: str
    first_day: date | None
    fresh_count: int
    stale_count: int
    undated_count: int
    not_evaluated_count: int
    oldest_on: date | None


def freshness_counts(
    con: duckdb.DuckDBPyConnection, registry: Registry, table: Table, relation: str, as_of: date
) -> list[FreshnessCount]:
    """The counts of each column with a `freshness` in the contract of ``table``; none without.

    ``relation``: the table as it was built, stale values blank and named in `stale_columns`."""
    in_force = registry.parameters(as_of)
    return [_counted(con, registry, table, relation, limit) for limit in limits(table, in_force, as_of)]


def _counted(
    con: duckdb.DuckDBPyConnection, registry: Registry, table: Table, relation: str, limit: Limit
) -> FreshnessCount:
    rule, column = limit.rule, quote(limit.column)
    days = [quote(day) for day in (rule.dated_by if limit.first_day else None, rule.until) if day]
    is_dated = " OR ".join(f"{day} IS NOT NULL" for day in days) or "FALSE"
    named = f"';' || coalesce({STALE_COLUMNS}, '') || ';' LIKE {literal(f'%;{limit.column};%')}"
    oldest = f"min({quote(rule.dated_by)}) FILTER (WHERE {column} IS NOT NULL)" if rule.dated_by else "NULL"
    shown, dated, stale, oldest_on = con.execute(
        f"SELECT count({column}), count({column}) FILTER (WHERE {is_dated}), count(*) FILTER (WHERE {named}), {oldest} "
        f"FROM {relation}"
    ).fetchone()
    given = registry.parameters(limit.as_of).get(rule.parameter or "")
    return FreshnessCount(
        table=table.name,
        column=limit.column,
        dated_by=rule.dated_by,
        until=rule.until,
        parameter=rule.parameter,
        months=int(given.value) if given else None,
        source=given.source if given else "",
        first_day=limit.first_day,
        fresh_count=dated if limit.evaluated else 0,
        stale_count=stale,
        undated_count=shown - dated if limit.evaluated else 0,
        not_evaluated_count=0 if limit.evaluated else shown,
        oldest_on=oldest_on,
    )
