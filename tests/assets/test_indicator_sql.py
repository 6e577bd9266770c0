"""Indicators, plans and answers, on one tiny district that is worked out by hand.

Each indicator has its example: the expected value stands beside the arithmetic that gives it. What does not belong
here: the frame of the compiled SELECT (tests/schemas/test_indicators.py) and what is withheld (quality, release).
"""

from __future__ import annotations

from datetime import date

import pytest

from schemas.registry import load
from tests.assets.sql_bench import OTHER_STREET, STREET, Bench

STREETS = {"001": STREET, "002": OTHER_STREET}

#: who is on file on 31 March 2026, and (D, F, L) who no longer is
PROVIDERS = """
id street form                    site               places inclusive cctv  meals     grade    filed
A  001    community_inclusive     independent        30     yes       yes   self_cook ws821_A  2024-01-10
B  001    park_embedded           employer_run       20     no        no    self_cook ws821_B  2024-01-10
C  002    private_for_profit      community_embedded 10     no        yes   none      ws821_B  2024-01-10
E  002    kindergarten_integrated kindergarten_class 12     yes       -     delivered ws821_C  2026-03-05
G  001    unclassified            family_point       4      no        yes   none      ws821_D  2024-01-10
H  001    home_visit              independent        -      -         -     none      -        2024-01-10
I  002    community_service       integrated_centre  24     yes       yes   self_cook -        2024-01-10
J  002    community_service       station_temp       8      -         no    none      -        2024-01-10
D  001    unclassified            independent        15     no        no    none      -        2025-05-10
F  002    unclassified            independent        15     no        no    none      -        2025-05-10
L  002    unclassified            independent        15     no        no    none      -        2025-05-10
"""
#: C has no class, I neither: they give one number for the house. J has not said how many children it has
CLASSES = """
provider class  places enrolled carers
A        small  30     20       4
B        big    20     14       1
E        infant 12     9        3
G        mixed  4      3        1
"""
#: J's is the answer to a survey, G posts its meals only
FEES = """
provider item  class  amount basis
A        care  small  2000   posted_price
A        care  big    2400   posted_price
B        care  big    3000   posted_price
C        care  small  4000   catalogue_list
E        care  infant 2600   posted_price
I        care  small  1800   posted_price
G        meals any    400    posted_price
J        care  small  900    statistical_survey
"""
STATIONS = """
id street opened     community
S1 001    2021-05-01 甲社区
S2 001    2021-06-30 甲社区
S3 002    2021-06-01 乙社区
S4 002    2021-07-01 丙社区
"""
REPORTS = """
station month   activities open_days visits home households practice online information classes
S1      2026-03 4          20        100    6    5          2        1      3           1
S2      2026-03 2          22        60     8    6          1        -      -           2
S1      2025-11 6          18        30     5    5          -        -      -           -
S1      2025-12 2          20        50     5    9          -        -      -           -
"""
#: nothing is small here: what is withheld is tested where it is decided
PARAMETERS = {
    "small_cell_minimum": 1,
    "fee_statistics_min_providers": 2,
    "fee_quartile_min_providers": 4,
    "required_document_types": "fire;health_eval",
    "food_licence_required_meal_modes": "self_cook",
    "carer_ratio_infant": 3,
    "carer_ratio_small": 5,
    "carer_ratio_big": 7,
    "receipt_workdays_max": 5,
    "publication_workdays_max": 20,
    "publication_from_on": "2026-03-01",
    "disposable_income_per_capita": 78000,
    "community_count": 8,
}


def _read(text: str) -> list[dict[str, str | None]]:
    """The lines of a table above as mappings; `-` says nothing."""
    head, *lines = (line.split() for line in text.strip().splitlines())
    return [{k: None if v == "-" else v for k, v in zip(head, line, strict=True)} for line in lines]


def _flag(word: str | None) -> bool | None:
    return None if word is None else word == "yes"


