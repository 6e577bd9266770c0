"""Station, guidance and plan tables and the indicators, on a few rows worked by hand."""

from __future__ import annotations

from datetime import date

import pytest

from tests.assets.sql_bench import OTHER_STREET, STREET, Bench


@pytest.fixture
def bench() -> Bench:
    return Bench()


# -- stations


def _station(bench: Bench, station_id: str = "F", **report) -> None:
    bench.put("station", station_id=station_id, opened_on="2021-06-01")
    bench.put("station_report", **({"station_id": station_id, "report_month": "2026-03"} | report))


def _activity(bench: Bench) -> tuple:
    columns = ("open_day_count", "child_visit_count", "adult_visit_count", "obs_status_code")
    [row] = bench.rows("open_station_activity_monthly", *columns)
    return row


@pytest.mark.parametrize(
    ("report", "published"),
    [
        ({"child_visit_count": 5, "adult_visit_count": 6}, (20, 5, 6, "a")),
        ({"child_visit_count": 4, "adult_visit_count": 6}, (20, None, 6, "c")),
        ({"child_visit_count": 5, "adult_visit_count": 2}, (20, 5, None, "c")),
        ({"child_visit_count": 0, "adult_visit_count": 0}, (20, 0, 0, "a")),
        ({"child_visit_count": 9}, (20, 9, None, "a")),
    ],
)
def test_one_to_four_children_are_not_published_nor_what_gives_them_away(bench, report, published):
    bench.parameter("small_cell_minimum", 5)
    _station(bench, **report)
    assert _activity(bench) == published


def test_without_the_minimum_no_count_of_people_is_published(bench):
    _station(bench, child_visit_count=500, adult_visit_count=0)
    assert _activity(bench) == (20, None, None, "c")


def test_guidance_is_summed_by_subdistrict_and_few_families_are_kept_back(bench):
    bench.parameter("small_cell_minimum", 5)
    _station(bench, "F1", home_visit_count=3, household_count=3, lecture_count=1, parenting_class_count=1)
    _station(bench, "F2", home_visit_count=4, household_count=1, parenting_class_count=2)
    _station(bench, "F3", report_month="2026-02", home_visit_count=9, household_count=8)
    _station(bench, "F4", report_month="2026-01", home_visit_count=0, household_count=0)
    columns = ("report_month", "guidance_mode_code", "session_total", "household_total", "obs_status_code")
    assert bench.rows("open_guidance_activity_monthly", *columns) == [
        ("2026-01", "home_visit", 0, 0, "a"),
        ("2026-02", "home_visit", 9, 8, "a"),
        ("2026-03", "home_visit", None, None, "c"),
        ("2026-03", "parenting_class", 3, None, "a"),
    ]


# -- indicators and plans


def _indicator(bench: Bench, code: str, month: str = "2026-03", subdistrict: str = "_T") -> tuple:
    where = f"indicator_code = '{code}' AND period_month = '{month}' AND subdistrict_code = '{subdistrict}'"
    [row] = bench.rows("open_indicator", "indicator_value", "unit_code", "obs_status_code", where=where)
    return row


@pytest.fixture
def supplied(bench) -> Bench:
    bench.filing("A", "2024-11-10", place_count=30, is_inclusive=True)
    bench.filing("B", "2024-11-10", place_count=33, is_inclusive=False, subdistrict_code=OTHER_STREET)
    bench.filing(
        "B",
        "2026-02-01",
        filing_event_code="deregister",
        filing_status_code="deregistered",
        subdistrict_code=OTHER_STREET,
    )
    bench.put("population", counted_on="2020-11-01", age_band_code="all_ages", person_count=21000)
    bench.put("population", counted_on="2025-12-31", age_band_code="all_ages", person_count=10000)
    return bench


def test_supply_is_measured_at_the_end_of_each_month(supplied):
    assert _indicator(supplied, "IND-01", "2026-01") == (2.0, "institution", "a")
    assert _indicator(supplied, "IND-01", "2026-02") == (1.0, "institution", "a")
    assert _indicator(supplied, "IND-02", "2026-01") == (63.0, "place", "a")
    assert _indicator(supplied, "IND-06.unclassified", "2026-01") == (63.0, "place", "a")
    assert _indicator(supplied, "IND-04", "2026-01") == (30.0, "place", "a")
    assert _indicator(supplied, "IND-05", "2026-01") == (47.619, "percent", "a")
    assert _indicator(supplied, "IND-09", "2026-01") == (31.5, "place", "a")
    assert _indicator(supplied, "IND-02", "2026-02", OTHER_STREET) == (0.0, "place", "a")
    assert _indicator(supplied, "IND-05", "2026-02", OTHER_STREET) == (None, "percent", "n")


