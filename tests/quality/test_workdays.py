"""Working days: known holidays, weekends that are made up for, and years nobody has announced."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest

from quality.workdays import known_years, working_day_table, working_days


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect()
    working_day_table(made)
    return made


def between(con: duckdb.DuckDBPyConnection, first: str, last: str) -> int | None:
    found = con.execute(
        "SELECT b.working_day_no - a.working_day_no FROM working_day a, working_day b "
        "WHERE a.day_on = CAST(? AS DATE) AND b.day_on = CAST(? AS DATE)",
        [first, last],
    ).fetchone()
    return found and found[0]


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        ("2025-03-03", "2025-03-10", 5),  # a plain week: Monday to Monday
        ("2025-03-07", "2025-03-09", 0),  # a weekend
        ("2025-09-30", "2025-10-09", 1),  # National Day and Mid-Autumn
        ("2026-02-14", "2026-02-24", 1),  # Spring Festival; the 14th, a Saturday, is made up for
        ("2026-02-13", "2026-02-14", 1),
        ("2025-12-31", "2026-01-05", 2),  # the 4th of January, a Sunday, is made up for
    ],
)
def test_days_are_counted_by_the_announced_calendar(con, first: str, last: str, days: int):
    assert between(con, first, last) == days


def test_a_year_nobody_has_announced_is_not_guessed(con):
    first, last = known_years()
    assert between(con, f"{last}-12-28", f"{last + 1}-01-05") is None
    assert between(con, f"{first - 1}-12-28", f"{first}-01-05") is None
    assert working_days()[-1] <= date(last, 12, 31)


def test_every_day_of_the_known_years_has_one_row(con):
    first, last = known_years()
    expected = (date(last, 12, 31) - date(first, 1, 1)).days + 1
    counted = con.execute("SELECT count(*), count(DISTINCT day_on), max(working_day_no) FROM working_day").fetchone()
    assert counted == (expected, expected, len(working_days()))
