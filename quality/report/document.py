"""`quality.json` of one version: the shape and order of what is published about its quality.

What belongs here: facts -> a document with stable keys (published/README.md lists them). What does not: counting
(received.py, indicators.py, completeness.py), the page (assets/release/pages). Every block that could not be evaluated
says so with its reason; nothing is left out in silence.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from quality.report.completeness import Expectation, expectations
from quality.report.facts import Checked, Expected, Facts
from quality.report.indicators import indicators, score
from quality.rule_list import rule_list
from schemas.model import Dataset
from schemas.registry import Registry

FORMAT = "tuoyu-quality/1"
#: states of a check, the worst first
STATES = ("failed", "crashed", "warned", "not_evaluated", "passed")
#: of those who have not reported so many are named; all are counted
MOST_NAMED = 300
#: public names by the code of an expectation: (area, id) -> name
Names = Mapping[str, Mapping[tuple[str, str], str]]


@dataclass(frozen=True)
class About:
    """Which version a report is of. ``before``: the report of the version before it, or None."""

    registry: Registry
    dataset: Dataset
    version: str
    as_of: date
    names: Names = field(default_factory=dict)
    before: Mapping[str, Any] | None = None


def document(about: About, facts: Facts) -> dict[str, Any]:
    """The report. The same facts make the same document."""
    registry, dataset = about.registry, about.dataset
    lines = indicators(registry.quality, facts, about.before)
    head = {
        "format": FORMAT,
        "dataset": dataset.name,
        "title": dataset.title_zh,
        "title_en": dataset.title_en,
        "version": about.version,
        "as_of": about.as_of.isoformat(),
        "contracts": registry.fingerprint,
        "publisher": registry.profile.publisher.name_zh if registry.profile.publisher else "",
        "synthetic": registry.profile.synthetic,
        "previous_version": about.before["version"] if about.before else None,
        "replaces": None,
    }
    body = {
        "tables": [_table(registry, name, facts) for name in facts.tables],
        "indicators": lines,
        "score": score(lines, registry.parameters(about.as_of)),
        "completeness": _completeness(about, facts),
        "freshness": facts.freshness if facts.freshness is not None else _unknown("freshness"),
        "findings": dict(facts.findings) if facts.findings is not None else _unknown("findings"),
        "disclosure": dict(facts.disclosure) if facts.disclosure is not None else _unknown("disclosure"),
        "checks": [_check(one) for one in sorted(facts.checks, key=_rank)],
    }
    body["not_checked"] = _not_checked(about, facts, lines, body)
    return head | {"summary": summary(body)} | body


def summary(body: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of the first screen: what was checked, what is wrong, how old."""
    published = Counter(check["state"] for check in body["checks"] if check["stage"] != "received")
    received = Counter(check["state"] for check in body["checks"] if check["stage"] == "received")
    rows = [table for table in body["tables"] if table["received"] is not None]
    reports = [block for block in body["completeness"] if block["state"] == "evaluated"]
    open_ones = body["findings"].get("totals", {})
    return {
        "checks_of_published": {state: published[state] for state in STATES},
        "checks_of_received": {state: received[state] for state in STATES},
        "received_rows": sum(table["received"] for table in rows) if rows else None,
        "held_rows": sum(table["held"] for table in rows) if rows else None,
        "expected_reports": sum(block["expected"] for block in reports) if reports else None,
        "received_reports": sum(block["received"] for block in reports) if reports else None,
        "open_errors": open_ones.get("open", {}).get("error"),
        "open_warnings": open_ones.get("open", {}).get("warning"),
        "oldest_open_days": open_ones.get("oldest_days"),
        "withheld_cells": sum(t["withheld"] for t in body["disclosure"].get("tables", [])),
        "stale_values": sum(field["stale"] for field in body["freshness"].get("fields", [])),
        "better": sum(line["moved"] == "better" for line in body["indicators"]),
        "worse": sum(line["moved"] == "worse" for line in body["indicators"]),
        "evaluated_indicators": sum(line["state"] == "evaluated" for line in body["indicators"]),
    }


def _table(registry: Registry, name: str, facts: Facts) -> dict[str, Any]:
    table = registry.tables[name]
    received, held = facts.rows.get(name, (None, None))
    titles = {"name": name, "layer": table.layer, "title": table.title_zh, "title_en": table.title_en}
    return titles | {"received": received, "held": held}


def _check(one: Checked) -> dict[str, Any]:
    result = one.result
    return {
        "stage": one.stage,
        "table": result.table,
        "column": result.column,
        "code": result.code,
        "severity": result.severity,
        "state": result.state,
        "failed": result.failed_count,
        "evaluated": result.evaluated_count,
        "says_zh": result.description_zh,
        "says_en": result.description_en,
        "threshold": result.threshold,
        "source": result.source,
        "dq": result.dq,
    }


