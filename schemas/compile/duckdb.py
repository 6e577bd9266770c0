"""Contract -> DuckDB types and casts. Row rules are in rules.py."""

from __future__ import annotations

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
    """A SELECT of exactly the contract's columns from ``relation``, each cast to its type."""
    columns = ", ".join(f"CAST({quote(f.name)} AS {column_type(f)}) AS {quote(f.name)}" for f in table.fields)
    return f"SELECT {columns} FROM {relation}"


def create_table(table: Table) -> str:
    """The DDL of a table, with its types and NOT NULLs."""
    columns = [f"{quote(f.name)} {column_type(f)}{' NOT NULL' if f.required else ''}" for f in table.fields]
    key = ", ".join(quote(k) for k in table.key)
    return f"CREATE TABLE {quote(table.name)} ({', '.join(columns)}, PRIMARY KEY ({key}))"


def order_by(table: Table) -> str:
    """The one order a table is ever written in: by its key."""
    return ", ".join(quote(k) for k in table.key)
