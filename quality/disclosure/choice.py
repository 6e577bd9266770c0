"""The cells to be withheld so that the withheld ones stay unknown: `measure_part` in, `chosen_complement` out.

What belongs here: reading the tables, one system after another, and what came of it. What does not: what a system is
(cells.py), the choice in one (complement.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from math import inf

from duckdb import DuckDBPyConnection

from quality.disclosure.cells import (
    ENROLMENT,
    Built,
    Edition,
    Key,
    Part,
    Rules,
    Said,
    build,
    signature,
    system_of,
    totals_of,
)
from quality.disclosure.complement import choose
from schemas.compile.duckdb import quote
from schemas.registry import Registry

_KEY = "protected_measure_code, area_code, subdistrict_code, service_form_code, member_code, period"
COLUMNS = ", ".join(f"{name} VARCHAR" for name in (*_KEY.split(", "), "withheld_reason_code"))


#: k, the share of its value that a hidden amount keeps as its interval, and from how many answers a mean is published
PARAMETERS = ("small_cell_minimum", "fee_interval_share_min", "fee_mean_min_providers")


def solver_version() -> str:
    """What the choice depends on beside the data: another version of the solver may find another answer as cheap."""
    return f"scipy {version('scipy')}"


def rules_of(registry: Registry, as_of: date) -> Rules | None:
    """The parameters in force; None without k or without the share of an amount: then nothing is chosen, because
    without k nothing is published that would need it, and without the share no survey."""
    in_force = registry.parameters(as_of)
    k, share, mean = (in_force.get(code) for code in PARAMETERS)
    if k is None or share is None:
        return None
    return Rules(float(k.value), float(share.value), float(mean.value) if mean else inf, as_of)


@dataclass
class Outcome:
    """How many systems were looked at, and cells that keep less than promised because of what everybody knew before."""

    systems: int = 0
    solved: int = 0
    short: int = 0


def chosen_complements(
    con: DuckDBPyConnection, name: str, rules: Rules | None, *, complements: bool = True
) -> Outcome:
    """Makes the table ``name`` of the cells that are withheld because of others. Reads `measure_part`,
    `measure_primary` and `told_cell`. Without ``rules`` (no k in force) nothing is published that would need it."""
    con.execute(f"CREATE OR REPLACE TABLE {quote(name)} ({COLUMNS})")
    outcome = Outcome()
    if rules is None:
        return outcome
    rows, known, before = [], {}, Before()
    for aspects, primary in _systems(con):
        outcome.systems += 1
        content = contents(aspects[0][0], rules.as_of)
        chosen: dict[Key, str] = dict.fromkeys(before.hidden_of(content) - primary if complements else (), "complement")
        waiting = list(aspects)
        while waiting:  # what stands or falls together is chosen for one aspect after another until nothing is added
            parts, editions = waiting.pop(0)
            built = before.known_in(build(parts, primary | chosen.keys(), editions, rules), content)
            sign = signature(built)
            if sign not in known:
                outcome.solved += 1
                known[sign] = choose(built.system, complements=complements)
            choice = known[sign]
            more = {built.keys[c]: "complement" for c in choice.hidden - built.system.hidden} | built.withheld
            outcome.short += len(choice.short)
            if more and len(aspects) > 1:
                waiting = [one for one in aspects if one[0] is not parts]
            chosen |= {key: reason for key, reason in more.items() if key}
        before.note(content, primary | chosen.keys())
        rows += [[*key, reason] for key, reason in chosen.items()]
    if rows:
        columns = [list(column) for column in zip(*sorted(rows), strict=True)]
        con.execute(f"INSERT INTO {quote(name)} SELECT {', '.join(['unnest(?::VARCHAR[])'] * len(columns))}", columns)
    return outcome


#: who makes up a cell of enrolment, and with how many each
Content = tuple[tuple[str, ...], ...]


def contents(parts: Mapping[Key, list[Part]], as_of: date) -> dict[Key, Content]:
    """Of enrolment each cell and total, and who makes it up; of others nothing, where no month is like the other."""
    found: dict[Key, list[tuple[str, ...]]] = defaultdict(list)
    for key in sorted(parts):
        for cell in (key, *(total for total, _ in totals_of(key, as_of))) if key[0] == ENROLMENT else ():
            found[cell] += [(*key[2:4], part.code, str(part.value)) for part in parts[key]]
    return {cell: tuple(members) for cell, members in found.items()}


class Before:
    """The months before, for what does not change from month to month: enrolment is constant between two filings.

    A cell that a month showed is known in each later one in which the same make it up; one that was hidden stays so."""

    def __init__(self) -> None:
        self.shown: set[tuple] = set()
        self.hidden: set[tuple] = set()

    def hidden_of(self, content: Mapping[Key, Content]) -> set[Key]:
        """The cells that were hidden, and never shown, as they are now."""
        return {
            key for key, of in content.items() if (*key[:5], of) in self.hidden and (*key[:5], of) not in self.shown
        }

    def known_in(self, built: Built, content: Mapping[Key, Content]) -> Built:
        """The system with the cells fixed that were shown as they are now."""
        shown = {c for c, key in enumerate(built.keys) if key in content and (*key[:5], content[key]) in self.shown}
        return replace(built, system=replace(built.system, fixed=built.system.fixed | shown)) if shown else built

    def note(self, content: Mapping[Key, Content], hidden: set[Key]) -> None:
        """A month that is done."""
        for key, of in content.items():
            (self.hidden if key in hidden else self.shown).add((*key[:5], of))


#: what is counted of the smallest cells of a system, and what was said of that
Aspect = tuple[dict[Key, list[Part]], list[Edition]]


def _systems(con: DuckDBPyConnection) -> Iterator[tuple[list[Aspect], set[Key]]]:
    """Every system with a withheld cell: its aspects, which are withheld together, and what is withheld of it."""
    parts: dict[tuple, dict[int, dict[Key, list[Part]]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    read = f"SELECT {_KEY}, aspect_no, part_code, part_value::DOUBLE, part_maximum::DOUBLE, part_count"
    for *key, aspect, code, value, most, count in con.execute(f"{read} FROM measure_part ORDER BY ALL").fetchall():
        known = tuple(key)
        parts[system_of(known)][aspect][known].append(Part(code, value, inf if most is None else most, count))
    primary: dict[tuple, set[Key]] = defaultdict(set)
    for key in con.execute(f"SELECT {_KEY} FROM measure_primary ORDER BY ALL").fetchall():
        primary[system_of(key)].add(key)
    told = {1: _told(con, "told_value"), 2: _told(con, "other_value")}
    for system in sorted(parts):
        aspects = [(parts[system][no], told[no].get(system, [])) for no in sorted(parts[system])]
        yield aspects, primary[system]


def _told(con: DuckDBPyConnection, value: str) -> dict[tuple, list[Edition]]:
    """What the editions said of the systems that are looked at; of two that said the same, one."""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE looked_at AS SELECT DISTINCT protected_measure_code, area_code, "
        "substr(period, 1, 4) AS year FROM measure_part"
    )
    read = (
        f"SELECT told_no, {_KEY}, is_hidden, {value} FROM told_cell t WHERE EXISTS (FROM looked_at l WHERE "
        "l.protected_measure_code = t.protected_measure_code AND l.area_code = t.area_code "
        "AND l.year = substr(t.period, 1, 4)) ORDER BY ALL"
    )
    found: dict[tuple, dict[int, dict[Key, Said]]] = defaultdict(lambda: defaultdict(dict))
    for no, *key, hidden, value in con.execute(read).fetchall():
        known = tuple(key)
        found[system_of(known)][no][known] = Said(hidden, value)
    return {system: _different(list(editions.values())) for system, editions in found.items()}


def _different(editions: list[dict[Key, Said]]) -> list[Edition]:
    once = {frozenset(edition.items()): edition for edition in editions}
    return list(once.values())
