"""Fee statistics on a few answers worked by hand: one answer a provider, normalised; quartiles, caps, burden, n."""

from __future__ import annotations

import pytest

from quality.disclosure.told import FEW
from tests.assets.sql_bench import AREA, OTHER_STREET, STREET, Bench, contracts

SURVEY = "statistical_survey"
LIMITS = {
    "fee_statistics_min_providers": 3,
    "fee_quartile_min_providers": 6,
    "fee_quartile_spread_min": 0.05,
    "fee_extreme_min_providers": 10,
    "fee_extreme_spread_min": 0.2,
    "fee_mean_min_providers": 18,
    "fee_dominance_share_max": 0.7,
    "fee_dominance_two_share_max": 0.9,
    "fee_p_percent": 10,
}
AMOUNTS = ("min", "p25", "median", "mean", "p75", "max")
ALL = "service_form_code = '_T' AND inclusive_code = '_T'"
_WHOLE = f"subdistrict_code = '_T' AND {ALL}"


@pytest.fixture
def bench() -> Bench:
    bench = Bench()
    for code, value in LIMITS.items():
        bench.parameter(code, value)
    return bench


def _asked(
    bench: Bench, amounts: list[float], basis: str = SURVEY, street: str = STREET, item: str = "care", **filing
) -> None:
    """A provider for each amount, which it told in March 2026 for full-day care in toddler classes."""
    for number, amount in enumerate(amounts):
        provider = f"{street}-{basis}-{number}-{item}"
        bench.filing(provider, "2024-01-10", subdistrict_code=street, **filing)
        quote = {"observed_on": "2026-03-12", "fee_amount": amount, "collection_basis_code": basis}
        quote |= {"fee_item_code": item}
        bench.put("fee_quote", provider_id=provider, **quote)


def _statistics(bench: Bench, where: str = _WHOLE) -> list[tuple]:
    columns = ["provider_count", *(f"monthly_amount_{name}" for name in AMOUNTS), "obs_status_code"]
    return bench.rows("open_fee_statistics", *columns, where=where)


# -- posted prices: public one by one, and so is what follows from them


def test_posted_prices_interpolate_and_are_never_withheld(bench):
    _asked(bench, [1000, 2000.01], "posted_price")
    # a quarter of the way from 1000 to 2000.01 is 1250.0025, half 1500.005, three quarters 1750.0075
    assert _statistics(bench) == [(2, 1000.0, 1250.0, 1500.01, 1500.01, 1750.01, 2000.01, "a")]


def test_a_single_posted_price_is_published_without_any_parameter():
    bench = Bench()
    _asked(bench, [1000], "catalogue_list")
    assert _statistics(bench) == [(1, *[1000.0] * 6, "a")]


def test_a_provider_counts_once_with_the_mean_of_its_quotes(bench):
    _asked(bench, [1000, 2000], "posted_price")
    quote = {"provider_id": f"{STREET}-posted_price-0-care", "fee_amount": 1300}
    bench.put("fee_quote", **quote, observed_on="2026-03-20", fee_line_no=2)
    assert bench.rows("measure_fee_answer", "monthly_amount", "is_derived") == [(1150.0, False), (2000.0, False)]
    assert _statistics(bench)[0][:2] == (2, 1150.0)


def test_days_terms_and_years_are_normalised_and_counted_as_derived(bench):
    bench.parameter("workdays_per_month", 21.75)
    asked = [
        ("per_month", 2900, None, 2900.0),
        ("per_day", 100, None, 2175.0),
        ("per_term", 15000, 5, 3000.0),
        ("per_year", 36600, None, 3050.0),
        ("per_hour", 40, None, None),
    ]
    for unit, amount, months, _ in asked:
        bench.filing(unit, "2024-01-10")
        quote = {"fee_amount": amount, "fee_unit_code": unit, "months_basis": months}
        bench.put("fee_quote", provider_id=unit, observed_on="2026-03-12", **quote)
    worked = [(unit, monthly) for unit, _, _, monthly in sorted(asked) if monthly]
    assert bench.rows("measure_fee_answer", "provider_id", "monthly_amount") == worked
    columns = ("provider_count", "derived_count", "monthly_amount_median", "monthly_amount_mean")
    # in order 2175, 2900, 3000, 3050: the median 2950; the sum 11125
    assert bench.rows("open_fee_statistics", *columns, where=_WHOLE) == [
        (4, 3, 2950.0, 2781.25)
    ]


