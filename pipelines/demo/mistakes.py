"""The wrong rows of the demo, each made from a right one, with the findings they must lead to.

Each has a key of its own, so that it changes no right row: providers numbered beyond all others, months
before the first. What does not belong here: where a wrong row comes to stand (sheets.py notes that).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count
from typing import Any

from pipelines.demo import identifiers
from pipelines.demo.filings import Values
from pipelines.demo.sheets import Wrong

#: numbers of providers that never were; 99999 blocks would be needed to reach them
GHOSTS = 920_000
UNKNOWN_PROVIDER = f"{identifiers.AREA}-S-{GHOSTS}"
UNKNOWN_STATION = f"{identifiers.AREA}-F-{GHOSTS}"

#: what is changed in a right row, and the (column, code) of each finding expected
Mistake = tuple[Values, tuple[tuple[str, str], ...]]

#: mistakes in the filing of a private enterprise
_FILINGS: tuple[Mistake, ...] = (
    ({"provider_name": None}, (("provider_name", "value-missing"),)),
    ({"address": None}, (("address", "value-missing"),)),
    ({"credit_code": None}, (("credit_code", "value-missing"),)),
    ({"indoor_area_m2": "约三间房"}, (("indoor_area_m2", "number-approximate"),)),
    ({"place_count": None}, (("place_count", "place-count-missing"),)),
    ({"filed_on": "2023年2月30日"}, (("filed_on", "date-impossible"),)),
    ({"submitted_on": date(2099, 1, 1)}, (("filed_on", "filing-date-order"),)),
    ({"subdistrict_code": "330108009"}, (("subdistrict_code", "code-unknown"),)),
    ({"subdistrict_code": "_T"}, (("subdistrict_code", "subdistrict-not-given"),)),
    ({"site_type_code": "小饭桌"}, (("site_type_code", "code-unknown"),)),
    ({"service_modes": "full_day;周末托"}, (("service_modes", "code-unknown"),)),
    ({"age_min_months": 36, "age_max_months": 24}, (("age_min_months", "age-range-invalid"),)),
    ({"gross_area_m2": -85}, (("gross_area_m2", "value-below-minimum"),)),
    ({"profit_code": "non_profit"}, (("profit_code", "form-profit-conflict"),)),
    ({"service_form_code": "community_inclusive"}, (("is_inclusive", "form-inclusive-conflict"),)),
    ({"service_form_code": "home_visit"}, (("place_count", "home-visit-has-places"),)),
    ({"provider_name": "=1+1"}, (("provider_name", "text-formula"),)),
)
_BIG_CLASS: Values = {
    "class_type_code": "infant",
    "class_count": 1,
    "place_count": 14,
    "enrolled_count": 8,
    "carer_count": 5,
    "room_area_m2": 20,
}
_CLASSES: tuple[Mistake, ...] = (
    (_BIG_CLASS, (("place_count", "class-size-above-cap"),)),
    ({"class_type_code": "托中班"}, (("class_type_code", "code-unknown"),)),
    ({"provider_id": UNKNOWN_PROVIDER}, (("provider_id", "row-orphan"),)),
)
_DOCUMENTS: tuple[Mistake, ...] = (
    ({"document_type_code": "校车许可证"}, (("document_type_code", "code-unknown"),)),
    ({"issued_on": date(2019, 5, 6), "valid_to_on": "2029年2月31日"}, (("valid_to_on", "date-impossible"),)),
    ({"provider_id": UNKNOWN_PROVIDER}, (("provider_id", "row-orphan"),)),
)
_REPORTS: tuple[Mistake, ...] = (
    ({"open_day_count": 32}, (("open_day_count", "value-above-maximum"),)),
    ({"child_visit_count": -4}, (("child_visit_count", "value-below-minimum"),)),
    ({"child_visit_count": "很多"}, (("child_visit_count", "value-type"),)),
    ({"activity_count": None}, (("activity_count", "value-missing"),)),
    ({"report_month": "2025年13月"}, (("report_month", "date-impossible"),)),
    ({"station_id": UNKNOWN_STATION}, (("station_id", "row-orphan"),)),
)
_FEES: tuple[Mistake, ...] = (
    ({"provider_id": UNKNOWN_PROVIDER}, (("provider_id", "row-orphan"),)),
    ({"fee_item_code": "赞助费"}, (("fee_item_code", "code-unknown"),)),
    ({"fee_line_no": 2, "fee_amount": "面议"}, (("fee_amount", "value-type"),)),
    ({"fee_line_no": 3, "fee_amount": -200}, (("fee_amount", "value-below-minimum"),)),
    ({"fee_line_no": 4, "fee_amount": None}, (("fee_amount", "value-missing"),)),
    ({"fee_line_no": 5, "fee_amount": 52_000}, (("fee_amount", "fee-amount-implausible"),)),
)
_INSPECTIONS: tuple[Mistake, ...] = (
    ({"inspection_result_code": "基本可以"}, (("inspection_result_code", "code-unknown"),)),
    ({"inspected_on": None}, (("inspected_on", "value-missing"),)),
    ({"provider_id": UNKNOWN_PROVIDER}, (("provider_id", "row-orphan"),)),
)


def filings(rows: list[Values]) -> Iterator[Wrong]:
    """Wrong filings, a family point that is too big, bad credit codes, and two that contradict each other."""
    shop = _first(rows, site_type_code="independent")
    home = _first(rows, site_type_code="family_point")
    ghost = _ghosts()
    for changes, expected in _FILINGS:
        yield Wrong(shop | next(ghost) | changes, expected)
    yield Wrong(home | next(ghost) | {"place_count": 8}, (("place_count", "family-point-above-cap"),))
    yield from _bad_credit_codes(shop, ghost)
    twice = shop | next(ghost)
    for places in (20, 30):
        yield Wrong(twice | {"place_count": places}, (("provider_id", "key-duplicate"),))
    yield _repeated(rows[1])


def classes(rows: list[Values]) -> list[Wrong]:
    """Wrong class lines, of a provider that has only the one type the good line states."""
    types = Counter(row["provider_id"] for row in rows)
    base = next(r for r in rows if types[r["provider_id"]] == 1 and r["class_type_code"] == "big")
    return _changed(base, _CLASSES)


def documents(rows: list[Values]) -> list[Wrong]:
    """Wrong documents; a licence whose check digit is not its own; an evaluation without conclusion."""
    licence = _first(rows, document_type_code="food")
    number = licence["document_no"]
    bad = number[:-1] + str((int(number[-1]) + 1) % 10)
    wrong = licence | {"document_no": bad, "issued_on": date(2019, 7, 8), "valid_to_on": date(2024, 7, 7)}
    health = _first(rows, document_type_code="health_eval") | {
        "issued_on": date(2019, 9, 1),
        "conclusion_code": None,
    }
    return [
        *_changed(rows[0], _DOCUMENTS),
        Wrong(wrong, (("document_no", "food-licence-check"),)),
        Wrong(health, (("conclusion_code", "health-evaluation-conclusion-missing"),)),
    ]


def reports(rows: list[Values], turn: int) -> Iterator[Wrong]:
    """Every third wrong report, of a month before the first; and what only one street gets wrong.

    Turn 0 contradicts itself in one file, turn 1 sends a line twice over."""
    base = rows[0]
    for back, (changes, expected) in list(enumerate(_REPORTS, start=1))[turn::3]:
        yield Wrong(base | {"report_month": _months_before(base, back)} | changes, expected)
    twice = base | {"report_month": _months_before(base, 10)}
    if turn == 0:
        for visits in (81, 118):
            yield Wrong(twice | {"child_visit_count": visits}, (("station_id", "key-duplicate"),))
    if turn == 1:
        yield _repeated(rows[1])


def fees(rows: list[Values]) -> list[Wrong]:
    """Wrong price lines."""
    return _changed(rows[0], _FEES)


def inspections(rows: list[Values]) -> list[Wrong]:
    """Wrong decisions, each with a number of its own."""
    wrong = _changed(rows[0], _INSPECTIONS)
    numbered = enumerate(wrong, start=1)
    return [Wrong(w.values | {"inspection_id": f"DEMO-WRONG-{i}"}, w.expected) for i, w in numbered]


def scattered(rows: list[Values], wrong: list[Wrong]) -> list[Values | Wrong]:
    """The wrong rows spread evenly among the good ones, none before the fourth row."""
    step = max(1, (len(rows) - 4) // (len(wrong) + 1))
    mixed: list[Values | Wrong] = list(rows)
    for index, row in reversed(list(enumerate(wrong, start=1))):
        mixed.insert(min(4 + index * step, len(rows)), row)
    return mixed


def _bad_credit_codes(shop: Values, ghost: Iterator[Values]) -> Iterator[Wrong]:
    """Codes with a wrong check digit, with a letter GB 32100 does not have, of another authority."""
    code, symbols = next(ghost)["credit_code"], identifiers.ALPHABET
    wrong = (
        (code[:-1] + symbols[(symbols.index(code[-1]) + 1) % 31], "credit-code-check-digit"),
        (code[:10] + "O" + code[11:], "value-pattern"),
        (identifiers.credit_code("52", GHOSTS + 99), "credit-code-prefix"),
    )
    for text, finding in wrong:
        yield Wrong(shop | next(ghost) | {"credit_code": text}, (("credit_code", finding),))


def _ghosts() -> Iterator[Values]:
    """Identities of providers that never were: an id beyond all in use and a credit code of its own."""
    for number in count(GHOSTS + 1):
        identity = {"provider_id": f"{identifiers.AREA}-S-{number}"}
        yield identity | {"credit_code": identifiers.credit_code("91", number)}


def _changed(base: Values, mistakes: tuple[Mistake, ...]) -> list[Wrong]:
    return [Wrong(base | changes, expected) for changes, expected in mistakes]


def _repeated(row: Values) -> Wrong:
    """A line copied twice: the first stands, the second waits."""
    return Wrong(dict(row), (("", "row-repeated"),))


def _first(rows: list[Values], **wanted: Any) -> Values:
    return next(r for r in rows if all(r.get(k) == v for k, v in wanted.items()))


def _months_before(report: Values, back: int) -> date:
    return (report["report_month"] - timedelta(days=30 * back)).replace(day=1)
