"""The invented growth stations, six a block and two a street, and what they did each month.

What does not belong here: files and wording (senders.py, wording.py).
"""

from __future__ import annotations

import calendar
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.demo import identifiers
from pipelines.demo.filings import Values
from pipelines.demo.places import STREETS

BLOCK_STATIONS = 6


@dataclass(frozen=True)
class Station:
    """One growth station."""

    number: int
    station_id: str
    name: str
    street: str
    community: str
    is_demo: bool
    has_temporary_care: bool


def station(number: int) -> Station:
    """The station of that number (from 1): streets take turns, so that a block has two in each."""
    codes = tuple(STREETS)
    street = codes[(number - 1) % len(codes)]
    turn = (number - 1) % BLOCK_STATIONS // len(codes)
    community = STREETS[street][1][turn]
    more = "" if number <= BLOCK_STATIONS else f"{number}号"
    return Station(
        number=number,
        station_id=f"{identifiers.AREA}-F-{number:04d}",
        name=f"演示·{community}{more}婴幼儿成长驿站",
        street=street,
        community=community,
        is_demo=turn == 0,
        has_temporary_care=turn == 0,
    )


def station_row(given: Station, months: list[date]) -> Values:
    """The station as the register of stations has it. It opened a year before the first month reported."""
    opened = min(date(2021, 5, 10) + timedelta(days=given.number % 40), months[0] - timedelta(days=400))
    return {
        "station_id": given.station_id,
        "station_name": given.name,
        "station_type_code": "demo" if given.is_demo else "basic",
        "gross_area_m2": (85 if given.is_demo else 36) + given.number % 9,
        "subdistrict_code": given.street,
        "community_name": given.community,
        "address": f"杭州市滨江区{STREETS[given.street][0]}演示路{500 + given.number}号",
        "operator_code": "community" if given.number % 2 else "public",
        "host_facility_code": "community_premises" if given.number % 2 else "health_service_centre",
        "opened_on": opened,
        "station_status_code": "open",
        "has_logo": True,
        "offers_temporary_care": given.has_temporary_care,
        "temporary_care_receipt_no": f"演示临托{given.number:04d}" if given.has_temporary_care else None,
        "open_days_per_week": 5 + given.number % 2,
        "opening_hours": "09:00-17:00",
        "zone_codes": "picture_books;toys" + (";nursing_room;parent_child" if given.is_demo else ""),
    }


def reports(seed: int, given: Station, months: list[date]) -> Iterator[Values]:
    """The station's monthly reports, oldest first. ``months`` are first days of months."""
    rng = random.Random(f"tuoyu-demo:{seed}:station:{given.number}")
    # families are drawn apart from sessions, whose numbers are public: one number must not give the other away
    families = random.Random(f"tuoyu-demo:{seed}:families:{given.number}")
    for month in months:
        yield _report(rng, families, given, month)


def report_months(as_of: date, count: int) -> list[date]:
    """The first days of the ``count`` months that end with the month of the as-of date."""
    last = as_of.year * 12 + as_of.month - 1
    return [date(m // 12, m % 12 + 1, 1) for m in range(last - count + 1, last + 1)]


def month_end(month: date) -> date:
    """The last day of the month of a date."""
    return month.replace(day=calendar.monthrange(month.year, month.month)[1])


def _report(rng: random.Random, families: random.Random, given: Station, month: date) -> Values:
    draw = rng.random
    open_days = 20 + int(draw() * 5) + given.number % 2
    visits = int((90 if given.is_demo else 45) * (0.7 + draw()) * (12 if given.is_demo else 1))
    group, training, lecture = 1 + int(draw() * 4), int(draw() * 3), int(draw() * 2)
    practice, online, information = int(draw() * 9), int(draw() * 12), int(draw() * 15)
    temporary = int(draw() * 12) if given.has_temporary_care else None
    return {
        "station_id": given.station_id,
        "report_month": month,
        "open_day_count": min(open_days, month_end(month).day),
        "child_visit_count": visits,
        "adult_visit_count": visits + int(draw() * 60),
        "activity_count": group + training,
        "group_activity_count": group,
        "training_activity_count": training,
        "lecture_count": lecture,
        "home_visit_count": 2 + int(draw() * 16),
        "household_count": 4 + int(families.random() * 20),
        "practice_exchange_count": practice,
        "online_sharing_count": online,
        "information_guidance_count": information,
        "parenting_class_count": int(draw() * 3),
        "temporary_care_hours": None if temporary is None else temporary * 3,
        "temporary_care_child_count": temporary,
        "incident_count": int(draw() * 1.02),
    }
