"""What was promised of hidden numbers, asked of the attacker: by outsiders, and by insiders who know their own.

What belongs here: the questions, from what is true (which only a test knows) and from what the attacker found hidden.
What does not: reckoning (attacker.py). A promise is no wider than what everybody knows anyway: of four places no five
children can be unknown. What an earlier version said already is not asked again, if it was not small.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.attack.attacker import Bound, Edition, Name, Question, Sameness, World, attack, enrolment, guidance, visits

K = 5
#: of larger sums nobody knows enough of the others
MOST = 9


@dataclass
class Truth:
    """The last version's true numbers: (station, month) -> visits, families; (provider, month) -> children. ``differ``:
    what was another number when an earlier version was made."""

    visits: Mapping[Name, float] = field(default_factory=dict)
    families: Mapping[Name, float] = field(default_factory=dict)
    children: Mapping[Name, float] = field(default_factory=dict)
    differ: Sequence[Name] = ()


@dataclass
class Verdict:
    """What came of it. ``told``: hidden numbers that an earlier version had published."""

    asked: int = 0
    hidden: int = 0
    told: int = 0
    narrow: list[Bound] = field(default_factory=list)

    def __iadd__(self, other: Verdict) -> Verdict:
        self.asked += other.asked
        self.hidden += other.hidden
        self.told += other.told
        self.narrow += other.narrow
        return self


def judge(editions: Sequence[Edition], area: str, truth: Truth, population: Mapping[str, float]) -> Verdict:
    """Every promise about one area."""
    found = Verdict()
    for part in PARTS:
        found += part(editions, area, truth, population)
    return found


def _visits(editions: Sequence[Edition], area: str, truth: Truth, _: Mapping[str, float]) -> Verdict:
    world = World()
    hidden = visits(world, editions, area, Sameness(truth.differ))
    before = World()
    visits(before, editions[:-1], area, Sameness(truth.differ))
    known = _alone(before)
    small = {cell for cell in hidden if 0 < truth.visits.get(cell, K) < K}
    told = [cell for cell, name in hidden.items() if name in known and cell not in small]
    asked = {cell: name for cell, name in hidden.items() if cell not in told}
    own = {station: _own(world, truth.visits, station) for station in {name[2] for name in world.bounds}}
    near = {name: {m[2] for members, _, _ in world.sums if name in members for m in members} for name in asked.values()}
    questions = []
    for cell, name in asked.items():
        questions.append(_question(world, f"visits {'/'.join(cell)}", [name], {}))
        for station in sorted(near[name] - {cell[0]}):
            questions.append(_question(world, f"visits {'/'.join(cell)}", [name], own[station], station))
    return _verdict(world, [q for q in questions if q], len(hidden), len(told))


def _families(editions: Sequence[Edition], area: str, truth: Truth, _: Mapping[str, float]) -> Verdict:
    world = World()
    hidden = guidance(world, editions, area, Sameness(truth.differ), "household_total")
    inside = {members: "" for members, _, _ in world.sums if len({name[3] for name in members}) == 1}
    inside |= {frozenset(names): "/".join(cell) for cell, names in hidden.items()}
    questions = []
    for members, cell in sorted(inside.items(), key=lambda one: sorted(one[0])):
        for who in ["", *sorted({name[2] for name in members})] if len(members) <= MOST else [""]:
            knows = _own(world, truth.families, who) if who else {}
            if cell:
                questions.append(_question(world, f"families {cell}", members, knows, who))
            questions += [
                _question(world, f"families of {'/'.join(name[2:4])}", [name], knows, who)
                for name in sorted(members - knows.keys())
                if 0 < truth.families.get((name[2], name[3]), 0) < K
            ]
    return _verdict(world, [q for q in questions if q], len(hidden), 0)


def _children(editions: Sequence[Edition], area: str, truth: Truth, population: Mapping[str, float]) -> Verdict:
    world = World()
    hidden = enrolment(world, editions, area, Sameness(truth.differ), population)
    questions = []
    for cell, names in hidden.items():
        about = f"children {'/'.join(cell)}"
        questions.append(_question(world, about, names, {}))
        for who in sorted({name[2] for name in names}) if len(names) > 1 else ():
            questions.append(_question(world, about, names, _own(world, truth.children, who), who))
    for name in sorted(world.bounds):
        if 0 < truth.children.get((name[2], name[3]), 0) < K:
            beside = {m[2] for members, _, _ in world.sums if name in members and len(members) <= MOST for m in members}
            about = f"children of {name[2]} {name[3]}"
            questions.append(_question(world, about, [name], {}))
            others = sorted(beside - {name[2]})
            questions += [_question(world, about, [name], _own(world, truth.children, who), who) for who in others]
    return _verdict(world, [q for q in questions if q], len(hidden), 0)


#: visits, families, children
PARTS = (_visits, _families, _children)


def _own(world: World, truth: Mapping[Name, float], who: str) -> dict[Name, float]:
    return {n: truth[n[2], n[3]] for n in world.bounds if n[2] == who and (n[2], n[3]) in truth}


def _alone(world: World) -> dict[Name, float]:
    return {next(iter(m)): value for m, value, slack in world.sums if len(m) == 1 and slack == 0}


def _question(
    world: World, about: str, names: Iterable[Name], knows: Mapping[Name, float], who: str = ""
) -> Question | None:
    """None if what is not public of it is his own. A number that follows from others of which it is no sum is asked."""
    members, public = frozenset(names), _alone(world)
    left = members - public.keys() if len(members) > 1 else members
    room = sum(world.bounds[n][1] - world.bounds[n][0] for n in left if n not in knows)
    return Question(about, members, min(K, room), who or "outsider", knows) if room > 0 else None


def _verdict(world: World, questions: list[Question], hidden: int, told: int) -> Verdict:
    narrow = [bound for bound in attack(world, questions) if bound.narrow] if questions else []
    return Verdict(len(questions), hidden, told, narrow)


def shares(editions: Iterable[Edition]) -> Iterator[tuple[str, int, int]]:
    """(table, numbers that could be published, hidden ones) of the last version, by whose count the cost is told."""
    last = list(editions)[-1]
    for table, column in (
        ("open_station_activity_monthly", "child_visit_count"),
        ("open_guidance_activity_monthly", "household_total"),
        ("open_indicator", "indicator_value"),
    ):
        rows = [r for r in last.tables[table] if r[column] is not None or r["obs_status_code"] == "c"]
        yield table, len(rows), sum(r[column] is None for r in rows)
