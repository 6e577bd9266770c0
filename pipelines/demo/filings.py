"""The story of one provider as rows of filing, filing_class, filing_document and inspection.

Rows are dicts of field name to typed value. What does not belong here: which file a row is sent in and how it
is written there (senders.py, wording.py).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from pipelines.demo import identifiers
from pipelines.demo.places import ClassLine
from pipelines.demo.providers import Provider

Values = dict[str, Any]

#: days of a fire inspection's validity, and of a food licence's
FIRE_DAYS, FOOD_DAYS = 365, 1826
#: days a provider was without a fire certificate; days in which a finding is remedied, and has to be
LAPSE_DAYS, REMEDY_DAYS, REMEDY_DUE = 25, 22, 30


def filing_rows(provider: Provider) -> list[Values]:
    """Every filing event of a provider, oldest first."""
    submitted = _event(provider, "new", _submitted_on(provider), "submitted")
    if provider.story == "applied":
        return [submitted]
    told = [_event(provider, "new", provider.filed_on, "filed")]
    if provider.story == "filed_lately":
        told.insert(0, submitted)
    later = _LATER.get(provider.story, ())
    for event, status, days in later:
        told.append(_event(provider, event, provider.story_on + timedelta(days=days), status))
    if provider.story == "places_changed":
        told[0] |= {"place_count": _places(lines_before(provider)), "enrolled_count": None}
    if provider.story == "renamed":
        told[0]["provider_name"] = provider.name.replace("演示·", "演示·旧")
        told[1]["alias_names"] = told[0]["provider_name"]
    return told


#: story -> (event, status, days after the story's day) of the events after the filing
_LATER: dict[str, tuple[tuple[str, str, int], ...]] = {
    "places_changed": (("change", "changed", 0),),
    "renamed": (("change", "changed", 0),),
    "suspended": (("change", "suspended", 0),),
    "resumed": (("change", "suspended", 0), ("change", "filed", 45)),
    "pause_told_late": (("change", "suspended", 0), ("change", "filed", 21)),
    "deregistered": (("deregister", "deregistered", 0),),
}


def lines_before(provider: Provider) -> list[ClassLine]:
    """The class lines before a change of places: the last class type had a few fewer."""
    *same, last = provider.classes
    before = max(last.place_count - 1 - provider.number % 4, last.class_count)
    return [*same, ClassLine(last.class_type, last.class_count, before, min(last.enrolled_count, before))]


def class_rows(provider: Provider) -> list[Values]:
    """The class lines as stated with the filing, and again with each change that is not a suspension."""
    if provider.story == "applied":
        return []
    changed = provider.story in ("places_changed", "renamed")
    first = lines_before(provider) if provider.story == "places_changed" else provider.classes
    rows = [_class_row(provider, line, provider.filed_on) for line in first]
    return rows + [_class_row(provider, line, provider.story_on) for line in provider.classes if changed]


def document_rows(provider: Provider, as_of: date) -> list[Values]:
    """The five base documents, fire inspections of every year, and the food licence of a kitchen."""
    day, gone = timedelta(days=1), "deregistered"
    until = provider.story_on if provider.story == gone else as_of
    rows = [
        _document(provider, "legal_cert", provider.filed_on - 60 * day, provider.credit_code),
        _document(provider, "premises", provider.filed_on - 50 * day, None, _lease_to(provider)),
        _document(provider, "staff_cert", provider.filed_on - 30 * day, None),
    ]
    if provider.story != "health_missing":
        rows.append(_document(provider, "health_eval", provider.filed_on - 25 * day, None, None, "pass"))
    rows += _fire_rows(provider, until)
    if provider.self_cook:
        first = provider.filed_on - 10 * day
        last_food = first if provider.story == "food_expired" else until
        rows += _renewed(provider, "food", first, last_food, FOOD_DAYS)
    return rows


def _fire_rows(provider: Provider, until: date) -> list[Values]:
    """Each certificate follows the one before in time, but for the one that is never and the one that is late."""
    first, day = provider.filed_on - timedelta(days=15), timedelta(days=1)
    if provider.story == "fire_expired":
        until -= (FIRE_DAYS + 30) * day
    if provider.story != "lapsed":
        return _renewed(provider, "fire", first, until, FIRE_DAYS)
    before = provider.story_on - (LAPSE_DAYS + FIRE_DAYS) * day
    return _renewed(provider, "fire", first, before, FIRE_DAYS) + _renewed(
        provider, "fire", provider.story_on, until, FIRE_DAYS
    )


def inspection_rows(provider: Provider, as_of: date) -> list[Values]:
    """A routine visit to every other provider, and the decisions that the stories tell of."""
    day = timedelta(days=1)
    rows = []
    if provider.number % 2 and provider.filed_on < as_of - 300 * day and provider.on_file:
        rows.append(_inspection(provider, 1, as_of - (90 + provider.number % 200) * day, "conform"))
    found = found_on(provider, as_of)
    if found and provider.story == "finding_withdrawn":  # what was found was another's
        rows.append(_inspection(provider, 2, found, "conform"))
    elif found:
        closed = None if provider.story == "nonconform_open" else found + REMEDY_DAYS * day
        rows.append(_inspection(provider, 2, found, "nonconform", found + REMEDY_DUE * day, closed))
    return rows


def found_on(provider: Provider, as_of: date) -> date | None:
    """The day of the inspection that the provider's story is about."""
    if provider.story in ("remedy_told_late", "finding_withdrawn"):
        return provider.story_on
    days_ago = {"remedied": 150, "nonconform_open": 45}.get(provider.story)
    return as_of - timedelta(days=days_ago) if days_ago else None


