"""Intake over several files: the latest statement stands, what has no parent waits, every row is counted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from assets.raw.intake import Intake, build_intake
from assets.raw.receive import receive
from assets.workspace import Context, Workspace
from schemas.registry import Registry, load

STATION = "驿站编号,驿站名称,驿站类型,街道,开放日期,填报日期\n"
REPORT = "驿站编号,报告月份,开放天数,婴幼儿到访人次,活动场次,填报日期\n"
XIXING = "330108-F-0001,西兴示范驿站,示范型,西兴街道,2024-05-01,2024-05-02\n"
PROFILE = """\
slug: tried
extends: binjiang
title_zh: 试验区
title_en: Tried
notice_zh: {notice}
"""

#: a filing that breaks no rule
FILING = {
    "机构标识": "330108-S-0001", "备案事项": "新备案", "事项日期": "2025-03-01", "备案状态": "已备案",
    "机构名称": "示例托育有限公司", "统一社会信用代码": "91330108MATE00002B", "登记机关": "市场监管",
    "机构性质": "企业", "营利性质": "营利性", "机构形态": "独立托育机构", "服务类型": "未分类",
    "服务形式": "全日托", "托位数": "60", "街道": "西兴街道", "机构住所": "滨江区示例路1号",
}  # fmt: skip


class House:
    """An inbox and a workspace, driven as a run drives them."""

    def __init__(self, root: Path):
        self.inbox = root / "inbox"
        self.inbox.mkdir(parents=True)
        self.workspace = Workspace(root / "workspace")

    def put(self, name: str, text: str) -> None:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def build(self, day: str = "2026-03-31", registry: Registry | None = None) -> Intake:
        as_of = date.fromisoformat(day)
        receive(self.inbox, self.workspace, as_of, lambda: f"{day}T00:00:00+00:00")
        return build_intake(Context(registry or load("binjiang"), self.workspace, as_of, threads=1))

    def rows(self, select: str, layer: str, table: str) -> list[tuple]:
        return query(f"SELECT {select} FROM t ORDER BY ALL", self.workspace.table(layer, table))

    def months(self) -> list[tuple]:
        """(month, open days) of the reports that stand."""
        return self.rows("report_month, open_day_count", "intake", "station_report")

    def held(self) -> list[tuple]:
        return self.rows("source_row, reasons", "quarantine", "station_report")

    def account(self) -> list[tuple]:
        """(file, table, received, accepted, quarantined) as the ledger's account has them."""
        columns = 'file, "table", received, accepted, quarantined'
        return query(f"SELECT {columns} FROM t ORDER BY ALL", self.workspace.account)


def query(sql: str, path: Path) -> list[tuple]:
    with duckdb.connect() as con:
        return con.execute(f"WITH t AS (FROM read_parquet('{path}')) {sql}").fetchall()


def report(month: str, days: int, reported: str = "", station: str = "330108-F-0001") -> str:
    return f"{station},{month},{days},30,2,{reported}\n"


@pytest.fixture
def house(tmp_path: Path) -> House:
    made = House(tmp_path)
    made.put("驿站.csv", STATION + XIXING)
    return made


def test_the_statement_reported_last_stands_and_the_others_are_counted(house):
    house.put("a.csv", REPORT + report("2025-01", 20, "2025-02-05") + report("2025-02", 18, "2025-03-05"))
    house.put("b.csv", REPORT + report("2025-01", 21, "2025-04-01"))
    built = house.build()
    assert house.months() == [("2025-01", 21), ("2025-02", 18)]
    assert (built.received, built.accepted, built.quarantined, built.superseded) == (4, 4, 0, 1)
    assert built.tables["station_report"] == 2


def test_a_late_arrival_with_an_older_date_does_not_stand(house):
    house.put("new.csv", REPORT + report("2025-01", 21, "2025-04-01"))
    house.build("2026-03-31")
    house.put("late.csv", REPORT + report("2025-01", 20, "2025-02-05"))
    assert house.build("2026-04-30").superseded == 1
    assert house.months() == [("2025-01", 21)]


