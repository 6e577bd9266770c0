"""The choice of complements on systems made by hand, and on random ones judged by a plain program of the test's own."""

from __future__ import annotations

import random
from math import inf

import numpy as np
import pytest
from scipy.optimize import linprog

from quality.disclosure.complement import Choice, choose
from quality.disclosure.systems import Cell, System, Unknown

K = 5.0


def _system(values: dict[str, int], totals: dict[str, tuple[str, ...]], **more) -> System:
    """Smallest cells by name, and totals of them; what is 1 to 4 is hidden. ``insiders``: names that one knows."""
    names = list(values)
    unknowns = tuple(Unknown(n, float(values[n]), 0.0, more.get("most", {}).get(n, inf)) for n in names)
    cells = [Cell(n, (names.index(n),), K, 1.0) for n in names]
    cells += [Cell(t, tuple(names.index(n) for n in below), K, 2.0 + len(below)) for t, below in totals.items()]
    place = {cell.name: n for n, cell in enumerate(cells)}
    insiders = tuple({place[n]: (float(values[n]),) * 2 for n in known} for known in more.get("insiders", ()))
    fixed = frozenset(place[n] for n in more.get("fixed", ()))
    told = tuple(tuple(place[n] for n in sums) for sums in more.get("told", ()))
    hidden = frozenset(place[n] for n, v in values.items() if 0 < v < K) | {place[n] for n in more.get("hidden", ())}
    return System(unknowns, tuple(cells), hidden, fixed, told, insiders)


def _names(system: System, choice: Choice) -> set[str]:
    return {system.cells[c].name for c in choice.hidden}


def _width(system: System, hidden: frozenset[int], cell: int, knows: dict) -> float:
    """The width of a cell's interval for somebody: two programs over the whole system, and no short cuts."""
    size = len(system.unknowns)
    rows = [system.cells[c].members for c in range(len(system.cells)) if c not in hidden or c in system.fixed]
    rows += list(system.told)
    matrix = np.zeros((max(len(rows), 1), size))
    for n, members in enumerate(rows):
        matrix[n, list(members)] = 1
    truth = np.array([u.value for u in system.unknowns])
    bounds = [knows.get(n, (u.low, min(u.high, 1000.0))) for n, u in enumerate(system.unknowns)]
    aim = np.zeros(size)
    aim[list(system.cells[cell].members)] = 1
    ends = [linprog(s * aim, A_eq=matrix, b_eq=matrix @ truth, bounds=bounds, method="highs").fun for s in (1, -1)]
    return -ends[1] - ends[0]


def _narrow(system: System, hidden: frozenset[int]) -> list[tuple[str, int]]:
    """Every (cell, insider) whose interval is narrower than promised; insider -1 is the public. What is his own but
    for public parts is no secret to him."""
    found, public = [], system.known(hidden)
    for cell in sorted(hidden - system.fixed):
        for n, knows in enumerate([{}, *system.insiders], start=-1):
            his = knows and all(u in knows or u in public for u in system.cells[cell].members)
            if not his and _width(system, hidden, cell, knows) < K - 1e-3:
                found.append((system.cells[cell].name, n))
    return found


STREETS = {"west": ("w",), "east": ("e",), "south": ("s",)}
TOTAL = {"all": ("w", "e", "s")}


@pytest.mark.parametrize(
    ("values", "hidden"),
    [
        ({"w": 3, "e": 20, "s": 30}, {"w", "e"}),  # one: another street goes with it, the total stays
        ({"w": 3, "e": 4, "s": 30}, {"w", "e"}),  # two protect one another
        ({"w": 1, "e": 1, "s": 30}, {"w", "e", "s"}),  # two, but each is 0 to 2
        ({"w": 3, "e": 4, "s": 2}, {"w", "e", "s"}),  # three
        ({"w": 1, "e": 1, "s": 1}, {"w", "e", "s", "all"}),  # three of which the total says 0 to 3
        ({"w": 8, "e": 0, "s": 30}, set()),  # nothing is small, and zero is no secret
    ],
)
def test_three_streets_and_their_total(values, hidden):
    system = _system(values, TOTAL)
    choice = choose(system)
    assert _names(system, choice) == hidden
    assert not choice.short
    assert not _narrow(system, choice.hidden)


