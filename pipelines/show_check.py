"""How `tuoyu check` prints an answer: each problem once, with its words, what was written and in which rows.

What belongs here: the order and layout of an answer on a terminal. What does not: what it says (quality/answers/).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console

from pipelines.show import document, short
from pipelines.show_findings import SEVERITIES as _SEVERITIES
from pipelines.terminal import columns, console, say

_RESULTS = {
    "accepted": ("green", "通过 accepted"),
    "accepted_with_warnings": ("yellow", "通过，有提醒 accepted with warnings"),
    "rejected": ("red", "未全部通过，请更正 not all accepted: please correct"),
}
#: different values of one problem, and stretches of rows of one value; --json has them all
_VALUES, _STRETCHES = 8, 4
#: different values of a column that were read differently; they are right, and only to be looked over
_READ = 3
WITHHELD = "未显示（可能涉及个人信息）not shown, may be personal"
#: characters of a value that are printed
_VALUE = 40


def check(answer: dict[str, Any], json_out: bool) -> None:
    """The answer about one file or several; of several, those with nothing to say take one line."""
    if json_out:
        return document(answer)
    out = console()
    files, one = answer["files"], len(answer["files"]) == 1
    for verdict in files:
        if one or verdict["findings"]:
            _file(out, verdict)
        else:
            say(out, f"{verdict['file']}: {_RESULTS[verdict['result']][1]}", style=_RESULTS[verdict["result"]][0])
    if not one:
        say(out, "; ".join(_totals(files)), lead=f"{len(files):,} 文件 files: ")
    say(out, f"依据 rules {answer['rules']}, 截至 as of {answer['as_of']}", style="dim")
    for report in answer["reports"]:
        out.print(f"答复 report: {short(Path(report))}", soft_wrap=True, highlight=False)  # a path is not torn apart


def _totals(files: list[dict[str, Any]]) -> Iterator[str]:
    counts = Counter(verdict["result"] for verdict in files)
    yield from (f"{words} {counts[result]:,}" for result, (_, words) in _RESULTS.items() if counts[result])


def _file(out: Console, verdict: dict[str, Any]) -> None:
    """What came of its sheets, each problem, what was read as what, and the result."""
    say(out, verdict["file"] + (f" ({verdict['encoding']})" if verdict["encoding"] else ""), style="bold")
    for part in verdict["account"]:
        table = f"{part['title_zh']} {part['table']}" if part["table"] else "没有对应的报表 no such table"
        say(
            out,
            f"{part['sheet'] and part['sheet'] + ' → '}{table}: {part['received']:,} 行 rows = "
            f"{part['accepted']:,} 通过 accepted + {part['quarantined']:,} 不通过 held",
            lead="  ",
        )
    for problem in _problems(verdict["findings"]):
        _problem(out, problem)
    _normalised(out, verdict["normalised"])
    told, every = len(verdict["findings"]), sum(verdict["counts"].values())
    if told < every:
        say(out, f"问题很多，只列出前 {told:,} 条 only the first {told:,} findings of {every:,} are listed")
    colour, words = _RESULTS[verdict["result"]]
    counted = [f"{_SEVERITIES[severity][1]} {number:,}" for severity, number in verdict["counts"].items()]
    say(out, "; ".join([words, *counted]), style=colour)


def _problems(findings: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Findings that say the same of the same column of a sheet; errors first, then as they stand in the file."""
    first: dict[tuple, tuple] = {}
    order = list(_SEVERITIES)

    def problem(f: dict[str, Any]) -> tuple:
        return (order.index(f["severity"]), f["sheet"] or "", f["table"] or "", f["code"], f["column"] or "")

    for f in findings:
        key, place = problem(f), (order.index(f["severity"]), f["sheet"] or "", f["row"] or 0)
        first[key] = min(first.get(key, place), place)
    ordered = sorted(findings, key=lambda f: (first[problem(f)], problem(f), f["row"] or 0))
    for _, group in groupby(ordered, problem):
        yield list(group)


def _problem(out: Console, found: list[dict[str, Any]]) -> None:
    one = found[0]
    colour, words = _SEVERITIES[one["severity"]]
    column = " ".join(dict.fromkeys(filter(None, (one["column_zh"], one["column"]))))
    say(out, " · ".join(filter(None, (words, one["sheet"], column, one["code"]))), style=colour)
    say(out, one["says_zh"], lead="  问题 problem: ")
    say(out, one["says_en"], lead=" " * 4, style="dim")
    say(out, one["advice_zh"], lead="  更正 remedy: ")
    say(out, one["advice_en"], lead=" " * 4, style="dim")
    _places(out, [f for f in found if f["row"]], _written, "原内容 written", _VALUES)


def _written(finding: dict[str, Any]) -> tuple[str, ...]:
    value = WITHHELD if finding["withheld"] else finding["value"]
    return (_short(value),) if value else ()


def _normalised(out: Console, cells: list[dict[str, Any]]) -> None:
    """Cells that were read differently from how they are written, by column."""
    for (sheet, column), same in _grouped(cells, lambda c: (c["sheet"] or "", f"{c['column_zh']} {c['column']}")):
        say(out, " · ".join(filter(None, ("识别 read as", sheet, column))), style="dim")
        _places(out, same, _read_as, "写法 written → 识别为 read as", _READ)


def _read_as(cell: dict[str, Any]) -> tuple[str, ...]:
    if cell["raw"] is None:
        return (WITHHELD,)
    return (f"{_short(cell['raw'])} → {_short(cell['shown_zh'])}",)


def _places(
    out: Console, found: list[dict[str, Any]], written: Callable[[dict], tuple[str, ...]], title: str, most: int
) -> None:
    """The rows, those with the same content together: a thousand equal errors are one line."""
    groups = [(rows(f["row"] for f in same), *key) for key, same in _grouped(found, written)]
    if groups and not any(len(group) > 1 for group in groups):
        return say(out, "; ".join(group[0] for group in groups), lead="  行 rows: ")
    if groups:
        columns(out, [("行 rows", title), *((*group, "")[:2] for group in groups[:most])], lead="    ")
    if len(groups) > most:
        say(out, f"另有 and {len(groups) - most:,} more (--json)", lead="    ")
    return None


def _grouped(found: Iterable[Any], key: Callable[[Any], Hashable]) -> list[tuple[Any, list[Any]]]:
    """What has the same key together, in the order of the first of each."""
    groups: dict[Hashable, list[Any]] = {}
    for item in found:
        groups.setdefault(key(item), []).append(item)
    return list(groups.items())


def rows(numbers: Iterable[int]) -> str:
    """Row numbers as stretches: 3–5; 9. Of many stretches the first, and how many rows there are in all."""
    every = sorted(set(numbers))
    runs = [list(run) for _, run in groupby(enumerate(every), lambda pair: pair[1] - pair[0])]
    stretches = [f"{run[0][1]}–{run[-1][1]}" if len(run) > 1 else f"{run[0][1]}" for run in runs]
    more = f"; … {len(every):,} 行 rows" if len(stretches) > _STRETCHES else ""
    return "; ".join(stretches[:_STRETCHES]) + more


def _short(value: str) -> str:
    return value if len(value) <= _VALUE else value[: _VALUE - 1] + "…"
