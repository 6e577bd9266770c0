"""The attacker knows how to reckon: leaks that are known, in published tables made by hand."""

from __future__ import annotations

import pytest

from tests.attack.attacker import (
    Edition,
    Impossible,
    Question,
    Sameness,
    World,
    attack,
    enrolment,
    fees,
    guidance,
    visits,
)

AREA = "330108"


def indicator(code, street, period, value, form="_T"):
    return {"area_code": AREA, "indicator_code": code, "subdistrict_code": street, "service_form_code": form,
            "period": period, "indicator_value": value, "obs_status_code": "c" if value is None else "a"}  # fmt: skip


def report(station, month, count, days="20", activities="3"):
    return {"area_code": AREA, "station_id": station, "report_month": month, "open_day_count": days,
            "activity_count": activities, "group_activity_count": "0", "child_visit_count": count,
            "obs_status_code": "c" if count is None else "a"}  # fmt: skip


def stations(**streets):
    return [{"area_code": AREA, "station_id": s, "subdistrict_code": street} for s, street in streets.items()]


def edition(number=0, **tables):
    return Edition(number, {"open_indicator": [], **tables})


def bounds(world, members, knows=None):
    (found,) = attack(world, [Question("x", frozenset(members), 5.0, knows=knows or {})])
    return round(found.low, 2), round(found.high, 2)


def of_visits(reports, means, station=None, **streets):
    where = stations(**(streets or {"a": "s1", "b": "s1", "c": "s2"}))
    world = World()
    told = edition(open_station=where, open_station_activity_monthly=reports, open_indicator=means)
    return world, visits(world, [told], AREA, Sameness())


def test_a_single_hidden_number_is_the_total_less_the_others():
    reports = [report("a", "2026-01", None), report("b", "2026-01", "20"), report("c", "2026-01", "30")]
    world, hidden = of_visits(reports, [indicator("IND-23.visits", "_T", "2026-01", "17.6667")])
    assert bounds(world, [hidden["a", "2026-01"]]) == (3.0, 3.0)


def test_two_hide_behind_each_other_but_not_from_one_another():
    reports = [report("a", "2026-01", None), report("b", "2026-01", None), report("c", "2026-01", "30")]
    world, hidden = of_visits(reports, [indicator("IND-23.visits", "s1", "2026-01", "4.5000")])
    a, b = hidden["a", "2026-01"], hidden["b", "2026-01"]
    assert bounds(world, [a]) == (0.0, 9.0)
    assert bounds(world, [a], {b: 6.0}) == (3.0, 3.0)


def test_the_year_and_its_months_make_a_system():
    months = [f"2025-{m:02d}" for m in range(1, 4)]
    reports = [report("a", m, None) for m in months] + [report("c", m, "30") for m in months]
    means = [indicator("IND-23.visits", "_T", m, "17.0000") for m in months[:2]]
    world, hidden = of_visits(reports, [*means, indicator("IND-23.visits", "s1", "2025", "3.3333")])
    assert bounds(world, [hidden["a", "2025-03"]]) == (2.0, 2.0)


def test_a_station_that_did_not_open_saw_nobody():
    reports = [report("a", "2026-01", None, days="0"), report("b", "2026-01", None), report("c", "2026-01", "30")]
    world, hidden = of_visits(reports, [indicator("IND-23.visits", "s1", "2026-01", "2.0000")])
    assert bounds(world, [hidden["b", "2026-01"]]) == (4.0, 4.0)


def test_a_report_that_comes_late_is_the_difference_of_two_versions():
    where = stations(a="s1", b="s1")
    early, late = [report("a", "2026-01", None)], [report("a", "2026-01", None), report("b", "2026-01", None)]
    means = "12.0000", "7.5000"
    both = [
        edition(n, open_station=where, open_station_activity_monthly=rows,
                open_indicator=[indicator("IND-23.visits", "s1", "2026-01", mean)])
        for n, (rows, mean) in enumerate(zip((early, late), means, strict=True))
    ]  # fmt: skip
    world = World()
    hidden = visits(world, both, AREA, Sameness())
    assert bounds(world, [hidden["b", "2026-01"]]) == (3.0, 3.0)
    world = World()
    hidden = visits(world, both[1:], AREA, Sameness())
    assert bounds(world, [hidden["b", "2026-01"]]) == (0.0, 15.0)


