"""Rows of a table that are no data: totals, signatures and notes below it, its header once more.

What belongs here: telling such rows from the loaded records, so that each is reported as what it is and held, and
not counted as a provider or as an error. What does not: titles above the header (headers.py), judging (judging/).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from quality.reading.headers import title_key

#: how many records at the end may be signatures and notes
_TAIL = 12
#: of these columns one has the word of a total
_TOTAL_COLUMNS = 3
_TOTALS = ("合计", "总计", "小计", "共计", "总合计", "合计数")
_WRITTEN = tuple(
    text for word in _TOTALS for text in (word, f"{word}：", f"{word}:", *(gap.join(word) for gap in (" ", "  ", "　")))
)
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
    con: duckdb.DuckDBPyConnection, columns: dict[int, str], titles: dict[int, str], where: str, cells: list[str]
) -> list[Apart]:
    """Such rows of the table ``records`` below the header.

    ``columns``: number of a column -> its field; ``titles``: what stands above each in the file; ``cells``: the
    names of all columns with cells; ``where`` leaves out the header and what is above."""
    found = {row: Apart(row, "row-header-repeated") for row in _headers(con, columns, titles, where)}
    for row in _totals(con, cells, where):
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


def _totals(con: duckdb.DuckDBPyConnection, cells: list[str], where: str) -> list[int]:
    words = ", ".join(f"'{word}'" for word in _WRITTEN)
    near = f"BETWEEN '{min(_WRITTEN)}' AND '{max(_WRITTEN)}'"  # in one comparison no number, code or date
    says = " OR ".join(f"({cell} {near} AND {cell} IN ({words}))" for cell in cells[:_TOTAL_COLUMNS])
    return [row for (row,) in con.execute(f"SELECT _row FROM records WHERE {where} AND ({says})").fetchall()]


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
