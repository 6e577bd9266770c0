"""What the invented providers ask for: prices they post, and what a statistical survey was told.

Amounts are invented, of the size parents in Hangzhou know. What does not belong here: caps (no amount is
public, so that the demo sends none) and files (senders.py).
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date

from pipelines.demo.filings import Values, service_modes
from pipelines.demo.providers import Provider

#: class type -> yuan a month for full-day care at an inclusive provider
_CARE = {"infant": 3400, "small": 2900, "big": 2500, "mixed": 2700}
_MARKET_FACTOR = {"private_for_profit": 1.9, "park_embedded": 1.25, "community_service": 1.2}


def survey_days(as_of: date) -> tuple[date, date]:
    """When the two waves were taken: in the month of the as-of date, and a year before."""
    return date(as_of.year - 1, as_of.month, 15), date(as_of.year, as_of.month, 12)


def all_posted(provider: Provider, as_of: date) -> Iterator[Values]:
    """The posted prices of both waves, of a provider that had a filing then."""
    for wave, day in enumerate(survey_days(as_of)):
        if provider.serves_on(day):
            yield from posted(provider, day, wave)


def posted(provider: Provider, observed: date, wave: int) -> Iterator[Values]:
    """The posted price list of one provider on one day; none from those without places."""
    for line in provider.classes:
        yield _quote(provider, "care", observed, _care(provider, line.class_type, wave), "per_month") | {
            "class_type_code": line.class_type,
            "service_mode_code": "full_day",
            "includes_meals": False,
        }
    if not provider.classes:
        return
    yield _quote(provider, "meals", observed, 20 + provider.number % 9 + 2 * wave, "per_day")
    yield _quote(provider, "materials", observed, 300 + 20 * (provider.number % 6), "per_term") | {
        "months_basis": 6,
    }
    if "temporary" in service_modes(provider):
        yield _quote(provider, "temp_care", observed, 40 + 5 * (provider.number % 5), "per_hour") | {
            "service_mode_code": "temporary",
        }


def surveyed(provider: Provider, observed: date, wave: int) -> Iterator[Values]:
    """What the same provider told the survey it received for full-day care, after discounts."""
    rng = random.Random(f"{provider.provider_id}:{wave}")
    for line in provider.classes:
        amount = round(_care(provider, line.class_type, wave) * rng.uniform(0.85, 1.0), -1)
        yield _quote(provider, "care", observed, amount, "per_month") | {
            "class_type_code": line.class_type,
            "service_mode_code": "full_day",
            "collection_basis_code": "statistical_survey",
        }


def _care(provider: Provider, class_type: str, wave: int) -> int:
    factor = 1.0 if provider.kind.inclusive else _MARKET_FACTOR.get(provider.kind.form, 1.1)
    spread = 0.9 + 0.04 * (provider.number % 6)
    return round(_CARE[class_type] * factor * spread * (1 + 0.03 * wave), -1)


def _quote(provider: Provider, item: str, observed: date, amount: float, unit: str) -> Values:
    return {
        "provider_id": provider.provider_id,
        "fee_item_code": item,
        "class_type_code": "any",
        "service_mode_code": "any",
        "fee_line_no": 1,
        "collection_basis_code": "posted_price",
        "observed_on": observed,
        "fee_amount": int(amount),
        "fee_unit_code": unit,
        "months_basis": None,
        "includes_meals": None,
        "price_regime_code": "agreement" if provider.kind.inclusive else "market",
        "valid_from_on": date(observed.year, 1, 1),
        "valid_to_on": None,
    }
