"""The same rows in another file come to the same verdict: the demo's own right and wrong rows, rewritten."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from quality.gate import check_file, gate_engine
from quality.reading.headers import match_header
from quality.sandbox import Sandbox
from tests.quality.variants import (
    AS_OF,
    REGISTRY,
    TABLES,
    WORKBOOKS,
    Cells,
    Table,
    Verdict,
    demo,
    read_verdict,
    text,
    verdict,
    xlsx,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def engine():
    with gate_engine(threads=1) as made:
        yield made


@pytest.fixture
def judge(tmp_path, engine):
    """The verdict on bytes, by one engine for all."""
    return lambda data, table, **given: verdict(tmp_path, data, ours=table.name, engine=engine, **given)


@pytest.fixture(scope="module")
def plain(engine, tmp_path_factory):
    """The verdict on each table as plain CSV, to compare with."""
    folder = tmp_path_factory.mktemp("plain")
    return {name: verdict(folder, text(demo(name).grid), ours=name, engine=engine) for name in TABLES}


def without_values(found: Verdict) -> Verdict:
    findings: Counter = Counter()
    for (*place, _), times in found.findings.items():
        findings[(*place, None)] += times
    return Verdict(found.accepted, found.held, findings)


def test_the_rows_are_worth_comparing(plain: dict[str, Verdict]):
    for name, found in plain.items():
        assert sum(found.accepted.values()) > 5, name
    assert sum(sum(found.held.values()) for found in plain.values()) > 25
    assert len({code for found in plain.values() for code, *_ in found.findings}) > 15


@pytest.mark.parametrize("name", TABLES)
def test_the_order_of_rows_decides_nothing(name: str, judge, plain):
    table, draw = demo(name), random.Random(1)
    rows = draw.sample(table.rows, len(table.rows))
    assert judge(text(table.with_rows(rows).grid), table) == plain[name]
    assert judge(text(table.with_rows(reversed(table.rows)).grid), table) == plain[name]


@pytest.mark.parametrize("name", TABLES)
def test_the_order_of_columns_decides_nothing(name: str, judge, plain):
    table, draw = demo(name), random.Random(2)
    order = draw.sample(range(len(table.fields)), len(table.fields))
    assert judge(text(table.columns_at(order).grid), table) == plain[name]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
def test_the_encoding_decides_nothing(encoding: str, end: str, judge, plain):
    for name, delimiter in (("station_report", ","), ("fee_quote", ";")):
        table = demo(name)
        assert judge(text(table.grid, encoding, delimiter, end), table) == plain[name], name


def test_the_delimiter_and_the_quotes_decide_nothing(judge, plain):
    for delimiter, name in zip(",\t;|", (*TABLES, "station_report"), strict=True):
        assert judge(text(demo(name).grid, delimiter=delimiter, quoting=1), demo(name)) == plain[name]


@pytest.mark.parametrize("kind", WORKBOOKS)
@pytest.mark.parametrize("name", TABLES)
def test_the_program_it_was_saved_with_decides_nothing(name: str, kind: str, judge, plain):
    data = WORKBOOKS[kind](demo(name).grid)
    found = judge(data, demo(name), name=f"报送/表.{kind[:4]}", values=False)
    assert found == without_values(plain[name])


def above(grid: list[Cells]) -> list[Cells]:
    return [["2025 年度汇总表"], [], ["填报单位：某街道", "填报人签字："], *grid]


def between(grid: list[Cells]) -> list[Cells]:
    blank = [""] * len(grid[0])
    return [grid[0], blank, *(row for pair in ((r, blank) for r in grid[1:]) for row in pair), blank, blank]


def beside(grid: list[Cells]) -> list[Cells]:
    wider = [[*row[:2], f"注 {n}", *row[2:]] for n, row in enumerate(grid)]
    return [[*grid[0][:2], "本单位自用栏", *grid[0][2:]], *wider[1:]]


@pytest.mark.parametrize("write", [text, xlsx])
@pytest.mark.parametrize("change", [above, between, beside])
def test_titles_blank_rows_and_a_column_of_ones_own_decide_nothing(change, write, judge, plain):
    for name in ("station_report", "fee_quote"):
        found = judge(write(change(demo(name).grid)), demo(name), values=False)
        found.findings.pop(("column-unknown", "info", name, "本单位自用栏", None), None)
        assert found == without_values(plain[name])


def renamed(table: Table) -> list[Table]:
    """The table under every title its columns may have, all columns at once."""
    contract = REGISTRY.tables[table.name]
    titles = []
    for field in map(contract.field, table.fields):
        marked = (f"*{field.title_zh}", f"{field.title_zh}（必填）", f" {field.title_zh} ")
        titles.append((*field.aliases, field.title_en, field.name, *marked))
    most = max(map(len, titles))
    return [table.titled(names[n % len(names)] for names in titles) for n in range(most)]


@pytest.mark.parametrize("name", TABLES)
def test_a_column_may_have_any_of_its_titles(name: str, judge, plain):
    """Read as the same columns under all of them; and one of them through the whole gate."""
    tables = renamed(demo(name))
    assert len(tables) > 5
    for table in tables:
        match = match_header([list(table.titles)], REGISTRY.layer("intake"))
        assert (match.table.name, match.columns) == (name, dict(enumerate(table.fields))), table.titles
    assert judge(text(tables[0].grid), tables[0]) == plain[name]


@pytest.mark.parametrize("name", TABLES)
def test_two_halves_are_the_whole(name: str, judge, plain):
    """Repeated keys are of one file: rows of one key stay together."""
    table = demo(name)
    keys = [table.fields.index(k) for k in REGISTRY.tables[name].key if k in table.fields]
    halves: tuple[list, list] = ([], [])
    for row in table.rows:
        halves[hash_of([row[k] for k in keys]) % 2].append(row)
    assert all(halves)
    parts = [judge(text(table.with_rows(half).grid), table) for half in halves]
    joined = Verdict(*(getattr(parts[0], f) + getattr(parts[1], f) for f in ("accepted", "held", "findings")))
    assert joined == plain[name]


def hash_of(cells: Cells) -> int:
    return sum(map(ord, "".join(cells)))


def test_a_book_of_all_tables_is_all_files(tmp_path: Path, engine, plain):
    """Each sheet of one workbook as if it had come alone."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in TABLES:
        sheet = book.create_sheet(name)
        for row in demo(name).grid:
            sheet.append([None if cell == "" else cell for cell in row])
            for cell in sheet[sheet.max_row]:
                cell.data_type = "s" if cell.value is not None else cell.data_type
    out = io.BytesIO()
    book.save(out)
    (tmp_path / "received").write_bytes(out.getvalue())
    given = {"name": "报送/全部.xlsx", "sha256": "0" * 64, "received_on": AS_OF, "as_of": AS_OF}
    result = check_file(REGISTRY, tmp_path / "received", out_dir=tmp_path / "out", engine=engine, **given)
    for name in TABLES:
        found = read_verdict(result, tmp_path / "out", name, values=False)
        expected = without_values(plain[name])
        assert (found.accepted, found.held) == (expected.accepted, expected.held), name
        assert Counter({k: v for k, v in found.findings.items() if k[2] == name}) == expected.findings


