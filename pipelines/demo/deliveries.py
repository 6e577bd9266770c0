"""The files of a history: what the senders of the demo district send month by month, in a folder a day of arrival.

What belongs here: which news stands in which file. What does not: when a thing is told (arrivals.py), the habits of
the senders (senders.py), and delivering: somebody must carry each folder into the inbox on its day.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from pipelines.demo import arrivals, fees, filings, mistakes, providers, senders, stations, whitelist_key
from pipelines.demo.arrivals import Calendar, Told
from pipelines.demo.filings import Values
from pipelines.demo.inbox import ANSWER_KEY, PROFILE, write_answer_key
from pipelines.demo.sheets import Desk, Expected, Wrong
from schemas import registry as contracts
from schemas.registry import Registry

#: months of station reports, as in the plain demo: those before the history come with its first files
REPORT_MONTHS = 24
_REGISTER = ("filing", "filing_class", "filing_document")


@dataclass
class Post:
    """Folders of files, one a day of arrival, and the findings expected of them all."""

    folder: Path
    calendar: Calendar
    district: senders.District
    registry: Registry
    expected: list[Expected] = field(default_factory=list)

    def desk(self, day: date) -> Desk:
        """Where the files of one day are written."""
        created = datetime(day.year, day.month, day.day)
        return Desk(self.folder / day.isoformat(), self.registry, created, self.expected)


def make_deliveries(
    folder: Path,
    keys: Path,
    *,
    seed: int,
    months: int,
    as_of: date,
    progress: Callable[[str], None] = lambda _: None,
) -> Calendar:
    """Writes the files of a history of that many months into ``folder``, and both answer keys into ``keys``.

    ``months`` from 1 to ``REPORT_MONTHS``, else ValueError. Same arguments, same bytes. In the end the files have said
    what the plain demo's say."""
    if not 1 <= months <= REPORT_MONTHS:
        raise ValueError(f"a history has 1 to {REPORT_MONTHS} months")
    calendar = Calendar(as_of, months)
    everyone = providers.block(seed, 0, as_of)
    some = [stations.station(n) for n in range(1, stations.BLOCK_STATIONS + 1)]
    told = stations.report_months(as_of, REPORT_MONTHS)
    district = senders.District(seed, as_of, everyone, some, told, calendar.register_on)
    post = Post(folder, calendar, district, contracts.load(PROFILE))
    for said, send in (("备案", _send_filings), ("检查", _send_inspections), ("月报", _send_reports),
                       ("收费", _send_fees), ("其他", _send_rest)):  # fmt: skip
        progress(f"生成演示文件 making files: {said}")
        send(post)
    write_answer_key(keys / ANSWER_KEY, post.expected)
    expected = [event for provider in everyone for event in whitelist_key.events(provider, calendar)]
    whitelist_key.write_key(keys / whitelist_key.WHITELIST_KEY, expected)
    return calendar


def _send_filings(post: Post) -> None:
    """The register with its mistakes on the first day, then what is new; two addresses are corrected later."""
    calendar, of_day = post.calendar, defaultdict(lambda: defaultdict(list))
    register: dict[str, list[Values]] = {name: [] for name in _REGISTER}
    for provider in post.district.providers:
        for day, table, row in (
            *arrivals.filings_told(provider, calendar),
            *arrivals.documents_told(provider, calendar),
        ):
            is_old = not isinstance(row, Wrong) and (row.get("event_on") or row["issued_on"]) <= calendar.register_on
            if is_old and day == calendar.arrivals[0]:
                register[table].append(row)
            else:
                of_day[day][table].append(row)
    _send_register(post, register)
    for nth, day in enumerate(calendar.arrivals):
        rows = {name: _stated(of_day[day][name], day) for name in _REGISTER}
        senders.send_changes(post.desk(day), nth, day.isoformat(), rows)
    corrected = [r for p in post.district.providers for r in filings.filing_rows(p)]
    first = replace(post.district, register=None).register_on  # the two that the plain demo corrects
    known = [r for r in corrected if r["event_on"] <= first]
    day = calendar.arrival(calendar.register_on + senders.CORRECTED_AFTER)
    senders.send_correction(post.desk(day), known, calendar.register_on)