def _file_providers(bench: Bench) -> None:
    for row in _read(PROVIDERS):
        bench.filing(
            row["id"],
            row["filed"],
            subdistrict_code=STREETS[row["street"]],
            service_form_code=row["form"],
            site_type_code=row["site"],
            place_count=row["places"],
            is_inclusive=_flag(row["inclusive"]),
            has_full_cctv=_flag(row["cctv"]),
            meal_mode_code=row["meals"],
            quality_grade_code=row["grade"],
            enrolled_count={"C": 6, "I": 12}.get(row["id"]),
            # Monday to Wednesday: 2 working days
            **({"submitted_on": "2026-03-02", "receipted_on": "2026-03-04"} if row["id"] == "E" else {}),
        )
        for kind in ("fire", "health_eval"):
            if (row["id"], kind) != ("C", "health_eval"):
                bench.put("filing_document", provider_id=row["id"], document_type_code=kind, issued_on=row["filed"])
    for row in _read(CLASSES):
        bench.put(
            "filing_class",
            provider_id=row["provider"],
            class_type_code=row["class"],
            event_on="2026-03-05" if row["provider"] == "E" else "2024-01-10",
            place_count=row["places"],
            enrolled_count=row["enrolled"],
            carer_count=row["carers"],
        )
    for provider, until in (("A", "2027-12-31"), ("B", "2026-01-31"), ("I", "2026-03-31")):
        bench.put(
            "filing_document",
            provider_id=provider,
            document_type_code="food",
            issued_on="2024-01-10",
            valid_to_on=until,
        )


def _let_things_happen(bench: Bench) -> None:
    """In March: one filing ends, one is paused, one removed; one is changed, from a Friday to the Monday week."""
    for provider, on, event, status in (
        ("D", "2026-03-10", "deregister", "deregistered"),
        ("F", "2026-03-17", "change", "suspended"),
        ("L", "2026-03-12", "change", "removed"),
    ):
        row = next(row for row in _read(PROVIDERS) if row["id"] == provider)
        place = {"subdistrict_code": STREETS[row["street"]], "service_form_code": row["form"]}
        bench.filing(provider, on, filing_event_code=event, filing_status_code=status, **place)
    bench.filing(
        "G",
        "2026-03-20",
        filing_event_code="change",
        filing_status_code="changed",
        place_count=4,
        service_form_code="unclassified",
        site_type_code="family_point",
        submitted_on="2026-03-06",
        receipted_on="2026-03-16",
    )


def _post_fees(bench: Bench) -> None:
    for row in _read(FEES):
        bench.put(
            "fee_quote",
            provider_id=row["provider"],
            observed_on="2026-03-06",
            fee_item_code=row["item"],
            class_type_code=row["class"],
            fee_amount=row["amount"],
            collection_basis_code=row["basis"],
        )
    for kind, amount in (("small", 2200), ("any", 2300)):
        bench.put(
            "price_cap",
            fee_item_code="care",
            class_type_code=kind,
            service_mode_code="full_day",
            valid_from_on="2026-01-01",
            cap_amount=amount,
            fee_unit_code="per_month",
            currency_code="CNY",
        )


def _open_stations(bench: Bench) -> None:
    for row in _read(STATIONS):
        bench.put(
            "station",
            station_id=row["id"],
            subdistrict_code=STREETS[row["street"]],
            opened_on=row["opened"],
            community_name=row["community"],
        )
    for row in _read(REPORTS):
        bench.put(
            "station_report",
            station_id=row["station"],
            report_month=row["month"],
            activity_count=row["activities"],
            open_day_count=row["open_days"],
            child_visit_count=row["visits"],
            home_visit_count=row["home"],
            household_count=row["households"],
            practice_exchange_count=row["practice"],
            online_sharing_count=row["online"],
            information_guidance_count=row["information"],
            parenting_class_count=row["classes"],
        )
    for target, street in (("P1", STREET), ("P2", OTHER_STREET)):
        bench.put("plan_target", plan_target_id=target, subdistrict_code=street, target_value=2, due_on="2021-06-30")
    for target, code, value, due in (("P3", "IND-03", 4.5, "2025-12-31"), ("P4", "IND-02", 100, "2027-12-31")):
        unit = {"IND-03": "per_1000", "IND-02": "place"}[code]
        bench.put(
            "plan_target", plan_target_id=target, indicator_code=code, target_value=value, due_on=due, unit_code=unit
        )


