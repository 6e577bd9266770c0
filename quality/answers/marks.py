"""Where each finding of an answer is marked, and what the comment there says.

What belongs here: findings -> cells of the sender's file and their comments, in Chinese. What does not: writing
workbooks (own_workbook.py, new_workbook.py), finding anything (gate.py).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from quality.findings import Place
from schemas.registry import Registry

#: the author of our comments, by which an answer that comes back is known
AUTHOR = "托育开放数据校验"
#: the first sheet of an answer, and what stands in its first cell
RESULT_SHEET, RESULT_TITLE = "校验结果", "校验结果（托育开放数据）"
SEVERITIES_ZH = {"error": "错误", "warning": "提醒", "info": "说明"}
#: comments of one workbook; beyond them cells are coloured only
MOST_COMMENTS = 5_000
#: problems told in one comment; more could not be read there
NOTES_A_CELL = 4
#: a comment's width and the height of its lines, in pixels; half-width characters in a line of it
COMMENT_WIDTH, COMMENT_LINE, _COMMENT_CELLS = 340, 18, 46


class Spot(NamedTuple):
    """A cell of the sender's file; row and column count from 1. ``sheet`` is '' for a text file."""

    sheet: str
    row: int
    column: int

    @property
    def name(self) -> str:
        """As spreadsheets write it: C15. The names of lines of JSON stand in no row."""
        if not self.row:
            return "表头"
        letters, number = "", self.column
        while number:
            number, rest = divmod(number - 1, 26)
            letters = chr(65 + rest) + letters
        return f"{letters}{self.row}"


@dataclass(frozen=True)
class Mark:
    """What is said at one cell: the worst severity, and the text of the comment."""

    severity: str
    text: str

    @property
    def height(self) -> int:
        """Pixels the comment needs to be read without scrolling."""
        return COMMENT_LINE * (lines(self.text, _COMMENT_CELLS) + 1)


def is_result_sheet(name: str, rows: Sequence[Sequence[str | None]]) -> bool:
    """Whether a sheet is the first sheet of an answer of ours, sent back by the filer with the corrections."""
    return name.startswith(RESULT_SHEET) and bool(rows) and RESULT_TITLE in rows[0]


def link(spot: Spot) -> str:
    """The place as a link inside a workbook names it."""
    quoted = spot.sheet.replace("'", "''")
    return f"'{quoted}'!{spot.name}"


def spots(registry: Registry, findings: Sequence[Mapping[str, Any]], places: Iterable[Place]) -> list[Spot | None]:
    """For each finding its cell; None for what is said of the file as a whole.

    What is wrong with a row as a whole, or with a column that it does not have, is marked in its first cell; what is
    said of a column or of its absence, in the header."""
    by_sheet = {place.sheet: place for place in places}
    return [_spot(registry, finding, by_sheet) for finding in findings]


def _spot(registry: Registry, finding: Mapping[str, Any], places: Mapping[str, Place]) -> Spot | None:
    sheet, row, column = finding["sheet"] or "", finding["row"], finding["column"]
    place = places.get(sheet)
    if place is None or place.table != finding["table"]:
        return Spot(sheet, row or 1, 1) if finding["sheet"] else None
    at = place.columns.get(column, min(place.columns.values()))
    of_a_row = column is None or (column in registry.tables[place.table].field_names and finding.get("code") != _ABSENT)
    return Spot(sheet, row if row and of_a_row else place.header_row, at)


#: the finding about a column that the whole sheet lacks
_ABSENT = "column-missing"
#: stretches of rows that a comment names
_STRETCHES = 6


def stretches(rows: Iterable[int]) -> str:
    """Rows as a person lists them: 第 2、4–6 行; of very many stretches the first, and how many rows in all."""
    every = sorted(set(rows))
    runs = [list(run) for _, run in groupby(enumerate(every), lambda pair: pair[1] - pair[0])]
    named = [f"{run[0][1]}–{run[-1][1]}" if len(run) > 1 else f"{run[0][1]}" for run in runs]
    return f"第 {'、'.join(named[:_STRETCHES])} 行" + (f"等 {len(every):,} 行" if len(named) > _STRETCHES else "")


def marks(findings: Sequence[Mapping[str, Any]], where: Sequence[Spot | None]) -> dict[Spot, Mark]:
    """The comment of each cell that something is said about, in the order of the cells."""
    said: dict[Spot, dict[tuple, list[Mapping[str, Any]]]] = {}
    for finding, spot in zip(findings, where, strict=True):
        if spot:
            same = (finding["code"], finding["column"])
            said.setdefault(spot, {}).setdefault(same, []).append(finding)
    return {spot: _mark(spot, list(said[spot].values())) for spot in sorted(said)}


def _mark(spot: Spot, problems: list[list[Mapping[str, Any]]]) -> Mark:
    order = list(SEVERITIES_ZH)
    problems = sorted(problems, key=lambda same: order.index(same[0]["severity"]))
    notes = [_note(spot, same) for same in problems[:NOTES_A_CELL]]
    if more := len(problems) - NOTES_A_CELL:
        notes += [f"另有 {more} 条，见“校验结果”。"] if more > 0 else []
    return Mark(problems[0][0]["severity"], "\n\n".join(notes))


def _note(spot: Spot, same: list[Mapping[str, Any]]) -> str:
    """One problem at a cell; at a header it may stand for many rows."""
    one = same[0]
    about = one["column_zh"] or whole(one)
    elsewhere = {f["row"] for f in same} - {spot.row, None}
    rows = f"（{stretches(elsewhere)}）" if elsewhere else ""
    return plain(
        f"【{SEVERITIES_ZH[one['severity']]}】{about}{rows}\n问题：{one['says_zh']}\n更正：{one['advice_zh']}",
        keep="\n",
    )


def whole(finding: Mapping[str, Any]) -> str:
    """What a finding is about that names no column."""
    return "整行" if finding["row"] else "整张工作表" if finding["sheet"] else "整个文件"


def plain(text: object, keep: str = "") -> str:
    """Text that any workbook may hold: control characters, and what is no character, become spaces."""
    return "".join(c if c in keep or unicodedata.category(c) not in _NO_TEXT else " " for c in str(text))


#: controls, surrogates, unassigned and private-use code points, line and paragraph separators
_NO_TEXT = {"Cc", "Cs", "Cn", "Zl", "Zp"}


def width(text: str) -> int:
    """Cells a text takes on a screen: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def lines(text: str, cells: int) -> int:
    """Lines a text takes when folded at ``cells``."""
    return sum(max(1, -(-width(line) // cells)) for line in text.split("\n"))
