"""A version is withdrawn: its data is nowhere, the tombstone explains, and whatever dies is finished."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from assets.release.comparison.difference import diff
from assets.release.history import NoSuchVersion, versions
from assets.release.manifest import current_release, history
from assets.release.retraction.retire import complete_withdrawals
from assets.release.retraction.withdraw import Reason, withdraw
from assets.release.stores.local import LocalStore
from assets.release.verify import verify_package, verify_release
from quality.disclosure.columns import DisclosureRefused
from tests.assets.release import house
from tests.assets.release.scan import places_of

REASON = Reason("收费金额录入有误。", "Amounts were entered wrongly.")
ROOT = Path(__file__).parents[3]
ON = date(2026, 7, 2)


@pytest.fixture
def take_back(tmp_path, registry, published):
    def run(dataset: str, version: str):
        return withdraw(registry, LocalStore(published), dataset, version, REASON, ON, work_dir=tmp_path / "work")

    return run


@pytest.fixture
def three(release):
    """1.0.0; 1.1.0 with the amount 7777.25 and a provider p9 that only it has; 1.2.0."""
    release()
    wrong = [("330108", "p1", "7777.25"), *house.FEES[1:], ("330108", "p9", "1111.75")]
    release(as_of=date(2026, 4, 30), open_fee_posted=wrong)
    release(as_of=date(2026, 5, 31), open_fee_posted=[("330108", "p1", "3300.00"), *house.FEES[1:]])


def _stand(published):
    return [v.version for v in versions(published, "fees") if not v.withdrawn]


def tombstone(published, version):
    folder = published / "datasets/fees" / version
    assert [p.name for p in folder.iterdir()] == ["tombstone.json"]
    return json.loads((folder / "tombstone.json").read_bytes())


def test_data_is_nowhere_and_the_tombstone_explains(three, take_back, published):
    assert places_of("7777.25", published) and places_of("p9", published)
    files = {p.name: p.read_bytes() for p in (published / "datasets/fees/1.1.0").iterdir()}
    result = take_back("fees", "1.1.0")
    assert (result.changed, result.was_current, result.replaced) == (True, False, {"1.2.0": "1.2.0+r1"})
    assert places_of("7777.25", published) == places_of("p9", published) == []
    said = tombstone(published, "1.1.0")
    assert (said["reason_zh"], said["reason_en"], said["withdrawn_on"]) == (REASON.zh, REASON.en, "2026-07-02")
    assert {f["name"]: (f["sha256"], f["bytes"]) for f in said["files"]} == {
        name: (hashlib.sha256(data).hexdigest(), len(data)) for name, data in files.items()
    }
    store = LocalStore(published)
    for made in history(store):
        if made.release_id == result.release_id:
            verify_release(store, made.manifest)
    assert _stand(published) == ["1.0.0", "1.2.0+r1"]


def test_the_version_after_tells_its_changes_against_what_stands(three, take_back, published):
    before = {p.name: p.read_bytes() for p in (published / "datasets/fees/1.2.0").iterdir()}
    take_back("fees", "1.1.0")
    folder = published / "datasets/fees/1.2.0+r1"
    after = {p.name: p.read_bytes() for p in folder.iterdir()}
    same = {name for name in after if before[name] == after[name]}
    assert {"open_fee_posted.csv", "open_fee_posted.parquet", "codelists.csv"} <= same
    assert b"3200.00,3300.00" in after["changes.csv"] and after["changes.csv"].count(b"\n") == 2
    verify_package(folder, 3)
    assert json.loads(after["datapackage.json"])["version"] == "1.2.0+r1"
    assert tombstone(published, "1.2.0")["replaced_by"] == "1.2.0+r1"
    assert diff(published, "fees", "1.0.0", "1.2.0+r1").changes["open_fee_posted"].any


def test_next_version_goes_on_from_the_replacement(three, take_back, release, published):
    take_back("fees", "1.1.0")
    result = release(as_of=date(2026, 6, 30), open_fee_posted=house.FEES[:1])
    assert {d.name: d.version for d in result.datasets}["fees"] == "1.3.0"
    assert current_release(LocalStore(published)).manifest.is_withdrawn("fees", "1.1.0")


def test_current_version_leaves_nothing_until_the_next_run(three, take_back, release, published):
    result = take_back("fees", "1.2.0")
    assert result.was_current and not result.replaced
    now = current_release(LocalStore(published)).manifest
    assert [d.name for d in now.datasets] == ["providers"] and now.as_of == "2026-05-31"
    assert places_of("3300.00", published) == []
    again = release(as_of=date(2026, 7, 31), open_fee_posted=[("330108", "p1", "3350.00")])
    fees = next(d for d in again.datasets if d.name == "fees")
    assert (fees.version, fees.previous_version) == ("1.3.0", "1.1.0")


def test_the_last_version_that_stands_is_current_again_when_nothing_differs_from_it(three, take_back, release):
    take_back("fees", "1.2.0")
    wrong = [("330108", "p1", "7777.25"), *house.FEES[1:], ("330108", "p9", "1111.75")]
    result = release(as_of=date(2026, 7, 31), open_fee_posted=wrong)
    assert result.changed and {d.name: d.version for d in result.datasets}["fees"] == "1.1.0"


def test_neighbours_go_one_after_the_other(three, take_back, published):
    take_back("fees", "1.1.0")
    take_back("fees", "1.0.0")
    assert (published / "datasets/fees/1.2.0+r2/changes.csv").read_bytes().count(b"\n") == 1
    assert _stand(published) == ["1.2.0+r2"]
    assert places_of("3200.00", published) == []


def test_what_other_versions_hold_too_stays(release, take_back, published):
    release()
    release(open_fee_posted=house.FEES[:1])
    shared = published / "datasets/fees/1.1.0/codelists.csv"
    take_back("fees", "1.0.0")
    kept = published / "datasets/fees/1.1.0+r1/codelists.csv"
    assert not shared.exists() and kept.exists()
    verify_release(LocalStore(published), current_release(LocalStore(published)).manifest)


def test_anybody_can_verify_what_is_left(three, take_back, published):
    take_back("fees", "1.1.0")
    command = [sys.executable, "-m", "assets.release.audit", str(published), "--on", "2026-07-03"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0 and "0 findings" in run.stdout, run.stdout + run.stderr


def test_twice_is_once_and_unknown_is_said(three, take_back):
    first = take_back("fees", "1.1.0")
    again = take_back("fees", "1.1.0")
    assert (again.changed, again.release_id) == (False, first.release_id)
    with pytest.raises(NoSuchVersion, match=r"9\.9\.9 was never published"):
        take_back("fees", "9.9.9")


@pytest.mark.slow
def test_killed_at_any_moment_the_data_goes_or_stays_whole_and_the_next_one_finishes(three, published, tmp_path):
    """SIGKILL before changes to the disk from the first to the last. A reader finds the old or the new state, whole."""
    driver = [sys.executable, str(ROOT / "tests/assets/release/drive_publisher.py")]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    ends, number = [], 1
    while not ends or ends[-1] != 0:
        root = tmp_path / str(number)
        shutil.copytree(published, root / "published")
        ends.append(subprocess.run([*driver, root, "withdraw", str(number)], env=env, check=False).returncode)
        store = LocalStore(root / "published")
        current = current_release(store)
        if current.manifest.withdrawn:
            with store.exclusive():  # any publisher's first step
                complete_withdrawals(store, current)
        else:
            verify_release(store, current.manifest)
            assert places_of("7777.25", root / "published/datasets")
            subprocess.run([*driver, root, "withdraw", "0"], env=env, check=True)
        verify_release(store, current_release(store).manifest)
        assert places_of("7777.25", root / "published") == []
        assert tombstone(root / "published", "1.1.0") and tombstone(root / "published", "1.2.0")
        number += 29
    assert set(ends) == {-9, 0} and len(ends) > 5


class Died(BaseException):
    """The process, at that moment."""


@pytest.mark.parametrize("point", ["commit", "first blob", "tombstone"])
def test_killed_anywhere_is_finished_by_the_next_publisher(three, take_back, release, published, monkeypatch, point):
    _die(monkeypatch, point)
    with pytest.raises(Died):
        take_back("fees", "1.1.0")
    monkeypatch.undo()
    store = LocalStore(published)
    if point == "commit":
        assert not current_release(store).manifest.withdrawn
        verify_release(store, current_release(store).manifest)
        assert take_back("fees", "1.1.0").changed
    else:
        assert release(as_of=date(2026, 5, 31), open_fee_posted=[("330108", "p1", "3300.00"), *house.FEES[1:]])
    assert places_of("7777.25", published) == []
    assert tombstone(published, "1.1.0") and tombstone(published, "1.2.0")
    with store.exclusive():
        assert complete_withdrawals(store, current_release(store)) == []


def _die(monkeypatch, point: str) -> None:
    def died(*_):
        raise Died

    if point == "commit":
        return monkeypatch.setattr(LocalStore, "commit", died)
    if point == "tombstone":
        whole, calls = LocalStore._place, []

        def place(self, staged, target):
            calls.append(target)
            return died() if staged.name == "tombstone" else whole(self, staged, target)

        return monkeypatch.setattr(LocalStore, "_place", place)
    return monkeypatch.setattr("pathlib.Path.unlink", _unless_staged(died))


def _unless_staged(died):
    whole = Path.unlink

    def unlink(self, *given, **named):
        return died() if "blobs" in self.parts else whole(self, *given, **named)

    return unlink


def test_a_reason_that_names_a_person_is_refused_before_anything_is_written(three, registry, published, tmp_path):
    """People give reasons in their own words; they go into the manifest, the tombstone, the notes and the feeds."""
    before = house.tree(published)
    reason = Reason("应家长要求，电话 13800138000。", "Asked for by telephone.")
    with pytest.raises(DisclosureRefused, match=r"mobile-number-in-text manifest\.json") as refused:
        withdraw(registry, LocalStore(published), "fees", "1.2.0", reason, ON, work_dir=tmp_path / "work")
    assert "13800138000" not in str(refused.value)
    assert house.tree(published) == before