def _district() -> Bench:
    bench = Bench(date(2026, 3, 31))
    for code, value in PARAMETERS.items():
        bench.parameter(code, value)
    _file_providers(bench)
    _let_things_happen(bench)
    _post_fees(bench)
    _open_stations(bench)
    bench.put("population", counted_on="2020-11-01", age_band_code="all_ages", person_count=40000)
    bench.put("population", counted_on="2025-12-31", age_band_code="all_ages", person_count=36000)
    bench.put("population", counted_on="2025-12-31", age_band_code="total_u3", person_count=1200)
    return bench


@pytest.fixture(scope="module")
def district() -> Bench:
    return _district()


#: of each indicator the value for the whole district in March 2026, its status (or the input that is missing)
EXAMPLES = {
    "IND-01": (8, "a"),  # A B C E G H I J
    "IND-02": (108, "a"),  # 30 + 20 + 10 + 12 + 4 + 24 + 8
    "IND-03": (3, "a"),  # 108 places x 1,000 / 36,000 residents
    "IND-03b": (90, "a"),  # 108 places x 1,000 / 1,200 children
    "IND-04": (66, "a"),  # A 30 + E 12 + I 24
    "IND-05": (61.1111, "a"),  # 66 / 108
    "IND-06": (108, "a"),  # as IND-02
    "IND-06.independent": (30, "a"),  # A; H has no places
    "IND-06.employer_run": (20, "a"),  # B
    "IND-06.community_embedded": (10, "a"),  # C
    "IND-06.kindergarten_class": (12, "a"),  # E
    "IND-06.family_point": (4, "a"),  # G
    "IND-06.integrated_centre": (24, "a"),  # I
    "IND-06.station_temp": (8, "a"),  # J
    "IND-07": (5.0833, "e"),  # A 20 + B 14 + C 6 + E 9 + I 12 = 61, without G, a family point; of 1,200; J: not told
    "IND-08": (63.5417, "e"),  # 61 children in the 96 places of those that told
    "IND-09": (13.5, "a"),  # 108 / 8
    "IND-10": (2600, "a"),  # I 1,800 - A (2,000 + 2,400) / 2 - E 2,600 - B 3,000 - C 4,000
    "IND-10.inclusive": (2200, "a"),  # I 1,800 - A 2,200 - E 2,600
    "IND-10.other": (3500, "a"),  # B 3,000 - C 4,000
    "IND-11.p25": (2200, "a"),  # the second of five
    "IND-11.p75": (3000, "a"),  # the fourth of five
    "IND-11.iqr": (800, "a"),  # 3,000 - 2,200
    "IND-12": (33.3333, "a"),  # I: 1,800 <= 2,200; A's big class 2,400 and E's 2,600 are above 2,300: 1 of 3
    "IND-13": (40, "a"),  # 2,600 x 12 = 31,200 of 78,000
    "IND-14": (75, "a"),  # A B C E I, and G its meals: 6 of 8
    "IND-15": (71.4286, "a"),  # A E G I J of these, B (licence) and C (health): 5 of 7; H is not judged
    "IND-16": (89.4737, "a"),  # 2 x 8 and the food licences of A B I: 19; without C's and B's: 17
    "IND-17": (None, "national_register"),
    "IND-18.share": (50, "a"),  # E 2 working days, G 6 of 5
    "IND-18.median_days": (4, "a"),  # (2 + 6) / 2
    "IND-19": (14, "a"),  # to 31 March from the 5th (E) 18, 10th (D) 15, 12th (L) 13, 17th (F) 10: (15 + 13) / 2
    "IND-20": (75, "a"),  # S1 S2 of 2, S3 of 2 (S4 opened a day late): 3 of 4
    "IND-20.stations": (4, "a"),  # S1 to S4
    "IND-21": (37.5, "a"),  # 甲 乙 丙: 3 of 8
    "IND-22": (3.3333, "a"),  # 4 x 1,000 / 1,200
    "IND-23.activities": (3, "a"),  # (4 + 2) / 2
    "IND-23.visits": (80, "a"),  # (100 + 60) / 2
    "IND-23.open_days": (21, "a"),  # (20 + 22) / 2
    "IND-23.home_visits": (14, "a"),  # 6 + 8
    "IND-23.households": (11, "a"),  # 5 + 6
    "IND-23.guidance_sessions": (7, "a"),  # 2 + 1 + 3 + 1
    "IND-23.parenting_classes": (3, "a"),  # 1 + 2
    "IND-24": (66.6667, "e"),  # A C G I of A B C G I J; E and H have not told
    "IND-25": (66.6667, "a"),  # A 4 x 5 >= 20 and E 3 x 3 >= 9, not B 1 x 7 < 14; mixed has no ratio: 2 of 3
    "IND-26": (66.6667, "a"),  # A, and I on its last day; not B: 2 of 3
    "IND-27.a": (20, "a"),  # A of A B C E G
    "IND-27.b": (40, "a"),  # B C
    "IND-27.c": (20, "a"),  # E
    "IND-27.d": (20, "a"),  # G
    "IND-28": (None, "subsidy"),
    "IND-29": (-2, "a"),  # 1 - 3
    "IND-29.joined": (1, "a"),  # E
    "IND-29.deregistered": (1, "a"),  # D
    "IND-29.removed": (1, "a"),  # L
    "IND-29.suspended": (1, "a"),  # F
    "IND-30": (None, "quality_report"),
    "IND-31": (None, "release"),
    "IND-32": (None, "usage_statistics"),
}


