"""Real files that nobody here wrote: rows and columns found are the ones a person counts.

They are of no contract of ours, so the gate accounts for every row and accepts none. The counts were taken by hand
and with other readers (openpyxl, the csv module); the Tokyo lists print their own totals, which must come out.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from quality.reading import delimited
from quality.reading.encodings import detect
from quality.reading.headers import HEAD_ROWS, HeaderMatch, match_header
from quality.reading.workbooks import Sheet, read_sheets
from schemas.model import Table
from tests.quality.test_gate import REGISTRY, REPORT, gate

DATA = Path(__file__).parents[2] / ".." / "shared" / "data"
TOKYO = DATA / "messy" / "tokyo_ninsho_20171201_messy_merged.xlsx"
HACHIOJI = DATA / "japan" / "hachioji_kosodateshisetsu_standard_dataset.xlsx"
CHINA = DATA / "china" / "jiangsu_beian_lists_sample.csv"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real files are not here: ../shared/data")


def contract(*titles: str, aliases: dict[str, str] | None = None) -> Table:
    """A table of text columns with these titles, the first of them its key."""
    base = REPORT.field("station_id")
    fields = tuple(
        base.model_copy(update={"name": f"f{n}", "title_zh": title, "title_en": f"t{n}", "aliases": (also,)})
        for n, title in enumerate(titles)
        for also in [(aliases or {}).get(title, title)]
    )
    return REPORT.model_copy(update={"name": "theirs", "key": ("f0",), "fields": fields, "defaults": {}, "rules": ()})


def header(head, *titles: str, **known) -> HeaderMatch:
    match = match_header(head, [contract(*titles, **known)])
    assert match is not None and not match.missing
    return match


@pytest.fixture(scope="module")
def tokyo() -> list[Sheet]:
    return read_sheets(TOKYO)


@pytest.mark.parametrize("number, count, places", [(0, 560, 20108), (1, 73, 1552), (2, 560, 20108), (3, 73, 1552)])
def test_the_list_of_tokyo_has_as_many_nurseries_and_places_as_it_says(tokyo, number: int, count: int, places: int):
    sheet = tokyo[number]
    titles = ("NO", "施設名称", "所在地", "経営主体", "定員", "事業開始年月日", "電話番号")
    match = header(sheet.rows[:HEAD_ROWS], *titles)
    assert (match.row, match.height) == (3, 1)
    assert match.columns == {0: "f0", 1: "f1", 2: "f2", 4: "f3", 8: "f4", 10: "f5", 11: "f6"}
    rows = sheet.rows[4:]
    numbered = [r for r in rows if r[0]]
    assert [r[0] for r in numbered] == [str(n + 1) for n in range(count)]
    assert all(r[1] and r[2] for r in numbered)
    assert sum(int(r[8]) for r in numbered) == places
    assert str(places) in [r[10] for r in rows[count:]]  # printed below the list
    assert {(a, b, c, d) for a, b, c, d in sheet.merged} == {(3, 5, 3, 7), (3, 8, 3, 9)}


def test_the_list_of_tokyo_keeps_times_days_and_wide_digits(tokyo):
    first = tokyo[0].rows[4]
    assert first[5:8] == ["07:00:00", "～", "22:00:00"]
    # a built-in date format of East Asian Excel that openpyxl does not know: it gives 38292
    assert first[8:12] == ["40", "名", "2004-11-01", "０３－３２２２－０３５４"]


def test_the_gate_accounts_for_every_row_of_tokyo(tmp_path: Path):
    result = gate(tmp_path, TOKYO.read_bytes(), name="名单.xlsx")
    assert [f.code for f in result.findings] == ["file-unknown"] * 4
    assert [(a.received, a.quarantined) for a in result.account] == [(567, 567), (80, 80)] * 2


def test_the_standard_dataset_of_hachioji(tmp_path: Path):
    (sheet,) = read_sheets(HACHIOJI)
    assert (len(sheet.rows), len(sheet.columns), sheet.filled) == (173, 28, 173)
    match = header(sheet.rows[:HEAD_ROWS], "NO", "名称", "名称カナ", "住所", "認可等年月日", "収容定員", "開始時間")
    assert (match.row, match.columns[5]) == (0, "f2")  # 名称_カナ
    row = dict(zip(sheet.rows[0], sheet.rows[1], strict=True))
    assert (row["名称_カナ"], row["認可等年月日"], row["開始時間"]) == ("ﾊﾁｵｳｼﾞｼﾘﾂｺﾔｽﾎｲｸｴﾝ", "1950-07-10", "07:30:00")
    assert (row["緯度"], row["法人番号"]) == ("35.652889", "1000020132012")
    result = gate(tmp_path, HACHIOJI.read_bytes())
    assert [f.code for f in result.findings] == ["file-unknown"]
    assert (result.received, result.accepted) == (173, 0)


@pytest.mark.parametrize(
    "name, encoding, sign, rows, columns",
    [
        ("messy/derived_guangzhou_gb18030.csv", "gb18030", ",", 1689, 4),
        ("messy/derived_guangzhou_utf16le_tab.csv", "utf-16", "\t", 1689, 4),
        ("china/jiangsu_beian_lists_sample.csv", "utf-8-sig", ",", 94, 11),
        ("china/streets_zhejiang_2023.csv", "utf-8", ",", 1388, 5),
        ("china/areas_zhejiang_2023.csv", "utf-8", ",", 91, 4),
    ],
)
def test_text_files_have_their_encoding_rows_and_columns(
    tmp_path: Path, name: str, encoding: str, sign: str, rows: int, columns: int
):
    path = DATA / name
    assert detect(path) == encoding
    head = delimited.heads(delimited.prepare(path, tmp_path), HEAD_ROWS)
    assert {len(cells) for cells in head[sign]} == {columns}
    result = gate(tmp_path, path.read_bytes(), name=path.name)
    assert [f.code for f in result.findings] == ["file-unknown"]
    assert (result.encoding, result.received, result.accepted) == (encoding, rows, 0)


def test_both_lists_of_guangzhou_are_the_same_list(tmp_path: Path):
    texts = []
    for number, name in enumerate(("derived_guangzhou_gb18030.csv", "derived_guangzhou_utf16le_tab.csv")):
        work = tmp_path / str(number)
        work.mkdir()
        text = delimited.prepare(DATA / "messy" / name, work).path.read_text("utf-8")
        texts.append(text.replace("\t", ","))
    assert texts[0] == texts[1]
    assert texts[0].splitlines()[1] == "1,95107部队幼儿园,广州市永福路45号,020-12345678"


def test_the_lists_of_jiangsu_are_found_by_their_titles(tmp_path: Path):
    head = delimited.heads(delimited.prepare(CHINA, tmp_path), HEAD_ROWS)[","]
    names = {"机构名称": "institution_name", "地址": "address", "托位数": "capacity", "城市": "city"}
    match = header(head, *names, aliases=names)
    assert match.columns == {5: "f0", 6: "f1", 10: "f2", 0: "f3"}
    assert len(match.unknown) == 7 and match_header(head, REGISTRY.layer("intake")) is None
