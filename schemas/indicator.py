"""The shape of an indicator: what it says, how it is computed, what it needs, what it is held against.

What belongs here: frozen models and what can be checked without any table. What does not: opening the files
(registry.py), making SQL of them (compile/indicators.py), the totals they read (assets/measure).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Literal

import pydantic
from pydantic import field_validator, model_validator

from schemas.model import Code, CodeList, ContractError, Strict, Table

#: stands for the currency of the profile in a unit: `currency_per_month` is `cny_per_month` in China
CURRENCY = "currency"
#: how the names of the measure tables end that an indicator may read
TOTALS = "_total"
Dimension = Literal["subdistrict", "service_form"]
#: of these words in SQL nobody could say which columns are read
_ANYTHING = {"select", "columns", "unpack"}
_CODE = re.compile(r"IND-[0-9]{2}[a-z]?(\.[a-z0-9_]+)?|[A-Z]+-[0-9]+(\.[a-z0-9_]+)?")


class IndicatorInput(Strict):
    """What an indicator needs, and the condition (SQL on a row of its table) under which it is missing."""

    code: str
    missing_when: str = "TRUE"


class Target(Strict):
    """A value to be reached by a day, or kept since; for the profile of that name and those that extend it."""

    value: Decimal
    due_on: date
    source: str
    profile: str


class Protects(Strict):
    """The protected count that a value would give back, by the code lists of `measure_withheld`."""

    measure: str
    member: str = "_T"


class Indicator(Strict):
    """One indicator. ``value`` is SQL over the columns of the measure table ``table``; none: its input never comes.

    ``by``: the dimensions it is told by, beside the whole area. ``kind``: a stock of a day, or a flow of a period.
    ``estimated_when``: SQL on the row, true where the value is no more than an estimate."""

    code: str
    title_zh: str
    title_en: str
    formula_zh: str
    formula_en: str
    table: str = pydantic.Field(alias="from")
    value: str | None = None
    unit: str
    direction: Literal["higher", "lower", "none"]
    kind: Literal["stock", "flow"]
    source: str
    definition_version: str
    by: tuple[Dimension, ...] = ()
    inputs: tuple[IndicatorInput, ...] = ()
    estimated_when: str | None = None
    protects: Protects | None = None
    targets: tuple[Target, ...] = ()
    answers: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @field_validator("code")
    @classmethod
    def _is_a_code(cls, code: str) -> str:
        if not _CODE.fullmatch(code):
            raise ValueError(f"{code!r}: such as IND-03, IND-03b or IND-23.visits")
        return code

    @model_validator(mode="after")
    def _says_what_is_missing(self) -> Indicator:
        if self.value is None and not any(needed.missing_when == "TRUE" for needed in self.inputs):
            raise ValueError(f"{self.code}: without a value it names the input that is missing")
        return self

    @property
    def words(self) -> set[str]:
        """Every word of its SQL in small letters, the columns it reads among them."""
        said = (self.value, self.estimated_when, *(needed.missing_when for needed in self.inputs))
        return set(re.findall(r"\w+", " ".join(filter(None, said)).casefold()))

    @property
    def target(self) -> Target | None:
        """The last of its targets."""
        return max(self.targets, key=lambda target: target.due_on, default=None)

    def of(self, slugs: Iterable[str], currency: str) -> Indicator:
        """As a profile has it: with the targets of its chain and in its currency."""
        known = set(slugs)
        targets = tuple(target for target in self.targets if target.profile in known)
        unit = currency.lower() + self.unit.removeprefix(CURRENCY) if self.unit.startswith(CURRENCY) else self.unit
        return self.model_copy(update={"targets": targets, "unit": unit})


def code_list(indicators: Iterable[Indicator]) -> CodeList:
    """The code list `indicator`: what plan targets are received by and `open_indicator` is read by."""
    entries = (
        Code(
            code=i.code,
            title_zh=i.title_zh,
            title_en=i.title_en,
            definition=i.formula_zh,
            source=i.source,
            aliases=i.aliases,
        )
        for i in indicators
    )
    return CodeList(name="indicator", entries=tuple(entries))


def check(indicator: Indicator, tables: dict[str, Table], codelists: dict[str, CodeList]) -> None:
    """ContractError for a table, dimension or code that there is not, or for a protected count that would get out."""
    table = tables.get(indicator.table)
    if table is None or table.layer != "measure" or not table.name.endswith(TOTALS) or "period" not in table.key:
        raise ContractError(f"{indicator.code}: {indicator.table} is no table measure_..{TOTALS}")
    if "service_form" in indicator.by and "service_form_code" not in table.key:
        raise ContractError(f"{indicator.code}: {table.name} does not tell service forms apart")
    named = {
        "unit": (indicator.unit,),
        "indicator_input": tuple(needed.code for needed in indicator.inputs),
        "consultation_question": indicator.answers,
        "protected_measure": (indicator.protects.measure,) if indicator.protects else (),
    }
    for name, codes in named.items():
        if unknown := sorted(set(codes) - set(codelists[name].codes)):
            raise ContractError(f"{indicator.code}: code list {name} has no {unknown}")
    _check_protects(indicator, table)


def _check_protects(indicator: Indicator, table: Table) -> None:
    """What reads a protected count says so, by measure and member: else it would be told where they are withheld."""
    if unclear := sorted(indicator.words & _ANYTHING):
        raise ContractError(f"{indicator.code}: {unclear}: an expression over columns of {table.name}, by their names")
    named = (indicator.protects.measure, indicator.protects.member) if indicator.protects else None
    for field in table.fields:
        if field.protects and field.name in indicator.words and field.protects != named:
            measure, member = field.protects
            raise ContractError(
                f"{indicator.code}: {field.name} gives a protected count back: "
                f"say protects: {{measure: {measure}, member: {member}}}"
            )
