"""A version is rebuilt from a copy of the home: the same bytes anywhere, and a difference is named with its cause."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from assets.raw.receive import ledger
from assets.release.history import NoSuchVersion
from assets.release.rebuild import rebuild
from assets.release.stores.local import LocalStore
from assets.workspace import Workspace
from pipelines.context import context_of
from pipelines.settings import Settings
from tests.assets.release.scan import places_of
from tests.journeys.rebuild_matrix import ROOT, rebuilt
from tests.journeys.short_history import DAYS, make_files, release_all

pytestmark = [pytest.mark.slow, pytest.mark.journey, pytest.mark.timeout(900)]
ANYWHERE = {"TZ": "America/Lima", "PYTHONHASHSEED": "7", "TUOYU_THREADS": "1", "FAKE": "+400d"}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Two releases of a few files. Tests copy it."""
    folder = tmp_path_factory.mktemp("rebuild")
    release_all(folder / "home", make_files(folder / "files", few=True), days=DAYS[:2])
    return folder / "home"


def _rebuild(home: Path, scratch: Path, *wanted: tuple[str, str]):
    ctx = context_of(Settings(home), date.min)
    return list(rebuild(ctx, LocalStore(home / "published"), scratch, wanted, reuse=True))


def test_quality_reports_tell_of_the_version_before(home):
    """Two releases: every sub-indicator has its earlier value, and says whether it is better."""
    for folder in (home / "published" / "datasets").iterdir():
        first, second = (json.loads((folder / v / "quality.json").read_text("utf-8")) for v in ("1.0.0", "1.1.0"))
        assert second["previous_version"] == "1.0.0"
        for then, now in zip(first["indicators"], second["indicators"], strict=True):
            assert then["trend"] == [] and then["moved"] is None
            earlier = {"version": "1.0.0", "as_of": first["as_of"], "value": then["value"]}
            assert now["trend"] == [earlier], now["code"]
            both = then["value"] is not None and now["value"] is not None
            assert (now["moved"] in ("better", "worse", "same")) == both
        assert second["summary"]["checks_of_published"]["crashed"] == 0


def test_same_bytes_in_another_folder_zone_year_and_thread_count(home, tmp_path):
    copy = tmp_path / "副本 of home"
    shutil.copytree(home, copy)
    shutil.rmtree(copy / "workspace" / "inbox")
    found = rebuilt(copy, ROOT, ANYWHERE, ("whitelist", "1.1.0"))
    assert [(one["version"], one["outcome"]) for one in found["versions"]] == [("1.1.0", "identical")]
    assert found["versions"][0]["causes"] == []
    assert not list((copy / "workspace").glob("rebuild-*"))


def test_what_differs_is_named_with_its_cause(home, tmp_path):
    """A flipped byte in the store; and a release that says it was made with another library."""
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    path = copy / "published/datasets/stations/1.1.0/open_station.csv"
    data = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(data.replace(b"330108", b"330109", 1))
    found = _rebuild(copy, tmp_path / "scratch", ("stations", "1.1.0"), ("fees", "1.1.0"))
    assert [(one.dataset, one.outcome) for one in found] == [("fees", "identical"), ("stations", "differs")]
    assert found[1].files == {"open_station.csv": "differs"} and not found[1].causes


def test_receipts_that_are_not_here_are_said(home, tmp_path):
    copy = tmp_path / "home"
    shutil.copytree(home, copy)
    receipts = Workspace(copy / "workspace").ledger
    lines = receipts.read_bytes().splitlines(keepends=True)
    receipts.write_bytes(b"".join(lines[:-2]))
    found = _rebuild(copy, tmp_path / "scratch", ("fees", "1.1.0"))
    assert found[0].outcome == "failed" and "lacks 2 of" in found[0].error
    changed = json.loads(lines[0]) | {"received_on": "2020-01-01"}
    receipts.write_bytes(json.dumps(changed).encode() + b"\n" + b"".join(lines[1:]))
    assert len(ledger(Workspace(copy / "workspace"))) == len(lines)
    found = _rebuild(copy, tmp_path / "scratch", ("fees", "1.1.0"))
    assert found[0].outcome == "failed" and "not the one" in found[0].error
    with pytest.raises(NoSuchVersion):
        _rebuild(copy, tmp_path / "scratch", ("fees", "7.0.0"))


def test_streets_have_feeds_of_who_came_and_went(home):
    feeds = sorted(p.name for p in (home / "published/feeds").glob("whitelist-3*.xml"))
    assert feeds == ["whitelist-330108001.xml", "whitelist-330108002.xml", "whitelist-330108003.xml"]
    text = "".join((home / "published/feeds" / name).read_text("utf-8") for name in feeds)
    assert "列入 listed: " in text and "移出 removed: " in text and "西兴街道" in text
    assert places_of("workspace", home / "published/feeds") == []
