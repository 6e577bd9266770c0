"""What a report is made of: the results and counts that somebody knows about the tables behind one dataset.

What belongs here: the shapes. What does not: getting them (assets/), saying them (document.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from quality.checks import CheckResult

#: received: what the gate judged of received rows; table: before a table is written; second_opinion and expectation:
#: Great Expectations; published: the published rows once more; release and disclosure: the gates of a release
Stage = Literal["received", "table", "second_opinion", "expectation", "published", "release", "disclosure"]
STAGES: tuple[Stage, ...] = Stage.__args__


@dataclass(frozen=True)
class Checked:
    """A result and where on the way it came about."""

    stage: Stage
    result: CheckResult


@dataclass(frozen=True)
class Share:
    """A of B. ``of`` 0: there was nothing to count."""

    count: int
    of: int

    @property
    def value(self) -> float | None:
        """To six decimals, so that the same counts write the same text everywhere."""
        return round(self.count / self.of, 6) if self.of else None


@dataclass(frozen=True)
class Expected:
    """Who should have reported and who has: one of ``expected/*.sql``, counted.

    ``periods``: (period or None, expected, received), in order. ``missing``: (area, id) -> the periods that lack, of
    those who have not reported. ``reason``: why it could not be evaluated; then all else is empty."""

    code: str
    periods: tuple[tuple[str | None, int, int], ...] = ()
    missing: Mapping[tuple[str, str], tuple[str | None, ...]] = field(default_factory=dict)
    reason: tuple[str, str] | None = None


@dataclass(frozen=True)
class Facts:
    """All that is known about the tables behind a dataset. None of a block: it was not asked.

    ``tables``: every table behind it, itself included. ``rows``: of each received table the rows (received, held).
    ``findings``: counts of what stands (assets/quality_report.py). ``shares``: counts by name, as ``measure`` of
    schemas/quality.yml names them; a name that is missing was not counted. ``freshness``, ``disclosure``: blocks as
    they are published."""

    tables: tuple[str, ...] = ()
    checks: tuple[Checked, ...] = ()
    rows: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    findings: Mapping[str, Any] | None = None
    expected: tuple[Expected, ...] | None = None
    shares: Mapping[str, Share] = field(default_factory=dict)
    freshness: Any | None = None
    disclosure: Mapping[str, Any] | None = None
