"""The open SELECTs on a few rows worked by hand: who is listed, totals, suppression, indicators."""

from __future__ import annotations

from datetime import date

import pytest

from tests.assets.sql_bench import DOCUMENTS, OTHER_STREET, STREET, Bench, contracts


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def ruled(bench) -> Bench:
    bench.parameter("required_document_types", DOCUMENTS)
    bench.parameter("food_licence_required_meal_modes", "self_cook")
    return bench


# -- whitelist


def test_the_whitelist_begins_with_the_six_columns_of_the_national_register():
    six = ("provider_name", "area_name", "address", "provider_nature_code", "filed_on", "credit_code")
    assert contracts()["open_whitelist"].field_names[:6] == six


def test_the_whitelist_holds_who_is_listed_today_with_the_first_day_and_the_last_proof(ruled):
    ruled.filing("A", "2024-01-10", reported_on="2024-01-12")
    ruled.documents("A", "2024-01-01", valid_to_on="2024-12-31")
    ruled.documents("A", "2025-03-01", verified_on="2025-03-09")
    ruled.filing("B", "2024-01-10", filing_status_code="suspended")
    ruled.filing("C", "2024-02-10", site_type_code="family_point")
    ruled.documents("C", "2024-01-01")
    columns = (
        "provider_id",
        "area_name",
        "subdistrict_name",
        "address",
        "first_listed_on",
        "last_verified_on",
    )
    assert ruled.rows("open_whitelist", *columns) == [
        ("A", "滨江区", "西兴街道", "滨江区某路A号", "2024-01-10", "2025-03-09"),
        ("C", "滨江区", "西兴街道", None, "2024-02-10", "2024-02-10"),
    ]


def test_the_last_proof_does_not_move_with_the_day_of_the_run():
    published = []
    for as_of in (date(2026, 3, 31), date(2026, 4, 1)):
        bench = Bench(as_of)
        bench.filing("A", "2024-01-10", received_on=as_of)
        published.append([bench.rows(f"open_whitelist{part}", "*") for part in ("", "_decision")])
    assert published[0] == published[1]


def test_everyone_ever_filed_has_a_decision(ruled):
    ruled.filing("A", "2024-01-10")
    ruled.documents("A", "2024-01-01")
    ruled.filing("B", "2024-01-10")
    ruled.filing("B", "2024-03-01", filing_event_code="deregister", filing_status_code="deregistered")
    ruled.filing("C", "2024-01-10", filing_status_code="submitted")
    columns = ("provider_id", "is_listed", "reason_codes", "since_on", "rule_version")
    assert ruled.rows("open_whitelist_decision", *columns) == [
        ("A", True, None, "2024-01-10", "1"),
        ("B", False, "deregistered", "2024-03-01", "1"),
        ("C", False, "not-filed", "2024-01-10", "1"),
    ]


# -- providers and places


def test_providers_on_file_are_published_without_the_address_of_a_home(bench):
    bench.filing("A", "2024-01-10")
    bench.filing("B", "2024-01-10", site_type_code="family_point", community_name="冠山社区")
    bench.filing("C", "2024-01-10", filing_status_code="deregistered")
    assert bench.rows("open_provider", "provider_id", "address", "community_name") == [
        ("A", "滨江区某路A号", None),
        ("B", None, "冠山社区"),
    ]


@pytest.mark.parametrize("name", sorted(name for name in contracts() if name.startswith("open_")))
def test_the_address_of_a_home_stands_in_no_open_table(ruled, name):
    ruled.filing("A", "2024-01-10", site_type_code="family_point", address="幸福里7幢302室", community_name="冠山社区")
    ruled.filing("A", "2025-01-10", filing_event_code="change", site_type_code="family_point", address="安居苑9幢")
    ruled.documents("A", "2024-01-01")
    assert not [row for row in ruled.rows(name, "*") if any(part in str(row) for part in ("幸福里", "安居苑"))]


def test_classes_are_the_list_that_holds_today_of_providers_on_file(bench):
    for provider in "AB":
        bench.filing(provider, "2024-01-10", filing_status_code="filed" if provider == "A" else "deregistered")
        for day, kind in (("2024-01-10", "small"), ("2024-09-01", "big"), ("2026-09-01", "mixed")):
            bench.put("filing_class", provider_id=provider, class_type_code=kind, event_on=day)
    assert bench.rows("open_provider_class", "provider_id", "class_type_code") == [("A", "big")]


def test_places_add_up_to_their_totals_and_an_empty_subdistrict_has_zeros(bench):
    bench.filing("A", "2024-01-10", place_count=30, is_inclusive=True)
    bench.filing("B", "2024-01-10", place_count=20, service_form_code="park_embedded")
    bench.filing("C", "2024-01-10", place_count=None, service_form_code="home_visit")
    bench.filing("D", "2024-01-10", place_count=99, filing_status_code="suspended")
    columns = (
        "subdistrict_code",
        "service_form_code",
        "provider_count",
        "place_total",
        "inclusive_place_total",
    )
    street = [
        ("_T", 3, 50, 30),
        ("home_visit", 1, 0, 0),
        ("park_embedded", 1, 20, 0),
        ("unclassified", 1, 30, 30),
    ]
    assert bench.rows("open_places_by_subdistrict", *columns) == [
        *((STREET, *row) for row in street),
        (OTHER_STREET, "_T", 0, 0, 0),
        *(("_T", *row) for row in street),
    ]


# -- fees


def test_only_posted_prices_are_published_per_provider_and_only_those_that_hold(bench):
    bench.filing("A", "2024-01-10")
    bench.filing("B", "2024-01-10", filing_status_code="deregistered")
    for provider in "AB":
        bench.put("fee_quote", provider_id=provider, observed_on="2025-03-10", fee_amount=2900)
        bench.put("fee_quote", provider_id=provider, observed_on="2026-03-12", fee_amount=3000)
        bench.put(
            "fee_quote",
            provider_id=provider,
            observed_on="2026-03-12",
            fee_amount=3100,
            collection_basis_code="catalogue_list",
        )
        bench.put(
            "fee_quote",
            provider_id=provider,
            observed_on="2026-03-20",
            fee_amount=2500,
            collection_basis_code="statistical_survey",
        )
        bench.put(
            "fee_quote",
            provider_id=provider,
            observed_on="2026-03-12",
            fee_amount=9,
            fee_item_code="other",
            valid_to_on="2026-03-20",
        )
    columns = ("provider_id", "fee_item_code", "fee_amount", "collection_basis_code", "valid_from_on")
    assert bench.rows("open_fee_posted", *columns) == [("A", "care", 3000.0, "posted_price", "2026-03-12")]


# -- for all of them


def test_the_order_in_which_rows_arrive_changes_nothing():
    def built(backwards: bool) -> list:
        bench = Bench()
        bench.parameter("fee_statistics_min_providers", 1)
        numbers = range(6, 0, -1) if backwards else range(1, 7)
        for n in numbers:
            bench.filing(f"A{n}", f"2024-0{n}-10", subdistrict_code=STREET if n % 2 else OTHER_STREET)
            bench.documents(f"A{n}", "2024-01-01", valid_to_on="2025-12-31")
            bench.put("fee_quote", provider_id=f"A{n}", observed_on="2026-03-12", fee_amount=1000 + n / 100)
        return [bench.rows(name, "*") for name in sorted(contracts()) if name.startswith("open_")]

    assert built(backwards=False) == built(backwards=True)
