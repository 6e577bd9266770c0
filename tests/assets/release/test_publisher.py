"""From open tables to a release: what is published, what a second run does, what is refused."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import frictionless
import pytest

from assets.release.comparison.changes import COLUMNS
from assets.release.publisher import publish
from assets.release.staging import Refused
from assets.release.stores import StoreConflict, StoreDamaged
from assets.release.stores.local import LocalStore
from quality.disclosure.columns import DisclosureRefused
from tests.assets.release import house

ROOT = Path(__file__).parents[3]


def by_name(result):
    return {d.name: d for d in result.datasets}


def changes(published: Path, dataset: str, version: str) -> list[dict[str, str]]:
    with (published / "datasets" / dataset / version / "changes.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        return list(csv.DictReader(file))


def test_first_release_holds_every_table_in_every_format(release, published):
    result = release()
    assert {d.name: (d.version, d.bump, d.rows) for d in result.datasets} == {
        "fees": ("1.0.0", "first", {"open_fee_posted": 2}),
        "providers": ("1.0.0", "first", {"open_provider": 3, "open_provider_class": 3}),
    }
    folder = published / "datasets/providers/1.0.0"
    text = (folder / "open_provider.csv").read_bytes()
    assert not text.startswith(b"\xef\xbb\xbf") and b"\r" not in text
    assert text.decode().splitlines()[1] == (
        "330108,p1,滨江托育园一,all_day,infant;small,true,40,2025-03,2024-05-01,88.50"
    )
    rows = duckdb.sql(f"FROM '{folder}/open_provider.parquet'").fetchall()
    assert [row[1] for row in rows] == ["p1", "p2", "p3"]
    assert (folder / "changes.csv").read_text().splitlines() == [",".join(COLUMNS)]


def test_pointer_leads_to_every_byte(release, published):
    result = release()
    pointer = json.loads((published / "current.json").read_text())
    manifest_bytes = (published / "releases" / pointer["release"] / "manifest.json").read_bytes()
    assert pointer["sha256"] == hashlib.sha256(manifest_bytes).hexdigest()
    assert pointer["release"] == result.release_id == f"000001-{pointer['sha256'][:8]}"
    manifest = json.loads(manifest_bytes)
    assert manifest["as_of"] == "2026-03-31" and manifest["previous"] is None and manifest["synthetic"]
    for file in [f for d in manifest["datasets"] for f in d["files"]]:
        path = published / file["path"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == file["sha256"]
        assert path.stat().st_mode & 0o222 == 0
        blob = published / "blobs/sha256" / file["sha256"][:2] / file["sha256"]
        assert blob.samefile(path) and path.stat().st_size == file["bytes"]


@pytest.mark.parametrize("dataset", ["fees", "providers"])
def test_frictionless_and_sha256sum_agree(release, published, dataset):
    release()
    folder = published / "datasets" / dataset / "1.0.0"
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["title", "message"])
    assert {"open_fee_posted.parquet", "open_provider.parquet"} & {task.place for task in report.tasks}
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


def test_same_inputs_make_no_new_version(release, published):
    first = release()
    before = house.tree(published)
    again = release(as_of=date(2026, 4, 30))  # a later day alone is nothing new
    assert not again.changed and again.release_id == first.release_id
    pointer = json.loads((published / "current.json").read_bytes())
    assert (pointer["release"], pointer["as_of"]) == (first.release_id, "2026-04-30")  # but it was confirmed
    after = house.tree(published)
    assert {name for name in after if after[name] != before.get(name)} == {"current.json"}
    assert not release(as_of=date(2026, 4, 1)).changed
    assert house.tree(published) == after  # and is not taken back by a run as of an earlier day


def test_tables_made_upon_another_release_are_not_published(release, published):
    release()
    found = (published / "current.json").read_bytes()
    release(open_fee_posted=house.FEES[:1])
    before = house.tree(published)
    with pytest.raises(StoreConflict):
        release(open_fee_posted=house.FEES[1:], upon=found)
    assert house.tree(published) == before
    assert release(open_fee_posted=house.FEES[1:], upon=(published / "current.json").read_bytes()).changed


def test_row_order_of_the_input_does_not_matter(release, published):
    release()
    before = house.tree(published)
    assert not release(open_provider=house.PROVIDERS[::-1]).changed
    assert house.tree(published) == before


def test_changed_rows_are_minor_and_listed_exactly(release, published):
    release()
    changed = (
        "330108",
        "p1",
        "滨江托育园一",
        "all_day",
        "infant;small",
        False,
        45,
        "2025-03",
        "2024-05-01",
        None,
    )
    joined = ("330108", "p0", "新园", None, None, None, 7, None, None, None)
    result = release(open_provider=[changed, house.PROVIDERS[1], joined], as_of=date(2026, 4, 30))
    providers = by_name(result)["providers"]
    assert (providers.version, providers.previous_version, providers.bump) == ("1.1.0", "1.0.0", "minor")
    assert by_name(result)["fees"].version == "1.0.0" and not by_name(result)["fees"].changed
    assert changes(published, "providers", "1.1.0") == [
        _change("added", "p0"),
        _change("updated", "p1", "is_inclusive", "true", "false"),
        _change("updated", "p1", "place_count", "40", "45"),
        _change("updated", "p1", "quality_score", "88.50", ""),
        _change("removed", "p3"),
    ]
    counted = providers.changes["open_provider"]
    assert (counted.added, counted.removed, counted.changed, counted.updated) == (1, 1, 1, 3)


def _change(change: str, provider: str, field: str = "", old: str = "", new: str = "") -> dict[str, str]:
    key = f'{{"area_code":"330108","provider_id":"{provider}"}}'
    row = {"table_name": "open_provider", "change": change, "key": key, "field_name": field}
    row |= {"old_value": old, "new_value": new, "reason": "not-evaluated"}
    return row | {"source_sha256": "", "received_on": ""}


def test_releases_form_a_chain(release, published):
    first = release()
    second = release(open_fee_posted=house.FEES[:1])
    manifest = json.loads((published / "releases" / second.release_id / "manifest.json").read_text())
    assert second.seq == 2 and manifest["previous"]["release"] == first.release_id
    before = (published / "releases" / first.release_id / "manifest.json").read_bytes()
    assert manifest["previous"]["manifest_sha256"] == hashlib.sha256(before).hexdigest()
    assert {d["name"]: (d["version"], d["changed"]) for d in manifest["datasets"]} == {
        "fees": ("1.1.0", True),
        "providers": ("1.0.0", False),
    }


def test_schema_change_is_major_and_keeps_the_row_comparison(release, registry, published):
    release()
    wider = house.with_field(registry, "open_fee_posted", "fee_amount", decimals=3)
    result = release(wider)
    assert by_name(result)["fees"].bump == "major" and by_name(result)["fees"].version == "2.0.0"
    assert by_name(result)["fees"].reasons[0] == "open_fee_posted: column fee_amount changed: decimals"
    listed = changes(published, "fees", "2.0.0")
    assert [tuple(c[k] for k in ("change", "reason", "old_value", "new_value")) for c in listed] == [
        ("reformatted", "contract-changed", "3200.00", "3200.000"),
        ("reformatted", "contract-changed", "2875.50", "2875.500"),
    ]


def test_wording_is_patch(release, registry, published):
    release()
    result = release(house.with_field(registry, "open_provider", "place_count", title_zh="托位数"))
    assert by_name(result)["providers"].version == "1.0.1"
    assert changes(published, "providers", "1.0.1") == []


def test_empty_dataset_is_not_a_dataset_until_it_has_rows(release, published):
    assert [d.name for d in release(open_fee_posted=[]).datasets] == ["providers"]
    assert by_name(release())["fees"].version == "1.0.0"
    emptied = by_name(release(open_fee_posted=[]))["fees"]
    assert (emptied.version, emptied.rows) == ("1.1.0", {"open_fee_posted": 0})


def test_a_published_dataset_may_not_go_missing(release, tmp_path, registry, published):
    release()
    before = house.tree(published)
    (tmp_path / "open/open_fee_posted.parquet").unlink()
    with pytest.raises(Refused, match=r"fees: open tables are missing: open_fee_posted"):
        publish(registry, tmp_path / "open", published, house.AS_OF, work_dir=tmp_path / "work")
    assert house.tree(published) == before


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([*house.FEES, house.FEES[0]], r"open_fee_posted: 1 rows repeat a key"),
        (
            [("330108", "请联系13812345678", "1.00")],
            r"mobile-number-in-text open_fee_posted\.provider_id row 1",
        ),
    ],
)
def test_bad_rows_are_refused_before_anything_is_published(
    release, registry, published, tmp_path, rows, error
):
    release()
    before = house.tree(published)
    loose = house.with_table(registry, "open_fee_posted", key=("area_code", "provider_id", "fee_amount"))
    house.write_table(loose, "open_fee_posted", [], tmp_path / "open")
    _rewrite(tmp_path / "open/open_fee_posted.parquet", rows)
    with pytest.raises((Refused, DisclosureRefused), match=error) as refused:
        publish(registry, tmp_path / "open", published, house.AS_OF, work_dir=tmp_path / "work")
    assert "13812345678" not in str(refused.value)
    assert house.tree(published) == before


def _rewrite(path: Path, rows: list[tuple]) -> None:
    """Rows a contract would not take, in the contract's types."""
    con = duckdb.connect()
    con.execute(f"CREATE TABLE t AS FROM '{path}'")
    con.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
    con.execute(f"COPY t TO '{path}' (FORMAT parquet)")


