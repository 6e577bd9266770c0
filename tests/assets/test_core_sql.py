"""The core SELECTs on a few rows worked by hand: periods, leavers, fees by the month, whitelist states."""

from __future__ import annotations

import pytest
import sqlglot

from assets.known import DAYS, known_select
from assets.lineage import sql_files, table_sql
from schemas.ageing import STALE_COLUMNS
from tests.assets.sql_bench import DOCUMENTS, STREET, Bench, contracts


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("name", sorted(sql_files()))
def test_a_select_gives_exactly_the_columns_of_its_contract(bench, name):
    bench.rows(name, "*")
    given = bench.con.sql(table_sql(name)).columns
    made_by_the_build = {STALE_COLUMNS}
    assert sorted(given) == sorted({*contracts()[name].field_names} - made_by_the_build)


@pytest.mark.parametrize("name", sorted(sql_files()))
def test_a_select_is_one_statement_that_spark_reads_too(name):
    [tree] = sqlglot.parse(table_sql(name), dialect="spark", error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(tree, sqlglot.exp.Select)
    unportable = (sqlglot.exp.Qualify, sqlglot.exp.Lambda, sqlglot.exp.Struct, sqlglot.exp.IgnoreNulls)
    assert not [node.sql() for node in tree.find_all(*unportable)]
    assert "::" not in table_sql(name)


@pytest.mark.parametrize("name", ["filing", *DAYS])
def test_what_was_stated_is_seen_by_stable_ids_in_sql_that_spark_reads_too(name):
    [tree] = sqlglot.parse(known_select(contracts()[name]), dialect="spark", error_level=sqlglot.ErrorLevel.RAISE)
    assert isinstance(tree, sqlglot.exp.Select)


# -- filings and providers


def test_events_of_a_provider_are_numbered_and_a_deregistration_is_the_last_of_its_day(bench):
    bench.filing("A", "2024-05-01", filing_event_code="deregister", filing_status_code="deregistered")
    bench.filing("A", "2024-05-01", filing_event_code="new")
    bench.filing("A", "2024-03-01", filing_event_code="new")
    numbered = bench.rows("core_filing", "event_no", "event_on", "filing_event_code")
    assert sorted(numbered) == [
        (1, "2024-03-01", "new"),
        (2, "2024-05-01", "new"),
        (3, "2024-05-01", "deregister"),
    ]
    assert bench.rows("core_provider", "valid_from_on", "valid_to_on", "is_on_file") == [
        ("2024-03-01", "2024-05-01", True),
        ("2024-05-01", None, False),
    ]


def test_each_event_opens_a_period_and_what_a_sparse_event_leaves_out_stays(bench):
    bench.filing("A", "2024-01-10", credit_code="91330108MATE00001X", is_inclusive=True, gross_area_m2=120.5)
    bench.filing(
        "A",
        "2024-06-01",
        filing_event_code="change",
        filing_status_code="changed",
        provider_name="甲（更名）",
        place_count=45,
    )
    bench.filing(
        "A",
        "2025-02-01",
        filing_event_code="deregister",
        filing_status_code="deregistered",
        provider_name="甲（更名）",
        place_count=None,
        removal_reason_code="relocated",
    )
    columns = (
        "valid_from_on",
        "valid_to_on",
        "provider_name",
        "place_count",
        "credit_code",
        "is_inclusive",
        "gross_area_m2",
        "filing_status_code",
        "removal_reason_code",
        "is_on_file",
    )
    kept = ("91330108MATE00001X", True, 120.5)
    assert bench.rows("core_provider", *columns) == [
        ("2024-01-10", "2024-06-01", "甲", 30, *kept, "filed", None, True),
        ("2024-06-01", "2025-02-01", "甲（更名）", 45, *kept, "changed", None, True),
        ("2025-02-01", None, "甲（更名）", 45, *kept, "deregistered", "relocated", False),
    ]


def test_a_full_description_restates_everything_so_nothing_is_carried_into_it(bench):
    bench.filing("A", "2023-01-01", filing_event_code="snapshot", quality_grade_code="a")
    bench.filing("A", "2024-01-01", filing_event_code="snapshot")
    bench.filing("A", "2024-06-01", filing_event_code="change", filing_status_code="changed")
    assert bench.rows("core_provider", "quality_grade_code") == [("a",), (None,), (None,)]


def test_a_home_visit_service_does_not_inherit_places(bench):
    bench.filing("A", "2024-01-01")
    bench.filing("A", "2024-02-01", filing_event_code="change", service_form_code="home_visit", place_count=None)
    assert bench.rows("core_provider", "place_count") == [(30,), (None,)]


def test_an_event_after_the_day_of_the_run_has_not_happened(bench):
    bench.filing("A", "2024-01-01")
    bench.filing("A", "2026-04-01", filing_event_code="deregister", filing_status_code="deregistered")
    assert bench.rows("core_provider", "valid_from_on", "valid_to_on") == [("2024-01-01", None)]
    assert len(bench.rows("core_filing", "event_no")) == 2


def _snapshots(bench: Bench, present: dict[str, list[str]], source: str = "register") -> None:
    for provider, days in present.items():
        for day in days:
            bench.filing(provider, day, filing_event_code="snapshot", source_code=source)


def test_who_is_not_in_the_next_register_has_left_and_may_come_back(bench):
    first, second, third = "2024-01-01", "2024-02-01", "2024-03-01"
    _snapshots(bench, {"A": [first, second, third], "B": [first], "C": [first, third]})
    columns = ("provider_id", "valid_from_on", "valid_to_on", "filing_status_code", "removal_reason_code")
    assert bench.rows("core_provider", *columns) == [
        ("A", first, second, "filed", None),
        ("A", second, third, "filed", None),
        ("A", third, None, "filed", None),
        ("B", first, second, "filed", None),
        ("B", second, None, "removed", "absent-from-source"),
        ("C", first, second, "filed", None),
        ("C", second, third, "removed", "absent-from-source"),
        ("C", third, None, "filed", None),
    ]


def test_whose_line_waits_in_quarantine_has_not_left(bench):
    first, second, third = "2024-01-01", "2024-02-01", "2024-03-01"
    _snapshots(bench, {"A": [first, second, third], "B": [first], "C": [first, third]})
    for provider in "BC":
        bench.put("filing_held", source_code="register", provider_id=provider, event_on=second)
    rows = bench.rows("core_provider", "provider_id", "valid_from_on", "valid_to_on", "filing_status_code")
    assert [row for row in rows if row[0] == "B"] == [
        ("B", first, third, "filed"),
        ("B", third, None, "removed"),
    ]
    assert "removed" not in {row[-1] for row in rows if row[0] == "C"}


def test_a_register_says_nothing_of_the_providers_of_another_source(bench):
    _snapshots(bench, {"A": ["2024-01-01", "2024-02-01"]})
    _snapshots(bench, {"B": ["2024-01-15"]}, source="other")
    bench.filing("C", "2023-12-01")
    left = bench.rows("core_provider", "provider_id", where="filing_status_code = 'removed'")
    assert left == []


def test_a_provider_that_ended_its_filing_does_not_leave_the_register_again(bench):
    _snapshots(bench, {"A": ["2024-01-01", "2024-02-01"], "B": ["2024-01-01"]})
    bench.filing("B", "2024-01-20", filing_event_code="deregister", filing_status_code="deregistered")
    ended = bench.rows("core_provider", "valid_from_on", "valid_to_on", "filing_status_code", where="provider_id = 'B'")
    assert ended == [("2024-01-01", "2024-01-20", "filed"), ("2024-01-20", None, "deregistered")]


def test_subdistricts_come_from_the_code_list(bench):
    columns = ("subdistrict_code", "area_code", "area_name", "subdistrict_name", "valid_from_on")
    assert bench.rows("core_subdistrict", *columns)[0] == (
        STREET,
        "330108",
        "滨江区",
        "西兴街道",
        "2019-01-01",
    )
    assert len(bench.rows("core_subdistrict", "area_code")) == 2  # without _T


# -- classes and fees


def test_a_class_list_replaces_the_one_before_also_where_it_no_longer_names_a_type(bench):
    for kind in ("small", "big"):
        bench.put("filing_class", provider_id="A", class_type_code=kind, event_on="2024-01-01")
    bench.put("filing_class", provider_id="A", class_type_code="big", event_on="2024-09-01", place_count=20)
    assert bench.rows("core_filing_class", "class_type_code", "valid_from_on", "valid_to_on", "place_count") == [
        ("big", "2024-01-01", "2024-09-01", 10),
        ("big", "2024-09-01", None, 20),
        ("small", "2024-01-01", "2024-09-01", 10),
    ]


def test_a_class_of_a_register_holds_until_the_next_register(bench):
    _snapshots(bench, {"A": ["2024-01-01", "2024-02-01"]})
    bench.put("filing_class", provider_id="A", class_type_code="any", event_on="2024-01-01", source_code="register")
    assert bench.rows("core_filing_class", "valid_from_on", "valid_to_on") == [("2024-01-01", "2024-02-01")]


@pytest.mark.parametrize(
    ("quote", "amount", "factor", "derived"),
    [
        ({"fee_unit_code": "per_month", "fee_amount": 2980}, 2980.0, 1.0, False),
        ({"fee_unit_code": "per_term", "fee_amount": 1000, "months_basis": 6}, 166.67, 0.166667, True),
        ({"fee_unit_code": "per_term", "fee_amount": 1000}, None, None, None),
        ({"fee_unit_code": "per_year", "fee_amount": 1000}, 83.33, 0.083333, True),
        ({"fee_unit_code": "per_year", "fee_amount": 1000, "months_basis": 10}, 100.0, 0.1, True),
        ({"fee_unit_code": "per_day", "fee_amount": 20}, 435.0, 21.75, True),
        ({"fee_unit_code": "per_day", "fee_amount": 20, "service_mode_code": "temporary"}, None, None, None),
        ({"fee_unit_code": "per_day", "fee_amount": 20, "observed_on": "2018-05-01"}, None, None, None),
        ({"fee_unit_code": "per_hour", "fee_amount": 40, "service_mode_code": "hourly"}, None, None, None),
    ],
)
def test_a_fee_is_brought_to_a_month_where_a_factor_exists(bench, quote, amount, factor, derived):
    bench.parameter("workdays_per_month", 21.75, since="2019-01-01")
    bench.put("fee_quote", **({"provider_id": "A", "observed_on": "2025-03-10"} | quote))
    assert bench.rows("core_fee_quote", "monthly_amount", "monthly_factor", "is_derived") == [(amount, factor, derived)]


def test_without_the_working_days_of_a_month_a_daily_fee_has_no_monthly_amount(bench):
    bench.put("fee_quote", provider_id="A", observed_on="2025-03-10", fee_unit_code="per_day", fee_amount=20)
    assert bench.rows("core_fee_quote", "monthly_amount", "monthly_factor", "is_derived") == [(None, None, None)]


def test_a_survey_replaces_the_one_before_and_a_stated_last_day_ends_a_fee(bench):
    bench.put("fee_quote", provider_id="A", observed_on="2025-03-10", fee_amount=2900)
    bench.put("fee_quote", provider_id="A", observed_on="2026-03-12", fee_amount=3000)
    bench.put(
        "fee_quote",
        provider_id="B",
        observed_on="2025-03-10",
        fee_amount=1,
        valid_from_on="2025-01-01",
        valid_to_on="2025-06-30",
    )
    assert bench.rows("core_fee_quote", "provider_id", "valid_from_on", "valid_to_on") == [
        ("A", "2025-03-10", "2026-03-12"),
        ("A", "2026-03-12", None),
        ("B", "2025-01-01", "2025-07-01"),
    ]


# -- whitelist states


def _periods(bench: Bench, provider: str = "A") -> list[tuple]:
    columns = ("valid_from_on", "valid_to_on", "is_listed", "reason_codes")
    return bench.rows("core_whitelist_period", *columns, where=f"provider_id = '{provider}'")


@pytest.fixture
def ruled(bench) -> Bench:
    bench.parameter("required_document_types", DOCUMENTS)
    bench.parameter("food_licence_required_meal_modes", "self_cook")
    return bench


def test_a_filed_provider_with_its_documents_is_listed_from_the_day_it_has_both(ruled):
    ruled.filing("A", "2024-01-10")
    ruled.documents("A", "2024-02-01")
    assert _periods(ruled) == [
        ("2024-01-10", "2024-02-01", False, "document-missing"),
        ("2024-02-01", None, True, None),
    ]


def test_a_document_is_good_on_its_last_day_and_expired_on_the_next(ruled):
    ruled.filing("A", "2024-01-10")
    ruled.documents("A", "2024-01-01", valid_to_on="2024-12-31")
    ruled.documents("A", "2025-03-01")
    assert _periods(ruled) == [
        ("2024-01-10", "2025-01-01", True, None),
        ("2025-01-01", "2025-03-01", False, "document-expired"),
        ("2025-03-01", None, True, None),
    ]


def test_a_renewal_in_time_changes_nothing(ruled):
    ruled.filing("A", "2024-01-10")
    ruled.documents("A", "2024-01-01", valid_to_on="2024-12-31")
    ruled.documents("A", "2024-12-01", valid_to_on="2027-12-31")
    assert _periods(ruled) == [("2024-01-10", None, True, None)]


def test_a_document_that_expires_after_the_day_of_the_run_is_still_good(ruled):
    ruled.filing("A", "2024-01-10")
    ruled.documents("A", "2024-01-01", valid_to_on="2026-03-31")
    assert _periods(ruled) == [("2024-01-10", None, True, None)]


def test_a_failed_conclusion_blocks_and_only_the_latest_document_of_a_type_counts(ruled):
    ruled.filing("A", "2024-01-10")
    ruled.documents("A", "2024-01-01")
    ruled.put(
        "filing_document",
        provider_id="A",
        document_type_code="fire",
        issued_on="2024-05-01",
        conclusion_code="fail",
    )
    assert _periods(ruled)[1:] == [("2024-05-01", None, False, "document-failed")]


def test_a_nonconformity_blocks_from_its_inspection_until_it_is_closed(ruled):
    ruled.filing("A", "2024-01-10")
    ruled.documents("A", "2024-01-01")
    ruled.put("inspection", provider_id="A", inspection_id="1", inspected_on="2024-04-01", closed_on="2024-04-20")
    ruled.put(
        "inspection",
        provider_id="A",
        inspection_id="2",
        inspected_on="2025-01-01",
        inspection_result_code="conform",
    )
    ruled.put("inspection", provider_id="A", inspection_id="3", inspected_on="2025-05-05")
    assert _periods(ruled) == [
        ("2024-01-10", "2024-04-01", True, None),
        ("2024-04-01", "2024-04-20", False, "nonconformity-open"),
        ("2024-04-20", "2025-05-05", True, None),
        ("2025-05-05", None, False, "nonconformity-open"),
    ]


def test_an_own_kitchen_needs_a_food_licence(ruled):
    for provider, mode in (("A", "self_cook"), ("B", "external"), ("C", None)):
        ruled.filing(provider, "2024-01-10", meal_mode_code=mode)
        ruled.documents(provider, "2024-01-01")
    ruled.put(
        "filing_document",
        provider_id="A",
        document_type_code="food",
        issued_on="2024-03-01",
        valid_to_on="2025-02-28",
    )
    assert _periods(ruled) == [
        ("2024-01-10", "2024-03-01", False, "food-licence-missing"),
        ("2024-03-01", "2025-03-01", True, None),
        ("2025-03-01", None, False, "food-licence-expired"),
    ]
    assert _periods(ruled, "B") == _periods(ruled, "C") == [("2024-01-10", None, True, None)]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"filing_status_code": "submitted"}, "not-filed"),
        ({"filing_status_code": "supplement"}, "not-filed"),
        ({"filing_status_code": "suspended"}, "suspended"),
        ({"filing_status_code": "noncompliant"}, "noncompliant"),
        ({"filing_status_code": "deregistered"}, "deregistered"),
        ({"filing_status_code": "removed"}, "removed"),
        (
            {"filing_status_code": "removed", "removal_reason_code": "absent-from-source"},
            "absent-from-source",
        ),
        ({"service_form_code": "home_visit"}, "service-not-listable"),
    ],
)
def test_status_and_form_give_their_reason(ruled, values, reason):
    ruled.filing("A", "2024-01-10", **values)
    ruled.documents("A", "2024-01-01")
    assert _periods(ruled) == [("2024-01-10", None, False, reason)]


