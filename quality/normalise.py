"""Text cells -> typed values, as SQL expressions over the macros in ``quality/macros/*.sql``.

What belongs here: which macro a field uses, the words of its unit, the words of its code list. What does not:
how a macro works (SQL) and what a field is (``schemas/``).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection
from pathlib import Path

import duckdb

from schemas.compile.duckdb import column_type, literal, quote
from schemas.model import CodeList, Field, Table
from schemas.registry import Registry

MACROS = Path(__file__).parent / "macros"

#: words people write behind a number, by the unit of the field, as alternatives of a regular expression.
#: A word of another unit must fail: 3天 in a column of hours is not 3.
UNIT_WORDS = {
    "m2": "平方米|平方|平米|平|m2|m\\^2",
    "person": "个?人|名|位|个",
    "place": "个|张|个?托位|人|名",
    "visit": "人次|次|人",
    "day": "天|日|个?工作日",
    "hour": "个?小时|h",
    "degree": "°|度",
    "institution": "家|所|个",
    "count": "个|次|场|节|班|户|家|起|件|期|条",
}
#: a number without a unit is an amount of money or has its unit in a column beside it
_MONEY = "元|块|圆|cny|rmb|人民币"
_FULL = "".join(chr(c) for c in range(0xFF01, 0xFF5F))
_FOLD = str.maketrans(_FULL + "\u3000￥", "".join(chr(c) for c in range(0x21, 0x7F)) + " ¥")
#: blanks and invisible characters, as in 10_text.sql
_NOTHING = re.compile(
    "[\\s\x0b\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    "\u00ad\u180e\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)


def install_macros(con: duckdb.DuckDBPyConnection, only: Collection[str] = ()) -> None:
    """Makes the macros of ``quality/macros`` known to a connection (temporary, so a read-only file will do).

    ``only``: of these files, by name, which need none of the others."""
    for path in sorted(MACROS.glob("*.sql")):
        if not only or path.stem in only:
            con.execute(path.read_text(encoding="utf-8"))


def uses_macros(sql: str) -> bool:
    """Whether SQL calls a macro: making them known takes longer than checking a small table."""
    return any(f"{name}(" in sql for name in _macro_names())


@functools.cache
def _macro_names() -> tuple[str, ...]:
    text = "".join(path.read_text(encoding="utf-8") for path in MACROS.glob("*.sql"))
    return tuple(re.findall(r"MACRO (\w+)\(", text))


def code_word(text: str) -> str:
    """The word under which a code or title is looked up; the SQL macro of the same name does the same."""
    folded = text.translate(_FOLD).replace("㎡", "m2").replace("m²", "m2")
    return re.sub(r"^([0-9]+)\.0+$", r"\1", _NOTHING.sub("", folded).lower())


def code_words(codes: CodeList) -> dict[str, str]:
    """Word -> code: codes, then titles, then aliases; a word that means two codes means none."""
    words: dict[str, str] = {code_word(code): code for code in codes.codes}
    exact = set(words)
    unclear: set[str] = set()
    for entry in codes.entries:
        for text in (entry.title_zh, entry.title_en, *entry.aliases):
            word = code_word(text)
            if word in exact:
                continue
            if words.setdefault(word, entry.code) != entry.code:
                unclear.add(word)
    return {word: code for word, code in words.items() if word and word not in unclear}


def normal_expression(registry: Registry, table: Table, field: Field, raw: str) -> str:
    """SQL giving the typed value of the text expression ``raw``; NULL where it is missing or not such a value."""
    if field.codelist:
        return _code_expression(registry.codelists[field.codelist], field, raw)
    if field.type == "string":
        macro = "norm_id" if is_identifier(table, field) else "norm_text"
        return f"{macro}({raw})"
    return f"TRY_CAST({_typed(field, raw)} AS {column_type(field)})"


def is_identifier(table: Table, field: Field) -> bool:
    """Whether the text is an identifier, to be folded, and not an official text, to be kept."""
    return field.type == "string" and bool(field.name in table.key or field.constraints.pattern)


def is_parsed(field: Field) -> bool:
    """Whether cells become another type than text, which can fail."""
    return field.type != "string" and not field.codelist


def unreadable(field: Field, raw: str, value: str) -> str | None:
    """SQL that is TRUE where the cell says something that is no value of the field's type; never NULL."""
    if not is_parsed(field):
        return None
    excused = f" AND NOT is_open_ended({raw})" if field.type == "date" else ""
    return f"({raw} IS NOT NULL AND {value} IS NULL AND NOT is_missing_word({raw}){excused})"


def with_default(field: Field, raw: str, value: str, default: str) -> str:
    """The value, or the default of the table or profile where the cell says nothing."""
    given = f"CAST({literal(default)} AS {column_type(field)})"
    return f"CASE WHEN {raw} IS NULL OR is_missing_word({raw}) THEN {given} ELSE {value} END"


def stated_value(registry: Registry, table: Table, field: Field) -> str:
    """SQL of a quarantined cell's typed value, with the default an empty one has."""
    raw, default = quote(field.name), table.defaults.get(field.name)
    value = normal_expression(registry, table, field, raw)
    return value if default is None else with_default(field, raw, value, default)


def _typed(field: Field, raw: str) -> str:
    units = literal(UNIT_WORDS.get(field.unit or "", _MONEY))
    if field.type == "integer":
        return f"norm_months({raw})" if field.unit == "months" else f"norm_integer({raw}, {units})"
    if field.type == "number":
        return f"norm_number({raw}, {units}, decimals := {field.decimals})"
    return {"date": "norm_date", "yearmonth": "norm_month", "boolean": "norm_boolean"}[field.type] + f"({raw})"


def _code_expression(codes: CodeList, field: Field, raw: str) -> str:
    """A known code as it is, a known word as its code, an unknown word as written (a rule will say so)."""
    known = ", ".join(literal(c) for c in codes.codes)
    words = code_words(codes)
    lookup = f"MAP {{{', '.join(f'{literal(w)}: {literal(c)}' for w, c in sorted(words.items()))}}}"
    if field.type == "list":
        part = f"coalesce({lookup}[code_word(part)], strip(part))"
        parts = f"string_split_regex({raw}, '[;；、,，/|\\n]+')"
        cleaned = f"list_sort(list_distinct([{part} FOR part IN {parts} IF squeeze(part) <> '']))"
        found = f"nullif(array_to_string({cleaned}, ';'), '')"
        return f"CASE WHEN {raw} IN ({known}) THEN {raw} WHEN NOT is_missing_word({raw}) THEN {found} END"
    return f"CASE WHEN {raw} IN ({known}) THEN {raw} ELSE coalesce({lookup}[code_word({raw})], unknown_code({raw})) END"


def raw_name(field: str) -> str:
    """The quoted name of the text column that stands beside a typed one."""
    return quote(f"_raw_{field}")
