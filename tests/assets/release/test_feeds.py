"""Atom feeds: valid, escaped, the same bytes at any time, and written by the next run when one died before."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from assets.release.pages import entrance as pages
from assets.release.pages.feeds import feeds
from assets.release.retraction.withdraw import Reason, withdraw
from assets.release.stores.local import LocalStore
from schemas.model import Publisher
from tests.assets.release import house

SCHEMA = Path(__file__).parents[3] / ".." / "shared" / "standards" / "atom" / "atom.rnc"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def three(release, published, registry, tmp_path):
    """Two releases and a withdrawal whose reason would break a page that does not escape."""
    release()
    release(as_of=date(2026, 4, 30), open_fee_posted=house.FEES[:1])
    reason = Reason("<b>错</b> & “误”\x0b", "<script>alert(1)</script>")
    withdraw(registry, LocalStore(published), "fees", "1.0.0", reason, date(2026, 7, 2), work_dir=tmp_path / "w")
    return published


def read(path: Path):
    return ElementTree.fromstring(path.read_bytes())


def test_every_release_is_an_entry_the_latest_first(three):
    feed = read(three / "feeds/releases.xml")
    entries = feed.findall(f"{ATOM}entry")
    days = [e.findtext(f"{ATOM}updated") for e in entries]
    assert days == ["2026-07-02T00:00:00Z", "2026-04-30T00:00:00Z", "2026-03-31T00:00:00Z"]
    assert feed.findtext(f"{ATOM}updated") == days[0]
    assert "<script>alert(1)</script>" in entries[0].findtext(f"{ATOM}content")
    assert b"<script" not in (three / "feeds/releases.xml").read_bytes()
    ids = [e.findtext(f"{ATOM}id") for e in entries]
    assert len(set(ids)) == 3 and all(i.startswith("urn:uuid:") for i in ids)


def test_links_lead_to_published_files(three):
    for path in (three / "feeds").iterdir():
        for link in read(path).iter(f"{ATOM}link"):
            assert (path.parent / link.get("href")).resolve().is_file(), link.get("href")


def test_a_withdrawn_version_keeps_its_entry(three):
    entries = read(three / "feeds/fees.xml").findall(f"{ATOM}entry")
    said = {e.findtext(f"{ATOM}title"): e.findtext(f"{ATOM}updated") for e in entries}
    assert said["fees 1.0.0（已撤回 withdrawn）"] == "2026-07-02T00:00:00Z" and "fees 1.1.0+r1" in said


def test_ids_are_tags_of_the_publishers_address(three, registry):
    publisher = Publisher(name_zh="局", name_en="Bureau", url="https://data.example.cn/x")
    profile = registry.profile.model_copy(update={"publisher": publisher})
    feed = ElementTree.fromstring(feeds(LocalStore(three), profile)["feeds/fees.xml"])
    assert feed.findtext(f"{ATOM}id") == "tag:data.example.cn,2026-03-31:testland/feeds/fees"


def test_killed_before_the_feeds_the_next_run_writes_them(release, published, registry, monkeypatch):
    whole = pages.put_pages
    monkeypatch.setattr("assets.release.publisher.put_pages", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        release()
    monkeypatch.setattr("assets.release.publisher.put_pages", whole)
    assert not (published / "feeds").exists()
    assert not release().changed
    made = feeds(LocalStore(published), registry.profile)
    assert {path: (published / path).read_bytes() for path in made} == made


def test_a_feed_that_is_no_longer_one_goes(three, registry, release):
    gone = three / "feeds/whitelist-330108001.xml"
    gone.write_bytes(b"<feed/>")
    index = pages.PageIndex.from_bytes((three / "pages.json").read_bytes())
    listed = replace(index, pages=(*index.pages, replace(index.pages[0], path="feeds/whitelist-330108001.xml")))
    (three / "pages.json").chmod(0o644)
    (three / "pages.json").write_bytes(listed.to_bytes())
    release(as_of=date(2026, 5, 31), open_fee_posted=house.FEES[:1])
    assert not gone.exists()


@pytest.mark.skipif(not SCHEMA.exists(), reason="the Atom schema lies beside the checkout, in ../shared")
@pytest.mark.skipif(not shutil.which("jing"), reason="jing checks RELAX NG Compact; Debian has it as a package")
def test_feeds_are_valid_atom(three):
    paths = sorted(map(str, (three / "feeds").iterdir()))
    run = subprocess.run(["jing", "-c", SCHEMA, *paths], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
