"""The history's files and its key of events: what the generator says happened, checked by hand and by invariants.

Nothing here runs the pipeline: whether it publishes these events is a journey's test.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.demo import Calendar, final_reasons, make_deliveries
from pipelines.demo.arrivals import documents_told, filings_told, inspections_told, known_on
from pipelines.demo.providers import STORIES, Provider, block
from pipelines.demo.sheets import Wrong
from pipelines.demo.whitelist_key import Event, events, turns
from pipelines.demo_history import Step, steps

AS_OF = date(2026, 3, 31)
TWO_YEARS = Calendar(AS_OF, 24)


@pytest.fixture(scope="module")
def people() -> list[Provider]:
    return block(1, 0, AS_OF)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files and keys of two years."""
    home = tmp_path_factory.mktemp("history")
    make_deliveries(home / "deliveries", home, seed=1, months=24, as_of=AS_OF)
    return home


def told(people: list[Provider], story: str, nth: int = 0) -> list[str]:
    """The events of one provider of a story behind its number, as they stand in the key."""
    of_story = [p for p in people if p.story == story]
    book = events(of_story[nth], TWO_YEARS)
    return [" ".join("-" if value in (None, "") else str(value) for value in event[1:]) for event in book]


def test_files_arrive_twice_a_month_and_a_release_ends_it() -> None:
    quarter = Calendar(AS_OF, 3)
    assert quarter.register_on == date(2025, 12, 31)
    assert [(s.day.isoformat(), s.is_release) for s in steps(quarter)] == [
        ("2026-01-08", False), ("2026-01-20", False), ("2026-01-31", True),
        ("2026-02-08", False), ("2026-02-20", False), ("2026-02-28", True),
        ("2026-03-08", False), ("2026-03-20", False), ("2026-03-31", False), ("2026-03-31", True),
    ]  # fmt: skip
    assert steps(TWO_YEARS)[0] == Step(date(2024, 4, 8), False) and len(steps(TWO_YEARS)) == 24 * 3 + 1


@pytest.mark.parametrize(
    ("happened", "late", "arrives"),
    [("2021-05-06", 0, "2024-04-08"), ("2024-04-08", 0, "2024-04-08"), ("2024-04-09", 0, "2024-04-20"),
     ("2024-04-21", 0, "2024-05-08"), ("2025-12-21", 50, "2026-02-20"), ("2026-03-21", 0, "2026-03-31"),
     ("2026-03-30", 40, "2026-03-31")],
)  # fmt: skip
def test_what_happens_is_told_at_the_next_arrival(happened: str, late: int, arrives: str) -> None:
    assert TWO_YEARS.arrival(date.fromisoformat(happened), late) == date.fromisoformat(arrives)


# --- by hand: each date follows from the dates in the comment above it


def test_who_was_there_before_is_recorded_with_the_register(people: list[Provider]) -> None:
    assert told(people, "steady") == ["1 2023-10-01 - True - 2024-04-08 2024-04-30 -"]


def test_who_applied_first_was_known_as_not_listed(people: list[Provider]) -> None:
    # filed on 31 May 2025, told on 8 June
    assert told(people, "filed_lately") == ["1 2025-05-31 False True - 2025-06-08 2025-06-30 -"]


def test_a_lapse_is_two_events(people: list[Provider]) -> None:
    # the certificate's last day is 14 January 2026; the next one, issued on 9 February, arrives on the 20th
    assert told(people, "lapsed")[1:] == [
        "2 2026-01-15 True False document-expired 2026-01-15 2026-01-31 -",
        "3 2026-02-09 False True - 2026-02-20 2026-02-28 -",
    ]


def test_a_renewal_told_late_or_garbled_overturns_what_was_published(people: list[Provider]) -> None:
    # last day 9 January 2026; renewed on 21 December, told 45 days later at the earliest: on 8 February
    assert told(people, "renewal_told_late")[1:] == [
        "2 2026-01-10 True False document-expired 2026-01-10 2026-01-31 2026-02-28"
    ]
    # last day 11 January; the renewal of 23 December arrives garbled on 8 January and mended on 8 February
    assert told(people, "renewal_garbled")[1:] == [
        "2 2026-01-12 True False document-expired 2026-01-12 2026-01-31 2026-02-28"
    ]


def test_a_pause_told_when_it_is_over_is_added_to_published_months(people: list[Provider]) -> None:
    # closed on 21 December, open again on 11 January, told on 20 February; both months had been released
    assert told(people, "pause_told_late")[1:] == [
        "2 2025-12-21 True False suspended 2026-02-20 2026-02-28 -",
        "3 2026-01-11 False True - 2026-02-20 2026-02-28 -",
    ]


def test_a_remedy_told_late_takes_effect_in_a_published_month(people: list[Provider]) -> None:
    # found on 2 January, told on the 8th; remedied on the 24th, told 40 days later at the earliest: on 8 March
    assert told(people, "remedy_told_late")[1:] == [
        "2 2026-01-02 True False nonconformity-open 2026-01-08 2026-01-31 -",
        "3 2026-01-24 False True - 2026-03-08 2026-03-31 -",
    ]


