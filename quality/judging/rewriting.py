"""Which cells were understood although they were written otherwise than their value: told to the filer, never as
an error.

What belongs here: SQL that is TRUE for such a cell. What does not: how a value is found (normalise.py, macros) and
what is done with the answer (judging/).
"""

from __future__ import annotations

from quality.normalise import is_parsed
from schemas.compile.duckdb import column_type, literal
from schemas.model import CodeList, Field
from schemas.registry import Registry

#: the words in which a form says yes and no; everything else that means it is told
_YES_NO = "('true', 'false', '1', '0', '是', '否')"


def is_rewritten(registry: Registry, field: Field, raw: str, value: str, unreadable: str) -> str:
    """SQL that is TRUE where ``raw`` says ``value`` in other characters, or says in a word that there is none.

    Not for a code's own titles, for yes and no, for a number's closing zeros, or for blanks alone. ``unreadable``:
    TRUE where the cell says something that is no value of its type."""
    if field.codelist:
        other = _other_word(registry.codelists[field.codelist], field, raw, value)
    elif field.type == "boolean":
        other = f"{raw} NOT IN {_YES_NO}"
    elif field.type == "number":
        other = f"TRY_CAST({raw} AS {column_type(field)}) IS DISTINCT FROM {value} OR NOT {_plain_number(raw)}"
    elif is_parsed(field):
        other = f"{raw} <> CAST({value} AS VARCHAR)"
    else:
        other = f"{raw} <> {value}"
    # what has no value and can be read is a word for nothing; that a date has no end is said in words of its own
    nothing = f"NOT {unreadable} AND trim({raw}) <> ''" if is_parsed(field) else f"trim({raw}) <> ''"
    nothing += f" AND NOT is_open_ended({raw})" if field.type == "date" else ""
    return f"CASE WHEN {raw} IS NULL THEN FALSE WHEN {value} IS NOT NULL THEN {other} ELSE {nothing} END"


def _plain_number(raw: str) -> str:
    return f"regexp_full_match({raw}, '-?[0-9]+([.][0-9]+)?')"


def _other_word(codes: CodeList, field: Field, raw: str, value: str) -> str:
    """A word of the list that is neither a code nor a title of one; a word of no code is told as unknown."""
    own = {text for e in codes.entries for text in (e.code, e.title_zh, e.title_en) if text}
    words = ", ".join(literal(word) for word in sorted(own))
    known = ", ".join(literal(code) for code in codes.codes)
    if field.type == "list":
        parts = f"string_split_regex({raw}, '[;；、，,，/|\\n]+')"
        return f"NOT list_has_all([{words}], {parts}) AND list_has_all([{known}], string_split({value}, ';'))"
    return f"{raw} <> {value} AND {raw} NOT IN ({words}) AND {value} IN ({known})"
