"""The page of a quality report: `quality.json` as people read it, on one page that needs nothing else.

What belongs here: words, figures and small drawings of what a report says. What does not: the report (quality/report).
Everything is escaped by the template engine; the page has no script and asks for nothing. The same report gives the
same bytes.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

HERE = Path(__file__).parent
#: state of a check -> Chinese, English
STATES = {
    "failed": ("不合格", "failed"),
    "crashed": ("未能检查", "crashed"),
    "warned": ("有提醒", "warned"),
    "not_evaluated": ("未评估", "not evaluated"),
    "passed": ("通过", "passed"),
}
#: why something could not be checked -> Chinese, English
UNASKED = STATES | {"left_out": ("没有列入", "left out"), "not_adopted": ("没有采用", "not adopted")}
STAGES = {
    "received": ("来件的闸口", "The gate, of received rows"),
    "table": ("生成每张表时", "Before a table is written"),
    "second_opinion": ("第二个引擎复核", "A second engine’s opinion"),
    "expectation": ("对数据的预期", "Expectations of people"),
    "published": ("公布的行", "The published rows"),
    "release": ("发布前的闸口", "The gates of a release"),
    "disclosure": ("公开前的闸口", "The disclosure gate"),
}
_TREND_WIDTH, _TREND_HEIGHT = 96, 22


def page(report: Mapping[str, Any]) -> bytes:
    """The page of one report."""
    given = {"r": report, "states": STATES, "unasked": UNASKED, "stages": STAGES}
    made = {
        "dimensions": _grouped(report["indicators"], "dimension"),
        "by_stage": {name: list(_by_table(report, name)) for name in STAGES},
        "titles": {table["name"]: (table["title"], table["title_en"]) for table in report["tables"]},
        "bad": [check for check in report["checks"] if check["state"] in ("failed", "crashed", "warned")],
        "ours": _counts(report, lambda stage: stage != "received"),
        "theirs": _counts(report, lambda stage: stage == "received"),
        "bar": bar,
    }
    return _template("quality.html").render(given | made).encode()


def index(title: tuple[str, str], reports: Iterable[tuple[str, Mapping[str, Any]]]) -> bytes:
    """The list of the current reports. ``reports``: (path of the page, report); ``title``: Chinese, English."""
    listed = [{"href": href, "r": one, "bar": bar(one["summary"]["checks_of_published"])} for href, one in reports]
    return _template("quality_index.html").render(title=title, listed=listed, states=STATES).encode()


def percent(value: float | None) -> str:
    """A share for people: no more digits than they read, and never 100% of what is not whole."""
    if value is None:
        return "—"
    if 0.9995 <= value < 1:
        return ">99.9%"
    if 0 < value < 0.0005:
        return "<0.1%"
    return f"{value * 100:.1f}".rstrip("0").rstrip(".") + "%"


def bar(counts: Mapping[str, int], width: int = 300) -> list[tuple[str, float, float]]:
    """(state, x, width) of the parts of a bar; what is there at all can be seen."""
    total = sum(counts.values())
    if not total:
        return []
    wide = {state: max(width * n / total, 4) for state, n in counts.items() if n}
    scale, x, parts = width / sum(wide.values()), 0.0, []
    for state in STATES:
        if state in wide:
            parts.append((state, round(x, 2), round(wide[state] * scale, 2)))
            x += wide[state] * scale
    return parts


def spark(line: Mapping[str, Any]) -> str:
    """The points of a trend, the version itself last; '' for fewer than two values."""
    values = [v for v in (*(one["value"] for one in line["trend"]), line["value"]) if v is not None]
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    step = _TREND_WIDTH / (len(values) - 1)
    tall = (high - low) or 1
    flat = 0.5 if high == low else None
    points = ((n * step, flat if flat is not None else (v - low) / tall) for n, v in enumerate(values))
    return " ".join(f"{x + 2:.1f},{(1 - y) * (_TREND_HEIGHT - 6) + 3:.1f}" for x, y in points)


def threshold(check: Mapping[str, Any]) -> str:
    """What a check holds to, in a line: the limit, or the figures with their date and source."""
    held = check["threshold"]
    parts = [str(held["limit"])] if held.get("limit") else []
    for figure in held.get("parameters", ()):
        unit = f" {figure['unit']}" if figure["unit"] else ""
        parts.append(f"{figure['code']} = {figure['value']}{unit} ({figure['valid_from']}, {figure['source']})")
    for name, zh in _OBSERVED.items():
        if text := _between(held.get(name)):
            parts.append(f"{zh} {name} {text}")
    return "; ".join(parts)


_OBSERVED = {"observed": "实际", "bounds": "范围", "last": "上一版", "tolerance": "允许变动"}


def _between(value: Any) -> str:
    """A figure, or the two ends of a range; '' for none."""
    if not isinstance(value, list):
        return "" if value is None else f"{value}"
    return "" if value == [None, None] else "–".join("…" if end is None else f"{end}" for end in value)


def _counts(report: Mapping[str, Any], wanted: Callable[[str], bool]) -> dict[str, int]:
    """By state the checks of some stages."""
    found = Counter(check["state"] for check in report["checks"] if wanted(check["stage"]))
    return {state: found[state] for state in STATES}


def _grouped(lines: list[Mapping[str, Any]], key: str) -> list[list[Mapping[str, Any]]]:
    return [list(group) for _, group in groupby(lines, key=lambda line: line[key])]


def _by_table(report: Mapping[str, Any], stage: str) -> Iterable[tuple[str, list[Mapping[str, Any]]]]:
    checks = sorted((c for c in report["checks"] if c["stage"] == stage), key=lambda c: c["table"])
    for table, group in groupby(checks, key=lambda check: check["table"]):
        yield table, list(group)


@functools.cache
def _template(name: str) -> Template:
    engine = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    engine.filters |= {"percent": percent, "number": _number, "source": _source}
    engine.globals |= {"spark": spark, "threshold": threshold, "style": _style()}
    return engine.from_string((HERE / name).read_text("utf-8"))


def _source(source: str) -> str:
    """Where a rule comes from; `project` stands for ourselves."""
    return re.sub(r"\bproject\b", "本项目 project", source)


def _style() -> Markup:
    """Ours, and not text of anybody else: the engine must not escape it."""
    return Markup((HERE / "quality.css").read_text("utf-8"))


def _number(value: int | None) -> str:
    return "—" if value is None else f"{value:,}"
