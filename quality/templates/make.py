"""The templates of a profile: its contracts, and for each column the rules that will look at it.

What belongs here: which rules, in which words. What does not: what a template asks for
(schemas/compile/template.py) and Excel (template_workbook.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from quality.cross_rules import cross_rules
from quality.findings import filled, finding_text, placeholders
from schemas.compile.rules import row_rules
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
    """(column, rule): of one row, where its parameters have a value; then those between tables."""
    for rule in row_rules(registry, table, as_of):
        if rule.predicate is not None:
            yield from ((column, _told(registry, table, column, rule.code)) for column in rule.columns)
    for rule in cross_rules():
        if rule.table == table.name and rule.column:
            yield rule.column, _told(registry, table, rule.column, rule.code)


def _told(registry: Registry, table: Table, column: str, code: str) -> TemplateRule:
    text = finding_text(registry, code)
    return TemplateRule(code, text.severity, filled(text.says_zh, placeholders(registry, table.field(column), "zh")))
