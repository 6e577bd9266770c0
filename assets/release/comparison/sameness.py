"""When two texts say the same and are only written differently.

What belongs here: the one normal form of a text, a number and a list. What does not: judging changes (kinds.py),
reading what filers write (quality/macros): nothing that is published passes through here.

Careful on purpose: a change that is wrongly called a rewriting would hide it from people, so only what can mean
nothing else is folded. `2樓` and `2層`, `1之3` and `1-3` stay different.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Any

#: signs that stand for one another, each written as its first
_CLASSES = (",，、﹑､ˋ", ";；", ":：︰", "-‐‑‒–—―−﹣－", "~～〜∼", "・·‧•･∙", "'‘’ʼ", '"“”„〝〞')
_SIGNS = {ord(sign): signs[0] for signs in _CLASSES for sign in signs}
#: brackets and blanks are left out; between two digits one blank stays, or 12 (3) would become 123
_LEFT_OUT = r"[\s()\[\]【】〔〕{}「」『』《》〈〉〖〗]+"
_BETWEEN_DIGITS, _ANYWHERE = re.compile(rf"(?<=\d){_LEFT_OUT}(?=\d)"), re.compile(rf"(?!(?<=\d) (?=\d)){_LEFT_OUT}")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?:,\d{3})*(?!\d))")
_RANGE = re.compile(r"(?<=[0-9])(?:至|~)(?=[0-9])")
_DATE = re.compile(r"(?<!\d)(\d{4})(?:-|/|\.|年)(\d{1,2})(?:-|/|\.|月)(\d{1,2})(?:日|(?!\d))")
_NUMERAL = re.compile("[零〇一二三四五六七八九十]+")
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0}


def same(one: str, other: str, field: dict[str, Any]) -> bool:
    """Whether two different texts of a field (as Table Schema describes it) have the same content.

    A code means what its list says, never what it looks like: two codes are always two."""
    if field["type"] in ("number", "integer"):
        return _number(one) is not None and _number(one) == _number(other)
    if "itemCategories" in field:
        return sorted(one.split(";")) == sorted(other.split(";"))
    if field["type"] != "string" or field.get("codelist"):
        return False
    return folded(one) == folded(other)


def folded(text: str) -> str:
    """The normal form of a text: width, case, blanks, brackets, signs, and how numbers and days are written."""
    text = "".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf").casefold()
    text = _ANYWHERE.sub("", _BETWEEN_DIGITS.sub(" ", _THOUSANDS.sub("", text))).translate(_SIGNS)
    text = _DATE.sub(lambda m: f"{m[1]}-{int(m[2]):02d}-{int(m[3]):02d}", text)
    text = _NUMERAL.sub(lambda m: _counted(m[0]), text)
    return _RANGE.sub("-", text)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _counted(numeral: str) -> str:
    """`十一` as 11, `二〇二四` as 2024; what can be read in two ways (`一二樓`: the 12th, or both) stays as it is."""
    if re.fullmatch("[一二三四五六七八九]?十[一二三四五六七八九]?", numeral):
        tens, ones = numeral.split("十")
        return str((_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0))
    plain = "十" not in numeral and (len(numeral) == 1 or len(numeral) == 4)
    return "".join(str(_DIGITS[c]) for c in numeral) if plain else numeral
