"""What is withheld, from filings and reports to the tables of totals: by itself, by an insider, by complements, and
over versions. Versions are what `told_cell` says; how it is read from releases is tested with the gate."""

from __future__ import annotations

from datetime import date

import pytest

from tests.assets.sql_bench import AREA, OTHER_STREET, STREET, Bench

MONTH = "2026-03"


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    bench.parameter("small_cell_minimum", 5)
    bench.parameter("fee_interval_share_min", 0.2)
    bench.parameter("fee_statistics_min_providers", 3)
    return bench


def _withheld(bench: Bench, measure: str, *columns: str) -> list[tuple]:
    columns = columns or ("subdistrict_code", "member_code", "period", "withheld_reason_code")
    return bench.rows("measure_withheld", *columns, where=f"protected_measure_code = '{measure}'")


def _stations(bench: Bench, visits: dict[str, int], month: str = MONTH, **more) -> None:
    """A, B in one street, C, D in the other; ``more`` of every report."""
    for station, n in visits.items():
        street = STREET if station in "AB" else OTHER_STREET
        if not bench.con.execute("SELECT 1 FROM station WHERE station_id = ?", [station]).fetchall():
            bench.put("station", station_id=station, opened_on="2021-06-01", subdistrict_code=street)
        bench.put("station_report", station_id=station, report_month=month, child_visit_count=n, **more)


def _told(bench: Bench, measure: str, street: str, member: str, value: float | None, **more) -> None:
    row = {"told_no": 0, "protected_measure_code": measure, "area_code": AREA, "subdistrict_code": street}
    row |= {"service_form_code": "_T", "member_code": member, "period": MONTH, "is_hidden": value is None}
    row |= {"told_value": value} | more
    bench.con.execute(
        f"INSERT INTO told_cell ({', '.join(row)}) VALUES ({', '.join('?' for _ in row)})", list(row.values())
    )


VISITS = {"A": 3, "B": 40, "C": 50, "D": 60}


def test_a_small_count_and_the_totals_of_its_month_are_withheld(bench):
    _stations(bench, VISITS, adult_visit_count=30)
    assert _withheld(bench, "child_visits") == [
        (STREET, "A", MONTH, "small"),
        (STREET, "_T", MONTH, "complement"),
        ("_T", "_T", MONTH, "complement"),
    ]
    assert not _withheld(bench, "adult_visits")


def test_a_year_that_is_over_gives_no_month_away(bench):
    for nth in range(1, 13):
        _stations(bench, VISITS if nth == 5 else {s: 40 + nth for s in VISITS}, f"2025-{nth:02}")
    found = _withheld(bench, "child_visits")
    assert (STREET, "A", "2025-05", "small") in found
    assert sum(reason == "complement" for *_, reason in found) > 2
    assert all(period.startswith("2025") for _, _, period, _ in found)


def test_a_year_is_over_on_its_last_day():
    """One station in a street of its own: the street's year and eleven months would be the month that is small."""
    bench = Bench(date(2025, 12, 31))
    bench.parameter("small_cell_minimum", 5)
    for nth in range(1, 13):
        _stations(bench, {"A": 3 if nth == 6 else 50, "C": 50, "D": 50}, f"2025-{nth:02}")
    found = {(street, member, period) for street, member, period, _ in _withheld(bench, "child_visits")}
    assert (STREET, "A", "2025-06") in found
    others = {(STREET, "A", f"2025-{nth:02}") for nth in range(1, 13) if nth != 6}
    assert (STREET, "_T", "2025") in found or found & others


def test_what_was_withheld_stays_so_and_what_was_told_protects_nothing(bench):
    """An earlier version withheld A and B; now A has 30 visits. C and D were told then, and are the same."""
    _stations(bench, VISITS | {"A": 30})
    for station, value in {"A": None, "B": None, "C": 50, "D": 60}.items():
        _told(bench, "child_visits", STREET if station in "AB" else OTHER_STREET, station, value)
    found = _withheld(bench, "child_visits")
    assert {(member, reason) for _, member, _, reason in found if member != "_T"} == {("A", "kept"), ("B", "kept")}


def test_a_hidden_part_that_was_corrected_takes_the_total_along(bench):
    """A and B were hidden under 43; B was 40 and is 48 now: the total would say by how much."""
    _stations(bench, VISITS | {"B": 48})
    for station in "AB":
        _told(bench, "child_visits", STREET, station, None)
    _told(bench, "child_visits", STREET, "_T", 43)
    assert (STREET, "_T", MONTH, "told") in _withheld(bench, "child_visits")


