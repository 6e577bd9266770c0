"""One shape for what every engine finds, and the words in which it is told to a person.

What does not belong here: finding anything. The texts live in ``schemas/`` (constraints, row rules) and in
the headers of ``quality/rules/*.sql`` (rules over several tables); this module only joins them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from quality.cross_rules import cross_rule_texts
from quality.reading.filetypes import KINDS
from schemas.compile.template import offered, words_of
from schemas.model import Field, FindingText, Table
from schemas.registry import Registry


@dataclass(frozen=True)
class Finding:
    """Something wrong or noteworthy at a place a person can open.

    ``row`` counts as the sender sees it: the row of the sheet or the record of the file, from 1, header
    included; None for a whole file or sheet. ``value`` is the raw text and may be personal: keep it out of logs."""

    code: str
    severity: str
    table: str | None = None
    file: str = ""
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    source_sha256: str = ""


@dataclass(frozen=True)
class Normalisation:
    """A cell whose typed value is written differently from what stood in it, such as ３０个 read as 30.

    ``row`` counts as in a Finding. ``raw`` is the sender's own text: keep it out of logs. It and ``normal`` are None
    where a finding would not repeat it (text of private columns, what looks like a person's number)."""

    table: str
    sheet: str | None
    row: int
    column: str
    raw: str | None
    normal: str | None


@dataclass(frozen=True)
class Place:
    """Where a table of ours stands in a file, so that an answer can point at its cells.

    Rows and columns count from 1. ``columns`` has each field that was found, and each title that is none of ours
    or stands twice. ``header_row`` is 0 for lines of JSON, whose names stand in no row. ``delimiter``: what divides
    the cells of a text file; None for a workbook and for lines of JSON."""

    sheet: str
    table: str
    header_row: int
    columns: dict[str, int]
    delimiter: str | None = None


def finding_text(registry: Registry, code: str) -> FindingText:
    """The texts of a code, from the contracts or from a cross-table rule; KeyError if neither has it."""
    texts = cross_rule_texts()
    return texts[code] if code in texts else registry.finding(code)


def explain(registry: Registry, finding: Finding, as_of: date | None = None) -> dict[str, Any]:
    """The finding with the column's titles, says_zh, says_en, advice_zh and advice_en.

    About what stands in a cell the field's own hint knows best; about everything else the rule does. ``as_of``: the
    day whose figures its words name; without it the latest ones."""
    text = finding_text(registry, finding.code)
    table = registry.tables.get(finding.table or "")
    field = table.field(finding.column) if table and finding.column in table.field_names else None
    told = {
        "column_zh": field.title_zh if field else finding.column,
        "column_en": field.title_en if field else finding.column,
    }
    for language in ("zh", "en"):
        words = figures(registry, as_of) | placeholders(registry, table, field, language) | {
            "column": told[f"column_{language}"] or "",
            "value": value_in(finding.code, finding.value, language),
        }
        hint = getattr(field, f"hint_{language}") if field and finding.code.startswith(_OF_A_CELL) else ""
        advice = filled(_advice(text, field, language), words, UNSET[language])
        told[f"says_{language}"] = filled(getattr(text, f"says_{language}"), words, UNSET[language])
        both = [hint, advice] if finding.code == "code-unknown" else [hint or advice]
        example = _example(field, language) if finding.code == "value-pattern" else ""
        told[f"advice_{language}"] = (" " if language == "en" else "").join(filter(None, [*both, example]))
    return asdict(finding) | told


def _advice(text: FindingText, field: Field | None, language: str) -> str:
    """What to do about it, for a field of this type where that differs."""
    usual = (text.advice_zh, text.advice_en)
    zh, en = text.advice_by_type.get(field.type, usual) if field else usual
    return zh if language == "zh" else en


def value_in(code: str, value: str | None, language: str) -> str:
    """A finding's value as its words name it: only a kind of file has a name in either language."""
    return KINDS.get(value or "", value or "") if code == "file-type" and language == "en" else value or ""


#: the codes of findings about what stands in one cell
_OF_A_CELL = ("value-", "code-")
#: what a text says in the place of a figure that the profile does not give
UNSET = {"zh": "（本地区未规定）", "en": "(not set here)"}
#: so many words of a code list are named; more would not be read
_MOST_CODES = 20


def figures(registry: Registry, as_of: date | None = None) -> dict[str, str]:
    """The words for {parameter} in a text: the figure in force on a day, or the latest one, by its code."""
    if as_of is not None:
        return {code: p.value for code, p in registry.parameters(as_of).items()}
    return {p.code: p.value for p in sorted(registry.all_parameters(), key=lambda p: p.valid_from)}


def rule_says(registry: Registry, code: str, table: Table, column: str | None, as_of: date, language: str) -> str:
    """What a rule asks of a column, without a finding: with the figures of the day, and nothing left to fill in."""
    field = table.field(column) if column else None
    words = figures(registry, as_of) | placeholders(registry, table, field, language)
    return filled(getattr(finding_text(registry, code), f"says_{language}"), words, UNSET[language])


def placeholders(registry: Registry, table: Table | None, field: Field | None, language: str) -> dict[str, str]:
    """The words for {column}, {minimum}, {maximum}, {pattern} and {allowed} in a text about a field of a table."""
    if table is None or field is None:
        return {}
    limits = field.constraints
    lowest = limits.minimum if limits.minimum is not None else limits.min_length
    highest = limits.maximum if limits.maximum is not None else limits.max_length
    return {
        "column": field.title_zh if language == "zh" else field.title_en,
        "minimum": "" if lowest is None else f"{lowest}",
        "maximum": "" if highest is None else f"{highest}",
        "pattern": limits.pattern or "",
        "allowed": _allowed(registry, table, field, language),
    }


def _example(field: Field | None, language: str) -> str:
    """A pattern is nothing a person can read; a value that fits it is."""
    if field is None or not field.example:
        return ""
    return f"例如 {field.example}" if language == "zh" else f"For example {field.example}"


def filled(text: str, words: Mapping[str, str], unset: str) -> str:
    """The text with each {placeholder} replaced by its word, or by ``unset``, in one pass: values may hold braces."""
    return re.sub(r"\{([a-z][a-z0-9_]*)\}", lambda match: words.get(match.group(1), unset), text)


def _allowed(registry: Registry, table: Table, field: Field, language: str) -> str:
    """The choices of a template: none that another rule of the table refuses."""
    if not field.codelist:
        return ""
    codes = registry.codelists[field.codelist]
    entries, words = offered(table, field, codes), words_of(codes)
    titles = [words[e.code] if language == "zh" else e.title_en or e.title_zh for e in entries]
    joint, more = ("、", f"等 {len(titles)} 项") if language == "zh" else (", ", f" and others, {len(titles)} in all")
    return joint.join(titles[:_MOST_CODES]) + (more if len(titles) > _MOST_CODES else "")
