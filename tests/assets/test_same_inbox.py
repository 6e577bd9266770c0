"""The same rows in an inbox of other files make the same intake tables: split, joined, re-encoded, saved anew."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from assets.raw.intake import build_intake
from assets.raw.receive import receive
from assets.workspace import Context, Workspace
from pipelines.demo.inbox import make_inbox
from schemas.model import PROVENANCE
from schemas.registry import load
from tests.quality.variants import text, xls, xlsx

REGISTRY = load("binjiang")
AS_OF = date(2026, 3, 31)
#: the streets' monthly reports of these months, with mistakes and corrections, and the stations they refer to
FOLDER, REGISTER, MONTHS = "街道月报", "区社会发展局/成长驿站名录.xlsx", ("2025-04", "2025-09", "2025-1")
TABLES = ("station", "station_report")
Grid = list[list[str]]
#: path and grid of a file -> the files it becomes
Rewrite = Callable[[Path, Grid], dict[str, bytes]]


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("district") / "inbox"
    make_inbox(folder, months=12)
    return folder


def taken_in(inbox: Path, home: Path) -> dict[str, Counter]:
    """What intake makes of an inbox, without coordinates: its tables, what waits and why, what is said."""
    workspace = Workspace(home)
    receive(inbox, workspace, AS_OF, lambda: "2026-03-31T00:00:00+00:00")
    build_intake(Context(REGISTRY, workspace, AS_OF, threads=1))
    found = {}
    with duckdb.connect(config={"threads": 1}) as con:

        def rows(path: Path, columns: str) -> Counter:
            return Counter(con.execute(f"SELECT {columns} FROM read_parquet('{path}')").fetchall())

        for name in TABLES:
            columns = ", ".join(f.name for f in REGISTRY.tables[name].fields if f.name not in PROVENANCE)
            found[name] = rows(workspace.table("intake", name), columns)
            found[f"{name} waiting"] = rows(workspace.table("quarantine", name), "reasons")
        found["said"] = rows(workspace.findings, 'code, severity, "table", "column", value')
    return found


def rewritten(district: Path, folder: Path, rewrite: Rewrite | None) -> Path:
    """An inbox of the reports and the register, each CSV file of it rewritten."""
    inbox = folder / "inbox"
    for source in [district / REGISTER, *sorted((district / FOLDER).rglob("*.*"))]:
        if source.name[:7].startswith("20") and not source.name.startswith(MONTHS):
            continue
        target = inbox / source.relative_to(district)
        target.parent.mkdir(parents=True, exist_ok=True)
        files = {source.name: source.read_bytes()}
        if rewrite and source.suffix == ".csv":
            files = rewrite(source, read(source))
        for name, data in files.items():
            (target.parent / name).write_bytes(data)
    return inbox


def read(path: Path) -> Grid:
    data = path.read_bytes()
    encoding = "utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "gb18030"
    return list(csv.reader(io.StringIO(data.decode(encoding), newline="")))


def head(grid: Grid) -> int:
    """Rows up to and with the header: the first that is filled from end to end."""
    return next(number for number, row in enumerate(grid, 1) if len(row) > 3 and all(row))


def recoded(path: Path, grid: Grid) -> dict[str, bytes]:
    return {path.name: text(grid, "utf-16", "\t", "\r\n")}


def saved_anew(path: Path, grid: Grid) -> dict[str, bytes]:
    """As a workbook, new or old, under a title and with its rows turned over."""
    top = head(grid)
    grid = [["成长驿站月报"], [], *grid[:top], *reversed(grid[top:])]
    write = xls if "330108002" in str(path) else xlsx
    return {f"{path.stem}.{write.__name__}": write(grid)}


def split(path: Path, grid: Grid) -> dict[str, bytes]:
    """In two, rows of one key together: a key given twice in one file is another matter than in two."""
    top = head(grid)
    halves: tuple[Grid, Grid] = ([], [])
    for row in grid[top:]:
        halves[sum(map(ord, "".join(row[:2]))) % 2].append(row)
    return {f"{path.stem}{n}.csv": text([*grid[:top], *half]) for n, half in enumerate(halves) if half}


@pytest.fixture(scope="module")
def plain(district: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Counter]:
    folder = tmp_path_factory.mktemp("plain")
    return taken_in(rewritten(district, folder, None), folder / "workspace")


def test_the_inbox_is_worth_comparing(plain: dict[str, Counter]):
    assert sum(plain["station_report"].values()) > 30
    assert sum(plain["station_report waiting"].values()) > 5
    assert len({code for code, *_ in plain["said"]}) > 5


@pytest.mark.parametrize("rewrite", [recoded, saved_anew, split])
def test_the_same_rows_in_other_files_are_the_same(rewrite: Rewrite, district: Path, tmp_path: Path, plain):
    inbox = rewritten(district, tmp_path, rewrite)
    found = taken_in(inbox, tmp_path / "workspace")
    for what in plain:
        assert found[what] == plain[what], what


STATION = """\
驿站编号,驿站名称,驿站类型,街道,开放日期,填报日期
330108-F-0001,西兴示范驿站,示范型,西兴街道,2024-05-01,2024-05-02
"""
REPORT = """\
驿站编号,报告月份,开放天数,婴幼儿到访人次,活动场次,填报日期
330108-F-0001,2026-01,{days},100,4,2026-02-01
"""


def test_blank_lines_do_not_decide_between_two_statements_of_one_day(tmp_path: Path):
    """Two files of one reception, reported on one day, that contradict each other: which stands must not depend on
    what nobody sees. In one file both would wait (key-duplicate); so they do in two."""
    for blank in range(4):
        inbox = tmp_path / str(blank)
        inbox.mkdir()
        texts = {"驿站.csv": STATION, "a.csv": REPORT.format(days=20), "b.csv": REPORT.format(days=21) + "\n" * blank}
        for name, said in texts.items():
            (inbox / name).write_text(said, "utf-8")
        found = taken_in(inbox, tmp_path / f"workspace{blank}")
        assert not found["station_report"] and found["station_report waiting"] == {("statement-conflict",): 2}
        about = ("statement-conflict", "error", "station_report", "station_id")
        assert found["said"] == {(*about, "a.csv"): 1, (*about, "b.csv"): 1}
