"""Rows of a table that are no data: totals, units, signatures and notes, its header once more.

What belongs here: telling such rows from the loaded records, so that each is reported as what it is and held, and
not counted as a provider or as an error. What does not: titles above the header (headers.py), judging (judging/).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from quality.reading.headers import title_key
from schemas.compile.duckdb import literal

#: how many records at the end may be signatures and notes
_TAIL = 12
#: a cell that is a total, also of a page, a month, a district
_TOTAL = (
    "(?:(?:本|全|各|该|分|总|上|当)?(?:页|月|季度?|年度?|区|市|县|街道|镇|社区|站|机构|园|项|表|期|周|旬|班)|累|总|以上)?"
    "[ \u3000]*(?:总?合|总|小|共|累)[ \u3000]*计(?:数|值)?[ \u3000]*[：:]?"
)
_UNITS = (
    "天", "日", "周", "月", "年", "岁", "月龄", "个月", "小时", "分钟", "人", "人次", "名", "人数", "位",
    "户", "户次", "家", "所", "处", "场", "场次", "次", "次数", "期", "个", "个数", "班", "间", "张",
    "件", "份", "项", "元", "万元", "元/月", "元/人", "元/天", "元/人/月", "元/人·月", "元/生/月", "平方米",
    "平米", "㎡", "m2", "m²", "%", "％", "‰", "百分比", "--", "—", "——", "-", "/", "\\",
    "无",
)  # fmt: skip
#: in a row of units such cells stand where a column has none
_NO_UNITS = {"--", "—", "——", "-", "/", "\\", "无"}
_UNIT_CELLS = {shape.format(unit): unit for unit in _UNITS for shape in ("{}", "（{}）", "({})", "单位：{}", "单位:{}")}
_FOOTER = re.compile(
    "(填表|填报|制表|报送|审核|复核|审批|经办|负责|分管|单位负责|联系|统计)(人员?|者|单位|部门|领导|日期|时间|电话|方式)?[（(：:]"
    "|(备注|附注|注|说明|填表说明|填报说明|注意事项|数据来源|来源|日期|电话|单位)[：:]"
    "|[（(](盖章|公章|签字|签章)[）)]|^以上|^(注|备注)[0-9０-９一二三]"
)


@dataclass(frozen=True)
class Apart:
    """A record that is held without being judged, and why."""

    row: int
    code: str
    column: str | None = None
    value: str | None = None


def rows_apart(
    con: duckdb.DuckDBPyConnection,
    columns: dict[int, str],
    titles: dict[int, str],
    where: str,
    cells: list[str],
    key: tuple[str, ...],
) -> list[Apart]:
    """Such rows of the table ``records`` below the header.

    ``columns``: number of a column -> its field; ``titles``: what stands above each in the file; ``cells``: the
    names of all columns with cells; ``where`` leaves out the header and what is above; ``key``: the fields of which a
    row of data has every one."""
    found = {row: Apart(row, "row-header-repeated") for row in _headers(con, columns, titles, where)}
    for row in _units(con, cells, where):
        found.setdefault(row, Apart(row, "row-units"))
    keys = [f"c{index}" for index, name in columns.items() if name in key]
    for row in _totals(con, cells, where, keys):
        found.setdefault(row, Apart(row, "row-total"))
    for row in _footers(con, cells, where, set(found)):
        found.setdefault(row, Apart(row, "row-footer"))
    return [found[row] for row in sorted(found)]


def _headers(
    con: duckdb.DuckDBPyConnection, columns: dict[int, str], titles: dict[int, str], where: str
) -> list[int]:
    """Rows in which every column of ours holds its own title."""
    known = {index: title for index, title in titles.items() if index in columns and title}
    if len(known) < 2:
        return []
    first = next(iter(known))
    rows = con.execute(
        f"SELECT _row, {', '.join(f'c{i}' for i in known)} FROM records WHERE {where} AND c{first} = ?", [known[first]]
    ).fetchall()
    keys = [title_key(title) for title in known.values()]
    return [row for row, *cells in rows if [title_key(cell or "") for cell in cells] == keys]


def _units(con: duckdb.DuckDBPyConnection, cells: list[str], where: str) -> list[int]:
    """Rows that say nothing but in what each column counts: a person cannot have meant them as data."""
    words = ", ".join(map(literal, ("", *_UNIT_CELLS)))
    # the first cell alone lets hardly any row through to the look at all of them
    only = f"coalesce({cells[0]}, '') IN ({words}) AND concat({', '.join(cells)}) <> ''"
    others = _some(cells, f"coalesce(cell, '') NOT IN ({words})")
    rows = con.execute(
        f"SELECT _row, {', '.join(cells)} FROM records WHERE {where} AND CASE WHEN {only} THEN NOT {others} END"
    ).fetchall()
    return [row for row, *texts in rows if {_UNIT_CELLS[text] for text in texts if text} - _NO_UNITS]


def _totals(con: duckdb.DuckDBPyConnection, cells: list[str], where: str, keys: list[str]) -> list[int]:
    """Rows with the word of a total in any column, so that the order of columns means nothing.

    A row of data whose remark says 合计 is no total: it has its whole key."""
    is_total = f"regexp_full_match(cell, {literal(_TOTAL)})"
    says = f"CASE WHEN contains(concat({', '.join(cells)}), '计') THEN {_some(cells, is_total)} END"
    lacks = _some(keys, f"coalesce(trim(cell), '') = '' OR {is_total}") if keys else "TRUE"
    rows = con.execute(f"SELECT _row FROM records WHERE {where} AND CASE WHEN {says} THEN {lacks} END")
    return [row for (row,) in rows.fetchall()]


def _some(cells: list[str], predicate: str) -> str:
    """SQL that is TRUE where a cell of the row meets the predicate over ``cell``.

    One predicate for all: one for each of five hundred cells is more than a file may cost to plan."""
    return f"(len(list_filter([{', '.join(cells)}], lambda cell: coalesce({predicate}, FALSE))) > 0)"


def _footers(con: duckdb.DuckDBPyConnection, cells: list[str], where: str, others: set[int]) -> list[int]:
    """The last rows, as long as they are signatures, notes or totals."""
    tail = con.execute(
        f"SELECT _row, {', '.join(cells)} FROM records WHERE {where} ORDER BY _row DESC LIMIT {_TAIL}"
    ).fetchall()
    found = []
    for row, *texts in tail:
        filled = [text for text in texts if text and text.strip()]
        if row in others or not filled:
            continue
        if not _FOOTER.search(filled[0].strip()) or len(filled) > max(4, len(cells) // 2):
            break
        found.append(row)
    return found