def test_the_neighbour_who_knows_his_own_is_not_left_with_the_other():
    alone = _system({"w": 3, "e": 20, "s": 30}, TOTAL)
    with_insider = _system({"w": 3, "e": 20, "s": 30}, TOTAL, insiders=[("e",), ("s",), ("w",)])
    assert _names(alone, choose(alone)) == {"w", "e"}
    assert ("w", 0) in _narrow(with_insider, choose(alone).hidden), "the east street subtracts its own"
    choice = choose(with_insider)
    assert _names(with_insider, choice) in ({"w", "e", "s"}, {"w", "all"})
    assert not _narrow(with_insider, choice.hidden)


def test_a_year_gives_no_month_away_and_no_month_the_year():
    months = {f"{place}{m}": 20 + m for place in "we" for m in range(4)}
    totals = {f"all{m}": (f"w{m}", f"e{m}") for m in range(4)}
    totals |= {f"{place}-year": tuple(f"{place}{m}" for m in range(4)) for place in "we"}
    totals["all-year"] = tuple(months)
    system = _system(months | {"w2": 3}, totals)
    assert _names(system, choose(system, complements=False)) == {"w2"}
    assert _narrow(system, choose(system, complements=False).hidden), "negative control: nothing else is hidden"
    choice = choose(system)
    assert len(choice.hidden) > 1
    assert not _narrow(system, choice.hidden)


def test_what_was_told_protects_nothing():
    system = _system({"w": 3, "e": 20, "s": 30}, TOTAL, fixed=["e"])
    assert _names(system, choose(system)) in ({"w", "s"}, {"w", "all"})
    everything = _system({"w": 3, "e": 20, "s": 30}, TOTAL, fixed=["e", "s", "all"])
    choice = choose(everything)
    assert {everything.cells[c].name for c in choice.short} == {"w"}, "what is lost is said, and the rest goes on"


def test_a_late_report_is_not_the_difference_of_two_totals():
    """West and east were hidden under a total of 23; now south has come, and the total with it would tell it."""
    values = {"w": 3, "e": 20, "s": 4}
    late = _system(values, TOTAL, hidden=["e"], told=[("w", "e")])
    choice = choose(late)
    assert "all" in _names(late, choice)
    assert not _narrow(late, choice.hidden)
    assert ("s", -1) in _narrow(late, late.hidden)


def test_places_bound_children_and_no_more_is_promised_than_anybody_has_room_for():
    system = _system({"w": 3, "e": 8, "s": 30}, TOTAL, most={"w": 4, "e": 8, "s": 40})
    choice = choose(system)
    assert _names(system, choice) >= {"w"}
    assert choice.short or len(choice.hidden) > 1


def test_a_zero_that_everybody_knows_hides_nothing():
    system = _system({"w": 3, "e": 0, "s": 30}, TOTAL, most={"e": 0})
    assert _names(system, choose(system)) == {"w", "s"}


def _random_system(seed: int) -> System:
    draw = random.Random(seed)
    places, kinds = draw.randint(2, 4), draw.randint(2, 4)
    cells = {f"{p}.{k}": draw.choice([0, 1, 2, 3, 4, 6, 9, 20, 45]) for p in range(places) for k in range(kinds)}
    totals = {f"place {p}": tuple(f"{p}.{k}" for k in range(kinds)) for p in range(places)}
    totals |= {f"kind {k}": tuple(f"{p}.{k}" for p in range(places)) for k in range(kinds)}
    totals["all"] = tuple(cells)
    insiders = [(name,) for name in cells] if draw.random() < 0.5 else [totals[f"place {p}"] for p in range(places)]
    return _system(cells, totals, insiders=insiders)


def test_nothing_is_too_narrow_in_random_tables_nor_chosen_in_vain():
    leaking = 0
    for seed in range(8):
        system = _random_system(seed)
        choice = choose(system)
        assert not choice.short
        assert not _narrow(system, choice.hidden), seed
        assert choose(system) == choice
        leaking += bool(_narrow(system, system.hidden))
    assert leaking > 4, "without complements most of these tables leak"


def test_a_complement_that_is_not_needed_is_opened_again():
    for seed in (3,):
        system = _random_system(seed)
        choice = choose(system)
        for cell in choice.hidden - system.hidden:
            assert _narrow(system, choice.hidden - {cell}), (seed, system.cells[cell].name)


@pytest.mark.timeout(30)
def test_what_cannot_be_kept_wide_beside_a_number_already_told_ends_as_short():
    """`a` was told, and so was that `b` and `c` are 4 together: of `a + b` only `b` is unknown, and never 5 wide."""
    system = _system({"a": 30, "b": 1, "c": 3}, {"ab": ("a", "b")}, fixed=["a"], told=[("b", "c")], hidden=["ab"])
    choice = choose(system)
    assert {system.cells[c].name for c in choice.short} >= {"ab", "b"}
