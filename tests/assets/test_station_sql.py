"""Station and guidance tables on a few rows worked by hand."""

from __future__ import annotations

import pytest

from tests.assets.sql_bench import Bench


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