def test_every_indicator_has_its_example() -> None:
    """Of every family of the list, and nothing else."""
    assert set(EXAMPLES) == set(load("binjiang").indicators)
    assert {code[4:6] for code in EXAMPLES} == {f"{n:02}" for n in range(1, 33)}


def _cell(bench: Bench, code: str, period: str = "2026-03", place: str = "_T", form: str = "_T") -> tuple:
    where = f"indicator_code = '{code}' AND period = '{period}' AND subdistrict_code = '{place}'"
    columns = ("indicator_value", "obs_status_code", "missing_input_code")
    [row] = bench.rows("open_indicator", *columns, where=f"{where} AND service_form_code = '{form}'")
    value, status, missing = row
    return value, missing or status


@pytest.mark.parametrize("code", EXAMPLES)
def test_an_indicator_is_what_a_person_works_out(district: Bench, code: str) -> None:
    assert _cell(district, code) == EXAMPLES[code]


@pytest.mark.parametrize(
    ("code", "period", "place", "form", "expected"),
    [
        ("IND-01", "2026-03", STREET, "_T", (4, "a")),  # A B G H
        ("IND-02", "2026-03", OTHER_STREET, "_T", (54, "a")),  # C 10 + E 12 + I 24 + J 8
        ("IND-06", "2026-03", "_T", "community_service", (32, "a")),  # I 24 + J 8
        ("IND-06", "2026-03", STREET, "community_service", (0, "a")),
        ("IND-01", "2026-03", "_T", "home_visit", (1, "a")),  # H
        ("IND-08", "2026-03", "_T", "community_service", (50, "e")),  # I 12 of 24; J has not told
        ("IND-08", "2026-03", "_T", "home_visit", (None, "enrolment")),
        ("IND-08", "2026-03", "_T", "unclassified", (None, "n")),  # G, a family point: nothing is missing
        ("IND-06.family_point", "2026-03", STREET, "unclassified", (4, "a")),  # G: so places less these are IND-08's
        ("IND-08", "2026-03", STREET, "_T", (68, "a")),  # A 20 + B 14 of 50; H has no places
        ("IND-10", "2026-03", STREET, "_T", (2600, "a")),  # A 2,200 - B 3,000
        ("IND-10", "2026-03", STREET, "park_embedded", (None, "n")),  # B alone is no median
        ("IND-10", "2026-02", "_T", "_T", (None, "posted_fees")),
        ("IND-10.inclusive", "2026-03", STREET, "_T", (None, "n")),
        ("IND-03", "2026-03", STREET, "_T", (None, "population")),
        ("IND-03", "2025-11", "_T", "_T", (3.525, "a")),  # without E, with D F L 45: 141 x 1,000 / 40,000
        ("IND-20", "2026-03", OTHER_STREET, "_T", (50, "a")),  # S3 of 2
        ("IND-23.visits", "2026-02", "_T", "_T", (None, "station_report")),
        ("IND-23.guidance_sessions", "2025-12", "_T", "_T", (None, "guidance_report")),
        # a year: stocks of its last day, flows of all of it
        ("IND-01", "2025", "_T", "_T", (10, "a")),  # A B C G H I J D F L
        ("IND-02", "2025", "_T", "_T", (141, "a")),
        ("IND-23.visits", "2025", "_T", "_T", (40, "a")),  # (30 + 50) / 2
        ("IND-23.households", "2025", "_T", "_T", (14, "a")),  # 5 + 9
        ("IND-29", "2025", "_T", "_T", (3, "a")),  # D F L
        ("IND-29.joined", "2024", STREET, "_T", (4, "a")),  # A B G H
        ("IND-26", "2025", "_T", "_T", (100, "a")),  # B's licence ended a month later
    ],
)
def test_it_is_told_by_place_form_and_period(district: Bench, code, period, place, form, expected) -> None:
    assert _cell(district, code, period, place, form) == expected


