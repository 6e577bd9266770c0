"""When the district's news arrives: the months of a history, its days of arrival, and who tells late.

What belongs here: for each fact of a provider's story the day on which a file first holds it. What does not: the
files (deliveries.py) and what the register makes of them (whitelist_key.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from pipelines.demo import filings, stations
from pipelines.demo.filings import Values
from pipelines.demo.providers import Provider
from pipelines.demo.sheets import Wrong

#: days of a month on which files arrive; what the last month leaves arrives on the as-of date itself
ARRIVAL_DAYS = (8, 20)
#: days between what a story turns on and the day it is told, where that is long after the next arrival
PAUSE_LATE, RENEWAL_LATE, REMEDY_LATE, WITHDRAWN_LATE, ENDED_LATE = 50, 45, 40, 40, 40

Told = tuple[date, str, Values | Wrong]  # day of arrival, table, row


@dataclass(frozen=True)
class Calendar:
    """A history of ``months`` months that ends with the month of the as-of date (its last day)."""

    as_of: date
    months: int

    @cached_property
    def releases(self) -> list[date]:
        """The last day of each month."""
        return [stations.month_end(m) for m in stations.report_months(self.as_of, self.months)]

    @cached_property
    def arrivals(self) -> list[date]:
        """Every day on which files arrive."""
        return [end.replace(day=n) for end in self.releases for n in ARRIVAL_DAYS] + [self.as_of]

    @property
    def register_on(self) -> date:
        """The day the first file speaks of: the register as it stood before the first month."""
        return self.releases[0].replace(day=1) - timedelta(days=1)

    def arrival(self, happened: date, late: int = 0) -> date:
        """The day on which something is told: the next arrival, or the one ``late`` days on; at last the as-of date."""
        due = happened + timedelta(days=late)
        return next((day for day in self.arrivals if day >= due), self.as_of)


def is_told_late(provider: Provider) -> bool:
    """Whether the end of a filing is told long after it: that of the provider a community runs."""
    return provider.story == "deregistered" and provider.kind.operator == "community"


def known_on(provider: Provider, calendar: Calendar) -> date:
    """The day on which the first filing of a provider arrives; nothing else of it arrives before."""
    return calendar.arrival(min(row["event_on"] for row in filings.filing_rows(provider)))


def filings_told(provider: Provider, calendar: Calendar) -> Iterator[Told]:
    """Filings and class lines. A pause is told when it is long over, one end of a filing long after it."""
    for row in filings.filing_rows(provider):
        yield calendar.arrival(row["event_on"], _filing_late(provider, row)), "filing", row
    for row in filings.class_rows(provider):
        yield max(calendar.arrival(row["event_on"]), known_on(provider, calendar)), "filing_class", row


def _filing_late(provider: Provider, row: Values) -> int:
    if provider.story == "pause_told_late" and row["event_on"] >= provider.story_on:
        return PAUSE_LATE - (row["event_on"] - provider.story_on).days  # both ends in one letter
    return ENDED_LATE if is_told_late(provider) and row["filing_event_code"] == "deregister" else 0


def documents_told(provider: Provider, calendar: Calendar) -> Iterator[Told]:
    """Certificates as they are issued, none before the filing; one renewal late, one in time but with a wrong date."""
    first = known_on(provider, calendar)
    for row in filings.document_rows(provider, calendar.as_of):
        is_renewal = row["document_type_code"] == "fire" and row["issued_on"] == provider.story_on
        if is_renewal and provider.story in ("renewal_told_late", "renewal_garbled"):
            told = calendar.arrival(row["issued_on"], RENEWAL_LATE)
            if provider.story == "renewal_garbled" and told != calendar.arrival(row["issued_on"]):
                garbled = row | {"valid_to_on": f"{row['valid_to_on'].year}年2月30日"}
                wrong = Wrong(garbled, (("valid_to_on", "date-impossible"),))
                yield calendar.arrival(row["issued_on"]), "filing_document", wrong
        else:
            told = max(calendar.arrival(row["issued_on"]), first)
        yield told, "filing_document", row


def inspections_told(provider: Provider, calendar: Calendar) -> Iterator[Told]:
    """Each decision when it is made, and again when it is closed or withdrawn, unless that is told on the same day."""
    for row in filings.inspection_rows(provider, calendar.as_of):
        made, is_story = calendar.arrival(row["inspected_on"]), row["inspected_on"] == provider.story_on
        told, before = made, row
        if row["closed_on"]:
            told = calendar.arrival(row["closed_on"], REMEDY_LATE if provider.story == "remedy_told_late" else 0)
            before = row | {"closed_on": None}
        elif provider.story == "finding_withdrawn" and is_story:
            told = calendar.arrival(row["inspected_on"], WITHDRAWN_LATE)
            due = row["inspected_on"] + timedelta(days=filings.REMEDY_DUE)
            before = row | {"inspection_result_code": "nonconform", "remedy_due_on": due}
        if told != made:
            yield made, "inspection", before
        yield told, "inspection", row
