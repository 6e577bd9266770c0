"""The templates of a profile: its contracts, and for each column the rules that will look at it.

What belongs here: which rules, in which words. What does not: what a template asks for
(schemas/compile/template.py) and Excel (template_workbook.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from quality.cross_rules import CrossRule, cross_rules
from quality.findings import rule_says
from schemas.compile.rules import CompiledRule, row_rules
from schemas.compile.template import Template, TemplateRule, template
from schemas.model import Table
from schemas.registry import Registry


def make_template(registry: Registry, name: str, as_of: date, *, every_column: bool = False) -> Template:
    """The template of an intake table with the rules in force on ``as_of``. KeyError: no such intake table."""
    table = registry.tables[name]
    if table.layer != "intake":
        raise KeyError(name)
    found: dict[str, list[TemplateRule]] = {}
    for column, rule in _rules(registry, table, as_of):
        if rule not in found.setdefault(column, []):
            found[column].append(rule)
    rules = {column: tuple(of_column) for column, of_column in found.items()}
    return template(registry, table, rules=rules, every_column=every_column)


def _rules(registry: Registry, table: Table, as_of: date) -> Iterator[tuple[str, TemplateRule]]:
    """(column, rule) of one row, then of those between tables, where their parameters have a value."""
    for rule in row_rules(registry, table, as_of):
        if rule.predicate is not None:
            yield from ((column, _told(registry, table, column, rule, as_of)) for column in rule.columns)
    in_force = registry.parameters(as_of)
    for rule in cross_rules():
        if rule.table == table.name and rule.column and not rule.missing(in_force):
            yield rule.column, _told(registry, table, rule.column, rule, as_of)


def _told(registry: Registry, table: Table, column: str, rule: CompiledRule | CrossRule, as_of: date) -> TemplateRule:
    return TemplateRule(rule.code, rule.severity, rule_says(registry, rule.code, table, column, as_of, "zh"))
