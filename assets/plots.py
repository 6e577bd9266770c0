"""Small pictures of a check for people: how often it failed in the last runs, or where a figure lies in its band.

Drawn here as SVG and put into the text itself, so that a page that shows one asks no other machine for it. What
belongs here: lines and boxes from the numbers of a CheckResult. What does not: any value of a row, Dagster.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from html import escape
from typing import Any

from quality.checks import CheckResult

_WIDTH, _HEIGHT, _LEFT, _RIGHT = 360, 84, 12, 12
_BAND, _LINE, _TEXT = "#ddf4ff", "#656d76", "#24292f"
_COLOURS = {"passed": "#1a7f37", "warned": "#9a6700", "failed": "#cf222e", "crashed": "#8250df", "not_evaluated": _LINE}


def plot(result: CheckResult, history: Sequence[tuple[str, int]]) -> str:
    """The picture that says most about a result, as an image in Markdown.

    ``history``: (as-of day, rows that failed) of earlier runs, oldest first; the result itself is the last bar."""
    bounds, observed = result.threshold.get("bounds"), result.threshold.get("observed")
    if isinstance(observed, int | float) and bounds:
        drawn = _in_band(result, float(observed), bounds)
    else:
        drawn = _over_runs(result, [*history, ("", result.failed_count)])
    return f"![{result.state}]({data_uri(drawn)})"


def data_uri(svg: str) -> str:
    """A picture as an address that holds it whole."""
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"


def _over_runs(result: CheckResult, counts: Sequence[tuple[str, int]]) -> str:
    """A bar a run, as high as rows failed; the last is this run."""
    most = max(count for _, count in counts)
    step = (_WIDTH - _LEFT - _RIGHT) / max(len(counts), 12)
    parts = [_line(_LEFT, 60, _WIDTH - _RIGHT, 60)]
    for number, (_, count) in enumerate(counts):
        height = 42 * count / most if most else 0
        fill = _COLOURS[result.state] if number == len(counts) - 1 else _LINE
        x = _LEFT + number * step
        parts.append(_box(x + 1, 60 - max(height, 1.5), step - 2, max(height, 1.5), fill))
    parts.append(_text(_LEFT, 13, f"不符合的行数 rows that fail, 最近 {len(counts)} 次运行 runs; 最多 most {most:,}"))
    if len(counts) > 1:
        parts.append(_text(_LEFT, 76, counts[0][0]))
    parts.append(_text(_WIDTH - _RIGHT, 76, f"本次 now: {counts[-1][1]:,}", "end"))
    return _svg(parts)


def _in_band(result: CheckResult, observed: float, bounds: Sequence[Any]) -> str:
    """An axis with the band that is allowed, what the last version had, and what is observed now."""
    last = result.threshold.get("last")
    marks = [observed, *(float(b) for b in (*bounds, last) if isinstance(b, int | float))]
    low, high = min(marks), max(marks)
    margin = (high - low) * 0.15 or abs(high) * 0.1 or 1
    low, high = low - margin, high + margin

    def at(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    ends = [at(float(b)) if b is not None else edge for b, edge in zip(bounds, (_LEFT, _WIDTH - _RIGHT), strict=True)]
    parts = [_box(ends[0], 30, max(ends[1] - ends[0], 1), 24, _BAND), _line(_LEFT, 54, _WIDTH - _RIGHT, 54)]
    for bound, x in zip(bounds, ends, strict=True):
        if bound is not None:
            parts += [_line(x, 30, x, 58), _text(x, 70, _short(bound), _anchor(x))]
    if isinstance(last, int | float):
        parts.append(_line(at(last), 26, at(last), 54, dashed=True))
        parts.append(_text(at(last), 82, f"上版 last {_short(last)}", _anchor(at(last))))
    parts.append(f'<circle cx="{at(observed):.1f}" cy="42" r="5" fill="{_COLOURS[result.state]}"/>')
    parts.append(_text(at(observed), 20, f"本次 now {_short(observed)}", _anchor(at(observed))))
    return _svg(parts)


def _anchor(x: float) -> str:
    return "start" if x < _WIDTH / 4 else "end" if x > _WIDTH * 3 / 4 else "middle"


def _short(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 1000 or not math.isfinite(value) else f"{value:,.0f}"


def _svg(parts: Sequence[str]) -> str:
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    font = 'font-family="sans-serif" font-size="10"'
    ground = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>{ground}{"".join(parts)}</svg>'


def _box(x: float, y: float, width: float, height: float, fill: str) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{fill}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="3 2"' if dashed else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{_LINE}"{dash}/>'


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_TEXT}">{escape(text)}</text>'