def test_a_missing_input_has_one_row_a_period_for_the_whole_area(district: Bench) -> None:
    rows = district.rows("open_indicator", "subdistrict_code", "period", where="indicator_code = 'IND-28'")
    assert len(rows) == 29  # January 2024 to March 2026, and two years that are over
    assert {place for place, _ in rows} == {"_T"}


def test_what_is_missing_for_the_whole_area_is_said_once(district: Bench) -> None:
    """But a street that alone lacks something says so, and a street that alone has it has its value."""
    where = "period = '2026-02' AND indicator_code = 'IND-10'"
    assert district.rows("open_indicator", "subdistrict_code", "missing_input_code", where=where) == [
        ("_T", "posted_fees")
    ]
    bench = Bench()
    bench.filing("A", "2024-01-10")
    bench.put(
        "population", subdistrict_code=STREET, counted_on="2025-12-31", age_band_code="all_ages", person_count=9000
    )
    where = "period = '2026-03' AND indicator_code = 'IND-03'"
    assert bench.rows("open_indicator", "subdistrict_code", "indicator_value", "missing_input_code", where=where) == [
        (STREET, 3.3333, None),  # 30 x 1,000 / 9,000
        ("_T", None, "population"),
    ]


def test_who_stands_in_the_first_register_did_not_arrive_with_it() -> None:
    bench = Bench()
    bench.filing("A", "2026-01-10", filing_event_code="snapshot")
    bench.filing("A", "2026-02-10", filing_event_code="snapshot")
    bench.filing("B", "2026-02-10", filing_event_code="snapshot")
    bench.filing("B", "2026-03-10", filing_event_code="snapshot")
    where = "indicator_code IN ('IND-29.joined', 'IND-29.removed') AND subdistrict_code = '_T' AND LENGTH(period) = 7"
    assert bench.rows("open_indicator", "period", "indicator_value", where=where) == [
        ("2026-01", 0),
        ("2026-02", 1),  # B
        ("2026-03", 0),
        ("2026-01", 0),
        ("2026-02", 0),
        ("2026-03", 1),  # A
    ]


def test_quartiles_of_fees_are_rounded_and_not_cut_off() -> None:
    bench = Bench()
    for code in ("fee_statistics_min_providers", "fee_quartile_min_providers"):
        bench.parameter(code, 2)
    for provider, amounts in {"A": [3270], "B": [3320, 3320, 3330]}.items():  # B: 9,970 / 3 = 3,323.33...
        bench.filing(provider, "2024-01-10", is_inclusive=True)
        for number, (kind, amount) in enumerate(zip(("small", "big", "infant"), amounts, strict=False)):
            quote = {"class_type_code": kind, "fee_amount": amount, "fee_line_no": number}
            bench.put("fee_quote", provider_id=provider, observed_on="2026-03-12", **quote)
    assert _cell(bench, "IND-10") == _cell(bench, "IND-10.inclusive") == (3296.6667, "a")  # 6,593.33... / 2
    assert _cell(bench, "IND-11.p25") == (3283.3333, "a")  # 3,270 + 53.33... / 4
    assert _cell(bench, "IND-11.p75") == (3310, "a")  # 3,270 + 53.33... x 3 / 4


