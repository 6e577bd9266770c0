"""Working days, as the State Council announces them year by year: holidays, and weekends that are made up for.

What belongs here: which days are working days, and how far that is known. What does not: time limits (they are
dated parameters of a profile) and the rules that count by them (rules/*.sql).

A year whose holidays are not announced is not guessed: its days are not in the relation, so that a limit that
reaches into it is not evaluated.
"""

from __future__ import annotations

import functools
from datetime import date, timedelta
from importlib.metadata import version

import duckdb

#: changes when the calendar does: what was judged by the old one is judged again
CALENDAR = f"chinesecalendar {version('chinesecalendar')}"


@functools.cache
def known_years() -> tuple[int, int]:
    """The first and the last year whose holidays are known."""
    from chinese_calendar import constants

    years = {day.year for day in constants.holidays}
    return min(years), max(years)


@functools.cache
def working_days() -> tuple[date, ...]:
    """Every working day of the known years, in order."""
    from chinese_calendar import is_workday

    first, last = known_years()
    start = date(first, 1, 1)
    days = (start + timedelta(days=n) for n in range((date(last, 12, 31) - start).days + 1))
    return tuple(day for day in days if is_workday(day))


def working_day_table(con: duckdb.DuckDBPyConnection) -> None:
    """Makes ``working_day``: every day of the known years, and how many working days there were up to it.

    Columns: day_on, working_day_no (the working days of the known years until that day, itself included). Between
    two days lie as many working days as the difference of their numbers; a day of an unknown year has no row."""
    first, last = known_years()
    con.execute(
        "CREATE OR REPLACE TABLE working_day AS SELECT day_on, "
        "CAST(sum(CASE WHEN works THEN 1 ELSE 0 END) OVER (ORDER BY day_on) AS INTEGER) AS working_day_no "
        "FROM (SELECT CAST(d.day_on AS DATE) AS day_on, w.day_on IS NOT NULL AS works "
        "FROM (SELECT unnest(generate_series(CAST(? AS TIMESTAMP), CAST(? AS TIMESTAMP), INTERVAL 1 DAY)) AS day_on) d "
        "LEFT JOIN (SELECT unnest(CAST(? AS DATE[])) AS day_on) w ON w.day_on = CAST(d.day_on AS DATE))",
        [f"{first}-01-01", f"{last}-12-31", list(working_days())],
    )
