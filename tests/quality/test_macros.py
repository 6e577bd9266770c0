"""The macros that read cells: numbers, dates, months, yes and no, missing words, check digits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest

from quality.normalise import code_word, install_macros

_CON = duckdb.connect()
install_macros(_CON)


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return _CON


def value(con: duckdb.DuckDBPyConnection, expression: str, text: str | None):
    return con.execute(f"SELECT {expression} FROM (SELECT CAST(? AS VARCHAR) AS x)", [text]).fetchone()[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1425", 1425), ("007", 7), ("1,425", 1425), ("１４２５", 1425), ("1425个", 1425), ("1.2万", 12000),
        ("1425.0", 1425), (" 12 ", 12), ("-3", -3), ("0", 0), ("1,234,567", 1234567),
        ("12.6", None), ("1_000", None), ("1,42", None), ("٦٠", None), ("inf", None), ("1e3", None),
        ("三十来个", None), ("12天", None), ("", None), ("暂无", None), (None, None), ("24-36", None),
        ("99999999999999999999", None), ("9" * 5000, None),
        ("+60", 60), ("-5", -5), ("−5", -5), ("0060", 60), ("'60", 60), ("\u3000\u00a060 ", 60), ("6\u200b0", 60),
        ("60 个", 60), ("¥60", 60), ("60.0", 60), ("60.5", None), ("-0", None), ("6 0", None), ("(5)", None),
        ("6O", None), ("6e1", None), ("6²", None), ("⑥", None), ("Ⅳ", None), ("0x3C", None), ("NaN", None),
        ("1e309", None), ("85%", None), ("########", None), ("#DIV/0!", None), ("TRUE", None),
    ],
)  # fmt: skip
def test_integers(con, text, number):
    assert value(con, "norm_integer(x, '个|名')", text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("一千四百二十五", 1425), ("六十", 60), ("陆拾", 60), ("壹仟", 1000), ("十五", 15), ("两千", 2000), ("两", 2),
        ("〇", 0), ("二〇", 20), ("一二〇", 120), ("一千零五", 1005), ("一千零五十二", 1052), ("二百十五", 215),
        ("五万", 50000), ("三十五万", 350000), ("2千5百", 2500), ("十二个", 12),
        # read in two ways, or about: never made exact
        ("三四个", None), ("三四", None), ("七八", None), ("十七八", None), ("三百五", None), ("一千二", None),
        ("一万五", None), ("百", None), ("几十", None), ("三四万", None),
    ],
)  # fmt: skip
def test_chinese_numerals(con, text, number):
    assert value(con, "norm_integer(x, '个|名')", text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("3500.00", "3500"), ("￥3,500.00", "3500"), ("３，５００", "3500"), ("0.35万元", "3500"), ("3500.5", "3500.5"),
     ("3500.005", None), ("3500.0000000000005", "3500"), ("3499.9999999999995", "3500"), ("35,00", None),
     ("3.500,00", None), ("3000-4000", None), ("约3500", None), (">3500", None), ("3500/4200", None), ("3.5k", None)],
)  # fmt: skip
def test_amounts_have_two_decimals_and_are_never_rounded(con, text, number):
    found = value(con, "norm_number(x, '元|块', decimals := 2)", text)
    assert found == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("85.5", "85.5"), ("85.50平方米", "85.5"), ("85㎡", "85"), ("１,２３４.５ m²", "1234.5"),
        ("1.5万平方米", "15000"), ("2亩", None), ("85.5.1", None), (".5", None),
    ],
)  # fmt: skip
def test_numbers(con, text, number):
    found = value(con, "norm_number(x, '平方米|m2')", text)
    assert found == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    ("text", "months"),
    [("36", 36), ("36个月", 36), ("6月龄", 6), ("3岁", 36), ("3周岁", 36), ("3天", None), ("两岁", 24), ("1岁半", 18),
     ("1.5岁", 18), ("十八个月", 18), ("1.5", None), ("6-36", None)],
)  # fmt: skip
def test_ages_in_months(con, text, months):
    assert value(con, "norm_months(x)", text) == months


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-29", "2026年3月29日", "2026/3/29", "2026.3.29", "20260329", "46110", "46110.5", "2026-03-29 00:00:00",
        "2026-03-29T08:30:00", "２０２６年３月２９日", " 2026 年 3 月 29 日 ", "2026年3月29号", "2026 年 03 月 29 日",
        "二〇二六年三月二十九日", "二○二六年三月二十九日", "二零二六年三月二十九日", "2026-03-29T00:00:00+08:00",
        "2026-03-29 23:59:59.999", "2026\u200b-03-29",
    ],
)  # fmt: skip
def test_dates(con, text):
    assert value(con, "norm_date(x)", text) == date(2026, 3, 29)
    assert value(con, "norm_month(x)", text) == "2026-03"


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30", "2026年13月1日", "29/3/2026", "26-3-29", "2026", "99999", "0001-01-01", "",
        "2024年2月30日", "2023-02-29", "1900-02-29", "60", "2024-03-00", "0000-00-00", "1024-03-05", "20244-03-05",
        "3/5/2024", "5-Mar-24", "民国113年3月5日", "甲辰年正月廿五", "2024-03-04T16:00:00Z", "2024-03-05 24:00:00",
        "1709568000000", "今天", "2024.3.5-2027.3.4", "2024.3-5", "2024年3月", "9999-12-31", "infinity", "长期",
    ],
)  # fmt: skip
def test_what_is_no_date(con, text):
    assert value(con, "norm_date(x)", text) is None


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-03", "2026-03"), ("2026年3月", "2026-03"), ("2026/3", "2026-03"), ("2026.03", "2026-03"),
        ("202603", "2026-03"), ("2026-3-1", "2026-03"), ("2026-13", None), ("20263", None), ("3月", None),
        ("2026年3月份", "2026-03"), ("二〇二六年三月", "2026-03"), ("2026.3", "2026-03"), ("2026.10", "2026-10"),
        ("2026.1", None), ("2026-00", None), ("0000-03", None), ("2026Q1", None), ("三月", None), ("Mar-26", None),
    ],
)  # fmt: skip
def test_months(con, text, month):
    assert value(con, "norm_month(x)", text) == month


@pytest.mark.parametrize(
    ("words", "truth"),
    [
        (["是", "有", "√", "Y", "yes", "1", "TRUE", "普惠", " 是 "], True),
        (["否", "无", "×", "N", "no", "0", "false", "非普惠"], False),
        (["也许", "", "-", "2"], None),
    ],
)
def test_booleans(con, words, truth):
    assert [value(con, "norm_boolean(x)", w) for w in words] == [truth] * len(words)


@pytest.mark.parametrize(
    "text",
    ["", " ", "　", "-", "—", "——", "/", "无", "暂无", "不详", "N/A", "n/a", "NULL", "Ｎ／Ａ", "待定", "?", "？",
     "None", "nil", "无数据", "未填", "暂 无", "\u200b-", "（空）", "\u3000 \t", "暂\u00ad无"],
)  # fmt: skip
def test_words_for_nothing(con, text):
    assert value(con, "norm_text(x)", text) is None
    assert value(con, "norm_id(x)", text) is None


def test_official_text_is_only_trimmed_and_identifiers_are_folded(con):
    assert value(con, "norm_text(x)", "　（滨江）Ａ托育园，𬭎䶮　") == "（滨江）Ａ托育园，𬭎䶮"
    assert value(con, "norm_id(x)", " ９１3301 08mate00002b ") == "91330108MATE00002B"
    assert value(con, "norm_id(x)", "330108001.0") == "330108001"
    assert value(con, "norm_id(x)", "9133O108MATE00002B") == "9133O108MATE00002B"  # O is not repaired


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("测试\u200b托育园", "测试托育园"), ("测试\ufeff托育园", "测试托育园"), ("测试\u00ad托育园", "测试托育园"),
        ("测试\u00a0托育园", "测试 托育园"), ("Cafe\u0301托育园", "Caf\u00e9托育园"),
        ("测试\u2f00托育园", "测试一托育园"),
        ("测试\u845b\U000e0100园", "测试葛园"), ("一\r\n二\u2028三", "一 二 三"), ("测试ＡＢＣ园", "测试ＡＢＣ园"),
        ("测试\ufa11𠮷园", "测试\ufa11𠮷园"), ("测试\u202e园\u202c", "测试\u202e园\u202c"), ("铃\x07", "铃\x07"),
    ],
)  # fmt: skip
def test_only_what_is_certain_of_a_text_is_changed(con, raw, text):
    assert value(con, "norm_text(x)", raw) == text


@pytest.mark.parametrize(
    ("raw", "code"),
    [("91330108mate\u200b00002b", "91330108MATE00002B"), ("'330108001", "330108001"), ("5.23102E+17", "5.23102E+17"),
     ("91330108\u041cATE00002B", "91330108\u041cATE00002B"), ("NIL", None)],
)  # fmt: skip
def test_identifiers_are_folded_and_never_repaired(con, raw, code):
    assert value(con, "norm_id(x)", raw) == code


# domain 4.1-4.3: real codes from public registers, then invented ones with the subject code MATE
@pytest.mark.parametrize(
    "code",
    [
        "91110000600037341L", "91110108551385082Q", "91350100M000100Y43", "911101083303521997", "91420222MADXAY8RXJ",
        "11332500MB1601924J", "91330108MATE00002B", "91330108MATE000106", "91330108MATE0007X6", "91330108MATE002050",
        "52330108MATE00002C", "12330108MATE00002G", "92330108MATE000028", "N2330108MATE00002T",
    ],
)  # fmt: skip
def test_credit_codes_that_hold(con, code):
    assert value(con, "gb32100_valid(x)", code) is True
    assert value(con, "gb11714_valid(x)", code) is True


def test_credit_codes_that_do_not_hold(con):
    assert value(con, "gb32100_valid(x)", "91330108MATE00003E") is True  # its own digit is right,
    assert value(con, "gb11714_valid(x)", "91330108MATE00003E") is False  # the one inside is not
    assert value(con, "gb32100_valid(x)", "0" * 18) is False  # the digit is right, the form is not
    bad = ["91330108MATE00002C", "91330108MATE0000IB", "91330108MATE00002", "91330108MATE00002BB", "", "垃圾"]
    assert [value(con, "gb32100_valid(x)", code) for code in bad] == [False] * len(bad)
    assert value(con, "gb32100_valid(x)", None) is None


def test_organisation_codes(con):
    assert [value(con, "gb11714_valid(x)", c) for c in ("MADXAY8RX", "600037341", "MADXAY8R1")] == [True, True, False]


@pytest.mark.parametrize(
    "code",
    ["11108071215650", "11105050876919", "34202220183637", "33301080000122", "33301080001230", "23301080000343"],
)
def test_food_licence_check_digit(con, code):
    assert value(con, "iso7064_mod11_10_valid(x)", code) is True
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    assert value(con, "iso7064_mod11_10_valid(x)", wrong) is False


@pytest.mark.parametrize("text", ["（滨江） Ａ", "330108001.0", "Full Day", "面积㎡", "全日　托"])
def test_code_words_are_the_same_in_python_and_sql(con, text):
    assert value(con, "code_word(x)", text) == code_word(text)
