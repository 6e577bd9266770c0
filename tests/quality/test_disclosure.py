"""What must not leave is found and named by place; what may leave is left alone."""

from __future__ import annotations

import duckdb
import pytest

from quality.disclosure.columns import DisclosureRefused, inspect, require_safe
from quality.normalise import install_macros
from schemas.model import Field, Table

RESIDENT_ID = "11010519491231002X"  # the worked example of GB 11643 itself
MOBILE = "13800138000"
#: published fixtures and public companies' codes: see the dossier, sections 4.1 and 4.3
CREDIT_CODES = ["91110000600037341L", "91330108MATE00002B", "91330108MATE002050", "52330108MATE00002C"]


_CON = duckdb.connect()
install_macros(_CON)


def personal_data(text: str, kind: str = "text") -> list[str]:
    """What the detectors say of a text, behind the cheap look that comes before them."""
    looked = "CASE WHEN may_be_personal($1) THEN personal_codes($1, $2) ELSE [] END"
    return _CON.execute(f"SELECT {looked}", [text, kind]).fetchone()[0]


def holds(macro: str, text: str) -> bool:
    return _CON.execute(f"SELECT {macro}($1::VARCHAR)", [text]).fetchone()[0]


def is_credit_code(text: str) -> bool:
    return holds("gb32100_valid", text)


def is_resident_id(text: str) -> bool:
    return holds("gb11643_valid", text)


def column(name: str, access: str = "public", type: str = "string") -> Field:
    return Field(name=name, type=type, title_zh=name, title_en=name, access=access)


def table(*fields: Field, layer: str = "open") -> Table:
    texts = {"title_zh": "表", "title_en": "t", "grain_zh": "行", "grain_en": "row"}
    return Table(name="open_t", layer=layer, key=(fields[0].name,), fields=fields, **texts)


@pytest.fixture
def con():
    return duckdb.connect()


def written(con, columns: dict[str, str], *rows: tuple) -> str:
    con.execute(f"CREATE TABLE t ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")
    con.executemany(f"INSERT INTO t VALUES ({', '.join('?' for _ in columns)})", rows)
    return "t"


#: one mobile number as people write it
WRITTEN = [
    *(f"138{mark}1234{mark}5678" for mark in "-. ·‑–—―−•・－．\u00a0\u3000\u2009\t"),
    *("138 - 1234 - 5678", "138. 1234. 5678", "138--1234--5678", "138\u200b1234\u200b5678", "138 12345678"),
    *("8613812345678", "+8613812345678", "008613812345678", "86-138-1234-5678", "+86 138 1234 5678"),
    *("+86.138.1234.5678", "(86)13812345678", "+86·138·1234·5678", "电话：８６１３８１２３４５６７８。"),
    *("tel13812345678", "１３８-1234-5678", "138-１２３４-5678"),
]
#: what looks like one and may leave
HARMLESS = [
    *("330108-S-0001", "330108-138-0001", "2024-05-01", "2024.05.01", "1990-01-01 2024-01-01", "20240501"),
    *("1,381,234.56", "13812345.67", "138.12", "138.12345678", "1381234.5678", "132.12345678,30.12345678"),
    *("192.168.138.12", "86138123456789", "868612345678901", "138.1234.56789", "0.13812345678901"),
    *("2024-05-01至2025-04-30", "1980年12月31日", "86-0571-87702000", "86", "100万元"),
]


def test_a_mobile_number_is_found_however_it_is_written(con):
    """By DuckDB's search and by the decision after it, each with every writing."""
    assert [text for text in WRITTEN if personal_data(text) != ["mobile-number-in-text"]] == []
    columns = [(f"c{i}", text) for i, text in enumerate(WRITTEN)]
    relation = written(con, {name: "VARCHAR" for name, _ in columns}, tuple(text for _, text in columns))
    found = inspect(con, table(*(column(name) for name, _ in columns)), relation)
    assert sorted(f.column for f in found) == sorted(name for name, _ in columns)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_number_may_leave(text):
    assert personal_data(text) == []


