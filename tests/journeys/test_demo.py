"""The demo as a new user meets it: one command, judged by the answer key, and the same bytes every time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest
from frictionless import Package

from assets.raw.receive import ledger
from assets.workspace import Workspace, file_sha256

TUOYU = [sys.executable, "-c", "from pipelines.cli import main; main()"]

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]


def tuoyu(*words: str, code: int = 0, **env: str) -> str:
    """Runs the command as a user does; its exit code must be ``code``."""
    done = subprocess.run(
        [*TUOYU, *words], capture_output=True, text=True, env=os.environ | env, cwd=Path(__file__).parents[2]
    )
    assert done.returncode == code, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def first(home) -> dict:
    return json.loads(tuoyu("demo", "--home", str(home), "--json", PYTHONHASHSEED="1", TZ="Asia/Shanghai"))


def tree(folder: Path) -> dict[str, str]:
    """Every file of a folder with its hash; locks are empty and differ in nothing."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file())
    return {p.relative_to(folder).as_posix(): file_sha256(p) for p in files}


def tables(home: Path) -> Path:
    return home / "workspace" / "open"


def test_five_datasets_are_published_with_the_figures_of_the_news(first, home):
    assert {d["name"]: d["version"] for d in first["outcome"]["release"]["datasets"]} == dict.fromkeys(
        ("whitelist", "providers", "fees", "stations", "indicators"), "1.0.0"
    )
    facts = first["facts"]
    assert (facts["providers"], facts["places"], len(facts["forms"])) == (45, 1425, 6)
    csv = home / "published" / "datasets" / "providers" / "1.0.0" / "open_provider.csv"
    with duckdb.connect() as con:
        counted = con.execute("SELECT count(*), sum(place_count) FROM read_csv(?)", [str(csv)]).fetchall()
    assert counted == [(45, 1425)]


def test_the_questions_of_the_consultation_are_answered_with_the_figures_of_the_news(first, home):
    """45 institutions, 1,425 places, 2.83 of them for 1,000 of 503,859 residents, 6 of 6 stations, 2 in each street."""
    folder = home / "published" / "datasets" / "indicators" / "1.0.0"
    with duckdb.connect() as con:
        con.execute("CREATE TABLE answer AS FROM read_parquet(?)", [str(folder / "open_consultation_answer.parquet")])
        rows = con.execute("SELECT indicator_code, subdistrict_code, indicator_value, target_value FROM answer")
        answers = {(code, street): (value, target) for code, street, value, target in rows.fetchall()}
        plans = con.execute("FROM read_parquet(?)", [str(folder / "open_plan_progress.parquet")]).fetchall()
        missing = con.execute("SELECT DISTINCT missing_input_code FROM answer WHERE indicator_code = 'IND-28'")
        assert missing.fetchall() == [("subsidy",)]
    assert answers["IND-01", "_T"][0] == 45
    assert answers["IND-02", "_T"][0] == 1425
    assert round(answers["IND-03", "_T"][0], 2) == Decimal("2.83") == round(Decimal(1425 * 1000) / 503859, 2)
    assert answers["IND-03", "_T"][1] == Decimal("4.5")
    assert answers["IND-20.stations", "_T"] == (6, 6)
    streets = [street for code, street in answers if code == "IND-20.stations" and street != "_T"]
    assert [answers["IND-20.stations", street] for street in streets] == [(2, 2)] * 3
    assert answers["IND-20", "_T"][0] == 100 and len(plans) == 3


def test_whoever_is_not_listed_has_the_reason_that_the_generator_planted(first, home, tmp_path):
    from pipelines.demo import make_inbox

    truth = make_inbox(tmp_path / "inbox")
    with duckdb.connect() as con:
        path = str(tables(home) / "open_whitelist_decision.parquet")
        rows = con.execute(
            "SELECT provider_id, is_listed, reason_codes FROM read_parquet(?) ORDER BY provider_id", [path]
        ).fetchall()
    published = {provider: tuple(codes.split(";")) for provider, listed, codes in rows if not listed}
    assert published == truth.not_listed
    assert first["facts"]["listed"] == truth.listed == sum(listed for _, listed, _ in rows)
    assert Counter(c for codes in published.values() for c in codes) == truth.reasons


def test_the_answer_keys_wrong_rows_and_no_others_are_in_quarantine(first):
    key = first["answer_key"]
    assert key["expected"] == key["found"] > 40
    assert key["missed"] == key["extra"] == []


def test_received_is_accepted_plus_quarantined_for_every_file(first, home):
    workspace = Workspace(home / "workspace")
    with duckdb.connect() as con:
        rows = con.execute("FROM read_parquet(?)", [str(workspace.account)]).fetchall()
    assert {row[0] for row in rows} <= {r.sha256 for r in ledger(workspace)}
    assert all(received == accepted + held for *_, received, accepted, held in rows)
    intake = first["outcome"]["intake"]
    assert sum(row[-3] for row in rows) == intake["received"] == intake["accepted"] + intake["quarantined"]


def test_whoever_sent_a_workbook_gets_his_own_back(first, home):
    answers = first["outcome"]["answers"]
    assert answers["failed"] == [] and sum(answers["ways"].values()) == len(answers["files"])
    expected = {".xlsx": ("own", "本工作簿复制自"), ".csv": ("copy", "各行由报送的文件复制而来")}
    assert [f["file"] for f in answers["files"] if f["way"] == "list"] == ["其他来件/损坏的月报.xlsx"]
    told = [f for f in answers["files"] if f["way"] != "list"]
    assert {Path(f["file"]).suffix for f in told} == set(expected)
    for f in told:
        way, remark = expected[Path(f["file"]).suffix]
        first_sheet = openpyxl.load_workbook(home / "workspace" / f["path"]).worksheets[0]
        said = "".join(str(cell.value) for row in first_sheet.iter_rows(max_row=9) for cell in row)
        assert (f["file"], f["way"], remark in said) == (f["file"], way, True)