def test_a_fee_belongs_to_where_the_provider_was_when_it_was_seen(bench):
    bench.filing("A", "2024-01-10", subdistrict_code=STREET)
    bench.filing("A", "2026-01-10", filing_event_code="change", subdistrict_code=OTHER_STREET)
    for day in ("2023-06-01", "2026-03-12"):
        bench.put("fee_quote", provider_id="A", observed_on=day, fee_amount=1000)
    where = f"{ALL} AND subdistrict_code <> '_T'"
    found = bench.rows("open_fee_statistics", "subdistrict_code", "survey_month", where=where)
    assert found == [(STREET, "2023-06"), (OTHER_STREET, "2026-03")]


def test_inclusive_is_a_dimension_with_its_total(bench):
    for provider, said in (
        ("A", {"is_inclusive": True}),
        ("B", {"is_inclusive": True, "inclusive_to_on": "2025-12-31"}),
        ("C", {"is_inclusive": False}),
        ("D", {}),
    ):
        bench.filing(provider, "2024-01-10", **said)
        bench.put("fee_quote", provider_id=provider, observed_on="2026-03-12", fee_amount=1000)
    where = "subdistrict_code = '_T' AND service_form_code = '_T'"
    found = bench.rows("open_fee_statistics", "inclusive_code", "provider_count", where=where)
    assert found == [("_T", 4), ("no", 2), ("unknown", 1), ("yes", 1)]


# -- surveys


def test_of_up_to_five_answers_the_median_is_the_mean_of_all(bench):
    _asked(bench, [1000, 1500, 1700, 2000, 2333])
    assert _statistics(bench) == [(5, None, None, 1706.6, None, None, None, "a")]


@pytest.mark.parametrize("least", [2, 3])
def test_the_median_is_the_mean_for_as_many_answers_as_the_readers_of_versions_take_it_for_one(least):
    bench = Bench()
    limits = LIMITS | {"fee_statistics_min_providers": least, "fee_dominance_two_share_max": 1.1, "fee_p_percent": 0}
    for code, value in limits.items():
        bench.parameter(code, value)
    items = {"care": least, "boarding": FEW, "meals": FEW + 1}
    for item, count in items.items():
        _asked(bench, [1000 + 11 * n for n in range(count)], item=item)
    found = dict(bench.rows("open_fee_statistics", "fee_item_code", "monthly_amount_median", where=_WHOLE))
    assert found == {"care": 1000 + 11 * (least - 1) / 2, "boarding": 1000 + 11 * (FEW - 1) / 2, "meals": 1000}


def test_of_three_answers_the_median_is_their_mean_and_of_two_there_is_nothing(bench):
    _asked(bench, [1000, 1500, 2300])
    _asked(bench, [3000, 3500], street=OTHER_STREET)
    of = {s: _statistics(bench, f"subdistrict_code = '{s}' AND {ALL}") for s in (STREET, OTHER_STREET)}
    assert of[STREET] == [(3, None, None, 1600.0, None, None, None, "a")]
    assert of[OTHER_STREET] == [(2, *[None] * 6, "c")]


def test_quartiles_of_a_survey_are_taken_from_means_of_three_neighbours(bench):
    _asked(bench, [1600, 1000, 1100, 1500, 1200, 1300])
    # in order 1000 1100 1200 1300 1500 1600; means of three: 1100 (at 2), 1200 (3), 1333.33 (4), 1466.67 (5)
    # positions 2.25, 3.5, 4.75: 1125; 1266.67; 1433.33, to hundreds. Five would have none; the mean needs eighteen
    assert _statistics(bench) == [(6, None, 1100.0, 1300.0, None, 1400.0, None, "a")]


