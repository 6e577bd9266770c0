"""Contract -> which values of a row are out of date, and a SELECT that leaves them blank with the reason.

What belongs here: the day before which a value is too old, and SQL. What does not: counting (quality/freshness.py)
and the columns' contracts (`freshness` in schemas/tables/open_*.yml).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from schemas.ageing import STALE_COLUMNS, Freshness
from schemas.compile.duckdb import cast_select, literal, quote
from schemas.model import Parameter, Table


@dataclass(frozen=True)
class Limit:
    """How long one column holds, on one day. ``first_day``: the earliest `dated_by` that is not too old; None: the
    parameter has no value on that day, so that age is not evaluated and the value shown."""

    column: str
    rule: Freshness
    first_day: date | None
    as_of: date

    @property
    def evaluated(self) -> bool:
        """Whether anything can be said of the age of this column."""
        return bool(self.rule.until) or self.first_day is not None

    @property
    def stale(self) -> str:
        """SQL on the row, never NULL: the value is out of date. A value without its day is not."""
        late = []
        if self.first_day:
            late.append(f"coalesce(CAST({quote(self.rule.dated_by)} AS DATE) < {_day(self.first_day)}, FALSE)")
        if self.rule.until:
            late.append(f"coalesce(CAST({quote(self.rule.until)} AS DATE) < {_day(self.as_of)}, FALSE)")
        return f"({quote(self.column)} IS NOT NULL AND ({' OR '.join(late)}))" if late else "FALSE"


def limits(table: Table, parameters: Mapping[str, Parameter], as_of: date) -> list[Limit]:
    """The limit of each column with a `freshness` in the contract, in the order of the contract.

    ``parameters``: those in force on ``as_of``, by code; their values are whole months."""
    return [Limit(name, rule, _first_day(rule, parameters, as_of), as_of) for name, rule in table.freshness.items()]


def fresh_select(table: Table, relation: str, parameters: Mapping[str, Parameter], as_of: date) -> str:
    """A SELECT of exactly the contract's columns from ``relation``, cast to their types, what is out of date blank.

    ``relation`` gives all columns but `stale_columns`, which names those that were left blank for their age."""
    ages = limits(table, parameters, as_of)
    if not ages:
        return cast_select(table, relation)
    stale = {limit.column: limit.stale for limit in ages}
    columns = [
        f"{_named(stale)} AS {quote(name)}"
        if name == STALE_COLUMNS
        else f"CASE WHEN NOT {stale[name]} THEN {quote(name)} END AS {quote(name)}"
        if name in stale
        else quote(name)
        for name in table.field_names
    ]
    return cast_select(table, f"(SELECT {', '.join(columns)} FROM {relation})")


def _named(stale: Mapping[str, str]) -> str:
    names = ", ".join(f"CASE WHEN {sql} THEN {literal(name)} END" for name, sql in stale.items())
    return f"concat_ws(';', {names})"


def _first_day(rule: Freshness, parameters: Mapping[str, Parameter], as_of: date) -> date | None:
    given = parameters.get(rule.parameter) if rule.parameter else None
    return months_before(as_of, int(given.value)) if given else None


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier; the last of that month where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    after = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (after - timedelta(days=1)).day))


def _day(day: date) -> str:
    return f"DATE {literal(day.isoformat())}"
