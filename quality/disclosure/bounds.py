"""The interval in which a sum of unknowns must lie, from sums that are public: linear programs, many in one.

What belongs here: reckoning. What does not: which questions are asked (complement.py, audit.py). All questions go to
the solver (HiGHS, by scipy) as one program whose blocks have nothing to do with each other: starting it costs more
than most questions. A simplex run of one version of it on one program gives one answer, whatever the machine does
beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

#: unknowns in one program; beyond, the time grows faster than the number of questions
PROGRAM_SIZE = 4000
#: how far a result may lie beside the truth
TOLERANCE = 1e-5


class Unsolved(Exception):
    """The solver gave up on a program, or there is no world in which everything public is true. Names no value."""


@dataclass(frozen=True)
class Question:
    """What is the least and the most that the sum of ``asked`` can be, if each unknown lies within its bounds and the
    sums ``rows`` (members, value) hold? Members and asked are positions in ``lows`` and ``highs``, which are finite.

    ``slack``: how far the value of a public sum may be from the truth, because it was rounded."""

    lows: tuple[float, ...]
    highs: tuple[float, ...]
    rows: tuple[tuple[tuple[int, ...], float], ...]
    asked: tuple[int, ...]
    slack: float = 0.0


def intervals(questions: Sequence[Question]) -> list[tuple[float, float]]:
    """(least, most) of each question. Unsolved if one has no answer."""
    found: list[tuple[float, float]] = []
    batch: list[Question] = []
    size = 0
    for question in questions:
        if batch and size + len(question.lows) > PROGRAM_SIZE:
            found += _batch(batch)
            batch, size = [], 0
        batch.append(question)
        size += len(question.lows)
    return found + _batch(batch) if batch else found


def _batch(questions: list[Question]) -> list[tuple[float, float]]:
    import numpy as np

    bounds, objective, starts = [], [], []
    rows, columns, least, most = [], [], [], []
    for question in questions:
        start = len(bounds)
        starts.append(start)
        bounds += zip(question.lows, question.highs, strict=True)
        asked = set(question.asked)
        objective += [1.0 if u in asked else 0.0 for u in range(len(question.lows))]
        for members, value in question.rows:
            rows += [len(least)] * len(members)
            columns += [start + u for u in members]
            least.append(value - question.slack)
            most.append(value + question.slack)
    program = _Program(bounds, rows, columns, least, most)
    weights = np.array(objective)
    low, high = program.solve(weights), program.solve(-weights)
    ends = [*starts[1:], len(bounds)]
    return [
        (float(weights[a:b] @ low[a:b]), float(weights[a:b] @ high[a:b])) for a, b in zip(starts, ends, strict=True)
    ]


class _Program:
    """Sums of unknowns between two values each, solved for one objective after another."""

    def __init__(self, bounds: list, rows: list[int], columns: list[int], least: list[float], most: list[float]):
        import numpy as np
        from scipy.sparse import csr_array

        self.bounds = np.array(bounds, dtype=float)
        shape = (len(least), len(bounds))
        self.matrix = csr_array((np.ones(len(rows)), (rows, columns)), shape=shape) if least else None
        self.least, self.most = np.array(least), np.array(most)

    def solve(self, weights: Any) -> Any:
        """The unknowns where the weighted sum is least."""
        limits: dict[str, Any] = {}
        if self.matrix is not None and (self.least == self.most).all():
            limits = {"A_eq": self.matrix, "b_eq": self.least}
        elif self.matrix is not None:
            from scipy.sparse import vstack

            limits = {"A_ub": vstack([self.matrix, -self.matrix]), "b_ub": [*self.most, *-self.least]}
        return solve(weights, self.bounds, **limits)


def solve(weights: Any, bounds: Any, **limits: Any) -> Any:
    """The least weighted sum within bounds and limits, by dual simplex. Unsolved if there is none."""
    from scipy.optimize import linprog

    result = linprog(weights, bounds=bounds, method="highs-ds", options={"presolve": False}, **limits)
    if result.status != 0:
        raise Unsolved(f"linear program: status {result.status}")
    return result.x
