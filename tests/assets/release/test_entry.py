"""The publisher's own entry: exit codes, and what it says and does not say."""

from __future__ import annotations

import json
from dataclasses import asdict

import frictionless
import pytest

from assets.release import publisher, staging, verify
from assets.release.comparison.changes import TableChanges
from assets.release.exporters import parquet
from assets.release.stores.local import LocalStore
from tests.assets.release import house

MOBILE = "13812345678"


@pytest.fixture
def entry(tmp_path, registry, published, monkeypatch):
    """Runs the entry on the small house; rows by table name replace the usual ones."""
    monkeypatch.setattr(publisher, "load", lambda _: registry)

    def run(*more: str, **rows) -> int:
        open_dir = house.write_open(registry, tmp_path / "open", **rows)
        places = ["--open", open_dir, "--published", published, "--work", tmp_path / "work"]
        return publisher.main([*map(str, places), "--as-of", "2026-03-31", *more])

    return run


def test_published_is_0_and_names_the_release(entry, published, capsys):
    assert entry() == 0
    assert capsys.readouterr().out.strip() == json.loads((published / "current.json").read_text())["release"]


def test_json_says_what_changed(entry, capsys):
    entry("--json")
    assert entry("--json", open_fee_posted=house.FEES[:1]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    fees = next(d for d in result["datasets"] if d["name"] == "fees")
    assert result["seq"] == 2 and fees["version"] == "1.1.0"
    assert fees["changes"]["open_fee_posted"] == asdict(TableChanges(removed=1))


def test_refused_is_65_and_never_says_the_value(entry, published, capsys):
    assert entry(open_fee_posted=[("330108", f"电话{MOBILE}", "1.00")]) == 65
    said = capsys.readouterr()
    assert "mobile-number-in-text open_fee_posted.provider_id row 1" in said.err
    assert MOBILE not in said.err + said.out
    assert not (published / "current.json").exists()


BROKEN = ("geheim", *house.PROVIDERS[0][1:])  # an area code its pattern does not take


def test_a_row_that_breaks_its_contract_is_65(entry, published, capsys):
    """Also when it came into the file after the build had checked it; and again on the next run."""
    for _ in range(2):
        assert entry(open_provider=[BROKEN], open_provider_class=[]) == 65
        said = capsys.readouterr().err
        assert "open_provider: value-pattern area_code (1 rows)" in said and "geheim" not in said
    assert not (published / "current.json").exists()


def test_frictionless_alone_would_refuse_it_too(entry, published, capsys, monkeypatch):
    monkeypatch.setattr(staging, "check_table", lambda *_: [])
    assert entry(open_provider=[BROKEN], open_provider_class=[]) == 65
    said = capsys.readouterr().err
    assert "frictionless" in said and "area_code" in said and "geheim" not in said


def test_what_frictionless_says_of_a_whole_file_is_kept(entry, published, capsys, monkeypatch):
    """A format it would open by name: the only place that says what to do about it."""
    monkeypatch.setattr(parquet, "FORMAT", "jsonl")
    assert entry() == 65
    assert 'Please install "frictionless[json]"' in capsys.readouterr().err
    assert not (published / "current.json").exists()


def test_a_missing_header_does_not_quote_the_row_in_its_place(tmp_path):
    (tmp_path / "t.csv").write_text("geheim\nmehr\n")
    fields = [{"name": "k", "type": "integer"}]
    resource = {"name": "t", "path": "t.csv", "format": "csv", "hash": "sha256:00", "schema": {"fields": fields}}
    (tmp_path / "datapackage.json").write_text(json.dumps({"name": "p", "resources": [resource]}))
    with pytest.raises(staging.Refused) as refused:
        verify._frictionless(tmp_path, limited=False)
    said = str(refused.value)
    assert "incorrect-label row - column k" in said and "type-error row 2 column k" in said
    assert "geheim" not in said and "mehr" not in said and 'expected is "00"' in said


def test_conflict_is_75(entry, published):
    with LocalStore(published).exclusive():
        assert entry("--wait", "0") == 75
    assert entry() == 0


def test_disk_failure_is_74(entry, published, capsys):
    published.parent.mkdir(exist_ok=True)
    published.write_text("a file where a folder should be")
    assert entry() == 74


def test_unknown_profile_is_78(tmp_path, capsys):
    places = ["--open", tmp_path, "--published", tmp_path / "p", "--work", tmp_path / "w"]
    code = publisher.main([*map(str, places), "--as-of", "2026-03-31", "--profile", "nowhere"])
    assert code == 78 and "nowhere" in capsys.readouterr().err


def test_usage_is_2(capsys):
    with pytest.raises(SystemExit) as left:
        publisher.main(["--as-of", "yesterday"])
    assert left.value.code == 2


def test_big_tables_are_checked_by_their_head(entry, published, monkeypatch):
    """Above the limit frictionless sees headers, first rows, sizes and hashes; the result is valid."""
    monkeypatch.setattr(verify, "FULL_ROWS", 2)
    monkeypatch.setattr(verify, "HEAD_ROWS", 1)
    assert entry() == 0
    assert frictionless.validate(str(published / "datasets/providers/1.0.0/datapackage.json")).valid
    monkeypatch.setattr(staging, "check_table", lambda *_: [])
    assert entry(open_provider=[BROKEN], open_provider_class=[]) == 65
