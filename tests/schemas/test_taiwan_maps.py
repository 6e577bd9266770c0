"""The SQL that maps Taiwan's register: what each SELECT makes of lines written for the purpose.

Whole files and the published result are in tests/journeys/test_taiwan.py.
"""

from __future__ import annotations

import json
import re
from datetime import date

import duckdb
import pytest

from schemas.registry import load

CENTRE = {
    "_path": "docs/data/南投縣/CW00000001.json",
    "機構名稱": "南投縣私立例托嬰中心",
    "所在地": "545南投縣埔里鎮例路1號",
    "聯絡電話": "049-0000000",
    "核定收托": 20,
    "實際收托": 18,
    "評鑑等級": "乙等",
    "最近一次評鑑年度": "112",
    "總面積": "375.69 平方公尺",
    "室內面積": "0 平方公尺",
    "室外面積": "0 平方公尺",
    "公共安全說明": "",
    "消防安全說明": "",
    "準公共化資格": "是",
    "收費情形": {},
    "違反法令紀錄": [],
    "longitude": 120.9,
    "latitude": 23.9,
}
COLUMNS = tuple(CENTRE)


def mapped(table: str, *centres: dict) -> list[dict]:
    """The rows a map makes of some lines, as dicts, in its own order."""
    registry = load("taiwan-sfaa")
    con = duckdb.connect()
    con.execute("CREATE MACRO snapshot_on() AS DATE '2024-06-02'")
    con.execute("CREATE TABLE profile_codelist(list_name VARCHAR, code VARCHAR, title_zh VARCHAR)")
    areas = [["area", entry.code, entry.title_zh] for entry in registry.codelists["area"].entries]
    con.executemany("INSERT INTO profile_codelist VALUES (?, ?, ?)", areas)
    columns = ", ".join(f'"{column}" VARCHAR' for column in COLUMNS)
    con.execute(f"CREATE TABLE source(_row BIGINT, {columns})")
    lines = [[number, *map(_text, ((CENTRE | c)[k] for k in COLUMNS))] for number, c in enumerate(centres, 1)]
    con.executemany(f"INSERT INTO source VALUES ({', '.join('?' * (len(COLUMNS) + 1))})", lines)
    answer = con.execute(registry.source_sql("sfaa", table))
    names = [column[0] for column in answer.description]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def fee(item: str, amount: int, prose: str, mode: str = "日間托育") -> dict:
    """A centre with one fee."""
    return {"收費情形": {mode: [{"費用名稱": item, "費用金額": str(amount), "費用說明": prose}]}}


def test_filing_reads_places_areas_and_codes():
    [row] = mapped("filing", CENTRE)
    assert row["area_code"] == "TW-NAN"
    assert row["subdistrict_code"] == "TW-NAN-545"
    assert row["provider_id"] == "CW00000001"
    assert row["event_on"] == date(2024, 6, 2)
    assert (row["place_count"], row["enrolled_count"]) == ("20", "18")
    assert (row["gross_area_m2"], row["indoor_area_m2"], row["outdoor_area_m2"]) == ("375.69", None, "0.00")
    assert (row["quality_scheme_code"], row["quality_grade_code"]) == ("tw_infant_care", "tw_b")
    assert row["is_inclusive"] == "true"
    assert row["service_modes"] == "not_stated"
    assert row["address"] == CENTRE["所在地"]
    assert row["_finding_code"] is None
    assert "負責人姓名" not in load("taiwan-sfaa").source_sql("sfaa", "filing")


def test_filing_takes_an_area_without_a_figure_as_empty_and_passes_on_another_unit():
    [row] = mapped("filing", CENTRE | {"總面積": "平方公尺", "室外面積": "3 坪", "核定收托": 0})
    assert row["place_count"] is None
    assert row["gross_area_m2"] is None
    assert row["outdoor_area_m2"] == "3 坪"  # for the gate to refuse: not square metres


@pytest.mark.parametrize(
    ("name", "site_type", "operator"),
    [
        ("南投縣私立例托嬰中心", "infant_care_centre", "private"),
        ("例縣例社區公共托育家園", "community_public_home", None),
        ("例市政府委託例協會辦理例公共托嬰中心", "infant_care_centre", "public_private"),
        ("例縣公私協力托嬰中心", "infant_care_centre", "public_private"),
        ("例市例托嬰中心", "infant_care_centre", None),
    ],
)
def test_filing_reads_kind_and_operator_from_the_name(name, site_type, operator):
    [row] = mapped("filing", CENTRE | {"機構名稱": name})
    assert (row["site_type_code"], row["operator_code"]) == (site_type, operator)