def test_a_foreign_key_without_its_row_is_refused(release, published):
    with pytest.raises(Refused, match=r"open_provider_class: 1 rows without their row in open_provider"):
        release(open_provider=[house.PROVIDERS[0], house.PROVIDERS[2]])
    assert not (published / "current.json").exists()


def test_a_column_the_contract_does_not_have_is_refused(release, registry, published, tmp_path):
    house.write_open(registry, tmp_path / "open")
    path = tmp_path / "open/open_fee_posted.parquet"
    duckdb.sql(f"COPY (SELECT *, 'x' AS contact_phone FROM '{path}') TO '{path}.new' (FORMAT parquet)")
    os.replace(f"{path}.new", path)
    with pytest.raises(DisclosureRefused, match=r"private-column open_fee_posted\.contact_phone"):
        publish(registry, tmp_path / "open", published, house.AS_OF, work_dir=tmp_path / "work")
    assert not (published / "current.json").exists()


def test_a_loser_is_told_and_changes_nothing(release, registry, published, tmp_path):
    release()
    with LocalStore(published).exclusive(), pytest.raises(StoreConflict):
        publish(
            registry,
            tmp_path / "open",
            LocalStore(published, wait_seconds=0.1),
            house.AS_OF,
            work_dir=tmp_path / "work2",
        )


