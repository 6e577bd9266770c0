"""No release undoes what was given away: a lost or old pointer, another profile's folder."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from assets.release import publisher
from assets.release.guard import WrongProfile
from assets.release.stores import StoreDamaged
from assets.release.stores.local import LocalStore
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


def test_a_fork_that_happened_long_ago_keeps_its_versions(release, published, two):
    """The folder came from a time before this guard: release 2 twice, now at 3; 1.1.0 stays what it was."""
    fork = next((published / "releases").glob("000002-*"))
    kept = {p: p.read_bytes() for p in (published / "datasets/fees/1.1.0").iterdir()}
    fork.rename(published / "aside")
    put_back(published, two)
    providers = {"open_provider": house.PROVIDERS[::2], "open_provider_class": house.CLASSES[:2]}
    release(**providers)
    (published / "aside").rename(fork)
    assert_refused(release, published, fork.name, open_fee_posted=house.FEES[1:], **providers)
    assert {p: p.read_bytes() for p in kept} == kept


def test_a_leftover_that_is_not_whole_is_replaced(release, published):
    """Killed while it placed its files, and the inputs changed since: nobody was led to them."""
    release()
    put_back(published, None)
    (published / "datasets/fees/1.0.0/SHA256SUMS").unlink()
    (published / "releases/notes of a person").mkdir()
    assert release(open_fee_posted=house.FEES[:1]).seq == 1
    assert len((published / "datasets/fees/1.0.0/open_fee_posted.csv").read_text().splitlines()) == 2


def test_killed_before_the_commit_and_run_with_other_inputs(release, published, monkeypatch):
    """Whole but for its pointer: it cannot be told from a release whose pointer was lost."""

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(LocalStore, "commit", killed)
        with pytest.raises(KeyboardInterrupt):
            release()
    assert_refused(release, published, "is missing", as_of=date(2026, 4, 30), open_fee_posted=house.FEES[:1])
    assert release().seq == 1


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
