"""The demo's inbox is what it says it is: the same bytes every time, 45 providers, 1,425 places, and an
answer key that points at rows which are there.

Nothing here runs the pipeline: what it makes of the inbox is tested where the pipeline is.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from datetime import date
from itertools import combinations
from pathlib import Path
from statistics import correlation

import pytest
import python_calamine

from pipelines.demo import DemoSummary, make_inbox
from pipelines.demo.filings import class_rows, document_rows, filing_rows
from pipelines.demo.identifiers import credit_check, credit_code, food_licence, licence_check, subject_check
from pipelines.demo.places import CAPS
from pipelines.demo.providers import STORIES, Provider, block
from pipelines.demo.stations import report_months, reports, station
from quality.gate import check_file
from schemas import registry as contracts

AS_OF = date(2026, 3, 31)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoSummary:
    return make_inbox(tmp_path_factory.mktemp("demo") / "inbox")


@pytest.fixture(scope="module")
def people() -> list[Provider]:
    return block(1, 0, AS_OF)


def digests(folder: Path) -> dict[str, str]:
    files = (p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def answers(demo: DemoSummary) -> list[dict[str, str]]:
    with demo.answer_key.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def rows_of(path: Path, sheet: str) -> list[list[str]]:
    """All rows of a sheet or CSV file as a person sees them, from the first line on."""
    if path.suffix == ".xlsx":
        book = python_calamine.CalamineWorkbook.from_path(path)
        return [[str(cell) for cell in row] for row in book.get_sheet_by_name(sheet).iter_rows()]
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="gb18030")
    return list(csv.reader(text.splitlines()))


def test_two_inboxes_of_one_seed_are_byte_identical(demo: DemoSummary, tmp_path: Path) -> None:
    again = make_inbox(tmp_path / "elsewhere" / "inbox")
    assert digests(demo.inbox) == digests(again.inbox)
    assert demo.answer_key.read_bytes() == again.answer_key.read_bytes()


def test_another_seed_makes_another_inbox_with_the_same_totals(demo: DemoSummary, tmp_path: Path) -> None:
    other = make_inbox(tmp_path / "inbox", seed=2)
    assert digests(demo.inbox) != digests(other.inbox)
    assert (other.providers, other.places, other.listed) == (demo.providers, demo.places, demo.listed)


def test_the_district_is_the_one_in_the_news(demo: DemoSummary) -> None:
    assert (demo.providers, demo.places, len(demo.forms)) == (45, 1425, 6)
    assert (demo.providers_ever, demo.stations, demo.reports) == (50, 6, 144)
    assert demo.listed + len(demo.not_listed) == demo.providers_ever
    assert demo.files <= 80


def test_every_reason_is_a_code_and_occurs(demo: DemoSummary) -> None:
    known = set(contracts.load("binjiang").codelists["whitelist_reason"].codes)
    assert set(demo.reasons) <= known
    assert set(demo.reasons) == {reason for reasons in STORIES.values() for reason in reasons}


def test_each_block_has_45_on_file_with_1425_places() -> None:
    for number in range(20):
        on_file = [p for p in block(7, number, AS_OF) if p.on_file]
        assert len(on_file) == 45
        assert sum(p.place_count or 0 for p in on_file) == 1425
        assert len({p.kind.form for p in on_file}) == 6


def test_classes_keep_to_the_caps_and_family_points_to_five(people: list[Provider]) -> None:
    for provider in people:
        for line in provider.classes:
            assert line.place_count <= CAPS[line.class_type] * line.class_count
            assert line.enrolled_count <= line.place_count
        if provider.kind.site_type == "family_point":
            assert provider.place_count is not None and provider.place_count <= 5
            assert provider.provider_id.split("-")[1] == "H" and "托育" in provider.name


def test_class_lines_add_up_to_the_filing_of_the_same_day(people: list[Provider]) -> None:
    for provider in people:
        stated = {r["event_on"]: r["place_count"] for r in filing_rows(provider)}
        summed: Counter[date] = Counter()
        for row in class_rows(provider):
            summed[row["event_on"]] += row["place_count"]
        assert all(stated[day] == places for day, places in summed.items())


def test_no_event_and_no_document_is_later_than_the_as_of_date(people: list[Provider]) -> None:
    events = [r["event_on"] for p in people for r in filing_rows(p)]
    issued = [r["issued_on"] for p in people for r in document_rows(p, AS_OF)]
    assert max(events) <= AS_OF and max(issued) <= AS_OF
    assert min(p.filed_on for p in people) >= date(2020, 1, 6)


def test_credit_codes_are_invented_and_their_digits_are_right(people: list[Provider]) -> None:
    assert len({p.credit_code for p in people}) == len(people)
    for provider in people:
        code = provider.credit_code
        assert code[8:12] == "MATE"
        assert credit_check(code[:17]) == code[17]
        assert subject_check(code[8:16]) == code[16]
        assert code[:2] == provider.registration[0] and code[0] == provider.registration[1]


@pytest.mark.parametrize(
    ("kind", "number", "code"),
    [
        ("91", 0, "91330108MATE00002B"),
        ("91", 1, "91330108MATE000106"),
        ("91", 7, "91330108MATE0007X6"),
        ("91", 62, "91330108MATE002050"),
        ("52", 0, "52330108MATE00002C"),
        ("12", 0, "12330108MATE00002G"),
        ("92", 0, "92330108MATE000028"),
    ],
)
def test_credit_code_of_a_number(kind: str, number: int, code: str) -> None:
    assert credit_code(kind, number) == code


def test_food_licence_check_digit_is_that_of_a_real_number() -> None:
    assert licence_check("1110807121565") == "0"
    assert food_licence(12) == "JY33301080000122"


def test_the_answer_key_points_at_rows_that_are_there(demo: DemoSummary) -> None:
    keyed = answers(demo)
    assert {a["file"] for a in keyed} <= set(digests(demo.inbox))
    for answer in (a for a in keyed if a["row"]):
        rows = rows_of(demo.inbox / answer["file"], answer["sheet"])
        assert len(rows) >= int(answer["row"]) > 2
        assert any(rows[int(answer["row"]) - 1])


def test_a_wrong_row_says_what_the_answer_key_expects(demo: DemoSummary) -> None:
    registry = contracts.load("binjiang")
    blank = [a for a in answers(demo) if a["code"] == "value-missing" and a["file"].endswith(".xlsx")]
    assert blank
    for answer in blank:
        rows = rows_of(demo.inbox / answer["file"], answer["sheet"])
        title = registry.tables[answer["table"]].field(answer["column"]).title_zh
        assert rows[int(answer["row"]) - 1][rows[2].index(title)] == ""


def test_every_expected_code_is_one_the_contracts_know(demo: DemoSummary) -> None:
    known = set(contracts.load("binjiang").findings)
    assert {a["code"] for a in answers(demo)} <= known


def test_files_say_that_they_are_invented(demo: DemoSummary) -> None:
    odd = ("放假通知", "损坏的月报")
    for name in digests(demo.inbox):
        if any(word in name for word in odd):
            continue
        path = demo.inbox / name
        sheets = [""]
        if path.suffix == ".xlsx":
            sheets = python_calamine.CalamineWorkbook.from_path(path).sheet_names
        assert all("虚构" in rows_of(path, sheet)[0][0] for sheet in sheets), name


def test_stations_stand_two_in_a_street_and_report_every_month() -> None:
    some = [station(n) for n in range(1, 7)]
    assert set(Counter(s.street for s in some).values()) == {2}
    months = report_months(AS_OF, 24)
    assert (months[0], months[-1]) == (date(2024, 4, 1), date(2026, 3, 1))
    told = list(reports(1, some[0], months))
    assert [r["report_month"] for r in told] == months


@pytest.mark.parametrize("hidden", ["household_count", "home_visit_count"])
def test_families_do_not_follow_from_the_sessions_that_are_public(hidden: str) -> None:
    """Families and home visits can be withheld; the sessions and classes of a street and month never are."""
    public = ("practice_exchange_count", "online_sharing_count", "information_guidance_count", "parenting_class_count")
    told = [row for n in range(1, 13) for row in reports(1, station(n), report_months(AS_OF, 24))]
    for count in range(1, len(public) + 1):
        for names in combinations(public, count):
            sums = [sum(row[name] for name in names) for row in told]
            apart = [row[hidden] - of_public for row, of_public in zip(told, sums, strict=True)]
            assert Counter(apart).most_common(1)[0][1] < len(told) / 5, f"{names} and a constant give {hidden}"
            assert abs(correlation(sums, [row[hidden] for row in told])) < 0.25, f"{names} bound {hidden}"


def test_a_larger_inbox_counts_what_it_wrote(tmp_path: Path) -> None:
    large = make_inbox(tmp_path / "inbox", providers=100, months=12)
    assert large.providers == 100 and large.stations == 13 and large.reports == 156
    written = sum(len(rows_of(p, "")) - 1 for p in (tmp_path / "inbox").rglob("演示大批量/月报.csv"))
    assert written == (13 - 6) * 12


def test_too_small_a_district_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 45"):
        make_inbox(tmp_path / "inbox", providers=10)


def test_the_gate_holds_the_rows_of_the_key_and_no_others(demo: DemoSummary) -> None:
    """For the smaller files; rows without a parent are held later, when all files are known."""
    registry = contracts.load("binjiang")
    names = [n for n in digests(demo.inbox) if n.startswith(("其他来件", "街道月报", "区市场监管局"))]
    keyed = {tuple(a.values()) for a in answers(demo) if a["file"] in names and a["code"] != "row-orphan"}
    found = set()
    for name in {line[0] for line in keyed} | {n for n in names if "更正" in n or "补报" in n}:
        path = demo.inbox / name
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        result = check_file(registry, path, name=name, sha256=sha256, received_on=AS_OF, as_of=AS_OF)
        for f in result.findings:
            if f.severity == "error" or f.code == "row-repeated":
                place = (f.file, f.sheet or "", str(f.row or ""), f.table or "")
                found.add((*place, f.column or "", f.code))
    assert found == keyed