def test_threads_and_the_child_process_decide_nothing(tmp_path: Path, plain):
    with gate_engine(threads=3) as several, Sandbox(threads=2) as sandbox:
        for name in TABLES:
            data = text(demo(name).grid)
            assert verdict(tmp_path, data, ours=name, engine=several) == plain[name]
            given = {"name": "报送/表.csv", "sha256": "0" * 64, "received_on": AS_OF, "as_of": AS_OF}
            path, out = tmp_path / "received", tmp_path / "out"
            result = sandbox.check_file(REGISTRY, path, out_dir=out, **given)
            assert read_verdict(result, out, name) == plain[name]


PRINTED = """
import hashlib, sys
from datetime import date
from pathlib import Path
from quality.gate import check_file
from schemas.registry import load
path, out = Path(sys.argv[1]), Path(sys.argv[2])
given = {"name": "a.csv", "sha256": "0" * 64, "received_on": date(2026, 3, 31), "as_of": date(2026, 3, 31)}
check_file(load("binjiang"), path, out_dir=out, **given)
files = sorted(p for p in out.rglob("*") if p.is_file())
print({str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files})
"""


def test_the_seed_of_hashes_and_the_time_zone_decide_nothing(tmp_path: Path):
    """Byte for byte, in processes of their own."""
    (tmp_path / "received").write_bytes(text(demo("filing").grid, "gb18030"))
    said = set()
    for seed, zone in (("0", "UTC"), ("1", "Asia/Shanghai"), ("4294967295", "America/New_York")):
        command = [sys.executable, "-c", PRINTED, str(tmp_path / "received"), str(tmp_path / seed)]
        env = {"PYTHONHASHSEED": seed, "TZ": zone, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
        run = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        said.add(run.stdout)
    assert len(said) == 1
    assert len(json.loads(said.pop().replace("'", '"'))) >= 4
