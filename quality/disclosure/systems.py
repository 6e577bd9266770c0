"""A set of numbers that hang together, some of them told and some hidden, as whoever reckons with them sees it.

What belongs here: the shape of such a system, and what follows from it by looking. What does not: reckoning bounds
(bounds.py), choosing what else to hide (complement.py), where numbers come from (cells.py, audit.py).

An unknown is the smallest thing somebody might want to know: a station's count of a month, the children of a street's
family points, one respondent's answer. A cell is a sum of unknowns that is published, or would be. Everybody knows the
bounds of an unknown (no count is negative, no provider has more children than places); an insider knows his own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Unknown:
    """``low`` and ``high`` are public; ``high`` may be infinite."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Cell:
    """A sum of unknowns. ``need``: the width its interval must keep while it is hidden; ``cost``: what the public loses
    when it is hidden, relative to the other cells of the system."""

    name: str
    members: tuple[int, ...]
    need: float
    cost: float


#: what an insider knows of unknowns: index -> (low, high)
Knowledge = Mapping[int, tuple[float, float]]


@dataclass(frozen=True)
class System:
    """``hidden``: cells that are not published whatever is chosen. ``fixed``: cells that stay known whatever is chosen,
    because they were told before. ``told``: sums that were told before, over the unknowns they had then."""

    unknowns: tuple[Unknown, ...]
    cells: tuple[Cell, ...]
    hidden: frozenset[int]
    fixed: frozenset[int] = frozenset()
    told: tuple[tuple[int, ...], ...] = ()
    insiders: tuple[Knowledge, ...] = field(default=())

    def total(self, members: tuple[int, ...]) -> float:
        """The true value of a sum."""
        return sum(self.unknowns[u].value for u in members)

    def known(self, hidden: frozenset[int]) -> frozenset[int]:
        """The unknowns that anybody can read off, because a cell holds nothing else."""
        alone = (self.cells[c].members for c in self.told_cells(hidden))
        return frozenset(m[0] for m in (*alone, *self.told) if len(m) == 1)

    def told_cells(self, hidden: frozenset[int]) -> Iterator[int]:
        """The cells whose value is public when these are hidden."""
        return (c for c in range(len(self.cells)) if c not in hidden or c in self.fixed)

    def equations(self, hidden: frozenset[int]) -> list[tuple[int, ...]]:
        """The sums that are public, each of the unknowns that are left in it."""
        known = self.known(hidden)
        sums = [self.cells[c].members for c in self.told_cells(hidden)]
        left = (tuple(u for u in members if u not in known) for members in (*sums, *self.told))
        return sorted({members for members in left if members})
