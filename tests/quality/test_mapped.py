"""Foreign sources: NDJSON becomes `source`, the profile's SQL becomes rows, the gate judges them."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from quality.gate import check_file
from schemas.registry import load

PROFILE = """
slug: elsewhere
title_zh: 示例
title_en: Example
defaults: {area_code: X1, currency_code: CNY}
sources:
  register:
    title_zh: 名册
    match: 'register_(?P<as_of>[0-9]{8})[.]ndjson'
    format: ndjson
    mode: snapshot
    maps: [population]
"""
MAP = """
SELECT _row, '_T' AS subdistrict_code, snapshot_on() AS counted_on, kind AS population_type_code,
    band AS age_band_code, counts ->> '$.all' AS person_count,
    CASE WHEN remark = 'estimate' THEN 'estimate-not-taken' END AS _finding_code,
    'person_count' AS _finding_column, remark AS _finding_value
FROM source
"""
SUBDISTRICTS = "code,title_zh,title_en,definition,source,since,deprecated_in,replaced_by,aliases\n_T,全区,All,,,,,,\n"


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    (folder / "codelists").mkdir(parents=True)
    (folder / "register").mkdir()
    finding = "findings: {estimate-not-taken: {severity: warning, says_zh: 估计数, says_en: Estimate}}\n"
    (folder / "profile.yml").write_text(PROFILE + finding, encoding="utf-8")
    (folder / "register" / "population.sql").write_text(MAP, encoding="utf-8")
    return folder


def lines(registry, *records: dict) -> bytes:
    kind = registry.codelists["population_type"].codes[0]
    band = registry.codelists["age_band"].codes[0]
    told = [{"kind": kind, "band": band, "remark": None, "counts": {"all": 1}} | r for r in records]
    return "\n".join(json.dumps(r, ensure_ascii=False) for r in told).encode()


def gate(profile: Path, data: bytes, name: str = "x/register_20240602.ndjson"):
    path = profile / "received"
    path.write_bytes(data)
    return check_file(
        load(profile), path, name=name, sha256="0" * 64, received_on="2026-03-31", as_of=date(2026, 3, 31),
        out_dir=profile / "out",
    )  # fmt: skip


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_source_is_mapped_dated_and_judged(profile: Path, pack):
    bands = load(profile).codelists["age_band"].codes
    data = lines(
        load(profile),
        {"counts": {"all": 1200}},
        {"band": bands[1], "counts": {"all": "许多"}},
        {"band": bands[2], "remark": "estimate"},
    )
    result = gate(profile, pack(data))
    assert [(f.code, f.row, f.column, f.value) for f in result.findings] == [
        ("value-type", 2, "person_count", "许多"),
        ("estimate-not-taken", 3, "person_count", "estimate"),
    ]
    assert (result.received, result.accepted, result.quarantined) == (3, 1, 2)
    columns = "area_code, counted_on, person_count, source_code, source_row"
    path = profile / "out" / "accepted" / "population.parquet"
    found = duckdb.sql(f"SELECT {columns} FROM read_parquet('{path}')").fetchall()
    assert found == [("X1", date(2024, 6, 2), 1200, "register", 1)]


@pytest.mark.parametrize("data", [b"{not json}\n", b"\x1f\x8b broken gzip", b'{"a": 1}\n{"a": \n'])
def test_a_broken_source_is_a_finding(profile: Path, data: bytes):
    result = gate(profile, data)
    assert [f.code for f in result.findings] == ["file-unreadable"]
    assert result.account == ()


@pytest.mark.parametrize("line", [b'{"a": 1}\n', b'{"kind": "x"}\n{"kind": "y", "band": 3}\n'])
def test_a_source_without_what_its_map_reads_is_refused_and_counted(profile: Path, line: bytes):
    result = gate(profile, line)
    assert [f.code for f in result.findings] == ["file-unknown"]
    assert (result.received, result.accepted, result.quarantined) == (line.count(b"\n"), 0, line.count(b"\n"))