def test_the_digits_of_a_credit_code_are_no_telephone_number():
    """A code of category 3 begins with eleven digits that could be one, in a column of any name."""
    stem = "13330108123MA0000"
    code = next(stem + c for c in "0123456789ABCDEFGHJKLMNPQRTUWXY" if is_credit_code(stem + c))
    assert personal_data(code) == personal_data(f"代码{code}。") == []
    assert personal_data(f"{code} {MOBILE}") == ["mobile-number-in-text"]


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (RESIDENT_ID, ["resident-id-in-text"]),
        (f"负责人身份证{RESIDENT_ID.lower()}。", ["resident-id-in-text"]),
        ("１１０１０５１９４９１２３１００２Ｘ", ["resident-id-in-text"]),
        ("110105 19491231 002X", ["resident-id-in-text"]),
        ("110105194912310021", ["resident-id-in-text"]),  # mistyped: the check digit is wrong
        ("江陵路1号联系人身份证号330108199001011234", ["resident-id-in-text"]),
        ("３３０１０８ 19900101 1234", ["resident-id-in-text"]),
        ("身份证件：3301", ["resident-id-in-text"]),
        ("身份证号码尾号为1234", ["resident-id-in-text"]),
        ("凭身份证登记，0571-87702000", []),
        ("990108199001011234", []),  # no such province
        ("330108199013011234", []),  # no such month
        ("江陵路1号 330108196506061051", ["resident-id-in-text"]),  # mistyped, and a credit code by chance
        ("江陵路1号 联系人：王小明", ["personal-words-in-text"]),
        ("负责人李某某 0571-87702000", ["personal-words-in-text"]),
        ("西兴路1号（园长张三）", ["personal-words-in-text"]),
        ("法定代表人为陈一一", ["personal-words-in-text"]),
        ("公园长江路1号", []),
        ("幼儿园长河店", []),
        ("联系人电话0571-87702000", []),
        ("法人单位登记证书", []),
        ("园长办公室", []),
        ("11010519491331002X", []),  # no such month
        (f"9{RESIDENT_ID}", []),  # inside a longer number
        (MOBILE, ["mobile-number-in-text"]),
        (f"电话:{MOBILE}(园长)", ["mobile-number-in-text"]),
        ("138-0013-8000", ["mobile-number-in-text"]),
        ("+86 13800138000", ["mobile-number-in-text"]),
        ("１３８００１３８０００", ["mobile-number-in-text"]),
        (f"1 {MOBILE}", ["mobile-number-in-text"]),  # begins inside what only looked like one
        (f"{RESIDENT_ID} {MOBILE}", ["resident-id-in-text", "mobile-number-in-text"]),
        ("0571-87702000", []),  # a landline may be published
        ("400-820-8820", []),
        ("12345678901", []),  # no mobile begins with 12
        ("138001380001", []),  # twelve digits
        ("", []),
        ("浙滨托备字〔2024〕第00138号", []),
        *[(code, []) for code in CREDIT_CODES],
    ],
)
def test_personal_data(text, codes):
    assert personal_data(text) == codes


def test_check_digits():
    assert is_resident_id(RESIDENT_ID) and not is_resident_id(RESIDENT_ID[:-1] + "1")
    assert all(is_credit_code(code) for code in CREDIT_CODES)
    assert not is_credit_code("91330108MATE00002C") and not is_credit_code("91330108MATE0000")


def _both() -> str:
    """A number that is a resident id and a credit code by both check digits."""
    for i in range(1000):
        for last in "0123456789X":
            text = f"11010519900101{i:03d}{last}"
            if is_resident_id(text) and is_credit_code(text):
                return text
    raise AssertionError("none found")


def test_the_column_decides_when_a_number_is_both(con):
    both = _both()
    relation = written(con, {"k": "VARCHAR", "credit_code": "VARCHAR", "note": "VARCHAR"}, ("1", both, both))
    found = inspect(con, table(column("k"), column("credit_code"), column("note")), relation)
    assert [(f.code, f.column) for f in found] == [("resident-id-in-text", "note")]


def test_a_resident_id_in_the_credit_code_column_is_found(con):
    relation = written(con, {"k": "VARCHAR", "credit_code": "VARCHAR"}, ("1", RESIDENT_ID))
    found = inspect(con, table(column("k"), column("credit_code")), relation)
    assert [(f.code, f.column) for f in found] == [("resident-id-in-text", "credit_code")]


def test_findings_name_the_place_and_never_the_value(con):
    rows = [("a", "西兴街道", None), ("b", f"联系{MOBILE}", None), ("c", None, 13800138000)]
    columns = {"k": "VARCHAR", "address": "VARCHAR", "place_count": "BIGINT"}
    relation = written(con, columns, *rows)
    contract = table(column("k"), column("address"), column("place_count", type="integer"))
    with pytest.raises(DisclosureRefused) as refused:
        require_safe(con, contract, relation)
    places = [(f.code, f.table, f.column, f.row, f.value) for f in refused.value.findings]
    assert places == [
        ("mobile-number-in-text", "open_t", "address", 2, None),
        ("mobile-number-in-text", "open_t", "place_count", 3, None),
    ]
    assert MOBILE not in str(refused.value) and MOBILE not in repr(refused.value.findings)


@pytest.mark.parametrize("name", ["contact_phone", "child_name"])
def test_private_and_unknown_columns_are_refused(con, name):
    relation = written(con, {"k": "VARCHAR", name: "VARCHAR"}, ("1", "x"))
    contract = table(column("k"), column("contact_phone", access="private"), layer="core")
    found = inspect(con, contract, relation)
    assert [(f.code, f.column) for f in found] == [("private-column", name)]


def test_many_findings_are_bounded(con):
    relation = written(con, {"k": "VARCHAR"}, *[(f"{13800138000 + i}",) for i in range(500)])
    assert len(inspect(con, table(column("k")), relation)) == 20


def test_clean_table_passes(con):
    relation = written(con, {"k": "VARCHAR", "credit_code": "VARCHAR"}, ("p1", CREDIT_CODES[0]), ("p2", None))
    require_safe(con, table(column("k"), column("credit_code")), relation)
    assert inspect(con, table(column("k"), column("credit_code")), relation) == []
