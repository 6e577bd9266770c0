"""Contract -> the template a filer fills in, as plain data: columns, choices, limits and the words beside them.

What belongs here: everything a template says, in Chinese, whatever writes it. What does not: Excel
(quality/templates/workbook.py), and which rules look at a column (quality/templates/make.py gives them), because
rules over several tables live there.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from schemas.model import Code, CodeList, Field, Table
from schemas.registry import Registry

#: units as they stand in brackets behind a title; what is merely counted has none
_UNITS = {
    "m2": "平方米",
    "months": "月",
    "hour": "小时",
    "day": "天",
    "degree": "度",
    "person": "人",
    "visit": "人次",
    "place": "个",
}
#: a rule that refuses one code by itself, such as the total of a code list: no filer is offered that code
_ONE_CODE = r"(?:{0} = |list_contains\(string_split\({0}, ';'\), )'([^']+)'\)?"
YES_NO = ("是", "否")
#: the parts of a list in one cell; the gate takes other separators as well
SEPARATOR = "；"


@dataclass(frozen=True)
class TemplateRule:
    """A rule that looks at a column: its code and what it says."""

    code: str
    severity: str
    says: str


@dataclass(frozen=True)
class TemplateColumn:
    """One column to fill in. Limits: of the number, or of the number of characters; None where there is none."""

    name: str
    title: str
    kind: str
    required: bool
    header: str
    choices: tuple[str, ...]
    lowest: float | None
    highest: float | None
    default: str
    asks: str
    describes: str
    hint: str
    example: str
    rules: tuple[TemplateRule, ...] = field(default=(), compare=False)

    @property
    def several(self) -> bool:
        """Whether one cell may hold several of the choices."""
        return self.kind == "list"


@dataclass(frozen=True)
class Template:
    """The template of one intake table for one profile. Two are equal when the same things are asked for."""

    table: str
    sheet: str
    title: str
    instructions: tuple[str, ...]
    profile: str
    every_column: bool
    columns: tuple[TemplateColumn, ...]
    version: str = field(compare=False)

    @property
    def fingerprint(self) -> str:
        """12 hex digits of what the columns ask for: titles, types, choices, limits. Not of the words beside them."""
        asked = [
            [c.name, c.header, c.kind, c.required, c.default, c.lowest, c.highest, c.choices] for c in self.columns
        ]
        return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest()[:12]


def template(
    registry: Registry,
    table: Table,
    *,
    rules: Mapping[str, tuple[TemplateRule, ...]] | None = None,
    every_column: bool = False,
) -> Template:
    """The template of an intake table.

    Without the columns the profile answers itself (such as the area) and those that are given up, unless
    ``every_column``; never with provenance. ``rules``: by column, the rules that look at it."""
    own = registry.profile.defaults
    wanted = [f for f in table.data_fields if every_column or not (f.name in own or f.deprecated)]
    return Template(
        table=table.name,
        sheet=table.title_zh,
        title=f"{table.title_zh}填报表（{registry.profile.title_zh}）",
        instructions=_instructions(registry, table),
        profile=registry.profile.slug,
        every_column=every_column,
        columns=tuple(_column(registry, table, f, (rules or {}).get(f.name, ())) for f in wanted),
        version=registry.fingerprint[:12],
    )


def _instructions(registry: Registry, table: Table) -> tuple[str, ...]:
    """What a row is, how to fill it in, what must not stand here, and to whom it goes."""
    publisher = registry.profile.publisher
    return (
        f"{table.grain_zh}。{f'填好后报送{publisher.name_zh}。' if publisher else ''}",
        "带 * 的列必须填写，其他的列没有内容就留空。从表头的下一行起填，一行一条；请不要修改表头，不要合并单元格。",
        "只填机构和汇总数，不要填写婴幼儿、家长的姓名和身份证号等个人信息。各列的说明和示例见“填表说明”。",
    )


def _column(registry: Registry, table: Table, of: Field, rules: tuple[TemplateRule, ...]) -> TemplateColumn:
    codes = registry.codelists[of.codelist] if of.codelist else None
    words = words_of(codes) if codes else {}
    choices = _choices(table, of, codes, words)
    required = of.required and of.name not in table.defaults
    lowest, highest = _limits(of)
    return TemplateColumn(
        name=of.name,
        title=of.title_zh,
        kind=of.type,
        required=required,
        header=header(of, required=required),
        choices=choices,
        lowest=lowest,
        highest=highest,
        default=_said(of, table.defaults.get(of.name, ""), words),
        asks=_asks(of, choices),
        describes=of.description_zh,
        hint=of.hint_zh,
        example=_example(of, words, choices),
        rules=rules,
    )


def header(of: Field, *, required: bool) -> str:
    """The title over a column: its unit in brackets, a star when it must be filled in."""
    unit = _UNITS.get(of.unit or "", "")
    said = not unit or of.title_zh.endswith(unit)
    return of.title_zh + ("" if said else f"（{unit}）") + ("*" if required else "")


def words_of(codes: CodeList) -> dict[str, str]:
    """Code -> the word a filer chooses: its title, unless another entry is called the same; then the code itself."""
    counted = Counter(text for e in codes.entries for text in {_fold(t) for t in (e.title_zh, e.title_en, *e.aliases)})
    return {e.code: e.title_zh if counted[_fold(e.title_zh)] == 1 else e.code for e in codes.entries}


def _fold(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).casefold()


def _choices(table: Table, of: Field, codes: CodeList | None, words: dict[str, str]) -> tuple[str, ...]:
    if of.type == "boolean":
        return YES_NO
    if codes is None:
        return ()
    return tuple(words[e.code] for e in offered(table, of, codes))


def offered(table: Table, of: Field, codes: CodeList) -> list[Code]:
    """What a filer may choose: neither given up nor refused by a rule of the table whatever else the row says."""
    refused = _refused(table, of)
    return [e for e in codes.entries if not e.deprecated_in and e.code not in refused]


def _refused(table: Table, of: Field) -> set[str]:
    """Codes that a rule of the table refuses whatever else the row says."""
    alone = [r for r in table.rules if r.severity == "error" and r.columns == (of.name,)]
    found = [re.fullmatch(_ONE_CODE.format(re.escape(of.name)), r.fails_when.strip()) for r in alone]
    return {match[1] for match in found if match}


def _limits(of: Field) -> tuple[float | None, float | None]:
    limits = of.constraints
    if of.codelist or of.type not in ("integer", "number", "string"):
        return None, None
    given = (limits.min_length, limits.max_length) if of.type == "string" else (limits.minimum, limits.maximum)
    lowest, highest = ((None if g is None else float(g)) for g in given)
    return lowest, highest


def _asks(of: Field, choices: tuple[str, ...]) -> str:
    """What belongs in a cell, in words: the type, the choices or the limits."""
    if of.type == "list":
        return f"可填一项或几项，用“{SEPARATOR}”隔开"
    if choices:
        return "填“是”或“否”" if of.type == "boolean" else "从下拉选项中选一项"
    kinds = {"date": "日期，写成 2026-03-31", "yearmonth": "年月，写成 2026-03", "integer": "整数", "number": "数字"}
    if of.type in ("date", "yearmonth"):
        return kinds[of.type]
    return _between(_limits(of), kinds.get(of.type, "文字"), " 个字符" if of.type == "string" else "")


def _between(limits: tuple[float | None, float | None], kind: str, unit: str) -> str:
    lowest, highest = (None if limit is None else f"{limit:g}{unit}" for limit in limits)
    if lowest and highest and lowest != f"1{unit}":
        return f"{kind}，{lowest.removesuffix(unit)} 到 {highest}"
    if highest:
        return f"{kind}，不超过 {highest}"
    return f"{kind}，不少于 {lowest}" if lowest else kind


def _said(of: Field, value: str, words: dict[str, str]) -> str:
    """A value of the contract as a filer writes it."""
    if of.type == "boolean" and value:
        return YES_NO[0] if value == "true" else YES_NO[1]
    return SEPARATOR.join(words.get(part, part) for part in value.split(";")) if of.codelist else value


def _example(of: Field, words: dict[str, str], choices: tuple[str, ...]) -> str:
    """The contract's example; one that is no choice of this profile gives way to a choice that is."""
    said = _said(of, of.example or "", words)
    if choices and not set(said.split(SEPARATOR)) <= set(choices):
        return choices[0]
    return said
