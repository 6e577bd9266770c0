"""The macros that read cells: numbers, dates, months, yes and no, missing words, check digits."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
        ("99999999999999999999", None),
    ],
)  # fmt: skip
def test_integers(con, text, number):
    assert value(con, "norm_integer(x, '个|名')", text) == number


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
    ("text", "months"), [("36", 36), ("36个月", 36), ("6月龄", 6), ("3岁", 36), ("3周岁", 36), ("3天", None)]
)
def test_ages_in_months(con, text, months):
    assert value(con, "norm_months(x)", text) == months


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-29", "2026年3月29日", "2026/3/29", "2026.3.29", "20260329", "46110", "46110.5", "2026-03-29 00:00:00",
        "2026-03-29T08:30:00", "２０２６年３月２９日", " 2026 年 3 月 29 日 ", "2026年3月29号",
    ],
)  # fmt: skip
def test_dates(con, text):
    assert value(con, "norm_date(x)", text) == date(2026, 3, 29)
    assert value(con, "norm_month(x)", text) == "2026-03"


@pytest.mark.parametrize(
    "text", ["2026-02-30", "2026年13月1日", "29/3/2026", "26-3-29", "2026", "99999", "0001-01-01", ""]
)
def test_what_is_no_date(con, text):
    assert value(con, "norm_date(x)", text) is None


@pytest.mark.parametrize(
    ("text", "month"),
    [
        ("2026-03", "2026-03"), ("2026年3月", "2026-03"), ("2026/3", "2026-03"), ("2026.03", "2026-03"),
        ("202603", "2026-03"), ("2026-3-1", "2026-03"), ("2026-13", None), ("20263", None), ("3月", None),
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
    "text", ["", " ", "　", "-", "—", "——", "/", "无", "暂无", "不详", "N/A", "n/a", "NULL", "Ｎ／Ａ"]
)
def test_words_for_nothing(con, text):
    assert value(con, "norm_text(x)", text) is None
    assert value(con, "norm_id(x)", text) is None


def test_official_text_is_only_trimmed_and_identifiers_are_folded(con):
    assert value(con, "norm_text(x)", "　（滨江）Ａ托育园，𬭎䶮　") == "（滨江）Ａ托育园，𬭎䶮"
    assert value(con, "norm_id(x)", " ９１3301 08mate00002b ") == "91330108MATE00002B"
    assert value(con, "norm_id(x)", "330108001.0") == "330108001"
    assert value(con, "norm_id(x)", "9133O108MATE00002B") == "9133O108MATE00002B"  # O is not repaired


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


MACROS = (
    "norm_integer(x, '个')",
    "norm_number(x, '个')",
    "norm_months(x)",
    "norm_date(x)",
    "norm_month(x)",
    "norm_boolean(x)",
    "norm_id(x)",
    "norm_text(x)",
    "gb32100_valid(x)",
    "gb11714_valid(x)",
    "iso7064_mod11_10_valid(x)",
)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=24))
def test_no_text_makes_a_macro_fail(text):
    text = text.replace("\0", "")
    assert len([value(_CON, macro, text) for macro in MACROS]) == len(MACROS)  # each gives a value or NULL


@pytest.mark.parametrize("text", ["（滨江） Ａ", "330108001.0", "Full Day", "面积㎡", "全日　托"])
def test_code_words_are_the_same_in_python_and_sql(con, text):
    assert value(con, "code_word(x)", text) == code_word(text)


@settings(max_examples=200, deadline=None)
@given(number=st.integers(-(10**14), 10**14))
def test_every_written_form_of_an_integer_is_read_back(number):
    wide = str(number).translate(str.maketrans("0123456789-", "０１２３４５６７８９－"))
    for text in (str(number), f"{number:,}", wide, f"{number}个"):
        assert _CON.execute("SELECT norm_integer(?::VARCHAR, '个')", [text]).fetchone()[0] == number
