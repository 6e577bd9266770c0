"""The local commit protocol: killed anywhere, a reader finds whole releases and the next run finishes."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from assets.release import durable
from assets.release.audit import Wanted, audit
from assets.release.manifest import current_release
from assets.release.publisher import publish
from assets.release.stores import StoreConflict, StoreDamaged
from assets.release.stores.local import LocalStore
from tests.assets.release import house

ROOT = Path(__file__).parents[3]
ENV = os.environ | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "published", wait_seconds=0.1)


def blob(tmp_path: Path, store: LocalStore, data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    source = tmp_path / digest
    source.write_bytes(data)
    store.put_blob(source, digest)
    return digest


@pytest.mark.parametrize(("how", "least"), [("kill", 40), ("other", 40), ("error", 40), ("size", 5)])
def test_disturbed_at_every_change_to_the_disk(memory, how, least):
    """Killed, or failing with a full or broken disk: the old release or the new one, and the next run finishes it."""
    driver = ROOT / "tests/assets/release/drive_store.py"
    run = subprocess.run([sys.executable, driver, memory / "w", how], env=ENV, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) >= least  # it really was disturbed that often


@pytest.fixture(scope="module")
def two_releases(tmp_path_factory) -> Path:
    """A folder with the first release in `published`, the first two in `whole`, and the second's tables in `open`."""
    given, root, before = house.registry(), tmp_path_factory.mktemp("two"), {"open_fee_posted": house.FEES[:1]}
    before |= {"open_provider": house.PROVIDERS[:2], "open_provider_class": house.CLASSES[:2]}
    house.write_open(given, root / "open", **before)
    publish(given, root / "open", root / "published", house.AS_OF, work_dir=root / "work")
    shutil.copytree(root / "published", root / "whole")
    house.write_open(given, root / "open")
    publish(given, root / "open", root / "whole", house.AS_OF, work_dir=root / "work")
    return root


@pytest.mark.parametrize("number", [3, 75, 130])
def test_a_killed_publisher_is_finished_by_the_next(tmp_path, two_releases, number):
    """Through the real publisher: the same with DuckDB, frictionless, pages and two datasets around the store.

    A reader finds nothing wrong meanwhile; who verifies everything is told of what nothing leads to, whoever put it
    there: what a dead publisher left cannot be told from what somebody added."""
    work = shutil.copytree(two_releases, tmp_path / "trial")
    published, added = work / "published", work / "published/datasets/fees/1.0.0/新.csv"

    def findings(quick: bool = False) -> list[str]:
        report = audit(LocalStore(published), "", Wanted(house.AS_OF, quick=quick))
        return [finding.code for finding in report.findings]

    driver = ROOT / "tests/assets/release/drive_publisher.py"
    run = subprocess.run([sys.executable, driver, work, "kill", str(number)], env=ENV)
    assert run.returncode == -9
    assert findings(quick=True) == []
    left = findings()
    assert set(left) <= {"unaccounted", "pointer-older"}  # the latter: killed just before the pointer moved
    assert left or number == 3  # before anything was written
    added.write_text("added by somebody")
    assert len(findings()) == len(left) + 1
    added.unlink()
    publish(house.registry(), work / "open", published, house.AS_OF, work_dir=work / "work")
    assert house.tree(published) == house.tree(work / "whole") and findings() == []


def test_an_empty_stage_is_no_excuse(two_releases, tmp_path):
    """Anybody can make a folder of that name; only who holds the lock is at work."""
    published = shutil.copytree(two_releases / "whole", tmp_path / "published")
    (published / ".stage").mkdir()
    (published / "feeds" / "releases.xml").write_text("<feed/>")
    added = published / "datasets/fees/9.0.0"
    added.mkdir()
    (added / "made_up.csv").write_text("a,b")
    found = {f.code for f in audit(LocalStore(published), "", Wanted(house.AS_OF)).findings}
    assert {"page-differs", "unaccounted"} <= found


def test_who_is_refused_leaves_no_stage(store):
    with pytest.raises(StoreDamaged), store.exclusive():
        raise StoreDamaged("refused")
    assert not (store.root / ".stage").exists()


def test_inputs_that_changed_after_a_crash_replace_what_was_never_released(tmp_path, store):
    with store.exclusive():
        store.put_version("d", "1.0.0", {"a": blob(tmp_path, store, b"dead")})
    with store.exclusive():
        store.put_version("d", "1.0.0", {"a": blob(tmp_path, store, b"alive")})
    assert (store.root / "datasets/d/1.0.0/a").read_bytes() == b"alive"
    assert not (store.root / ".stage").exists()