def test_reasons_are_sorted_and_one_who_has_left_needs_no_second_reason(ruled):
    ruled.filing("A", "2024-01-10", filing_status_code="suspended", meal_mode_code="self_cook")
    ruled.filing("A", "2024-06-01", filing_event_code="deregister", filing_status_code="deregistered")
    assert _periods(ruled) == [
        ("2024-01-10", "2024-06-01", False, "document-missing;food-licence-missing;suspended"),
        ("2024-06-01", None, False, "deregistered"),
    ]


def test_a_missing_parameter_is_named_and_neither_blocks_nor_passes(bench):
    bench.filing("A", "2024-01-10", meal_mode_code="self_cook")
    bench.filing("B", "2024-01-10")
    assert _periods(bench) == _periods(bench, "B") == [("2024-01-10", None, True, None)]
    named = bench.rows("core_whitelist_period", "not_evaluated_codes")
    assert named == [("documents-not-evaluated;food-licence-not-evaluated",)] * 2


def test_a_rule_judges_only_from_the_day_it_began(bench):
    bench.parameter("food_licence_required_meal_modes", "self_cook")
    bench.parameter("required_document_types", DOCUMENTS, since="2025-01-01")
    bench.filing("A", "2024-01-10")
    columns = ("valid_from_on", "is_listed", "reason_codes", "not_evaluated_codes")
    assert bench.rows("core_whitelist_period", *columns) == [
        ("2024-01-10", True, None, "documents-not-evaluated"),
        ("2025-01-01", False, "document-missing", None),
    ]