def test_the_line_in_the_most_specific_folder_that_the_address_agrees_with_stands_for_a_centre():
    centre = {"所在地": "243新北市泰山區例街1號"}
    folders = ["新北市", "新北市泰山區", "新北市新莊區"]
    lines = [centre | {"_path": f"docs/data/{folder}/CW00000002.json"} for folder in folders]
    lines[0] |= {"公共安全說明": "核備文號:A1(核備日期:1061215)"}
    found = {row["_row"]: row["_finding_code"] for row in mapped("filing", *lines)}
    assert found == {1: "source-listed-twice", 2: None, 3: "source-listed-twice"}
    assert [r["_finding_code"] for r in mapped("filing_document", *lines)] == ["source-listed-twice"]


def test_two_folders_that_both_agree_are_decided_by_path_whatever_the_order_of_lines():
    lines = [
        {"_path": "docs/data/新北市泰山區/CW00000003.json", "所在地": "243新北市泰山區例街1號"},
        {"_path": "docs/data/新北市新莊區/CW00000003.json", "所在地": "242新北市新莊區例街1號"},
    ]
    for order in (lines, lines[::-1]):
        [kept] = [r for r in mapped("filing", *order) if r["_finding_code"] is None]
        assert kept["subdistrict_code"] == "TW-NWT-242"


@pytest.mark.parametrize(
    ("prose", "code", "issued_on", "number"),
    [
        ("核備文號:107-K000010-01(核備日期:1061215)", None, "2017-12-15", "107-K000010-01"),
        ("核備文號:\u3000(核備日期:1121129)", None, "2023-11-29", None),
        ("核備文號:台消字第1號(甲)(核備日期:0991001)", None, "2010-10-01", "台消字第1號(甲)"),
        ("核備文號:(核備日期:)", "document-date-unreadable", "", None),
        ("核備文號:1(核備日期:11402)", "document-date-unreadable", "11402", "1"),
        ("核備文號:1(核備日期:1130231)", "document-date-unreadable", "1130231", "1"),
        ("核備文號:1(核備日期:0130813)", "document-date-unreadable", "1924-08-13", "1"),
        ("核備文號:1(核備日期:1141231)", "document-date-in-future", "2025-12-31", "1"),
        ("已核備", "document-date-unreadable", "", None),
    ],
)
def test_documents_have_the_date_of_the_republics_calendar(prose, code, issued_on, number):
    [row] = mapped("filing_document", {"消防安全說明": prose})
    assert row["document_type_code"] == "fire"
    assert (row["_finding_code"], row["issued_on"], row["document_no"]) == (code, issued_on, number)


def test_a_penalty_without_a_date_waits():
    [row] = mapped("inspection", {"違反法令紀錄": ["https://example.invalid/penalty/detail/1130500001"]})
    assert (row["inspection_id"], row["_finding_code"]) == ("1130500001", "penalty-date-unknown")


CERTAIN = [
    # the amount itself, put to a unit
    ("托育費", 13775, "月費", "per_month"),
    ("托育費", 16800, "托育費每月16800元", "per_month"),
    ("托育費", 16800, "托育費每月１６，８００元整", "per_month"),
    ("餐點費", 1000, "副食品每月1000元", "per_month"),
    ("餐點費", 2000, "餐點(含副食品)2000元/月", "per_month"),
    ("其他", 3000, "註冊費每學期(6個月)18,000元，平均每月3,000元", "per_month"),
    ("其他", 18000, "註冊費每學期(6個月)18,000元，平均每月3,000元", "per_term"),
    ("其他", 28000, "註冊費/半年28000", "per_term"),
    ("托育費", 120, "以小時計，每小時120元", "per_hour"),
    ("其他", 200, "延托費(元/時)", "per_hour"),
    ("托育費", 300, "300/小時，3000/日，提供臨托服務時間：週一至週五7:30-17:30。", "per_hour"),
    ("托育費", 3000, "300/小時，3000/日，提供臨托服務時間：週一至週五7:30-17:30。", "per_day"),
    ("其他", 4000, "延托費225元/小時,包月4000元/月,逾時費280元/小時", "per_month"),
    ("其他", 100, "洗澡費100元/次", "per_time"),
    # sums that the prose gives
    ("托育費", 21000, "月費17000+註冊費24000(6個月/期)", "per_month"),
    ("其他", 22500, "平均月費:含註冊費每月4000元(1學期6個月共24000元)+月費18500元", "per_month"),
    ("教材費", 3300, "即每月註冊費，每學期註冊費為19800元", "per_month"),
    ("托育費", 20000, "攤提註冊費+月費。", "per_month"),
    ("托育費", 9000, "月費(無註冊費)", "per_month"),
    # nothing to pay
    ("餐點費", 0, "含於月費裡面", "per_month"),
    ("餐點費", 0, "無償供應", "per_month"),
]


