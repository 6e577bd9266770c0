"""A run whose release changes much waits for a person, at the command line and in the Dagster UI."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import pytest

from assets.release.comparison.confirmation import SHARE
from assets.release.publisher import publish
from pipelines.build import CONFIRM_TAG, confirmed
from pipelines.cli import main
from pipelines.exits import Exit
from pipelines.settings import Settings
from schemas.registry import load
from tests.assets.release import house

HEADER = "驿站编号,驿站名称,驿站类型,街道,开放日期\n"
WHY = "十二个驿站统一改名，已逐一核对 all renamed, looked at one by one"


@pytest.fixture
def tuoyu(monkeypatch, capsys, tmp_path):
    """Runs a command at home in the test's folder; its exit code, and all it printed on one line."""
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["tuoyu", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), " ".join((printed.out + printed.err).split())

    return run


def publish_before(home: Path) -> None:
    """A release in which the twelve stations have other names, and nothing else is there."""
    registry = load("binjiang")
    table, told = registry.tables["open_station"], {"area_code": "330108", "station_type_code": "demo"}
    told |= {"subdistrict_code": "330108001", "opened_on": "2024-05-01"}
    rows = [told | {"station_id": f"330108-F-{n:04}", "station_name": f"晨光{n}号驿站"} for n in range(1, 13)]
    for name in registry.datasets["stations"].tables:
        fields = registry.tables[name].fields
        given = [tuple(row.get(f.name) for f in fields) for row in rows] if name == table.name else []
        house.write_table(registry, name, given, home / "before")
    publish(registry, home / "before", home / "published", date(2026, 3, 31), work_dir=home / "scratch")


def send(home: Path) -> None:
    inbox = home / "workspace" / "inbox"
    inbox.mkdir(parents=True)
    rows = "".join(f"330108-F-{n:04},暮色{n}号驿站,示范型,西兴街道,2024-05-01\n" for n in range(1, 13))
    (inbox / "驿站.csv").write_text(HEADER + rows, "utf-8")


def stations(home: Path) -> dict:
    pointer = json.loads((home / "published/current.json").read_text("utf-8"))
    manifest = json.loads((home / f"published/releases/{pointer['release']}/manifest.json").read_text("utf-8"))
    return next(d for d in manifest["datasets"] if d["name"] == "stations")


@pytest.mark.slow
def test_what_changes_much_is_published_only_with_a_reason(tuoyu, tmp_path):
    publish_before(tmp_path)
    send(tmp_path)
    code, said = tuoyu("run", "--as-of", "2026-04-30")
    assert code == Exit.REFUSED
    for part in ("stations / open_station: 12 / 12", "100.0%", "20.0%", SHARE, "--confirm", "没有发布"):
        assert part in said
    assert stations(tmp_path)["version"] == "1.0.0"
    code, said = tuoyu("run", "--as-of", "2026-04-30", "--confirm", WHY)
    assert code == Exit.OK and "not needed" not in said
    assert (stations(tmp_path)["version"], stations(tmp_path)["confirmed"]) == ("1.0.1", WHY)
    assert (tmp_path / "published/datasets/stations/1.0.1/CHANGES.md").read_text("utf-8").count(WHY) == 2
    code, said = tuoyu("run", "--as-of", "2026-04-30", "--confirm", WHY)
    assert code == Exit.OK and "the reason was not needed" in said
    assert json.loads((tmp_path / "workspace/last_run.json").read_text("utf-8"))["reason_needed"] is False


@pytest.mark.parametrize("reason", ["联系人电话13857112345", "请联系李小明核对", "x", "a" * 501])
def test_a_reason_that_cannot_be_published_is_a_wrong_command_line(tuoyu, tmp_path, reason):
    """Nothing is received, and what the last run said stays true."""
    said_before = tmp_path / "workspace" / "last_run.json"
    said_before.parent.mkdir()
    said_before.write_text("{}", "utf-8")
    redact = ["redact", "--field", "address", "--yes", "--reason-en", "Asked."]
    withdraw = ["withdraw", "fees", "1.0.0", "--yes", "--reason-en", "Wrong."]
    for words in (["run", "--confirm"], [*redact, "--reason-zh"], [*withdraw, "--reason-zh"]):
        code, said = tuoyu(*words, reason)
        assert code == Exit.USAGE and words[-1] in said and "理由" in said
        assert "13857112345" not in said and "李小明" not in said
    assert said_before.read_text("utf-8") == "{}"


def test_a_tag_of_a_run_says_the_same_as_the_option():
    settings = Settings(home=Path("unused"))
    assert confirmed(settings, {CONFIRM_TAG: WHY}).confirm == WHY
    assert confirmed(settings, {}).confirm is None
    assert confirmed(settings.with_changes(confirm=WHY), {}).confirm == WHY
