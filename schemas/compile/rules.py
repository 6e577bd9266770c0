"""Contract -> row rules: what the gate and the checks before write ask of each row, in DuckDB's words.

A rule's predicate is DuckDB SQL over typed columns and is TRUE where the row fails; NULL does not fail.
What does not belong here: types and normalisation of text (quality/), rules over several tables
(quality/rules/*.sql).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from schemas.compile.constraints import Constraint, field_constraints
from schemas.compile.duckdb import literal, quote
from schemas.model import ContractError, Field, Parameter, RowRule, Table
from schemas.registry import Registry


@dataclass(frozen=True)
class CompiledRule:
    """One predicate. ``predicate`` is None when a parameter it needs has no value: not evaluated.

    ``parameters``: the dated figures it uses; ``limit``: what a value is held to, in short (`minimum 0`)."""

    code: str
    severity: str
    columns: tuple[str, ...]
    predicate: str | None
    missing_parameters: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    limit: str = ""

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
    for constraint in field_constraints(registry, field):
        severity = registry.finding(constraint.code).severity
        yield CompiledRule(constraint.code, severity, (field.name,), _failing(constraint), limit=_limit(constraint))


def _limit(constraint: Constraint) -> str:
    """What a value is held to, for people; of a list of codes only how many there are."""
    value = constraint.value
    if isinstance(value, tuple):
        return f"{constraint.kind} ({len(value)})"
    return constraint.kind if value is None else f"{constraint.kind} {value}"


def _failing(constraint: Constraint) -> str:
    """The predicate that is TRUE where a value breaks the constraint."""
    column, value = quote(constraint.column), constraint.value
    match constraint.kind:
        case "required":
            return f"{column} IS NULL"
        case "codes":
            return f"{column} NOT IN ({_literals(value)})"
        case "code_list":
            return f"NOT list_has_all([{_literals(value)}], string_split({column}, ';'))"
        case "shape" | "pattern":
            return f"NOT regexp_full_match({column}, {literal(value)})"
        case "min_length":
            return f"length({column}) < {value}"
        case "max_length":
            return f"length({column}) > {value}"
        case "minimum":
            return f"{column} < {value}"
        case "maximum":
            return f"{column} > {value}"


def _literals(codes: tuple[str, ...]) -> str:
    return ", ".join(literal(c) for c in codes)


def _own_rule(rule: RowRule, parameters: dict[str, Parameter]) -> CompiledRule:
    missing = missing_parameters(rule.parameters, parameters)
    predicate = None if missing else with_parameters(rule.code, rule.fails_when, rule.parameters, parameters)
    return CompiledRule(rule.code, rule.severity, rule.columns, predicate, missing, rule.parameters)


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