def test_nothing_received_was_changed_or_lost(first, home):
    workspace = Workspace(home / "workspace")
    received = {r.sha256 for r in ledger(workspace)}
    in_inbox = {file_sha256(p) for p in (home / "workspace" / "inbox").rglob("*") if p.is_file()}
    assert received == in_inbox
    assert {p.name for p in workspace.received.glob("??/*") if len(p.name) == 64} == received


def test_the_second_run_says_nothing_changed_and_makes_no_version(first, home):
    before = tree(home / "published")
    said = tuoyu("demo", "--home", str(home), PYTHONHASHSEED="2", TZ="America/New_York")
    assert "没有变化 Nothing changed" in said
    assert tree(home / "published") == before
    assert json.loads((home / "workspace" / "last_run.json").read_text())["release"]["changed"] is False


def test_another_folder_zone_hash_seed_and_thread_count_give_the_same_bytes(first, home, tmp_path):
    tuoyu("demo", "--home", str(tmp_path), PYTHONHASHSEED="77", TZ="Pacific/Auckland", TUOYU_THREADS="1")
    assert tree(tmp_path / "published") == tree(home / "published")


def test_frictionless_finds_every_package_valid(first, home):
    packages = sorted((home / "published").glob("datasets/*/*/datapackage.json"))
    assert len(packages) == 5
    for path in packages:
        report = Package(str(path)).validate()
        assert report.valid, report.flatten(["type", "note"])


def test_every_dataset_says_how_good_it_is(first, home):
    """No check crashed, every sub-indicator of GB/T 36344 is there, and nothing is said of a survey's respondents."""
    for path in sorted((home / "published").glob("datasets/*/1.0.0/quality.json")):
        said = json.loads(path.read_text("utf-8"))
        assert said["summary"]["checks_of_published"]["crashed"] == 0, path
        codes = [line["code"] for line in said["indicators"]]
        assert codes == sorted(codes) and len(codes) == 20 and {c[:2] for c in codes} == {f"0{n}" for n in range(1, 7)}
        unknown = {line["code"] for line in said["indicators"] if line["value"] is None}
        assert unknown <= {"0401", "0202", "0502"}, path
        stages = {check["stage"] for check in said["checks"]}
        assert stages >= {"received", "table", "second_opinion", "expectation", "published", "release", "disclosure"}
        assert all(c["failed"] <= c["evaluated"] for c in said["checks"] if c["stage"] == "received")
        blocking = [c for c in said["checks"] if c["stage"] != "received" and c["state"] == "failed"]
        assert blocking == [], "a version with such a check would not have been made"
    held = json.loads((home / "published/datasets/stations/1.0.0/quality.json").read_text("utf-8"))["summary"]
    assert held["received_rows"] > held["held_rows"] > 0 and held["oldest_open_days"] is not None
    fees = json.loads((home / "published/datasets/fees/1.0.0/quality.json").read_text("utf-8"))
    survey = next(block for block in fees["completeness"] if block["code"] == "fee-survey")
    assert survey["named"] == [] and survey["expected"] == 45
    said = json.loads(tuoyu("quality", "fees", "--json", TUOYU_HOME=str(home)))
    assert said == fees
    assert "0305 脏数据出现率" in tuoyu("quality", "fees", "1.0.0", TUOYU_HOME=str(home))


def test_only_what_is_out_of_date_is_blank_and_it_is_named(first, home):
    """Of the demo's volatile values only old quality grades are: a grade given too long ago, and no other."""
    select = "SELECT stale_columns FROM '{}' WHERE stale_columns <> ''"
    named = {
        table: duckdb.sql(select.format(tables(home) / f"{table}.parquet")).fetchall()
        for table in ("open_fee_posted", "open_provider", "open_station", "open_whitelist")
    }
    assert {t: set(found) for t, found in named.items() if found} == {"open_provider": {("quality_grade_code",)}}
    old = duckdb.sql(
        f"SELECT quality_grade_code IS NULL, quality_evaluated_on < DATE '2023-03-31', count(*) FROM "
        f"'{tables(home) / 'open_provider.parquet'}' WHERE quality_evaluated_on IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    assert old == [(False, False, 3), (True, True, len(named["open_provider"]))]


def test_status_diff_and_check_speak(first, home):
    env = {"TUOYU_HOME": str(home)}
    status = json.loads(tuoyu("status", "--json", **env))
    assert status["published"]["release"] == first["outcome"]["release"]["release_id"]
    assert status["waiting_files"] == []
    assert {"table", "reason", "rows"} == set(status["quarantine"][0])
    assert "no such version" in subprocess.run(
        [*TUOYU, "diff", "whitelist", "1.0.0", "9.9.9"], capture_output=True, text=True, env=os.environ | env
    ).stderr.lower()
    wrong = next((home / "workspace" / "inbox").rglob("缺少开放天数的月报.csv"))
    said = tuoyu("check", str(wrong), code=1, **env)
    assert "开放天数" in said and "column-missing" in said


def test_a_home_with_other_peoples_files_is_not_mixed_with_the_demo(tmp_path):
    inbox = tmp_path / "workspace" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "真实报送.csv").write_text("x", "utf-8")
    tuoyu("demo", "--home", str(tmp_path), code=78)
    assert [p.name for p in inbox.iterdir()] == ["真实报送.csv"]