def _rank(one: Checked) -> tuple[Any, ...]:
    result = one.result
    return STATES.index(result.state), one.stage, result.table, result.code, result.column or ""


#: why a block has nothing to say
_REASONS = {
    "findings": ("只得到公布的表，来件和待办问题未知", "only published tables were given, no findings"),
    "freshness": ("没有计算各字段的时效", "the age of values was not counted"),
    "disclosure": ("没有计算不予公布的单元", "withheld cells were not counted"),
    "completeness": ("只得到公布的表，不知道应由谁报送", "only published tables were given: who reports is not known"),
}


def _unknown(block: str) -> dict[str, Any]:
    zh, en = _REASONS[block]
    return {"state": "not_evaluated", "reason_zh": zh, "reason_en": en}


def _completeness(about: About, facts: Facts) -> list[dict[str, Any]]:
    if facts.expected is None:
        return []
    known = {one.code: one for one in expectations()}
    return [_expected(about, known[one.code], one) for one in facts.expected]


def _expected(about: About, what: Expectation, found: Expected) -> dict[str, Any]:
    """One kind of report; of those that lack it only who is named in a published table."""
    words = {"code": what.code, "title_zh": what.zh, "title_en": what.en}
    words |= {"expects_zh": what.expects_zh, "expects_en": what.expects_en, "source": what.source}
    if found.reason:
        return words | {"state": "not_evaluated", "reason_zh": found.reason[0], "reason_en": found.reason[1]}
    names = about.names.get(what.code, {})
    named = [
        {"area_code": who[0], "id": who[1], "name": names[who], "lacks": list(lacks)}
        for who, lacks in sorted(found.missing.items())
        if who in names
    ]
    public = what.names and {"table": what.names.table, "id": what.names.id_field, "name": what.names.name_field}
    return words | {
        "state": "evaluated",
        "expected": sum(expected for _, expected, _ in found.periods),
        "received": sum(received for *_, received in found.periods),
        "periods": [{"period": p, "expected": e, "received": r} for p, e, r in found.periods],
        "missing_reporters": len(found.missing),
        "named_by": public,
        "named": named[:MOST_NAMED],
    }


def _not_checked(
    about: About, facts: Facts, lines: list[dict[str, Any]], body: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """What nobody knows: checks that crashed or lack a figure, rules that are left out, blocks and sub-indicators."""
    found = [
        _unasked(one.result.state, one.result.code, one.result.table, one.result.description_zh,
                 one.result.description_en, one.result.source)
        for one in sorted(facts.checks, key=_rank)
        if one.result.state in ("crashed", "not_evaluated")
    ]  # fmt: skip
    for rule in _left_out(_Book(about.registry.fingerprint, about.as_of, about.registry)):
        why = _why(rule)
        zh, en = f"{rule['zh']}：{why[0]}", f"{rule['en']}: {why[1]}"
        found.append(_unasked(rule["state"], rule["id"], None, zh, en, rule["source"]))
    for line in lines:
        if line["state"] == "not_evaluated":
            zh, en = f"{line['title_zh']}：{line['reason_zh']}", f"{line['title_en']}: {line['reason_en']}"
            found.append(_unasked("not_evaluated", line["code"], None, zh, en, "GB/T 36344-2018"))
    if facts.expected is None:
        found.append(_unasked("not_evaluated", "completeness", None, *_REASONS["completeness"], ""))
    for block in ("freshness", "findings", "disclosure"):
        if body[block].get("state") == "not_evaluated":
            zh, en = body[block]["reason_zh"], body[block]["reason_en"]
            found.append(_unasked("not_evaluated", block, None, zh, en, ""))
    for one in body["completeness"]:
        if one["state"] == "not_evaluated":
            zh, en = f"{one['title_zh']}：{one['reason_zh']}", f"{one['title_en']}: {one['reason_en']}"
            found.append(_unasked("not_evaluated", one["code"], None, zh, en, one["source"]))
    return found


@dataclass(frozen=True)
class _Book:
    """The rule book of contracts, known by their fingerprint, on a day."""

    fingerprint: str
    as_of: date
    registry: Registry = field(compare=False)


@functools.lru_cache(maxsize=4)
def _left_out(book: _Book) -> tuple[dict[str, Any], ...]:
    """The rules that nothing looks after here; the same for every dataset of a release."""
    listed = rule_list(book.registry, book.as_of)["book"] if book.registry.rulebook else ()
    return tuple(rule for rule in listed if rule["state"] in ("left_out", "not_adopted"))


def _why(rule: Mapping[str, Any]) -> tuple[str, str]:
    if rule["state"] == "left_out":
        return rule["note_zh"], rule["note_en"]
    return "本地区没有采用", "this profile has not adopted it"


def _unasked(state: str, code: str, table: str | None, zh: str, en: str, source: str) -> dict[str, Any]:
    return {"state": state, "code": code, "table": table, "says_zh": zh, "says_en": en, "source": source}
