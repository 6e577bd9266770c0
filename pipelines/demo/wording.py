"""How a value looks in the cell of a file that a person filled in.

Headers and words of codes come from the contracts, so that there is one truth. What does not belong here:
which sender writes in which style (senders.py), and files (sheets.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from schemas.model import Field, Table
from schemas.registry import Registry

Cell = str | int | float | date | None
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
#: unit of a field -> what a person writes behind the number
_UNIT_WORDS = {
    "m2": "㎡",
    "place": "个",
    "person": "人",
    "day": "天",
    "hour": "小时",
    "count": "个",
    "visit": "人次",
}
_DATE_FORMS = {
    "chinese": "{0.year}年{0.month}月{0.day}日",
    "iso": "{0:%Y-%m-%d}",
    "slash": "{0.year}/{0.month}/{0.day}",
    "dot": "{0.year}.{0.month}.{0.day}",
}
_MONTH_FORMS = {
    "chinese": "{0.year}年{0.month}月",
    "iso": "{0:%Y-%m}",
    "slash": "{0.year}/{0.month}",
    "dot": "{0.year}.{0.month}",
}


@dataclass(frozen=True)
class Style:
    """The habits of one sender. ``dates`` is chinese, iso, slash, dot, or native: a date cell of Excel."""

    dates: str = "iso"
    native_numbers: bool = False
    full_width: bool = False
    thousands: bool = False
    units: bool = False
    aliases: bool = False
    yes_no: tuple[str, str] = ("是", "否")


def header(field: Field, style: Style) -> str:
    """The column's title as this sender prints it: the contract's own, or an alias it knows."""
    return field.aliases[0] if style.aliases and field.aliases else field.title_zh


def renderers(registry: Registry, table: Table, fields: list[str], style: Style) -> list[Callable[[Any], Cell]]:
    """One function a column, from a typed value to a cell. A wrong value (of another type) stays as it is."""
    return [_renderer(registry, table.field(name), style) for name in fields]


def _renderer(registry: Registry, field: Field, style: Style) -> Callable[[Any], Cell]:
    if field.codelist:
        return _code_words(registry, field)
    if field.type == "boolean":
        return lambda v: v if not isinstance(v, bool) else style.yes_no[0 if v else 1]
    if field.type in ("date", "yearmonth"):
        return _dates(field.type, style)
    if field.type in ("integer", "number"):
        return _numbers(field, style)
    return lambda v: v


def _code_words(registry: Registry, field: Field) -> Callable[[Any], Cell]:
    """The Chinese word of a code; area codes are sent as codes. Lists are joined as people do, with 、"""
    entries = registry.codelists[field.codelist or ""].entries
    words = {e.code: e.title_zh for e in entries if field.name != "subdistrict_code"}

    def word(value: Any) -> Cell:
        if field.type == "list" and isinstance(value, str):
            return "、".join(words.get(code, code) for code in value.split(";"))
        return words.get(value, value)

    return word


def _dates(kind: str, style: Style) -> Callable[[Any], Cell]:
    if style.dates == "native" and kind == "date":
        return lambda v: v
    forms = _MONTH_FORMS if kind == "yearmonth" else _DATE_FORMS
    form = forms.get(style.dates, forms["iso"])

    def written(value: Any) -> Cell:
        if not isinstance(value, date):
            return value
        text = form.format(value)
        return text.translate(_FULL_WIDTH) if style.full_width else text

    return written


def _numbers(field: Field, style: Style) -> Callable[[Any], Cell]:
    if style.native_numbers:
        return lambda v: v
    unit = _UNIT_WORDS.get(field.unit or "", "") if style.units else ""
    form = "{:,}" if style.thousands else "{}"

    def written(value: Any) -> Cell:
        if not isinstance(value, int | float):
            return value
        text = form.format(value) + unit
        return text.translate(_FULL_WIDTH) if style.full_width else text

    return written
