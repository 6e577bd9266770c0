"""Every door as a user meets it: what it says, with which exit code, and never a traceback."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
from rich.cells import cell_len

from pipelines.cli import main
from pipelines.exits import Exit
from pipelines.run_outcome import Outcome, exit_code
from pipelines.show_check import rows
from pipelines.terminal import fold, plain
from tests.house.source import ROOT

COMMANDS = (["demo"], ["run"], ["check"], ["status"], ["diff"], ["schema"], ["schema", "list"], ["schema", "show"],
            ["schema", "rules"], ["schema", "template"], ["findings"], ["whitelist"],
            ["whitelist", "explain"], ["verify"], ["key"], ["key", "root"], ["key", "release"], ["key", "certify"],
            ["key", "revoke"], ["key", "show"], ["rebuild"], ["withdraw"], ["redact"], ["gc"])  # fmt: skip
HEADER = "驿站编号,驿站名称,驿站类型,街道,开放日期\n"
GOOD = "330108-F-0001,西兴示范驿站,示范型,西兴街道,2024-05-01\n"


class Said:
    """What a command printed, and how it ended."""

    def __init__(self, code: int, out: str, err: str):
        self.code, self.out, self.err = code, out, err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def tuoyu(monkeypatch, capsys, tmp_path):
    """Runs a command in an empty folder, 80 columns wide unless the test says otherwise."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["tuoyu", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return Said(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def station_file(tmp_path):
    def write(rows: str, header: str = HEADER, name: str = "驿站.csv") -> Path:
        path = tmp_path / name
        path.write_text(header + rows, "utf-8")
        return path

    return write


# --- help and usage


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself(tuoyu, words):
    said = tuoyu(*words, "--help")
    assert said.code == Exit.OK
    assert f"Usage: tuoyu {' '.join(words)}" in said.out
    if words not in (["schema"], ["key"]):
        assert "--json" in said.out


def test_the_help_names_the_defaults(tuoyu):
    said = " ".join(tuoyu("run", "--help").out.replace("│", " ").split())
    assert "(default: the current one)" in said and "(default: today)" in said


@pytest.mark.parametrize(
    "words",
    [["frobnicate"], ["run", "--job", "half"], ["check", "not-there.csv"], ["check"],
     ["check", ".", "--report", "a.xlsx"], ["demo", "--providers", "3"],
     ["diff", "whitelist"], ["status", "--colour"], ["schema", "template", "--together", "驿站"]],
    ids=" ".join,
)  # fmt: skip
def test_what_cannot_be_understood_is_usage(tuoyu, tmp_path, words):
    (tmp_path / "a.xlsx").write_bytes(b"x")
    said = tuoyu(*words)
    assert said.code == Exit.USAGE
    assert "Usage: tuoyu" in said.err and not said.out


def test_a_report_never_overwrites_the_file_it_is_about(tuoyu, tmp_path):
    (tmp_path / "sent.xlsx").write_bytes(b"PK\x03\x04broken")
    for target in ("sent.xlsx", "./sent.xlsx", "answer.csv", "."):
        said = tuoyu("check", "sent.xlsx", "--report", target)
        assert said.code == Exit.USAGE and "--report" in said.err
    assert (tmp_path / "sent.xlsx").read_bytes() == b"PK\x03\x04broken"


# --- settings and folders


