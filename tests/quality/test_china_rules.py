"""Every row rule of the Chinese profiles on a row that breaks it, and on a good row that breaks none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from schemas import registry as contracts
from schemas.compile.duckdb import column_type, quote
from schemas.compile.rules import row_rules

MACROS = Path(__file__).parents[2] / "quality" / "macros"
AS_OF = date(2026, 3, 31)
REGISTRY = contracts.load("binjiang")
Row = dict[str, Any]

PROVENANCE: Row = {
    "source_code": "intake",
    "source_sha256": "0" * 64,
    "source_row": 2,
    "received_on": "2026-03-31",
}
GOOD: dict[str, Row] = {
    "filing": {
        "area_code": "330108",
        "provider_id": "330108-S-0001",
        "filing_event_code": "new",
        "event_on": "2025-03-01",
        "filing_status_code": "filed",
        "provider_name": "滨江区示例托育有限公司",
        "credit_code": "91330108MATE00002B",
        "registration_authority_code": "9",
        "provider_nature_code": "for_profit_enterprise",
        "profit_code": "for_profit",
        "site_type_code": "independent",
        "service_form_code": "community_inclusive",
        "service_modes": "full_day;half_day",
        "age_min_months": 6,
        "age_max_months": 36,
        "place_count": 60,
        "enrolled_count": 48,
        "subdistrict_code": "330108001",
        "address": "滨江区示例路1号",
        "gross_area_m2": 540,
        "indoor_area_m2": 400,
        "outdoor_area_m2": 200,
        "premises_tenure_code": "lease",
        "lease_from_on": "2024-01-01",
        "lease_to_on": "2026-12-31",
        "floor_min": 1,
        "floor_max": 2,
        "authorization_regime_code": "filing",
        "submitted_on": "2025-02-20",
        "receipted_on": "2025-02-25",
        "filed_on": "2025-03-01",
        "is_inclusive": True,
        "inclusive_from_on": "2025-03-01",
        "cctv_retention_days": 90,
        "quality_scheme_code": "ws821",
        "quality_grade_code": "ws821_A",
        "longitude": 120.2,
        "latitude": 30.2,
        "crs_code": "wgs84",
    },
    "filing_class": {
        "area_code": "330108",
        "provider_id": "330108-S-0001",
        "class_type_code": "small",
        "event_on": "2025-03-01",
        "class_count": 2,
        "place_count": 30,
        "enrolled_count": 25,
        "carer_count": 5,
        "room_area_m2": 52,
    },
    "filing_document": {
        "area_code": "330108",
        "provider_id": "330108-S-0001",
        "document_type_code": "food",
        "issued_on": "2024-11-19",
        "document_no": "JY33301080000122",
        "valid_to_on": "2029-11-18",
        "conclusion_code": "none",
        "verified_on": "2025-02-26",
    },
    "fee_quote": {
        "area_code": "330108",
        "provider_id": "330108-S-0001",
        "fee_item_code": "care",
        "class_type_code": "small",
        "service_mode_code": "full_day",
        "fee_line_no": 1,
        "collection_basis_code": "posted_price",
        "observed_on": "2026-03-15",
        "fee_amount": 2980,
        "fee_unit_code": "per_month",
        "currency_code": "CNY",
        "includes_meals": False,
        "valid_from_on": "2026-01-01",
    },
    "station": {
        "area_code": "330108",
        "station_id": "330108-F-0001",
        "station_name": "示例婴幼儿成长驿站",
        "station_type_code": "demo",
        "gross_area_m2": 80,
        "subdistrict_code": "330108003",
        "opened_on": "2021-06-28",
        "offers_temporary_care": False,
        "open_days_per_week": 5,
    },
    "station_report": {
        "area_code": "330108",
        "station_id": "330108-F-0001",
        "report_month": "2026-02",
        "open_day_count": 28,
        "child_visit_count": 200,
        "activity_count": 5,
        "group_activity_count": 3,
        "training_activity_count": 2,
    },
    "inspection": {
        "area_code": "330108",
        "inspection_id": "2026-0001",
        "provider_id": "330108-S-0001",
        "authority_code": "district_health",
        "inspected_on": "2026-01-15",
        "inspection_result_code": "nonconform",
        "remedy_due_on": "2026-02-15",
        "closed_on": "2026-02-10",
    },
    "population": {
        "area_code": "330108",
        "subdistrict_code": "_T",
        "counted_on": "2020-11-01",
        "population_type_code": "resident",
        "age_band_code": "all_ages",
        "person_count": 503859,
    },
    "plan_target": {
        "area_code": "330108",
        "plan_target_id": "PT-2021-01",
        "subdistrict_code": "330108001",
        "indicator_code": "IND-20.stations",
        "target_value": 2,
        "due_on": "2021-06-30",
    },
    "price_cap": {
        "area_code": "330108",
        "fee_item_code": "care",
        "class_type_code": "small",
        "service_mode_code": "full_day",
        "valid_from_on": "2026-02-01",
        "cap_amount": 3000,
        "fee_unit_code": "per_month",
        "currency_code": "CNY",
    },
}
FAMILY: Row = {
    "site_type_code": "family_point",
    "provider_name": "示例家庭托育点",
    "place_count": 5,
    "gross_area_m2": 60,
}
HEALTH: Row = {"document_type_code": "health_eval", "document_no": "卫评2025001"}

#: (table, rule) -> what is changed in the good row to break the rule; several where there are several ways
BAD: dict[tuple[str, str], list[Row]] = {
    ("filing", "credit-code-check-digit"): [{"credit_code": "91330108MATE00002C"}],
    ("filing", "parent-credit-code-check-digit"): [{"parent_credit_code": "91330108MATE00002C"}],
    ("filing", "credit-code-organisation-digit"): [{"credit_code": "91330108MATE00003E"}],
    ("filing", "credit-code-prefix"): [
        {"credit_code": "52330108MATE00002C"},
        {"registration_authority_code": "5"},
        {"provider_nature_code": "public_institution"},
    ],
    ("filing", "credit-code-area"): [{"credit_code": "91110000600037341L"}],
    ("filing", "nature-profit-conflict"): [{"profit_code": "non_profit"}],
    ("filing", "family-point-name"): [FAMILY | {"provider_name": "示例家庭园"}],
    ("filing", "subdistrict-outside-area"): [{"subdistrict_code": "330106001"}],
    ("filing", "subdistrict-not-given"): [{"subdistrict_code": "_T"}],
    ("filing", "lease-too-short"): [{"lease_to_on": "2026-12-30"}],
    ("filing", "floor-underground"): [{"floor_min": -1}],
    ("filing", "area-per-place-unusual"): [{"gross_area_m2": 119}, {"gross_area_m2": 2401}],
    ("filing", "family-point-area"): [FAMILY | {"gross_area_m2": 44}],
    ("filing", "outdoor-area-per-place"): [{"outdoor_area_m2": 179}],
    ("filing", "cctv-retention-short"): [{"cctv_retention_days": 89}],
    ("filing", "place-count-missing"): [{"place_count": None}],
    ("filing", "home-visit-has-places"): [{"service_form_code": "home_visit"}],
    ("filing", "family-point-above-cap"): [FAMILY | {"place_count": 6}],
    ("filing", "place-count-unusual"): [{"place_count": 201}, {"place_count": 4}],
    ("filing", "form-inclusive-conflict"): [{"is_inclusive": False}],
    ("filing", "form-profit-conflict"): [
        {"service_form_code": "private_for_profit", "profit_code": "non_profit"}
    ],
    ("filing", "filing-date-order"): [
        {"submitted_on": "2025-02-26"},
        {"receipted_on": "2025-03-02"},
        {"submitted_on": "2025-03-02", "receipted_on": None},
    ],
    ("filing", "filing-date-missing"): [{"filed_on": None}],
    ("filing", "filing-before-regime"): [{"filed_on": "2020-01-05"}],
    ("filing", "noncompliant-reason-missing"): [{"filing_status_code": "noncompliant"}],
    ("filing", "quality-scheme-conflict"): [
        {"quality_grade_code": "sx_1"},
        {"quality_scheme_code": "shaoxing"},
    ],
    ("filing", "coordinates-outside-area"): [{"longitude": 121.5}, {"latitude": 31}],
    ("filing", "age-range-invalid"): [{"age_min_months": 36}],
    ("filing", "service-mode-not-specific"): [{"service_modes": "any;full_day"}],
    ("filing", "service-form-not-specific"): [{"service_form_code": "_T"}],
    ("filing", "indoor-area-above-gross"): [{"indoor_area_m2": 541}],
    ("filing", "floor-range-invalid"): [{"floor_min": 3}],
    ("filing", "lease-period-invalid"): [{"lease_to_on": "2023-12-31"}],
    ("filing", "inclusive-period-invalid"): [{"inclusive_to_on": "2025-02-28"}],
    ("filing", "filing-in-future"): [{"filed_on": "2026-04-01"}],
    ("filing", "deregistration-status-conflict"): [{"filing_event_code": "deregister"}],
    ("filing", "enrolment-above-places"): [{"enrolled_count": 61}],
    ("filing", "coordinates-incomplete"): [{"crs_code": None}, {"latitude": None}],
    ("filing_class", "class-type-not-given"): [{"class_type_code": "any"}],
    ("filing_class", "class-size-above-cap"): [
        {"place_count": 31},
        {"class_type_code": "infant", "place_count": 21},
        {"class_type_code": "big", "place_count": 41},
        {"class_type_code": "mixed", "place_count": 37},
    ],
    ("filing_class", "class-enrolment-above-cap"): [{"enrolled_count": 31}],
    ("filing_class", "class-carers-too-few"): [
        {"enrolled_count": 26},
        {"class_type_code": "infant", "enrolled_count": 16},
        {"class_type_code": "big", "enrolled_count": 36},
    ],
    ("filing_class", "class-carers-few-for-places"): [{"enrolled_count": None}],
    ("filing_class", "class-room-small"): [
        {"room_area_m2": 34},
        {"class_type_code": "infant", "room_area_m2": 14},
    ],
    ("filing_class", "class-enrolment-above-places"): [{"enrolled_count": 31}],
    ("filing_document", "health-evaluation-conclusion-missing"): [HEALTH, HEALTH | {"conclusion_code": None}],
    ("filing_document", "health-evaluation-failed"): [HEALTH | {"conclusion_code": "fail"}],
    ("filing_document", "food-licence-check"): [
        {"document_no": "JY33301080000123"},
        {"document_no": "JY333010800001"},
    ],
    ("filing_document", "food-licence-format"): [{"document_no": "YB13301080000122"}],
    ("filing_document", "food-licence-type"): [{"document_no": "JY23301080000343"}],
    ("filing_document", "food-licence-area"): [{"document_no": "JY11108071215650"}],
    ("filing_document", "document-period-invalid"): [{"valid_to_on": "2024-11-18"}],
    ("filing_document", "document-verified-before-issue"): [{"verified_on": "2024-11-18"}],
    ("fee_quote", "fee-amount-implausible"): [
        {"fee_amount": 30001},
        {"fee_amount": 1380, "fee_unit_code": "per_day"},
        {"fee_amount": 180001, "fee_unit_code": "per_term", "months_basis": 6},
        {"fee_amount": 360001, "fee_unit_code": "per_year"},
    ],
    ("fee_quote", "fee-unit-mode"): [{"fee_unit_code": "per_hour"}, {"service_mode_code": "hourly"}],
    ("fee_quote", "fee-meals-in-care"): [{"includes_meals": True}],
    ("fee_quote", "fee-period-invalid"): [{"valid_to_on": "2025-12-31"}],
    ("fee_quote", "fee-from-after-observed"): [{"valid_from_on": "2026-03-16"}],
    ("fee_quote", "fee-term-length-missing"): [{"fee_unit_code": "per_term"}],
    ("station", "subdistrict-outside-area"): [{"subdistrict_code": "330106001"}],
    ("station", "subdistrict-not-given"): [{"subdistrict_code": "_T"}],
    ("station", "station-area-small"): [
        {"gross_area_m2": 79},
        {"station_type_code": "basic", "gross_area_m2": 29},
    ],
    ("station", "station-open-days-few"): [{"open_days_per_week": 4}],
    ("station", "temporary-care-receipt-missing"): [{"offers_temporary_care": True}],
    ("station", "station-period-invalid"): [{"closed_on": "2021-06-27"}],
    ("station_report", "open-days-above-month"): [{"open_day_count": 29}],
    ("station_report", "activity-types-above-total"): [{"activity_count": 4}],
    ("station_report", "visits-without-open-days"): [{"open_day_count": 0}],
    ("inspection", "inspection-period-invalid"): [{"closed_on": "2026-01-14"}],
    ("inspection", "remedy-due-before-inspection"): [{"remedy_due_on": "2026-01-14"}],
    ("population", "subdistrict-outside-area"): [{"subdistrict_code": "330106001"}],
    ("plan_target", "subdistrict-outside-area"): [{"subdistrict_code": "330106001"}],
    ("price_cap", "price-cap-period-invalid"): [{"valid_to_on": "2026-01-31"}],
}
#: no national figure: evaluated only where a district gives the parameter
WITHOUT_FIGURE = {
    ("filing_class", "class-carers-too-few-mixed"): "carer_ratio_mixed",
    ("fee_quote", "fee-outside-catalogue"): "fee_catalogue_items",
}
OWN = {(t.name, rule.code) for t in REGISTRY.layer("intake") for rule in t.rules}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for path in sorted(MACROS.glob("*.sql")):
            connection.execute(path.read_text(encoding="utf-8"))
        yield connection


def broken(con: duckdb.DuckDBPyConnection, table_name: str, changes: Row) -> set[str]:
    """The codes of all rules that the good row with these changes breaks."""
    table = REGISTRY.tables[table_name]
    row = PROVENANCE | GOOD[table_name] | changes
    columns = ", ".join(f"CAST(? AS {column_type(f)}) AS {quote(f.name)}" for f in table.fields)
    rules = [rule for rule in row_rules(REGISTRY, table, AS_OF) if rule.predicate]
    verdicts = ", ".join(f"coalesce({rule.predicate}, FALSE)" for rule in rules)
    found = con.execute(f"SELECT {verdicts} FROM (SELECT {columns})", [row.get(f.name) for f in table.fields])
    values = found.fetchone()
    assert values is not None
    return {rule.code for rule, fails in zip(rules, values, strict=True) if fails}


@pytest.mark.parametrize("table", sorted(GOOD))
def test_a_good_row_breaks_no_rule(con: duckdb.DuckDBPyConnection, table: str) -> None:
    assert broken(con, table, {}) == set()


@pytest.mark.parametrize(("table", "code"), sorted(OWN - set(WITHOUT_FIGURE)))
def test_each_rule_finds_what_it_is_for(con: duckdb.DuckDBPyConnection, table: str, code: str) -> None:
    assert (table, code) in BAD, "a rule needs a row here that breaks it"
    for changes in BAD[table, code]:
        assert code in broken(con, table, changes), changes


@pytest.mark.parametrize(("table", "code"), sorted(WITHOUT_FIGURE))
def test_a_rule_without_a_national_figure_is_not_evaluated(table: str, code: str) -> None:
    rules = {rule.code: rule for rule in row_rules(REGISTRY, REGISTRY.tables[table], AS_OF)}
    assert rules[code].predicate is None
    assert rules[code].missing_parameters == (WITHOUT_FIGURE[table, code],)


def test_letters_outside_the_alphabet_are_a_matter_of_the_pattern_alone(
    con: duckdb.DuckDBPyConnection,
) -> None:
    assert broken(con, "filing", {"credit_code": "91330108OATE00002B"}) == {"value-pattern"}


@pytest.mark.parametrize(
    ("code", "authority", "nature", "profit"),
    [
        ("52330108MATE00002C", "5", "social_service", "non_profit"),
        ("12330108MATE00002G", "1", "public_institution", "non_profit"),
        ("92330108MATE000028", "9", "individual_business", "for_profit"),
        ("N2330108MATE00002T", "N", "collective", "for_profit"),
        ("91330108MATE002050", "9", "for_profit_enterprise", "for_profit"),
    ],
)
def test_every_kind_of_legal_person_can_file(
    con: duckdb.DuckDBPyConnection, code: str, authority: str, nature: str, profit: str
) -> None:
    given = {"credit_code": code, "registration_authority_code": authority}
    assert broken(con, "filing", given | {"provider_nature_code": nature, "profit_code": profit}) == set()


def test_before_the_rules_on_family_points_there_was_no_cap() -> None:
    table = REGISTRY.tables["filing"]
    rules = {rule.code: rule for rule in row_rules(REGISTRY, table, date(2023, 10, 15))}
    assert rules["family-point-above-cap"].predicate is None
