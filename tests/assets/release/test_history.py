"""Questions about what is published: versions of a dataset, differences between any two."""

from __future__ import annotations

import csv
from datetime import date

import duckdb
import pytest

from assets.release.comparison.changes import COLUMNS, TableChanges
from assets.release.comparison.difference import diff
from assets.release.history import NoSuchVersion, versions
from tests.assets.release import house


@pytest.fixture
def three(release, registry):
    """Three versions of `fees` and one of `providers`."""
    release()
    release(
        open_fee_posted=[("330108", "p1", "3300.00"), ("330108", "p4", "100.00")], as_of=date(2026, 4, 30)
    )
    release(house.with_field(registry, "open_fee_posted", "fee_amount", unit="fen"), as_of=date(2026, 5, 31))


def test_versions_in_order_with_their_releases(three, published):
    found = [(v.version, v.release_id[:6], v.as_of) for v in versions(published, "fees")]
    assert found == [
        ("1.0.0", "000001", "2026-03-31"),
        ("1.1.0", "000002", "2026-04-30"),
        ("2.0.0", "000003", "2026-05-31"),
    ]
    assert [v.version for v in versions(published, "providers")] == ["1.0.0"]


def test_diff_of_neighbours_is_what_was_published(three, published):
    found = diff(published, "fees", "1.0.0", "1.1.0")
    assert found.bump == "minor"
    assert found.changes["open_fee_posted"] == TableChanges(added=1, removed=1, changed=1, updated=1)
    with (published / "datasets/fees/1.1.0/changes.csv").open(encoding="utf-8", newline="") as file:
        listed = [tuple(cell or None for cell in row) for row in csv.reader(file)][1:]
    assert [row[: len(COLUMNS)] for row in found.rows] == listed and len(listed) == 3
    assert found.changed_rows()[0] == {
        "table_name": "open_fee_posted",
        "change": "updated",
        "key": '{"area_code":"330108","provider_id":"p1"}',
        "field_name": "fee_amount",
        "old_value": "3200.00",
        "new_value": "3300.00",
        "reason": "not-evaluated",
        "source_sha256": None,
        "received_on": None,
        "times": 1,
        "label": "p1",
    }


def test_diff_backwards_and_over_two_versions(three, published):
    back = diff(published, "fees", "1.1.0", "1.0.0")
    assert [row[4:6] for row in back.rows if row[1] == "updated"] == [("3300.00", "3200.00")]
    over = diff(published, "fees", "1.0.0", "2.0.0")
    assert (over.bump, over.rows) == ("major", [])
    assert over.reasons == ("open_fee_posted: column fee_amount changed: unit",)


def test_limit_bounds_rows_not_counts(three, published):
    found = diff(published, "fees", "1.0.0", "1.1.0", limit=1)
    assert len(found.rows) == 1 and found.changes["open_fee_posted"].added == 1


def test_unknown_version_says_what_there_is(three, published):
    with pytest.raises(NoSuchVersion, match=r"fees 9\.0\.0 .* 1\.0\.0, 1\.1\.0, 2\.0\.0"):
        diff(published, "fees", "9.0.0", "1.0.0")
    with pytest.raises(NoSuchVersion, match="published versions: none"):
        diff(published, "nothing", "1.0.0", "1.0.0")


def test_other_key_means_other_rows(release, registry, published):
    release()
    key = ("area_code", "provider_id", "fee_amount")
    fields = [f.model_copy(update={"required": True}) for f in registry.tables["open_fee_posted"].fields]
    release(house.with_table(registry, "open_fee_posted", key=key, fields=tuple(fields)))
    counts = diff(published, "fees", "1.0.0", "2.0.0").changes["open_fee_posted"]
    assert (counts.added, counts.removed, counts.updated) == (2, 2, 0)


def test_changes_agree_with_an_independent_comparison(release, published):
    """Many rows: the published changes against plain set arithmetic in Python."""
    old = {f"p{i:04d}": (i * 37) % 100 for i in range(300)}
    new = {k: v + (1 if int(k[1:]) % 7 == 0 else 0) for k, v in old.items() if int(k[1:]) % 11}
    new |= {f"q{i}": i for i in range(20)}
    for state, as_of in ((old, date(2026, 3, 31)), (new, date(2026, 4, 30))):
        release(open_fee_posted=[("330108", k, f"{v}.00") for k, v in state.items()], as_of=as_of)
    rows = duckdb.sql(
        "SELECT change, json_extract_string(key, '$.provider_id'), old_value, new_value FROM "
        f"read_csv('{published}/datasets/fees/1.1.0/changes.csv', all_varchar = true)"
    ).fetchall()
    expected = [("removed", k, None, None) for k in old.keys() - new.keys()]
    expected += [("added", k, None, None) for k in new.keys() - old.keys()]
    both = [k for k in old.keys() & new.keys() if old[k] != new[k]]
    expected += [("updated", k, f"{old[k]}.00", f"{new[k]}.00") for k in both]
    assert sorted(rows, key=str) == sorted(expected, key=str)
    assert len(rows) == 28 + 20 + len(both)
