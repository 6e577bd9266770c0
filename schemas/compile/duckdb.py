"""Contract -> DuckDB types and casts. Row rules are in rules.py."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.model import Field, Table

_TYPES = {
    "string": "VARCHAR",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "yearmonth": "VARCHAR",  # 'YYYY-MM': sorts as time, and is what Table Schema writes
    "list": "VARCHAR",  # codes joined by ';': Parquet, CSV and Spark read it alike
}


def column_type(field: Field) -> str:
    """The DuckDB type of a column. Numbers are DECIMAL, so that sums do not depend on order."""
    return f"DECIMAL(18,{field.decimals})" if field.type == "number" else _TYPES[field.type]


def quote(name: str) -> str:
    """A quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """A quoted SQL string."""
    return "'" + value.replace("'", "''") + "'"


def cast_select(table: Table, relation: str) -> str:
    """A SELECT of exactly the contract's columns from ``relation``, each cast to its type.

    An empty text becomes NULL: there is one way to say nothing, and the CSV that is published knows no other."""
    columns = ", ".join(f"{_cast(f)} AS {quote(f.name)}" for f in table.fields)
    return f"SELECT {columns} FROM {relation}"


def _cast(field: Field) -> str:
    cast = f"CAST({quote(field.name)} AS {column_type(field)})"
    return f"nullif({cast}, '')" if column_type(field) == "VARCHAR" else cast


def column_definitions(fields: Iterable[Field]) -> str:
    """The columns of a CREATE TABLE. Whether values are missing or keys repeated is the rules' to say."""
    return ", ".join(f"{quote(f.name)} {column_type(f)}" for f in fields)


def order_by(table: Table) -> str:
    """The one order a table is ever written in: by its key."""
    return ", ".join(quote(k) for k in table.key)
