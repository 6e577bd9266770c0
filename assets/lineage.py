"""Which tables a SELECT reads, parsed from its SQL, so that no list of dependencies is kept by hand."""

from __future__ import annotations

import functools
from pathlib import Path

import sqlglot
from sqlglot import exp
from sqlglot.optimizer.scope import traverse_scope

HERE = Path(__file__).parent
LAYERS = ("core", "measure", "open")


@functools.cache
def sql_files() -> dict[str, Path]:
    """The SELECT of each core, measure and open table, by table name. Discovery is by file name."""
    return {p.stem: p for layer in LAYERS for p in sorted((HERE / layer).glob("*.sql"))}


def table_sql(name: str) -> str:
    """The text of a table's SELECT."""
    return sql_files()[name].read_text("utf-8").rstrip().rstrip(";")


@functools.cache
def tables_read(sql: str) -> tuple[str, ...]:
    """Names of the tables a SELECT reads, sorted; its own CTEs are not among them."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    found = {
        source.name
        for scope in traverse_scope(tree)
        for source in scope.sources.values()
        if isinstance(source, exp.Table)
    }
    return tuple(sorted(found))
