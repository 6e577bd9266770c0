"""Who sends what in which file: the inbox of the demo district, file by file.

What does not belong here: what happened in the district (providers.py, stations.py, fees.py).
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.demo import fees, filings, mistakes, reference, stations
from pipelines.demo.filings import Values
from pipelines.demo.providers import Provider
from pipelines.demo.sheets import NOTICE, Desk, Sheet, Wrong
from pipelines.demo.wording import Style

BUREAU, MARKET = "区社会发展局", "区市场监管局"
STREETS, PRICES, OTHER = "街道月报", "收费公示与调查", "其他来件"
GB, BOM = "gb18030", "utf-8-sig"
#: until two addresses of the register are corrected
CORRECTED_AFTER = timedelta(days=30)
#: until a wave of prices is written up; until a month of reports is corrected, and told by the street that forgot it
WAVE_TAKES, CORRECTION_TAKES, LATE_BY = timedelta(days=12), timedelta(days=20), timedelta(days=60)

EXCEL = Style(dates="native", native_numbers=True)
WORDED = Style(dates="chinese", thousands=True, units=True, aliases=True)
FULL_WIDTH = Style(dates="iso", full_width=True)
SLASHED = Style(dates="slash", yes_no=("√", "×"))


ReportWriter = Callable[[Desk, str, list[Values | Wrong], Style], None]


@dataclass(frozen=True)
class District:
    """One block as it is told to the desk: who there is, and over which months."""

    seed: int
    as_of: date
    providers: list[Provider]
    stations: list[stations.Station]
    months: list[date]
    register: date | None = None

    @property
    def register_on(self) -> date:
        """The day of the first full export: two years before the as-of date, unless another is given."""
        return self.register or stations.month_end(stations.report_months(self.as_of, 25)[0])


def send(desk: Desk, district: District, progress: Callable[[str], None]) -> None:
    """Write every file of the inbox of one district."""
    for told, write in (
        ("备案", send_filings), ("检查", send_inspections), ("月报", send_reports),
        ("收费", send_fees), ("基础", send_reference), ("其他", send_oddities),
    ):  # fmt: skip
        progress(told)
        write(desk, district)


def send_filings(desk: Desk, district: District) -> None:
    """The register two years ago with its mistakes, then what changed in each half-year."""
    first = district.register_on
    tables = {
        "filing": [r for p in district.providers for r in filings.filing_rows(p)],
        "filing_class": [r for p in district.providers for r in filings.class_rows(p)],
        "filing_document": [r for p in district.providers for r in filings.document_rows(p, district.as_of)],
    }
    old = {name: _between(rows, date.min, first) for name, rows in tables.items()}
    wrong = {
        "filing": list(mistakes.filings(old["filing"])),
        "filing_class": mistakes.classes(old["filing_class"]),
        "filing_document": mistakes.documents(old["filing_document"]),
    }
    send_register(desk, old, wrong, first)
    for nth, (start, end) in enumerate(_half_years(first, district.as_of)):
        rows = {name: reported(_between(all_rows, start, end), end) for name, all_rows in tables.items()}
        send_changes(desk, nth, f"{end:%Y-%m}", rows)
    send_correction(desk, old["filing"], first)


def send_register(desk: Desk, rows: Mapping[str, list[Values]], wrong: Mapping[str, list[Wrong]], day: date) -> None:
    """The register as exported on a day, its mistakes among the good rows."""
    sheets = [sheet_of(n, mistakes.scattered(reported(rows[n], day), stamped(wrong[n], day))) for n in rows]
    desk.workbook(f"{BUREAU}/{day:%Y-%m}-备案台账导出.xlsx", sheets)


def send_inspections(desk: Desk, district: District) -> None:
    """The decisions of each year as text with slashes in the dates; the first year has the mistakes."""
    rows = [r for p in district.providers for r in filings.inspection_rows(p, district.as_of)]
    wrong: list[Wrong] = mistakes.inspections(rows)
    for year in sorted({r["inspected_on"].year for r in rows}):
        end = min(date(year, 12, 31), district.as_of)
        of_year = reported([r for r in rows if r["inspected_on"].year == year], end)
        mixed = mistakes.scattered(of_year, stamped(wrong, end))
        desk.csv(f"{MARKET}/{year}年检查结果.csv", sheet_of("inspection", mixed, SLASHED), GB)
        wrong = []


def send_reports(desk: Desk, district: District) -> None:
    """Each street in its own way: Excel, CSV in GB 18030 with words, CSV in UTF-8 with full-width digits."""
    codes = sorted({s.street for s in district.stations})
    size = max(3, len(district.months) // 4)
    spans = [district.months[i : i + size] for i in range(0, len(district.months), size)]
    for turn, ((write, style), code) in enumerate(zip(report_ways(), codes, strict=True)):
        of_street = [s for s in district.stations if s.street == code]
        rows = [r for s in of_street for r in stations.reports(district.seed, s, district.months)]
        wrong = list(mistakes.reports(rows, turn))
        late = [r for r in rows if turn == 2 and r["report_month"] == spans[1][-1]]
        for nth, span in enumerate(spans):
            in_time = [r for r in rows if r["report_month"] in span and r not in late]
            told = reported(in_time, stations.month_end(span[-1]))
            mixed = mistakes.scattered(told, stamped(wrong, stations.month_end(span[-1])) if nth == 0 else [])
            write(desk, f"{STREETS}/{code}/{span[0]:%Y-%m}至{span[-1]:%Y-%m}成长驿站月报", mixed, style)
        send_corrected(desk, code, rows, spans[len(spans) // 2][-1])
        send_late(desk, code, late)


def send_fees(desk: Desk, district: District) -> None:
    """Two waves: posted prices of every provider with places, and what the survey was told."""
    priced = [p for p in district.providers if p.classes]
    for wave, day in enumerate(fees.survey_days(district.as_of)):
        send_wave(desk, [p for p in priced if p.serves_on(day)], wave, day)


def send_wave(desk: Desk, asked: list[Provider], wave: int, day: date) -> None:
    """What one wave of that day found at the providers asked; the first has the mistakes."""
    posted = reported([r for p in asked for r in fees.posted(p, day, wave)], day + timedelta(days=9))
    told = reported([r for p in asked for r in fees.surveyed(p, day, wave)], day + WAVE_TAKES)
    wrong = stamped(mistakes.fees(posted), day) if wave == 0 else []
    posted_sheet = sheet_of("fee_quote", mistakes.scattered(posted, wrong), WORDED if wave == 0 else EXCEL)
    if wave == 0:
        desk.csv(f"{PRICES}/{day:%Y-%m}-收费公示采集.csv", posted_sheet, GB)
    else:
        desk.workbook(f"{PRICES}/{day:%Y-%m}-收费公示采集.xlsx", [posted_sheet])
    desk.csv(f"{PRICES}/{day:%Y-%m}-收费统计调查.csv", sheet_of("fee_quote", told, FULL_WIDTH), BOM)


def send_reference(desk: Desk, district: District) -> None:
    """The register of stations, the population and the plan."""
    day = district.register_on
    rows = [stations.station_row(s, district.months) for s in district.stations]
    desk.workbook(f"{BUREAU}/成长驿站名录.xlsx", [sheet_of("station", reported(rows, day))])
    population = reported(reference.population_rows(), day)
    desk.csv(f"{BUREAU}/人口.csv", sheet_of("population", population, Style(thousands=True, dates="dot")), BOM)
    desk.workbook(f"{BUREAU}/规划目标.xlsx", [sheet_of("plan_target", reported(reference.plan_rows(), day))])


def send_oddities(desk: Desk, district: District) -> None:
    """A notice that is no table we know, a file that is broken, and a report without a column it needs."""
    notice = f"{OTHER}/放假通知.xlsx"
    desk.plain_workbook(notice, "通知", [["关于清明节放假的通知"], ["各街道："], ["四月四日至六日放假，特此通知。"]])
    desk.note(notice, "file-unknown", "通知")
    broken = f"{OTHER}/损坏的月报.xlsx"
    desk.path(broken).write_bytes(b"PK\x03\x04" + random.Random(district.seed).randbytes(2000))
    desk.note(broken, "file-unreadable")
    first = district.stations[0]
    early = [m.replace(year=m.year - 1) for m in district.months[:3]]
    rows = reported(list(stations.reports(district.seed, first, early)), district.as_of)
    sheet = sheet_of("station_report", rows, Style())
    sheet.without, sheet.every_row = ("open_day_count",), (("open_day_count", "column-missing"),)
    desk.csv(f"{OTHER}/缺少开放天数的月报.csv", sheet, BOM)


def send_changes(desk: Desk, nth: int, end: str, rows: Mapping[str, list[Values | Wrong]]) -> None:
    """Stretches of time take turns: one workbook, or a CSV file a table; a table without news is not sent."""
    given = {name: of_table for name, of_table in rows.items() if of_table}
    stem = f"{BUREAU}/{end}-备案变更"
    if nth % 2 == 0 and given:
        desk.workbook(f"{stem}.xlsx", [sheet_of(name, of_table) for name, of_table in given.items()])
        return
    for name, of_table in given.items():
        desk.csv(f"{stem}-{TITLES[name]}.csv", sheet_of(name, of_table, WORDED), GB)


def send_correction(desk: Desk, filed: list[Values], first: date) -> None:
    """Two addresses corrected a month later: the statement with the later date of report counts."""
    rows = [r | {"address": r["address"].replace("号", "号1幢")} for r in filed[2:4]]
    day = first + CORRECTED_AFTER
    desk.csv(f"{BUREAU}/{first:%Y-%m}-备案台账更正.csv", sheet_of("filing", reported(rows, day), SLASHED), BOM)


def send_late(desk: Desk, code: str, rows: list[Values]) -> None:
    """A month that was not in the report of its span, two months after that."""
    if rows:
        day = stations.month_end(rows[0]["report_month"]) + LATE_BY
        sheet = sheet_of("station_report", reported(rows, day), WORDED)
        desk.csv(f"{STREETS}/{code}/{rows[0]['report_month']:%Y-%m}成长驿站月报（补报）.csv", sheet, GB)


def send_corrected(desk: Desk, code: str, rows: list[Values], month: date) -> None:
    """One month again with other visits; from the first street that file comes twice, under two names."""
    told = [r | {"child_visit_count": r["child_visit_count"] + 7} for r in rows if r["report_month"] == month]
    sheet = sheet_of("station_report", reported(told, stations.month_end(month) + CORRECTION_TAKES), Style())
    name = f"{STREETS}/{code}/{month:%Y-%m}成长驿站月报（更正）.csv"
    desk.csv(name, sheet, BOM)
    if code.endswith("1"):
        shutil.copyfile(desk.folder / name, desk.path(name.replace("（更正）", "（更正）(2)")))


def report_ways() -> tuple[tuple[ReportWriter, Style], ...]:
    """How each street writes its reports, in the order of their codes."""
    return (_report_book, EXCEL), (_report_csv(GB), WORDED), (_report_csv(BOM), FULL_WIDTH)


def _report_book(desk: Desk, name: str, rows: list[Values | Wrong], style: Style) -> None:
    sheet = sheet_of("station_report", rows, style)
    sheet.merged_down = ("station_id",)
    desk.workbook(f"{name}.xlsx", [sheet])


def _report_csv(encoding: str) -> ReportWriter:
    def write(desk: Desk, name: str, rows: list[Values | Wrong], style: Style) -> None:
        desk.csv(f"{name}.csv", sheet_of("station_report", rows, style), encoding)

    return write


TITLES = {
    "filing": "备案登记", "filing_class": "班型", "filing_document": "证照材料", "inspection": "检查",
    "station": "驿站", "station_report": "月报", "fee_quote": "收费", "population": "人口",
    "plan_target": "目标",
}  # fmt: skip


def sheet_of(table: str, rows: Iterable[Values | Wrong], style: Style = EXCEL) -> Sheet:
    return Sheet(TITLES[table], table, rows, style, title=f"{NOTICE}{TITLES[table]}表")


def _between(rows: list[Values], start: date, end: date) -> list[Values]:
    """The rows of events or documents dated after ``start`` and up to ``end``."""
    return [r for r in rows if start < (r.get("event_on") or r["issued_on"]) <= end]


def reported(rows: list[Values], day: date) -> list[Values]:
    return [r | {"reported_on": day} for r in rows]


def stamped(wrong: Iterable[Wrong], day: date) -> list[Wrong]:
    return [Wrong(w.values | {"reported_on": day}, w.expected) for w in wrong]


def _half_years(first: date, as_of: date) -> list[tuple[date, date]]:
    """The four half-years from the register to the as-of date, as (after, up to)."""
    ends = [stations.month_end(m) for m in stations.report_months(as_of, 25)[::6]]
    return list(zip(ends, [*ends[1:-1], as_of], strict=False))
