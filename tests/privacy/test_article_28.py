"""Statistics Law, Article 28: nothing published tells what one respondent of a fee survey answered.

What is tried, on random small districts whose survey is published three times: with late answers, a corrected one and
one taken away; the same providers' posted prices are public beside it, and differ.

- *Sums.* A published mean, or a median of up to five answers, is a sum of answers. All of all versions make one linear
  system, in which an answer that did not change is one unknown and a corrected one two. An answer is found if it has
  the same value in every solution. That is asked of an outsider, and of every respondent, who knows his own answers.
- *Order.* The other statistics are sums too for somebody who knows in which order all the answers of each cell stand.
  Nobody does; who guesses it from posted prices comes near. Even for him the interval of every answer stays wide.
- *Within a cell.* Whatever is added up or subtracted of the unrounded statistics of one cell mixes three answers, so
  that neither an outsider nor one of the three, knowing the order, is left with another's.

A published number that happens to equal somebody's answer is not a find: nobody can tell that it does, for the same
numbers are published in worlds where it does not. What can be told in all worlds is what the solutions share.

Each rule is switched off in turn, and then the attack has to find answers.
"""

from __future__ import annotations

import functools
import itertools
import random
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

import tests.assets.sql_bench as sql_bench
from assets.sql import TOLD
from quality.disclosure.told import told_view
from schemas.registry import load
from tests.assets.sql_bench import Bench, contracts

SURVEY, DAY = "statistical_survey", "2026-03-12"
STATISTICS = {"min": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "max": 1.0}
#: the narrowest interval of an answer for somebody who knows the order of all answers, relative to the answer
NARROWEST = 0.05
#: of so many answers the median is the mean of all
FEW = 5
#: how far below and above what is published a statistic of answers in the thousands may be; others 50 either way
ROUNDED = {"min": (0, 100), "max": (100, 0)}
LIMITS = {p.code: float(p.value) for p in load("binjiang").all_parameters() if p.code.startswith("fee_")}
LIMITS |= {"small_cell_minimum": 5}


@dataclass
class District:
    """Who answers where, and what each version of the survey holds."""

    area: str
    of: dict[str, tuple[str, str, str]]  # provider -> subdistrict, form, inclusive
    versions: list[dict[str, int]] = field(default_factory=list)  # provider -> answer

    def members(self, row: dict, version: int) -> list[str]:
        """Those who make up a cell, in the order of their answers."""
        cell = (row["subdistrict_code"], row["service_form_code"], row["inclusive_code"])
        answers = self.versions[version]
        inside = [p for p in answers if all(c in ("_T", own) for c, own in zip(cell, self.of[p], strict=True))]
        return sorted(inside, key=lambda p: (answers[p], p))


def _district(number: int) -> District:
    rng = random.Random(number)
    area = f"9{number:05d}"
    forms = ["unclassified", "community_inclusive", "park_embedded"][: rng.randint(1, 3)]
    found = District(area, {})
    for n in range(rng.randint(4, 11)):
        place = (f"{area}00{rng.randint(1, 3)}", rng.choice(forms), rng.choice(["yes", "no"]))
        found.of[f"{area}-{n}"] = place
    answers = {p: rng.randrange(1500, 4500, 10) for p in found.of}
    who = sorted(answers, key=lambda _: rng.random())
    late, corrected, gone = set(who[: rng.randint(0, 2)]), who[-1], who[-2]
    first = {p: a for p, a in answers.items() if p not in late}
    third = answers | {corrected: answers[corrected] + rng.choice([-300, 250, 400])}
    found.versions = [first, answers, {p: a for p, a in third.items() if p != gone or number % 2}]
    return found


def _bench(districts: list[District], version: int, limits: dict[str, float]) -> Bench:
    bench = Bench()
    for code, value in limits.items():
        bench.parameter(code, value)
    for district in districts:
        for provider, (street, form, inclusive) in district.of.items():
            place = {"subdistrict_code": street, "service_form_code": form, "is_inclusive": inclusive == "yes"}
            bench.filing(provider, "2024-01-10", area_code=district.area, **place)
        for provider, amount in district.versions[version].items():
            quote = {"area_code": district.area, "provider_id": provider, "observed_on": DAY}
            bench.put("fee_quote", **quote, fee_amount=amount, collection_basis_code=SURVEY)
            bench.put("fee_quote", **quote, fee_amount=int(amount * 1.1))
    return bench


