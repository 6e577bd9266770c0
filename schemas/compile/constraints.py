"""Contract -> the one list of what a column's values must satisfy, in no engine's words.

What belongs here: which constraints a field has. What does not: how an engine says them. DuckDB (rules.py), Table
Schema and with it frictionless (table_schema.py) and Great Expectations (quality/suites.py) each translate this
list and no other, and a property test makes the three agree on generated rows (tests/quality/test_agreement.py).

In all of them an absent value breaks `required` and nothing else, and an empty text is absent: the house has one
way to say nothing (`cast_select` in duckdb.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from schemas.model import Field, Table
from schemas.registry import Registry

#: codes: the text is one of them; code_list: one or more of them joined by `;`; shape: of the type itself
Kind = Literal[
    "required", "codes", "code_list", "shape", "pattern", "min_length", "max_length", "minimum", "maximum"
]

#: the finding a broken constraint becomes
FINDINGS: dict[Kind, str] = {
    "required": "value-missing",
    "codes": "code-unknown",
    "code_list": "code-unknown",
    "shape": "value-type",
    "pattern": "value-pattern",
    "min_length": "value-too-short",
    "max_length": "value-too-long",
    "minimum": "value-below-minimum",
    "maximum": "value-above-maximum",
}
#: a month as text; there is no year 0
YEARMONTH = "([0-9]{3}[1-9]|[0-9]{2}[1-9][0-9]|[0-9][1-9][0-9]{2}|[1-9][0-9]{3})-(0[1-9]|1[0-2])"


@dataclass(frozen=True)
class Constraint:
    """One thing that must hold of every value of ``column``.

    ``value``: None for required; the codes; a regular expression that the whole text matches (shape, pattern); a
    number of characters, as Unicode counts them; or the bound, itself allowed."""

    kind: Kind
    column: str
    value: tuple[str, ...] | str | int | Decimal | None = None

    @property
    def code(self) -> str:
        """The finding's."""
        return FINDINGS[self.kind]


def table_constraints(registry: Registry, table: Table) -> list[Constraint]:
    """Those of all its fields, in their order. Its key and its foreign keys stand in the contract itself."""
    return [constraint for field in table.fields for constraint in field_constraints(registry, field)]


def field_constraints(registry: Registry, field: Field) -> Iterator[Constraint]:
    """The constraints of a field. A code list says all about its text: pattern and lengths add nothing to it."""
    name, limits = field.name, field.constraints
    if field.required:
        yield Constraint("required", name)
    if field.codelist:
        kind: Kind = "code_list" if field.type == "list" else "codes"
        yield Constraint(kind, name, registry.codelists[field.codelist].codes)
    if field.type == "yearmonth":
        yield Constraint("shape", name, YEARMONTH)
    if not field.codelist:
        of_text = {"pattern": limits.pattern, "min_length": limits.min_length, "max_length": limits.max_length}
        yield from (Constraint(kind, name, value) for kind, value in of_text.items() if value is not None)
    of_number = {"minimum": limits.minimum, "maximum": limits.maximum}
    yield from (Constraint(kind, name, value) for kind, value in of_number.items() if value is not None)


def code_list_pattern(codes: tuple[str, ...]) -> str:
    """The regular expression of one or more codes joined by `;`."""
    code = "|".join(re.escape(c) for c in codes)
    return f"({code})(;({code}))*"
