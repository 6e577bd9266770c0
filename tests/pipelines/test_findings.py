"""`tuoyu findings` as a user meets it: who, what, since when, what became of it, and nothing private."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from rich.cells import cell_len

from assets.raw.standing import read_standing
from assets.workspace import Workspace
from pipelines.cli import main
from pipelines.exits import Exit
from pipelines.standing_view import WITHHELD, told_value
from schemas.registry import load
from tests.assets.test_intake import REPORT, STATION, XIXING, report
from tests.assets.test_standing import FEB, JAN, MAR, WAIVER, Street

PHONE = "13812345678"
Tuoyu = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Three receptions: an orphan and a waived value since January, an answered one, a telephone number since March."""
    root = tmp_path_factory.mktemp("home")
    street = Street(root)
    street.correct(WAIVER.format(expires="2026-04-30"))
    street.put("卫健局/驿站.csv", STATION + XIXING)
    orphan = report("2025-02", 20, station="330108-F-0009")
    street.put("西兴/一月.csv", REPORT + report("2025-01", 40).replace(",30,", ",-3,") + orphan)
    street.put("长河/一月.csv", REPORT + report("2025-03", 20).replace(",30,", ",许多,"))
    street.run(JAN)
    street.put("长河/更正.csv", REPORT + report("2025-03", 20))
    street.run(FEB)
    street.put("长河/三月.csv", REPORT + report("2025-05", 20).replace(",30,", f",电话{PHONE},"))
    street.put("长河/附表.csv", REPORT + report("2025-06", 20, station=PHONE))
    street.run(MAR)
    return root


@pytest.fixture
def tuoyu(monkeypatch, capsys, home) -> Tuoyu:
    """Runs a command on that home: exit code, stdout, stderr."""
    monkeypatch.setenv("COLUMNS", "200")  # nothing is folded

    def run(*words: str, home: Path = home) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["tuoyu", *words, "--home", str(home)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return int(ended.value.code or 0), printed.out, printed.err

    return run


def listed(tuoyu: Tuoyu, *words: str) -> list[dict]:
    code, out, _ = tuoyu("findings", "--json", "--as-of", MAR, *words)
    assert code == Exit.OK
    return json.loads(out)["findings"]


def test_open_findings_by_sender_the_oldest_first(tuoyu):
    found = listed(tuoyu)
    assert [(f["sender"], f["age_days"], f["code"]) for f in found][:2] == [
        ("西兴", 59, "row-orphan"),
        ("西兴", 59, "value-below-minimum"),
    ]
    assert {f["sender"] for f in found[2:]} == {"长河"} and {f["age_days"] for f in found[2:]} == {0}
    assert {f["state"] for f in found} == {"open"}
    orphan = found[0]
    assert (orphan["file"], orphan["row"], orphan["first_seen_on"]) == ("西兴/一月.csv", 3, JAN)
    assert orphan["key"] is None, "the key is what is in doubt"
    assert all(f["says_zh"] and f["advice_zh"] and "{" not in f["says_zh"] for f in found)


def test_the_options_choose(tuoyu):
    assert [f["code"] for f in listed(tuoyu, "--state", "waived")] == ["value-above-maximum"]
    answered = listed(tuoyu, "--state", "answered")
    assert [(f["sender"], f["answered_by"], f["age_days"]) for f in answered] == [("长河", "长河/更正.csv", 28)]
    assert answered[0]["key"] == {"station_id": "330108-F-0001", "report_month": "2025-03"}
    assert {f["sender"] for f in listed(tuoyu, "--sender", "长河", "--state", "all")} == {"长河"}
    assert len(listed(tuoyu, "--state", "all")) == len(listed(tuoyu)) + 2
    assert {f["age_days"] for f in listed(tuoyu, "--older-than", "58")} == {59}
    assert listed(tuoyu, "--older-than", "59") == []
    assert {f["code"] for f in listed(tuoyu, "--code", "row-orphan")} == {"row-orphan"}
    code, _, err = tuoyu("findings", "--state", "closed")
    assert code == Exit.USAGE and "answered" in err


def test_what_is_printed(tuoyu):
    code, out, _ = tuoyu("findings", "--as-of", MAR)
    assert code == Exit.OK
    lines = out.splitlines()
    assert lines[0] == f"截至 as of {MAR}"
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["待办", "open"], ["已答复", "answered"], ["已豁免", "waived"]
    ]  # fmt: skip
    assert lines[2].endswith("错误 error 1, 提醒 warning 0")
    table = lines.index(next(line for line in lines if "报送方 sender" in line))
    rows = [line.split() for line in lines[table + 1 : table + 3]]
    assert rows[0][0] == "西兴" and rows[0][-2:] == ["59", "59"]
    assert rows[1][0] == "长河" and rows[1][-2:] == ["0", "0"]
    assert f"59 天 days, 自 since {JAN} · 西兴/一月.csv 行 row 3" in out
    assert "row-orphan" in out and "请核对编号" in out
    assert "驿站.yml#1 · value-above-maximum · 有效 in force · 至 until 2026-04-30 · 1 项 findings" in out
    assert "已豁免 waived · 错误 error" in tuoyu("findings", "--state", "waived", "--as-of", MAR)[1]
    assert f"→ {FEB} 长河/更正.csv" in tuoyu("findings", "--state", "answered", "--as-of", MAR)[1]
    assert "没有符合条件的问题" in tuoyu("findings", "--sender", "卫健局", "--as-of", MAR)[1]