def test_without_a_date_the_statement_received_last_stands(house):
    house.put("a.csv", REPORT + report("2025-01", 20))
    house.build("2026-03-31")
    house.put("b.csv", REPORT + report("2025-01", 21))
    house.build("2026-04-30")
    assert house.months() == [("2025-01", 21)]


@pytest.mark.parametrize("first, second", [(20, 21), (21, 20)])
def test_of_two_statements_of_one_day_the_one_received_later_stands(house, first, second):
    house.put("a.csv", REPORT + report("2025-01", first))
    house.build("2026-03-31")
    house.put("b.csv", REPORT + report("2025-01", second))
    house.build("2026-03-31")
    assert house.months() == [("2025-01", second)]


# --- files of one reception that contradict each other


def conflicts(house: House) -> list[tuple]:
    """(file, row, what it says of the other file) of every contradiction, and the rows that wait for it."""
    select = "SELECT file, \"row\", value FROM t WHERE code = 'statement-conflict' AND severity = 'error' ORDER BY ALL"
    return query(select, house.workspace.findings)


def test_of_two_files_of_one_reception_that_contradict_each_other_neither_stands(house):
    house.put("a.csv", REPORT + report("2025-01", 20, "2025-02-05") + report("2025-02", 18))
    house.put("b.csv", REPORT + report("2025-01", 21, "2025-02-05") + report("2025-02", 18))
    built = house.build()
    assert house.months() == [("2025-02", 18)], "what both say alike is no contradiction"
    assert house.held() == [(2, "statement-conflict")] * 2
    assert conflicts(house) == [("a.csv", 2, "b.csv"), ("b.csv", 2, "a.csv")]
    assert (built.received, built.accepted, built.quarantined, built.superseded) == (5, 3, 2, 1)


def test_a_statement_of_a_later_reception_decides_between_them(house):
    house.put("a.csv", REPORT + report("2025-01", 20, "2025-02-05"))
    house.put("b.csv", REPORT + report("2025-01", 21, "2025-02-05"))
    house.build()
    house.put("older.csv", REPORT + report("2025-01", 19, "2025-02-04"))
    built = house.build()
    assert (house.months(), built.quarantined) == ([("2025-01", 19)], 2), "reported earlier, it stands but decides not"
    house.put("c.csv", REPORT + report("2025-01", 22, "2025-02-05"))
    built = house.build()
    assert (house.months(), house.held(), conflicts(house)) == ([("2025-01", 22)], [], [])
    assert (built.accepted, built.quarantined, built.superseded) == (5, 0, 3)


def test_what_stood_before_a_contradiction_goes_on_standing(house):
    """As before two rows of one file that contradict each other."""
    house.put("first.csv", REPORT + report("2025-01", 20))
    house.build("2026-02-28")
    house.put("a.csv", REPORT + report("2025-01", 21))
    house.put("b.csv", REPORT + report("2025-01", 22))
    built = house.build("2026-03-31")
    assert house.months() == [("2025-01", 20)] and len(conflicts(house)) == 2
    assert (built.accepted, built.quarantined, built.superseded) == (2, 2, 0)
    house.put("c.csv", REPORT + report("2025-01", 23))
    house.put("d.csv", REPORT + report("2025-01", 24))
    built = house.build("2026-04-30")
    assert house.months() == [("2025-01", 20)] and house.held() == [(2, "statement-conflict")] * 4
    assert {said for said in conflicts(house)} == {
        ("a.csv", 2, "b.csv"), ("b.csv", 2, "a.csv"), ("c.csv", 2, "d.csv"), ("d.csv", 2, "c.csv"),
    }  # fmt: skip