def test_extremes_of_a_survey_need_ten_answers_that_differ(bench):
    _asked(bench, [1090, *(1000 + 100 * n for n in range(1, 9)), 1810])
    # means of three at either end: 1130 and 1770, told as 1100 and 1800; between them 1225, 1450 and 1675
    assert _statistics(bench) == [(10, 1100.0, 1200.0, 1500.0, None, 1700.0, 1800.0, "a")]


def test_answers_that_hardly_differ_show_their_median_alone(bench):
    _asked(bench, [1000 + n for n in range(18)])
    assert _statistics(bench) == [(18, None, None, 1000.0, 1008.5, None, None, "a")]


def test_order_statistics_of_a_survey_are_rounded_to_two_digits(bench):
    items = {"care": (12340, 1000), "boarding": (1234, 100), "meals": (123.4, 10), "materials": (12.34, 1)}
    for item, (amount, _) in items.items():
        _asked(bench, [amount * (1 + n / 100) for n in range(7)], item=item)
    found = bench.rows("open_fee_statistics", "fee_item_code", "monthly_amount_median", where=_WHOLE)
    assert found == [(item, round(a * 1.03 / unit) * unit) for item, (a, unit) in sorted(items.items())]


def test_a_survey_cell_says_why_it_must_be_withheld(bench):
    cases = {
        "care": ([1000, 1100], "few"),
        "boarding": ([9000, 900, 800], "dominated"),  # one of 84 %
        "meals": ([5000, 4500, 1000], "dominated"),  # two of 90.5 %
        "materials": ([6000, 3300, 300, 200], "dominated"),  # two of 94.9 %
        "extended": ([5000, 2600, 450, 449], None),  # two of 89.4 %; the others 899, above a tenth of 5000
        "temp_care": ([1000, 1100, 1200], None),
    }
    for item, (amounts, _) in cases.items():
        _asked(bench, amounts, item=item)
    reasons = [(item, why) for item, (_, why) in sorted(cases.items())]
    assert bench.rows("measure_fee_statistics", "fee_item_code", "withheld_reason_code", where=_WHOLE) == reasons
    shown = [(item, "c" if why else "a") for item, why in reasons]
    assert bench.rows("open_fee_statistics", "fee_item_code", "obs_status_code", where=_WHOLE) == shown


def test_without_its_parameters_only_the_count_of_a_survey_is_published():
    bench = Bench()
    _asked(bench, [1000 + 100 * n for n in range(20)])
    assert _statistics(bench) == [(20, *[None] * 6, "c")]


def test_what_was_neither_posted_nor_surveyed_is_only_counted(bench):
    _asked(bench, [1000 + 100 * n for n in range(20)], "phone_check")
    assert _statistics(bench) == [(20, *[None] * 6, "c")]


# -- caps and burden

_CAP = ("provider_count", "cap_monthly_amount", "above_cap_count", "within_cap_share", "cap_status_code")


def _cap(bench: Bench, amount: float, unit: str = "per_month", since: str = "2026-01-01", **more) -> None:
    given = {"cap_amount": amount, "fee_unit_code": unit, "valid_from_on": since, "currency_code": "CNY"}
    kind = {"class_type_code": "any", "service_mode_code": "any"} | more
    bench.put("price_cap", area_code=AREA, fee_item_code="care", **given, **kind)


def _capped(bench: Bench, where: str) -> list[tuple]:
    return bench.rows("open_fee_statistics", "inclusive_code", *_CAP, where=where)


def test_only_inclusive_providers_are_compared_with_the_cap(bench):
    _cap(bench, 2000)
    _cap(bench, 1500, class_type_code="small", valid_to_on="2026-12-31")
    _cap(bench, 1, since="2026-03-02", class_type_code="small")
    _asked(bench, [1400, 1500, 1500.01, 1600], "posted_price", is_inclusive=True)
    _asked(bench, [9000], "posted_price", street=OTHER_STREET, is_inclusive=False)
    # the cap for small classes goes before the one for any; one that begins on 2 March does not hold all the month
    assert _capped(bench, "subdistrict_code = '_T' AND service_form_code = '_T'") == [
        ("_T", 5, None, None, None, "n"),
        ("no", 1, None, None, None, "n"),
        ("yes", 4, 1500.0, 2, 0.5, "a"),
    ]


