"""A published report as it stands for a version that took the place of another, without names to be forgotten.

What belongs here: `quality.json` -> `quality.json`. What does not: which names those are (assets/release/retraction).
Results stay those of the version that was replaced: the data was not judged again, and the report says so.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

#: whether somebody may still be named: (table, id field, name field, id)
MayName = Callable[[str, str, str, str], bool]


def names_hidden(report: Mapping[str, Any], may_name: MayName) -> int:
    """How many names of a report may no longer stand in it."""
    return sum(len(block["named"]) - len(_left(block, may_name)) for block in _blocks(report))


def retold(
    report: Mapping[str, Any], version: str, reason: tuple[str, str], rows: Mapping[str, int], may_name: MayName
) -> dict[str, Any]:
    """The report of the version in place of another. ``reason``: Chinese, English; ``rows``: by table as now."""
    told = copy.deepcopy(dict(report))
    first = told["replaces"]["version"] if told.get("replaces") else told["version"]
    told["replaces"] = {
        "version": told["version"],
        "judged_as": first,
        "reason_zh": reason[0],
        "reason_en": reason[1],
        "rows": dict(sorted(rows.items())),
        "note_zh": "检查结果是被代替的版本的；数据没有重新检查，只是减少了内容。",
        "note_en": "The results are those of the version replaced: content was taken away, nothing judged again.",
    }
    told["version"] = version
    for block in _blocks(told):
        block["named"] = _left(block, may_name)
    return told


def _blocks(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lists of those who have not reported."""
    return [block for block in report.get("completeness", []) if block.get("named")]


def _left(block: Mapping[str, Any], may_name: MayName) -> list[dict[str, Any]]:
    by = block["named_by"]
    return [who for who in block["named"] if may_name(by["table"], by["id"], by["name"], who["id"])]
