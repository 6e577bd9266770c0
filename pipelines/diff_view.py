"""A difference between two versions as people read it: by table, by kind of change, by row, with titles for codes.

What belongs here: the order and the words, for the terminal and the page alike. What does not: finding differences
(assets/release/comparison/difference.py), printing (show_diff.py), HTML (diff_page.py).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from assets.release.comparison.difference import Difference

#: the order people want to read in: who came and went, what was wrong, what is new, what only looks new
KINDS = ("added", "removed", "redacted", "corrected", "updated", "reformatted")


@dataclass(frozen=True)
class Title:
    """A text in both languages; of a code or column that no descriptor knows, its name twice."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.zh if self.zh == self.en else f"{self.zh} {self.en}"


@dataclass(frozen=True)
class Cell:
    """One field that differs. Values are None where there is nothing, or nothing to be shown."""

    column: Title
    old: str | None
    new: str | None
    reason: Title | None
    source_sha256: str | None
    received_on: str | None
    times: int


@dataclass(frozen=True)
class Row:
    """One row that differs: whole (``cells`` empty), or in some of its fields."""

    label: str
    key: dict[str, str]
    reason: Title | None
    source_sha256: str | None
    received_on: str | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Group:
    """The rows of a table that changed in one way. ``count``: of rows or fields in all, shown or not."""

    kind: str
    title: Title
    count: int
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class TableView:
    """One table; no groups if nothing differs."""

    name: str
    title: Title
    groups: tuple[Group, ...]


def as_document(found: Difference) -> dict[str, Any]:
    """The difference for machines."""
    return {
        "dataset": found.dataset,
        "old": found.old["version"],
        "new": found.new["version"],
        "old_as_of": found.old["created"][:10],
        "new_as_of": found.new["created"][:10],
        "bump": found.bump,
        "reasons": list(found.reasons),
        "tables": {name: asdict(counts) for name, counts in found.changes.items()},
        "changes": found.changed_rows(),
    }


def tables(found: Difference) -> list[TableView]:
    """Every table of either version, in the order of the newer one."""
    kinds = _codes(_field(_resource(found, "changes"), "change"))
    rows = found.changed_rows()
    return [
        TableView(name, _title(_resource(found, name)), tuple(_groups(found, name, kinds, rows)))
        for name in found.changes
    ]


def _groups(found: Difference, name: str, kinds: dict[str, Title], rows: list[dict[str, Any]]) -> list[Group]:
    counts = asdict(found.changes[name])
    counts["redacted"] += counts["hidden"]
    reasons = _codes(_field(_resource(found, "changes"), "reason"))
    groups = []
    for kind in (k for k in KINDS if counts[k]):
        mine = [row for row in rows if (row["table_name"], row["change"]) == (name, kind)]
        by_row = groupby(mine, lambda row: (row["key"], row["label"]))
        shown = tuple(_row(found, name, key, label, list(lines), reasons) for (key, label), lines in by_row)
        groups.append(Group(kind, kinds.get(kind, Title(kind, kind)), counts[kind], shown))
    return groups


def _row(
    found: Difference, name: str, key: str, label: str, lines: list[dict[str, Any]], reasons: dict[str, Title]
) -> Row:
    whole = next((line for line in lines if line["field_name"] is None), {})
    cells = tuple(_cell(found, name, line, reasons) for line in lines if line["field_name"] is not None)
    reason = reasons.get(whole.get("reason", ""))
    return Row(label, json.loads(key), reason, whole.get("source_sha256"), whole.get("received_on"), cells)


def _cell(found: Difference, name: str, line: dict[str, Any], reasons: dict[str, Title]) -> Cell:
    column = line["field_name"]
    sides = [_field(_described(package, name), column) for package in (found.old, found.new)]
    old, new = (_coded(side, line[value]) for side, value in zip(sides, ("old_value", "new_value"), strict=True))
    title = _title(sides[1] or sides[0] or {"title": column})
    reason = reasons.get(line["reason"] or "")
    return Cell(title, old, new, reason, line["source_sha256"], line["received_on"], line["times"])


def _coded(field: dict[str, Any], value: str | None) -> str | None:
    """A code with its titles; of a list each."""
    titles = _codes(field)
    if value is None or not titles:
        return value
    parts = value.split(";") if "itemCategories" in field else [value]
    return "; ".join(f"{part} {titles[part]}" if part in titles else part for part in parts)


def _codes(field: dict[str, Any]) -> dict[str, Title]:
    categories = field.get("categories") or field.get("itemCategories") or []
    return {c["value"]: Title(c["label"], c.get("label_en", c["label"])) for c in categories}


def _title(described: dict[str, Any]) -> Title:
    zh = described.get("title") or described.get("name", "")
    return Title(zh, described.get("title_en") or zh)


def _resource(found: Difference, name: str) -> dict[str, Any]:
    return _described(found.new, name) or _described(found.old, name)


def _described(package: dict[str, Any], name: str) -> dict[str, Any]:
    return next((r for r in package["resources"] if r["name"] == name), {})


def _field(resource: dict[str, Any], column: str) -> dict[str, Any]:
    fields = resource.get("schema", {}).get("fields", [])
    return next((field for field in fields if field["name"] == column), {})
