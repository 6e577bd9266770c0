"""What `tuoyu findings` tells, as plain data: findings over time, by sender and age. Printing it is show_findings.py.

What belongs here: choosing, ordering, and what may be said: a value only when it is asked for and is no personal
data, a key only when no error is about the key itself. What does not: which findings stand (assets/raw)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import groupby
from typing import Any

from assets.quality_report import STATES, state, totals
from assets.raw.identify import decided
from assets.raw.receive import ledger, refused, sender
from assets.raw.standing import Standing, read_standing
from assets.workspace import Workspace
from pipelines.settings import Settings
from quality.corrections import Correction, load_corrections
from quality.cross_rules import cross_rule_texts
from quality.findings import Finding, explain
from quality.identities import load_identities
from quality.judging.diagnosis import PERSONAL
from schemas.registry import Registry, load

#: findings about what must not be written down: their value is never told (the gate leaves it out already)
_PERSONAL = {"header-personal-data", "private-column", *PERSONAL}
WITHHELD = "（含个人信息，不显示 personal, not shown）"


@dataclass(frozen=True)
class Wanted:
    """Which findings are asked for; None is all of them. ``older_than``: days they must have stood longer."""

    sender: str | None = None
    state: str = "open"
    code: str | None = None
    older_than: int | None = None
    values: bool = False

    def fits(self, finding: Standing, on: date) -> bool:
        return (
            self.state in ("all", finding.state)
            and (self.sender is None or finding.sender == self.sender)
            and (self.code is None or finding.code == self.code)
            and (self.older_than is None or finding.age_days(on) > self.older_than)
        )


def findings(settings: Settings, as_of: date, wanted: Wanted) -> dict[str, Any] | None:
    """Counts of all findings, lines by sender and the findings that are wanted, the oldest first.

    None before the first run. ContractError names a correction that is wrong, LookupError says which codes or senders
    there are when what is asked for is none of them."""
    registry = load(settings.profile)
    corrections = load_corrections(settings.corrections_dir, registry)
    workspace = Workspace(settings.workspace_dir)
    found = read_standing(registry, workspace, corrections, as_of)
    if found is None:
        return None
    _must_be(wanted.code, {*registry.findings, *cross_rule_texts()}, "代码 code")
    senders = {sender(one.name) for one in (*ledger(workspace), *refused(workspace))} | {f.sender for f in found}
    _must_be(wanted.sender, senders, "报送方 sender")
    chosen = [f for f in found if wanted.fits(f, as_of)]
    by_sender = [_sender(name, list(of_it), as_of) for name, of_it in groupby(chosen, lambda f: f.sender)]
    by_sender.sort(key=lambda s: (-s["oldest_days"], s["sender"]))
    place = {s["sender"]: n for n, s in enumerate(by_sender)}
    chosen.sort(key=lambda f: (place[f.sender], -f.age_days(as_of), f.severity, f.table or "", f.code, f.column or "",
                               f.file, f.sheet or "", f.row or 0))  # fmt: skip
    return {
        "as_of": as_of.isoformat(),
        "totals": totals(found, as_of),
        "state": wanted.state,
        "senders": by_sender,
        "findings": [_told(registry, f, as_of, wanted.values) for f in chosen],
        "corrections": [_correction(c, found, as_of) for c in corrections] + _identities(settings, workspace),
    }


def _must_be(asked: str | None, known: Iterable[str], what: str) -> None:
    """LookupError when something is asked for by a name that nothing has: the nearest names, or the first ones."""
    names = sorted(known)
    if asked is not None and asked not in names:
        near = get_close_matches(asked, names, 5, 0.4) or names[:10]
        raise LookupError(f"没有这个{what}: {asked}; 有 there are: {', '.join(near)}")


def _sender(name: str, found: list[Standing], on: date) -> dict[str, Any]:
    ages = [f.age_days(on) for f in found]
    counted = Counter(f.severity for f in found)
    return {
        "sender": name,
        "error": counted["error"],
        "warning": counted["warning"],
        "oldest_days": max(ages),
        "newest_days": min(ages),
    }


def _told(registry: Registry, f: Standing, on: date, values: bool) -> dict[str, Any]:
    """One finding with its words. The texts of a rule may quote the value, so they get it only when it is told.

    What is said of a file or a sheet as a whole names a kind of file, a limit or a version, and nothing of a cell."""
    of_no_cell = f.row is None and f.column is None
    value = told_value(f) if values or of_no_cell else None
    words = explain(registry, Finding(f.code, f.severity, f.table, f.file, f.sheet, f.row, f.column, value))
    table = registry.tables.get(f.table or "")
    dates = {k: getattr(f, k) for k in ("first_seen_on", "since_on", "last_seen_on", "answered_on")}
    return {
        **{k: getattr(f, k) for k in ("sender", "state", "row_count", "answered_by", "correction")},
        **{k: words[k] for k in ("severity", "code", "table", "column", "file", "sheet", "row")},
        "value": value if values else None,
        **{k: words[k] for k in ("column_zh", "says_zh", "says_en", "advice_zh", "advice_en")},
        **{k: v and v.isoformat() for k, v in dates.items()},
        "table_zh": table.title_zh if table else None,
        "key": _key(registry, f),
        "age_days": f.age_days(on),
    }


def told_value(f: Standing) -> str | None:
    """What stood in the cell, unless the finding is that it must not be written down."""
    return WITHHELD if f.value is not None and f.code in _PERSONAL else f.value


def _key(registry: Registry, f: Standing) -> dict[str, str] | None:
    """The key without what is the same in the whole district. A key that is in doubt may hold anything."""
    if f.key is None or not f.key_certain:
        return None
    return {k: v for k, v in f.key.items() if k not in registry.profile.defaults}


def _correction(correction: Correction, found: Iterable[Standing], on: date) -> dict[str, Any]:
    entry = correction.entry
    return {
        "place": correction.place,
        "state": state(correction, found, on),
        "findings": sum(f.correction == correction.place for f in found),
        "code": entry.code,
        "reason_zh": entry.reason_zh,
        "reported_by": entry.reported_by,
        "expires": entry.expires.isoformat(),
    }


def _identities(settings: Settings, workspace: Workspace) -> list[dict[str, Any]]:
    """What people decided about who is who. One that the last run did not know is in force with the next."""
    said = decided(workspace)
    return [
        {
            "place": decision.place,
            "state": "in_force" if said.get(decision.place, True) else "unneeded",
            "findings": None,
            "code": "same" if decision.same else "not_same",
            "ids": sorted(decision.ids),
            "reason_zh": decision.entry.reason_zh,
            "reported_by": decision.entry.reported_by,
            "expires": None,
        }
        for decision in load_identities(settings.corrections_dir)
    ]


def known_states() -> tuple[str, ...]:
    """What ``--state`` takes."""
    return (*STATES, "all")
