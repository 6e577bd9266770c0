"""Cells written the plain way, which need no normalising: canonical digits, ISO dates, codes themselves.

What belongs here: the regular expression of such a cell, by field, and its value. It must be narrower than the
macros: a cell it takes means to them exactly what it says (tests/quality/test_plain.py compares the two). What does
not: which columns hold such cells (columns.py), and everything else a cell may say (normalise.py), which is still
read, only not as fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from quality.normalise import is_identifier, is_parsed
from schemas.compile.duckdb import column_type
from schemas.model import Field, Table
from schemas.registry import Registry

#: a longer list is faster looked up than matched
_MOST_CODES = 200
_WHOLE = "(?:0|[1-9][0-9]{0,14})"
#: every day but 29 February, which needs a calendar
_DAY = "(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_YEAR = "(?:(?:19|20|21)[0-9]{2})"
_WORD = "\u4e00-\u9fffA-Za-z0-9"
#: names and addresses: no blanks at the ends, no sign that is tidied away, longer than any word for nothing
_TEXT = f"(?:[{_WORD}][{_WORD} ()（）、.:：#·-]{{5,}}[{_WORD})）])"


def plain_pattern(registry: Registry, table: Table, field: Field) -> str | None:
    """A regular expression, the same to the engine and to Python, for the cells of a field that stand for themselves,
    without anchors; None where there are none."""
    if field.codelist:
        codes = registry.codelists[field.codelist].codes
        fit = 0 < len(codes) <= _MOST_CODES and all(re.fullmatch("[0-9A-Za-z_-]+", code) for code in codes)
        return f"(?:{'|'.join(codes)})" if fit else None
    if field.type == "number":
        digits = f"[0-9]{{1,{min(15, 18 - field.decimals)}}}"
        return f"(?:{digits}(?:[.][0-9]{{1,{field.decimals}}})?)" if field.decimals else f"(?:{digits})"
    if field.type == "string":
        return "(?:[A-Z_-]*[0-9][0-9A-Z_-]*)" if is_identifier(table, field) else _TEXT
    return {
        "integer": _WHOLE,
        "date": f"(?:{_YEAR}-{_DAY})",
        "yearmonth": f"(?:{_YEAR}-(?:0[1-9]|1[0-2]))",
        "boolean": "(?:true|false|1|0|是|否)",
    }[field.type]


def all_plain(pattern: str, texts: Iterable[str | None]) -> bool:
    """Whether all these cells match; an empty one is no obstacle."""
    fits = re.compile(pattern).fullmatch
    return all(text is None or fits(text) for text in texts)


def plain_value(field: Field, raw: str) -> str:
    """SQL for the typed value of a plain cell; NULL for NULL."""
    if field.type == "boolean":
        return f"{raw} IN ('true', '1', '是')"
    return f"CAST({raw} AS {column_type(field)})" if is_parsed(field) else raw