def test_each_is_told_of_a_file_that_says_something_else(house):
    said = {"a": 20, "b": 20, "c": 21}
    for name, days in said.items():
        dated = report("2025-02", days, f"2025-03-0{ord(name) - 96}")
        house.put(f"{name}.csv", REPORT + report("2025-01", days) + dated)
    house.put("身份证11010519491231002X.csv", REPORT + report("2025-03", 5))
    house.put("z.csv", REPORT + report("2025-03", 6))
    house.build()
    others = {file: other for file, _, other in conflicts(house)}
    assert others == {
        "a.csv": "c.csv", "b.csv": "c.csv", "c.csv": "a.csv", "z.csv": "…", "身份证11010519491231002X.csv": "z.csv",
    }  # fmt: skip
    assert house.months() == [("2025-02", 21)], "of different days the last counts"


def test_who_is_stated_in_contradiction_is_not_absent(house):
    told = FILING | {"托位数": "70"}
    house.put("街道/备案.csv", f"{','.join(FILING)}\n{','.join(FILING.values())}\n")
    house.put("区局/备案.csv", f"{','.join(told)}\n{','.join(told.values())}\n")
    built = house.build()
    assert (built.tables["filing"], built.quarantined) == (0, 2)
    assert [(f, c) for f, _, c in conflicts(house)] == [
        ("区局/备案.csv", "街道/备案.csv"), ("街道/备案.csv", "区局/备案.csv"),
    ]  # fmt: skip
    held = house.rows("source_code, area_code, provider_id, event_on", "held", "filing_held")
    assert held == [("intake", "330108", "330108-S-0001", date(2025, 3, 1))]


def test_an_orphan_waits_and_is_released_when_its_parent_arrives(house):
    house.put("a.csv", REPORT + report("2025-01", 20, station="330108-F-0009") + report("2025-01", 19))
    built = house.build()
    assert house.months() == [("2025-01", 19)]
    assert house.held() == [(2, "row-orphan")]
    assert (built.accepted, built.quarantined, built.findings) == (2, 1, 1)
    found = query('SELECT code, "column", value, file, "row" FROM t', house.workspace.findings)
    assert found == [("row-orphan", "station_id", "330108-F-0009", "a.csv", 2)]
    house.put("名册.csv", STATION + XIXING.replace("0001", "0009").replace("西兴示范驿站", "长河驿站"))
    built = house.build("2026-04-30")
    assert len(house.months()) == 2 and house.held() == []
    assert (built.accepted, built.quarantined, built.findings, built.gated) == (4, 0, 0, 1)


def test_a_row_that_breaks_a_rule_between_tables_leaves_what_is_accepted(house):
    house.put("a.csv", REPORT + report("2024-01", 20) + report("2025-01", 19))
    built = house.build()
    assert house.months() == [("2025-01", 19)]
    assert house.held() == [(2, "report-before-open")]
    assert (built.accepted, built.quarantined) == (2, 1)


def test_a_warning_between_tables_is_found_and_holds_nothing(house):
    closed = STATION.replace("填报日期", "关闭日期,填报日期") + XIXING.replace(",2024-05-02", ",2025-01-31,2025-02-02")
    house.put("驿站.csv", closed)
    house.put("a.csv", REPORT + report("2025-03", 3))
    assert house.build().quarantined == 0
    assert house.months() == [("2025-03", 3)]
    assert query("SELECT code, severity FROM t", house.workspace.findings) == [("report-after-close", "warning")]


def test_rules_between_tables_see_the_day(house):
    """What expires between two runs is found without a file having changed."""
    house.put("备案.csv", f"{','.join(FILING)}\n{','.join(FILING.values())}\n")
    house.put("证照.csv", "机构标识,材料类型,发证日期,有效期至,结论\n330108-S-0001,消防,2025-04-01,2026-03-31,合格\n")

    def expired(day: str) -> list[tuple]:
        house.build(day)
        select = "SELECT file, severity, value FROM t WHERE code = 'document-expired-on-file'"
        return query(select, house.workspace.findings)

    assert expired("2026-03-31") == []
    assert expired("2026-04-01") == [("证照.csv", "warning", "2026-03-31")]


