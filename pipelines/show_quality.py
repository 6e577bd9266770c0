"""How `tuoyu quality` prints. Where it comes from is quality_view.py."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console

from pipelines.quality_view import page_of
from pipelines.terminal import console, say

#: a report's states and what they are called
_STATES = {"passed": "通过 passed", "failed": "不合格 failed", "crashed": "未能检查 crashed", "warned": "有提醒 warned",
           "not_evaluated": "未评估 not evaluated"}  # fmt: skip
_MOVED = {"better": "变好 better", "worse": "变差 worse", "same": "不变 same", None: ""}


def quality(found: Iterable[dict[str, Any]]) -> None:
    """A few lines a dataset."""
    out = console()
    for one in found:
        summary(out, one)
        say(out, page_of(one), lead="  ")


def summary(out: Console, one: dict[str, Any]) -> None:
    """What was checked, what is wrong, how old."""
    said = one["summary"]
    say(out, f"{one['title']} {one['dataset']} {one['version']} ({one['as_of']})", style="bold")
    for about, name in (("公布的数据 published", "checks_of_published"), ("收到的报表 received", "checks_of_received")):
        counts = said[name]
        told = ", ".join(f"{_STATES[state]} {n:,}" for state, n in counts.items() if n)
        say(out, f"{about}: {sum(counts.values()):,} 项检查 checks" + (f": {told}" if told else ""), lead="  ")
    if said["received_rows"] is not None:
        rows = f"收件 rows {said['received_rows']:,}, 隔离 held {said['held_rows']:,}"
        open_ones = f"待办 open {said['open_errors'] + said['open_warnings']:,}"
        days = said["oldest_open_days"]
        say(out, f"{rows}; {open_ones}" + (f", 最久 oldest {days:,} 天 days" if days is not None else ""), lead="  ")
    if said["expected_reports"] is not None:
        missing = said["expected_reports"] - said["received_reports"]
        say(out, f"应报 expected {said['expected_reports']:,}, 未报 not received {missing:,}", lead="  ")


def one(report: dict[str, Any]) -> None:
    """A report: its summary, what is wrong, the sub-indicators, and what could not be checked."""
    out = console()
    summary(out, report)
    for check in report["checks"]:
        if check["state"] in ("failed", "crashed", "warned"):
            place = f"{check['table']}.{check['column']}" if check["column"] else check["table"]
            text = f"{_STATES[check['state']]} {check['failed']:,}/{check['evaluated']:,} {place} {check['code']}"
            say(out, text, lead="  ")
    say(out, "GB/T 36344-2018", style="bold")
    for line in report["indicators"]:
        value = "—" if line["value"] is None else f"{line['value'] * 100:.2f}%"
        moved = _MOVED[line["moved"]]
        say(out, f"{line['code']} {line['title_zh']} {line['title_en']}: {value} {moved}".rstrip(), lead="  ")
    if report["not_checked"]:
        say(out, "没有能够检查的 could not be checked", style="bold")
    for missing in report["not_checked"]:
        say(out, f"{missing['code']}: {missing['says_zh']} {missing['says_en']}", lead="  ")
    say(out, page_of(report))