def test_the_population_is_the_latest_counted_by_then_and_missing_is_not_zero(supplied):
    assert _indicator(supplied, "IND-03", "2025-11") == (3.0, "per_1000", "a")
    assert _indicator(supplied, "IND-03", "2025-12") == (6.3, "per_1000", "a")
    assert _indicator(supplied, "IND-03", "2025-12", STREET) == (None, "per_1000", "m")
    assert _indicator(supplied, "IND-03b", "2025-12") == (None, "per_1000", "m")


def test_months_run_from_the_first_event_to_the_month_of_the_run_for_every_area_and_subdistrict(supplied):
    cells = supplied.rows("open_indicator", "subdistrict_code", "period_month", where="indicator_code = 'IND-01'")
    assert len(cells) == 3 * 17  # November 2024 to March 2026
    assert (cells[0], cells[-1]) == ((STREET, "2024-11"), ("_T", "2026-03"))


def test_a_running_month_is_provisional_and_three_years_are_the_most():
    bench = Bench(date(2026, 3, 15))
    bench.filing("A", "2019-01-10")
    bench.filing("A", "2026-03-20", filing_event_code="deregister", filing_status_code="deregistered")
    assert _indicator(bench, "IND-01") == (1.0, "institution", "p")
    assert len(bench.rows("open_indicator", "period_month", where="indicator_code = 'IND-01'")) == 3 * 36


def test_the_median_care_fee_is_of_posted_full_day_care_and_needs_enough_providers(bench):
    bench.parameter("fee_statistics_min_providers", 3)
    bench.survey([1000, 1100, 1300])
    bench.survey([3000], OTHER_STREET)
    bench.put(
        "fee_quote",
        provider_id=f"{STREET}-0",
        observed_on="2026-03-12",
        fee_amount=1,
        collection_basis_code="statistical_survey",
    )
    assert _indicator(bench, "IND-10") == (1200.0, "cny_per_month", "a")
    assert _indicator(bench, "IND-10", "2026-03", STREET) == (1100.0, "cny_per_month", "a")
    assert _indicator(bench, "IND-10", "2026-03", OTHER_STREET) == (None, "cny_per_month", "c")
    assert _indicator(bench, "IND-10", "2026-02") == (None, "cny_per_month", "m")


def test_station_activity_is_per_report_and_visits_hide_with_any_station_in_them(bench):
    bench.parameter("small_cell_minimum", 5)
    bench.filing("A", "2026-01-10")
    _station(bench, "F1", activity_count=4, open_day_count=20, child_visit_count=100)
    _station(bench, "F2", activity_count=1, open_day_count=21, child_visit_count=3)
    _station(bench, "F3", report_month="2026-02", child_visit_count=50)
    assert _indicator(bench, "IND-23.activities") == (2.5, "count", "a")
    assert _indicator(bench, "IND-23.open_days") == (20.5, "day", "a")
    assert _indicator(bench, "IND-23.visits") == (None, "visit", "c")
    assert _indicator(bench, "IND-23.visits", "2026-02") == (50.0, "visit", "a")
    assert _indicator(bench, "IND-23.visits", "2026-01") == (None, "visit", "m")
    assert _indicator(bench, "IND-20.stations", "2026-01") == (3.0, "station", "a")


@pytest.fixture
def planned(bench) -> Bench:
    bench.filing("A", "2024-01-10")
    for nth, (street, opened, closed) in enumerate(
        [
            (STREET, "2021-05-01", None),
            (STREET, "2021-06-30", None),
            (OTHER_STREET, "2021-06-01", "2023-01-01"),
            (OTHER_STREET, "2021-07-01", None),
        ]
    ):
        bench.put("station", station_id=f"F{nth}", subdistrict_code=street, opened_on=opened, closed_on=closed)
    for name, street, due in (
        ("P1", STREET, "2021-06-30"),
        ("P2", OTHER_STREET, "2021-06-30"),
        ("P3", "_T", "2027-06-30"),
    ):
        bench.put(
            "plan_target",
            plan_target_id=name,
            subdistrict_code=street,
            target_value=2 if street != "_T" else 4,
            due_on=due,
        )
    bench.put(
        "plan_target",
        plan_target_id="P4",
        indicator_code="IND-03",
        target_value=4.5,
        due_on="2025-12-31",
        unit_code="per_1000",
    )
    return bench


def test_a_plan_is_measured_on_its_day_and_a_later_one_is_open(planned):
    columns = ("plan_target_id", "delivered_by_due_value", "delivered_value", "completion_share", "is_met")
    assert planned.rows("open_plan_progress", *columns) == [
        ("P1", 2.0, 2.0, 1.0, True),
        ("P2", 1.0, 1.0, 0.5, False),
        ("P3", None, 3.0, 0.75, None),
        ("P4", None, None, None, None),
    ]


def test_plan_completion_counts_the_targets_whose_day_has_come(planned):
    assert _indicator(planned, "IND-20") == (75.0, "percent", "a")
    assert _indicator(planned, "IND-20", "2026-03", OTHER_STREET) == (50.0, "percent", "a")
