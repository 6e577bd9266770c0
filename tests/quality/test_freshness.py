"""A value that is out of date is blank and named; what has no day or no limit is shown; and all of it is counted."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from assets.lineage import table_sql
from quality.freshness import freshness_counts
from schemas.compile.freshness import months_before
from schemas.compile.table_schema import table_schema
from schemas.model import Table
from schemas.registry import load, profiles
from tests.assets.sql_bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench(date(2026, 3, 31))


def _posted(bench: Bench, **seen_on: str) -> None:
    for provider, day in seen_on.items():
        bench.filing(provider, "2020-01-10")
        bench.put("fee_quote", provider_id=provider, observed_on=day, fee_amount=1000)


def test_a_posted_fee_seen_too_long_ago_is_blank_and_says_so(bench):
    bench.parameter("posted_fee_fresh_months", 24)
    _posted(bench, A="2024-03-31", B="2024-03-30")
    columns = ("provider_id", "fee_amount", "monthly_amount", "observed_on", "fee_unit_code", "stale_columns")
    assert bench.rows("open_fee_posted", *columns) == [
        ("A", 1000.0, 1000.0, "2024-03-31", "per_month", None),
        ("B", None, None, "2024-03-30", "per_month", "fee_amount;monthly_amount"),
    ]


@pytest.mark.parametrize("since", [None, "2026-04-01"])
def test_without_a_limit_in_force_nothing_is_called_old(bench, since):
    if since:
        bench.parameter("posted_fee_fresh_months", 24, since)
    _posted(bench, A="2019-03-30")
    assert bench.rows("open_fee_posted", "fee_amount", "stale_columns") == [(1000.0, None)]


def test_a_recognition_that_has_run_out_is_not_shown_as_standing(bench):
    for provider, until in (("A", "2026-03-31"), ("B", "2026-03-30"), ("C", None)):
        bench.filing(provider, "2024-01-10", is_inclusive=True, inclusive_to_on=until)
    assert bench.rows("open_provider", "provider_id", "is_inclusive", "stale_columns") == [
        ("A", True, None),
        ("B", None, "is_inclusive"),
        ("C", True, None),
    ]


def test_a_grade_without_its_day_is_shown_and_a_grade_never_given_is_not_stale(bench):
    bench.parameter("quality_grade_fresh_months", 36)
    for provider, grade, day in (("A", "ws821_a", None), ("B", None, "2020-01-01"), ("C", "ws821_a", "2020-01-01")):
        bench.filing(provider, "2020-01-10", quality_grade_code=grade, quality_evaluated_on=day)
    assert bench.rows("open_provider", "provider_id", "quality_grade_code", "stale_columns") == [
        ("A", "ws821_a", None),
        ("B", None, None),
        ("C", None, "quality_grade_code"),
    ]


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [
        ("2026-03-31", 24, "2024-03-31"),
        ("2026-03-31", 1, "2026-02-28"),
        ("2024-03-31", 1, "2024-02-29"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-12-31", 12, "2025-12-31"),
        ("2026-01-31", 2, "2025-11-30"),
    ],
)
def test_months_are_counted_back_as_people_do(day, months, before):
    assert months_before(date.fromisoformat(day), months).isoformat() == before


def test_counts_say_what_is_fresh_old_undated_and_not_evaluated(bench):
    registry = load("binjiang")
    asked = (
        ("A", "ws821_a", "2026-01-01", True, "2027-01-01"),
        ("B", "ws821_a", "2020-01-01", True, "2020-01-01"),
        ("C", "ws821_a", None, False, None),
    )
    for code in ("quality_grade_fresh_months", "posted_fee_fresh_months"):
        bench.parameter(code, 36)
    for provider, grade, day, inclusive, until in asked:
        given = {"quality_grade_code": grade, "quality_evaluated_on": day, "is_inclusive": inclusive}
        bench.filing(provider, "2020-01-10", **given, inclusive_to_on=until)
    bench.rows("open_provider", "provider_id")
    table = registry.tables["open_provider"]
    found = freshness_counts(bench.con, registry, table, "open_provider", date(2026, 3, 31))
    counts = {c.column: (c.fresh_count, c.stale_count, c.undated_count, c.not_evaluated_count) for c in found}
    assert counts == {"is_inclusive": (1, 1, 1, 0), "quality_grade_code": (1, 1, 1, 0)}
    [grade] = [c for c in found if c.column == "quality_grade_code"]
    assert (grade.months, grade.first_day, grade.oldest_on) == (36, date(2023, 3, 31), date(2026, 1, 1))


def test_without_a_limit_the_age_is_counted_as_not_evaluated(bench):
    registry = load("taiwan-sfaa")
    _posted(bench, A="2019-03-30")
    bench.rows("open_fee_posted", "provider_id")
    table = registry.tables["open_fee_posted"]
    [amount, _] = freshness_counts(bench.con, registry, table, "open_fee_posted", date(2026, 3, 31))
    assert (amount.months, amount.fresh_count, amount.not_evaluated_count) == (None, 0, 1)


def test_every_limit_has_a_figure_in_some_profile_and_no_select_blanks_by_itself():
    registries = [load(slug) for slug in profiles()]
    given = {p.code for registry in registries for p in registry.all_parameters()}
    tables = [table for table in registries[0].layer("open") if table.freshness]
    assert {table.name for table in tables} >= {"open_fee_posted", "open_provider", "open_station", "open_whitelist"}
    assert {rule.parameter for t in tables for rule in t.freshness.values()} - {None} <= given
    assert not [table.name for table in tables if "stale_columns" in table_sql(table.name)]


@pytest.mark.parametrize(
    ("column", "rule", "says"),
    [
        ("fee_unit_code", {"dated_by": "observed_on", "parameter": "x"}, "is required"),
        ("fee_amount", {"dated_by": "fee_line_no", "parameter": "x"}, "no dates"),
        ("fee_amount", {"until": "never_on"}, "unknown columns"),
        ("fee_amount", {"dated_by": "observed_on"}, "with its parameter"),
        ("fee_amount", {}, "with its parameter"),
    ],
)
def test_a_contract_that_cannot_hold_is_refused(column, rule, says):
    table = load("binjiang").tables["open_fee_posted"]
    with pytest.raises(ValidationError, match=says):
        Table.model_validate(table.model_dump() | {"freshness": {column: rule}})


def test_freshness_and_its_column_go_together():
    table = load("binjiang").tables["open_fee_posted"]
    with pytest.raises(ValidationError, match="go together"):
        Table.model_validate(table.model_dump() | {"freshness": {}})


def test_how_long_a_value_holds_is_published_with_its_column():
    registry = load("binjiang")
    fields = {f["name"]: f for f in table_schema(registry, registry.tables["open_provider"])["fields"]}
    assert fields["is_inclusive"]["freshness"] == {"until": "inclusive_to_on"}
    assert fields["quality_grade_code"]["freshness"]["parameter"] == "quality_grade_fresh_months"
    assert "freshness" not in fields["provider_name"]
