"""The values of all indicators, as a relation that a SELECT may read: compiled from their definitions.

`open_indicator` reads ``compiled_indicator`` as core SELECTs read ``known_<table>``: no file repeats a formula, and
the SELECT that is published stays a file. A profile may add indicators, so what stands behind the relation is every
table of totals.

What belongs here: the relation and what stands behind it. What does not: formulas (schemas/indicators), the frame of
the SELECT (schemas/compile/indicators.py).
"""

from __future__ import annotations

from assets import known
from assets.lineage import sql_files
from schemas.compile.indicators import indicators_select
from schemas.indicator import TOTALS
from schemas.registry import Registry

INDICATORS = "compiled_indicator"


def tables_behind(name: str) -> list[str]:
    """The tables that a name in a SELECT stands for."""
    if name != INDICATORS:
        return known.tables_behind(name)
    return [table for table in sql_files() if table.startswith("measure_") and table.endswith(TOTALS)]


def made_select(registry: Registry, name: str) -> str | None:
    """The SELECT of a relation that is made from contracts; None if it is a table."""
    if name == INDICATORS:
        return indicators_select(registry)
    if name.startswith(known.PREFIX):
        return known.known_select(registry.tables[name.removeprefix(known.PREFIX)])
    return None
