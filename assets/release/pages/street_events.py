"""Who came onto the whitelist and who left it, street by street, from the published tables that stand.

What belongs here: joining events with names, reasons and streets, by the words of the descriptors. What does not: the
shape of a feed (feeds.py), deciding who is listed. Columns are found by contract; without them there are no streets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from assets.release.comparison.changes import TableFile, as_text
from assets.release.comparison.labels import Labels
from assets.release.history import PublishedVersion
from assets.release.manifest import Release
from assets.release.standing import Made, newest_entries, standing
from assets.release.stores import Store
from schemas.compile.duckdb import quote

EVENTS, LIST = "open_whitelist_event", "open_whitelist"
_KEY = ("area_code", "provider_id")
_OF_EVENT = ("event_no", "effective_on", "to_listed", "reason_codes", "recorded_on", "published_on", "overturned_on")


@dataclass(frozen=True)
class Event:
    """One transition, as a subscriber of a street is told of it. Days are ISO 8601."""

    provider_id: str
    event_no: str
    name: str
    to_listed: bool
    effective_on: str
    recorded_on: str
    published_on: str
    overturned_on: str | None
    reasons_zh: tuple[str, ...]
    reasons_en: tuple[str, ...]
    href: str


@dataclass(frozen=True)
class Street:
    """A subdistrict and its events."""

    code: str
    title_zh: str
    title_en: str
    events: tuple[Event, ...]


def events_by_street(store: Store, releases: list[Release]) -> list[Street]:
    """The streets with events, by code. A provider's street is that of the newest version which lists it."""
    entry = next((e for e in newest_entries(store, releases[0]).values() if EVENTS in e.rows), None)
    if entry is None:
        return []
    version = PublishedVersion.read(store, entry)
    events, listed = version.table_file(store, EVENTS), version.table_file(store, LIST)
    if not (events and listed and {*_KEY, *_OF_EVENT} <= set(events.columns)):
        return []
    if not {*_KEY, "subdistrict_code", "provider_name"} <= set(listed.columns):
        return []
    con = duckdb.connect(config={"autoinstall_known_extensions": "false"})
    try:
        rows = con.execute(
            f"SELECT {', '.join(quote(c) for c in (*_KEY, *_OF_EVENT))} FROM ({as_text(events, list(events.columns))}) "
            f"ORDER BY {', '.join((*_KEY, 'published_on', 'event_no'))}"
        ).fetchall()
        wanted = {(row[0], row[1]) for row in rows}
        whose = _whose(con, store, standing(releases)[entry.name], wanted)
    finally:
        con.close()
    return _streets(rows, whose, events, listed, f"{entry.folder}/{EVENTS}.csv")


def _whose(
    con: duckdb.DuckDBPyConnection, store: Store, versions: list[Made], wanted: set[tuple[str, str]]
) -> dict[tuple[str, str], tuple[str, str]]:
    """Name and street of each provider; of one that left, as it was listed last."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for made in reversed(versions):
        if wanted <= set(found):
            break
        file = PublishedVersion.read(store, made.entry).table_file(store, LIST)
        if file and {*_KEY, "subdistrict_code", "provider_name"} <= set(file.columns):
            columns = ", ".join((*_KEY, "provider_name", "subdistrict_code"))
            for area, provider, name, street in con.execute(
                f"SELECT {columns} FROM ({as_text(file, list(file.columns))})"
            ).fetchall():
                found.setdefault((area, provider), (name or provider, street or ""))
    return found


def _streets(
    rows: list[tuple], whose: dict[tuple[str, str], tuple[str, str]], events: TableFile, listed: TableFile, href: str
) -> list[Street]:
    reasons = _titles(events.field("reason_codes"))
    titles = _titles(listed.field("subdistrict_code"))
    by_street: dict[str, list[Event]] = {}
    for area, provider, number, effective, to_listed, codes, recorded, published, overturned in rows:
        name, street = whose.get((area, provider), ("", ""))
        if not street:
            continue
        given = codes.split(";") if codes else []
        zh, en = (tuple(reasons.get(code, (code, code))[at] for code in given) for at in (0, 1))
        by_street.setdefault(street, []).append(
            Event(provider, number, name, to_listed == "true", effective, recorded, published, overturned, zh, en, href)
        )
    return [Street(code, *titles.get(code, (code, code)), tuple(by_street[code])) for code in sorted(by_street)]


def _titles(field: dict[str, Any] | None) -> dict[str, tuple[str, str]]:
    """Of each code the titles in both languages."""
    zh, en = Labels.codes(field or {}, "label"), Labels.codes(field or {}, "label_en")
    return {code: (zh[code], en[code]) for code in zh}
