"""What else has to be hidden, so that what is hidden cannot be reckoned from the rest.

What belongs here: the choice, for one system at a time. What does not: the questions of bounds (bounds.py), what is
hidden by itself and where the numbers come from (cells.py), the last look at what is published (audit.py).

The promise: for every hidden cell and everybody (the public, and each insider who knows his own unknowns) there are two
worlds that agree with everything he knows and in which the cell differs by at least its need. A cell falls short when
its interval is narrower. For each such cell and insider one linear program looks for two such worlds that cost least:
every public cell may deviate from the truth, at its cost a unit, and those that do are hidden (several insiders share a
program: what is hidden from one serves the others). Then all intervals are reckoned again, until none falls short; at
last each hidden complement is opened again if everything holds without it.
After Fischetti and Salazar (2001), Solving the cell suppression problem on tabular data with linear constraints.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from quality.disclosure.bounds import TOLERANCE, Question, Unsolved, intervals, solve
from quality.disclosure.systems import Knowledge, System

#: how far an unknown may deviate from the truth, in needs: nobody has to believe in more
REACH = 8.0
#: complements so few that nobody looks for fewer
FEW_COMPLEMENTS = 2
#: insiders looked at in one program
AT_ONCE = 6
#: complements tried to be opened again in one system
MOST_OPENED = 200
#: nobody: what the public knows, who is no insider
PUBLIC: Knowledge = {}


@dataclass(frozen=True)
class Choice:
    """``hidden``: all cells that must be hidden. ``short``: those that keep less than their need even if everything is
    hidden, because of what was told before or what everybody knows."""

    hidden: frozenset[int]
    short: frozenset[int]


def choose(system: System, *, complements: bool = True) -> Choice:
    """The cells to hide. ``complements`` False leaves only what is hidden by itself (a test that shows the leak)."""
    if not complements:
        return Choice(system.hidden, frozenset())
    looked_ahead = _search(system, ahead=True)
    if len(looked_ahead.hidden - system.hidden) <= FEW_COMPLEMENTS:
        return looked_ahead
    return min((looked_ahead, _search(system, ahead=False)), key=lambda choice: _cost(system, choice))


def _cost(system: System, choice: Choice) -> float:
    return sum(system.cells[c].cost for c in choice.hidden)


def _search(system: System, *, ahead: bool) -> Choice:
    """One way to a choice. ``ahead``: with an insider from whom a cell is not hidden those are looked at who will be
    insiders of its complements: mostly cheaper, and now and then dearer, because a program may spread what it hides."""
    hidden, needs, short = system.hidden, {c: system.cells[c].need for c in range(len(system.cells))}, set()
    while lacking := _lacking(system, hidden, needs):
        before = (hidden, dict(needs))
        for cell, about in _together(system, lacking, ahead):
            more = _cheapest(system, hidden, cell, about, needs[cell])
            if more is None:
                needs[cell] = min(_possible(system, cell, knows, needs[cell]) for knows in about)
                short.add(cell)
            else:
                hidden |= more
        if (hidden, needs) == before:  # a hair's breadth between the two programs
            hidden |= _around(system, {cell for cell, _ in lacking})
            if hidden == before[0]:
                raise Unsolved("nothing more to hide, and intervals are still too narrow")
    return Choice(_opened(system, hidden, needs), frozenset(short))


def _around(system: System, cells: set[int]) -> frozenset[int]:
    """Every cell that shares an unknown with one of these, but for those that stay known."""
    touched = {u for c in cells for u in system.cells[c].members}
    return frozenset(c for c, cell in enumerate(system.cells) if touched & set(cell.members)) - system.fixed


def _together(
    system: System, lacking: list[tuple[int, Knowledge]], ahead: bool
) -> Iterator[tuple[int, list[Knowledge]]]:
    """The insiders of a cell in groups that one program can look at: what is hidden from one serves the others too."""
    by_cell: dict[int, list[Knowledge]] = {}
    for cell, knows in lacking:
        by_cell.setdefault(cell, []).append(knows)
    for cell, about in by_cell.items():
        own = system.cells[cell].members
        more = [i for i in _nearest(system, cell) if i not in about and not _is_his(system, i, own)] if ahead else []
        for n in range(0, len(about), AT_ONCE):
            group = about[n : n + AT_ONCE]
            yield cell, group + more[: AT_ONCE - len(group)]


def _nearest(system: System, cell: int) -> list[Knowledge]:
    """All insiders, those first whose own stand in the smallest cells beside this one."""
    own = set(system.cells[cell].members)
    beside: dict[int, int] = {}
    for other in sorted(system.cells, key=lambda c: -len(c.members)):
        if own & set(other.members):
            beside |= dict.fromkeys(other.members, len(other.members))
    return sorted(system.insiders, key=lambda i: min(beside.get(u, len(system.unknowns)) for u in i))


def _opened(system: System, hidden: frozenset[int], needs: dict[int, float]) -> frozenset[int]:
    """Without the complements that turned out not to be needed, the dearest tried first.

    Most are: what they protect at once is asked first, and the rest only if that holds."""
    tried = sorted(hidden - system.hidden, key=lambda c: (-system.cells[c].cost, system.cells[c].name))
    for cell in tried[:MOST_OPENED]:
        without, near = hidden - {cell}, _around(system, {cell})
        if not _lacking(system, without, needs, near) and not _lacking(system, without, needs):
            hidden = without
    return hidden


def _lacking(
    system: System, hidden: frozenset[int], needs: dict[int, float], only: frozenset[int] | None = None
) -> list[tuple[int, Knowledge]]:
    """Hidden cells whose interval is too narrow, and for whom; of all, or of ``only`` these."""
    asked = list(_asked(system, hidden, needs, only))
    surely = [(cell, knows) for cell, knows, question in asked if question is None]
    if surely and only is not None:
        return surely
    open_ones = [(cell, knows, question) for cell, knows, question in asked if question]
    widths = [most - least for least, most in intervals([question for _, _, question in open_ones])]
    narrow = [
        (cell, knows)
        for (cell, knows, _), width in zip(open_ones, widths, strict=True)
        if width < needs[cell] - TOLERANCE
    ]
    return surely + narrow


def _asked(
    system: System, hidden: frozenset[int], needs: dict[int, float], only: frozenset[int] | None
) -> Iterable[tuple[int, Knowledge, Question | None]]:
    """Every hidden cell with every insider to whom it is not his own, unless it is plain that its interval is wide
    enough; None where nothing of it is unknown."""
    equations = system.equations(hidden)
    known = system.known(hidden)
    groups = _groups(system, hidden, equations, known)
    alike = _Alike(system, equations, groups)
    for cell in sorted(hidden - system.fixed):
        if needs[cell] <= TOLERANCE or (only is not None and cell not in only):
            continue
        left = [u for u in system.cells[cell].members if u not in known]
        if not left:
            # a sum that is withheld for itself may follow from its parts, which are public; a part from nothing
            if cell not in system.hidden or len(system.cells[cell].members) == 1:
                yield cell, PUBLIC, None
            continue
        group = groups[left[0]]
        about = [i for i in system.insiders if any(u in group for u in i) and not _is_his(system, i, left)]
        for knows in about or [PUBLIC]:
            if not alike.is_wide(left, knows, needs[cell]):
                yield cell, knows, _question(system, sorted(group), equations, left, knows)


class _Alike:
    """Unknowns that stand in the same sums can be exchanged for one another: what one has more, another has less.

    It spares most programs, and is never more than the truth."""

    def __init__(self, system: System, equations: list[tuple[int, ...]], unknowns: Iterable[int]):
        self.system = system
        sums: dict[int, list[int]] = {u: [] for u in unknowns}
        for n, members in enumerate(equations):
            for u in members:
                sums[u].append(n)
        self.sums = {u: tuple(of) for u, of in sums.items()}
        self.alike: dict[tuple[int, ...], list[int]] = {}
        for u in sorted(self.sums):
            self.alike.setdefault(self.sums[u], []).append(u)

    def is_wide(self, members: list[int], knows: Knowledge, need: float) -> bool:
        """Whether one of the members can be exchanged widely enough, with an unknown beside them or with nothing."""
        inside = set(members)
        for u in members:
            down, up = self._room(u, knows)
            if not self.sums[u] and down + up >= need:
                return True
            for other in self.alike[self.sums[u]] if self.sums[u] else ():
                less, more = self._room(other, knows)
                if other not in inside and min(down, more) + min(up, less) >= need:
                    return True
        return False

    def _room(self, u: int, knows: Knowledge) -> tuple[float, float]:
        """How far an unknown may be below and above the truth, as far as somebody knows."""
        one = self.system.unknowns[u]
        least, most = knows.get(u, (one.low, one.high))
        return max(0.0, one.value - max(least, one.low)), max(0.0, min(most, one.high) - one.value)


def _is_his(system: System, knows: Knowledge, members: Sequence[int]) -> bool:
    """Whether an insider knows a sum because all of it is his own."""
    return all(u in knows and knows[u][0] == knows[u][1] for u in members)


def _groups(
    system: System, hidden: frozenset[int], equations: list[tuple[int, ...]], known: frozenset[int]
) -> dict[int, frozenset[int]]:
    """unknown -> all unknowns that hang together with it, by public sums or in a hidden cell."""
    root: dict[int, int] = {}

    def find(u: int) -> int:
        while root.setdefault(u, u) != u:
            root[u] = root[root[u]]
            u = root[u]
        return u

    sums = [tuple(u for u in system.cells[c].members if u not in known) for c in hidden]
    for members in (*equations, *sums):
        for u in members:
            root[find(u)] = find(members[0])
    groups: dict[int, set[int]] = {}
    for u in list(root):
        groups.setdefault(find(u), set()).add(u)
    return {u: frozenset(group) for group in groups.values() for u in group}


def _question(
    system: System, group: list[int], equations: list[tuple[int, ...]], asked: list[int], knows: Knowledge
) -> Question:
    place = {u: n for n, u in enumerate(group)}
    lows, highs = _limits(system, group, knows)
    rows = tuple(
        (tuple(place[u] for u in members), system.total(members)) for members in equations if members[0] in place
    )
    return Question(lows, highs, rows, tuple(place[u] for u in asked))


def _limits(
    system: System, unknowns: Iterable[int], knows: Knowledge
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The bounds of unknowns for somebody, no farther from the truth than anybody has to go."""
    reach = REACH * max((cell.need for cell in system.cells), default=1.0)
    lows, highs = [], []
    for u in unknowns:
        one = system.unknowns[u]
        least, most = knows.get(u, (one.low, one.high))
        lows.append(min(one.value, max(least, one.low, one.value - reach)))
        highs.append(max(one.value, min(most, one.high, one.value + reach)))
    return tuple(lows), tuple(highs)


