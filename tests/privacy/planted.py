"""A small inbox of the demo's own files into which personal data is planted, of every kind and in every place.

What belongs here: the tokens, and the files that carry them. What does not: looking for them (leaving.py). All numbers
and names are invented; each is unique, so that one that is found tells where it comes from.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import openpyxl
from openpyxl.comments import Comment
from openpyxl.packaging.custom import StringProperty
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from pipelines.demo import make_inbox
from quality.reading.headers import match_header
from schemas.registry import Registry

DAY = date(2026, 3, 31)
REGISTER = "区社会发展局/2024-03-备案台账导出.xlsx"
STATIONS = "区社会发展局/成长驿站名录.xlsx"
TARGETS = "区社会发展局/规划目标.xlsx"
POPULATION = "区社会发展局/人口.csv"
FEES = "收费公示与调查/2026-03-收费公示采集.xlsx"
REPORTS = "街道月报/330108001/2026-01至2026-03成长驿站月报.xlsx"
REPORTS_CSV = "街道月报/330108003/2026-01至2026-03成长驿站月报.csv"
SURNAMES = "欧阳诸葛上官司马"
#: seldom in a text, so that a name is found by itself
RARE = "翀翂翃翙翚翯耄耔耖耜耠耢耥耦耧耩耨耱聃聆聍聒聩聱肀肄肟肫肭胂胍胙胛胝"


@dataclass
class Tokens:
    """Invented persons' data, each unique; ``planted`` says of each of them what and where it is."""

    planted: dict[str, str] = field(default_factory=dict)
    number: int = 0

    def _new(self, where: str, make: Callable[[int], str]) -> str:
        self.number += 1
        token = make(self.number)
        assert token not in self.planted
        self.planted[token] = where
        return token

    def resident(self, where: str, write: Callable[[str], str] = str) -> str:
        return self._new(where, lambda n: write(resident_id(n)))

    def mobile(self, where: str, write: Callable[[str], str] = str) -> str:
        return self._new(where, lambda n: write(f"1394{n * 7919 + 1_000_000:07d}"))

    def card(self, where: str, write: Callable[[str], str] = str) -> str:
        return self._new(where, lambda n: write(bank_card(n)))

    def name(self, where: str) -> str:
        def make(n: int) -> str:
            first = 2 * (n % 4)
            return SURNAMES[first : first + 2] + RARE[n % len(RARE)] + RARE[(n * 5 + n // len(RARE) + 1) % len(RARE)]

        return self._new(where, make)

    def other(self, where: str, make: Callable[[int], str]) -> str:
        return self._new(where, make)


def resident_id(n: int) -> str:
    """GB 11643 with its check digit (ISO 7064 MOD 11-2)."""
    body = f"33010819{60 + n % 30:02d}{1 + n % 12:02d}{1 + n % 28:02d}{100 + n:03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return body + "10X98765432"[sum(int(c) * w for c, w in zip(body, weights, strict=True)) % 11]


def bank_card(n: int) -> str:
    """19 digits, the last of them by Luhn."""
    body = f"622202{n * 104729 + 123_456_789_012:012d}"
    doubled = [2 * int(c) if i % 2 == 0 else int(c) for i, c in enumerate(reversed(body))]
    return body + str(-sum(d // 10 + d % 10 for d in doubled) % 10)


def wrong_check(number: str) -> str:
    return number[:17] + ("1" if number[17] != "1" else "2")


def wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) for c in text)


def spoken(text: str) -> str:
    return "".join("零一二三四五六七八九"[int(c)] for c in text)


def dashed(text: str) -> str:
    return f"{text[:3]}-{text[3:7]}-{text[7:]}"


def in_fours(text: str) -> str:
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def texts(t: Tokens, where: str) -> Iterator[str]:
    """Personal data as people write it into a text that is public."""
    yield f"身份证 {t.resident(f'identity number, {where}')}"
    yield f"江陵路1号 {t.resident(f'identity number with a lower x, {where}', lambda s: s[:17] + 'x')}"
    yield f"江陵路1号 {t.resident(f'identity number with spaces, {where}', lambda s: f'{s[:6]} {s[6:14]} {s[14:]}')}"
    yield f"江陵路1号 {t.resident(f'identity number of full width, {where}', wide)}"
    yield f"江陵路1号 {t.resident(f'identity number, wrong check digit, {where}', wrong_check)}"
    yield f"江陵路1号 {t.resident(f'identity number of 15 digits, {where}', lambda s: s[:6] + s[8:17])}"
    yield f"江陵路1号 {t.resident(f'identity number in words, {where}', lambda s: spoken(s[:17]) + '一')}"
    yield f"电话 {t.mobile(f'mobile number, {where}')}"
    yield f"电话 {t.mobile(f'mobile number with dashes, {where}', dashed)}"
    yield f"电话 +86{t.mobile(f'mobile number after +86, {where}')}"
    yield f"电话 {t.mobile(f'mobile number of full width, {where}', wide)}"
    yield f"电话 {t.mobile(f'mobile number in words, {where}', spoken)}"
    yield f"押金退至 {t.card(f'bank card, {where}')}"
    yield f"押金退至 {t.card(f'bank card in fours, {where}', in_fours)}"
    yield f"护照号 {t.other(f'passport, {where}', lambda n: f'E{60_000_000 + n}')}"
    yield f"江陵路1号 负责人：{t.name(f'name behind a post, {where}')}"
    yield f"江陵路1号（联系人{t.name(f'name behind a contact, {where}')}）"
    yield f"邮箱 {t.other(f'mailbox, {where}', lambda n: f'yuanzhang{n}@example.cn')}"
    yield f"微信号 {t.other(f'account, {where}', lambda n: f'wxid_tuoyu{n}')}"
    yield f"车牌 {t.other(f'number plate, {where}', lambda n: f'浙A·D{1000 + n}')}"
    yield f"家住 {t.other(f'home, {where}', lambda n: f'翀翯路{n}弄{n}号')}"
    yield f"患有{t.other(f'illness, {where}', lambda n: f'{RARE[n % 30]}{RARE[-n % 30]}')}症"


def plant(folder: Path, registry: Registry, t: Tokens) -> None:
    """The inbox: eight files of the demo, and some that never should have been sent."""
    make_inbox(folder, seed=1, providers=45, months=12, as_of=DAY)
    kept = {REGISTER, STATIONS, TARGETS, POPULATION, FEES, REPORTS, REPORTS_CSV}
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        if path.relative_to(folder).as_posix() not in kept:
            path.unlink()
    _register(folder / REGISTER, registry, t)
    _workbook_itself(folder / REGISTER, t)
    _stations(folder / STATIONS, registry, t)
    _targets(folder / TARGETS, registry, t)
    _picture(folder / REPORTS, t)
    _reports(folder / REPORTS_CSV, t)
    _population(folder / POPULATION, t)
    _lists(folder, t)
    _strange_files(folder, t)


def columns(sheet: Worksheet, registry: Registry, table: str) -> tuple[int, dict[str, int]]:
    """The first row of data and the number of each field's column, both from 1."""
    head = [[str(c) if c else None for c in row] for row in sheet.iter_rows(max_row=6, values_only=True)]
    match = match_header(head, [registry.tables[table]])
    return match.row + match.height + 1, {name: index + 1 for index, name in match.columns.items()}


def _register(path: Path, registry: Registry, t: Tokens) -> None:
    """Public text, private text and codes of the register of filings, a row each."""
    book = openpyxl.load_workbook(path)
    sheet = book["备案登记"]
    row, at = columns(sheet, registry, "filing")
    cells = [("address", text) for text in texts(t, "an address")]
    cells += [
        ("provider_name", f"滨江托育园 法定代表人：{t.name('name, the name of a provider')}"),
        ("provider_name", f"托育园{t.mobile('mobile number, the name of a provider')}"),
        ("alias_names", f"小园，园长：{t.name('name, an alias')}"),
        ("community_name", f"白马湖社区 {t.resident('identity number, a community')}"),
        ("registered_scope", f"托育服务，经办人{t.name('name, a private text')}"),
        ("contact_phone", t.mobile("mobile number, a private column")),
        ("filing_no", t.resident("identity number, a number of a filing")),
        ("credit_code", t.resident("identity number, a credit code")),
        ("provider_id", t.resident("identity number, an identifier")),
        ("place_count", t.mobile("mobile number, a number of places")),
        ("filed_on", t.resident("identity number, a date")),
        ("operator_code", f"个人{t.name('name, a code')}"),
    ]
    for index, (name, text) in enumerate(cells):
        if name in at:
            sheet.cell(row + index, at[name]).value = text
        else:
            sheet.cell(row + index, at["address"]).value = text
    book.save(path)


def _workbook_itself(path: Path, t: Tokens) -> None:
    """Everything of a workbook that is no cell people see."""
    book = openpyxl.load_workbook(path)
    sheet = book["备案登记"]
    about = book.properties
    about.creator, about.lastModifiedBy = t.name("workbook, author"), t.name("workbook, last author")
    about.title, about.subject = t.mobile("workbook, title"), t.name("workbook, subject")
    about.description, about.keywords = t.resident("workbook, comments"), t.mobile("workbook, keywords")
    book.custom_doc_props.append(StringProperty(name="填表人", value=t.name("workbook, custom property")))
    book.custom_doc_props.append(StringProperty(name=t.mobile("workbook, name of a property"), value="x"))
    sheet["C5"].comment = Comment(f"请电话 {t.mobile('comment of a cell')}", t.name("author of a comment"))
    book.defined_names["联系人"] = DefinedName("联系人", attr_text=f'"{t.mobile("defined name")}"')
    sheet.oddHeader.center.text = f"制表 {t.name('header of a page')}"
    sheet.oddFooter.left.text = f"电话 {t.mobile('footer of a page')}"
    told = DataValidation(type="whole", formula1="0", promptTitle="提示", prompt=f"问{t.name('input message')}")
    sheet.add_data_validation(told)
    told.add("N5")
    last, width = sheet.max_row, sheet.max_column
    sheet.cell(3, width + 1).value = "备注"
    sheet.cell(5, width + 1).value = f"隐藏 {t.resident('hidden column')}"
    sheet.column_dimensions[sheet.cell(3, width + 1).column_letter].hidden = True
    sheet.cell(last, width + 1).value = t.name("hidden row")
    sheet.row_dimensions[last].hidden = True
    sheet.cell(last + 2, 1).value = f"填表人：{t.name('signature below a table')} {t.mobile('telephone below a table')}"
    sheet["A2"] = f"填报说明：有疑问请找{t.name('note above a table')}"
    hidden = book.create_sheet(t.name("name of a hidden sheet"))
    hidden["A1"], hidden.sheet_state = f"身份证 {t.resident('hidden sheet')}", "veryHidden"
    book.create_sheet(f"联系{t.mobile('name of a sheet')}")["A1"] = "空"
    children = book.create_sheet("花名册")
    children.append(["幼儿姓名", "出生日期", "监护人", "电话"])
    children.append([t.name("sheet of children, a child"), "2023-05-06", t.name("sheet of children, a guardian"),
                     t.mobile("sheet of children, a telephone")])  # fmt: skip
    book.save(path)


def _stations(path: Path, registry: Registry, t: Tokens) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    row, at = columns(sheet, registry, "station")
    sheet.cell(row, at["opening_hours"]).value = f"周一至周五，找{t.mobile('mobile number, opening hours')}"
    sheet.cell(row + 1, at["address"]).value = f"江陵路2号 联系人：{t.name('name, the address of a station')}"
    book.save(path)


def _targets(path: Path, registry: Registry, t: Tokens) -> None:
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    row, at = columns(sheet, registry, "plan_target")
    sheet.cell(row, at["source_name"]).value = f"规划（经办人：{t.name('name, the source of a target')}）"
    book.save(path)


def _picture(path: Path, t: Tokens) -> None:
    """A drawing whose alternative text names somebody, and comments of the archive itself."""
    drawing = f'<xml descr="{t.name("alternative text of a picture")}">{t.mobile("text of a drawing")}</xml>'
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("xl/media/note.xml", drawing)
        packed.comment = f"{t.mobile('comment of the archive')}".encode()


def _reports(path: Path, t: Tokens) -> None:
    """A CSV of monthly reports: rows before the header, columns of nobody, a cell over two lines; and as JSON lines."""
    title, head, *rows = path.read_bytes().decode("utf-8-sig").splitlines()
    lines = [f"{title} 制表人{t.name('title of a CSV')}", f"联系电话,{t.mobile('row above a header')}"]
    lines += [f"{head},备注"]
    lines += [f'{rows[0]},"第一行\n{t.mobile("cell over two lines")}"', f"{rows[1]},{t.name('column of nobody')}"]
    lines += [f"{row}," for row in rows[2:]]
    lines += [f"审核人：{t.name('signature below a CSV')},{t.mobile('telephone below a CSV')}"]
    path.write_bytes("\r\n".join(lines).encode("utf-8"))
    titles = head.split(",")
    record = dict(zip(titles, rows[0].split(","), strict=False)) | {
        "监护人": t.name("key of JSON, a guardian"), t.mobile("key of JSON itself"): 1,
        "备注": {"深": [t.resident("value deep in JSON")]},
    }  # fmt: skip
    broken = f'{{"驿站编号": "330108-F-0003", "备注": "{t.mobile("broken line of JSON")}'
    path.with_name("月报.ndjson").write_text(json.dumps(record, ensure_ascii=False) + "\n" + broken, "utf-8")


def _population(path: Path, t: Tokens) -> None:
    title, head, *rows = path.read_bytes().decode("utf-8-sig").splitlines()
    at = head.split(",").index("资料来源")
    found = rows[-1].split(",")
    found[-2] = f"派出所 经办人：{t.name('name, the source of a figure')}"
    assert at == len(head.split(",")) - 2
    path.write_bytes("\n".join([title, head, *rows[:-1], ",".join(found)]).encode("utf-8"))


def _lists(folder: Path, t: Tokens) -> None:
    """Lists of children, which are refused as such, in a folder and a file that are called after somebody."""
    place = folder / f"{t.name('name of a folder, and of a batch')}的来件"
    place.mkdir()
    rows = [["姓名", "身份证号", "出生日期", "监护人", "接种"]]
    rows += [[t.name("list of children, a child"), t.resident("list of children, a number"), "2023-01-02",
              t.name("list of children, a guardian"), "是"]]  # fmt: skip
    text = "\n".join(",".join(row) for row in rows)
    called = t.name("name of a file") + t.mobile("mobile number in the name of a file")
    (place / f"{called}.csv").write_text(text, "utf-8")
    child = f"{t.name('child beside our columns')},{t.mobile('telephone beside our columns')}"
    (place / "班级.csv").write_text(f"机构名称,幼儿姓名,托位\n园,{child}\n", "utf-8")


def _strange_files(folder: Path, t: Tokens) -> None:
    """What no reader can read, with something in it that an error could quote."""
    (folder / "区社会发展局" / f"{t.name('name of a picture')}.png").write_bytes(
        b"\x89PNG\r\n\x1a\n" + t.mobile("bytes of a picture").encode()
    )
    (folder / "区社会发展局" / "扫描件.pdf").write_bytes(f"%PDF-1.4 {t.resident('bytes of a PDF')}".encode())
    quote = f'驿站编号,报告月份,开放天数\n330108-F-0001,2026-03,"{t.mobile("quote that nothing closes")}\n'
    (folder / "街道月报" / "未闭合.csv").write_text(quote, "utf-8")
    damaged = f"驿站编号,{t.mobile('text of no encoding')}".encode() + b"\xff\xfe\x81"
    (folder / "街道月报" / "乱码.csv").write_bytes(damaged)
    broken = folder / "街道月报" / "损坏.xlsx"
    broken.write_bytes(b"PK\x03\x04" + t.name("bytes of a broken workbook").encode())


def corrections(folder: Path, t: Tokens) -> None:
    """A correction that says more than it should."""
    folder.mkdir(parents=True)
    (folder / "known.yml").write_text(
        "corrections:\n- code: resident-id-in-text\n  table: filing\n  column: address\n"
        f"  sender: {t.name('correction, a sender')}\n"
        f"  reason_zh: 已电话核实 {t.mobile('correction, a reason')}\n"
        f"  reported_by: {t.name('correction, who reported')}\n  reported_on: 2026-03-05\n"
        f"  source: 当面 {t.name('correction, a source')}\n  expires: 2026-12-31\n",
        "utf-8",
    )
