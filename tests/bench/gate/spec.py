"""The contract of a station report as the rivals get it: plain data, read without anything of ours.

What belongs here: contract -> columns, limits and predicates. What does not: running anything.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from quality.judging.diagnosis import suspicion
from schemas.compile.duckdb import column_type, quote
from schemas.compile.rules import row_rules
from schemas.compile.table_schema import table_schema
from schemas.registry import load
from tests.bench.gate.generate import COLUMNS

AS_OF = date(2026, 3, 31)
TABLE = "station_report"


def titles() -> list[str]:
    """The header of the file."""
    table = load("binjiang").tables[TABLE]
    return [table.field(name).title_zh for name in COLUMNS]


def spec() -> dict[str, Any]:
    """Columns in the order of the file, errors as SQL that is TRUE where a row fails, and the Table Schema."""
    registry = load("binjiang")
    table = registry.tables[TABLE]
    columns = [_column(table.field(name)) for name in COLUMNS]
    rules = [r for r in row_rules(registry, table, AS_OF) if r.severity == "error" and r.predicate]
    predicates = [r.predicate for r in rules if set(r.columns) <= set(COLUMNS)]
    texts = [f for f in map(table.field, COLUMNS) if suspicion(f, quote(f.name))]
    schema = table_schema(registry, table)
    schema["fields"] = [f for name in COLUMNS for f in schema["fields"] if f["name"] == name]
    schema["primaryKey"] = [k for k in table.key if k in COLUMNS]
    return {
        "columns": columns,
        "predicates": predicates,
        "suspicions": [suspicion(f, quote(f.name)) for f in texts],
        "schema": schema,
        "key": schema["primaryKey"],
    }


def _column(field) -> dict[str, Any]:
    limits = field.constraints
    return {
        "name": field.name,
        "title": field.title_zh,
        "type": field.type,
        "sql": column_type(field),
        "required": field.required,
        "minimum": limits.minimum,
        "maximum": limits.maximum,
        "pattern": limits.pattern if field.type != "yearmonth" else "^[0-9]{4}-(0[1-9]|1[0-2])$",
    }
