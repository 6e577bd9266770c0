"""Makes the inbox of a district like the one in the news, and the answer key beside it.

The first 45 providers come in the files that filers really send, with all the wrong rows (their number
does not grow); the rest of a larger inbox comes in one large CSV file a table, written row by row.
What does not belong here: reading anything back; the truth of the summary is the generator's own.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pipelines.demo import fees, filings, providers, senders, stations
from pipelines.demo.providers import Provider
from pipelines.demo.sheets import Desk, Expected, Sheet
from schemas import registry as contracts

ANSWER_KEY = "answer_key.csv"
PROFILE = "binjiang"
Progress = Callable[[str], None]


@dataclass
class DemoSummary:
    """What the generator knows to be true of the inbox it wrote, as of the as-of date."""

    inbox: Path
    answer_key: Path
    providers: int = 0
    places: int = 0
    providers_ever: int = 0
    forms: Counter[str] = field(default_factory=Counter)
    stations: int = 0
    reports: int = 0
    listed: int = 0
    not_listed: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    wrong_rows: int = 0
    files: int = 0
    rows: int = 0
    detail: int = 1000

    def count(self, provider: Provider) -> None:
        """Add one provider; the ids of those not listed are kept up to ``detail`` of them."""
        self.providers_ever += 1
        self.reasons.update(provider.reasons)
        self.listed += not provider.reasons
        if provider.reasons and len(self.not_listed) < self.detail:
            self.not_listed[provider.provider_id] = provider.reasons
        if provider.on_file:
            self.providers += 1
            self.places += provider.place_count or 0
            self.forms[provider.kind.form] += 1


def make_inbox(
    folder: Path,
    *,
    seed: int = 1,
    providers: int = 45,
    months: int = 24,
    as_of: date = date(2026, 3, 31),
    progress: Progress | None = None,
) -> DemoSummary:
    """Write the demo's inbox into ``folder`` (made if need be) and ``answer_key.csv`` beside it.

    ``providers`` are those on file at the as-of date, ``months`` the months of station reports that end
    with it: at least 45 and 12, else ValueError. Same arguments, same bytes. ``progress`` is told in a few
    words what is being written."""
    if providers < 45 or months < 12:
        raise ValueError("the demo district has at least 45 providers and 12 months of reports")
    say = progress or (lambda _: None)
    folder.mkdir(parents=True, exist_ok=True)
    desk = Desk(folder, contracts.load(PROFILE), datetime(as_of.year, as_of.month, as_of.day))
    summary = DemoSummary(folder, folder.parent / ANSWER_KEY)
    everyone = _Everyone(seed, providers, months, as_of)
    first = everyone.district()
    senders.send(desk, first, say)
    if providers > 45:
        _send_bulk(desk, everyone, say)
    for provider in everyone.providers():
        summary.count(provider)
    summary.stations, summary.reports = everyone.station_count, everyone.station_count * months
    summary.files, summary.rows = desk.files, desk.rows
    summary.wrong_rows = write_answer_key(summary.answer_key, desk.expected)
    return summary


@dataclass(frozen=True)
class _Everyone:
    """All providers and stations, made again each time they are asked for, so that none need be kept."""

    seed: int
    on_file: int
    month_count: int
    as_of: date

    @property
    def station_count(self) -> int:
        return self.on_file * stations.BLOCK_STATIONS // providers.BLOCK_ON_FILE

    @property
    def months(self) -> list[date]:
        return stations.report_months(self.as_of, self.month_count)

    def providers(self, first_block: int = 0) -> Iterator[Provider]:
        """Block after block; the last is cut off when enough providers are on file."""
        left = self.on_file - first_block * providers.BLOCK_ON_FILE
        number = first_block
        while left > 0:
            for provider in providers.block(self.seed, number, self.as_of):
                left -= provider.on_file
                if left < 0:
                    return
                yield provider
            number += 1

    def district(self) -> senders.District:
        """The first block, which is told in full."""
        some = [stations.station(n) for n in range(1, stations.BLOCK_STATIONS + 1)]
        block = providers.block(self.seed, 0, self.as_of)
        return senders.District(self.seed, self.as_of, block, some, self.months)


def _send_bulk(desk: Desk, everyone: _Everyone, say: Progress) -> None:
    """All blocks but the first, one CSV file a table, never more than one provider in memory."""
    for table, rows in _bulk_rows(everyone):
        say(f"大批量：{senders.TITLES[table]}")
        stamped = (r | {"reported_on": everyone.as_of} for r in rows)
        desk.csv(f"演示大批量/{senders.TITLES[table]}.csv", Sheet("", table, stamped), "utf-8")


def _bulk_rows(everyone: _Everyone) -> list[tuple[str, Iterator[dict[str, Any]]]]:
    def of_all(rows: Callable[[Provider], Any]) -> Iterator[dict[str, Any]]:
        return (row for provider in everyone.providers(1) for row in rows(provider))

    as_of, months = everyone.as_of, everyone.months
    more = [stations.station(n) for n in range(stations.BLOCK_STATIONS + 1, everyone.station_count + 1)]
    return [
        ("filing", of_all(filings.filing_rows)),
        ("filing_class", of_all(filings.class_rows)),
        ("filing_document", of_all(lambda p: filings.document_rows(p, as_of))),
        ("inspection", of_all(lambda p: filings.inspection_rows(p, as_of))),
        ("fee_quote", of_all(lambda p: fees.all_posted(p, as_of))),
        ("station", (stations.station_row(s, months) for s in more)),
        ("station_report", (r for s in more for r in stations.reports(everyone.seed, s, months))),
    ]


def write_answer_key(path: Path, expected: list[Expected]) -> int:
    """One line an expected finding; gives the number of rows that must wait."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(Expected._fields)
        writer.writerows(sorted(expected, key=lambda e: (e.file, e.sheet, e.row or 0, e.column, e.code)))
    return len({(e.file, e.sheet, e.row) for e in expected if e.row})