def _published(
    districts: list[District], folder: Path, versions: list[int], limits: dict[str, float] = LIMITS, tells: bool = True
) -> dict[int, list[dict]]:
    """The survey's rows of `open_fee_statistics` by version. ``tells``: whether a version knows the ones before."""
    found, told = {}, []
    for version in versions:
        bench = _bench(districts, version, limits)
        if told and tells:
            bench.con.execute(f"DROP TABLE {TOLD}")
            told_view(bench.con, TOLD, told)
        bench.rows("open_fee_statistics", "area_code")
        path = folder / f"{version}.parquet"
        bench.con.execute(f"COPY open_fee_statistics TO '{path}' (FORMAT parquet)")
        told.append({"open_fee_statistics": path})
        rows = bench.con.sql(f"FROM open_fee_statistics WHERE collection_basis_code = '{SURVEY}'")
        found[version] = [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]
    return found


# -- what a number says of the answers


def _weights(statistic: str, count: int) -> np.ndarray:
    """How much each answer counts in a statistic of so many, in their order. Written from the dictionary's words."""
    if statistic == "mean" or (statistic == "median" and count <= FEW):
        return np.full(count, 1 / count)
    place = min(max(1 + (count - 1) * STATISTICS[statistic], 2), count - 1)
    weights = np.zeros(count)
    for middle in range(2, count):
        weights[middle - 2 : middle + 1] += max(0.0, 1 - abs(middle - place)) / 3
    return weights


def _told(row: dict) -> dict[str, float]:
    values = {name: row[f"monthly_amount_{name}"] for name in (*STATISTICS, "mean")}
    return {name: float(value) for name, value in values.items() if value is not None}


def _is_sum(statistic: str, count: int) -> bool:
    return statistic == "mean" or count <= FEW


def _sums(district: District, published: dict[int, list[dict]]) -> tuple[np.ndarray, list[tuple[str, int]]]:
    """The linear system of all sums of all versions, and its unknowns: provider and answer."""
    unknowns: dict[tuple[str, int], int] = {}
    rows = []
    for version, table in published.items():
        for row in (r for r in table if r["area_code"] == district.area):
            who = district.members(row, version)
            assert len(who) == row["provider_count"]
            for statistic, value in _told(row).items():
                if _is_sum(statistic, len(who)):
                    answers = [district.versions[version][p] for p in who]
                    assert abs(sum(answers) / len(who) - value) < 0.0051
                    keys = [(p, a) for p, a in zip(who, answers, strict=True)]
                    rows.append([unknowns.setdefault(key, len(unknowns)) for key in keys])
    system = np.zeros((len(rows), len(unknowns)))
    for number, members in enumerate(rows):
        system[number, members] = 1
    return system, list(unknowns)


def _found(system: np.ndarray, known: set[int]) -> list[int]:
    """The unknowns that have one value in all solutions, beside those that are known."""
    left = [u for u in range(system.shape[1]) if u not in known]
    rest = system[:, left]
    rank = np.linalg.matrix_rank(rest) if rest.size else 0
    without = (np.delete(rest, n, axis=1) for n in range(len(left)))
    return [u for u, other in zip(left, without, strict=True) if rest.size and np.linalg.matrix_rank(other) < rank]


def _finds(districts: list[District], published: dict[int, list[dict]]) -> list[tuple[str, str]]:
    """(who, whose): every answer that an outsider (``_``) or a respondent finds out."""
    finds = []
    for district in districts:
        system, unknowns = _sums(district, published)
        for insider in ["_", *sorted({p for p, _ in unknowns})]:
            own = {n for n, (p, _) in enumerate(unknowns) if p == insider}
            finds += [(insider, unknowns[u][0]) for u in _found(system, own)]
    return finds


# -- the tests


@pytest.fixture(scope="module")
def districts() -> list[District]:
    return [_district(number) for number in range(50)]


@pytest.fixture(scope="module")
def published(districts, tmp_path_factory) -> dict[int, list[dict]]:
    return _published(districts, tmp_path_factory.mktemp("editions"), [0, 1, 2])


@pytest.mark.slow
def test_no_version_and_no_difference_of_versions_gives_an_answer(districts, published):
    assert sum(row["obs_status_code"] == "a" for row in published[0]) > len(districts), "else nothing was published"
    assert any(row["obs_status_code"] == "a" for row in published[2]), "else no version after the first was looked at"
    assert not _finds(districts, published)


@pytest.mark.slow
def test_who_knew_the_order_of_all_answers_would_not_come_near_one(districts, published):
    widths = [width for district in districts for width in _widths(district, published[0])]
    assert len(widths) > 100
    assert min(widths) >= NARROWEST


