"""The whitelist over several releases, worked by hand: what was told stays told, and what proves wrong says so."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import pytest

from assets.sql import released_table
from schemas.registry import load
from tests.assets.sql_bench import DOCUMENTS, Bench, contracts

EVENT = "open_whitelist_event"
STORY = ("provider_id", "event_no", "effective_on", "from_listed", "to_listed", "reason_codes")
DAYS = ("provider_id", "event_no", "recorded_on", "published_on", "overturned_on")
CLOCK = ("provider_id", "workday_count", "workday_limit", "is_published_in_time", "not_evaluated_codes")
#: 2026-02-16 to 23 is the Spring Festival; the 14th and the 28th, Saturdays, are working days
DUTY = {"publication_workdays_max": 20, "publication_from_on": "2026-01-01"}


class History:
    """Facts with the day they were received, and releases that each know the one before.

    Of two statements of one key the later one counts, as in the intake."""

    def __init__(self, **parameters: Any):
        self.parameters = {"required_document_types": DOCUMENTS, "food_licence_required_meal_modes": "self_cook"}
        self.parameters |= parameters
        self.facts: list[tuple[str, dict[str, Any]]] = []
        self.released: list[tuple] = []
        self.last: Bench | None = None

    def filing(self, provider: str, event_on: str, status: str, received_on: str, **values: Any) -> None:
        row = {"provider_id": provider, "event_on": event_on, "filing_status_code": status}
        self.facts.append(("filing", row | {"received_on": received_on} | values))

    def documents(self, provider: str, issued_on: str, received_on: str, kinds: str = DOCUMENTS, **values: Any) -> None:
        for kind in kinds.split(";"):
            row = {"provider_id": provider, "document_type_code": kind, "issued_on": issued_on}
            self.facts.append(("filing_document", row | {"received_on": received_on} | values))

    def inspection(self, provider: str, inspected_on: str, received_on: str, **values: Any) -> None:
        row = {"provider_id": provider, "inspection_id": f"{provider}-1", "inspected_on": inspected_on}
        self.facts.append(("inspection", row | {"received_on": received_on} | values))

    def bench(self, as_of: str, known_on: str | None = None) -> Bench:
        """The tables as of a day, of what was received by another, after what is published."""
        bench = Bench(date.fromisoformat(as_of))
        for code, value in self.parameters.items():
            bench.parameter(code, value)
        for table, row in self._standing(known_on or as_of):
            bench.put(table, **row)
        marks = ", ".join("?" for _ in contracts()[EVENT].fields)
        if self.released:
            bench.con.executemany(f"INSERT INTO released_whitelist_event VALUES ({marks})", self.released)
        return bench

    def release(self, as_of: str, *columns: str) -> list[tuple]:
        """Publishes; returns the columns of the events."""
        bench = self.last = self.bench(as_of)
        rows = bench.rows(EVENT, *(columns or STORY))
        self.released = bench.con.execute(f"SELECT * FROM {EVENT} ORDER BY provider_id, event_no").fetchall()
        return rows

    def _standing(self, known_on: str) -> list[tuple[str, dict[str, Any]]]:
        latest = {}
        for table, row in self.facts:
            if row["received_on"] <= known_on:
                key = tuple(row.get(name) for name in contracts()[table].key if name != "area_code")
                latest[table, *key] = row
        return [(key[0], row) for key, row in latest.items()]


def test_a_first_release_tells_the_whole_past_in_order():
    told = History()
    told.filing("A", "2024-01-10", "filed", "2024-01-15")
    told.documents("A", "2024-01-01", "2024-01-15", valid_to_on="2024-12-31")
    told.documents("A", "2025-03-01", "2025-04-01")
    told.filing("B", "2024-01-10", "suspended", "2024-01-15")
    assert told.release("2026-03-31") == [
        ("A", 1, "2024-01-10", None, True, None),
        ("A", 2, "2025-01-01", True, False, "document-expired"),
        ("A", 3, "2025-03-01", False, True, None),
    ]
    assert told.bench("2026-03-31").rows(EVENT, *DAYS) == [
        ("A", 1, "2024-01-15", "2026-03-31", None),
        ("A", 2, "2025-01-01", "2026-03-31", None),  # ran out by itself: no fact had to come
        ("A", 3, "2025-04-01", "2026-03-31", None),
    ]


def test_a_filing_told_late_overturns_what_was_published():
    told = History()
    told.documents("A", "2023-12-01", "2026-01-20")
    told.filing("A", "2026-01-10", "filed", "2026-01-20")
    assert told.release("2026-01-31") == [("A", 1, "2026-01-10", None, True, None)]
    # in February it turns out that only on the 20th of January it was filed, and that it paused in between
    told.filing("A", "2026-01-10", "submitted", "2026-02-27")
    told.filing("A", "2026-01-20", "filed", "2026-02-27", filing_event_code="change")
    first, second = told.release("2026-02-28")
    assert first == ("A", 1, "2026-01-10", None, True, None)
    assert second == ("A", 2, "2026-01-20", False, True, None)
    assert told.bench("2026-02-28").rows(EVENT, *DAYS) == [
        ("A", 1, "2026-01-20", "2026-01-31", "2026-02-28"),
        ("A", 2, "2026-02-27", "2026-02-28", None),
    ]
    # and in March that the first statement had been right: the old row stays overturned, a third one tells it again
    told.filing("A", "2026-01-10", "filed", "2026-03-05")
    told.filing("A", "2026-01-20", "changed", "2026-03-05", filing_event_code="change")
    assert told.release("2026-03-31") == [first, second, ("A", 3, "2026-01-10", None, True, None)]
    assert [row[-1] for row in told.bench("2026-03-31").rows(EVENT, *DAYS)] == ["2026-02-28", "2026-03-31", None]


def test_a_renewal_told_late_undoes_a_departure_that_was_published():
    told = History()
    told.filing("A", "2025-02-10", "filed", "2025-02-28")
    told.documents("A", "2025-02-01", "2025-02-28", valid_to_on="2026-01-31")
    assert told.release("2026-01-31") == [("A", 1, "2025-02-10", None, True, None)]
    told.release("2026-02-28")  # expired on 1 February, with no file received
    told.documents("A", "2026-01-25", "2026-03-10", valid_to_on="2027-01-24")
    assert told.release("2026-03-31") == [
        ("A", 1, "2025-02-10", None, True, None),
        ("A", 2, "2026-02-01", True, False, "document-expired"),
    ]
    assert told.bench("2026-03-31").rows(EVENT, *DAYS) == [
        ("A", 1, "2025-02-28", "2026-01-31", None),
        ("A", 2, "2026-02-01", "2026-02-28", "2026-03-31"),
    ]
    assert told.bench("2026-03-31").rows("open_whitelist", "provider_id") == [("A",)]


def test_a_remedy_told_late_leaves_the_day_the_finding_was_told():
    told = History()
    told.filing("A", "2025-02-10", "filed", "2025-02-28")
    told.documents("A", "2025-02-01", "2025-02-28")
    told.release("2026-01-31")
    told.inspection("A", "2026-02-05", "2026-02-20", remedy_due_on="2026-03-05")
    told.release("2026-02-28")
    told.inspection("A", "2026-02-05", "2026-04-10", remedy_due_on="2026-03-05", closed_on="2026-02-27")
    assert told.release("2026-04-30", "effective_on", "to_listed", "reason_codes", "recorded_on", "published_on") == [
        ("2025-02-10", True, None, "2025-02-28", "2026-01-31"),
        ("2026-02-05", False, "nonconformity-open", "2026-02-20", "2026-02-28"),
        ("2026-02-27", True, None, "2026-04-10", "2026-04-30"),
    ]


def test_a_listing_is_on_record_when_all_it_rests_on_has_come():
    told = History()
    told.filing("A", "2026-01-10", "filed", "2026-01-20")
    told.documents("A", "2026-01-05", "2026-01-20", kinds="fire")
    assert told.release("2026-01-31") == []
    told.documents("A", "2026-01-05", "2026-02-12", kinds="health_eval")
    told.documents("A", "2026-01-05", "2026-02-27", kinds="staff_cert")  # not required
    assert told.release("2026-02-28", "effective_on", "recorded_on", "published_on") == [
        ("2026-01-10", "2026-02-12", "2026-02-28")
    ]


def test_of_several_events_of_one_day_the_last_one_counts():
    told = History()
    for provider in "AB":
        told.documents(provider, "2024-01-01", "2024-01-15")
        told.filing(provider, "2024-02-01", "filed", "2024-02-29")
    told.filing("A", "2024-02-01", "deregistered", "2024-02-29", filing_event_code="deregister")
    told.filing("B", "2024-02-01", "changed", "2024-02-29", filing_event_code="change")
    told.documents("B", "2024-06-01", "2024-06-30", kinds="fire", conclusion_code="fail")
    told.inspection("B", "2024-06-01", "2024-07-10")
    assert told.release("2026-03-31") == [
        ("B", 1, "2024-02-01", None, True, None),
        ("B", 2, "2024-06-01", True, False, "document-failed;nonconformity-open"),
    ]
    assert told.bench("2026-03-31").rows(EVENT, *DAYS)[1][2] == "2024-07-10"


def test_a_changed_reason_is_a_new_telling_of_the_same_day():
    told = History()
    told.filing("A", "2025-02-10", "filed", "2025-02-28")
    told.documents("A", "2025-02-01", "2025-02-28", valid_to_on="2026-01-31")
    told.release("2026-02-28")
    told.filing("A", "2026-02-01", "suspended", "2026-03-20", filing_event_code="change")
    assert told.release("2026-03-31") == [
        ("A", 1, "2025-02-10", None, True, None),
        ("A", 2, "2026-02-01", True, False, "document-expired"),
        ("A", 3, "2026-02-01", True, False, "document-expired;suspended"),
    ]
    assert [row[-1] for row in told.bench("2026-03-31").rows(EVENT, *DAYS)] == [None, "2026-03-31", None]


def test_who_left_keeps_a_tombstone_and_may_come_back():
    told = History()
    told.filing("A", "2024-01-10", "filed", "2024-01-31")
    told.documents("A", "2024-01-01", "2024-01-31")
    told.filing("A", "2025-05-01", "deregistered", "2025-05-31", filing_event_code="deregister")
    told.filing("B", "2024-01-10", "submitted", "2024-01-31")
    stone = ("provider_id", "is_listed", "reason_codes", "legal_sources", "since_on", "first_listed_on", "delisted_on")
    assert told.bench("2026-03-31").rows("open_whitelist_decision", *stone) == [
        ("A", False, "deregistered", "国卫人口发〔2019〕58号 规范 Art. 7", "2025-05-01", "2024-01-10", "2025-05-01"),
        ("B", False, "not-filed", "国卫办人口发〔2019〕25号 Art. 7", "2024-01-10", None, None),
    ]
    told.filing("A", "2026-02-01", "filed", "2026-02-28")
    assert told.bench("2026-03-31").rows("open_whitelist_decision", *stone)[0] == (
        ("A", True, None, None, "2026-02-01", "2024-01-10", None)
    )
    assert [row[2:5] for row in told.release("2026-03-31")] == [
        ("2024-01-10", None, True), ("2025-05-01", True, False), ("2026-02-01", False, True),
    ]  # fmt: skip


def test_who_is_missing_from_a_register_left_when_that_register_came():
    told = History()
    for provider, days in {"A": (1, 2, 3), "B": (1, 3), "C": (1,)}.items():
        for month in days:
            received = f"2026-0{month}-20"
            told.filing(provider, f"2026-0{month}-01", "filed", received, filing_event_code="snapshot")
        told.documents(provider, "2025-12-01", "2026-01-20")
    assert told.release("2026-03-31", "provider_id", "effective_on", "to_listed", "reason_codes", "recorded_on") == [
        ("A", "2026-01-01", True, None, "2026-01-20"),
        ("B", "2026-01-01", True, None, "2026-01-20"),
        ("B", "2026-02-01", False, "absent-from-source", "2026-02-20"),
        ("B", "2026-03-01", True, None, "2026-03-20"),
        ("C", "2026-01-01", True, None, "2026-01-20"),
        ("C", "2026-02-01", False, "absent-from-source", "2026-02-20"),
    ]


def test_the_clock_of_publication_counts_official_working_days():
    told = History(**DUTY)
    for provider, filed, received in (
        ("A", "2026-01-20", "2026-01-30"),  # a Friday; 20 working days on is 5 March, over the Spring Festival
        ("B", "2026-02-02", "2026-02-03"),
        ("C", "2025-12-30", "2026-01-30"),  # before the district began to publish
    ):
        told.filing(provider, filed, "filed", received)
        told.documents(provider, "2025-12-01", received)
    assert told.release("2026-03-05", *CLOCK) == [
        ("A", 20, 20, True, None),
        ("B", 18, 20, True, None),
        ("C", None, None, None, "publication-not-required"),
    ]
    late = History(**DUTY)
    late.facts = told.facts
    assert late.release("2026-03-06", *CLOCK)[:2] == [("A", 21, 20, False, None), ("B", 19, 20, True, None)]


def test_a_year_without_calendar_and_a_district_without_figures_are_not_judged():
    told = History(**DUTY)
    told.filing("A", "2026-12-28", "filed", "2026-12-30")
    told.documents("A", "2026-12-01", "2026-12-30")
    assert told.release("2027-01-05", *CLOCK) == [("A", None, 20, None, "calendar-not-covered")]
    bare = History()
    bare.facts = told.facts
    assert bare.release("2026-12-31", *CLOCK) == [("A", None, None, None, "publication-not-evaluated")]


def _deadlines(told: History, as_of: str) -> list[tuple]:
    columns = ("provider_id", "deadline_code", "deadline_state_code", "workday_count", "not_evaluated_codes")
    return told.bench(as_of).rows("open_whitelist_deadline", *columns)


def test_the_time_limits_of_the_filing_procedure():
    told = History(receipt_workdays_max=5, nonconformity_notice_workdays_max=15)
    dates = {"submitted_on": "2026-02-12", "receipted_on": "2026-02-25"}  # 13, 14, 24, 25
    told.filing("A", "2026-02-26", "filed", "2026-02-28", **dates)
    told.filing("B", "2026-02-26", "filed", "2026-02-28", submitted_on="2026-02-10", receipted_on="2026-02-24")
    told.filing("C", "2026-02-12", "submitted", "2026-02-12", submitted_on="2026-02-12")
    told.filing("D", "2026-02-12", "filed", "2026-02-12")
    told.filing("E", "2026-02-12", "supplement", "2026-02-12", submitted_on="2026-02-12")
    told.filing("F", "2026-02-26", "noncompliant", "2026-02-28", **dates, removal_reason_code="nonconformity")
    told.filing("G", "2026-03-17", "noncompliant", "2026-03-17", **dates, removal_reason_code="nonconformity")
    told.filing("H", "2026-12-30", "submitted", "2026-12-30", submitted_on="2026-12-30")
    assert [row for row in _deadlines(told, "2026-03-18") if row[0] != "C"] == [
        ("A", "receipt", "met", 4, None),
        ("B", "receipt", "met", 5, None),
        ("D", "receipt", "not-evaluated", None, "dates-not-stated"),
        ("E", "receipt", "not-evaluated", None, "submission-incomplete"),
        ("F", "nonconformity-notice", "met", None, None),
        ("F", "receipt", "met", 4, None),
        ("G", "nonconformity-notice", "met", None, None),
        ("G", "receipt", "met", 4, None),
    ]
    assert ("C", "receipt", "running", None, None) in _deadlines(told, "2026-02-26")
    assert ("C", "receipt", "late", None, None) in _deadlines(told, "2026-02-27")
    assert _deadlines(told, "2027-01-04")[-1] == ("H", "receipt", "not-evaluated", None, "calendar-not-covered")


def test_a_late_receipt_a_late_notice_and_a_limit_nobody_gave():
    told = History(receipt_workdays_max=5, nonconformity_notice_workdays_max=15)
    late = {"submitted_on": "2026-02-09", "receipted_on": "2026-02-24"}
    told.filing("A", "2026-03-17", "noncompliant", "2026-03-17", **late, removal_reason_code="nonconformity")
    assert _deadlines(told, "2026-03-17") == [
        ("A", "nonconformity-notice", "late", None, None),
        ("A", "receipt", "late", 6, None),
    ]
    bare = History()
    bare.facts = told.facts
    assert [row[2:] for row in _deadlines(bare, "2026-03-17")] == [
        ("not-evaluated", None, "deadline-not-evaluated")
    ] * 2


def test_nothing_that_is_private_is_among_the_columns():
    private = {"submitted_on", "receipted_on", "reported_on", "received_on", "source_sha256"}
    for name in (EVENT, "open_whitelist_decision", "open_whitelist_deadline"):
        assert not private & set(contracts()[name].field_names)


def test_every_reason_the_state_machine_gives_has_its_source_and_there_is_room_for_all_of_them():
    codes = load("binjiang").codelists["whitelist_reason"].entries
    assert all(code.source for code in codes)
    assert len({code.source for code in codes}) <= 8 + 1  # the calendar's is of none that blocks


# -- whatever is received, in whatever order


def _any_history(seed: int) -> History:
    """Providers with random filings, certificates and inspections, many of them told late or told anew."""
    rng, told = random.Random(seed), History(**DUTY)
    start = date(2026, 1, 1)

    def day(low: int, high: int) -> str:
        return (start + timedelta(days=rng.randint(low, high))).isoformat()

    for number in range(12):
        provider = f"P{number:02}"
        told.documents(provider, day(-60, 40), day(0, 100), valid_to_on=day(20, 200))
        for _ in range(rng.randint(1, 5)):
            event = rng.choice(("new", "change", "deregister"))
            status = {"new": "filed", "change": rng.choice(("changed", "suspended")), "deregister": "deregistered"}
            told.filing(provider, day(-30, 110), status[event], day(0, 120), filing_event_code=event)
        if rng.random() < 0.5:
            found = day(-20, 60)
            told.inspection(provider, found, day(0, 90))
            told.inspection(provider, found, day(90, 130), closed_on=day(60, 89))
        if rng.random() < 0.5:
            told.documents(provider, day(20, 80), day(60, 130), valid_to_on=day(100, 300))
    told.facts.sort(key=lambda fact: fact[1]["received_on"])
    return told


@pytest.mark.parametrize("seed", range(2))
def test_published_rows_never_change_or_vanish_but_for_being_overturned(seed):
    told = _any_history(seed)
    names = contracts()[EVENT].field_names
    at, overturned = names.index("overturned_on"), 0
    for as_of in ("2026-01-31", "2026-02-28", "2026-03-31", "2026-05-31"):
        before = {row[:3]: row for row in told.released}
        told.release(as_of)
        after = {row[:3]: row for row in told.released}
        for key, row in before.items():
            assert after[key][:at] == row[:at] and after[key][at + 1 :] == row[at + 1 :]
            assert after[key][at] == row[at] or (row[at] is None and after[key][at] == date.fromisoformat(as_of))
        overturned = sum(row[at] is not None for row in after.values())
        _nobody_is_told_twice(told)
        again = list(told.released)
        told.release(as_of)
        assert told.released == again, "building again after publishing changes nothing"
    assert overturned, "the history tries what it should"


def _nobody_is_told_twice(told: History) -> None:
    """What stands is what is known today, and numbers run from 1 without a gap."""
    bench = told.last
    stands = bench.rows(
        EVENT, "provider_id", "effective_on", "to_listed", "reason_codes", where="overturned_on IS NULL"
    )
    known = bench.con.execute(
        "SELECT provider_id, CAST(valid_from_on AS VARCHAR), is_listed, reason_codes FROM (SELECT *, "
        "LAG(is_listed, 1, FALSE) OVER (PARTITION BY provider_id ORDER BY valid_from_on) AS was "
        "FROM core_whitelist_period) WHERE is_listed <> was"
    ).fetchall()
    assert sorted(stands, key=str) == sorted(known, key=str)
    numbers = [(row[1], row[2]) for row in told.released]
    for provider in {provider for provider, _ in numbers}:
        mine = [no for other, no in numbers if other == provider]
        assert mine == list(range(1, len(mine) + 1))


def test_a_run_as_of_an_earlier_day_takes_nothing_back():
    told = History(**DUTY)
    told.filing("A", "2026-02-10", "filed", "2026-02-20")
    told.documents("A", "2026-01-01", "2026-02-20")
    told.release("2026-02-28")
    back = told.bench("2026-01-31", known_on="2026-02-28")
    assert back.rows("core_whitelist_period", "provider_id") == []
    assert back.rows(EVENT, *DAYS) == [("A", 1, "2026-02-20", "2026-02-28", None)]


def test_what_a_release_of_another_shape_says_is_gone_on_from_as_far_as_it_goes(tmp_path):
    told = History(**DUTY)
    told.filing("A", "2026-02-10", "filed", "2026-02-20")
    told.documents("A", "2026-01-01", "2026-02-20")
    told.release("2026-02-28")
    bench = told.last
    for name, left_out in {"older": "event_no", "narrower": "workday_count, not_evaluated_codes"}.items():
        path = tmp_path / f"{name}.parquet"
        bench.con.execute(f"COPY (SELECT * EXCLUDE ({left_out}) FROM {EVENT}) TO '{path}'")
    found = {}
    for name in ("older", "narrower", "none"):
        path = tmp_path / f"{name}.parquet"
        released_table(bench.con, "told", contracts()[EVENT], path if path.exists() else None)
        found[name] = bench.con.execute(
            f"SELECT {', '.join(STORY[:3])}, workday_limit, workday_count FROM told"
        ).fetchall()
    assert found == {"older": [], "none": [], "narrower": [("A", 1, date(2026, 2, 10), 20, None)]}