@pytest.mark.parametrize(
    ("unit", "amount", "monthly"),
    [("per_day", 100, 2175.0), ("per_year", 36000, 3000.0), ("per_hour", 40, None), ("per_term", 9000, None)],
)
def test_a_cap_is_normalised_like_a_fee_or_not_compared(bench, unit, amount, monthly):
    bench.parameter("workdays_per_month", 21.75)
    _cap(bench, amount, unit)
    _asked(bench, [2000], "posted_price", is_inclusive=True)
    found = _capped(bench, "subdistrict_code = '_T' AND service_form_code = '_T' AND inclusive_code = 'yes'")
    assert found == [("yes", 1, monthly, 0, 1.0, "a") if monthly else ("yes", 1, None, None, None, "m")]


def test_of_a_survey_only_the_total_is_compared_with_the_cap(bench):
    _cap(bench, 1350)
    _asked(bench, [1000, 1100, 1200, 1300, 1500, 1600], is_inclusive=True)
    columns = ("subdistrict_code", "service_form_code", *_CAP[1:])
    found = bench.rows("open_fee_statistics", *columns, where="inclusive_code = 'yes'")
    assert ("_T", "_T", 1350.0, 2, 0.6667, "a") in found
    assert {row[2:] for row in found if row[:2] != ("_T", "_T")} == {(1350.0, None, None, "c")}


def test_burden_is_the_median_of_a_year_over_the_income_in_force_that_month(bench):
    bench.parameter("disposable_income_per_capita", 80000, "2025-01-01", "2025-12-31")
    bench.parameter("disposable_income_per_capita", 84000, "2026-01-01")
    _asked(bench, [2000, 2100, 2800], "posted_price")
    # 2100 x 12 = 25200, of 84000
    assert bench.rows("open_fee_statistics", "fee_burden_share", where=_WHOLE) == [(0.3,)]


def test_without_an_income_there_is_no_burden(bench):
    _asked(bench, [2000], "posted_price")
    assert set(bench.rows("open_fee_statistics", "fee_burden_share", "burden_status_code")) == {(None, "m")}


# -- what counts as withheld


def test_of_a_survey_each_column_that_is_empty_counts_as_withheld(bench):
    bench.parameter("disposable_income_per_capita", 84000, "2026-03-01")
    _asked(bench, [1000, 1500, 2000, 2500])  # its median is told, no quartile, extreme or mean
    _asked(bench, [1000, 2000], street=OTHER_STREET)  # nothing but how many
    _asked(bench, [1000], "posted_price")  # all of it
    conditions = contracts()["open_fee_statistics"].withheld
    told = dict(zip(conditions, [f"CASE WHEN {said} THEN 1 ELSE 0 END" for said in conditions.values()], strict=True))
    where = f"{ALL} AND subdistrict_code <> '_T' AND fee_item_code = 'care'"
    rows = bench.rows("open_fee_statistics", "provider_count", *told.values(), where=where)
    statistics = {f"monthly_amount_{name}" for name in AMOUNTS} | {"derived_count"}
    hidden = {count: {name for name, is_hidden in zip(told, marks, strict=True) if is_hidden} for count, *marks in rows}
    assert hidden == {4: statistics - {"monthly_amount_median"}, 2: statistics | {"fee_burden_share"}, 1: set()}


def test_a_burden_is_not_withheld_where_there_is_no_income(bench):
    _asked(bench, [1000, 2000])
    _asked(bench, [50, 60], item="meals")
    columns = ("fee_item_code", "fee_burden_share", "obs_status_code", "burden_status_code")
    assert bench.rows("open_fee_statistics", *columns, where=_WHOLE) == [
        ("care", None, "c", "m"),
        ("meals", None, "c", "n"),
    ]