def test_a_late_report_is_not_the_difference_of_two_totals(bench):
    _stations(bench, VISITS)
    bench.put("station", station_id="G", opened_on="2021-06-01", subdistrict_code=STREET)
    bench.put("station_report", station_id="G", report_month=MONTH, child_visit_count=4)
    for station in "AB":
        _told(bench, "child_visits", STREET, station, None)
    _told(bench, "child_visits", STREET, "_T", 43)
    found = {(street, member): reason for street, member, _, reason in _withheld(bench, "child_visits")}
    assert found[STREET, "G"] == "small"
    assert (STREET, "_T") in found


def test_families_and_visits_are_withheld_together_and_before_a_colleague(bench):
    families = {"A": 2, "B": 30, "C": 20, "D": 20}
    _stations(bench, VISITS | {"A": 30})
    for station, n in families.items():
        change = "UPDATE station_report SET household_count = ?, home_visit_count = ? WHERE station_id = ?"
        bench.con.execute(change, [n, n + 6, station])
    found = {(street, member): reason for street, member, _, reason in _withheld(bench, "guided_households")}
    assert found[STREET, "home_visit"] == "small", "B knows its own 30 of 32"
    assert (OTHER_STREET, "home_visit") in found or ("_T", "home_visit") in found
    _, rows = bench.rows("open_guidance_activity_monthly", "subdistrict_code", "household_total", "obs_status_code")
    assert rows[2] in ("a", "c")


def test_a_total_that_moved_by_few_families_is_not_told_again(bench):
    _stations(bench, VISITS | {"A": 30})
    bench.con.execute("UPDATE station_report SET household_count = 20, home_visit_count = 20")
    _told(bench, "guided_households", STREET, "home_visit", 37, other_value=40)
    _told(bench, "guided_households", OTHER_STREET, "home_visit", 30, other_value=40)
    found = {street: reason for street, _, _, reason in _withheld(bench, "guided_households")}
    assert found[STREET] == "told", "40 after 37 are three"
    assert found.get(OTHER_STREET) != "told", "40 after 30 are ten"


def _provider(bench: Bench, name: str, enrolled: int, street: str = STREET, form: str = "unclassified") -> None:
    more = {"enrolled_count": enrolled, "subdistrict_code": street, "service_form_code": form, "place_count": 40}
    bench.filing(name, "2026-03-01", **more)


def test_a_provider_does_not_learn_its_neighbours_few_children(bench):
    for name, n, street, form in (
        ("A", 30, STREET, "unclassified"),
        ("B", 3, STREET, "unclassified"),
        ("C", 30, OTHER_STREET, "unclassified"),
        ("D", 20, OTHER_STREET, "community"),
        ("E", 25, STREET, "community"),
    ):
        _provider(bench, name, n, street, form)
    found = _withheld(bench, "enrolled_children", "subdistrict_code", "service_form_code", "withheld_reason_code")
    assert (STREET, "unclassified", "small") in found
    assert any(reason == "complement" for *_, reason in found)


def test_three_providers_with_many_children_are_told(bench):
    for name, n in (("A", 30), ("B", 3), ("C", 25)):
        _provider(bench, name, n)
    assert not _withheld(bench, "enrolled_children")


def _carried(bench: Bench) -> dict[tuple, set[str]]:
    """(subdistrict, form) -> the months in which its enrolment is withheld."""
    found: dict[tuple, set[str]] = {}
    for street, form, period in _withheld(
        bench, "enrolled_children", "subdistrict_code", "service_form_code", "period"
    ):
        found.setdefault((street, form), set()).add(period)
    return found


def _many(bench: Bench, on: str = "2025-10-05") -> None:
    """Three of one form in each street, none of them small."""
    for street in (STREET, OTHER_STREET):
        for n, enrolled in enumerate((30, 25, 20)):
            more = {"subdistrict_code": street, "service_form_code": "unclassified", "place_count": 40}
            bench.filing(f"{street}-{n}", on, enrolled_count=enrolled, **more)


NEW = {"subdistrict_code": STREET, "service_form_code": "unclassified", "place_count": 40}
WITH_IT = {(STREET, "unclassified"), (STREET, "_T"), ("_T", "unclassified"), ("_T", "_T")}