def test_a_damaged_blob_is_never_published_again(release, published):
    release()
    blob = next(p for p in (published / "blobs").rglob("*") if p.is_file() and b"3200.00" in p.read_bytes())
    blob.chmod(0o644)
    blob.write_bytes(blob.read_bytes().replace(b"3200.00", b"3300.00"))
    with pytest.raises(StoreDamaged):
        release(open_provider=house.PROVIDERS[:2])


def test_bytes_do_not_depend_on_the_machine(tmp_path, registry):
    """Two publishers with other time zones, hash seeds and threads: identical trees, two releases long."""
    trees = []
    for number, (zone, seed, threads) in enumerate([("Asia/Shanghai", "1", 1), ("America/Lima", "7", 3)]):
        root = tmp_path / str(number)
        env = os.environ | {"TZ": zone, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        driver = ROOT / "tests/assets/release/drive_publisher.py"
        subprocess.run([sys.executable, driver, root, "many", str(threads)], env=env, check=True)
        trees.append(house.tree(root / "published"))
    assert trees[0] == trees[1]
    assert json.loads(trees[0]["current.json"])["seq"] == 2


def test_entry_says_how_it_is_used():
    run = subprocess.run(
        [sys.executable, "-m", "assets.release.publisher", "--help"], capture_output=True, text=True, cwd=ROOT
    )
    assert run.returncode == 0 and "65 refused" in run.stdout and "75 another publisher" in run.stdout


def test_publisher_does_not_need_dagster():
    slow = "dagster", "frictionless", "great_expectations"
    code = f"import sys, assets.release.publisher; print([m for m in {slow} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert run.stdout.strip() == "[]"
