"""Findings over the snapshots of a register: its lines are followed from one to the next, until they leave it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assets.raw.intake import build_intake
from assets.raw.receive import receive
from assets.raw.standing import Standing, build_standing, read_standing
from assets.workspace import Context, Workspace
from schemas.registry import Registry, load
from tests.quality.test_mapped import MAP, PROFILE, lines

FINDING = "findings: {estimate-not-taken: {severity: warning, says_zh: 估计数, says_en: Estimate}}\n"
#: two rows of one line of the source: a finding names the line, not which of them
TWICE = """
SELECT _row, '_T' AS subdistrict_code, snapshot_on() AS counted_on, unnest(['resident', 'registered'])
    AS population_type_code, band AS age_band_code, counts ->> '$.all' AS person_count FROM source
"""


def register(root: Path, sql: str) -> Registry:
    folder = root / "elsewhere"
    (folder / "register").mkdir(parents=True)
    (folder / "profile.yml").write_text(PROFILE + FINDING, "utf-8")
    (folder / "register" / "population.sql").write_text(sql, "utf-8")
    return load(folder)


class Source:
    """A register whose snapshots are received; ``bands`` are what its lines are about."""

    def __init__(self, root: Path, sql: str = MAP):
        self.registry, self.inbox, self.workspace = register(root, sql), root / "inbox", Workspace(root / "workspace")
        self.inbox.mkdir()
        self.bands = self.registry.codelists["age_band"].codes

    def put(self, day: str, *records: dict) -> None:
        (self.inbox / f"register_{day.replace('-', '')}.ndjson").write_bytes(lines(self.registry, *records))

    def run(self, day: str) -> list[Standing]:
        on = date.fromisoformat(day)
        receive(self.inbox, self.workspace, on, lambda: f"{day}T00:00:00+00:00")
        ctx = Context(self.registry, self.workspace, on, threads=1)
        build_intake(ctx)
        build_standing(ctx)
        return read_standing(self.registry, self.workspace, (), on)


@pytest.mark.parametrize("receptions", [3, 1])
def test_a_line_is_followed_until_it_is_right_or_gone(tmp_path, receptions):
    source = Source(tmp_path)
    wrong, gone, fine = source.bands[:3]
    many = {"band": wrong, "counts": {"all": "许多"}}
    estimate = {"band": gone, "remark": "estimate"}
    snapshots = {
        "2024-06-02": [many, estimate, {"band": fine}],
        "2024-07-02": [{"band": fine}, many],
        "2024-08-02": [{"band": fine}, {"band": wrong}],
    }
    seen = []
    for day, records in snapshots.items():
        source.put(day, *records)
        if receptions > 1:
            seen.append({f.code: (f.state, f.first_seen_on.isoformat(), f.answered_by) for f in source.run(day)})
    if receptions == 1:
        assert {(f.code, f.state, f.answered_by) for f in source.run("2024-08-02")} == {
            ("value-type", "answered", "register_20240802.ndjson"),
            ("estimate-not-taken", "answered", "register_20240702.ndjson"),
        }
        return
    june, july, august = "2024-06-02", "register_20240702.ndjson", "register_20240802.ndjson"
    assert seen == [
        {"value-type": ("open", june, None), "estimate-not-taken": ("open", june, None)},
        {"value-type": ("open", june, None), "estimate-not-taken": ("answered", june, july)},
        {"value-type": ("answered", june, august), "estimate-not-taken": ("answered", june, july)},
    ]


def test_rows_of_one_line_share_what_their_keys_have_in_common(tmp_path):
    source = Source(tmp_path, TWICE)
    band, other = source.bands[:2]
    source.put("2024-06-02", {"band": band, "counts": {"all": "许多"}}, {"band": other})
    found = source.run("2024-06-02")
    assert [(f.code, f.state, f.sender, f.row) for f in found] == [("value-type", "open", "register", 1)]
    assert found[0].key == {"area_code": "X1", "subdistrict_code": "_T", "age_band_code": band}
    source.put("2024-07-02", {"band": band}, {"band": other})
    found = source.run("2024-07-02")
    assert [(f.state, f.answered_by) for f in found] == [("answered", "register_20240702.ndjson")]
