"""Garbage: what nothing leads to goes, everything else stays."""

from __future__ import annotations

from datetime import date

from assets.release.gc import collect
from assets.release.retraction.withdraw import Reason, withdraw
from assets.release.stores.local import LocalStore
from tests.assets.release import house


def test_only_what_nothing_leads_to_goes(release, published, registry, tmp_path):
    release()
    release(as_of=date(2026, 4, 30), open_fee_posted=house.FEES[:1])
    store = LocalStore(published)
    reason = Reason("错。", "Wrong.")
    withdraw(registry, store, "fees", "1.0.0", reason, date(2026, 7, 2), work_dir=tmp_path / "w")
    whole = house.tree(published)
    assert collect(store).paths == [] and house.tree(published) == whole
    left = ["blobs/sha256/ab/" + "ab" * 32, "datasets/fees/1.2.0/a.csv", "releases/000009-abcdef01/manifest.json"]
    left.append("signatures/" + "cd" * 32 + ".sig")
    for path in left:
        (published / path).parent.mkdir(parents=True, exist_ok=True)
        (published / path).write_bytes(b"left")
    named = collect(store, dry_run=True)
    assert named.paths == sorted(left) and not named.deleted and (published / left[0]).exists()
    assert collect(store).paths == sorted(left)
    assert house.tree(published) == whole and not (published / "datasets/fees/1.2.0").exists()