def test_a_row_that_changed_before_everybodys_eyes_is_not_the_same():
    where = stations(a="s1")
    both = [
        edition(n, open_station=where, open_station_activity_monthly=[report("a", "2026-01", said, activities=str(n))])
        for n, said in enumerate(("8", None))
    ]
    world = World()
    assert bounds(world, [visits(world, both, AREA, Sameness())["a", "2026-01"]])[1] > 1000
    with pytest.raises(Impossible):
        wrong = World()
        name = wrong.unknown(("x",))
        wrong.say([name], 3)
        wrong.say([name, wrong.unknown(("y",))], 2)
        attack(wrong, [Question("x", frozenset([("y",)]), 5.0)])


def test_a_rate_of_five_percent_of_sixty_places_is_three_children():
    providers = [
        {"area_code": AREA, "provider_id": p, "subdistrict_code": s, "service_form_code": "f", "place_count": n}
        for p, s, n in (("p", "s1", "60"), ("q", "s2", "40"))
    ]
    cells = [indicator("IND-08", "s1", "2026-01", "5.0000", "f"), indicator("IND-08", "s2", "2026-01", None, "f")]
    world, told = World(), edition(open_provider=providers, open_indicator=cells)
    hidden = enrolment(world, [told], AREA, Sameness(), {"_T": 1000.0})
    assert bounds(world, hidden["s2", "f", "2026-01"]) == (0.0, 40.0)  # no more children than places
    assert bounds(world, [("enrolled", AREA, "p", "2026-01", "0")]) == (3.0, 3.0)
    cells.append(indicator("IND-07", "_T", "2026-01", "0.7000"))  # of a thousand children
    world, told = World(), edition(open_provider=providers, open_indicator=cells)
    hidden = enrolment(world, [told], AREA, Sameness(), {"_T": 1000.0})
    assert bounds(world, hidden["s2", "f", "2026-01"]) == (4.0, 4.0)


def test_families_of_a_street_are_the_year_less_the_other_months():
    rows = [{"area_code": AREA, "subdistrict_code": "s1", "report_month": m, "guidance_mode_code": "home_visit",
             "household_total": n, "session_total": n, "obs_status_code": "c" if n is None else "a"}
            for m, n in (("2025-01", "9"), ("2025-02", None))]  # fmt: skip
    reports = [report(s, m, "30") for s in "ab" for m in ("2025-01", "2025-02")]
    told = edition(
        open_station=stations(a="s1", b="s1"), open_station_activity_monthly=reports,
        open_guidance_activity_monthly=rows, open_indicator=[indicator("IND-23.households", "s1", "2025", "12")],
    )  # fmt: skip
    world = World()
    hidden = guidance(world, [told], AREA, Sameness(), "household_total")
    assert bounds(world, hidden["s1", "2025-02"]) == (3.0, 3.0)
    first, second = hidden["s1", "2025-02"]
    assert bounds(world, [first], {second: 2.0}) == (1.0, 1.0)


def test_an_answer_is_the_sum_of_all_less_the_sum_of_the_others():
    def cell(street, form, count, median=None, mean=None):
        return {"area_code": AREA, "subdistrict_code": street, "service_form_code": form, "inclusive_code": "no",
                "class_type_code": "small", "service_mode_code": "full_day", "fee_item_code": "care",
                "survey_month": "2026-03", "collection_basis_code": "statistical_survey", "provider_count": str(count),
                "monthly_amount_median": median, "monthly_amount_mean": mean,
                "obs_status_code": "a" if median else "c"}  # fmt: skip

    rows = [cell("s1", "f", 3, "3000.00"), cell("s2", "f", 1), cell("_T", "f", 4, "3100.00", "3200.00")]
    world = World()
    hidden = fees(world, [edition(open_fee_statistics=rows)], AREA)
    low, high = bounds(world, hidden["s2", "f", "no", "small", "full_day", "care", "2026-03"])
    assert low == pytest.approx(3800, abs=0.2) and high == pytest.approx(3800, abs=0.2)
