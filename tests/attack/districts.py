"""Many small districts at once, and what two releases in a row publish of them, as CSV files.

What belongs here: inventing facts, and building the tables that are needed of them with the product's own SELECTs
(all districts are areas of one publisher). What does not: attacking (attacker.py). No file is received and no gate
asked: the facts are put into the core tables as they are.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow

from assets.compiled import INDICATORS
from assets.sql import CHOSEN, SUPPLIED_FROM, TOLD
from quality.disclosure.choice import chosen_complements
from quality.disclosure.told import told_view
from schemas.compile.duckdb import column_definitions, order_by, quote
from schemas.compile.indicators import indicators_select
from schemas.registry import load
from tests.assets.sql_bench import Bench, contracts
from tests.attack.judging import Truth

#: the days of the two releases
DAYS = (date(2026, 1, 31), date(2026, 2, 28))
MONTHS = ("2025-10", "2025-11", "2025-12", "2026-01", "2026-02")
FORMS = ("community_embedded", "park_embedded", "private_for_profit")
#: the indicators that speak of protected numbers
WANTED = ("IND-02", "IND-07", "IND-08", "IND-23.visits", "IND-23.households", "IND-23.home_visits")
PUBLISHED = ("open_station", "open_station_activity_monthly", "open_guidance_activity_monthly", "open_indicator",
             "open_provider")  # fmt: skip
#: children under three of each street
CHILDREN = 150
LIMITS = {"small_cell_minimum": 5, "fee_interval_share_min": 0.2, "fee_statistics_min_providers": 3}

Name = tuple[str, ...]
Row = dict[str, Any]


@dataclass
class Facts:
    """What is true, as of one release: rows of core tables by name."""

    day: date
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, **values: Any) -> None:
        self.rows.setdefault(table, []).append(values)

    def reported(self, column: str) -> dict[Name, float]:
        """(station, month) -> what its report says."""
        return {(r["station_id"], r["report_month"]): r[column] for r in self.rows["core_station_report"]}

    def children(self) -> dict[Name, float]:
        """(provider, month) -> its children at the end of the month."""
        return {
            (r["provider_id"], month): r["enrolled_count"]
            for r in self.rows["core_provider"]
            for month in MONTHS
            if str(r["valid_from_on"]) <= f"{month}-28" < str(r["valid_to_on"] or "9999")
        }


    def people(self, area: str) -> dict[str, float]:
        """street -> its children under three, which are public elsewhere."""
        found = (r for r in self.rows["core_population"] if r["area_code"] == area)
        return {r["subdistrict_code"]: r["person_count"] for r in found}


def truth_of(facts: tuple[Facts, Facts]) -> Truth:
    """What is true of all districts now, and what was not yet when the first release was made."""
    first, last = facts
    differ = [
        (kind, name[0][:6], *name)
        for kind, then, now in (
            ("visits", first.reported("child_visit_count"), last.reported("child_visit_count")),
            ("household_total", first.reported("household_count"), last.reported("household_count")),
            ("enrolled", first.children(), last.children()),
        )
        for name in then.keys() & now.keys()
        if then[name] != now[name]
    ]
    return Truth(last.reported("child_visit_count"), last.reported("household_count"), last.children(), sorted(differ))


def invented(count: int, seed: int = 1) -> tuple[Facts, Facts]:
    """Districts and how they look at two releases: reports come late, some are corrected, children come and go."""
    facts = tuple(Facts(day) for day in DAYS)
    for number in range(count):
        chance = random.Random(seed * 100_003 + number)
        area = f"{900_000 + number}"
        streets = [f"{area}{n:03d}" for n in range(1, chance.choice((2, 3, 3, 3, 4)) + 1)]
        for one in facts:
            _place(one, area, streets)
        for street in streets:
            _stations(facts, area, street, chance)
            _providers(facts, area, street, chance)
    return facts


def _place(facts: Facts, area: str, streets: list[str]) -> None:
    for street in ("_T", *streets):
        facts.add("core_subdistrict", area_code=area, subdistrict_code=street, subdistrict_name=street)
        facts.add("core_population", area_code=area, subdistrict_code=street, counted_on=date(2024, 12, 31),
                  population_type_code="resident", age_band_code="total_u3",
                  person_count=CHILDREN * (len(streets) if street == "_T" else 1))  # fmt: skip


def _stations(facts: tuple[Facts, ...], area: str, street: str, chance: random.Random) -> None:
    for n in range(chance.choice((1, 1, 2, 2))):
        station, usual = f"{street}-{n}", chance.choice((12, 30, 80))
        for one in facts:
            one.add("core_station", area_code=area, station_id=station, station_name=station,
                    station_type_code="basic", subdistrict_code=street, opened_on=date(2024, 1, 1))  # fmt: skip
        for month in MONTHS:
            _report(facts, area, street, station, month, usual, chance)


def _report(
    facts: tuple[Facts, ...], area: str, street: str, station: str, month: str, usual: int, chance: random.Random
) -> None:
    report = {
        "area_code": area, "subdistrict_code": street, "station_id": station, "report_month": month,
        "open_day_count": chance.randint(15, 23), "activity_count": chance.randint(1, 6), "group_activity_count": 0,
        "child_visit_count": chance.randint(0, 6) if chance.random() < 0.08 else chance.randint(6, 2 * usual),
        "adult_visit_count": chance.randint(5, 2 * usual),
        "home_visit_count": (visits := chance.choice((0, 3, 6, 9, 12))),
        "household_count": visits and chance.randint(visits // 2, visits),
    }  # fmt: skip
    late, corrected = chance.random() < 0.08, chance.random() < 0.05
    if month <= "2026-01" and not late:
        facts[0].add("core_station_report", **report)
    if corrected:
        report |= {"child_visit_count": max(0, report["child_visit_count"] + chance.choice((-3, -1, 2, 4, 9)))}
        report |= {"activity_count": report["activity_count"] + chance.choice((0, 1))}
    facts[1].add("core_station_report", **report)


def _providers(facts: tuple[Facts, ...], area: str, street: str, chance: random.Random) -> None:
    """Some of each form; few of the last, so that there are small numbers."""
    for form, most in zip(FORMS, (3, 2, 1), strict=True):
        for n in range(chance.randint(0, most)):
            places = chance.choice((6, 10, 20, 40))
            enrolled = min(places, chance.choice((0, 1, 2, 4, 7, 15, 30)))
            provider = {
                "area_code": area, "provider_id": f"{street}-{form}-{n}", "subdistrict_code": street,
                "service_form_code": form, "provider_name": "园", "filing_status_code": "filed", "is_on_file": True,
                "site_type_code": "independent", "service_modes": "full_day", "place_count": places,
                "enrolled_count": enrolled, "valid_from_on": date(2025, 10, 1), "valid_to_on": None,
            }  # fmt: skip
            changed = chance.random() < 0.1
            facts[0].add("core_provider", **provider)
            if changed:
                facts[1].add("core_provider", **provider | {"valid_to_on": date(2026, 2, 10)})
                provider |= {"valid_from_on": date(2026, 2, 10)}
                provider |= {"enrolled_count": max(0, min(places, enrolled + chance.choice((-2, -1, 1, 3))))}
            facts[1].add("core_provider", **provider)
    for one in facts:
        one.add("core_filing", area_code=area, provider_id=f"{street}-first", event_on=date(2025, 10, 1), event_no=1,
                filing_event_code="new", filing_status_code="filed", subdistrict_code=street)  # fmt: skip


def release(
    facts: Facts, folder: Path, before: list[Mapping[str, Path]], *, complements: bool = True
) -> tuple[dict[str, Path], list[tuple]]:
    """Builds what is published of the facts. Returns the CSV files by table (Parquet lies beside them), and
    (protected number, reason, cells) of what is withheld.

    ``before``: the CSV files of the releases so far. ``complements`` False leaves them out."""
    bench = Bench(facts.day)
    for code, value in LIMITS.items():
        bench.parameter(code, value)
    for table in contracts().values():
        if table.layer == "core":
            _fill(bench, table.name, facts.rows.get(table.name, []))
    bench.con.execute(f"DROP TABLE {TOLD}")
    told_view(bench.con, TOLD, [{n: p.with_suffix(".parquet") for n, p in files.items()} for files in before])
    _choose(bench, complements)
    registry = load("binjiang")
    few = SimpleNamespace(indicators={c: registry.indicators[c] for c in WANTED}, tables=registry.tables)
    for name in {registry.indicators[c].table for c in WANTED}:
        bench._build(name)
    bench._relation(INDICATORS, indicators_select(few))
    folder.mkdir()
    for name in PUBLISHED:
        bench._build(name)
        ordered = f"SELECT * FROM {quote(name)} ORDER BY {order_by(contracts()[name])}"
        bench.con.execute(f"COPY ({ordered}) TO '{folder}/{name}.csv' (FORMAT csv, HEADER true)")
        bench.con.execute(f"COPY ({ordered}) TO '{folder}/{name}.parquet' (FORMAT parquet)")
    reasons = bench.con.execute(
        "SELECT protected_measure_code, withheld_reason_code, count(*) FROM measure_withheld GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return {name: folder / f"{name}.csv" for name in PUBLISHED}, reasons


def _fill(bench: Bench, name: str, rows: list[Row]) -> None:
    fields = contracts()[name].fields
    bench.con.execute(f"CREATE TABLE {quote(name)} ({column_definitions(fields)})")
    bench._built.add(name)
    if not rows:
        return
    columns = list(dict.fromkeys(key for row in rows for key in row))
    given = pyarrow.table({column: [row.get(column) for row in rows] for column in columns})
    bench.con.register("given_rows", given)
    names = ", ".join(map(quote, columns))
    bench.con.execute(f"INSERT INTO {quote(name)} ({names}) SELECT {names} FROM given_rows")
    bench.con.unregister("given_rows")


def _choose(bench: Bench, complements: bool) -> None:
    """The product's choice, or (to see that the attacker then succeeds) none."""
    if not complements:
        for table in SUPPLIED_FROM[CHOSEN]:
            bench._build(table)
        chosen_complements(bench.con, CHOSEN, None)
        bench._built.add(CHOSEN)
