"""校验结果, the first sheet of an answer, as plain rows: own_workbook.py and new_workbook.py lay out the same sheet.

What belongs here: what it says, in which order, how wide and high. What does not: any library of workbooks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from quality.answers.marks import RESULT_SHEET, RESULT_TITLE, SEVERITIES_ZH, Spot, lines, plain, whole

#: widths of the columns, in characters: number, sheet, cell, column, what was written, severity, problem, remedy
WIDTHS = (6, 16, 9, 18, 24, 8, 46, 52)
HEADS = ("序号", "工作表", "位置", "列名", "原内容", "级别", "问题", "更正办法")
#: what is listed at most; a sheet of more is not read, and the cells are marked all the same
MOST_LISTED, MOST_NORMALISED = 2_000, 300
RESULTS_ZH = {
    "accepted": "通过",
    "accepted_with_warnings": "通过，有提醒",
    "rejected": "未全部通过，请更正后重新报送",
}
WITHHELD = "未显示（可能涉及个人信息）"
FONT = "微软雅黑"
#: fills of cells; not the usual tints, so that ours are known when an answer comes back
FILLS = {"error": "FFC7CF", "warning": "FFEFA3", "info": "DCEAF9"}
_HEAD_FILL, _LINK, _GREY = "E7EDF3", "0563C1", "595959"
_GRID = {"border": True, "wrap": True}
#: how each kind of cell looks
STYLES: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "size": 16},
    "label": {"color": _GREY, "wrap": True},
    "text": {"wrap": True},
    "section": {"bold": True, "size": 12},
    "head": _GRID | {"bold": True, "fill": _HEAD_FILL},
    "cell": _GRID,
    "link": _GRID | {"color": _LINK, "underline": True},
    "error": _GRID | {"fill": FILLS["error"]},
    "warning": _GRID | {"fill": FILLS["warning"]},
    "info": _GRID | {"fill": FILLS["info"]},
    "rejected": {"bold": True, "size": 12, "fill": FILLS["error"]},
    "accepted_with_warnings": {"bold": True, "size": 12, "fill": FILLS["warning"]},
    "accepted": {"bold": True, "size": 12, "fill": "D5EFD8"},
}
_LINE, _MOST_HEIGHT = 16.5, 400.0


class Cell(NamedTuple):
    """A cell of the sheet: its column from 1, how many columns it spans, and the cell it links to."""

    column: int
    text: str | int
    style: str = "cell"
    spot: Spot | None = None
    span: int = 1


@dataclass(frozen=True)
class Row:
    """Cells of one row, and its height in points."""

    cells: tuple[Cell, ...]

    @property
    def height(self) -> float:
        """So high that every wrapped text is seen."""
        high = (lines(str(c.text), sum(WIDTHS[c.column - 1 : c.column - 1 + c.span]) - 1) for c in self.cells)
        larger = 1.4 if any(STYLES[c.style].get("size", 10) > 10 for c in self.cells) else 1
        return min(_MOST_HEIGHT, _LINE * max([1, *high]) * larger + 2)


def free_name(taken: Sequence[str]) -> str:
    """A name for the sheet that no sheet of the workbook has; names are compared without case."""
    known = {name.casefold() for name in taken}
    names = (RESULT_SHEET, *(f"{RESULT_SHEET}({number})" for number in range(2, len(known) + 3)))
    return next(name for name in names if name.casefold() not in known)


def result_rows(verdict: Mapping[str, Any], where: Sequence[Spot | None], remarks: Sequence[str] = ()) -> list[Row]:
    """The rows of the sheet. ``where``: the cells of the findings, then those of the recognised values;
    ``remarks``: what is said about the copy."""
    told = len(verdict["findings"])
    return [
        *_summary(verdict, remarks, any(where[:told])),
        *_counts(verdict),
        *_list(verdict["findings"], where[:told]),
        *_normalised(verdict["normalised"], where[told:], verdict["normalised_count"]),
    ]


def _summary(verdict: Mapping[str, Any], remarks: Sequence[str], marked: bool) -> Iterator[Row]:
    yield Row((Cell(1, RESULT_TITLE, "title", span=8),))
    counts = [f"{SEVERITIES_ZH[s]} {n:,} 条" for s, n in verdict["counts"].items()]
    words = "：".join(filter(None, [RESULTS_ZH[verdict["result"]], "，".join(counts)]))
    yield Row((Cell(1, words, verdict["result"], span=8),))
    facts = [("文件", verdict["file"]), ("编码", (verdict["encoding"] or "").upper()),
             ("截至日期", verdict["as_of"]), ("规则版本", verdict["rules"])]  # fmt: skip
    for label, text in facts:
        if text:
            yield _said(label, text)
    how = "红色为错误，必须更正；黄色为提醒，请核对；蓝色为说明。把鼠标移到标色的单元格上，可以看到问题和更正办法。"
    some = f"问题很多，这里和单元格上只标出 {len(verdict['findings']):,} 条。"
    fewer = sum(verdict["counts"].values()) > len(verdict["findings"])
    for remark in [*([how] if marked else []), *([some] if fewer else []), *remarks]:
        yield _said("说明", remark)


def _said(label: str, text: str) -> Row:
    return Row((Cell(1, label, "label", span=2), Cell(3, plain(text), "text", span=6)))


def _counts(verdict: Mapping[str, Any]) -> Iterator[Row]:
    if not verdict["account"]:
        return
    yield from _section("各表行数")
    yield Row((Cell(2, "工作表", "head"), Cell(3, "报表", "head", span=2), Cell(5, "收到行数", "head"),
               Cell(6, "通过", "head"), Cell(7, "不通过（含重复行）", "head")))  # fmt: skip
    for a in verdict["account"]:
        yield Row((
            Cell(2, plain(a["sheet"] or "—")), Cell(3, a["title_zh"] or "对应不到已知的报表", span=2),
            Cell(5, a["received"]), Cell(6, a["accepted"]), Cell(7, a["quarantined"]),
        ))  # fmt: skip


def _section(title: str) -> Iterator[Row]:
    yield Row(())
    yield Row((Cell(1, title, "section", span=8),))


def _list(findings: Sequence[Mapping[str, Any]], where: Sequence[Spot | None]) -> Iterator[Row]:
    if not findings:
        return
    yield from _section("问题清单（点击“位置”转到单元格）" if any(where) else "问题清单")
    yield _heads(HEADS)
    for number, (finding, spot) in enumerate(zip(findings, where, strict=True), 1):
        if number > MOST_LISTED:
            return (yield _more(len(findings) - MOST_LISTED, "条"))
        yield _finding(number, finding, spot)


def _heads(texts: Sequence[str]) -> Row:
    return Row(tuple(Cell(column, text, "head") for column, text in enumerate(texts, 1)))


def _finding(number: int, finding: Mapping[str, Any], spot: Spot | None) -> Row:
    of_a_cell = finding["row"] or finding["column"]  # else the value is only what the words name
    value = WITHHELD if finding["withheld"] else shortened(finding["value"] or "") if of_a_cell else ""
    return Row((
        Cell(1, number), Cell(2, plain(finding["sheet"] or "—")), _place(finding, spot),
        Cell(4, plain(finding["column_zh"] or whole(finding))), Cell(5, value),
        Cell(6, SEVERITIES_ZH[finding["severity"]], finding["severity"]),
        Cell(7, plain(finding["says_zh"])), Cell(8, plain(finding["advice_zh"])),
    ))  # fmt: skip


def shortened(text: str, most: int = 200) -> str:
    """A value as it is listed: harmless characters, and no more than a person reads."""
    text = plain(text)
    return text if len(text) <= most else text[: most - 1] + "…"


def _normalised(cells: Sequence[Mapping[str, Any]], where: Sequence[Spot | None], every: int) -> Iterator[Row]:
    """What was read differently from how it is written: the same in the same column once, at its first cell."""
    if not cells:
        return
    yield from _section("识别说明：以下写法与规范不同，已按“识别为”一列读取，请核对；同一列中相同的写法只列第一处")
    yield Row((*_heads(HEADS[:4]).cells, Cell(5, "原值", "head"), Cell(6, "处数", "head"), Cell(7, "识别为", "head")))
    same: dict[tuple, list[int]] = {}
    for number, cell in enumerate(cells):
        same.setdefault(tuple(cell[name] for name in ("sheet", "column", "raw", "normal")), []).append(number)
    for number, numbers in enumerate(islice(same.values(), MOST_NORMALISED), 1):
        cell, spot = cells[numbers[0]], where[numbers[0]]
        yield Row((
            Cell(1, number), Cell(2, plain(cell["sheet"] or "—")), _place(cell, spot),
            Cell(4, plain(cell["column_zh"])), Cell(5, _read(cell["raw"])), Cell(6, len(numbers)),
            Cell(7, _read(cell["shown_zh"])),
        ))  # fmt: skip
    if more := every - sum(map(len, islice(same.values(), MOST_NORMALISED))):
        yield _more(more, "处")


def _read(text: str | None) -> str:
    return WITHHELD if text is None else shortened(text)


def _place(of: Mapping[str, Any], spot: Spot | None) -> Cell:
    """The cell as spreadsheets name it, linked where the workbook has it."""
    row = f"第 {of['row']} 行" if of["row"] else whole(of)
    here = spot and of["row"] in (None, spot.row)  # what is said in the header is about a row below
    return Cell(3, spot.name if here else row, "link" if spot else "cell", spot)


def _more(number: int, what: str) -> Row:
    return Row((Cell(1, f"另有 {number:,} {what}，不再列出。", "text", span=8),))