def _cheapest(
    system: System, hidden: frozenset[int], cell: int, about: list[Knowledge], need: float
) -> frozenset[int] | None:
    """The public cells that deviate in the cheapest worlds, two for each of these insiders, in which a cell differs by
    its need; None: there are none."""
    try:
        return _Worlds(system, hidden, about).cheapest(system.cells[cell].members, need)
    except Unsolved:
        return None


def _possible(system: System, cell: int, knows: Knowledge, need: float) -> float:
    """The width a cell keeps if everything that may be hidden is; its need, if it is more than that.

    What anybody can read off all the same has no width: asked is of the others, as in `_asked`."""
    everything = frozenset(range(len(system.cells)))
    known = system.known(everything)
    left = [u for u in system.cells[cell].members if u not in known]
    if not left:
        return 0.0
    group = list(range(len(system.unknowns)))
    question = _question(system, group, system.equations(everything), left, knows)
    ((least, most),) = intervals([question])
    return max(0.0, min(need, most - least) - 2 * TOLERANCE)


class _Worlds:
    """Two worlds for each insider: the unknowns of each, and how far each public cell deviates in any of them."""

    def __init__(self, system: System, hidden: frozenset[int], about: list[Knowledge]):
        self.system = system
        self.size = len(system.unknowns)
        fixed = system.known(frozenset(range(len(system.cells))))
        told = {u: (system.unknowns[u].value,) * 2 for u in fixed}
        self.limits = [_limits(system, range(self.size), {**knows, **told}) for knows in about]
        self.free = [c for c in system.told_cells(hidden) if c not in system.fixed]
        self.exact = sorted({*(system.cells[c].members for c in system.fixed), *system.told})

    def cheapest(self, asked: tuple[int, ...], need: float) -> frozenset[int]:
        """The public cells that deviate in the cheapest worlds in which the sum of ``asked`` differs by ``need``.

        Unsolved: there are no such worlds."""
        import numpy as np
        from scipy.sparse import csr_array

        n, free = self.size, self.free
        bounds = [pair for lows, highs in self.limits for pair in 2 * list(zip(lows, highs, strict=True))]
        worlds = range(0, len(bounds), n)
        upper, equal = _Rows(len(bounds) + len(free)), _Rows(len(bounds) + len(free))
        for place, c in enumerate(free, start=len(bounds)):
            members, value = self.system.cells[c].members, self.system.total(self.system.cells[c].members)
            for world in worlds:
                at = [world + u for u in members]
                upper.add([*at, place], [1.0] * len(at) + [-1.0], value)
                upper.add([*at, place], [-1.0] * len(at) + [-1.0], -value)
        for members in self.exact:
            for world in worlds:
                equal.add([world + u for u in members], [1.0] * len(members), self.system.total(members))
        for world in worlds[::2]:
            ends = [world + u for u in asked], [world + n + u for u in asked]
            upper.add([*ends[0], *ends[1]], [-1.0] * len(asked) + [1.0] * len(asked), -need)
        limits = {"A_ub": csr_array(*upper.matrix()), "b_ub": upper.values}
        if equal.values:
            limits |= {"A_eq": csr_array(*equal.matrix()), "b_eq": equal.values}
        costs = np.concatenate([np.zeros(len(bounds)), self._costs()])
        found = solve(costs, [*bounds, *((0.0, None) for _ in free)], **limits)
        moved = found[len(bounds) :]
        return frozenset(c for c, much in zip(free, moved, strict=True) if much > TOLERANCE)

    def _costs(self) -> list[float]:
        """Costs of the cells that may be hidden, no two alike: there is one cheapest answer."""
        names = sorted(self.free, key=lambda c: self.system.cells[c].name)
        nth = {c: n for n, c in enumerate(names)}
        return [self.system.cells[c].cost * (1 + 1e-3 * (nth[c] + 1) / len(names)) for c in self.free]


class _Rows:
    """Rows of a sparse matrix, one after another."""

    def __init__(self, width: int):
        self.width = width
        self.data: list[float] = []
        self.rows: list[int] = []
        self.columns: list[int] = []
        self.values: list[float] = []

    def add(self, columns: list[int], data: list[float], value: float) -> None:
        self.rows += [len(self.values)] * len(columns)
        self.columns += columns
        self.data += data
        self.values.append(value)

    def matrix(self) -> tuple:
        return ((self.data, (self.rows, self.columns)), (len(self.values), self.width))
