"""Checks of a finished table before it is written, from the same compiled rules as the gate.

What belongs here: contract -> how many rows fail each rule. What does not: opinions about a month's data
(suites.py) and what must not leave the house (disclosure.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import duckdb

from quality.findings import finding_text, rule_says
from quality.normalise import install_macros, uses_macros
from schemas.compile.duckdb import quote
from schemas.compile.rules import CompiledRule, row_rules
from schemas.model import Parameter, Table
from schemas.registry import Registry

#: passed; warned (fails, and the table is written all the same); failed (an error); crashed (the question could not be
#: asked to its end: nothing is known); not_evaluated (nothing to hold it to: a figure or a last version is missing)
State = Literal["passed", "warned", "failed", "crashed", "not_evaluated"]
#: which of several results about one thing counts
_WORST: tuple[State, ...] = ("failed", "crashed", "warned", "not_evaluated", "passed")


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one rule over one table: counts and words, never a value of a row.

    ``threshold``: ``limit``, what is held to, in short; where it comes from dated figures ``parameters``, each with
    code, value, unit, valid_from, valid_to and source; of an opinion also what was ``observed`` and, where it is held
    against the last version, what that had (``last``) and the ``tolerance``. All of it can be written as JSON.
    ``source``: the law, standard or judgement behind it. ``dq``: sub-indicator of GB/T 36344-2018."""

    code: str
    table: str
    state: State
    severity: str
    failed_count: int
    evaluated_count: int
    description_zh: str
    column: str | None = None
    description_en: str = ""
    threshold: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    dq: str | None = None

    @property
    def name(self) -> str:
        """Unique within a table, and a valid name of a Dagster check."""
        return check_name(self.code, self.column)

    @property
    def passed(self) -> bool:
        """Whether it was asked and holds. What was not evaluated has not passed."""
        return self.state == "passed"

    @property
    def blocks(self) -> bool:
        """Whether the table may not be written: an error stands, or it is not known whether one does."""
        return self.severity == "error" and self.state in ("failed", "crashed")


def worst(results: Iterable[CheckResult]) -> CheckResult:
    """Of several results about one rule the one that tells the most; among equals the first. ValueError if none."""
    return min(results, key=lambda result: (not result.blocks, _WORST.index(result.state)))


def failing_state(severity: str) -> State:
    """What a rule of this severity is called when it does not hold."""
    return "failed" if severity == "error" else "warned"


def check_name(code: str, column: str | None) -> str:
    """The name of a check, of its code and the column it is about."""
    return re.sub(r"[^A-Za-z0-9_]", "_", f"{code}__{column}" if column else code)


def check_table(
    con: duckdb.DuckDBPyConnection, registry: Registry, table: Table, relation: str, as_of: date
) -> list[CheckResult]:
    """Counts the rows of ``relation`` (the contract's columns, typed) that fail each rule, in one pass.

    A rule whose parameter has no value on ``as_of`` is not evaluated, with 0 rows evaluated."""
    rules = row_rules(registry, table, as_of)
    counted = [rule for rule in rules if rule.predicate is not None]
    selected = ", ".join(["count(*)", *(f"count(*) FILTER (WHERE {rule.predicate})" for rule in counted)])
    if uses_macros(selected):
        install_macros(con)
    total, *failed = con.execute(f"SELECT {selected} FROM {relation}").fetchone()
    failures = dict(zip(map(id, counted), failed, strict=True))
    results = [rule_result(registry, table, as_of, rule, failures.get(id(rule)), total) for rule in rules]
    return [_key_result(con, registry, table, relation, total), *one_a_name(results)]


def rule_result(
    registry: Registry, table: Table, as_of: date, rule: CompiledRule, failed: int | None, total: int
) -> CheckResult:
    """What came of a rule that fails in so many of ``total`` rows; None: a figure is missing, it was not evaluated."""
    zh, en = (rule_says(registry, rule.code, table, rule.column, as_of, language) for language in ("zh", "en"))
    if failed is None:
        missing = ", ".join(rule.missing_parameters)
        zh, en = f"{zh}（未评估：缺少参数 {missing}）", f"{en} (not evaluated: no value for {missing})"
    text = finding_text(registry, rule.code)
    return CheckResult(
        code=rule.code,
        table=table.name,
        state="not_evaluated" if failed is None else failing_state(rule.severity) if failed else "passed",
        severity=rule.severity,
        failed_count=failed or 0,
        evaluated_count=0 if failed is None else total,
        description_zh=zh,
        column=rule.column,
        description_en=en,
        threshold=_threshold(registry, rule, as_of),
        source=text.source,
        dq=text.dq,
    )


def _threshold(registry: Registry, rule: CompiledRule, as_of: date) -> dict[str, Any]:
    """What a rule holds a row to: a limit of the contract, or the figures in force."""
    told = {"limit": rule.limit} if rule.limit else {}
    in_force = registry.parameters(as_of)
    figures = [figure(in_force[code]) for code in rule.parameters if code in in_force]
    return told | ({"parameters": figures} if figures else {})


def figure(parameter: Parameter) -> dict[str, Any]:
    """A dated figure as reports tell it."""
    dumped = parameter.model_dump(mode="json")
    return {name: dumped[name] for name in ("code", "value", "unit", "valid_from", "valid_to", "source")}


def one_a_name(results: Iterable[CheckResult]) -> list[CheckResult]:
    """One result a name: a code that looks at one column twice fails if either does."""
    named: dict[str, list[CheckResult]] = {}
    for result in results:
        named.setdefault(result.name, []).append(result)
    return [worst(same) for same in named.values()]


def _key_result(
    con: duckdb.DuckDBPyConnection, registry: Registry, table: Table, relation: str, total: int
) -> CheckResult:
    key = ", ".join(quote(k) for k in table.key)
    sql = f"SELECT coalesce(sum(n), 0) FROM (SELECT count(*) AS n FROM {relation} GROUP BY {key} HAVING n > 1)"
    twice = int(con.execute(sql).fetchone()[0])
    text = registry.finding("key-duplicate")
    return CheckResult(
        code=text.code,
        table=table.name,
        state="failed" if twice else "passed",
        severity="error",
        failed_count=twice,
        evaluated_count=total,
        description_zh=text.says_zh,
        description_en=text.says_en,
        threshold={"limit": f"unique {', '.join(table.key)}"},
        source=text.source,
        dq=text.dq,
    )
