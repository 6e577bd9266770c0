"""The sieve changes nothing but the time: a large file is judged exactly as a small one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest

from quality.gate import GateResult, check_file, gate_engine
from quality.judging import sieve, sieves
from tests.bench.gate.generate import generate
from tests.bench.gate.spec import titles

AS_OF = date(2026, 3, 31)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieve, "PIECE", 200_000)
    monkeypatch.setattr(sieves, "LEAST_BYTES", 1)


def judged(file: Path, out: Path, threads: int = 2) -> GateResult:
    from schemas.registry import load

    with gate_engine(threads=threads) as engine:
        given = {"received_on": AS_OF, "as_of": AS_OF, "out_dir": out, "engine": engine}
        return check_file(load("binjiang"), file, name="月报.csv", sha256="0" * 64, **given)


def rows(out: Path, kind: str) -> list[tuple]:
    """All rows of accepted/, quarantine/, findings or normalised, in one order."""
    select = f"SELECT * FROM read_parquet('{out}/{kind}', union_by_name=true) ORDER BY ALL"
    return duckdb.sql(select).fetchall()


KINDS = ("accepted/station_report.*parquet", "quarantine/*.parquet", "findings.parquet", "normalised.parquet")


def test_every_wrong_row_and_code_is_told_and_no_other(tmp_path: Path, small_pieces: None):
    file, truth = tmp_path / "a.csv", tmp_path / "truth"
    told = generate(20_000, titles(), file, truth)
    result = judged(file, tmp_path / "out")
    assert len(list((tmp_path / "out/accepted").iterdir())) > 5, "the sieve was not used"
    found = duckdb.sql(
        "SELECT \"row\" || ',' || string_agg(DISTINCT code, ';' ORDER BY code) FROM "
        f"read_parquet('{tmp_path}/out/findings.parquet') GROUP BY \"row\""
    ).fetchall()
    assert sorted(line for (line,) in found) == sorted(truth.read_text("utf-8").splitlines())
    assert result.received == 20_000 == result.accepted + result.quarantined
    assert len(rows(tmp_path / "out", KINDS[0])) == result.accepted
    assert len(found) == told


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_file_with_titles_blank_lines_and_quotes_is_judged_alike_on_both_roads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
):
    generate(4_000, titles(), tmp_path / "plain", tmp_path / "truth")
    lines = (tmp_path / "plain").read_text("utf-8").splitlines()
    lines[40:40] = ["", ""]
    lines[90] = ",".join(f'"{cell}"' for cell in lines[90].split(","))
    lines[3000:3000] = ["", "," * 14, lines[2000]]
    file = tmp_path / "a.csv"
    file.write_text(end.join(["某区成长驿站月报", "", *lines, "", "填表人：某某"]), encoding="utf-8", newline="")
    one = judged(file, tmp_path / "ordinary")
    monkeypatch.setattr(sieve, "PIECE", 50_000)
    monkeypatch.setattr(sieves, "LEAST_BYTES", 1)
    two = judged(file, tmp_path / "sieved")
    assert len(list((tmp_path / "sieved/accepted").iterdir())) > 3, "the sieve was not used"
    assert (one.account, one.findings, one.normalised) == (two.account, two.findings, two.normalised)
    for kind in KINDS:
        assert rows(tmp_path / "ordinary", kind) == rows(tmp_path / "sieved", kind), kind


def test_an_unterminated_quote_in_a_large_file_refuses_it(tmp_path: Path, small_pieces: None):
    generate(5_000, titles(), tmp_path / "a.csv", tmp_path / "truth")
    lines = (tmp_path / "a.csv").read_text("utf-8").splitlines()
    lines[2500] = lines[2500].replace("330108-", '"330108-')
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = judged(tmp_path / "a.csv", tmp_path / "out")
    assert (result.received, result.accepted) == (5_001, 0)
    assert result.findings[0].code == "quote-unclosed"
    assert not list((tmp_path / "out/accepted").iterdir())


def test_cells_over_several_lines_go_the_ordinary_road(tmp_path: Path, small_pieces: None):
    generate(300, titles(), tmp_path / "a.csv", tmp_path / "truth")
    lines = (tmp_path / "a.csv").read_text("utf-8").splitlines()
    lines[100] = lines[100] + ',"两\n行"'
    (tmp_path / "a.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    result = judged(tmp_path / "a.csv", tmp_path / "out")
    assert result.received == 300
    assert [f.row for f in result.findings if f.code == "record-width" and f.row == 101] == [101]


def test_the_parts_do_not_depend_on_the_threads(tmp_path: Path, small_pieces: None):
    generate(20_000, titles(), tmp_path / "a.csv", tmp_path / "truth")
    made = []
    for threads in (1, 3):
        judged(tmp_path / "a.csv", tmp_path / str(threads), threads)
        made.append({p.name: p.read_bytes() for p in sorted((tmp_path / str(threads)).rglob("*.parquet"))})
    assert made[0] == made[1]
