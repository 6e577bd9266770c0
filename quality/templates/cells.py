"""What Excel says and checks while someone types into a column of a template.

What belongs here: the drop-down, the limits, the message beside a cell and the one that refuses, each within the
lengths Excel allows. What does not: the sheets (template_workbook.py). Excel checks only what is typed, not what is
pasted: the gate judges everything again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from xlsxwriter.utility import xl_col_to_name

from schemas.compile.template import TemplateColumn

#: rows below the header that are checked while typing
ROWS = 5000
#: what Excel takes; it calls a longer one damage to the file
MOST_TITLE, MOST_PROMPT, MOST_REFUSAL, MOST_LIST = 32, 255, 225, 255
#: the first day Excel knows
_FIRST_DAY = date(1900, 1, 1)
_ANY_NUMBER = 10**15
#: kinds that Excel would turn into something else: leading zeros, long digits, 2026-03
_TEXT = 49  # "@" among the formats Excel has built in
_AS_TEXT = ("string", "list", "boolean", "yearmonth")


@dataclass
class Choices:
    """The drop-downs of a workbook. A long list stands on a sheet of its own and is used by name."""

    sheet: str
    long: dict[tuple[str, ...], str] = field(default_factory=dict)

    def source(self, words: tuple[str, ...]) -> list[str] | str:
        """What a drop-down is made of: the words themselves, or the name of their list."""
        if len(",".join(words)) <= MOST_LIST and not any(set(word) & set(',"') for word in words):
            return list(words)
        return "=" + self.long.setdefault(words, f"choices_{len(self.long) + 1}")

    def place(self, index: int, length: int) -> str:
        """Where the list in column ``index`` (from 0) of the sheet stands."""
        letter = xl_col_to_name(index)
        return f"'{self.sheet}'!${letter}$1:${letter}${length}"


def number_format(column: TemplateColumn) -> str | int:
    """How Excel shows the cells of a column."""
    if column.kind in _AS_TEXT:
        return _TEXT
    return "yyyy-mm-dd" if column.kind == "date" else "General"


def validation(column: TemplateColumn, cell: str, choices: Choices) -> dict[str, Any]:
    """The check of a column for xlsxwriter. ``cell``: the first one, to which a formula speaks.

    A wrong date is only warned about: the gate reads more ways of writing one than Excel does."""
    said = {
        "input_title": cut(column.title, MOST_TITLE),
        "input_message": cut(prompt(column), MOST_PROMPT),
        "error_title": cut(f"{column.title}有误", MOST_TITLE),
        "error_message": cut(refusal(column), MOST_REFUSAL),
        "error_type": "warning" if column.kind in ("date", "yearmonth") else "stop",
    }
    return said | _check(column, cell, choices)


def _check(column: TemplateColumn, cell: str, choices: Choices) -> dict[str, Any]:
    if column.choices and not column.several:
        return {"validate": "list", "source": choices.source(column.choices)}
    if column.kind in ("integer", "number"):
        limits = _between(column, -_ANY_NUMBER, _ANY_NUMBER)
        return {"validate": "integer" if column.kind == "integer" else "decimal"} | limits
    if column.kind == "date":
        return {"validate": "date", "criteria": ">=", "value": _FIRST_DAY}
    if column.kind == "yearmonth":
        return {"validate": "custom", "value": _month(cell)}
    if column.kind == "string" and column.highest is not None:
        return {"validate": "length"} | _between(column, 0, column.highest)
    return {"validate": "any"}


def _between(column: TemplateColumn, lowest: float, highest: float) -> dict[str, Any]:
    least = lowest if column.lowest is None else column.lowest
    most = highest if column.highest is None else column.highest
    return {"criteria": "between", "minimum": f"{least:.15g}", "maximum": f"{most:.15g}"}


def _month(cell: str) -> str:
    """TRUE for a text such as 2026-03."""
    year, month = f"LEFT({cell},4)", f"RIGHT({cell},2)"
    return f'=AND(LEN({cell})=7,MID({cell},5,1)="-",ISNUMBER(-{year}),ISNUMBER(-{month}))'


def prompt(column: TemplateColumn) -> str:
    """What is shown beside a cell that is chosen: the most needed first, for the end may be cut off."""
    needed = "必填。" if column.required else f"不填时按“{column.default}”计。" if column.default else "没有可不填。"
    parts = [needed, f"{column.asks}。"]
    parts += [f"可选：{'、'.join(column.choices)}。"] if column.several else []
    parts += [f"例如：{column.example}。"] if column.example and not column.choices else []
    return "".join(parts) + (column.hint or column.describes)


def refusal(column: TemplateColumn) -> str:
    """What is said when something else is typed."""
    asked = f"应当{column.asks}" if column.choices else f"应为{column.asks}"
    return f"“{column.title}”{asked}。{column.hint}"


def cut(text: str, most: int) -> str:
    """The text, or as much of it as fits, with a sign that there is more."""
    return text if len(text) <= most else text[: most - 1] + "…"


def wide(text: str) -> int:
    """The width of a text in columns: a Chinese character takes two."""
    return sum(2 if ord(letter) >= 0x2E80 else 1 for letter in text)
