"""The second answer key: every event of the whitelist that a history must publish, told by the generator.

What belongs here: what each story does to the listing of its provider, from which day on that is known, and from which
day on it is known to be untrue; and the register's book-keeping: nothing is taken back, what was wrong is marked. What
does not: any SQL of the product, or what it computed. The key would prove nothing if it asked what it is to judge.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

from pipelines.demo import filings
from pipelines.demo.arrivals import (
    ENDED_LATE,
    PAUSE_LATE,
    REMEDY_LATE,
    RENEWAL_LATE,
    WITHDRAWN_LATE,
    Calendar,
    is_told_late,
    known_on,
)
from pipelines.demo.providers import Provider, block

WHITELIST_KEY = "whitelist_key.csv"
_NEVER_LISTED = ("applied", "health_missing", "home_visit")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Turn:
    """A provider comes onto the list or leaves it, as is known from one day on (and, if untrue, until another)."""

    effective_on: date
    to_listed: bool
    reasons: str
    told_on: date
    denied_on: date | None = None

    def is_known(self, day: date) -> bool:
        """Whether the files that have arrived by a day say so of it or of a day before."""
        return self.effective_on <= day and self.told_on <= day and not (self.denied_on and self.denied_on <= day)


class Event(NamedTuple):
    """One line of the key. ``from_listed``: None where nothing was known of the provider before that day."""

    provider_id: str
    event_no: int
    effective_on: date
    from_listed: bool | None
    to_listed: bool
    reason_codes: str
    recorded_on: date
    published_on: date
    overturned_on: date | None


def events(provider: Provider, calendar: Calendar) -> list[Event]:
    """All events of a provider that the releases of a history publish, by their number."""
    told = turns(provider, calendar)
    published: dict[Turn, Event] = {}
    for release in calendar.releases:
        known = sorted((t for t in told if t.is_known(release)), key=lambda t: t.effective_on)
        for turn, event in published.items():
            if turn not in known and event.overturned_on is None:
                published[turn] = event._replace(overturned_on=release)
        before: bool | None = False if provider.story == "filed_lately" else None  # it had applied
        for turn in known:
            if turn not in published:
                published[turn] = _event(provider, turn, before, release, len(published) + 1)
            before = turn.to_listed
    return list(published.values())


def _event(provider: Provider, turn: Turn, before: bool | None, release: date, number: int) -> Event:
    recorded_on = max(turn.effective_on, turn.told_on)
    return Event(provider.provider_id, number, turn.effective_on, before, turn.to_listed, turn.reasons,
                 recorded_on, release, None)  # fmt: skip


def turns(provider: Provider, calendar: Calendar) -> list[Turn]:
    """What becomes of a provider: listed with its filing, unless it never is, and then as its story goes on."""
    if provider.story in _NEVER_LISTED:
        return []
    listed = Turn(provider.filed_on, True, "", max(calendar.arrival(provider.filed_on), known_on(provider, calendar)))
    return [listed, *_status(provider, calendar), *_certificates(provider, calendar), *_findings(provider, calendar)]


def _status(provider: Provider, calendar: Calendar) -> Iterator[Turn]:
    """Suspended, resumed, ended."""
    day, story = provider.story_on, provider.story
    if story in ("suspended", "resumed"):
        yield Turn(day, False, "suspended", calendar.arrival(day))
    if story == "resumed":
        back = day + 45 * _DAY
        yield Turn(back, True, "", calendar.arrival(back))
    if story == "pause_told_late":
        told = calendar.arrival(day, PAUSE_LATE)
        yield Turn(day, False, "suspended", told)
        yield Turn(day + 21 * _DAY, True, "", told)
    if story == "deregistered":
        yield Turn(day, False, "deregistered", _end_told(provider, calendar))


def _end_told(provider: Provider, calendar: Calendar) -> date:
    return calendar.arrival(provider.story_on, ENDED_LATE if is_told_late(provider) else 0)


def _certificates(provider: Provider, calendar: Calendar) -> Iterator[Turn]:
    """A certificate runs out: for good, for some weeks, or only in the eyes of who has not been told of the next."""
    story, day = provider.story, provider.story_on
    if story in ("fire_expired", "food_expired"):
        kind, reason = ("fire", "document-expired") if story == "fire_expired" else ("food", "food-licence-expired")
        yield _ran_out(provider, calendar, kind, reason)
    if story == "lapsed":
        gone = day - filings.LAPSE_DAYS * _DAY
        yield Turn(gone, False, "document-expired", calendar.arrival(gone - filings.FIRE_DAYS * _DAY))
        yield Turn(day, True, "", calendar.arrival(day))
    if story in ("renewal_told_late", "renewal_garbled"):
        due = day + 20 * _DAY  # it was renewed so long before
        known = calendar.arrival(due - filings.FIRE_DAYS * _DAY)
        yield Turn(due, False, "document-expired", known, calendar.arrival(day, RENEWAL_LATE))
    if story == "deregistered":  # who has ended renews nothing: that shows before the end is told
        end_told = _end_told(provider, calendar)
        kinds = [("fire", "document-expired")] + [("food", "food-licence-expired")] * provider.self_cook
        ran_out = [_ran_out(provider, calendar, *kind, denied_on=end_told) for kind in kinds]
        yield min(ran_out, key=lambda turn: turn.effective_on)


def _ran_out(
    provider: Provider, calendar: Calendar, kind: str, reason: str, denied_on: date | None = None
) -> Turn:
    """The day after the last certificate of a kind."""
    rows = filings.document_rows(provider, calendar.as_of)
    last = max((r for r in rows if r["document_type_code"] == kind), key=lambda r: r["issued_on"])
    told = max(calendar.arrival(last["issued_on"]), known_on(provider, calendar))
    return Turn(last["valid_to_on"] + _DAY, False, reason, told, denied_on)


def _findings(provider: Provider, calendar: Calendar) -> Iterator[Turn]:
    """A nonconformity stands open, is closed, or was another's."""
    found, story = filings.found_on(provider, calendar.as_of), provider.story
    if not found:
        return
    denied_on = calendar.arrival(found, WITHDRAWN_LATE) if story == "finding_withdrawn" else None
    yield Turn(found, False, "nonconformity-open", calendar.arrival(found), denied_on)
    if story in ("remedied", "remedy_told_late"):
        closed = found + filings.REMEDY_DAYS * _DAY
        late = REMEDY_LATE if story == "remedy_told_late" else 0
        yield Turn(closed, True, "", calendar.arrival(closed, late))


def final_reasons(seed: int, as_of: date) -> dict[str, tuple[str, ...]]:
    """Every provider ever filed, with the reasons why it is not on the list at the end; none for who is."""
    return {provider.provider_id: provider.reasons for provider in block(seed, 0, as_of)}


def write_key(path: Path, expected: Iterable[Event]) -> None:
    """The key as CSV: dates as ISO 8601, true and false, nothing where there is nothing."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(Event._fields)
        writer.writerows([_text(value) for value in event] for event in expected)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