def test_a_code_or_sender_that_there_is_not_is_answered_by_the_nearest(tuoyu):
    code, out, err = tuoyu("findings", "--code", "row-orphans")
    assert (code, out) == (Exit.FINDINGS, "") and "没有这个代码 code: row-orphans; 有 there are: row-orphan" in err
    code, out, err = tuoyu("findings", "--sender", "西兴街", "--json")
    assert (code, out) == (Exit.FINDINGS, "") and "没有这个报送方 sender: 西兴街; 有 there are: 西兴" in err
    assert tuoyu("findings", "--code", "value-pattern")[0] == Exit.OK, "a rule that nobody has broken is known"


def test_after_its_last_day_a_correction_is_told_as_expired(tuoyu):
    code, out, _ = tuoyu("findings", "--as-of", "2026-05-01", "--code", "value-above-maximum")
    assert code == Exit.OK and "90 天 days" in out and "已过期 expired" in out


def test_values_are_told_only_when_asked_and_never_when_personal(tuoyu):
    for words in ([], ["--json"]):
        assert "许多" not in tuoyu("findings", "--state", "all", *words)[1]
        for said in (tuoyu("findings", "--state", "all", *words), tuoyu("findings", "--values", *words)):
            assert PHONE not in said[1] + said[2]
    answered = listed(tuoyu, "--state", "answered", "--values")
    assert [f["value"] for f in answered] == ["许多"]
    doubtful = [f for f in listed(tuoyu, "--sender", "长河") if f["column"] == "station_id"]
    assert doubtful and not [f for f in doubtful if f["key"]], "a key in doubt may hold anything"
    told = [f for f in listed(tuoyu, "--values") if f["file"] == "长河/附表.csv"]
    assert told and not [f for f in told if f["key"] or f["value"]], "the gate does not keep such a value"


def test_the_value_of_what_must_not_be_written_down_is_withheld(home):
    found = read_standing(load("binjiang"), Workspace(home / "workspace"), (), date(2026, 3, 31))
    one = next(f for f in found if f.value == "许多")
    assert told_value(one) == "许多"
    assert told_value(replace(one, code="mobile-number-in-text")) == WITHHELD


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(tuoyu, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    lines = tuoyu("findings", "--state", "all")[1].splitlines()
    assert len(lines) > 10 and not [line for line in lines if cell_len(line) > width]


def test_before_the_first_run_there_is_nothing_to_list(tuoyu, tmp_path):
    code, out, err = tuoyu("findings", home=tmp_path)
    assert code == Exit.FINDINGS and not out and "tuoyu run" in err


def test_a_wrong_correction_is_a_wrong_setting(tuoyu, home, monkeypatch, tmp_path):
    (tmp_path / "x.yml").write_text("corrections:\n  - code: row-orphan\n", "utf-8")
    monkeypatch.setenv("TUOYU_CORRECTIONS", str(tmp_path))
    code, out, err = tuoyu("findings")
    assert code == Exit.CONFIGURATION and not out
    assert "corrections/x.yml 第 1 条 entry 1: " in err and "expires" in err and err.count("\n") == 1


def test_a_run_says_what_stands_and_status_too(tuoyu, tmp_path, monkeypatch):
    inbox = tmp_path / "workspace" / "inbox" / "西兴"
    inbox.mkdir(parents=True)
    (inbox / "驿站.csv").write_text(STATION + XIXING, "utf-8")
    (inbox / "月报.csv").write_text(REPORT + report("2025-01", 40) + report("2025-02", 20), "utf-8")
    code, out, _ = tuoyu("run", "--job", "receive", "--as-of", MAR, home=tmp_path)
    line = f"待办问题 open findings: 错误 error 1, 提醒 warning 0，最早 oldest {MAR} (0 天 days)"
    assert code == Exit.OK and line in out
    assert line in tuoyu("status", home=tmp_path)[1]
    assert json.loads(tuoyu("status", "--json", home=tmp_path)[1])["standing"]["open"] == {"error": 1, "warning": 0}
    (tmp_path / "corrections").mkdir()
    (tmp_path / "corrections" / "x.yml").write_text("corrections: none", "utf-8")
    monkeypatch.setenv("TUOYU_CORRECTIONS", str(tmp_path / "corrections"))
    code, _, err = tuoyu("run", "--job", "receive", "--as-of", MAR, home=tmp_path)
    assert code == Exit.CONFIGURATION and "corrections/x.yml" in err


def test_the_kind_of_a_file_and_a_limit_are_told_for_they_are_no_value_of_a_cell(tuoyu, tmp_path):
    inbox = tmp_path / "workspace" / "inbox" / "西兴"
    inbox.mkdir(parents=True)
    (inbox / "通知.csv").write_bytes(b"%PDF-1.4\n")
    (inbox / "合影.xlsx").write_bytes(b"\xff\xd8\xff\xe0")
    tuoyu("run", "--job", "receive", "--as-of", MAR, home=tmp_path)
    _, out, _ = tuoyu("findings", "--as-of", MAR, home=tmp_path)
    assert "这是PDF 文档，不是" in out and "这是图片（JPEG），不是" in out and "says: PDF document." in out


def test_it_is_quick_no_heavy_engine_is_imported(home, root):
    heavy = "{'dagster', 'great_expectations', 'pandas', 'frictionless'}"
    code = (
        "import sys; from pipelines.cli import main\n"
        f"sys.argv = ['tuoyu', 'findings', '--home', {str(home)!r}]\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code\n"
        f"print(sorted({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
