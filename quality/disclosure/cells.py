"""Protected numbers as systems: which cells an area publishes, what they are made of, what was said of them before.

What belongs here: the shape of each kind of number (which totals are published of which cells), and making systems of
the tables `measure_part` and `measure_primary` and of what was told. What does not: which cells are withheld for what
they are (assets/measure/measure_primary.sql), choosing complements (complement.py).

A cell is (measure, area, subdistrict, form, member, period), `_T` standing for all. Systems have nothing to do with
each other: visits of an area in a year, enrolment of an area in a month, one item of an area's survey.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from math import inf

from quality.disclosure.systems import Cell, System, Unknown
from quality.disclosure.told import FEW

ALL = "_T"
VISITS, GUIDANCE, ENROLMENT, FEES = "child_visits", "guided_households", "enrolled_children", "survey_fee"
#: what hiding a zero costs beside another cell: it protects upwards only
ZERO_COST = 2.0
#: the insiders looked at of a cell of many: those who know most of it
MOST_INSIDERS = 3
REST = "_rest"

Key = tuple[str, str, str, str, str, str]


@dataclass(frozen=True)
class Rules:
    """The dated parameters: ``k`` persons, ``share`` of an amount; survey means are published from so many answers."""

    k: float
    share: float
    mean_from: float
    as_of: date


@dataclass(frozen=True)
class Part:
    """What one of those who make up a cell contributes; ``most`` is what anybody knows it cannot exceed."""

    code: str
    value: float
    most: float
    count: int


@dataclass(frozen=True)
class Said:
    """What one edition said of a cell. ``value`` None: nothing from which the sum follows."""

    hidden: bool
    value: float | None


#: what one edition said of the cells of a system
Edition = Mapping[Key, Said]


def system_of(key: Key) -> tuple[str, ...]:
    """The system a cell belongs to."""
    measure, area, _, _, member, period = key
    if measure in (VISITS, GUIDANCE):
        return measure, area, period[:4]
    return (measure, area, period, member.rpartition("|")[0]) if measure == FEES else (measure, area, period)


def totals_of(key: Key, as_of: date) -> Iterator[tuple[Key, float]]:
    """The totals that are published of a smallest cell, and what hiding one costs beside the cell, which costs 1."""
    measure, area, subdistrict, form, member, period = key
    if measure in (VISITS, GUIDANCE):
        of_member = ALL if measure == VISITS else member
        over = date(int(period[:4]), 12, 31) <= as_of  # as measure_cell.sql: a year is over on its last day
        spans = [(period, 1.0), (period[:4], 3.0)] if over else [(period, 1.0)]
        for (span, times), (place, cost) in product(spans, ((subdistrict, 2.0), (ALL, 3.0))):
            total = (measure, area, place, ALL, of_member, span)
            if total != key:
                yield total, cost * times
    elif measure == ENROLMENT:
        for place, of_form, cost in ((subdistrict, ALL, 3.0), (ALL, form, 3.0), (ALL, ALL, 12.0)):
            yield (measure, area, place, of_form, ALL, period), cost
    elif measure == FEES:
        item, _, inclusive = member.rpartition("|")
        choices = product((subdistrict, ALL), (form, ALL), (inclusive, ALL))
        for place, of_form, of_inclusive in choices:
            total = (measure, area, place, of_form, f"{item}|{of_inclusive}", period)
            if total != key:
                yield total, 2.0 ** [place, of_form, of_inclusive].count(ALL)


@dataclass
class Built:
    """A system, and the cells of it by their place; ``silent``: cells from which no sum follows, though published."""

    system: System
    keys: list[Key | None]
    silent: frozenset[int]
    withheld: dict[Key, str] = field(default_factory=dict)


def build(
    parts: Mapping[Key, Sequence[Part]], primary: Iterable[Key], editions: Iterable[Edition], rules: Rules
) -> Built:
    """The system of smallest cells and their parts. ``primary``: cells that are withheld whatever else is."""
    return _Builder(parts, set(primary), list(editions), rules).built()


class _Builder:
    def __init__(
        self, parts: Mapping[Key, Sequence[Part]], primary: set[Key], editions: list[Edition], rules: Rules
    ):
        self.parts, self.primary, self.editions, self.rules = parts, primary, editions, rules
        self.unknowns: list[Unknown] = []
        self.of: dict[Key, list[int]] = defaultdict(list)  # a cell's unknowns
        self.under: dict[Key, list[Key]] = defaultdict(list)  # a total's smallest cells
        self.cost: dict[Key, float] = {}
        self.answers: dict[Key, int] = defaultdict(int)
        self.knows: dict[str, dict[int, tuple[float, float]]] = defaultdict(dict)
        self.own: list[tuple[str, int]] = []  # parts that are asked for by themselves

    def built(self) -> Built:
        """The system, with what is withheld in it for what earlier editions told."""
        for key in sorted(self.parts):
            self._add(key)
        withheld = dict.fromkeys(sorted(self.primary & self.of.keys()), "")
        withheld |= dict.fromkeys((c for c in self._changed() if c not in withheld), "told")
        keys: list[Key | None] = sorted(self.of)
        cells = [Cell("/".join(key), tuple(self.of[key]), self._need(self.of[key]), self.cost[key]) for key in keys]
        cells += [Cell(name, (u,), self._need([u]), 1.0) for name, u in self.own]
        silent = frozenset(c for c, key in enumerate(keys) if key not in withheld and self._is_silent(key))
        hidden = silent | {c for c, key in enumerate(keys) if key in withheld} | set(range(len(keys), len(cells)))
        cells = [Cell(c.name, c.members, 0.0, c.cost) if n in silent else c for n, c in enumerate(cells)]
        fixed = frozenset(c for c, key in enumerate(keys) if c not in silent and self._was_told(key))
        system = System(
            tuple(self.unknowns), tuple(cells), frozenset(hidden), fixed, tuple(sorted(self._sums_told())),
            tuple(self.knows[code] for code in sorted(self.knows)),
        )
        return Built(system, keys + [None] * len(self.own), silent, {k: r for k, r in withheld.items() if r})

    def _add(self, key: Key) -> None:
        """The unknowns of a smallest cell: its parts where one of them is asked for, else their sum."""
        parts = self.parts[key]
        apart = key in self.primary and len(parts) > 1
        groups = [[part] for part in parts] if apart else [list(parts)]
        for group in groups:
            place, value = len(self.unknowns), sum(part.value for part in group)
            name = "/".join(key) + (f"/{group[0].code}" if apart else "")
            self.unknowns.append(Unknown(name, value, 0.0, max(value, sum(part.most for part in group))))
            self._own_up(key, place, group)
            # who is alone with a zero knows it when another comes whose zero changes nothing
            own = 1.0 if any(part.value for part in parts) else ZERO_COST
            for total, cost in ((key, own), *totals_of(key, self.rules.as_of)):
                self.of[total].append(place)
                self.cost[total] = cost
            if apart and group[0].count == 1 and self._is_asked(key, value):
                self.own.append((name, place))
        for total in (key, *(total for total, _ in totals_of(key, self.rules.as_of))):
            self.under[total].append(key)
            self.answers[total] += sum(part.count for part in parts)

    def _own_up(self, key: Key, place: int, group: list[Part]) -> None:
        """What each insider knows of an unknown: all of it if it is his, else that it is no less than his."""
        most = sum(part.most for part in group)
        by_value = sorted((p for p in group if p.count == 1 and p.code != REST), key=lambda p: (-p.value, p.code))
        for part in by_value[:MOST_INSIDERS]:
            others = most - part.most if len(group) > 1 and most < inf else (inf if len(group) > 1 else 0.0)
            self.knows[part.code][place] = (part.value, part.value + others)

    def _is_asked(self, key: Key, value: float) -> bool:
        return value > 0 if key[0] == FEES else 0 < value < self.rules.k

    def _need(self, members: Sequence[int]) -> float:
        """The width that a sum must keep: k or a share of the amount; never more than anybody knows anyway."""
        about = [self.unknowns[u] for u in members]
        if next(iter(self.parts))[0] == FEES:
            return self.rules.share * sum(u.value for u in about)
        return min(self.rules.k, sum(u.high for u in about) - sum(u.low for u in about))

    def _is_silent(self, key: Key) -> bool:
        return key[0] == FEES and FEW < self.answers[key] < self.rules.mean_from

    def _value(self, keys: Iterable[Key]) -> float:
        return sum(part.value for key in keys for part in self.parts[key])

    def _same(self, one: float, other: float, key: Key) -> bool:
        """Whether two sums are the same, as far as published means are exact."""
        return abs(one - other) < (0.01 * (1 + self.answers[key]) if key[0] == FEES else 0.5)

    def _was_told(self, key: Key) -> bool:
        """Whether some edition said the very value that the cell has now: it cannot be taken back."""
        now = self._value(self.under[key])
        said = (edition.get(key) for edition in self.editions)
        return any(s and not s.hidden and s.value is not None and self._same(s.value, now, key) for s in said)

    def _left_over(self) -> Iterator[tuple[Key, list[Key], float]]:
        """Of every total that an edition told: its smallest cells that it hid, and their sum then; but for totals of
        which it left a cell unsaid."""
        for edition in self.editions:
            below: dict[Key, list[Key]] = defaultdict(list)
            for key in sorted(edition):
                if not _is_total(key):
                    for total, _ in totals_of(key, self.rules.as_of):
                        below[total].append(key)
            for total in sorted(below):
                said = edition.get(total)
                if said is None or said.hidden or said.value is None:
                    continue
                hidden = [k for k in below[total] if edition[k].hidden]
                if total[0] == FEES:  # of few answers the sum is hidden too, though something else is said
                    hidden = [k for k in below[total] if edition[k].hidden or edition[k].value is None]
                elif any(edition[k].value is None and not edition[k].hidden for k in below[total]):
                    continue
                rest = said.value - sum(edition[k].value or 0.0 for k in below[total] if k not in hidden)
                yield total, hidden, rest

    def _sums_told(self) -> set[tuple[int, ...]]:
        """Sums that follow from an edition and are still true: of the cells that it hid."""
        found = set()
        for total, hidden, rest in self._left_over():
            if hidden and all(k in self.parts for k in hidden) and self._same(self._value(hidden), rest, total):
                found.add(tuple(sorted(u for k in hidden for u in self.of[k])))
        return found

    def _changed(self) -> Iterator[Key]:
        """Totals that an edition told and that would tell what became of what it hid: because some of that is not what
        it was, or because 1 to k-1 came or went."""
        if next(iter(self.parts))[0] == FEES:
            return  # answers are compared cell by cell in measure_primary.sql
        for total, hidden, rest in self._left_over():
            if total not in self.under:
                continue
            now = self._value(k for k in self.under[total] if k in self.primary)
            same = all(k in self.parts for k in hidden) and self._same(self._value(hidden), rest, total)
            if (hidden and not same) or 0.5 < abs(now - rest) < self.rules.k - 0.5:
                yield total


def _is_total(key: Key) -> bool:
    """Whether a cell is a total of others."""
    measure, _, subdistrict, form, member, period = key
    if measure in (VISITS, GUIDANCE):
        return ALL in (member, subdistrict) or len(period) == 4
    if measure == FEES:
        return ALL in (subdistrict, form, member.rpartition("|")[2])
    return ALL in (subdistrict, form) or len(period) == 4


def signature(built: Built) -> tuple:
    """Two systems with the same signature have the same answer: enrolment seldom changes from month to month."""
    system = built.system
    names = tuple(tuple(part for n, part in enumerate(key) if n != 5) if key else None for key in built.keys)
    knows = tuple(tuple(sorted(insider.items())) for insider in system.insiders)
    unknowns = tuple((u.value, u.low, u.high) for u in system.unknowns)
    cells = tuple((c.members, c.need, c.cost) for c in system.cells)
    return names, unknowns, cells, system.hidden, system.fixed, system.told, knows