def _send_register(post: Post, register: dict[str, list[Values]]) -> None:
    wrong = {
        "filing": list(mistakes.filings(register["filing"])),
        "filing_class": mistakes.classes(register["filing_class"]),
        "filing_document": mistakes.documents(register["filing_document"]),
    }
    senders.send_register(post.desk(post.calendar.arrivals[0]), register, wrong, post.calendar.register_on)


def _stated(rows: list[Values | Wrong], day: date) -> list[Values | Wrong]:
    """Rows as reported on the day they arrive."""
    return [senders.stamped([r], day)[0] if isinstance(r, Wrong) else r | {"reported_on": day} for r in rows]


def _send_inspections(post: Post) -> None:
    """A file for each day on which there is a decision to tell; the first has the mistakes."""
    of_day: dict[date, list[Values]] = defaultdict(list)
    told: list[Told] = [t for p in post.district.providers for t in arrivals.inspections_told(p, post.calendar)]
    for day, _, row in told:
        of_day[day].append(row)
    for nth, day in enumerate(sorted(of_day)):
        wrong = mistakes.inspections(of_day[day]) if nth == 0 else []
        mixed = mistakes.scattered(_stated(of_day[day], day), senders.stamped(wrong, day))
        name = f"{senders.MARKET}/{day}检查结果.csv"
        post.desk(day).csv(name, senders.sheet_of("inspection", mixed, senders.SLASHED), senders.GB)


def _send_reports(post: Post) -> None:
    """Each street's reports of a month after its end; those before the history at once. One is late, one corrected."""
    months, calendar = post.district.months, post.calendar
    late_month, corrected_month = months[len(months) // 2 - 1], months[len(months) * 3 // 4 - 1]
    codes = sorted({s.street for s in post.district.stations})
    for turn, code in enumerate(codes):
        of_street = [s for s in post.district.stations if s.street == code]
        rows = [r for s in of_street for r in stations.reports(post.district.seed, s, months)]
        late = [r for r in rows if turn == 2 and r["report_month"] == late_month]
        _send_street(post, turn, code, [r for r in rows if r not in late])
        corrected_on = _later(calendar, stations.month_end(corrected_month) + senders.CORRECTION_TAKES)
        senders.send_corrected(post.desk(corrected_on), code, rows, corrected_month)
        senders.send_late(post.desk(_later(calendar, stations.month_end(late_month) + senders.LATE_BY)), code, late)


def _later(calendar: Calendar, due: date) -> date:
    """The arrival after something is due, and never the first: what is corrected must have been told."""
    return max(calendar.arrival(due), calendar.arrivals[1])


def _send_street(post: Post, turn: int, code: str, rows: list[Values]) -> None:
    write, style = senders.report_ways()[turn]
    of_day: dict[date, list[Values]] = defaultdict(list)
    for row in rows:
        of_day[post.calendar.arrival(stations.month_end(row["report_month"]))].append(row)
    for nth, (day, told) in enumerate(sorted(of_day.items())):
        first, last = told[0]["report_month"], told[-1]["report_month"]
        until = stations.month_end(last)
        wrong = senders.stamped(mistakes.reports(told, turn), until) if nth == 0 else []
        mixed = mistakes.scattered([r | {"reported_on": until} for r in told], wrong)
        span = f"{first:%Y-%m}" if first == last else f"{first:%Y-%m}至{last:%Y-%m}"
        write(post.desk(day), f"{senders.STREETS}/{code}/{span}成长驿站月报", mixed, style)


def _send_fees(post: Post) -> None:
    """The two waves of prices."""
    priced = [p for p in post.district.providers if p.classes]
    for wave, day in enumerate(fees.survey_days(post.district.as_of)):
        desk = post.desk(post.calendar.arrival(day + senders.WAVE_TAKES))
        senders.send_wave(desk, [p for p in priced if p.serves_on(day)], wave, day)


def _send_rest(post: Post) -> None:
    """The register of stations, population and plan at first; then what is no filing at all."""
    senders.send_reference(post.desk(post.calendar.arrivals[0]), post.district)
    second = post.calendar.arrivals[1]
    senders.send_oddities(post.desk(second), replace(post.district, as_of=second))
