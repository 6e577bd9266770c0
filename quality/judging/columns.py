"""Which columns of a sheet hold only plain cells, or nearly only.

What belongs here: looking at the cells of a loaded table. What does not: what a plain cell is (plain.py), and what is
done with the answer (judge.py), which never changes a result, only how long it takes.
"""

from __future__ import annotations

import duckdb

from quality.judging.plain import all_plain, plain_pattern
from quality.reading.text_table import TextTable
from schemas.compile.duckdb import literal, quote
from schemas.registry import Registry

#: a table is long beyond so many rows; so many of them are looked at before all others
_LONG, _SAMPLE = 5_000, 1_000
#: planning one more statement takes as long as reading so many cells that are not plain; and what nearly all is
_MANY_CELLS, _NEARLY_ALL = 250_000, 0.95


def is_plain(column: str, pattern: str) -> str:
    """SQL for whether a cell is plain; NULL for an empty one."""
    return f"regexp_full_match({quote(column)}, {literal(pattern)})"


def plain_columns(con: duckdb.DuckDBPyConnection, registry: Registry, text: TextTable) -> frozenset[str]:
    """The columns whose cells are all written the plain way: their macros would take longer than this.

    Of a long table the first rows are looked at first: they show most columns of which some cell is not plain."""
    patterns = {f: p for f, p in _patterns(registry, text).items() if all_plain(p, text.texts.get(f, ()))}
    known = {f for f in patterns if f in text.texts}
    left = {f: p for f, p in patterns.items() if f not in known}
    if text.rows > _LONG:
        left = _with_share(con, left, f"(FROM {text.relation} LIMIT {_SAMPLE})", 1)
    return frozenset(known | set(_with_share(con, left, text.relation, 1)))


def nearly_plain(
    con: duckdb.DuckDBPyConnection, registry: Registry, text: TextTable, plain: frozenset[str]
) -> dict[str, str]:
    """Column -> pattern of the others of which nearly all cells are plain, if they are worth a second statement."""
    patterns = {f: p for f, p in _patterns(registry, text).items() if f not in plain}
    if len(patterns) * text.rows < _MANY_CELLS:
        return {}
    mixed = _with_share(con, patterns, f"(FROM {text.relation} LIMIT {_SAMPLE})", _NEARLY_ALL)
    return mixed if len(mixed) * text.rows >= _MANY_CELLS else {}


def _patterns(registry: Registry, text: TextTable) -> dict[str, str]:
    patterns = {f: plain_pattern(registry, text.table, text.table.field(f)) for f in text.fields}
    return {f: p for f, p in patterns.items() if p}


def _with_share(
    con: duckdb.DuckDBPyConnection, patterns: dict[str, str], relation: str, share: float
) -> dict[str, str]:
    """Those of the columns of whose filled cells at least such a share is plain."""
    if not patterns:
        return {}
    # two counts, and no mean: what is less than all must not be rounded to it
    tests = [f"count(*) FILTER ({is_plain(f, p)}) >= {share} * count({quote(f)})" for f, p in patterns.items()]
    said = con.execute(f"SELECT {', '.join(tests)} FROM {relation}").fetchone()
    return {f: p for (f, p), fits in zip(patterns.items(), said, strict=True) if fits}
