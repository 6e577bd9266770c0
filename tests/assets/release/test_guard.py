"""No release undoes what was given away: a lost or old pointer, another profile's folder."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from datetime import date

import pytest

from assets.release import publisher
from assets.release.guard import WrongProfile
from assets.release.manifest import current_release
from assets.release.stores import StoreDamaged
from assets.release.stores.local import LocalStore
from assets.release.verify import verify_release
from tests.assets.release import house


def put_back(published, pointer: bytes | None) -> None:
    (published / "current.json").unlink()
    if pointer:
        (published / "current.json").write_bytes(pointer)


@pytest.fixture
def two(release, published) -> bytes:
    """Two releases; the pointer to the first one."""
    release()
    first = (published / "current.json").read_bytes()
    release(open_fee_posted=house.FEES[:1])
    return first


def assert_refused(release, published, match: str, **rows) -> None:
    before = house.tree(published)
    with pytest.raises(StoreDamaged, match=match) as said:
        release(**rows)
    assert house.tree(published) == before
    assert "从备份恢复 current.json" in str(said.value) and "Restore current.json" in str(said.value)


def test_a_lost_pointer_never_replaces_the_first_versions(release, published):
    release()
    put_back(published, None)
    assert_refused(release, published, "不见了.*is missing, but there is 000001-", open_fee_posted=house.FEES[:1])


def test_a_lost_pointer_is_written_again_by_the_same_inputs(release, published):
    release()
    before = house.tree(published)
    put_back(published, None)
    assert release().changed and house.tree(published) == before


def test_a_lost_pointer_after_two_releases(release, published, two):
    put_back(published, None)
    assert_refused(release, published, "is missing, but there is 000002-")


@pytest.mark.parametrize("rows", [{"open_fee_posted": house.FEES[1:]}, {"open_provider": house.PROVIDERS[::2]}])
def test_a_pointer_put_back_by_one(release, published, two, rows):
    """Neither another 1.1.0 of the same dataset, nor a release 2 that forgets the one there was."""
    rows = {"open_provider_class": house.CLASSES[:2]} | rows
    put_back(published, two)
    assert_refused(release, published, "退回到旧的发布.*is older than 000002-", **rows)


def test_a_pointer_put_back_by_two(release, published, two):
    release(open_fee_posted=house.FEES[1:])
    put_back(published, two)
    assert_refused(release, published, "is older than 000003-")


def test_a_pointer_put_back_is_moved_on_by_the_same_inputs(release, published, two):
    before = house.tree(published)
    put_back(published, two)
    assert release(open_fee_posted=house.FEES[:1]).seq == 2 and house.tree(published) == before


def kill_before_the_commit(release, monkeypatch, **given) -> None:
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)  # the pointer is the first thing that is replaced
        with pytest.raises(KeyboardInterrupt):
            release(**given)


@pytest.mark.parametrize("rows", [{"open_fee_posted": house.FEES[1:]}, {"open_provider": house.PROVIDERS[::2]}])
def test_killed_before_the_commit_and_run_with_other_inputs(release, published, monkeypatch, rows):
    """Whole but for its pointer, versions and all: nobody was led to it, so it may be replaced."""
    rows = {"open_provider_class": house.CLASSES[:2]} | rows
    kill_before_the_commit(release, monkeypatch)
    assert LocalStore(published).committed() != []  # it died in the last moment there is
    assert release(as_of=date(2026, 4, 30), **rows).seq == 1
    kill_before_the_commit(release, monkeypatch, open_fee_posted=house.FEES[:1])
    assert len(LocalStore(published).release_ids()) == 3
    assert release(as_of=date(2026, 5, 31)).seq == 2
    store = LocalStore(published)
    verify_release(store, current_release(store).manifest)
    assert len(store.committed()) == 2 and current_release(store).release_id in store.committed()


def test_an_abandoned_release_of_long_ago_is_in_nobodys_way(release, published, monkeypatch):
    """Its version 1.1.0 of one dataset was never given away, and that of another release is."""
    release()
    kill_before_the_commit(release, monkeypatch, open_fee_posted=house.FEES[:1])
    release(open_provider=house.PROVIDERS[::2], open_provider_class=house.CLASSES[:2])
    assert release(open_fee_posted=house.FEES[1:], open_provider=house.PROVIDERS[::2],
                   open_provider_class=house.CLASSES[:2]).seq == 3


def test_a_record_that_was_lost_with_the_pointer(release, published, two):
    """A copy of the folder without hidden files and without `current.json`: what is whole may have been given away."""
    shutil.rmtree(published / ".committed")
    assert release(open_fee_posted=house.FEES[:1]).seq == 2  # with its pointer nothing is amiss
    shutil.rmtree(published / ".committed")
    put_back(published, two)
    assert_refused(release, published, "is older than 000002-", open_fee_posted=house.FEES[1:])
    (published / "datasets/fees/1.1.0/SHA256SUMS").unlink()
    (published / "releases/notes of a person").mkdir()
    assert release(open_fee_posted=house.FEES[1:]).seq == 2


def test_a_dataset_that_comes_back_keeps_the_versions_it_had(release, registry, published):
    release()
    without = replace(registry, datasets={"providers": registry.datasets["providers"]})
    release(without, open_provider=house.PROVIDERS[:2])
    before = {p: data for p, data in house.tree(published).items() if p.startswith("datasets/")}
    assert release(open_provider=house.PROVIDERS[:2], open_fee_posted=house.FEES[:1]).seq == 3
    after = house.tree(published)
    assert {p: after[p] for p in before} == before and len(list((published / "datasets/fees").iterdir())) == 2


@pytest.mark.parametrize(
    ("update", "named"),
    [({"slug": "elsewhere"}, "elsewhere"), ({"synthetic": False}, r"testland \(real data\)")],
)
def test_another_profile_is_refused(release, registry, published, update, named):
    release()
    before = house.tree(published)
    other = replace(registry, profile=registry.profile.model_copy(update=update))
    with pytest.raises(WrongProfile, match=rf"testland \(synthetic data\), this run publishes {named}"):
        release(other)
    assert house.tree(published) == before


def test_another_profile_is_78(release, registry, published, tmp_path, monkeypatch, capsys):
    release()
    other = replace(registry, profile=registry.profile.model_copy(update={"slug": "elsewhere"}))
    monkeypatch.setattr(publisher, "load", lambda _: other)
    places = ["--open", tmp_path / "open", "--published", published, "--work", tmp_path / "work"]
    assert publisher.main([*map(str, places), "--as-of", "2026-03-31"]) == 78
    said = capsys.readouterr().err
    assert "testland" in said and "elsewhere" in said and "换一个发布目录" in said
