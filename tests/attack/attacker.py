"""Somebody who reckons: from everything published, how narrow is the interval in which a hidden number must lie?

An attacker of our own, written from the published files alone (CSV, all versions) and not from the code that chose
what to hide: nothing of `quality.disclosure` is imported. What belongs here: reading the files into unknowns and sums,
and the linear programs. What does not: judging (judging.py knows the truth and what was promised), making districts.

What he assumes: no count is negative; a station that did not open saw nobody; no provider has more children than
places; a row of which nothing visible changed between two versions is the same row. An insider knows his own numbers
besides.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

#: unknowns of one program; questions are asked together, for starting the solver takes longer than most of them
PROGRAM = 6000
#: nothing is farther from nothing than this: an open interval is wide enough
FAR = 1e6
#: what the solver may be wrong by
CLOSE = 1e-4

Name = tuple[str, ...]
Row = dict[str, str]


@dataclass
class World:
    """What is known: bounds of unknowns, and sums of some of them, each with how far it may be off by rounding."""

    bounds: dict[Name, tuple[float, float]] = field(default_factory=dict)
    sums: list[tuple[frozenset[Name], float, float]] = field(default_factory=list)

    def unknown(self, name: Name, low: float = 0.0, high: float = FAR) -> Name:
        least, most = self.bounds.get(name, (0.0, FAR))
        self.bounds[name] = (max(low, least), min(high, most))
        return name

    def say(self, members: Iterable[Name], value: float, slack: float = 0.0) -> None:
        """A published sum."""
        if told := frozenset(members):
            self.sums.append((told, value, slack))


@dataclass(frozen=True, eq=False)
class Question:
    """A sum that somebody wants to know, and the least width that was promised; ``knows``: what he knows himself."""

    about: str
    members: frozenset[Name]
    need: float
    who: str = "outsider"
    knows: Mapping[Name, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Bound:
    """The answer."""

    question: Question
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.question.about}: {self.low:g}..{self.high:g}, {self.question.who}"

    @property
    def narrow(self) -> bool:
        return self.high - self.low < self.question.need - 10 * CLOSE


class Impossible(Exception):
    """No world agrees with everything: somebody published what is not true, or the attacker reads it wrongly."""


def attack(world: World, questions: Sequence[Question]) -> list[Bound]:
    """The interval of each question, two linear programs for as many as fit into one."""
    near = _components(world, questions)
    found: list[Bound] = []
    batch: list[tuple[Question, list[Name]]] = []
    size = 0
    for question in questions:
        names = sorted(frozenset().union(*(near[name] for name in question.members)))
        if batch and size + len(names) > PROGRAM:
            found += _solve(world, batch)
            batch, size = [], 0
        batch.append((question, names))
        size += len(names)
    return found + (_solve(world, batch) if batch else [])


def _components(world: World, questions: Sequence[Question]) -> dict[Name, frozenset[Name]]:
    """Each unknown with all those that it hangs together with; what is known by itself connects nothing."""
    alone = {next(iter(m)) for m, _, slack in world.sums if len(m) == 1 and slack == 0}
    root: dict[Name, Name] = {}

    def find(name: Name) -> Name:
        while root.setdefault(name, name) != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for members in (*(m for m, _, _ in world.sums), *(q.members for q in questions)):
        first, *others = sorted(members - alone) or sorted(members)
        for other in others:
            root[find(other)] = find(first)
    groups: dict[Name, set[Name]] = defaultdict(set)
    for name in world.bounds:
        groups[find(name)].add(name)
    return {name: frozenset(group) for group in groups.values() for name in group}


def _solve(world: World, batch: list[tuple[Question, list[Name]]]) -> list[Bound]:
    told = {next(iter(m)): value for m, value, slack in world.sums if len(m) == 1 and slack == 0}
    about: dict[Name, list[int]] = defaultdict(list)
    for number, (members, _, _) in enumerate(world.sums):
        for name in members:
            about[name].append(number)
    bounds, starts, weights = [], [], []
    rows, columns, least, most = [], [], [], []
    for question, names in batch:
        start = len(bounds)
        starts.append(start)
        at = {name: start + place for place, name in enumerate(names)}
        for name in names:
            own = question.knows.get(name, told.get(name))
            low, high = world.bounds[name]
            bounds.append((own, own) if own is not None else (low, high))
            weights.append(1.0 if name in question.members else 0.0)
        for number in sorted({n for name in names for n in about[name]}):
            members, value, slack = world.sums[number]
            inside = [at[name] for name in members if name in at]
            if any(name not in at and name not in told for name in members):
                continue  # a sum of others, in which something known stands too
            outside = sum(told[name] for name in members if name not in at)
            rows += [len(least)] * len(inside)
            columns += inside
            least.append(value - outside - slack)
            most.append(value - outside + slack)
    matrix = csr_array((np.ones(len(rows)), (rows, columns)), shape=(len(least), len(bounds)))
    low = _least(np.array(weights), bounds, matrix, np.array(least), np.array(most))
    high = _least(-np.array(weights), bounds, matrix, np.array(least), np.array(most))
    ends = [*starts[1:], len(bounds)]
    part = [slice(a, b) for a, b in zip(starts, ends, strict=True)]
    cost = np.array(weights)
    return [
        Bound(question, float(cost[p] @ low[p]), float(cost[p] @ high[p]))
        for (question, _), p in zip(batch, part, strict=True)
    ]


def _least(cost: np.ndarray, bounds: list, matrix: csr_array, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    if not matrix.shape[0]:
        return np.array([low if c >= 0 else high for c, (low, high) in zip(cost, bounds, strict=True)])
    both = {"A_ub": vstack([matrix, -matrix]), "b_ub": np.concatenate([most + CLOSE / 10, CLOSE / 10 - least])}
    found = linprog(cost, bounds=np.array(bounds, dtype=float), method="highs", **both)
    if found.status != 0:
        raise Impossible(f"status {found.status}")
    return found.x


# -- what the files say


@dataclass(frozen=True)
class Edition:
    """The tables of one release, read from their CSV files."""

    number: int
    tables: dict[str, list[Row]]

    def rows(self, table: str, area: str) -> list[Row]:
        return [row for row in self.tables.get(table, ()) if row["area_code"] == area]


#: what the attacker reads, if it is there
READ = ("open_station", "open_station_activity_monthly", "open_guidance_activity_monthly", "open_indicator",
        "open_provider", "open_fee_statistics")  # fmt: skip


def editions_of(published: Path) -> list[Edition]:
    """Every release of a published folder, oldest first: the CSV files its manifest names."""
    import json

    found, pointer = [], json.loads((published / "current.json").read_bytes())
    at: str | None = pointer["release"]
    while at:
        manifest = json.loads((published / "releases" / at / "manifest.json").read_bytes())
        files = [published / file["path"] for dataset in manifest["datasets"] for file in dataset["files"]]
        found.append({f.stem: f for f in files if f.suffix == ".csv" and f.stem in READ})
        at = (manifest["previous"] or {}).get("release")
    return [read_edition(number, paths) for number, paths in enumerate(reversed(found))]


def read_edition(number: int, paths: Mapping[str, Path]) -> Edition:
    """The tables of one release from its CSV files."""
    tables = {}
    for name, path in paths.items():
        relation = duckdb.sql(f"SELECT * FROM read_csv('{path}', all_varchar = true, header = true, nullstr = '')")
        tables[name] = [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
    return Edition(number, tables)


def areas(edition: Edition) -> list[str]:
    return sorted({row["area_code"] for row in edition.tables["open_indicator"]})


class Sameness:
    """Which rows of different versions are one: those whose visible columns agree, unless ``differ`` says otherwise.

    ``differ``: (kind, row) whose hidden numbers really changed; an attacker who took them for one would err."""

    def __init__(self, differ: Iterable[Name] = ()) -> None:
        self.differ = set(differ)
        self.seen: dict[Name, dict[str, tuple[int, str | None]]] = defaultdict(dict)

    def name(self, edition: int, name: Name, visible: str, said: str | None = None) -> Name:
        """The unknown that a row is in a version. ``said``: the number itself, if it is public there."""
        if name in self.differ:
            return (*name, str(edition))
        first, before = self.seen[name].setdefault(visible, (edition, said))
        if said is not None and before is not None and said != before:
            return (*name, str(edition))
        self.seen[name][visible] = (first, before if said is None else said)
        return (*name, str(first))


def _whole(text: str, count: float) -> tuple[float, float]:
    """A sum from a mean or share of ``count``, and how far it may be off: a whole number if rounding leaves one."""
    decimals = len(text.partition(".")[2])
    value, slack = float(text) * count, count * 0.5 * 10**-decimals + 1e-6
    return (float(round(value)), 0.0) if slack < 0.5 else (value, slack)


def visits(world: World, editions: Sequence[Edition], area: str, same: Sameness) -> dict[Name, Name]:
    """Children's visits: each station's month, and the mean of a street, of the area, of a month and of a year.

    Returns what is hidden in the last version: (station, month) -> its unknown."""
    hidden: dict[Name, Name] = {}
    for edition in editions:
        street = {row["station_id"]: row["subdistrict_code"] for row in edition.rows("open_station", area)}
        cells: dict[tuple[str, str], list[Name]] = defaultdict(list)
        counts: dict[tuple[str, str], int] = defaultdict(int)
        for row in edition.rows("open_station_activity_monthly", area):
            station, month, said = row["station_id"], row["report_month"], row["child_visit_count"]
            visible = "|".join(str(row[c]) for c in ("open_day_count", "activity_count", "group_activity_count"))
            name = same.name(edition.number, ("visits", area, station, month), visible, said)
            is_hidden = said is None and row["obs_status_code"] == "c"
            for cell in _totals(street.get(station), month):
                counts[cell] += 1
                cells[cell] += [name] if said is not None or is_hidden else []
            if said is not None:
                world.say([world.unknown(name)], float(said))
            elif is_hidden:
                world.unknown(name, high=0.0 if row["open_day_count"] == "0" else FAR)
                if edition is editions[-1]:
                    hidden[(station, month)] = name
        for place, period, text in _indicator(edition, area, "IND-23.visits"):
            if cells[place, period]:
                world.say(cells[place, period], *_whole(text, counts[place, period]))
    return hidden


def guidance(
    world: World, editions: Sequence[Edition], area: str, same: Sameness, column: str
) -> dict[Name, list[Name]]:
    """Families (`household_total`) or home visits (`session_total`) of each street and month, by station.

    Which stations reported is public; what each of them did is not. Returns (street, month) hidden in the last version
    -> its unknowns."""
    hidden: dict[Name, list[Name]] = {}
    indicator = {"household_total": "IND-23.households", "session_total": "IND-23.home_visits"}[column]
    for edition in editions:
        street = {row["station_id"]: row["subdistrict_code"] for row in edition.rows("open_station", area)}
        parts: dict[tuple[str, str], list[Name]] = defaultdict(list)
        for row in edition.rows("open_station_activity_monthly", area):
            visible = "|".join(str(row[c]) for c in ("open_day_count", "activity_count", "group_activity_count"))
            key = (column, area, row["station_id"], row["report_month"])
            name = world.unknown(same.name(edition.number, key, visible))
            for cell in _totals(street.get(row["station_id"]), row["report_month"]):
                parts[cell].append(name)
        for row in edition.rows("open_guidance_activity_monthly", area):
            if row["guidance_mode_code"] != "home_visit":
                continue
            cell = (row["subdistrict_code"], row["report_month"])
            if row[column] is not None:
                world.say(parts[cell], float(row[column]))
            elif row["obs_status_code"] == "c" and edition is editions[-1]:
                hidden[cell] = parts[cell]
        for place, period, text in _indicator(edition, area, indicator):
            world.say(parts[place, period], float(text))
    return hidden


def enrolment(
    world: World, editions: Sequence[Edition], area: str, same: Sameness, children: Mapping[str, float]
) -> dict[Name, list[Name]]:
    """Children of each provider in each month: IND-08 by the places of a street and form, IND-07 by all children.

    ``children``: street -> how many live there, which everybody can know. Providers are those of the version's
    `open_provider`, in every month that it tells of. Returns (street, form, month) hidden in the last version -> its
    unknowns."""
    hidden: dict[Name, list[Name]] = {}
    for edition in editions:
        every = [row for row in edition.rows("open_provider", area) if row["place_count"]]
        providers = [row for row in every if row.get("site_type_code") != "family_point"]  # as IND-07, IND-08 say
        for row in edition.rows("open_indicator", area):
            code, period = row["indicator_code"], row["period"]
            street, form = row["subdistrict_code"], row["service_form_code"]
            if code not in ("IND-07", "IND-08") or len(period) != 7:
                continue
            inside = [p for p in providers if street in ("_T", p["subdistrict_code"])]
            inside = [p for p in inside if form in ("_T", p["service_form_code"])]
            names = [
                world.unknown(
                    same.name(edition.number, ("enrolled", area, p["provider_id"], period), p["place_count"]),
                    high=float(p["place_count"]),
                )
                for p in inside
            ]
            count = children.get(street) if code == "IND-07" else sum(float(p["place_count"]) for p in inside)
            if row["obs_status_code"] == "e" and code == "IND-08":
                continue  # not all have stated their children, and of whom the places are is not said
            if row["indicator_value"] is not None and count and names:
                world.say(names, *_whole(row["indicator_value"], count / 100))
            elif row["obs_status_code"] == "c" and edition is editions[-1]:
                hidden[(street, form, period)] = names
    return hidden


def fees(world: World, editions: Sequence[Edition], area: str) -> dict[Name, list[Name]]:
    """Answers of a survey: the number of respondents of each cell is public, so is the mean of some.

    Of up to five respondents the median is their mean. Returns hidden cells of the last version -> their unknowns."""
    hidden: dict[Name, list[Name]] = {}
    for edition in editions:
        every = edition.rows("open_fee_statistics", area)
        rows = [row for row in every if row["collection_basis_code"] == "statistical_survey"]
        leaves = {_fee_cell(row): int(row["provider_count"]) for row in rows if "_T" not in _fee_cell(row)[:3]}
        for row in rows:
            cell, count = _fee_cell(row), int(row["provider_count"])
            inside = [c for c in leaves if all(a in ("_T", b) for a, b in zip(cell, c, strict=True))]
            # one number the cell has in each version: answers come and go
            names = [world.unknown(("fee", area, *c, str(leaves[c]), str(edition.number))) for c in inside]
            mean = row["monthly_amount_mean"] or (row["monthly_amount_median"] if count <= 5 else None)
            if mean is not None and sum(leaves[c] for c in inside) == count:
                world.say(names, float(mean) * count, count * 0.005 + 1e-6)
            elif row["obs_status_code"] == "c" and edition is editions[-1]:
                hidden[cell] = names
    return hidden


def _fee_cell(row: Row) -> Name:
    return tuple(
        row[c] for c in ("subdistrict_code", "service_form_code", "inclusive_code", "class_type_code",
                         "service_mode_code", "fee_item_code", "survey_month")
    )  # fmt: skip


def _totals(street: str | None, month: str) -> list[tuple[str, str]]:
    """The cells that a street's month is counted in."""
    return [(place, period) for place in ("_T", street or "?") for period in (month, month[:4])]


def _indicator(edition: Edition, area: str, code: str) -> Iterator[tuple[str, str, str]]:
    """(street, period, value) of what an indicator says."""
    for row in edition.rows("open_indicator", area):
        if row["indicator_code"] == code and row["indicator_value"] is not None:
            yield row["subdistrict_code"], row["period"], row["indicator_value"]
