"""Findings over time, by real runs over several receptions: opened, kept, answered, opened again, waived."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date
from pathlib import Path

import pytest

from assets.quality_report import build_quality_report, read_quality_report
from assets.raw.crossing import path_of
from assets.raw.standing import Standing, build_standing, read_standing
from assets.workspace import Context
from quality.corrections import load_corrections
from quality.limits import Limits
from quality.sandbox import Sandbox
from schemas.model import ContractError
from schemas.registry import load
from tests.assets.test_intake import REPORT, STATION, XIXING, House, report

JAN, FEB, MAR, APR = "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"
#: more open days than a month has, and a month that is none
TOO_MANY, NO_MONTH = report("2025-01", 40), report("2025-13", 20)
WAIVER = """\
corrections:
  - code: value-above-maximum
    table: station_report
    key: {{station_id: 330108-F-0001, report_month: 2025-01}}
    reason_zh: 该月含补开天数，已核实。
    reported_by: 数据专员
    reported_on: 2026-01-15
    source: 区卫健局核实记录
    expires: {expires}
"""


class Street(House):
    """A house whose findings are followed over time."""

    def run(self, day: str) -> list[Standing]:
        """One run as of a day; every finding as it stands then."""
        self.build(day)
        ctx = self.context(day)
        build_standing(ctx)
        build_quality_report(ctx)
        return self.standing(day)

    def context(self, day: str) -> Context:
        return Context(load("binjiang"), self.workspace, date.fromisoformat(day), threads=1)

    def standing(self, day: str) -> list[Standing]:
        ctx = self.context(day)
        corrections = load_corrections(ctx.corrections_dir, ctx.registry)
        found = read_standing(ctx.registry, self.workspace, corrections, ctx.as_of)
        assert found is not None
        return found

    def correct(self, text: str, name: str = "驿站.yml") -> None:
        folder = self.workspace.root / "corrections"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


@pytest.fixture(scope="module", autouse=True)
def _one_gate() -> Iterator[None]:
    """One child for all runs of these tests: starting it takes longer than judging their files."""
    with Sandbox(Limits(), 1) as gate, pytest.MonkeyPatch.context() as patch:
        patch.setattr("assets.raw.intake.Sandbox", lambda *_: nullcontext(gate))
        yield


@pytest.fixture
def street(tmp_path: Path) -> Street:
    made = Street(tmp_path)
    made.put("卫健局/驿站.csv", STATION + XIXING)
    return made


def one(found: list[Standing], code: str, **wanted: str) -> Standing:
    """The one finding of that code (and with those attributes)."""
    fitting = [f for f in found if f.code == code and all(getattr(f, k) == v for k, v in wanted.items())]
    assert len(fitting) == 1, [(f.code, f.sender, f.state, f.file, f.row) for f in found]
    return fitting[0]


def about(found: list[Standing], column: str) -> Standing:
    """The one finding about a column."""
    fitting = [f for f in found if f.column == column]
    assert len(fitting) == 1, [(f.code, f.sender, f.state, f.file, f.row) for f in found]
    return fitting[0]


def days(*dates: str) -> list[date]:
    return [date.fromisoformat(d) for d in dates]


# --- the life of a finding


def test_a_finding_belongs_to_its_sender_and_stands_since_its_first_file(street):
    street.put("西兴/一月.csv", REPORT + report("2025-02", 20) + TOO_MANY)
    found = one(street.run(JAN), "value-above-maximum")
    assert (found.sender, found.state, found.severity) == ("西兴", "open", "error")
    assert (found.table, found.column) == ("station_report", "open_day_count")
    assert (found.file, found.row) == ("西兴/一月.csv", 3)
    assert found.key == {"area_code": "330108", "station_id": "330108-F-0001", "report_month": "2025-01"}
    assert found.key_certain
    assert [found.first_seen_on, found.since_on, found.last_seen_on] == days(JAN, JAN, JAN)
    later = one(street.run(MAR), "value-above-maximum")
    assert later == found, "a run without new files changes nothing but the age"
    assert (found.age_days(date(2026, 1, 31)), later.age_days(date(2026, 3, 31))) == (0, 59)


def test_the_same_wrong_row_sent_again_keeps_its_first_day(street):
    street.put("西兴/一月.csv", REPORT + TOO_MANY)
    street.run(JAN)
    street.put("西兴/一月又一份.csv", REPORT + report("2025-03", 20) + TOO_MANY)
    found = one(street.run(FEB), "value-above-maximum")
    assert found.state == "open"
    assert [found.first_seen_on, found.since_on, found.last_seen_on] == days(JAN, JAN, FEB)
    assert (found.file, found.row) == ("西兴/一月又一份.csv", 3), "where it is to be seen now"


def test_a_later_file_without_the_problem_answers_it_and_is_named(street):
    street.put("西兴/一月.csv", REPORT + TOO_MANY)
    street.run(JAN)
    street.put("西兴/更正.csv", REPORT + report("2025-01", 20))
    found = one(street.run(FEB), "value-above-maximum")
    assert (found.state, found.answered_by, found.answered_on) == ("answered", "西兴/更正.csv", date(2026, 2, 28))
    assert found.age_days(date(2026, 4, 30)) == 28, "it no longer grows older"
    assert street.held() == [(2, "value-above-maximum")], "the row itself stays in quarantine"


def test_a_worse_later_file_opens_it_again(street):
    street.put("西兴/一月.csv", REPORT + TOO_MANY)
    street.run(JAN)
    street.put("西兴/更正.csv", REPORT + report("2025-01", 20))
    street.run(FEB)
    street.put("西兴/再报.csv", REPORT + report("2025-01", 45))
    found = one(street.run(MAR), "value-above-maximum")
    assert (found.state, found.answered_by, found.file) == ("open", None, "西兴/再报.csv")
    assert [found.first_seen_on, found.since_on] == days(JAN, MAR)


def test_a_file_that_mends_one_problem_and_makes_another(street):
    street.put("西兴/一月.csv", REPORT + TOO_MANY)
    street.run(JAN)
    street.put("西兴/更正.csv", REPORT + report("2025-01", 20).replace(",30,", ",许多,"))
    found = street.run(FEB)
    assert one(found, "value-above-maximum").state == "answered"
    wrong = about(found, "child_visit_count")
    assert (wrong.state, wrong.first_seen_on) == ("open", date(2026, 2, 28))


def test_two_senders_with_one_problem_each_have_their_own(street):
    street.put("西兴/一月.csv", REPORT + TOO_MANY)
    street.run(JAN)
    street.put("卫健局/转报.csv", REPORT + TOO_MANY.replace(",2,", ",3,"))
    found = street.run(FEB)
    ours, theirs = (one(found, "value-above-maximum", sender=s) for s in ("西兴", "卫健局"))
    assert (ours.state, ours.first_seen_on) == ("open", date(2026, 1, 31))
    assert (theirs.state, theirs.first_seen_on) == ("open", date(2026, 2, 28))
    street.put("卫健局/转报更正.csv", REPORT + report("2025-01", 20))
    found = [f for f in street.run(MAR) if f.code == "value-above-maximum"]
    assert {(f.sender, f.state, f.answered_by) for f in found} == {
        ("西兴", "answered", "卫健局/转报更正.csv"), ("卫健局", "answered", "卫健局/转报更正.csv")
    }  # fmt: skip


def test_the_order_of_statements_is_that_of_intake(street):
    """What was reported later stands, whenever it came: an older statement answers nothing."""
    street.put("西兴/四月报.csv", REPORT + report("2025-01", 40, "2025-04-01"))
    street.run(JAN)
    street.put("西兴/二月报.csv", REPORT + report("2025-01", 20, "2025-02-05"))
    assert one(street.run(FEB), "value-above-maximum").state == "open"
    street.put("西兴/五月报.csv", REPORT + report("2025-01", 20, "2025-05-05"))
    found = one(street.run(MAR), "value-above-maximum")
    assert (found.state, found.answered_by) == ("answered", "西兴/五月报.csv")


def test_an_old_file_that_comes_late_is_answered_by_what_stands(street):
    street.put("西兴/四月报.csv", REPORT + report("2025-01", 20, "2025-04-01"))
    street.run(JAN)
    street.put("西兴/二月报.csv", REPORT + report("2025-01", 40, "2025-02-05"))
    found = one(street.run(FEB), "value-above-maximum")
    assert (found.state, found.answered_by, found.answered_on) == ("answered", "西兴/四月报.csv", date(2026, 2, 28))


def test_identical_bytes_change_nothing(street):
    street.put("西兴/一月.csv", REPORT + TOO_MANY)
    street.run(JAN)
    path = street.workspace.standing
    first, written = path.read_bytes(), path.stat().st_mtime_ns
    street.put("西兴/副本.csv", REPORT + TOO_MANY)
    street.run(FEB)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (first, written)


# --- findings without a key


def test_a_row_without_a_key_is_answered_by_its_file_sent_again(street):
    street.put("西兴/月报.csv", REPORT + report("2025-01", 20) + NO_MONTH)
    found = about(street.run(JAN), "report_month")
    assert (found.key, found.row, found.state) == (None, 3, "open")
    street.put("西兴/月报.csv", REPORT + report("2025-01", 20) + NO_MONTH.replace("20,30", "21,30"))
    found = about(street.run(FEB), "report_month")
    assert (found.state, found.first_seen_on, found.since_on) == ("open", *days(JAN, JAN)), "wrong at the same place"
    street.put("西兴/月报.csv", REPORT + report("2025-01", 20) + report("2025-12", 20))
    found = about(street.run(MAR), "report_month")
    assert (found.state, found.answered_by, found.answered_on) == ("answered", "西兴/月报.csv", date(2026, 3, 31))


def test_or_by_a_file_of_another_name_that_holds_all_of_it(street):
    street.put("西兴/月报.csv", REPORT + report("2025-01", 20) + NO_MONTH)
    street.run(JAN)
    street.put("西兴/只有一行.csv", REPORT + report("2025-01", 21))
    street.put("长河/月报.csv", REPORT + report("2025-01", 22) + report("2025-12", 20))
    assert about(street.run(FEB), "report_month").state == "open", "too few rows, or another sender"
    street.put("西兴/月报改.csv", REPORT + report("2025-12", 20) + report("2025-01", 20))
    found = about(street.run(MAR), "report_month")
    assert (found.state, found.answered_by) == ("answered", "西兴/月报改.csv")


def test_a_wrong_key_is_answered_when_its_file_is_replaced(street):
    """The right row has another key, so nothing states the wrong one again."""
    wrong = report("2025-02", 20, station="330108-X-0001")
    street.put("西兴/月报.csv", REPORT + report("2025-01", 20) + wrong)
    found = [f for f in street.run(JAN) if f.column == "station_id"]
    assert [(f.code, f.state, f.key_certain) for f in found] in (
        [("value-pattern", "open", False)], [("row-orphan", "open", False)]
    )  # fmt: skip
    street.put("西兴/月报.csv", REPORT + report("2025-01", 20) + report("2025-02", 20))
    found = [f for f in street.run(FEB) if f.column == "station_id"]
    assert [(f.state, f.answered_by) for f in found] == [("answered", "西兴/月报.csv")]


@pytest.mark.parametrize("text, code", [("", "file-empty"), ("时间,地点\n周一,会议室\n周二,会议室\n", "file-unknown")])
def test_a_whole_file_is_answered_by_one_that_is_read(street, text, code):
    street.put("西兴/月报.csv", text)
    found = one(street.run(JAN), code)
    assert (found.state, found.table, found.row, found.key) == ("open", None, None, None)
    street.put("西兴/月报.csv", "时间,地点\n周三,会议室\n周四,会议室\n")
    still = one(street.run(FEB), code)
    assert (still.state, still.first_seen_on) == ("open", date(2026, 1, 31)), "another file nobody can read"
    street.put("西兴/月报.csv", REPORT + report("2025-01", 20))
    found = one(street.run(MAR), code)
    assert (found.state, found.answered_by) == ("answered", "西兴/月报.csv")


def test_a_missing_column_is_one_finding_and_its_rows_state_nothing(street):
    street.put("西兴/月报.csv", REPORT + TOO_MANY)
    street.run(JAN)
    without = "驿站编号,报告月份,婴幼儿到访人次,活动场次\n330108-F-0001,2025-01,30,2\n330108-F-0001,2025-02,30,2\n"
    street.put("西兴/缺列.csv", without)
    found = street.run(FEB)
    missing = one(found, "column-missing")
    assert (missing.row_count, missing.row, missing.column, missing.state) == (2, 2, "open_day_count", "open")
    assert one(found, "value-above-maximum").state == "open", "a sheet without the column does not mend it"
    street.put("西兴/补列.csv", REPORT + report("2025-01", 20) + report("2025-02", 20))
    assert {f.state for f in street.run(MAR)} == {"answered"}


def test_nor_do_they_with_a_total_below_them(street):
    street.put("西兴/月报.csv", REPORT + TOO_MANY)
    street.run(JAN)
    without = "驿站编号,报告月份,婴幼儿到访人次,活动场次\n330108-F-0001,2025-01,30,2\n合计,,30,2\n"
    street.put("西兴/缺列.csv", without)
    found = street.run(FEB)
    assert (one(found, "column-missing").row_count, one(found, "column-missing").state) == (2, "open")
    assert one(found, "value-above-maximum").state == "open", "a refused sheet states nothing"
    street.put("西兴/缺列.csv", REPORT + report("2025-01", 20))
    assert {f.state for f in street.run(MAR)} == {"answered"}


def test_rows_above_the_header_stand_in_the_account_until_the_file_is_mended(street):
    above = "驿站编号,报告月份,开放天数,婴幼儿到访人次\n330108-F-0001,2025-01,20,30\n"
    street.put("西兴/月报.csv", above + REPORT + report("2025-02", 20))
    assert one(street.run(JAN), "rows-above-header").state == "open"
    assert ("西兴/月报.csv", "", 1, 0, 1) in street.account()
    assert ("西兴/月报.csv", "station_report", 1, 1, 0) in street.account()
    street.put("西兴/月报.csv", REPORT + report("2025-01", 20) + report("2025-02", 20))
    assert one(street.run(FEB), "rows-above-header").state == "answered"


# --- what all files together show


def test_an_orphan_stands_until_its_parent_comes(street):
    street.put("西兴/月报.csv", REPORT + report("2025-01", 20, station="330108-F-0009"))
    street.run(JAN)
    street.put("西兴/二月.csv", REPORT + report("2025-02", 20))
    found = one(street.run(FEB), "row-orphan")
    assert (found.state, found.sender, found.since_on) == ("open", "西兴", date(2026, 1, 31))
    street.put("卫健局/新驿站.csv", STATION + XIXING.replace("0001", "0009").replace("西兴示范", "长河"))
    found = one(street.run(MAR), "row-orphan")
    assert (found.state, found.answered_by, found.answered_on) == ("answered", "卫健局/新驿站.csv", date(2026, 3, 31))


def test_a_contradiction_stands_for_both_senders_until_a_later_file_states_the_key(street):
    street.put("西兴/月报.csv", REPORT + report("2025-01", 20, "2025-02-05") + report("2025-02", 20))
    street.put("长河/月报.csv", REPORT + report("2025-01", 21, "2025-02-05"))
    both = {f.sender: f for f in street.run(JAN)}
    assert {(s, f.code, f.state, f.value) for s, f in both.items()} == {
        ("西兴", "statement-conflict", "open", "长河/月报.csv"),
        ("长河", "statement-conflict", "open", "西兴/月报.csv"),
    }
    assert all(f.key_certain and f.key["report_month"] == "2025-01" for f in both.values())
    street.put("西兴/旧.csv", REPORT + report("2025-01", 22, "2025-02-01"))
    assert {(f.state, f.since_on) for f in street.run(FEB)} == {("open", date(2026, 1, 31))}, "reported before"
    street.put("西兴/改.csv", REPORT + report("2025-01", 21, "2025-03-05"))
    for found in street.run(MAR):
        assert (found.state, found.answered_by, found.answered_on) == ("answered", "西兴/改.csv", date(2026, 3, 31))
        assert [found.first_seen_on, found.since_on, found.last_seen_on] == days(JAN, JAN, FEB)
    street.put("西兴/又一.csv", REPORT + report("2025-01", 20, "2026-04-01"))
    street.put("长河/又一.csv", REPORT + report("2025-01", 21, "2026-04-01"))
    assert {(f.state, f.since_on) for f in street.run(APR)} == {("open", date(2026, 4, 30))}


@pytest.mark.parametrize("blank", ["", "\n", "\n\n"])
def test_what_one_file_of_a_reception_has_wrong_another_of_it_does_not_answer(street, blank):
    """Neither is the later one, and which of two contents has the larger hash is nothing to go by."""
    street.put("西兴/错.csv", REPORT + TOO_MANY + blank)
    street.put("西兴/对.csv", REPORT + report("2025-01", 20))
    street.put("西兴/又错.csv", REPORT + TOO_MANY + blank + "\n\n\n")
    found = one(street.run(JAN), "value-above-maximum")
    assert (found.state, found.file) == ("open", "西兴/又错.csv")
    street.put("西兴/改.csv", REPORT + report("2025-01", 21))
    found = one(street.run(FEB), "value-above-maximum")
    assert (found.state, found.answered_by) == ("answered", "西兴/改.csv")


def test_a_warning_between_tables_stands_since_the_day_it_became_true(street):
    closed = STATION.replace("填报日期", "关闭日期,填报日期")
    street.put("西兴/月报.csv", REPORT + report("2025-03", 3))
    assert street.run(JAN) == []
    street.put("卫健局/关闭.csv", closed + XIXING.replace(",2024-05-02", ",2025-01-31,2025-02-02"))
    found = one(street.run(FEB), "report-after-close")
    assert (found.state, found.severity, found.first_seen_on) == ("open", "warning", date(2026, 2, 28))
    street.put("西兴/月报改.csv", REPORT + report("2025-03", 4))
    found = one(street.run(MAR), "report-after-close")
    assert (found.state, found.file, found.first_seen_on) == ("open", "西兴/月报改.csv", date(2026, 2, 28))
    street.put("卫健局/未关闭.csv", closed + XIXING.replace(",2024-05-02", ",,2025-03-02"))
    found = one(street.run(APR), "report-after-close")
    assert (found.state, found.answered_by) == ("answered", "卫健局/未关闭.csv")


def test_what_was_found_after_each_reception_is_found_again_from_the_files(street):
    """The kept findings between tables save time; without them the same bytes come out."""
    street.put("西兴/月报.csv", REPORT + report("2025-01", 20, station="330108-F-0009") + TOO_MANY)
    street.run(JAN)
    street.put("卫健局/新驿站.csv", STATION + XIXING.replace("0001", "0009").replace("西兴示范", "长河"))
    street.run(FEB)
    kept = street.workspace.standing.read_bytes()
    ctx = street.context(FEB)
    for path in (street.workspace.standing, *(path_of(ctx, batch) for batch in (1, 2))):
        path.unlink()
    build_standing(ctx)
    assert street.workspace.standing.read_bytes() == kept
    other = Street(street.inbox.parent / "other")
    for file in sorted(street.inbox.rglob("*.csv")):
        name = file.relative_to(street.inbox).as_posix()
        if "新驿站" not in name:
            other.put(name, file.read_text("utf-8"))
    assert other.build(JAN).gated == 2
    other.put("卫健局/新驿站.csv", (street.inbox / "卫健局/新驿站.csv").read_text("utf-8"))
    other.run(FEB)
    assert other.workspace.standing.read_bytes() == kept, "a reception nobody looked at is looked at later"


def test_a_file_nobody_took_in_stands_while_it_lies_there(street):
    street.put("西兴/月报.doc", "这是一份文档")
    found = one(street.run(JAN), "file-name-unknown")
    assert (found.sender, found.state, found.file) == ("西兴", "open", "西兴/月报.doc")
    assert one(street.run(MAR), "file-name-unknown").since_on == date(2026, 1, 31)
    (street.inbox / "西兴/月报.doc").unlink()
    assert street.run(APR) == []


# --- corrections


def test_a_waived_finding_is_open_again_after_its_last_day(street):
    street.put("西兴/一月.csv", REPORT + TOO_MANY)
    street.correct(WAIVER.format(expires=FEB))
    found = one(street.run(JAN), "value-above-maximum")
    assert (found.state, found.correction) == ("waived", "驿站.yml#1")
    assert one(street.standing(FEB), "value-above-maximum").state == "waived", "the last day counts"
    assert one(street.standing("2026-03-01"), "value-above-maximum").state == "open", "by the clock, without a run"
    expired = one(street.run(MAR), "value-above-maximum")
    assert (expired.state, expired.correction, expired.first_seen_on) == ("open", None, date(2026, 1, 31))
    assert street.held(), "a waived error passes no row"


def test_the_report_says_what_stands_and_which_corrections_are_needed(street):
    street.put("西兴/一月.csv", REPORT + TOO_MANY.replace(",30,", ",-3,"))
    street.correct(WAIVER.format(expires=MAR))
    street.run(JAN)
    report_ = read_quality_report(street.workspace)
    assert report_["findings"]["waived"] == {"error": 1, "warning": 0}
    assert report_["findings"]["open"] == {"error": 1, "warning": 0}, "the other rule the row breaks"
    assert (report_["findings"]["senders"], report_["findings"]["oldest_since"]) == (1, JAN)
    assert report_["corrections"] == {"in_force": 1}
    assert [line["table"] for line in report_["by_table"]] == ["station_report"]
    street.put("西兴/更正.csv", REPORT + report("2025-01", 20))
    street.run(FEB)
    report_ = read_quality_report(street.workspace)
    assert report_["corrections"] == {"unneeded": 1}, "the source mended it"
    assert report_["findings"]["answered"] == {"error": 2, "warning": 0}
    street.run(APR)
    assert read_quality_report(street.workspace)["corrections"] == {"expired": 1}
    text = street.workspace.quality.read_text("utf-8")
    assert "西兴" not in text and "0001" not in text, "counts only"


def test_a_wrong_correction_stops_the_run_and_is_named(street):
    street.put("西兴/一月.csv", REPORT + TOO_MANY)
    street.correct(WAIVER.format(expires=MAR).replace("value-above-maximum", "value-to-high"), "错.yml")
    with pytest.raises(ContractError, match=r"错\.yml 第 1 条 entry 1: code: .* no finding is called value-to-high"):
        street.run(JAN)


# --- one truth


def test_nothing_received_is_nothing_standing(tmp_path):
    assert Street(tmp_path).run(JAN) == []


def test_names_and_order_of_files_and_one_reception_or_two_do_not_matter(tmp_path):
    """Within a reception nothing depends on names; what is open does not depend on how files were bundled."""
    wrong, right = REPORT + TOO_MANY + NO_MONTH, REPORT + report("2025-02", 50) + report("2025-03", 1)
    results = []
    for number, names in enumerate((("a", "b"), ("z", "y"))):
        street = Street(tmp_path / str(number))
        for name, text in zip(names, (wrong, right), strict=True):
            street.put(f"西兴/{name}.csv", text)
        street.put("卫健局/驿站.csv", STATION + XIXING)
        found = street.run(JAN)
        results.append([(f.code, f.key, f.state, f.row, f.value, f.first_seen_on) for f in found])
    assert len(results[0]) == 3
    assert sorted(map(str, results[0])) == sorted(map(str, results[1]))
