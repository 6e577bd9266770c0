"""The list of rules: what the data are held to in one district on one day, and how that stands.

What belongs here: joining contracts, rules between tables and the rule book. What does not: their texts and figures
(schemas/, quality/rules), judging by them (judging/, assets/raw/intake.py), printing (pipelines/show.py).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from quality.cross_rules import CrossRule, cross_rules
from quality.findings import finding_text, rule_says
from schemas.compile.rules import CompiledRule, row_rules
from schemas.model import BookRule, Table
from schemas.registry import Registry


def rule_list(registry: Registry, as_of: date) -> dict[str, Any]:
    """Every rule of the intake tables and between them, and the rule book over them, as plain data.

    ``rules``: each with whether this district's figures let it be evaluated on the day; ``book``: each rule of the
    rule book, the findings that look after it here (``codes``) and their ``state``: evaluated, partly, not_evaluated
    (figures are missing), elsewhere (see ``where``), not_adopted (by this profile) or left_out (see the note)."""
    found = [row for t in registry.layer("intake") for row in _table_rules(registry, t, as_of)]
    in_force = registry.parameters(as_of)
    for rule in cross_rules():
        found.append(_rule(registry, rule, registry.tables[rule.table], as_of) | _evaluated(rule.missing(in_force)))
    return {
        "as_of": as_of.isoformat(),
        "rules": found,
        "book": [_book_rule(registry, entry, found) for entry in registry.rulebook.values()],
    }


def _table_rules(registry: Registry, found: Table, as_of: date) -> list[dict[str, Any]]:
    of_rows, rows = {rule.code for rule in found.rules}, []
    for rule in row_rules(registry, found, as_of):
        row = _rule(registry, rule, found, as_of)
        rows.append(row | {"of_a_column": rule.code not in of_rows} | _evaluated(rule.missing_parameters))
    return rows


def _evaluated(missing: tuple[str, ...]) -> dict[str, Any]:
    return {"evaluated": not missing, "missing_parameters": list(missing)}


def _rule(registry: Registry, rule: CompiledRule | CrossRule, table: Table, as_of: date) -> dict[str, Any]:
    text = finding_text(registry, rule.code)
    return {
        "code": rule.code,
        "severity": text.severity,
        "table": table.name,
        "column": rule.column,
        "of_a_column": False,
        "says_zh": rule_says(registry, rule.code, table, rule.column, as_of, "zh"),
        "says_en": rule_says(registry, rule.code, table, rule.column, as_of, "en"),
        "source": text.source,
        "dq": text.dq,
        "implements": list(text.implements),
    }


def _book_rule(registry: Registry, entry: BookRule, found: list[dict[str, Any]]) -> dict[str, Any]:
    """A rule of the rule book: the findings that look after it here, and whether they are evaluated."""
    rows = [row for row in found if entry.id in row["implements"] and _concerns(entry, row)]
    general = {t.code for t in registry.findings.values() if entry.id in t.implements} - {r["code"] for r in found}
    judged = [row["evaluated"] for row in rows] + [True] * len(general)
    return entry.model_dump() | {
        "codes": sorted({row["code"] for row in rows} | general),
        "state": _state(entry, judged),
        "missing_parameters": sorted({p for row in rows for p in row["missing_parameters"]}),
    }


def _state(entry: BookRule, judged: list[bool]) -> str:
    if judged and all(judged):
        return "evaluated"
    if entry.where or entry.kind == "left_out":
        return "elsewhere" if entry.where else "left_out"
    return "not_adopted" if not judged else "partly" if any(judged) else "not_evaluated"


def _concerns(entry: BookRule, row: dict[str, Any]) -> bool:
    """Of what is asked of single columns, only that of the columns the rule is about."""
    return not row["of_a_column"] or row["column"] in entry.columns