def test_the_account_adds_up_for_every_file_the_unknown_too(house):
    wrong = report("2025-13", 20) + report("2025-02", 40) + report("2025-03", 9)
    house.put("街道/a.csv", REPORT + wrong + report("2023-03", 9))
    house.put("通知.csv", "时间,地点\n周一,会议室\n周二,会议室\n")
    house.put("空.csv", "")
    built = house.build()
    assert house.account() == [
        ("街道/a.csv", "station_report", 4, 1, 3),
        ("通知.csv", "", 3, 0, 3),  # the line that may be a header is a line nobody could read
        ("驿站.csv", "station", 1, 1, 0),
    ]
    assert (built.files, built.received, built.accepted, built.quarantined) == (4, 8, 2, 6)
    codes = {code for (code,) in query("SELECT code FROM t", house.workspace.findings)}
    assert {"file-unknown", "file-empty", "value-above-maximum", "report-before-open"} <= codes


def test_nothing_received_is_an_empty_account(tmp_path):
    built = House(tmp_path).build()
    assert (built.files, built.received, set(built.tables.values())) == (0, 0, {0})
    assert query("SELECT count(*) FROM t", Workspace(tmp_path / "workspace").account) == [(0,)]


def test_a_second_build_does_nothing_and_a_new_file_is_gated_alone(house):
    house.put("a.csv", REPORT + report("2025-01", 20))
    assert house.build().gated == 2
    path = house.workspace.table("intake", "station_report")
    written = path.stat().st_mtime_ns
    assert house.build().gated == 0
    assert path.stat().st_mtime_ns == written
    before = path.read_bytes()
    assert house.build("2026-04-01").gated == 0, "a new day alone gates no file again"
    assert path.read_bytes() == before
    house.put("b.csv", REPORT + report("2025-02", 20))
    assert house.build().gated == 1


def test_a_changed_profile_has_every_file_judged_again(house, tmp_path):
    registries = []
    for number, notice in enumerate(("一", "二")):
        folder = tmp_path / f"v{number}" / "tried"
        folder.mkdir(parents=True)
        (folder / "profile.yml").write_text(PROFILE.format(notice=notice), "utf-8")
        registries.append(load(folder))
    assert registries[0].fingerprint != registries[1].fingerprint
    assert house.build(registry=registries[0]).gated == 1
    assert house.build(registry=registries[0]).gated == 0
    assert house.build(registry=registries[1]).gated == 1


def test_a_dated_figure_has_files_judged_again_if_a_rule_of_theirs_names_it(house):
    house.put("驿站.csv", STATION + XIXING)
    assert house.build("2025-12-31").gated == 1
    assert house.build("2026-01-31").gated == 0, "publication_from_on began, which only rules between tables read"
    assert house.build("2020-12-31").gated == 1, "station_area_min_basic was not in force"


def test_names_and_order_of_files_do_not_matter(tmp_path):
    texts = [
        STATION + XIXING,
        REPORT + report("2025-01", 20) + report("2025-02", 20),
        REPORT + report("2025-02", 21) + report("2025-01", 22),
        REPORT + report("2024-01", 5) + report("2025-04", 1, station="330108-F-0009"),
    ]
    results = []
    for number, names in enumerate((("a", "b", "c", "d"), ("z", "y", "x", "w"))):
        house = House(tmp_path / str(number))
        for name, text in zip(names, texts, strict=True):
            house.put(f"{name}.csv", text)
        built = house.build()
        tables = [house.workspace.table(layer, t) for layer in ("intake", "quarantine") for t in ("station_report",)]
        results.append((built, [path.read_bytes() for path in tables]))
    assert results[0] == results[1]
