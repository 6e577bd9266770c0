"""The macros on generated cells: what is written any usual way is read back; the rest is NULL, never wrong."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import duckdb
from hypothesis import example, given, settings
from hypothesis import strategies as st

from quality.normalise import install_macros
from schemas.registry import load

REGISTRY = load()
_CON = duckdb.connect()
install_macros(_CON)
#: one query over many cells: planning a macro takes longer than running it
MANY = settings(max_examples=50, deadline=None)
NUMERALS = "〇一二三四五六七八九"


def read(expression: str, texts: list[str]) -> list:
    """The value of the expression for each text."""
    found = _CON.execute(f"SELECT {expression} FROM (SELECT unnest($1::VARCHAR[]) AS x)", [texts])
    return [v for (v,) in found.fetchall()]


def wide(text: str) -> str:
    return text.translate({ord(c): ord(c) + 0xFEE0 for c in "0123456789,.-+"})


def numeral(n: int) -> str:
    """A whole number below ten thousand as it is spoken: 1052 is 一千零五十二."""
    if n == 0:
        return "零"
    spoken, gap = "", False
    for sign, digit in zip(("千", "百", "十", ""), map(int, f"{n:04d}"), strict=True):
        if digit:
            spoken += ("零" if gap and spoken else "") + NUMERALS[digit] + sign
            gap = False
        else:
            gap = True
    return spoken


@MANY
@given(st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=40))
def test_every_written_form_of_a_whole_number_is_read_back(numbers):
    forms = (
        str, "{:,}".format, lambda n: wide(str(n)), "{}个".format, " {}\u3000".format, "{} 名".format, "'{}".format,
    )  # fmt: skip
    written = [(form(n), n) for n in numbers for form in forms]
    assert read("norm_integer(x, '个|名')", [text for text, _ in written]) == [n for _, n in written]


def test_every_chinese_numeral_below_ten_thousand_is_read_back():
    numbers = [*range(1000), *range(1000, 10000, 7)]
    financial = str.maketrans("一二三四五六七八九十百千", "壹贰叁肆伍陆柒捌玖拾佰仟")
    for texts in ([numeral(n) for n in numbers], [numeral(n).translate(financial) for n in numbers]):
        assert read("norm_integer(x, '个')", texts) == numbers
    teens = [numeral(n).removeprefix("一") for n in range(10, 20)]
    assert read("norm_integer(x, '个')", teens) == list(range(10, 20))
    assert read("norm_integer(x, '人')", [f"{numeral(n)}万人" for n in (1, 12, 305)]) == [10000, 120000, 3050000]


@MANY
@given(st.lists(st.decimals(Decimal("-99999999999.99"), Decimal("99999999999.99"), places=2), min_size=1, max_size=40))
def test_every_written_form_of_an_amount_is_read_back_exactly(amounts):
    amounts = [a for a in amounts if a or not a.is_signed()]
    forms = ("{}".format, "{:,}".format, lambda a: wide(str(a)), "{}元".format, "{}0000".format)
    written = [(form(a), a) for a in amounts for form in forms]
    assert read("norm_number(x, '元', decimals := 2)", [text for text, _ in written]) == [a for _, a in written]


@MANY
@given(st.lists(st.decimals(Decimal(0), Decimal(10**9), places=3), min_size=1, max_size=60))
def test_a_third_decimal_is_never_rounded_away(amounts):
    found = read("norm_number(x, '元', decimals := 2)", [f"{a:.3f}" for a in amounts])
    assert found == [a if a == a.quantize(Decimal("0.01")) else None for a in amounts]


@MANY
@given(st.lists(st.dates(date(1900, 1, 1), date(2199, 12, 31)), min_size=1, max_size=40))
@example([date(1900, 1, 1), date(1900, 2, 28), date(1900, 3, 1), date(2000, 2, 29), date(2199, 12, 31)])
def test_every_written_form_of_a_date_is_read_back(days):
    forms = (
        date.isoformat, "{0.year}年{0.month}月{0.day}日".format, "{0.year}/{0.month}/{0.day}".format,
        "{0.year}.{0.month}.{0.day}".format, "{0:%Y%m%d}".format, "{0:%Y-%m-%d} 00:00:00".format,
        "{0:%Y-%m-%d}T23:59:59+08:00".format, lambda d: wide(d.isoformat()),
        "{0.year} 年 {0.month} 月 {0.day} 号".format,
        lambda d: f"{''.join(NUMERALS[int(c)] for c in str(d.year))}年{_month(d.month)}月{_month(d.day)}日",
    )  # fmt: skip
    written = [(form(day), day) for day in days for form in forms]
    found = _CON.execute(
        "SELECT norm_date(x), norm_month(x) FROM (SELECT unnest($1::VARCHAR[]) AS x)", [[t for t, _ in written]]
    )
    assert found.fetchall() == [(day, f"{day:%Y-%m}") for _, day in written]


def _month(n: int) -> str:
    return numeral(n).removeprefix("一") if 10 <= n < 20 else numeral(n)


def test_spreadsheet_serials_are_days_since_1899_12_30():
    days = [date(1982, 2, 18), date(2000, 2, 29), date(2026, 3, 29), date(2064, 4, 7)]
    serials = [str((day - date(1899, 12, 30)).days) for day in days]
    assert read("norm_date(x)", serials) == days
    assert read("norm_date(x)", ["59", "60", "61", "-5", "1e15", "29999", "60000"]) == [None] * 7


#: cells of every kind of sign that numbers and dates are made of, so that many nearly are one
SIGNS = "0123456789０５.,-－~～/年月日时个元万十百千零〇一两三约余>% +eE'()²٦Ⅳ\u200b\u3000"
NEARLY = st.text(alphabet=SIGNS, max_size=12)


@MANY
@given(st.lists(NEARLY, min_size=1, max_size=60))
def test_a_number_that_is_read_is_the_one_that_stands_there(texts):
    """Whatever is read from a cell of ASCII digits alone is what they say; signs of doubt give nothing."""
    for text, number in zip(texts, read("norm_number(x, '个|元')", texts), strict=True):
        plain = wide_to_plain(text)
        if number is None:
            continue
        assert not re.search(r"[~～/年月日时约余>%eE()²٦Ⅳ]", plain), text
        if re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)?", plain) and len(plain) <= 15:
            assert number == Decimal(plain), text


def wide_to_plain(text: str) -> str:
    return text.replace("０", "0").replace("５", "5").replace("－", "-").replace("\u200b", "").strip(" \u3000")


KINDS = ("integer", "number", "date", "yearmonth", "boolean", "text", "reference", "identifier", "credit_code")
EVERY = (
    "norm_integer(x, '个')", "norm_number(x, '个')", "norm_months(x)", "norm_date(x)", "norm_month(x)",
    "norm_boolean(x)", "norm_id(x)", "norm_text(x)", "code_word(x)", "gb32100_valid(x)", "gb11714_valid(x)",
    "iso7064_mod11_10_valid(x)",
    "gb11643_valid(x)", "luhn_valid(x)", "may_be_personal(x)", "is_open_ended(x)", "cell_problems(x, kind, TRUE)",
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=24), NEARLY), min_size=1, max_size=80))
def test_no_text_makes_a_macro_fail(texts):
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    found = _CON.execute(
        f"SELECT {', '.join(EVERY)} FROM (SELECT unnest($1::VARCHAR[]) AS x), (SELECT unnest($2::VARCHAR[]) AS kind)",
        [texts, KINDS],
    ).fetchall()
    assert len(found) == len(texts) * len(KINDS)
    assert {code for *_, codes in found for code in codes} <= set(REGISTRY.findings)


@MANY
@given(st.lists(st.one_of(st.text(max_size=24), NEARLY), min_size=1, max_size=60))
@example(["暂\u00ad无", "'-", "－\u200b", "e\u0301\u200b\u0302", "\u2f00\u2f00", "'330108.0", "a\r\nb"])
def test_normalising_twice_is_normalising_once(texts):
    texts = [text.encode("utf-8", "ignore").decode() for text in texts]
    macros = (
        "norm_text({})", "norm_id({})", "CAST(norm_integer({}, '个') AS VARCHAR)", "CAST(norm_date({}) AS VARCHAR)",
        "norm_month({})", "code_word({})", "CAST(norm_number({}, '元') AS VARCHAR)",
        "CAST(norm_boolean({}) AS VARCHAR)",
    )  # fmt: skip
    once = _CON.execute(
        f"SELECT {', '.join(m.format('x') for m in macros)} FROM (SELECT unnest($1::VARCHAR[]) AS x)", [texts]
    ).fetchall()
    for macro, values in zip(macros, zip(*once, strict=True), strict=True):
        assert read(macro.format("x"), list(values)) == list(values), macro
