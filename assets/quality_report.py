"""The quality report: how many findings stand, of which kind and how long. Counts only, never a value or a name.

``workspace/quality.json`` is what a release may take along; a run prints its first lines, Dagster shows them by
table. What does not belong here: the findings themselves (raw/standing.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import Any

from assets.raw.standing import Standing, read_standing
from assets.workspace import Context, Workspace, read_json, write_json
from quality.corrections import Correction, load_corrections
from quality.findings import figures, filled, finding_text
from schemas.registry import Registry

STATES = ("open", "answered", "waived")
#: how a report groups ages, in days; nothing is decided by it
_AGES = (30, 90, 365)


def build_quality_report(ctx: Context) -> dict[str, Any]:
    """Counts what stands on the as-of date, writes and returns it."""
    corrections = load_corrections(ctx.corrections_dir, ctx.registry)
    found = read_standing(ctx.registry, ctx.workspace, corrections, ctx.as_of) or []
    report = {
        "as_of": ctx.as_of.isoformat(),
        "rules": ctx.registry.fingerprint[:12],
        "findings": totals(found, ctx.as_of),
        "by_table": _by_table(found),
        "by_code": by_code(ctx.registry, found, ctx.as_of),
        "by_age": by_age(found, ctx.as_of),
        "corrections": dict(sorted(Counter(state(c, found, ctx.as_of) for c in corrections).items())),
    }
    if report != read_json(ctx.workspace.quality):
        write_json(ctx.workspace.quality, report)
    return report


def read_quality_report(workspace: Workspace) -> dict[str, Any] | None:
    """The report of the last run, or None before the first."""
    return read_json(workspace.quality)


def totals(found: Iterable[Standing], on: date) -> dict[str, Any]:
    """Counts by state and severity; of the open ones also whose (how many) and since when."""
    found = list(found)
    still = [f for f in found if f.state == "open"]
    oldest = min((f.since_on for f in still), default=None)
    return _counted(found) | {
        "senders": len({f.sender for f in still}),
        "oldest_since": oldest.isoformat() if oldest else None,
        "oldest_days": max((f.age_days(on) for f in still), default=None),
    }


def state(correction: Correction, found: Iterable[Standing], on: date) -> str:
    """in_force: it waives something; unneeded: nothing it is about stands any more; expired: its last day is over."""
    if not correction.in_force(on):
        return "expired"
    return "in_force" if any(f.correction == correction.place for f in found) else "unneeded"


def _counted(found: Iterable[Standing]) -> dict[str, dict[str, int]]:
    """state -> severity -> findings."""
    counts = Counter((f.state, f.severity) for f in found)
    return {s: {severity: counts[s, severity] for severity in ("error", "warning")} for s in STATES}


def _by_table(found: list[Standing]) -> list[dict[str, Any]]:
    names = sorted({f.table or "" for f in found})
    return [{"table": name or None} | _counted(f for f in found if (f.table or "") == name) for name in names]


def by_code(registry: Registry, found: list[Standing], on: date) -> list[dict[str, Any]]:
    """By code, with its words and the sub-indicator of GB/T 36344 it belongs to."""
    groups: dict[str, list[Standing]] = {}
    for f in found:
        groups.setdefault(f.code, []).append(f)
    return [{"code": c} | _words(registry, c, on) | _counted(groups[c]) for c in sorted(groups)]


def _words(registry: Registry, code: str, on: date) -> dict[str, str | None]:
    """What a finding says, without the place it is about."""
    text, known = finding_text(registry, code), figures(registry, on)
    return {"dq": text.dq, "says_zh": filled(text.says_zh, known, "…"), "says_en": filled(text.says_en, known, "…")}


def by_age(found: list[Standing], on: date) -> list[dict[str, Any]]:
    """The open ones by the days they have stood; ``to_days`` is included, None is without end."""
    still = [f for f in found if f.state == "open"]
    limits = zip((0, *(a + 1 for a in _AGES)), (*_AGES, None), strict=True)
    return [
        {"from_days": low, "to_days": high}
        | {
            severity: sum(
                f.severity == severity and low <= f.age_days(on) and (high is None or f.age_days(on) <= high)
                for f in still
            )
            for severity in ("error", "warning")
        }
        for low, high in limits
    ]
