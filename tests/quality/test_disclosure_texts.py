"""Whatever leaves as a text is taken apart as its readers see it, and refused with file and line, never the value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from quality.disclosure import texts
from quality.disclosure.columns import DisclosureRefused
from quality.disclosure.texts import column_kinds, inspect_texts, require_safe_texts
from schemas.registry import load

MOBILE = "13800138000"
RESIDENT_ID = "11010519491231002X"
CARD = "6222021234567890128"
#: of area, date and serial, as districts number their filings: a birth to every eye but a column's
FILING_NO = "330108202405010012"


def found(name: str, text: str, **given) -> list[tuple]:
    return [(f.code, f.file, f.row) for f in inspect_texts({name: text.encode()}, **given)]


def in_file(folder: Path, name: str, text: str, **given) -> list[tuple]:
    path = folder / name
    path.write_text(text, "utf-8")
    return [(f.code, f.row, f.column) for f in inspect_texts({name: path}, **given)]


@pytest.mark.parametrize(
    ("name", "text", "code", "line"),
    [
        ("CHANGES.md", f"# 一\n\n- 联系 {MOBILE}\n", "mobile-number-in-text", 3),
        ("CHANGES.md", "一\n负责人：王小明。\n", "personal-words-in-text", 2),
        ("CHANGES.md", f"一\n卡号 {CARD}\n", "bank-card-in-text", 2),
        ("CHANGES.md", "| 姓名 | 班级 |\n|---|---|\n| 甲 | 乙 |\n", "header-personal-data", 1),
        ("manifest.json", '{\n "reason": "身份证 110105 19491231 002X"\n}', "resident-id-in-text", 2),
        ("quality.json", '{\n "a": [1,\n 13800138000]}', "mobile-number-in-text", 3),
        ("quality.json", json.dumps({"a": f"１３８-{MOBILE[3:7]}-{MOBILE[7:]}"}), "mobile-number-in-text", 1),
        ("quality.json", '{"a": "\\u0031380013\\u0038000"}', "mobile-number-in-text", 1),
        ("quality.json", f'{{"{MOBILE}": 1}}', "mobile-number-in-text", 1),
        ("datapackage.json", '{"fields": [{"name": "x",\n"title": "监护人"}]}', "header-personal-data", 2),
        ("quality.html", "<p>\n<b>138&#48;0138000</b></p>", "mobile-number-in-text", 2),
        ("quality.html", f'\n<a href="tel:{MOBILE}">电话</a>', "mobile-number-in-text", 2),
        ("quality.html", f"<!--\n\n{MOBILE} -->", "mobile-number-in-text", 3),
        ("quality.html", f"<script>\nvar x = '{MOBILE}'</script>", "mobile-number-in-text", 2),
        ("quality.html", "<table><tr><th>幼儿姓名</th><th>班</th></tr></table>", "header-personal-data", 1),
        ("feeds/x.xml", f"<feed>\n<title>{RESIDENT_ID}</title></feed>", "resident-id-in-text", 2),
        ("feeds/x.xml", f"<feed>\n<![CDATA[{RESIDENT_ID}]]></feed>", "resident-id-in-text", 2),
        ("VERIFY.txt", f"a\r\nb\r\n微信号 abcdef {MOBILE}", "mobile-number-in-text", 3),
        ("robots", "一三八〇零一三八零零零\n", "mobile-number-in-text", 1),
    ],
)
def test_it_is_found_by_file_and_line(name, text, code, line):
    assert (code, name, line) in found(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("manifest.json", json.dumps({"sha256": "a13912345678b" + "0" * 51, "bytes": 12345})),
        ("feeds/x.xml", "<feed><id>urn:uuid:0000a138-1234-5678-9000-13912345678b</id></feed>"),
        ("manifest.json", json.dumps({"path": f"blobs/sha256/ab/{'ab13912345678c' + 'd' * 50}"})),
        ("feeds/x.xml", f"<entry><id>tag:x,2026:binjiang/whitelist/{FILING_NO}/1</id></entry>"),
        ("quality.json", json.dumps({"title_zh": "“负责人”中有居民身份证号码。", "count": 3})),
        ("quality.html", "<table><tr><th>身份证号码</th><td>0</td></tr></table>"),
        ("CHANGES.md", "电话 0571-87702000，400-820-8820，代码 91110000600037341L，截至 2024-05-01 至 2025-04-30"),
        ("CHANGES.md", "护照号在备注中会被拒绝；本表没有姓名、出生日期。"),
    ],
)
def test_what_may_leave_is_left_alone(name, text):
    assert found(name, text) == []


HEAD = "table_name,change,key,field_name,old_value,new_value\n"


@pytest.mark.parametrize("many", [1 << 20, 0])
def test_cells_of_csv_are_asked_by_what_their_column_holds(tmp_path, monkeypatch, many):
    """The same for small files and for those that are looked through where they lie."""
    monkeypatch.setattr(texts, "_MANY", many)
    kinds = column_kinds(load("binjiang"))
    assert kinds["filing_no"] == "identifier" and kinds["address"] == "text" and kinds["credit_code"] == "credit_code"
    number = f"open_provider,updated,330108;{FILING_NO},filing_no,{FILING_NO},{FILING_NO}\n"
    assert in_file(tmp_path, "changes.csv", HEAD + number, kinds=kinds) == []
    address = f"open_provider,updated,330108;p1,address,,江陵路1号 {FILING_NO}\n"
    says = [("resident-id-in-text", 3, "new_value")]
    assert in_file(tmp_path, "changes.csv", HEAD + number + address, kinds=kinds) == says
    split = f'provider_id,address\np1,"一""\n二"\np2,"楼\n电话{MOBILE}"\n'
    assert in_file(tmp_path, "open_provider.csv", split, kinds=kinds) == [("mobile-number-in-text", 3, "address")]


def test_of_rows_that_are_proved_only_the_header_is_read(tmp_path):
    text = f"provider_id,监护人\np1,{MOBILE}\n"
    assert in_file(tmp_path, "t.csv", text, proved=["t.csv"]) == [("header-personal-data", 1, None)]
    assert len(in_file(tmp_path, "t.csv", text)) == 2


@pytest.mark.parametrize("many", [1 << 20, 0])
def test_what_cannot_be_read_is_refused_without_being_quoted(tmp_path, monkeypatch, many):
    monkeypatch.setattr(texts, "_MANY", many)
    path = tmp_path / "t.csv"
    path.write_bytes(f'a,b\n1,"{MOBILE}\n'.encode())
    for content, name in ((path, "t.csv"), (b"\xff\xfe" + MOBILE.encode(), "t.md")):
        with pytest.raises(DisclosureRefused) as refused:
            require_safe_texts({name: content})
        assert refused.value.__cause__ is None and MOBILE not in str(refused.value)
        assert {f.code for f in refused.value.findings} <= {"file-unreadable", "mobile-number-in-text"}


def test_a_refusal_names_the_place_and_never_the_value():
    with pytest.raises(DisclosureRefused, match=r"mobile-number-in-text a\.json line 1 phone") as refused:
        require_safe_texts({"a.json": json.dumps({"phone": MOBILE, MOBILE: MOBILE}).encode()})
    assert MOBILE not in str(refused.value) and MOBILE not in repr(refused.value.findings)
