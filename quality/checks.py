"""Checks of a finished table before it is written, from the same compiled rules as the gate.

What belongs here: contract -> how many rows fail each rule. What does not: opinions about a month's data
(suites.py) and what must not leave the house (disclosure.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import duckdb

from quality.findings import rule_says
from quality.normalise import install_macros, uses_macros
from schemas.compile.duckdb import quote
from schemas.compile.rules import CompiledRule, row_rules
from schemas.model import Table
from schemas.registry import Registry


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one rule over one table: counts and words, never a value."""

    code: str
    table: str
    passed: bool
    severity: str
    failed_count: int
    evaluated_count: int
    description_zh: str
    column: str | None = None

    @property
    def name(self) -> str:
        """Unique within a table, and a valid name of a Dagster check."""
        return check_name(self.code, self.column)


def check_name(code: str, column: str | None) -> str:
    """The name of a check, of its code and the column it is about."""
    return re.sub(r"[^A-Za-z0-9_]", "_", f"{code}__{column}" if column else code)


def check_table(
    con: duckdb.DuckDBPyConnection, registry: Registry, table: Table, relation: str, as_of: date
) -> list[CheckResult]:
    """Counts the rows of ``relation`` (the contract's columns, typed) that fail each rule, in one pass.

    A rule whose parameter has no value on ``as_of`` is reported as not evaluated: passed, with 0 rows evaluated."""
    rules = row_rules(registry, table, as_of)
    counted = [rule for rule in rules if rule.predicate is not None]
    selected = ", ".join(["count(*)", *(f"count(*) FILTER (WHERE {rule.predicate})" for rule in counted)])
    if uses_macros(selected):
        install_macros(con)
    total, *failed = con.execute(f"SELECT {selected} FROM {relation}").fetchone()
    failures = dict(zip(map(id, counted), failed, strict=True))
    results = [_result(registry, table, as_of, rule, failures.get(id(rule)), total) for rule in rules]
    return [_key_result(con, registry, table, relation, total), *_merged(results)]


def _result(
    registry: Registry, table: Table, as_of: date, rule: CompiledRule, failed: int | None, total: int
) -> CheckResult:
    says = rule_says(registry, rule.code, table, rule.column, as_of, "zh")
    if failed is None:
        says += f"（未评估：缺少参数 {', '.join(rule.missing_parameters)}）"
    return CheckResult(
        code=rule.code,
        table=table.name,
        passed=not failed,
        severity=rule.severity,
        failed_count=failed or 0,
        evaluated_count=0 if failed is None else total,
        description_zh=says,
        column=rule.column,
    )


def _merged(results: list[CheckResult]) -> list[CheckResult]:
    """One result a name: a code that looks at one column twice fails if either does."""
    merged: dict[str, CheckResult] = {}
    for result in results:
        other = merged.get(result.name)
        if other is None or (other.passed and not result.passed):
            merged[result.name] = result
    return list(merged.values())


def _key_result(
    con: duckdb.DuckDBPyConnection, registry: Registry, table: Table, relation: str, total: int
) -> CheckResult:
    key = ", ".join(quote(k) for k in table.key)
    sql = f"SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM {relation} GROUP BY {key} HAVING n > 1)"
    twice = int(con.execute(sql).fetchone()[0])
    text = registry.finding("key-duplicate")
    return CheckResult("key-duplicate", table.name, twice == 0, "error", twice, total, text.says_zh)
