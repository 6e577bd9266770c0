"""What exactly is wrong with a cell: by the macro, and through the gate, where text may be held and never repeated."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import date
from pathlib import Path

import duckdb
import pytest

from quality.findings import explain
from quality.gate import GateResult, check_file
from quality.judging.diagnosis import PERSONAL
from quality.normalise import install_macros
from schemas.registry import load

REGISTRY = load("binjiang")
STATION = REGISTRY.tables["station"]
RESIDENT_ID = "11010519491231002X"  # the worked example of GB 11643 itself
MOBILE = "13800138000"

_CON = duckdb.connect()
install_macros(_CON)


def problems(text: str, kind: str) -> list[str]:
    return _CON.execute("SELECT cell_problems($1, $2, TRUE)", [text, kind]).fetchone()[0]


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("number-range", ["24-36", "24—36", "24～36", "24至36月龄", "3000～4000元", "3500/4200", "6 到 36", "二至三"]),
        ("number-approximate", ["约60", "16000余", "60多", "近百人", "60以上", "不足60", "≥60", ">60", "三四十",
                                "几十个"]),
        ("number-not-whole", ["60.5", "60.5个", "１２.５"]),
        ("number-unit", ["60天", "85%", "3.5k", "60 人次/月", "6O", "1e309"]),
        ("cell-error", ["#N/A", "#DIV/0!", "########", "#REF!"]),
        ("value-type", ["很多", "6_0", "NaN", "inf", "⑥", "Ⅳ", "6 0", "TRUE", "35,00", "-0", "(5)"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_number(code, texts):
    assert {text: problems(text, "integer") for text in texts} == {text: [code] for text in texts}


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("date-impossible", ["2024-02-30", "2024年2月30日", "1900-02-29", "2024-13-01", "2024-03-00", "1024-03-05",
                             "20240230", "9999-12-31", "0000-00-00", "二〇二四年二月三十日"]),
        ("date-ambiguous", ["24-3-5", "3/5/2024", "25/03/2024", "5-Mar-24", "2024-03-04T16:00:00Z",
                            "2024-03-05 24:00:00", "24年3月5日", "2024.1"]),
        ("date-incomplete", ["2024", "2024年", "2024年3月", "2024Q1", "2024年第一季度", "3月", "三月"]),
        ("date-other-calendar", ["民国113年3月5日", "甲辰年正月廿五"]),
        ("date-range", ["2024.3.5-2027.3.4", "2024年3月5日至2027年3月4日"]),
        ("cell-error", ["#VALUE!", "########"]),
        ("value-type", ["今天", "1709568000000", "长假"]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_date(code, texts):
    assert {text: problems(text, "date") for text in texts} == {text: [code] for text in texts}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("测试\u202e园育托\u202c", ["text-control-character"]), ("测试\x07园", ["text-control-character"]),
        ("测试\x1b[31m园", ["text-control-character"]), ("测试\U000e0041园", ["text-control-character"]),
        ("测试\ufff9园", ["text-control-character"]), ("测试\ue000园", ["text-private-character"]),
        ("测试\ufffd园", ["text-damaged"]),
        ("测试\ufffe园", ["text-damaged"]), ("测" + "\u0301" * 100 + "试", ["text-damaged"]), ("#REF!", ["cell-error"]),
        *[(text, ["text-formula"]) for text in
          ("=1+1", "+1+1", "-2+3", "@SUM(1)", "＝1+1", "＠SUM(1)", "\t=1+1", "\u200b=1+1", "'=1+1", '"=1+1"')],
        (f"西兴路1号 {MOBILE}", ["mobile-number-in-text"]), (f"园长{RESIDENT_ID}", ["resident-id-in-text"]),
        ("幺三八零零一三八零零零", ["mobile-number-in-text"]), ("收款账号6222021234567890128", ["bank-card-in-text"]),
        ("证件E12345678", ["travel-document-in-text"]), ("微信号abc123", ["personal-words-in-text"]),
        ("发到a.b@example.org", ["personal-words-in-text"]), ("小宝2022年5月1日出生", ["personal-words-in-text"]),
        ("滨江区西兴街道江陵路2028号（0571-87702000）", []), ("（滨江）Ａ托育园𬭎", []), ("星星自闭症儿童康复中心", []),
        ("400-820-8820", []), ("91330108MATE00002B", []), ("二〇二四·一百二十三号", []),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_text(text, codes):
    assert problems(text, "text") == codes


def test_the_kind_of_a_column_decides_what_a_number_is():
    assert problems("12345678.0", "reference") == problems("5.23102E+17", "reference") == ["code-mangled"]
    assert problems("6222021234567890128", "reference") == []  # a district's numbers look like cards
    assert problems("110105491231002", "reference") == ["resident-id-in-text"]  # the form before 1999
    assert problems("330108240305001", "reference") == []  # area, date and serial
    assert problems("330108199001011234", "reference") == problems("330108199001011234", "identifier") == []
    assert problems("330108199001011234", "text") == ["resident-id-in-text"]  # mistyped, and still somebody's
    assert problems(RESIDENT_ID, "credit_code") == ["resident-id-in-text"]
    assert problems("911101083303521997", "credit_code") == problems("911101083303521997", "text") == []


# --- through the gate


def gate(folder: Path, **cells: str) -> GateResult:
    """One sound station and one that says something else in some columns."""
    good = {
        "station_id": "330108-F-000001", "station_name": "西兴驿站", "station_type_code": "demo",
        "subdistrict_code": "330108001", "address": "滨江区西兴路1号", "temporary_care_receipt_no": "A-1",
    }  # fmt: skip
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([STATION.field(name).title_zh for name in good] + [STATION.field("opened_on").title_zh])
    writer.writerow([*good.values(), "2021-06-30"])
    other = good | {"station_id": "330108-F-000002"} | cells
    writer.writerow([other[name] for name in good] + [cells.get("opened_on", "2021-06-30")])
    path = folder / "received"
    path.write_text(out.getvalue(), "utf-8")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return check_file(
        REGISTRY, path, name="驿站.csv", sha256=sha256, received_on="2026-03-30", as_of=date(2026, 3, 31),
        out_dir=folder / "out",
    )  # fmt: skip


def errors(result: GateResult) -> list[tuple]:
    return [(f.code, f.column, f.value) for f in result.findings if f.row == 3]


def test_a_row_with_personal_data_in_public_text_is_held_and_the_value_not_repeated(tmp_path: Path):
    result = gate(tmp_path, address=f"西兴路1号 电话１３８－００１３－８０００ {RESIDENT_ID}")
    assert (result.accepted, result.quarantined) == (1, 1)
    assert errors(result) == [("mobile-number-in-text", "address", None), ("resident-id-in-text", "address", None)]
    for finding in result.findings:
        told = str(explain(REGISTRY, finding))
        assert MOBILE not in told and RESIDENT_ID not in told and "机构住所" in told
    held = duckdb.sql(f"SELECT reasons FROM '{tmp_path}/out/quarantine/station.parquet'").fetchall()
    assert held == [("mobile-number-in-text;resident-id-in-text",)]


def test_a_person_s_number_in_a_date_is_not_repeated_either(tmp_path: Path):
    assert errors(gate(tmp_path, opened_on=MOBILE)) == [("value-type", "opened_on", None)]
    assert errors(gate(tmp_path, opened_on="2021年6月31日")) == [("date-impossible", "opened_on", "2021年6月31日")]


def test_what_only_looked_suspicious_is_not_held(tmp_path: Path):
    """The first look takes a landline and a card-like district number for more than they are; the second does not."""
    result = gate(tmp_path, address="西兴路1—301室 0571-87702000 400-820-8820", station_name="#1驿站")
    assert (result.accepted, errors(result)) == (2, [])


def test_a_warning_does_not_hold_the_row(tmp_path: Path):
    result = gate(tmp_path, address="西兴路1号 E12345678")
    assert (result.accepted, errors(result)) == (2, [("travel-document-in-text", "address", None)])


def test_several_faults_of_one_cell_are_all_told(tmp_path: Path):
    found = errors(gate(tmp_path, address=f"=西兴路\x07 {MOBILE}"))
    assert [code for code, _, _ in found] == ["mobile-number-in-text", "text-control-character", "text-formula"]


def test_every_code_has_its_words_and_a_way_to_mend_it():
    codes = {*PERSONAL} | {
        "number-range", "number-approximate", "number-not-whole", "number-decimals", "number-unit", "cell-error",
        "date-impossible", "date-ambiguous", "date-incomplete", "date-other-calendar", "date-range", "code-mangled",
        "text-control-character", "text-damaged", "text-private-character", "text-formula",
    }  # fmt: skip
    for code in codes:
        text = REGISTRY.finding(code)
        assert text.says_zh and text.says_en and text.advice_zh and text.advice_en and text.dq
