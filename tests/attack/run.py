"""Attacks what two releases in a row publish of many small districts. `make attack`.

What belongs here: the sweep, and what it counts. What does not: the attacker (attacker.py), what is promised
(judging.py), the districts (districts.py).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tests.attack.attacker import Edition, Impossible, areas, editions_of, read_edition
from tests.attack.districts import invented, release, truth_of
from tests.attack.judging import PARTS, Truth, Verdict, judge, shares


@dataclass(frozen=True)
class Released:
    """Two releases of many districts, and what is true of them."""

    editions: list[Edition]
    truth: Truth
    people: Callable[[str], Mapping[str, float]]
    reasons: list[tuple]


def released(count: int, folder: Path, *, seed: int = 1, complements: bool = True) -> Released:
    """Invents districts and releases them twice."""
    facts = invented(count, seed)
    first, _ = release(facts[0], folder / "first", [], complements=complements)
    last, reasons = release(facts[1], folder / "last", [first], complements=complements)
    editions = [read_edition(n, files) for n, files in enumerate((first, last))]
    return Released(editions, truth_of(facts), facts[1].people, reasons)


def sweep(found: Released) -> Verdict:
    """The attacker's verdict on all of them: from the last release alone, and from both."""
    verdict, by_area = Verdict(), [_by_area(edition) for edition in found.editions]
    for area in areas(found.editions[-1]):
        editions = [Edition(e.number, tables[area]) for e, tables in zip(found.editions, by_area, strict=True)]
        differ = [name for name in found.truth.differ if name[1] == area]
        truth = Truth(found.truth.visits, found.truth.families, found.truth.children, differ)
        verdict += judge(editions, area, truth, found.people(area))
    return verdict


def of_home(home: Path) -> Verdict:
    """The attacker's verdict on what a home has published, from its last release alone and from all of them.

    What is true now lies in its workspace. What was true before nobody kept: where all releases cannot be true at
    once, something changed that nobody saw, and the last one is left."""
    editions, verdict = editions_of(home / "published"), Verdict()
    truth = _truth_of(home / "workspace", max(_months(editions[-1])))
    editions = [_of_last_month(edition) for edition in editions]
    for area in areas(editions[-1]):
        for known in (editions[-1:], editions):
            for part in PARTS:
                try:
                    verdict += part(known, area, truth, {})
                except Impossible:
                    assert len(known) > 1
    return verdict


def _truth_of(workspace: Path, month: str) -> Truth:
    reports = f"SELECT station_id, report_month, {{}} FROM '{workspace}/core/core_station_report.parquet'"
    counts = [duckdb.sql(reports.format(c)).fetchall() for c in ("child_visit_count", "household_count")]
    enrolled = duckdb.sql(
        f"SELECT provider_id, '{month}', enrolled_count FROM '{workspace}/measure/measure_enrolment.parquet' "
        f"WHERE valid_from_on <= '{month}-28' AND coalesce(valid_to_on > '{month}-28', true)"
    ).fetchall()
    return Truth(*({(a, b): n or 0 for a, b, n in rows} for rows in (*counts, enrolled)))


def _months(edition: Edition) -> set[str]:
    return {row["period"] for row in edition.tables["open_indicator"] if len(row["period"]) == 7}


def _of_last_month(edition: Edition) -> Edition:
    """Of enrolment only the month for which `open_provider` says who is there."""
    last = max(_months(edition))
    rows = edition.tables["open_indicator"]
    kept = [r for r in rows if r["indicator_code"] not in ("IND-07", "IND-08") or r["period"] == last]
    return Edition(edition.number, edition.tables | {"open_indicator": kept})


def _by_area(edition: Edition) -> dict[str, dict[str, list]]:
    found: dict[str, dict[str, list]] = {area: {} for area in areas(edition)}
    for table, rows in edition.tables.items():
        for row in rows:
            found[row["area_code"]].setdefault(table, []).append(row)
    return found


def main() -> int:
    """Exit code 0 if no hidden number was bounded closer than promised."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--districts", type=int, default=200)
    parser.add_argument("--batch", type=int, default=20, help="districts built and attacked together")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-complements", action="store_true", help="see what the attacker finds without them")
    given = parser.parse_args()
    verdict, reasons, cells, started = Verdict(), Counter(), Counter(), time.monotonic()
    for number in range(0, given.districts, given.batch):
        with tempfile.TemporaryDirectory(prefix="attack-") as scratch:
            size = min(given.batch, given.districts - number)
            found = released(size, Path(scratch), seed=given.seed + number, complements=not given.no_complements)
        verdict += sweep(found)
        reasons.update({(measure, reason): n for measure, reason, n in found.reasons})
        for table, all_of_them, hidden in shares(found.editions):
            cells[table, "all"] += all_of_them
            cells[table, "hidden"] += hidden
        done = f"{number + size} districts, {verdict.asked:,} questions, {len(verdict.narrow)} too narrow"
        print(f"{done}, {time.monotonic() - started:.0f} s", file=sys.stderr)
    for bound in verdict.narrow[:50]:
        print(f"{bound.question.about}: {bound.low:g}..{bound.high:g}, {bound.question.who}")
    for (measure, reason), n in sorted(reasons.items()):
        print(f"{measure} {reason}: {n:,}")
    for table in sorted({table for table, _ in cells}):
        of, hidden = cells[table, "all"], cells[table, "hidden"]
        print(f"{table}: {hidden:,} of {of:,} hidden ({hidden / of:.1%})")
    print(f"{verdict.asked:,} questions about {verdict.hidden:,} hidden numbers: {len(verdict.narrow)} too narrow")
    return 1 if verdict.narrow else 0


if __name__ == "__main__":
    raise SystemExit(main())