def test_a_running_month_is_provisional_a_running_year_is_none_and_three_years_are_the_most() -> None:
    bench = Bench(date(2026, 3, 15))
    bench.filing("A", "2019-01-10")
    bench.filing("A", "2026-03-20", filing_event_code="deregister", filing_status_code="deregistered")
    assert _cell(bench, "IND-01") == (1, "p")
    periods = [p for (p,) in bench.rows("open_indicator", "period", where="indicator_code = 'IND-17'")]
    assert len(periods) == 36 + 3
    assert [p for p in periods if len(p) == 4] == ["2023", "2024", "2025"]


def test_without_parameters_nothing_passes() -> None:
    bench = Bench()
    bench.filing("A", "2024-01-10", is_inclusive=True, meal_mode_code="self_cook", submitted_on="2024-01-08")
    bench.put(
        "filing_class", provider_id="A", class_type_code="big", event_on="2024-01-10", enrolled_count=9, carer_count=9
    )
    missing = {
        "IND-12": "posted_fees",
        "IND-13": "disposable_income",
        "IND-15": "whitelist_conditions",
        "IND-16": "required_documents",
        "IND-20": "plan_target",
        "IND-21": "community_count",
        "IND-24": "cctv",
        "IND-25": "carer_ratio",
        "IND-26": "meal_mode",
        "IND-27.a": "quality_grade",
    }
    assert {code: _cell(bench, code) for code in missing} == {code: (None, gap) for code, gap in missing.items()}


# -- what is withheld


def test_a_value_that_gives_a_withheld_count_back_is_not_told(district: Bench) -> None:
    """As if the cells of the children had to be hidden: every indicator that protects them goes with them."""
    bench = _district()
    bench.rows("measure_withheld", "period")
    for cell in (
        ("enrolled_children", "_T", "_T", "_T"),
        ("enrolled_children", "_T", "community_service", "_T"),
        ("child_visits", "_T", "_T", "_T"),
        ("guided_households", "_T", "_T", "home_visit"),
    ):
        measure, place, form, member = cell
        values = [measure, "330108", place, form, member, "2026-03", "complement"]
        columns = "protected_measure_code, area_code, subdistrict_code, service_form_code, member_code, period"
        marks = ", ".join("?" for _ in values)
        bench.con.execute(f"INSERT INTO measure_withheld ({columns}, withheld_reason_code) VALUES ({marks})", values)
    hidden = {"IND-07", "IND-08", "IND-23.visits", "IND-23.home_visits", "IND-23.households"}
    assert {code for code in EXAMPLES if _cell(bench, code)[1] == "c"} == hidden
    assert _cell(bench, "IND-08", form="community_service") == (None, "c")
    assert _cell(bench, "IND-08", place=STREET) == _cell(district, "IND-08", place=STREET)


# -- plans and answers


def test_a_plan_is_measured_on_its_day_and_a_later_one_is_open(district: Bench) -> None:
    columns = ("plan_target_id", "delivered_by_due_value", "delivered_value", "completion_share", "is_met")
    assert district.rows("open_plan_progress", *columns) == [
        ("P1", 2, 2, 1, True),
        ("P2", 1, 2, 0.5, False),
        ("P3", 3.9167, 3, 0.8704, False),  # 141 places x 1,000 / 36,000 on 31 December; 3.9167 / 4.5
        ("P4", None, 108, 1.08, True),  # reached before its day
    ]