def test_who_arrives_with_few_children_is_not_one_month_less_the_other(bench):
    """From the month it comes to the one in which it has more; alone with the others it would not be withheld."""
    _many(bench)
    bench.filing("new", "2025-12-10", enrolled_count=3, **NEW)
    more = {"filing_event_code": "change", "filing_status_code": "changed", "enrolled_count": 12}
    bench.filing("new", "2026-02-10", **more, **NEW)
    found = _carried(bench)
    for cell in WITH_IT:
        assert found[cell] == {"2025", "2025-12", "2026-01"}, cell


def test_who_was_there_from_the_first_month_is_one_of_many(bench):
    _many(bench)
    bench.filing("old", "2025-10-05", enrolled_count=3, **NEW)
    assert not _carried(bench)


def test_who_leaves_with_few_children_is_not_one_month_less_the_other(bench):
    _many(bench)
    bench.filing("old", "2025-10-05", enrolled_count=3, **NEW)
    bench.filing(
        "old", "2026-01-10", filing_event_code="deregister", filing_status_code="deregistered", enrolled_count=3, **NEW
    )
    found = _carried(bench)
    for cell in WITH_IT:
        assert found[cell] == {"2026-01", "2026-02", "2026-03"}, cell


def test_who_comes_while_three_others_change_is_not_told_apart(bench):
    _many(bench)
    bench.filing("new", "2026-02-10", enrolled_count=3, **NEW)
    for n, enrolled in enumerate((28, 27, 24)):
        bench.filing(
            f"{STREET}-{n}", "2026-02-12", filing_event_code="change", filing_status_code="changed",
            enrolled_count=enrolled, **NEW,
        )  # fmt: skip
    assert not _carried(bench)


def test_a_month_that_only_an_earlier_version_told_is_a_month_before():
    """The window has moved on: who was new then is compared with what was published before it came."""
    bench = Bench(date(2026, 3, 31))
    bench.parameter("small_cell_minimum", 5)
    _many(bench, "2022-01-05")
    bench.filing("new", "2023-03-10", enrolled_count=3, **NEW)
    assert not _carried(bench)
    again = Bench(date(2026, 3, 31))
    again.parameter("small_cell_minimum", 5)
    _many(again, "2022-01-05")
    again.filing("new", "2023-03-10", enrolled_count=3, **NEW)
    _told(again, "enrolled_children", "_T", "_T", 150, period="2023-02")
    found = _carried(again)
    assert all(len(found[cell]) == 36 + 3 for cell in WITH_IT)


def test_family_points_are_no_part_of_enrolment(bench):
    _many(bench)
    bench.filing("home", "2026-01-10", enrolled_count=3, **NEW | {"site_type_code": "family_point", "place_count": 5})
    assert not _carried(bench)
    assert "home" not in {provider for (provider,) in bench.rows("measure_enrolment", "provider_id")}


def test_the_enrolment_of_a_year_is_that_of_its_december():
    bench = Bench(date(2026, 3, 31))
    bench.parameter("small_cell_minimum", 5)
    bench.filing("A", "2025-12-05", enrolled_count=3, place_count=30)
    found = {period for (period,) in _withheld(bench, "enrolled_children", "period")}
    assert found == {"2025", "2025-12", "2026-01", "2026-02", "2026-03"}


def test_without_k_no_count_of_people_is_published():
    bench = Bench()
    _stations(bench, VISITS | {"A": 300}, household_count=90, home_visit_count=90)
    _provider(bench, "P", 30)
    found = bench.rows("measure_withheld", "protected_measure_code", "subdistrict_code", "member_code", "period")
    for measure in ("child_visits", "guided_households", "enrolled_children"):
        assert (measure, "_T", "_T", MONTH) in found
    assert ("child_visits", STREET, "A", MONTH) in found


def test_nothing_changes_when_the_same_is_told_again(bench):
    """The pattern of a version is that of the next: what it hid is kept, and what it told is known."""
    _stations(bench, VISITS)
    first = {row[:3] for row in _withheld(bench, "child_visits")}
    again = Bench()
    again.parameter("small_cell_minimum", 5)
    again.parameter("fee_interval_share_min", 0.2)
    _stations(again, VISITS)
    totals = {STREET: 43, OTHER_STREET: 110, "_T": 153}
    for street, member, value in [
        *((STREET if s in "AB" else OTHER_STREET, s, n) for s, n in VISITS.items()),
        *((street, "_T", n) for street, n in totals.items()),
    ]:
        _told(again, "child_visits", street, member, None if (street, member, MONTH) in first else value)
    assert {row[:3] for row in _withheld(again, "child_visits")} == first