def _widths(district: District, table: list[dict]) -> list[float]:
    """The interval of each answer that is in some published cell, relative to it, from all statistics and the order."""
    answers = district.versions[0]
    place = {provider: n for n, provider in enumerate(answers)}
    limits: list[np.ndarray] = []
    bounds: list[float] = []
    for row in (r for r in table if r["area_code"] == district.area):
        who = district.members(row, 0)
        for statistic, value in _told(row).items():
            weights = np.zeros(len(place))
            weights[[place[p] for p in who]] = _weights(statistic, len(who))
            below, above = (0.005, 0.005) if _is_sum(statistic, len(who)) else ROUNDED.get(statistic, (50, 50))
            assert value - below - 1e-6 <= weights @ list(answers.values()) <= value + above + 1e-6
            limits += [weights, -weights]
            bounds += [value + above, below - value]
    if not limits:
        return []
    about = [n for n in range(len(place)) if any(row[n] for row in limits)]
    found = []
    for n in about:
        goal = np.eye(len(place))[n]
        ends = [linprog(sign * goal, A_ub=np.array(limits), b_ub=bounds, bounds=(0, 30000)).fun for sign in (1, -1)]
        found.append((-ends[1] - ends[0]) / list(answers.values())[n])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("off", ["number of respondents", "complements", "comparison of versions"])
def test_with_one_of_the_rules_switched_off_answers_are_found(off, districts, tmp_path, monkeypatch):
    some, limits = districts[:12], dict(LIMITS)
    if off == "number of respondents":
        limits |= {"fee_statistics_min_providers": 1, "fee_mean_min_providers": 1, "fee_p_percent": 0}
        limits |= {"fee_dominance_share_max": 2, "fee_dominance_two_share_max": 2}
    if off in ("number of respondents", "complements"):
        without = functools.partial(sql_bench.chosen_complements, complements=False)
        monkeypatch.setattr(sql_bench, "chosen_complements", without)
    versions = [0, 1] if off == "comparison of versions" else [0]
    shown = _published(some, tmp_path, versions, limits, tells=off != "comparison of versions")
    assert _finds(some, shown)


def _of_cell(count: int) -> np.ndarray:
    """All statistics that are published of so many answers, as weights of the answers in their order."""
    names = ["median"]
    if count >= LIMITS["fee_quartile_min_providers"]:
        names += ["p25", "p75"]
    if count >= LIMITS["fee_extreme_min_providers"]:
        names += ["min", "max"]
    if count >= LIMITS["fee_mean_min_providers"]:
        names += ["mean"]
    return np.array([_weights(name, count) for name in names])


def _of_two(system: np.ndarray) -> bool:
    """Whether some combination of the rows consists of one or two answers."""
    rank, count = np.linalg.matrix_rank(system), system.shape[1]
    pairs = itertools.combinations(range(count), 2)
    return any(np.linalg.matrix_rank(np.delete(system, pair, axis=1)) < rank for pair in pairs)


@pytest.mark.parametrize("count", [*range(3, 25), 40])
def test_every_combination_of_a_cells_statistics_mixes_three_answers(count):
    assert not _of_two(_of_cell(count))


@pytest.mark.parametrize(
    ("names", "count"),
    [(("p25", "median", "p75"), 5), (("p25", "p75", "mean"), 5), (("p25", "median", "p75", "mean"), 7)],
)
def test_with_fewer_answers_than_the_profile_asks_for_some_combination_would_not(names, count):
    three = np.zeros(count)
    three[count // 2 - 1 : count // 2 + 2] = 1 / 3
    system = np.array([three if name == "median" else _weights(name, count) for name in names])
    assert _of_two(system)


# -- what a provider is named beside


def test_no_open_table_names_a_provider_beside_an_answer_to_a_survey(districts):
    beside = [
        table.name
        for table in contracts().values()
        if table.layer == "open" and {"provider_id", "collection_basis_code"} <= {*table.field_names}
    ]
    assert beside == ["open_fee_posted"]
    bench = _bench(districts[:1], 0, LIMITS)
    assert bench.rows("core_fee_quote", "provider_id", where=f"collection_basis_code = '{SURVEY}'")
    assert {row[0] for row in bench.rows("open_fee_posted", "collection_basis_code")} == {"posted_price"}


def test_an_answer_is_in_no_public_table_that_names_its_provider(districts):
    [district] = districts[:1]
    bench = _bench([district], 0, LIMITS)
    answers = {float(a) for a in district.versions[0].values()}
    for table in (t for t in contracts().values() if t.layer == "open" and "provider_id" in t.field_names):
        amounts = [f.name for f in table.fields if f.type == "number"]
        if amounts:
            assert not answers & {value for row in bench.rows(table.name, *amounts) for value in row}