def test_the_questions_of_the_consultation_are_answered_with_target_or_what_is_missing(district: Bench) -> None:
    columns = ("question_code", "indicator_code", "indicator_value", "target_value", "due_on", "missing_input_code")
    rows = district.rows("open_consultation_answer", *columns, where="subdistrict_code = '_T'")
    answers = {(question, code): rest for question, code, *rest in rows}
    assert {question for question, _ in answers} == set(load("binjiang").codelists["consultation_question"].codes)
    assert answers["providers", "IND-01"] == [8, None, None, None]
    assert answers["places", "IND-02"] == [108, 100, "2027-12-31", None]  # the district's own plan
    assert answers["places_per_1000", "IND-03"] == [3, 4.5, "2025-12-31", None]
    assert answers["affordable_share", "IND-05"] == [61.1111, 60, "2025-12-31", None]
    assert answers["fees", "IND-10.inclusive"] == [2200, None, None, None]
    assert answers["stations", "IND-20.stations"] == [4, 4, "2021-06-30", None]  # two for each street
    assert answers["home_guidance", "IND-23.households"] == [11, None, None, None]
    assert answers["subsidy", "IND-28"] == [None, None, None, "subsidy"]
    [street] = district.rows(
        "open_consultation_answer",
        "indicator_value",
        "target_value",
        where=f"subdistrict_code = '{STREET}' AND indicator_code = 'IND-20.stations'",
    )
    assert street == (2, 2)


def test_a_target_is_of_the_whole_area_unless_a_plan_is_of_a_street_and_reached_by_its_direction() -> None:
    bench = _district()
    for target, code, value, due in (
        ("P5", "IND-10", 2600, "2026-03-31"),  # lower is better: 2,600 of 2,600
        ("P6", "IND-10.other", 3000, "2026-03-31"),  # 3,500 are above it
        ("P7", "IND-10.inclusive", 2000, "2026-04-30"),  # 2,200 are above it, but there is a month left
        ("P8", "IND-28", 1, "2026-03-31"),  # of what nothing is known
    ):
        plan = {"plan_target_id": target, "indicator_code": code, "target_value": value, "due_on": due}
        bench.put("plan_target", **plan, unit_code=None)
    columns = ("indicator_code", "subdistrict_code", "target_value", "due_on", "is_reached")
    rows = bench.rows("open_consultation_answer", *columns, where="target_value IS NOT NULL OR due_on IS NOT NULL")
    assert sorted(rows) == [
        ("IND-02", "_T", 100, "2027-12-31", True),  # 108, long before
        ("IND-03", "_T", 4.5, "2025-12-31", False),  # 3
        ("IND-05", "_T", 60, "2025-12-31", True),  # 61.1
        ("IND-10", "_T", 2600, "2026-03-31", True),
        ("IND-10.inclusive", "_T", 2000, "2026-04-30", None),
        ("IND-10.other", "_T", 3000, "2026-03-31", False),
        ("IND-20.stations", STREET, 2, "2021-06-30", True),
        ("IND-20.stations", OTHER_STREET, 2, "2021-06-30", True),  # a day late: open_plan_progress says so
        ("IND-20.stations", "_T", 4, "2021-06-30", True),
        ("IND-28", "_T", 1, "2026-03-31", None),
    ]


def test_flows_are_of_the_last_month_that_is_over() -> None:
    bench = Bench(date(2026, 3, 15))
    bench.filing("A", "2026-01-10")
    bench.put("station", station_id="S", opened_on="2021-06-01")
    bench.put("station_report", station_id="S", report_month="2026-02", parenting_class_count=7)
    bench.put("station_report", station_id="S", report_month="2026-03", parenting_class_count=1)
    columns = ("indicator_code", "period", "indicator_value")
    where = "subdistrict_code = '_T' AND indicator_code IN ('IND-01', 'IND-23.parenting_classes')"
    answers = bench.rows("open_consultation_answer", *columns, where=where)
    assert sorted(answers) == [("IND-01", "2026-03", 1), ("IND-23.parenting_classes", "2026-02", 7)]


def test_a_definition_says_what_the_value_is(district: Bench) -> None:
    columns = ("indicator_name_zh", "formula_sql", "unit_code", "target_value", "due_on", "definition_version")
    [row] = district.rows("open_indicator_definition", *columns, where="indicator_code = 'IND-03'")
    formula = "place_total * 1000.0 / NULLIF(resident_count, 0)"
    assert row == ("每千人口托位数", formula, "per_1000", 4.5, "2025-12-31", "1")