@pytest.mark.parametrize(("item", "amount", "prose", "unit"), CERTAIN)
def test_a_unit_the_prose_gives_is_read(item, amount, prose, unit):
    [row] = mapped("fee_quote", fee(item, amount, prose))
    assert (row["_finding_code"], row["fee_unit_code"]) == (None, unit)
    assert row["fee_amount"] == str(amount)


UNCLEAR = [
    ("托育費", 9000, ""),
    ("托育費", 9000, "不含奶粉、尿布等個人相關用品費用"),
    ("托育費", 20000, "註冊費+月費"),  # averaged or not?
    ("托育費", 20000, "註冊費:30000 月費:16000"),  # would be 21000
    ("托育費", 18000, "註冊費18,000+月費15,000"),  # the registration fee, or 15000 + 18000/6
    ("托育費", 21500, "註冊費一學期(6個月)共18000平均每月3000元+每月托育費:18000"),
    ("其他", 5000, "註冊費(一次收6個月/1學期 5000x6 =30000)"),  # the sixth, beside the word of the term
    ("托育費", 150, "臨托費：1500元/日"),
    ("其他", 50, "臨時性半小時50元"),
    ("其他", 183, "延長托育費:第一小時為當年度公告之基本工資113年為183元。"),
    ("其他", 12000, "註冊費"),
    ("其他", 30000, "註冊費-（每半年為一期）"),
    ("餐點費", 1000, "1歲以下500元,1歲以上1000元"),
    ("餐點費", 3000, "不包含在月費"),
    ("餐點費", 1500, "滿6個月收取餐點費"),
]


@pytest.mark.parametrize(("item", "amount", "prose"), UNCLEAR)
def test_a_unit_that_is_not_certain_waits_with_the_prose(item, amount, prose):
    [row] = mapped("fee_quote", fee(item, amount, prose))
    assert row["_finding_code"] == "fee-unit-unclear"
    assert row["_finding_value"] == f"日間托育 {item} 1: {amount}元 {prose}"


@pytest.mark.parametrize(
    "prose",
    [
        "",
        "0",
        "1歲以下500元  1歲以上1000元",
        "延托費每小時183元",
        "不收費，臨托點心費40元/次。",
        "未使用餐點不收費",
        "無註冊費。",
    ],
)
def test_a_zero_that_is_not_said_to_be_free_waits(prose):
    [row] = mapped("fee_quote", fee("餐點費", 0, prose))
    assert row["_finding_code"] == "fee-zero-unclear"


def test_lines_are_numbered_by_item_in_the_order_of_the_source_waiting_lines_included():
    fees = [("托育費", "1", "月費"), ("其他", "5", ""), ("托育費", "2", ""), ("托育費", "3", "月費")]
    listed = [dict(zip(("費用名稱", "費用金額", "費用說明"), f, strict=True)) for f in fees]
    rows = mapped("fee_quote", {"收費情形": {"半日托育": listed}})
    numbered = {(r["fee_item_code"], r["fee_line_no"]): r["fee_amount"] for r in rows}
    assert numbered == {("care", 1): "1", ("care", 2): "2", ("care", 3): "3", ("other", 1): "5"}
    assert {r["service_mode_code"] for r in rows} == {"half_day"}


def test_an_unknown_mode_item_or_amount_is_left_to_the_gate_not_lost():
    [row] = mapped("fee_quote", fee("新費用", 5, "月費", mode="夜間托育") | {})
    assert (row["fee_item_code"], row["service_mode_code"]) == ("新費用", "夜間托育")
    centre = fee("托育費", 5, "月費")
    centre["收費情形"]["日間托育"][0]["費用金額"] = "面議("
    [row] = mapped("fee_quote", centre)
    assert (row["fee_amount"], row["_finding_code"]) == ("面議(", None)


def test_every_finding_a_map_gives_has_its_text_and_every_subdistrict_its_area():
    registry = load("taiwan-sfaa")
    given = set()
    for table in registry.mapped_tables("sfaa"):
        given |= set(re.findall(r"'([a-z]+(?:-[a-z]+)+)'", registry.source_sql("sfaa", table)))
    assert given == {finding.code for finding in registry.profile.findings}
    areas = {entry.code for entry in registry.codelists["area"].entries}
    found = [entry for entry in registry.codelists["subdistrict"].entries if entry.code != "_T"]
    assert {entry.parent for entry in found} == areas
    assert all(entry.code.startswith(f"{entry.parent}-") for entry in found)
