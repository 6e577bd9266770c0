"""What the gate judged of received rows, as results: each rule of each table, also where nothing failed.

What belongs here: counts of findings -> results. What does not: judging (quality/judging), counting rows in a workspace
(assets/release/quality). Every rule is listed that was asked, or a total of passes would count failures only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from quality.checks import CheckResult, failing_state, figure, one_a_name, rule_result
from quality.cross_rules import CrossRule, cross_rules
from quality.findings import finding_text, rule_says
from quality.report.facts import Checked, Share
from schemas.compile.rules import row_rules
from schemas.model import Table
from schemas.registry import Registry

#: table, code, column -> rows that it is said of
Found = Mapping[tuple[str, str, str | None], int]

#: what can be said of the rows of any table: of a row and others, and of a row and its parent
REPEATED = ("row-repeated", "key-duplicate", "statement-conflict")
ORPHAN = "row-orphan"
#: whether the cells of a row could be read for certain: all the gate's other reasons together, under this code
UNREADABLE = "value-type"


def judged(
    registry: Registry, tables: Iterable[Table], rows: Mapping[str, tuple[int, int]], found: Found, as_of: date
) -> list[Checked]:
    """A result for each rule of the received tables. ``rows``: by table (received, held)."""
    results: list[CheckResult] = []
    for table in tables:
        received, held = rows.get(table.name, (0, 0))
        results += one_a_name(_of_rows(registry, table, received, found, as_of))
        results += _between_tables(registry, table, received - held, found, as_of)
        results += _of_any_table(registry, table, received, found, as_of)
    return [Checked("received", result) for result in results]


def shares(tables: Iterable[Table], rows: Mapping[str, tuple[int, int]], found: Found) -> dict[str, Share]:
    """The counts of sub-indicators that are of whole rows, by the name that schemas/quality.yml has for them."""
    there = [table for table in tables if table.name in rows]
    received = sum(rows[table.name][0] for table in there)
    related = [table.name for table in there if table.foreign_keys]
    of = sum(rows[name][0] for name in related)
    orphans = sum(n for (table, code, _), n in found.items() if code == ORPHAN and table in related)
    names = {table.name for table in there}
    repeated = sum(n for (table, code, _), n in found.items() if code in REPEATED and table in names)
    return {
        "rows_held": Share(sum(rows[name][1] for name in names), received),
        "rows_repeated": Share(repeated, received),
        "references_found": Share(of - orphans, of),
    }


def known_codes(registry: Registry, table: Table, as_of: date) -> set[str]:
    """The codes that have a result of their own; all others of a row are about reading it."""
    of_rules = {rule.code for rule in row_rules(registry, table, as_of)} - {UNREADABLE}
    return of_rules | {rule.code for rule in _rules_of(table)} | {*REPEATED, ORPHAN}


def _of_rows(
    registry: Registry, table: Table, received: int, found: Found, as_of: date
) -> Iterable[CheckResult]:
    for rule in row_rules(registry, table, as_of):
        if rule.code == UNREADABLE:
            continue
        failed = None if rule.predicate is None else found.get((table.name, rule.code, rule.column), 0)
        yield rule_result(registry, table, as_of, rule, failed, received)


def _rules_of(table: Table) -> list[CrossRule]:
    return [rule for rule in cross_rules() if rule.table == table.name]


def _between_tables(
    registry: Registry, table: Table, accepted: int, found: Found, as_of: date
) -> Iterable[CheckResult]:
    """Rules between tables judge the rows that were accepted, and hold some of them."""
    in_force = registry.parameters(as_of)
    for rule in _rules_of(table):
        missing = rule.missing(in_force)
        failed = 0 if missing else found.get((table.name, rule.code, rule.column), 0)
        asked = 0 if missing else accepted + (failed if rule.severity == "error" else 0)
        says = {lang: rule_says(registry, rule.code, table, rule.column, as_of, lang) for lang in ("zh", "en")}
        named = [figure(in_force[code]) for code in rule.parameters if code in in_force]
        yield CheckResult(
            code=rule.code,
            table=table.name,
            state="not_evaluated" if missing else failing_state(rule.severity) if failed else "passed",
            severity=rule.severity,
            failed_count=failed,
            evaluated_count=asked,
            description_zh=says["zh"] + (f"（未评估：缺少参数 {', '.join(missing)}）" if missing else ""),
            description_en=says["en"] + (f" (not evaluated: no value for {', '.join(missing)})" if missing else ""),
            column=rule.column,
            threshold={"parameters": named} if named else {},
            source=rule.text.source,
            dq=rule.text.dq,
        )


def _of_any_table(
    registry: Registry, table: Table, received: int, found: Found, as_of: date
) -> Iterable[CheckResult]:
    """What is asked of the rows of every table, over all columns."""
    codes = (*REPEATED, *((ORPHAN,) if table.foreign_keys else ()), UNREADABLE)
    for code in codes:
        text = finding_text(registry, code)
        failed = sum(n for (name, other, _), n in found.items() if (name, other) == (table.name, code))
        column = table.foreign_keys[0].fields[-1] if code == ORPHAN else None
        zh, en = (rule_says(registry, code, table, column, as_of, lang) for lang in ("zh", "en"))
        if code == UNREADABLE:
            zh, en = "有单元格不能确定地读出。", "Some cells cannot be read for certain."
        yield CheckResult(
            code=code,
            table=table.name,
            state=failing_state(text.severity) if failed else "passed",
            severity=text.severity,
            failed_count=failed,
            evaluated_count=received,
            description_zh=zh,
            description_en=en,
            source=text.source,
            dq=text.dq,
        )
