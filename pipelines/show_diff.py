"""How a difference between two versions is printed: by table and kind, a line a row, a line a field."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from assets.release.comparison.difference import Difference
from pipelines import diff_view
from pipelines.diff_view import Cell, Group, Row
from pipelines.show import short
from pipelines.terminal import columns, console, say

#: changes on a page; the rest is counted
MOST_ON_PAGE = 5000
_STYLES = {"added": "green", "removed": "red", "redacted": "magenta", "corrected": "yellow", "reformatted": "dim"}


def written(path: Path) -> None:
    """Where the page is."""
    console().print(f"已写入 written: {short(path)}", soft_wrap=True)


def diff(found: Difference) -> None:
    """The difference, at most as many changes as were asked for; the rest is counted."""
    out = console()
    old, new = found.old, found.new
    say(out, f"{new['title']} {found.dataset} {old['version']} → {new['version']} ({found.bump})", style="bold")
    say(out, f"{old['created'][:10]} → {new['created'][:10]}", lead="  截至 as of: ")
    for reason in found.reasons:
        say(out, reason, lead="  ")
    for table in diff_view.tables(found):
        say(out, f"{table.title} {table.name}{'' if table.groups else ': 没有变化 unchanged'}", style="bold")
        for group in table.groups:
            _group(out, group)
    hidden = sum(counts.lines for counts in found.changes.values()) - len(found.rows)
    if hidden > 0:
        say(out, f"… 另有 and {hidden:,} more (--json, --html FILE)")


def _group(out: Console, group: Group) -> None:
    say(out, f"{group.title}: {group.count:,}", lead="  ", style=_STYLES.get(group.kind))
    for row in group.rows:
        say(out, row.label + _why(row), lead="    ")
        columns(out, [_cell(cell) for cell in row.cells], lead="      ")


def _cell(cell: Cell) -> tuple[str, str]:
    times = f" ×{cell.times}" if cell.times > 1 else ""
    return cell.column.zh, f"{_value(cell.old)} → {_value(cell.new)}{times}{_why(cell)}"


def _why(line: Row | Cell) -> str:
    if line.reason is None:
        return ""
    source = f", {line.source_sha256[:12]} {line.received_on}" if line.source_sha256 else ""
    return f" ({line.reason}{source})"


def _value(value: str | None) -> str:
    return "∅" if value is None else value