def test_a_finding_withdrawn_is_overturned(people: list[Provider]) -> None:
    # found on 5 January, told on the 8th; that it was another's is told on 20 February
    assert told(people, "finding_withdrawn")[1:] == [
        "2 2026-01-05 True False nonconformity-open 2026-01-08 2026-01-31 2026-02-28"
    ]


def test_the_end_of_a_filing_told_late_and_in_time(people: list[Provider]) -> None:
    # number 43 ended on 24 December 2024, told 40 days later at the earliest: on 8 February; the other two in time
    assert told(people, "deregistered", 2)[1:] == ["2 2024-12-24 True False deregistered 2025-02-08 2025-02-28 -"]
    assert told(people, "deregistered", 1)[1:] == ["2 2026-01-08 True False deregistered 2026-01-08 2026-01-31 -"]


def test_who_was_never_listed_has_no_event(people: list[Provider]) -> None:
    assert told(people, "applied") == told(people, "health_missing") == told(people, "home_visit", 2) == []


# --- for many districts and lengths


@pytest.mark.parametrize("months", [1, 2, 3, 5, 12, 24])
def test_the_book_is_kept_whatever_the_district_and_the_length(months: int) -> None:
    """Numbers count up, dates follow one another, what stands alternates and ends where the story ends."""
    calendar = Calendar(AS_OF, months)
    for seed in range(1, 21):
        for provider in block(seed, 0, AS_OF):
            book = events(provider, calendar)
            assert [e.event_no for e in book] == list(range(1, len(book) + 1))
            for e in book:
                assert e.effective_on <= e.recorded_on <= e.published_on < (e.overturned_on or date.max)
                assert {e.published_on, e.overturned_on or AS_OF} <= set(calendar.releases)
                assert e.recorded_on >= calendar.arrivals[0]
            standing = sorted((e for e in book if not e.overturned_on), key=lambda e: e.effective_on)
            assert all(a.to_listed != b.to_listed == (not b.from_listed) for a, b in pairwise(standing))
            if standing:
                assert standing[-1].reason_codes == ";".join(STORIES[provider.story]), (seed, provider.number)
            else:
                assert provider.story in ("applied", "health_missing", "home_visit")


@pytest.mark.parametrize("months", [1, 3, 24])
def test_nothing_arrives_before_its_provider_or_before_it_happened(months: int) -> None:
    """Else it would wait as an orphan; and a row that is wrong at first is mended later, never before."""
    calendar = Calendar(AS_OF, months)
    for provider in (p for seed in range(1, 6) for p in block(seed, 0, AS_OF)):
        first, wrong = known_on(provider, calendar), 0
        told = [*filings_told(provider, calendar), *documents_told(provider, calendar),
                *inspections_told(provider, calendar)]  # fmt: skip
        for day, _, row in told:
            values = row.values if isinstance(row, Wrong) else row
            happened = values.get("event_on") or values.get("issued_on") or values["inspected_on"]
            assert day in calendar.arrivals and max(first, happened) <= day
            wrong += isinstance(row, Wrong)
        assert wrong <= (provider.story == "renewal_garbled")


# --- the files


def test_the_key_is_that_of_every_provider(made: Path, people: list[Provider]) -> None:
    with (made / "whitelist_key.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    assert tuple(lines[0]) == Event._fields
    assert Counter(line[0] for line in lines[1:]) == {
        p.provider_id: len(events(p, TWO_YEARS)) for p in people if turns(p, TWO_YEARS)
    }
    ended = ["2", "2024-12-24", "true", "false", "deregistered", "2025-02-08", "2025-02-28", ""]
    assert ["330108-S-0043", *ended] in lines
    assert set(final_reasons(1, AS_OF)) == {p.provider_id for p in people}


def test_every_file_waits_in_the_folder_of_a_day_of_arrival(made: Path) -> None:
    days = {path.name for path in (made / "deliveries").iterdir()}
    assert days <= {day.isoformat() for day in TWO_YEARS.arrivals} and len(days) > 40
    names = [p.relative_to(made / "deliveries").parts[1:] for p in (made / "deliveries").rglob("*") if p.is_file()]
    assert len(names) == len(set(names)), "two files of one name cannot both lie in the inbox"


def test_two_histories_of_one_seed_are_byte_identical(made: Path, tmp_path: Path) -> None:
    make_deliveries(tmp_path / "deliveries", tmp_path, seed=1, months=24, as_of=AS_OF)
    assert _digests(made) == _digests(tmp_path)


def _digests(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_a_history_of_no_month_is_refused(tmp_path: Path) -> None:
    for months in (0, 25):
        with pytest.raises(ValueError, match="1 to 24"):
            make_deliveries(tmp_path / "deliveries", tmp_path, seed=1, months=months, as_of=AS_OF)
