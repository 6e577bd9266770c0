"""A plain cell means what it says: the macros make the same value of it, and nobody is told that it was rewritten."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.gate import check_file
from quality.judging import columns
from quality.judging.plain import all_plain, plain_pattern, plain_value
from quality.judging.rewriting import is_rewritten
from quality.normalise import install_macros, normal_expression, raw_name, unreadable
from schemas.compile.duckdb import literal, quote
from schemas.model import Field, Table
from schemas.registry import load
from tests.bench.gate.generate import generate
from tests.bench.gate.spec import titles

REGISTRY = load("binjiang")
FIELDS = [(t, f) for t in REGISTRY.layer("intake") for f in t.data_fields if plain_pattern(REGISTRY, t, f)]
#: one field of each kind that has a pattern of its own
KINDS = list({(f.type, plain_pattern(REGISTRY, t, f)): (t, f) for t, f in FIELDS}.values())
CELL = st.text(alphabet="0123456789.-+eE_, /:年月日是否真true无空未NULLnA１　", min_size=1, max_size=12)
DAYS = st.dates(date(1800, 1, 1), date(2300, 1, 1)).map(str)


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as opened:
        install_macros(opened)
        yield opened


def told(con: duckdb.DuckDBPyConnection, table: Table, field: Field, cells: list[str]) -> list[tuple]:
    """(cell, plain?, plain value, macros' value, rewritten?) of each cell."""
    raw, value, pattern = raw_name(field.name), quote(field.name), plain_pattern(REGISTRY, table, field)
    bad = unreadable(field, raw, value) or "FALSE"
    return con.execute(
        f"SELECT {raw}, fits, CASE WHEN fits THEN {plain_value(field, raw)} END, {value}, "
        f"{is_rewritten(REGISTRY, field, raw, value, bad)} FROM (SELECT *, "
        f"{normal_expression(REGISTRY, table, field, raw)} AS {value}, "
        f"regexp_full_match({raw}, {literal(pattern)}) AS fits FROM (SELECT unnest(?::VARCHAR[]) AS {raw}))",
        [cells],
    ).fetchall()


@pytest.mark.parametrize(("table", "field"), KINDS, ids=[f"{f.type}-{f.name}" for _, f in KINDS])
@settings(max_examples=20)
@given(data=st.data())
def test_the_macros_agree_with_what_is_plain(con, table: Table, field: Field, data: st.DataObject):
    alike = st.from_regex(re.compile(plain_pattern(REGISTRY, table, field)), fullmatch=True)
    cells = data.draw(st.lists(st.one_of(alike, CELL, DAYS), min_size=1, max_size=40))
    for cell, fits, plain, normal, rewritten in told(con, table, field, cells):
        assert bool(fits) == all_plain(plain_pattern(REGISTRY, table, field), [cell, None])
        assert not fits or (plain == normal and plain is not None and not rewritten), cell


def test_every_day_but_one_is_plain(con):
    table, field = next((t, f) for t, f in FIELDS if f.type == "date")
    days = [str(date(2024, 1, 1) + timedelta(n)) for n in range(366)]
    refused = [cell for cell, fits, *_ in told(con, table, field, [*days, "2023-02-29", "2024-04-31"]) if not fits]
    assert refused == ["2024-02-29", "2023-02-29", "2024-04-31"]


def test_ordinary_cells_are_plain(con):
    by_type = {f.type: (t, f) for t, f in reversed(FIELDS) if not f.codelist}
    cells = {"integer": "20", "date": "2026-01-31", "yearmonth": "2026-01", "boolean": "是", "number": "36.5"}
    for kind, cell in cells.items():
        if kind in by_type:
            assert told(con, *by_type[kind], [cell])[0][1], kind


def test_rows_of_plain_cells_are_judged_apart_with_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rows = 20_000
    generate(rows, titles(), tmp_path / "月报.csv", tmp_path / "truth")
    found = {}
    for apart, many in ((True, 1), (False, 1 << 60)):
        monkeypatch.setattr(columns, "_MANY_CELLS", many)
        out = tmp_path / str(apart)
        result = check_file(
            REGISTRY, tmp_path / "月报.csv", name="月报.csv", sha256="0" * 64, received_on="2026-03-30",
            as_of=date(2026, 3, 31), out_dir=out,
        )  # fmt: skip
        assert result.received == rows and result.quarantined > 100 and result.normalised_count > 30
        written = sorted(path.relative_to(out) for path in out.rglob("*.parquet"))
        found[apart] = [result, *((path, (out / path).read_bytes()) for path in written)]
    assert found[True] == found[False]
    told = [line.strip().split(",", 1) for line in (tmp_path / "truth").read_text().splitlines()]
    codes = {row: {f.code for f in found[True][0].findings if f.row == int(row)} for row, _ in told}
    assert codes == {row: set(codes.split(";")) for row, codes in told}
