"""How standing findings are printed: a line in a run, and the list of `tuoyu findings`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from rich.console import Console

from pipelines.terminal import columns, console, say

SEVERITIES = {"error": ("red", "错误 error"), "warning": ("yellow", "提醒 warning"), "info": ("dim", "说明 note")}
_STATES = {"open": "待办 open", "answered": "已答复 answered", "waived": "已豁免 waived"}
_CORRECTIONS = {
    "in_force": "有效 in force",
    "unneeded": "不再需要，请删除 no longer needed, delete it",
    "expired": "已过期 expired",
}
_SENDER_HEAD = ("报送方 sender", "错误 errors", "提醒 warnings", "最早 oldest, days", "最新 newest, days")
#: places of one problem that are printed; --json has them all
_MOST_PLACES = 5


def open_line(out: Console, counted: dict[str, Any] | None) -> None:
    """What stands open, in one line; nothing before it was ever counted."""
    if not counted:
        return
    text = _severities(counted["open"])
    if counted["oldest_days"] is not None:
        text += f"，最早 oldest {counted['oldest_since']} ({counted['oldest_days']:,} 天 days)"
    say(out, text, lead="待办问题 open findings: ")


def _severities(counts: dict[str, int]) -> str:
    return ", ".join(f"{SEVERITIES[s][1]} {counts[s]:,}" for s in ("error", "warning"))


def findings(found: dict[str, Any]) -> None:
    """Counts, a line per sender, then each problem of each sender once, with its places, the oldest first."""
    out = console()
    say(out, f"截至 as of {found['as_of']}")
    columns(out, [(words, _severities(found["totals"][s])) for s, words in _STATES.items()])
    if found["findings"]:
        columns(out, [_SENDER_HEAD, *map(_sender_row, found["senders"])], right=(1, 2, 3), lead="")
    else:
        say(out, "没有符合条件的问题 no such findings.")
    for sender, of_it in groupby(found["findings"], lambda f: f["sender"]):
        say(out, sender, style="bold")
        for problem in _problems(list(of_it)):
            _problem(out, problem)
    _corrections(out, found["corrections"])


def _sender_row(s: dict[str, Any]) -> tuple[Any, ...]:
    return s["sender"], f"{s['error']:,}", f"{s['warning']:,}", f"{s['oldest_days']:,}", f"{s['newest_days']:,}"


def _problems(found: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Findings that say the same of the same column, in the order of the oldest of each."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for f in found:
        same = tuple(f[name] for name in ("state", "severity", "table", "column", "code", "says_zh"))
        groups.setdefault(same, []).append(f)
    yield from groups.values()


def _problem(out: Console, found: list[dict[str, Any]]) -> None:
    one = found[0]
    colour, words = SEVERITIES[one["severity"]]
    column = " ".join(dict.fromkeys(filter(None, (one["column_zh"], one["column"]))))
    told = ("" if one["state"] == "open" else _STATES[one["state"]], words, one["table_zh"], column, one["code"])
    say(out, " · ".join(filter(None, told)), lead="  ", style=colour)
    say(out, one["says_zh"], lead="    问题 problem: ")
    say(out, one["says_en"], lead=" " * 6, style="dim")
    if one["state"] == "open":
        say(out, one["advice_zh"], lead="    更正 remedy: ")
    for f in found[:_MOST_PLACES]:
        say(out, _place(f), lead="    - ")
    if len(found) > _MOST_PLACES:
        say(out, f"… 另有 and {len(found) - _MOST_PLACES:,} more (--json)", lead="    ")


def _place(f: dict[str, Any]) -> str:
    """How long, which row, and what became of it."""
    since = f"{f['age_days']:,} 天 days, 自 since {f['since_on']}"
    if f["since_on"] != f["first_seen_on"]:
        since += f"（再次出现，初次 again, first {f['first_seen_on']}）"
    where = " ".join(filter(None, (f["file"], f["sheet"], f["row"] and f"行 row {f['row']}")))
    where += f"（共 {f['row_count']:,} 行 rows）" if f["row_count"] > 1 else ""
    became = {
        "open": "",
        "answered": f"→ {f['answered_on']} {f['answered_by'] or '其他来件 other files'}",
        "waived": f"→ {f['correction']}",
    }[f["state"]]
    key, value = " ".join((f["key"] or {}).values()), f["value"] and f"[{f['value']}]"
    return " · ".join(filter(None, (since, key, value, where, became)))


def _corrections(out: Console, corrections: list[dict[str, Any]]) -> None:
    if not corrections:
        return
    say(out, "更正记录 corrections", style="bold")
    for c in corrections:
        ids = f" {' '.join(c['ids'])}" if "ids" in c else ""
        until = f" · 至 until {c['expires']} · {c['findings']:,} 项 findings" if c["expires"] else ""
        text = f"{c['place']} · {c['code']}{ids} · {_CORRECTIONS[c['state']]}{until} · {c['reason_zh']}"
        say(out, text, lead="  ")