def test_what_nothing_leads_to_is_found_and_deleted(tmp_path, store):
    """Only where publishers write: what a person put there, pages and the record of releases stay."""
    with store.exclusive():
        store.commit(b'{"release": "000001-a"}', None)
        kept, left = blob(tmp_path, store, b"kept"), blob(tmp_path, store, b"left")
        store.put_version("d", "1.0.0", {"a": left})
        store.put_page("feeds/all.xml", b"page")
        (store.root / "README.md").write_text("of a person")
        found = store.unreferenced([f"blobs/sha256/{kept[:2]}/{kept}"])
        assert found == [f"blobs/sha256/{left[:2]}/{left}", "datasets/d/1.0.0/a"]
        store.discard([*found, "datasets/gone/1.0.0/a"])
        assert store.unreferenced([]) == [f"blobs/sha256/{kept[:2]}/{kept}"]
    assert sorted(p.name for p in store.root.iterdir()) == [
        ".committed", ".lock", "README.md", "blobs", "current.json", "feeds"
    ]  # fmt: skip


def test_one_publisher_at_a_time(store):
    other = LocalStore(store.root, wait_seconds=0)
    with store.exclusive(), pytest.raises(StoreConflict), other.exclusive():
        pass
    with other.exclusive():
        pass


def test_a_dead_publisher_holds_no_lock(store):
    code = (
        "import os; from pathlib import Path; from assets.release.stores.local import LocalStore\n"
        f"with LocalStore(Path({str(store.root)!r})).exclusive(): os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], env=ENV).returncode == -9
    with store.exclusive():
        pass


def test_commit_refuses_a_pointer_it_did_not_expect(store):
    with store.exclusive():
        store.commit(b'{"release": "000001-a"}', None)
        with pytest.raises(StoreConflict):
            store.commit(b'{"release": "000001-b"}', None)
    assert store.pointer() == b'{"release": "000001-a"}' and store.committed() == ["000001-a"]


def test_a_name_is_never_trusted(tmp_path, store):
    with store.exclusive():
        digest = blob(tmp_path, store, b"data")
        path = store.root / "blobs/sha256" / digest[:2] / digest
        path.chmod(0o644)
        path.write_bytes(b"Data")
        with pytest.raises(StoreDamaged):
            blob(tmp_path, store, b"data")


def test_a_source_that_changed_after_it_was_checked_is_refused(tmp_path, store):
    (tmp_path / "x").write_bytes(b"changed")
    with store.exclusive(), pytest.raises(StoreDamaged):
        store.put_blob(tmp_path / "x", hashlib.sha256(b"checked").hexdigest())
    assert not list((store.root / "blobs").rglob("*/*/*"))


def test_file_system_without_hard_links(tmp_path, store, monkeypatch):
    def no_links(*_):
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", no_links)
    with store.exclusive():
        store.put_version("d", "1.0.0", {"a": blob(tmp_path, store, b"data")})
    copy = store.root / "datasets/d/1.0.0/a"
    assert copy.read_bytes() == b"data" and copy.stat().st_nlink == 1 and copy.stat().st_mode & 0o222 == 0


def test_a_full_disk_is_an_error_and_heals(tmp_path, store, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patch:
        patch.setattr(durable.os, "fsync", full)
        with pytest.raises(OSError, match="no space"), store.exclusive():
            blob(tmp_path, store, b"data")
    with store.exclusive():
        blob(tmp_path, store, b"data")
    assert not (store.root / ".stage").exists()


def test_everything_is_forced_to_disk_before_its_name_and_before_the_pointer(tmp_path, monkeypatch):
    """By what was fsynced: a file before it takes a published name, and every name before the pointer moves."""
    synced, at_commit, too_early, published = set(), set(), [], tmp_path / "p"
    fsync, rename = os.fsync, os.rename

    def number(path) -> tuple[int, int]:
        return os.stat(path).st_dev, os.stat(path).st_ino

    def recorded(descriptor):
        synced.add((os.fstat(descriptor).st_dev, os.fstat(descriptor).st_ino))
        fsync(descriptor)

    def moved(source, target):
        inside = [Path(source), *Path(source).rglob("*")]
        too_early.extend(p for p in inside if Path(target).is_relative_to(published) and number(p) not in synced)
        rename(source, target)

    def committed(source, target):
        at_commit.update(synced)
        moved(source, target)
        synced.discard(number(published))

    for name, change in {"fsync": recorded, "rename": moved, "replace": committed}.items():
        monkeypatch.setattr(os, name, change)
    given = house.registry()
    publish(given, house.write_open(given, tmp_path / "open"), published, house.AS_OF, work_dir=tmp_path)
    found = [p for p in published.rglob("*") if p.name != ".lock"]
    assert len(found) > 30
    assert too_early == [] and [p for p in found if number(p) not in at_commit] == []
    assert number(published) in synced  # and the pointer's own name after it


def test_pointer_with_another_hash_is_damage(tmp_path, store):
    given = house.registry()
    publish(given, house.write_open(given, tmp_path / "open"), store, house.AS_OF, work_dir=tmp_path / "work")
    pointer = json.loads(store.pointer())
    (store.root / "current.json").unlink()
    (store.root / "current.json").write_text(json.dumps(pointer | {"sha256": "0" * 64}))
    with pytest.raises(StoreDamaged, match="not the manifest that was released"):
        current_release(store)