@pytest.mark.parametrize(
    "words, named",
    [
        (["schema", "list", "--profile", "nowhere"], "binjiang"),
        (["schema", "rules", "--as-of", "2026-3-1"], "2026-3-1"),
        (["run", "--profile", "cn"], "cn"),
        (["status", "--home", "not-there"], "not-there"),
        (["run", "--home", "a-file"], "a-file"),
        (["demo", "--home", "a-file"], "a-file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_setting_is_told_in_one_line(tuoyu, tmp_path, words, named):
    (tmp_path / "a-file").write_text("x", "utf-8")
    (tmp_path / "workspace" / "inbox").mkdir(parents=True)
    (tmp_path / "workspace" / "inbox" / "x.csv").write_text("x\n1\n", "utf-8")
    said = tuoyu(*words)
    assert said.code == Exit.CONFIGURATION
    assert named in said.err and said.err.count("\n") == 1 and not said.out


def test_a_wrong_variable_is_named(tuoyu, monkeypatch):
    monkeypatch.setenv("TUOYU_THREADS", "many")
    said = tuoyu("status")
    assert said.code == Exit.CONFIGURATION and "TUOYU_THREADS" in said.err


@pytest.mark.parametrize(
    "profile, named",
    [
        (b"slug: [", "profile.yml"),
        (b"slug: x\ntitle_zh: \xd6\xd0\n", "UTF-8"),
        (b"slug: x\nextends: cn\ntitle_zh: x\ntitle_en: x\nfindings: [1]\n", "findings"),
        (b"slug: x\nextends: cn\ntitle_zh: x\ntitle_en: x\ntitel: x\n", "titel"),
        (b"slug: x\nextends: cn\ntitle_zh: x\ntitle_en: x\ntimezone: Mars/Base\n", "Mars/Base"),
    ],
)
def test_a_wrong_profile_is_told_with_its_file_and_key(tuoyu, tmp_path, profile, named):
    (tmp_path / "district").mkdir()
    (tmp_path / "district" / "profile.yml").write_bytes(profile)
    said = tuoyu("schema", "list", "--profile", tmp_path / "district")
    assert said.code == Exit.CONFIGURATION
    assert named in said.err and "profile.yml" in said.err and "pydantic" not in said.err


def test_a_folder_that_may_not_be_written_is_told(tuoyu, monkeypatch, tmp_path):
    def refused(self, *_, **__):
        raise PermissionError(13, "Permission denied", str(self))

    (tmp_path / "workspace" / "inbox").mkdir(parents=True)
    (tmp_path / "workspace" / "inbox" / "x.csv").write_text("x\n1\n", "utf-8")
    monkeypatch.setattr(Path, "mkdir", refused)
    said = tuoyu("run")
    assert said.code == Exit.CONFIGURATION and "Permission denied" in said.err


# --- check


def test_a_good_file_is_accepted(tuoyu, station_file):
    said = tuoyu("check", station_file(GOOD), "--as-of", "2026-03-31")
    assert said.code == Exit.OK
    assert "1 行 rows = 1 通过 accepted + 0" in said.out and "通过 accepted" in said.out


def test_a_wrong_cell_is_told_with_place_value_and_remedy_in_both_languages(tuoyu, station_file):
    wrong = GOOD + "330108-F-0002,长河驿站,豪华型,长河街道,2024-05-01\n"
    said = tuoyu("check", station_file(wrong), "--as-of", "2026-03-31")
    assert said.code == Exit.FINDINGS
    assert "驿站类型 station_type_code · code-unknown" in said.out
    assert re.search(r"行 rows +原内容 written\n +3 +豪华型\n", said.out)
    assert "示范型、基础型" in said.out and "Demonstration" in said.out
    assert "{" not in said.out, "a placeholder was not filled in"


def test_one_problem_of_many_rows_is_told_once(tuoyu, station_file):
    wrong = "".join(f"330108-F-{n:04},西兴驿站{n},豪华型,西兴街道,2024-05-01\n" for n in range(30))
    said = tuoyu("check", station_file(wrong))
    assert said.out.count("code-unknown") == 1
    assert re.search(r"\n +2–31 +豪华型\n", said.out)
    assert len(tuoyu("check", "驿站.csv", "--json").json["files"][0]["findings"]) == 30


def test_of_many_different_values_some_are_shown_and_the_rest_counted(tuoyu, station_file):
    wrong = "".join(f"330108-F-{n:04},西兴驿站{n},豪华型{n % 20},西兴街道,2024-05-01\n" for n in range(40))
    said = tuoyu("check", station_file(wrong))
    assert re.search(r"\n +2; 22 +豪华型0\n +3; 23 +豪华型1\n", said.out)
    assert "12 more (--json)" in " ".join(said.out.split())


def test_rows_are_told_as_stretches():
    assert rows([5, 3, 4, 9, 3]) == "3–5; 9"
    assert rows(range(2, 40, 2)) == "2; 4; 6; 8; … 19 行 rows"


def test_a_folder_is_checked_file_by_file_and_each_gets_its_workbook(tuoyu, station_file, tmp_path):
    for folder in ("box/甲", "box/乙"):
        (tmp_path / folder).mkdir(parents=True)
    station_file(GOOD, name="box/甲/驿站.csv")
    station_file(GOOD.replace("示范型,", "豪华型,"), name="box/乙/驿站.csv")
    said = tuoyu("check", "box", "--report", "answers")
    assert said.code == Exit.FINDINGS and "甲/驿站.csv: 通过 accepted" in said.out and "2 文件 files" in said.out
    made = sorted(p.relative_to(tmp_path / "answers").as_posix() for p in (tmp_path / "answers").rglob("*.xlsx"))
    assert made == ["乙/驿站.csv.校验结果.xlsx", "甲/驿站.csv.校验结果.xlsx"]
    machine = tuoyu("check", "box/甲/驿站.csv", "box", "--json").json
    assert [f["result"] for f in machine["files"]] == ["accepted", "rejected", "accepted"]
    assert machine["result"] == "rejected"
    (tmp_path / "empty").mkdir()
    assert tuoyu("check", "empty").code == Exit.FINDINGS


def test_a_pipe_is_no_file_and_is_not_waited_for(tuoyu, station_file, tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    for given in ("pipe.csv", "/dev/null"):
        said = tuoyu("check", station_file(GOOD), given)
        assert (said.code, said.out) == (Exit.USAGE, "")
        assert said.err.startswith(f"{given}: ") and "不是普通文件" in said.err and "not a regular file" in said.err
    (tmp_path / "link.csv").symlink_to(station_file(GOOD))
    assert tuoyu("check", "link.csv").code == Exit.OK


def test_a_value_that_may_be_personal_is_not_printed_where_it_is_read_otherwise(tuoyu, station_file):
    given = station_file(GOOD.strip() + ",临托登\u200b2025001\n", HEADER.strip() + ",临时托登记回执编号\n")
    said = tuoyu("check", given)
    assert "可能涉及个人信息" in said.out and "2025001" not in said.out
    (cell,) = tuoyu("check", given, "--json").json["files"][0]["normalised"]
    assert (cell["column"], cell["raw"], cell["normal"]) == ("temporary_care_receipt_no", None, None)


def test_warnings_alone_are_accepted(tuoyu, station_file):
    said = tuoyu("check", station_file(GOOD * 2), "--as-of", "2026-03-31", "--report", "answer.xlsx")
    assert said.code == Exit.OK and "row-repeated" in said.out and "accepted with warnings" in said.out
    assert openpyxl.load_workbook("answer.xlsx").sheetnames == ["校验结果", "数据"]
    assert said.out.splitlines()[-1] == "答复 report: answer.xlsx"
    assert tuoyu("check", "answer.xlsx", "--report", "b.xlsx", "--json").json["reports"] == ["b.xlsx"]


def test_of_very_many_findings_it_is_said_that_only_the_first_are_listed(tuoyu, station_file):
    said = tuoyu("check", station_file(GOOD.replace("示范型", "豪华型").replace("西兴街道", "月球") * 5_100))
    assert said.code == Exit.FINDINGS and "只列出前 10,000 条 only the first 10,000 findings of" in said.out


def test_the_schema_of_the_answer_is_printed_and_fits_it(tuoyu, station_file):
    schema = tuoyu("check", "--json-schema").json
    answer = tuoyu("check", station_file(GOOD), "--json").json
    assert set(schema["required"]) == set(answer)
    assert set(schema["$defs"]["Verdict"]["required"]) == set(answer["files"][0])


def test_checking_imports_neither_dagster_nor_great_expectations(station_file):
    code = (
        "import sys; from pipelines.cli import app\n"
        "try: app(['check', sys.argv[1], '--report', sys.argv[2]])\n"
        "except SystemExit as end: code = end.code\n"
        "assert code == 1, code\n"
        "heavy = {'dagster', 'great_expectations', 'pandas', 'frictionless'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    path = station_file(GOOD.replace("示范型,", "豪华型,"))
    words = [sys.executable, "-c", code, str(path), str(path.with_suffix(".xlsx"))]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert path.with_suffix(".xlsx").exists()


@pytest.mark.parametrize(
    "content, code",
    [(b"a,b\n1,2\n", "file-unknown"), (b"", "file-empty"), (b"PK\x03\x04broken", "file-unreadable")],
)
def test_a_file_that_cannot_be_used_is_told_as_a_finding(tuoyu, tmp_path, content, code):
    (tmp_path / "f.xlsx" if content.startswith(b"PK") else tmp_path / "f.csv").write_bytes(content)
    said = tuoyu("check", next(tmp_path.glob("f.*")))
    assert said.code == Exit.FINDINGS and code in said.out


def test_what_a_file_says_is_text_and_never_acted_on(tuoyu, station_file):
    wrong = "330108-F-0002,西兴驿站,[/red]\u009b31m[bold]x,西兴街道,2024-05-01\n"
    said = tuoyu("check", station_file(wrong))
    assert said.code == Exit.FINDINGS
    assert "[/red]" in said.out and "[bold]x" in said.out and "\u009b" not in said.out


def test_the_verdict_for_machines_has_every_coordinate(tuoyu, station_file):
    said = tuoyu("check", station_file("330108-F-0002,西兴驿站,示范型,月球街道,2024-05-01\n"), "--json")
    verdict = said.json["files"][0]
    finding = verdict["findings"][0]
    assert (finding["row"], finding["column"], finding["value"]) == (2, "subdistrict_code", "月球街道")
    assert finding["column_zh"] == "街道" and finding["column_en"] == "Subdistrict"
    assert all(finding[k] for k in ("says_zh", "says_en", "advice_zh", "advice_en", "code", "severity"))
    assert said.json["result"] == verdict["result"] == "rejected" and verdict["account"][0]["quarantined"] == 1


# --- run, status, diff


def test_an_empty_inbox_is_told_and_nothing_is_made(tuoyu, tmp_path):
    said = tuoyu("run")
    assert said.code == Exit.FINDINGS and "workspace/inbox" in said.err
    assert list(tmp_path.iterdir()) == []


def test_before_the_first_run_status_says_what_to_do_and_diff_that_nothing_is_there(tuoyu):
    assert "tuoyu run" in tuoyu("status").out
    assert tuoyu("status", "--json").json["published"] is None
    said = tuoyu("diff", "whitelist", "1.0.0", "1.1.0")
    assert said.code == Exit.FINDINGS and "no such version" in said.err and not said.out


def test_two_runs_then_diff_says_field_by_field_what_changed(tuoyu, tmp_path, station_file):
    inbox = tmp_path / "workspace" / "inbox" / "西兴"
    inbox.mkdir(parents=True)
    station_file(GOOD, name="workspace/inbox/西兴/一.csv")
    first = tuoyu("run", "--as-of", "2026-03-31")
    assert first.code == Exit.OK and "1 文件 files" in first.out and "open_station 1" in first.out
    again = tuoyu("run", "--as-of", "2026-04-01")
    assert "没有变化 Nothing changed" in again.out
    wrong = GOOD.replace("0001", "0002").replace("示范型", "豪华型")
    station_file(GOOD.replace("示范型", "基础型") + wrong, name="workspace/inbox/西兴/二.csv")
    assert "waiting in the inbox: 1" in tuoyu("status").out
    third = tuoyu("run", "--as-of", "2026-04-30")
    assert "stations" in third.out
    assert "答复 answers: 1 份 files, 1 个单位 senders: workspace/answers\n" in third.out
    said = tuoyu("diff", "stations", "1.0.0", "1.1.0")
    assert "更新 Updated: 1\n" in said.out and "(330108-F-0001)\n" in said.out
    in_one_line = " ".join(said.out.split())
    assert "demo 示范型 Demonstration → basic 基础型 Basic" in in_one_line and "新的情况 New fact" in in_one_line
    page = tmp_path / "changes.html"
    assert "changes.html" in tuoyu("diff", "stations", "1.1.0", "1.0.0", "--html", str(page)).out
    assert "<del>basic 基础型 Basic</del> → <ins>demo 示范型 Demonstration</ins>" in page.read_text("utf-8")
    machine = tuoyu("diff", "stations", "1.0.0", "1.1.0", "--json").json
    assert machine["tables"]["open_station"]["updated"] == 1 == len(machine["changes"])
    never = tuoyu("diff", "stations", "1.0.0", "9.9.9")
    assert never.code == Exit.FINDINGS and "1.0.0, 1.1.0" in never.err
    (answer,) = tuoyu("run", "--as-of", "2026-04-30", "--json").json["answers"]["files"]
    assert (answer["sender"], answer["file"], answer["result"]) == ("西兴", "西兴/二.csv", "rejected")
    assert (tmp_path / "workspace" / answer["path"]).exists()
    report = json.loads((tmp_path / "workspace" / "last_run.json").read_text("utf-8"))
    ways = {"own": 0, "copy": 1, "list": 0}
    assert report["answers"] == {"files": 1, "failed": 0, "ways": ways}, "names of files stay with the answers"
    status = tuoyu("status", "--json").json
    assert (status["received_files"], status["waiting_files"], status["intake"]["superseded"]) == (2, [], 1)


def test_the_exit_code_of_an_outcome():
    def failed(*errors: str) -> Outcome:
        failures = [{"step": "s", "error": e, "message": ""} for e in errors]
        return Outcome(False, "2026-03-31", "everything", None, None, failures)

    assert exit_code(Outcome(True, "2026-03-31", "everything", None, None)) == Exit.OK
    assert exit_code(failed("TableRefused")) == Exit.REFUSED
    assert exit_code(failed("StoreConflict")) == Exit.CONFLICT


# --- schema


def test_the_contracts_can_be_looked_at(tuoyu):
    assert "open_whitelist" in tuoyu("schema", "list").out
    shown = tuoyu("schema", "show", "station").out
    assert "station_type_code" in shown and "one of station_type" in shown
    assert {f["name"] for f in tuoyu("schema", "show", "station", "--json").json["fields"]} >= {"station_id"}
    missing = tuoyu("schema", "show", "stations")
    assert missing.code == Exit.FINDINGS and "schema list" in missing.err


def test_every_rule_is_listed_with_what_it_lacks(tuoyu):
    told = tuoyu("schema", "rules", "--as-of", "2026-03-31", "--json").json
    rules, book = told["rules"], {entry["id"]: entry for entry in told["book"]}
    assert {"credit-code-check-digit", "report-before-open", "value-missing"} <= {r["code"] for r in rules}
    assert not [r for r in rules if "{" in r["says_zh"]]
    lacking = [r for r in rules if not r["evaluated"]]
    assert lacking and all(r["missing_parameters"] for r in lacking)
    assert book["R-FEE-05"]["state"] == "not_evaluated" and book["R-CLS-02"]["state"] == "partly"
    assert book["R-GEO-05"]["state"] == "elsewhere" and book["R-GEO-05"]["where"]
    assert book["R-REC-01"]["state"] == "left_out" and book["R-REC-01"]["note_zh"]
    assert book["R-ID-02"]["codes"] == ["credit-code-check-digit", "parent-credit-code-check-digit"]
    printed = tuoyu("schema", "rules", "--as-of", "2026-03-31").out
    assert all(r["code"] in printed for r in rules)
    assert all(name in printed for name in book)
    sources = [entry["source"].replace("project", "本项目 project") for entry in told["book"]]
    assert all(source and _packed(source) in _packed(printed) for source in sources)
    assert book["R-CLS-01"]["source"] == "国卫人口发〔2019〕58号 标准 Art. 19"


def test_the_rules_stand_under_each_table_once_and_a_milder_judgement_has_its_note(tuoyu):
    said = ("schema", "rules", "--as-of", "2026-03-31")
    told, lines = tuoyu(*said, "--json").json, tuoyu(*said).out.splitlines()
    own = {rule["table"] for rule in told["rules"] if not rule["of_a_column"]}
    assert all(lines.count(name) == 1 for name in own)
    severity = {rule["code"]: rule["severity"] for rule in told["rules"]}
    asked = [entry for entry in told["book"] if entry["severity"] == "error" and entry["codes"]]
    milder = [e for e in asked if "error" not in {severity.get(code, "error") for code in e["codes"]}]
    assert {"R-DOC-01", "R-GEO-02"} <= {entry["id"] for entry in milder}
    assert all(entry["note_zh"] and _packed(entry["note_zh"]) in _packed("".join(lines)) for entry in milder)


def _packed(text: str) -> str:
    """Without the places where a terminal folds it."""
    return re.sub(r"\s", "", text)


def test_what_is_law_of_one_country_is_not_adopted_by_another(tuoyu):
    told = tuoyu("schema", "rules", "--profile", "taiwan-sfaa", "--as-of", "2026-03-31", "--json").json
    states = {entry["id"]: entry["state"] for entry in told["book"]}
    assert states["R-ID-01"] == states["R-CLS-01"] == "not_adopted"
    assert states["R-DOC-03"] == states["R-FIL-02"] == "not_evaluated"


def test_a_template_is_made_for_each_intake_table_or_together(tuoyu, tmp_path):
    made = tuoyu("schema", "template", "--json", "--as-of", "2026-03-31").json
    assert len(made) == len(list((tmp_path / "templates").glob("*.xlsx"))) > 5
    assert "templates/成长驿站月报填报表.xlsx" in [entry["file"] for entry in made]
    together = tuoyu("schema", "template", "station", "station_report", "--together", "驿站/驿站.xlsx")
    assert together.code == Exit.OK and "station_report  成长驿站月报" in together.out
    empty = tuoyu("check", "驿站/驿站.xlsx")
    assert empty.code == Exit.FINDINGS and "没有数据行" in empty.out and "sheet-unknown" not in empty.out


def test_a_template_someone_filled_in_is_not_written_over(tuoyu, tmp_path):
    words = ("schema", "template", "station", "--as-of", "2026-03-31")
    path = tmp_path / "templates" / "婴幼儿成长驿站填报表.xlsx"
    assert tuoyu(*words).code == Exit.OK
    fresh = path.read_bytes()
    assert tuoyu(*words).code == Exit.OK, "the same again"
    path.write_bytes(b"filled in")
    said = tuoyu(*words, "station_report")
    assert said.code == Exit.FINDINGS and "--force" in said.err and path.read_bytes() == b"filled in"
    assert len(list(path.parent.iterdir())) == 1, "nothing else is written either"
    assert tuoyu(*words, "--force").code == Exit.OK and path.read_bytes() == fresh


def test_only_what_is_filed_has_a_template(tuoyu, tmp_path):
    said = tuoyu("schema", "template", "open_whitelist")
    assert said.code == Exit.FINDINGS and "open_whitelist" in said.err and "schema list" in said.err
    assert list(tmp_path.iterdir()) == []


# --- the terminal


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    "words", [["schema", "list"], ["schema", "show", "filing"], ["schema", "rules"], ["check", "驿站.csv"]],
    ids=" ".join,
)  # fmt: skip
def test_no_line_is_wider_than_the_terminal(tuoyu, monkeypatch, station_file, words, width):
    station_file("".join(f"x{n},,豪华型,{'月球街道' * 9},明天\n" for n in range(12)))
    monkeypatch.setenv("COLUMNS", str(width))
    lines = tuoyu(*words).out.splitlines()
    assert lines and not [line for line in lines if cell_len(line) > width]
    assert not [line for line in lines if line != line.rstrip()]


def test_folding_breaks_chinese_but_no_word_and_no_punctuation():
    text = "每个托位的建筑面积过小，可能填错了面积单位（平方米） area-per-place-unusual。"
    lines = fold(text, 20)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(line) <= 20 for line in lines[:-1])
    assert not [line for line in lines if line[0] in "，。、；：？！”）"]
    assert fold("a" * 50, 20) == ["a" * 20, "a" * 20, "a" * 10]
    assert plain("a\x1b[0m\nb") == "a [0m b"
