"""Writes a station-report file with one wrong row in a hundred, and what is wrong with which row.

Deterministic: the same number of rows gives the same bytes. The truth is written down here, from what each mistake
is, and not taken from any tool. What does not belong here: measuring.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

COLUMNS = (
    "station_id", "report_month", "open_day_count", "child_visit_count", "adult_visit_count", "activity_count",
    "group_activity_count", "training_activity_count", "lecture_count", "home_visit_count", "household_count",
    "parenting_class_count", "temporary_care_hours", "incident_count", "reported_on",
)  # fmt: skip
MONTHS = 120
#: one row in so many is wrong; one in so many is right and written in a way of its own
WRONG, ODD = 100, 500

Cells = list[str]


def _row(number: int) -> Cells:
    station, month = divmod(number, MONTHS)
    at = f"{2016 + month // 12}-{month % 12 + 1:02}"
    spread = (number * 2654435761) & 0xFFFFFFFF
    visits, activities = (spread >> 3) % 900, 4 + (spread >> 5) % 16
    return [
        f"330108-F-{station:06}", at, str(18 + spread % 9), str(visits), str(visits // 2), str(activities),
        str(activities // 3), str(activities // 4), str(spread % 3), str((spread >> 7) % 40), str((spread >> 9) % 200),
        str(spread % 4), f"{(spread >> 4) % 90}.{spread % 10}", "0", f"{at}-28",
    ]  # fmt: skip


def _with(**cells: str) -> Callable[[Cells], Cells]:
    return lambda row: [cells.get(name, cell) for name, cell in zip(COLUMNS, row, strict=True)]


#: what is done to a row, and the codes it must be told
MISTAKES: tuple[tuple[Callable[[Cells], Cells], str], ...] = (
    (_with(open_day_count="40"), "value-above-maximum"),
    (_with(open_day_count=""), "value-missing"),
    (_with(child_visit_count="很多"), "value-type"),
    (_with(child_visit_count="-5"), "value-below-minimum"),
    (_with(adult_visit_count="12.6"), "number-not-whole"),
    (_with(activity_count="1e2"), "number-unit"),
    (lambda row: [row[0].replace("F", "X"), *row[1:]], "value-pattern"),
    (_with(station_id=""), "value-missing"),
    (_with(report_month="2024-13"), "date-impossible"),
    (_with(report_month=""), "value-missing"),
    (_with(reported_on="2025-02-30"), "date-impossible"),
    (_with(temporary_care_hours="inf"), "value-type"),
    (_with(group_activity_count="500"), "activity-types-above-total"),
    (_with(open_day_count="0", child_visit_count="7"), "visits-without-open-days"),
    (lambda row: [*row, "多"], "record-width"),
    (_with(incident_count="1_0"), "value-type"),
    (_with(home_visit_count="3天"), "number-unit"),
)
#: right, but not written the plain way
WAYS: tuple[Callable[[Cells], Cells], ...] = (
    lambda row: _with(report_month=f"{row[1][:4]}年{int(row[1][5:])}月")(row),
    lambda row: _with(open_day_count=f"{row[2]}天")(row),
    lambda row: _with(child_visit_count=f"{row[3]}人次")(row),
    lambda row: _with(reported_on=row[14].replace("-", "/"))(row),
    lambda row: _with(home_visit_count="１２")(row),
    lambda row: _with(household_count="无")(row),
)


def generate(rows: int, titles: list[str], target: Path, truth: Path) -> int:
    """Writes both files; returns how many rows something is said about. Every second kind of repeat is a lie.

    The row numbers of the truth count the header as 1."""
    told = 0
    with target.open("w", encoding="utf-8", newline="") as out, truth.open("w", encoding="utf-8") as said:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(titles)
        for number in range(rows):
            row = _row(number)
            if number % WRONG == WRONG - 1:
                changed, *codes = _wrong(number, row)
                for place, code in zip((number, number - 1)[: len(codes)], codes, strict=True):
                    said.write(f"{place + 2},{code}\n")
                    told += 1
                row = changed
            elif number % ODD == 7:
                row = WAYS[number // ODD % len(WAYS)](row)
            writer.writerow(row)
    return told


def rows_of(rows: int) -> list[Cells]:
    """Rows with nothing wrong."""
    return [_row(number) for number in range(rows)]


def _wrong(number: int, row: Cells) -> tuple:
    """The row gone wrong, then the codes of it and, where it contradicts the row before, of that one."""
    kinds = len(MISTAKES) + 2
    kind = number // WRONG % kinds
    if kind == kinds - 1:
        return _row(number - 1), "row-repeated"
    if kind == kinds - 2:
        before = _row(number - 1)
        return [*before[:2], *row[2:]], "key-duplicate", "key-duplicate"
    change, codes = MISTAKES[kind]
    return change(row), codes
