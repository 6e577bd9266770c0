"""Contract -> row rules: one neutral list that the gate, the checks before write and others compile from.

A rule's predicate is DuckDB SQL over typed columns and is TRUE where the row fails; NULL does not fail.
What does not belong here: types and normalisation of text (quality/), rules over several tables
(quality/rules/*.sql).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from schemas.compile.duckdb import literal, quote
from schemas.model import ContractError, Field, Parameter, RowRule, Table
from schemas.registry import Registry


@dataclass(frozen=True)
class CompiledRule:
    """One predicate. ``predicate`` is None when a parameter it needs has no value: not evaluated."""

    code: str
    severity: str
    columns: tuple[str, ...]
    predicate: str | None
    missing_parameters: tuple[str, ...] = ()

    @property
    def column(self) -> str:
        """The column a person should look at first."""
        return self.columns[0]


def row_rules(registry: Registry, table: Table, as_of: date) -> list[CompiledRule]:
    """Every rule one row of the table decides: constraints of its fields, then its own rules."""
    parameters = registry.parameters(as_of)
    of_fields = [rule for field in table.fields for rule in _field_rules(registry, field)]
    return of_fields + [_own_rule(rule, parameters) for rule in table.rules]


def _field_rules(registry: Registry, field: Field) -> Iterator[CompiledRule]:
    for code, predicate in _constraints(registry, field):
        yield CompiledRule(code, registry.finding(code).severity, (field.name,), predicate)


def _constraints(registry: Registry, field: Field) -> Iterator[tuple[str, str]]:
    """(finding code, failing predicate) of each constraint of a field."""
    column, limits = quote(field.name), field.constraints
    if field.required:
        yield "value-missing", f"{column} IS NULL"
    if field.codelist:
        yield "code-unknown", _unknown_code(field, registry.codelists[field.codelist].codes)
    if field.type == "yearmonth":
        yield "value-type", f"NOT regexp_full_match({column}, '\\d{{4}}-(0[1-9]|1[0-2])')"
    if limits.pattern and not field.codelist:  # a code list says all about its text
        yield "value-pattern", f"NOT regexp_full_match({column}, {literal(limits.pattern)})"
    if limits.min_length is not None and not field.codelist:
        yield "value-too-short", f"length({column}) < {limits.min_length}"
    if limits.max_length is not None and not field.codelist:
        yield "value-too-long", f"length({column}) > {limits.max_length}"
    if limits.minimum is not None:
        yield "value-below-minimum", f"{column} < {limits.minimum}"
    if limits.maximum is not None:
        yield "value-above-maximum", f"{column} > {limits.maximum}"


def _unknown_code(field: Field, codes: tuple[str, ...]) -> str:
    allowed = ", ".join(literal(c) for c in codes)
    if field.type == "list":
        return f"NOT list_has_all([{allowed}], string_split({quote(field.name)}, ';'))"
    return f"{quote(field.name)} NOT IN ({allowed})"


def _own_rule(rule: RowRule, parameters: dict[str, Parameter]) -> CompiledRule:
    missing = missing_parameters(rule.parameters, parameters)
    predicate = None if missing else with_parameters(rule.code, rule.fails_when, rule.parameters, parameters)
    return CompiledRule(rule.code, rule.severity, rule.columns, predicate, missing)


def missing_parameters(listed: tuple[str, ...], parameters: dict[str, Parameter]) -> tuple[str, ...]:
    """Those of the listed parameters that have no value in force."""
    return tuple(code for code in listed if code not in parameters)


def with_parameters(rule: str, sql: str, listed: tuple[str, ...], parameters: dict[str, Parameter]) -> str:
    """The SQL of a rule with each ``$parameter`` replaced by its value in force, a number or a text.

    ContractError if it uses one that it does not list: nothing would say then that it lacks a figure."""

    def value(match: re.Match[str]) -> str:
        code = match.group(1)
        if code not in listed:
            raise ContractError(f"rule {rule} uses ${code} but does not list it")
        text = parameters[code].value
        return text if re.fullmatch(r"-?\d+(\.\d+)?", text) else literal(text)

    return re.sub(r"\$([a-z][a-z0-9_]*)", value, sql)
