"""Releases in an S3-compatible store: many publishers, lost answers, deaths in between, and stores that are unfit."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
import time
from datetime import timedelta

import duckdb
import pytest

from assets.release import history
from assets.release.audit import Wanted, audit
from assets.release.comparison.difference import diff
from assets.release.manifest import Release, current_release
from assets.release.manifest import history as chain
from assets.release.publisher import publish
from assets.release.retraction.withdraw import Reason, withdraw
from assets.release.stores import (
    POINTER,
    TOMBSTONE,
    StoreConflict,
    StoreDamaged,
    StoreUnfit,
    StoreUnreachable,
    blob_path,
    signature_path,
)
from assets.release.stores import objects as asked
from assets.release.stores.access import Access
from assets.release.stores.downloads import download_folder
from assets.release.stores.http import HttpStore
from assets.release.stores.opening import store_at
from assets.release.stores.s3 import S3Store
from assets.release.verify import verify_release
from tests.assets.release import house
from tests.assets.release.s3_server import FAULTS, serving
from tests.assets.release.scan import places_of
from tests.faults import bare
from tests.faults.s3_publish import BUCKET, store_of


@pytest.fixture(scope="module")
def running():
    with serving() as server:
        yield server


@pytest.fixture
def server(running, monkeypatch):
    monkeypatch.setattr(asked, "PAUSE", 0.01)
    yield running
    running.forgetful = False
    running._fails.clear()


@pytest.fixture
def open_store(server, request, tmp_path):
    """Stores below the prefix of this test, each as a process in another workspace would open it."""
    numbers = itertools.count()

    def opened(**given) -> S3Store:
        scratch = tmp_path / f"scratch{next(numbers)}"
        return store_of(server.endpoint, tmp_path.name, scratch, **{"retries": 0} | given)

    return opened


@pytest.fixture
def small(open_store, tmp_path):
    """Publishes a release that is only bytes, told by a number, as a new process would."""

    def run(number: int) -> S3Store:
        store = open_store()
        bare.publish(store, tmp_path / "work", str(number))
        return store

    return run


def names(store: S3Store, folder: str = "") -> set[str]:
    return set(store._objects.list(folder))


def whole(store: S3Store) -> list[Release]:
    """The chain, every byte of it read: once as anybody would, once from the folders for people alone."""
    found = list(chain(store))
    for release in found:
        verify_release(store, release.manifest)
        for dataset in release.manifest.datasets:
            assert {f.path for f in dataset.files} == names(store, dataset.folder)
    return found


# --- publishing


def test_a_release_has_the_bytes_it_has_in_a_folder(open_store, registry, release, published, tmp_path):
    for rows in ({}, {"open_provider": house.PROVIDERS[:2]}):
        expected = release(**rows)
        made = publish(registry, tmp_path / "open", open_store(), house.AS_OF, work_dir=tmp_path / "work2")
        assert made == expected
    store, before = open_store(), names(open_store())
    again = publish(registry, tmp_path / "open", store, house.AS_OF, work_dir=tmp_path / "work2")
    assert not again.changed and names(store) == before
    assert len(whole(store)) == 2
    local = {p.relative_to(published).as_posix(): p for p in published.rglob("*") if p.is_file()}
    for name, path in local.items():
        if not name.startswith("."):
            assert store.read(name) == path.read_bytes()
    assert {n for n in before if n[0] != "."} == {n for n in local if n[0] != "."}
    assert history.versions(store, "providers") == history.versions(published, "providers")
    assert diff(store, "providers", "1.0.0", "1.1.0") == diff(published, "providers", "1.0.0", "1.1.0")


def test_files_are_served_as_what_they_are_and_the_pointer_is_not_kept_in_caches(open_store, small):
    remote = small(1)._objects._remote
    shown = {name: remote.get(name).attributes for name in (POINTER, "datasets/d/1.1.0/a.csv")}
    assert shown[POINTER] == {"Content-Type": "application/json", "Cache-Control": "no-cache"}
    assert shown["datasets/d/1.1.0/a.csv"]["Content-Type"] == "text/csv; charset=utf-8"


def test_before_the_commit_nothing_is_written_but_what_is_named_by_its_content(open_store, small, monkeypatch):
    monkeypatch.setattr(S3Store, "commit", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        small(1)
    tops = {name.split("/")[0] for name in names(open_store())}
    assert tops == {"blobs", "releases", "signatures"} and open_store().committed() == []


# --- two and more publishers


def test_the_second_publisher_is_told_and_the_first_one_stands(open_store, small):
    small(1)
    store = open_store()
    with store.exclusive():
        found = store.pointer()
        small(2)
        newer = store.pointer()
        with pytest.raises(StoreConflict):
            store.commit(found + b" ", found)
    assert store.pointer() == newer and len(whole(store)) == 2


def test_publishers_of_one_workspace_do_not_meet(server, tmp_path):
    one, other = (store_of(server.endpoint, tmp_path.name, tmp_path) for _ in range(2))
    with one.exclusive(), pytest.raises(StoreConflict, match="工作区"), other.exclusive():
        pass
    with other.exclusive():
        pass


def test_the_first_release_has_one_author(open_store, small):
    small(1)
    with pytest.raises(StoreConflict):
        open_store().commit(b"another first", None)


def test_a_release_that_came_in_between_is_a_conflict_and_no_damage(open_store, small, registry, tmp_path):
    """What the slower one finds can look as if the pointer were lost."""
    house.write_open(registry, tmp_path / "open")
    publish(registry, tmp_path / "open", open_store(), house.AS_OF, work_dir=tmp_path / "work")
    old = open_store().pointer()
    house.write_open(registry, tmp_path / "open", open_provider=house.PROVIDERS[:2])
    publish(registry, tmp_path / "open", open_store(), house.AS_OF, work_dir=tmp_path / "work")
    fewer = {"open_provider": house.PROVIDERS[:1], "open_provider_class": house.CLASSES[:2]}
    house.write_open(registry, tmp_path / "open", **fewer)
    slow, answers = open_store(), [old]
    fresh = slow.pointer
    slow.pointer = lambda: answers.pop() if answers else fresh()
    with pytest.raises(StoreConflict):
        publish(registry, tmp_path / "open", slow, house.AS_OF, work_dir=tmp_path / "work")
    assert len(whole(open_store())) == 2


# --- lost answers and deaths


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("path", [r"\.probe/", "blobs/", "releases/", "current.json", "committed/", "datasets/"])
def test_a_write_without_an_answer_is_looked_at(server, open_store, small, fault, path):
    small(1)
    server.fail(fault, path)
    small(2)
    assert not server._fails and len(whole(open_store())) == 2


def test_a_commit_that_nobody_answers_for_is_found_by_the_next_run(server, open_store, small):
    small(1)
    server.fail("lost", "current.json")
    server.fail("refused", "current.json", 8)
    small(2)
    server._fails.clear()
    server.fail("refused", "current.json", 8)
    with pytest.raises(StoreUnreachable, match=r"再运行一次.*run again"):
        small(3)
    server._fails.clear()
    small(3)
    assert [r.manifest.seq for r in whole(open_store())] == [3, 2, 1]


def test_a_publisher_that_dies_after_its_commit_is_completed_by_the_next(open_store, small, monkeypatch):
    small(1)
    with monkeypatch.context() as patch:
        patch.setattr(S3Store, "complete", lambda _: None)
        store = small(2)
    release = current_release(store)
    verify_release(store, release.manifest)  # readers know the hashes, so they find the blobs
    assert not names(store, "datasets/d/1.2.0") and store.committed() != [release.release_id]
    with pytest.raises(StoreDamaged):
        store.local("datasets/d/1.2.0/a.csv")
    small(3)
    assert len(whole(store)) == 3


def test_other_bytes_under_the_name_of_a_blob_are_never_built_on(open_store, small):
    store = small(1)
    blob = blob_path(hashlib.sha256(bare.contents("2")["a.csv"]).hexdigest())
    store._objects.put(blob, b"other", {})
    with pytest.raises(StoreDamaged, match="blobs/"):
        small(2)
    assert current_release(store).manifest.seq == 1


def test_a_signature_made_anew_with_another_key_takes_the_place_of_the_old_one(open_store):
    store = open_store()
    for signature in (b"old", b"old", b"new"):
        store.put_signature("ab", signature)
        assert store.read(signature_path("ab")) == signature


def test_a_reader_finds_what_was_changed_in_the_store(open_store, small):
    store = small(1)
    store._objects.put("datasets/d/1.1.0/a.csv", b"other", {})
    with pytest.raises(StoreDamaged, match=r"a\.csv"):
        verify_release(store, current_release(store).manifest)


# --- taking away


def test_a_withdrawn_version_leaves_its_tombstone_alone(open_store, small):
    small(1)
    store = small(2)
    old = next(r for r in chain(store) if r.manifest.seq == 1).manifest.datasets[0]
    only = {f.sha256 for f in old.files} - {f.sha256 for f in current_release(store).manifest.datasets[0].files}
    for _ in range(2):
        store.withdraw_version("d", "1.1.0", b"{}", only)
        assert names(store, "datasets/d/1.1.0") == {f"datasets/d/1.1.0/{TOMBSTONE}"}
        assert not names(store, "blobs") & {blob_path(sha256) for sha256 in only}
    verify_release(store, current_release(store).manifest)


def test_what_is_withdrawn_is_nowhere_and_what_takes_its_place_is_there(open_store, registry, tmp_path, monkeypatch):
    for rows in ([("330108", "p9", "7777.25")], house.FEES):
        house.write_open(registry, tmp_path / "open", open_fee_posted=rows)
        publish(registry, tmp_path / "open", open_store(), house.AS_OF, work_dir=tmp_path / "work")
    reason = Reason("录入有误。", "Entered wrongly.")
    given = (registry, open_store(), "fees", "1.0.0", reason, house.AS_OF)
    with monkeypatch.context() as patch:
        patch.setattr(S3Store, "withdraw_version", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):  # killed after its commit
            withdraw(*given, work_dir=tmp_path / "work")
    assert withdraw(*given, work_dir=tmp_path / "work").completed
    store = open_store()
    for name in store.files():
        copy = tmp_path / "copy" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(store.read(name))
    assert places_of("7777.25", tmp_path / "copy") == []
    assert (tmp_path / "copy/datasets/fees/1.0.0" / TOMBSTONE).exists()
    verify_release(store, current_release(store).manifest)
    assert {f.code for f in audit(store, store.address, Wanted(house.AS_OF)).findings} <= {"unsigned"}


def test_garbage_is_what_no_release_leads_to_and_is_not_new(open_store, small, tmp_path):
    store = small(1)
    led_to = names(store)
    (tmp_path / "left").write_bytes(b"left")
    left = "a" * 64
    store._objects.create(blob_path(left), b"left", {})
    assert store.unreferenced(led_to) == []
    soon = open_store(garbage_after=timedelta(0))
    time.sleep(1.1)  # moto keeps whole seconds
    assert soon.unreferenced(led_to) == [blob_path(left)]
    store.discard([blob_path(left)])
    assert names(store) > led_to
    soon.discard([blob_path(left), "blobs/gone"])
    assert names(store) == led_to


def test_a_blob_that_was_about_to_be_collected_is_written_anew(server, open_store, tmp_path):
    store = open_store(garbage_after=timedelta(seconds=2))
    source, digest = tmp_path / "a.csv", hashlib.sha256(b"a").hexdigest()
    source.write_bytes(b"a")
    store.put_blob(source, digest)
    assert store.unreferenced([]) == []
    time.sleep(3.1)
    assert store.unreferenced([]) == [blob_path(digest)]
    store.put_blob(source, digest)
    store.discard([blob_path(digest)])
    assert store.digest(blob_path(digest)) == (1, digest)


def test_pages_may_change(open_store):
    store = open_store()
    for page in (b"<p>1</p>", b"<p>2</p>"):
        store.put_page("index.html", page)
        assert store.read("index.html") == page


# --- stores that cannot be published to


def test_a_store_that_ignores_conditions_is_refused_before_the_first_write(server, open_store, small):
    server.forgetful = True
    server.puts.clear()
    with pytest.raises(StoreUnfit, match=r"条件写入.*conditional writes"):
        small(1)
    assert all("/.probe/" in put for put in server.puts) and not names(open_store())


@pytest.mark.parametrize(
    "address, given, error, said",
    [
        ("s3://no-such-bucket/a", {}, StoreUnfit, "NoSuchBucket"),
        (f"s3://{BUCKET}/a", {"endpoint": "http://127.0.0.1:9"}, StoreUnreachable, "AWS_ENDPOINT_URL"),
        (f"s3://{BUCKET}/a", {"allow_http": False}, StoreUnfit, "AWS_ALLOW_HTTP"),
        (f"s3://{BUCKET}/a", {"secret": None}, StoreUnfit, "Missing SecretAccessKey"),
    ],
)
def test_what_is_wrong_is_told_in_words_and_without_keys(server, tmp_path, address, given, error, said):
    keys = {"endpoint": server.endpoint, "allow_http": True, "key_id": "schluessel", "secret": "geheim"}
    with pytest.raises(error) as told:
        store_at(address, Access(**keys | given), tmp_path).pointer()
    assert said in str(told.value)
    for secret in ("schluessel", "geheim", "Debug"):
        assert secret not in str(told.value) and secret not in repr(Access(**keys))


def test_without_a_key_only_what_is_public_can_be_read(server, open_store, small, tmp_path):
    address = small(1).address
    with pytest.raises(StoreUnfit, match="403"):
        store_at(address, Access(endpoint=server.endpoint, allow_http=True), tmp_path).pointer()
    with pytest.raises(OSError, match="403"):
        HttpStore(f"{server.endpoint}/{address.removeprefix('s3://')}").pointer()


# --- the scratch folder


def test_downloads_go_with_the_process_or_with_the_next_one(tmp_path):
    leave = "import os, sys; from pathlib import Path; from assets.release.stores.downloads import download_folder; "
    leave += "(download_folder(Path(sys.argv[1])) / 'x').write_text('left'); "
    for end, left in (("os.kill(os.getpid(), 9)", 1), ("", 0)):
        subprocess.run([sys.executable, "-c", leave + end, tmp_path], check=False)
        assert len(list(tmp_path.glob("*/x"))) == left
    assert list(tmp_path.iterdir()) == []
    assert download_folder(tmp_path) == download_folder(tmp_path)
    subprocess.run([sys.executable, "-c", leave, tmp_path], check=True)
    assert list(tmp_path.iterdir()) == [download_folder(tmp_path)]


def test_a_version_is_withdrawn_from_an_object_store_too(open_store, registry, tmp_path, monkeypatch):
    """With its successor replaced; and a withdrawal that dies after its commit is completed by the next."""
    work = tmp_path / "work"
    for day, fees in ((3, house.FEES), (4, [("330108", "p1", "7777.25")]), (5, house.FEES)):
        folder = house.write_open(registry, tmp_path / "open", open_fee_posted=fees)
        publish(registry, folder, open_store(), house.AS_OF.replace(month=day, day=1), work_dir=work)

    def died(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(S3Store, "withdraw_version", died)
    given = registry, open_store(), "fees", "1.1.0", Reason("错。", "Wrong."), house.AS_OF.replace(month=7)
    with pytest.raises(KeyboardInterrupt):
        withdraw(*given, work_dir=work)
    monkeypatch.undo()
    store = open_store()
    assert names(store, "datasets/fees/1.1.0") - {"datasets/fees/1.1.0/tombstone.json"}
    again = withdraw(*given, work_dir=work)
    assert not again.changed and set(again.completed) == {"datasets/fees/1.1.0", "datasets/fees/1.2.0"}
    for version in ("1.1.0", "1.2.0"):
        assert names(store, f"datasets/fees/{version}") == {f"datasets/fees/{version}/tombstone.json"}
    assert "datasets/fees/1.2.0+r1/changes.csv" in names(store, "datasets/fees")
    verify_release(store, current_release(store).manifest)
    for name in names(store):
        data = store.read(name)
        assert b"7777.25" not in data
        if data[:4] == b"PAR1":
            assert "7777.25" not in str(duckdb.sql(f"FROM read_parquet('{store.local(name)}')").fetchall())
