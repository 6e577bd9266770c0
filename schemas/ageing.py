"""How long the value of a column holds: the shape of `freshness` in a contract, and what the contract must be like.

What does not belong here: SQL (compile/freshness.py) and counting (quality/freshness.py).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic import BaseModel, ConfigDict, model_validator

#: the column of an open table that names those left blank in its row because their value was out of date
STALE_COLUMNS = "stale_columns"


class Freshness(BaseModel):
    """How long a volatile value may be shown: so many months (``parameter``) from the day in ``dated_by``, and not
    after the day in ``until``; both are columns of the same table."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dated_by: str | None = None
    parameter: str | None = None
    until: str | None = None

    @model_validator(mode="after")
    def _says_how_long(self) -> Freshness:
        if bool(self.dated_by) != bool(self.parameter) or not (self.dated_by or self.until):
            raise ValueError("freshness is dated_by with its parameter, or until, or both")
        return self

    @property
    def days(self) -> list[str]:
        """The columns that date the value."""
        return [day for day in (self.dated_by, self.until) if day]


def check_freshness(rules: Mapping[str, Freshness], types: Mapping[str, str], never_blank: Collection[str]) -> None:
    """ValueError if a table cannot keep these rules. ``types``: its columns; ``never_blank``: its key and required."""
    if bool(rules) != (STALE_COLUMNS in types):
        raise ValueError(f"`freshness` and the column {STALE_COLUMNS} go together")
    for name, rule in rules.items():
        if unknown := sorted({name, *rule.days} - set(types)):
            raise ValueError(f"freshness names unknown columns {unknown}")
        if wrong := [day for day in rule.days if types[day] != "date"]:
            raise ValueError(f"freshness of {name}: no dates: {wrong}")
        if name in never_blank:
            raise ValueError(f"{name} is required, so it cannot be left blank when it is out of date")