def _event(provider: Provider, event: str, on: date, status: str) -> Values:
    """The whole filing form as it is sent with one event."""
    left = status == "deregistered"
    return _identity(provider) | _premises(provider) | {
        "filing_event_code": event,
        "event_on": on,
        "filing_status_code": status,
        "removal_reason_code": "deregistered-by-provider" if left else None,
        "authorization_regime_code": "filing",
        "filing_no": None if status == "submitted" else _filing_no(provider),
        "submitted_on": _submitted_on(provider),
        "receipted_on": None if status == "submitted" else _submitted_on(provider) + timedelta(days=3),
        "filed_on": None if status == "submitted" else provider.filed_on,
    }  # fmt: skip


def _filing_no(provider: Provider) -> str:
    return f"演示备{provider.filed_on.year}第{provider.number:04d}号"


def _identity(provider: Provider) -> Values:
    kind, (_, authority, profit) = provider.kind, provider.registration
    age_min, age_max = provider.ages
    return {
        "provider_id": provider.provider_id,
        "provider_name": provider.name,
        "credit_code": provider.credit_code,
        "registration_authority_code": authority,
        "provider_nature_code": kind.nature,
        "profit_code": profit,
        "operator_code": kind.operator,
        "site_type_code": kind.site_type,
        "service_form_code": kind.form,
        "host_facility_code": kind.host,
        "location_type_code": kind.location,
        "service_modes": service_modes(provider),
        "age_min_months": age_min,
        "age_max_months": age_max,
        "place_count": provider.place_count,
        "enrolled_count": provider.enrolled_count,
        "is_inclusive": kind.inclusive,
        "inclusive_from_on": provider.filed_on if kind.inclusive else None,
        "meal_mode_code": _meal_mode(provider),
        "contact_phone": f"0571-2{provider.number:07d}",
        **_quality(provider),
    }


def _quality(provider: Provider) -> Values:
    """The result of the evaluation (WS/T 821) that every third provider has been through."""
    if provider.number % 3 or provider.kind.mix == "none":
        return {"quality_scheme_code": None, "quality_grade_code": None, "quality_evaluated_on": None}
    grade = "ws821_" + "AABBBC"[provider.number // 3 % 6]
    seen = provider.filed_on + timedelta(days=90)
    return {"quality_scheme_code": "ws821", "quality_grade_code": grade, "quality_evaluated_on": seen}


def _premises(provider: Provider) -> Values:
    places = provider.place_count or 12
    gross = 60 + 8 * places if provider.kind.mix == "family" else 40 + 9 * places + provider.number % 20
    return {
        "subdistrict_code": provider.street,
        "community_name": provider.community,
        "address": provider.address,
        "gross_area_m2": gross,
        "indoor_area_m2": round(gross * 0.75),
        "outdoor_area_m2": 4 * places,
        "premises_tenure_code": "lease" if provider.lease_from_on else "own",
        "lease_from_on": provider.lease_from_on,
        "lease_to_on": _lease_to(provider),
        "floor_min": 1,
        "floor_max": 1 + provider.number % 2,
        "has_full_cctv": provider.kind.mix != "none",
        "cctv_retention_days": 90 + 30 * (provider.number % 2) if provider.kind.mix != "none" else None,
    }


def service_modes(provider: Provider) -> str:
    """Service mode codes joined as a list value is: sorted, by semicolons."""
    if provider.kind.mix == "none":
        return "hourly"
    extra = ("half_day", "temporary", "")[provider.number % 3]
    return ";".join(sorted(m for m in ("full_day", extra) if m))


def _meal_mode(provider: Provider) -> str:
    if provider.kind.mix in ("none", "family"):
        return "none" if provider.kind.mix == "none" else "parent"
    return "self_cook" if provider.self_cook else "external"


def _submitted_on(provider: Provider) -> date:
    return provider.filed_on - timedelta(days=10 + provider.number % 5)


def _lease_to(provider: Provider) -> date | None:
    return provider.lease_from_on + timedelta(days=3652) if provider.lease_from_on else None


def _places(lines: list[ClassLine]) -> int:
    return sum(line.place_count for line in lines)


def _class_row(provider: Provider, line: ClassLine, on: date) -> Values:
    return {
        "provider_id": provider.provider_id,
        "class_type_code": line.class_type,
        "event_on": on,
        "class_count": line.class_count,
        "place_count": line.place_count,
        "enrolled_count": line.enrolled_count,
        "carer_count": line.carer_count,
        "room_area_m2": line.room_area_m2,
    }


def _renewed(provider: Provider, kind: str, first: date, last: date, days: int) -> list[Values]:
    """One document after the other, each issued before the one before runs out, until past ``last``."""
    rows, issued = [], first
    while issued <= last:
        rows.append(_document(provider, kind, issued, None, issued + timedelta(days=days - 1), "pass"))
        issued += timedelta(days=days - 20)
    return rows


def _document(
    provider: Provider,
    kind: str,
    issued: date,
    no: str | None,
    valid_to: date | None = None,
    said: str = "none",
) -> Values:
    number = f"演示{issued.year}-{provider.number:04d}"
    if kind == "food":
        number = identifiers.food_licence(provider.number)
    return {
        "provider_id": provider.provider_id,
        "document_type_code": kind,
        "document_no": no or number,
        "issued_on": issued,
        "valid_to_on": valid_to,
        "conclusion_code": said,
        "verified_on": issued,
    }


def _inspection(
    provider: Provider, nth: int, on: date, result: str, due: date | None = None, closed: date | None = None
) -> Values:
    return {
        "inspection_id": f"DEMO-{provider.number:06d}-{nth}",
        "provider_id": provider.provider_id,
        "authority_code": ("district_health", "market_reg")[provider.number % 3 == 0],
        "inspected_on": on,
        "inspection_result_code": result,
        "remedy_due_on": due,
        "closed_on": closed,
    }
