"""The READMEs keep their word: their commands run, their output is real, their promises are tried out.

Commands run as a reader types them, with the interpreter of the tests in the place of `.venv`.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from pipelines.exits import Exit
from pipelines.settings import VARIABLES
from quality.corrections import load_corrections
from quality.identities import load_identities
from schemas.registry import load
from tests.house.source import FLOORS, ROOT

READMES = ("README.md", "README.zh-CN.md")
DATASET = "stations"

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]


def text(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text(name), re.MULTILINE | re.DOTALL)


def commands(name: str) -> list[str]:
    """What stands behind a `$`, in order."""
    return [line[2:] for block in blocks(name, "console") for line in block.splitlines() if line.startswith("$ ")]


def table(name: str, head: str) -> dict[str, str]:
    """The two columns of the table whose first heading is ``head``."""
    rows = text(name).split(f"| {head} |")[1].split("\n\n")[0].splitlines()[2:]
    return dict(re.fullmatch(r"\| `?(.+?)`? \| (.+) \|", row).groups() for row in rows)


def lasting(printed: str, home: Path) -> str:
    """The output without what differs from run to run: place, time and the hash of the release."""
    printed = printed.replace(f"{home}/", "")
    printed = re.sub(r"\d+\.\d s$", "… s", printed, flags=re.MULTILINE)
    printed = re.sub(r"rules [0-9a-f]{12}", "rules …", printed)
    return re.sub(r"release 000001-[0-9a-f]{8}", "release 000001-…", printed).strip()


@pytest.fixture(scope="module")
def bin_folder(tmp_path_factory) -> Path:
    """`tuoyu` and `python` as `make` would install them, from this checkout."""
    folder = tmp_path_factory.mktemp("bin")
    for name, words in (("python", ""), ("tuoyu", " -c 'from pipelines.cli import main; main()'")):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)}{words} "$@"\n', "utf-8")
        script.chmod(0o755)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("reader")


@pytest.fixture(scope="module")
def printed(bin_folder, home) -> dict[str, str]:
    """What each command of the README prints, run in order in one folder."""
    return {command: run(command, bin_folder, home) for command in commands(READMES[0])}


def run(command: str, bin_folder: Path, home: Path) -> str:
    env = {k: v for k, v in os.environ.items() if not k.startswith(("TUOYU_", "MAKE"))}
    env |= {"PATH": f"{bin_folder}:{env['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "80"}
    words = shlex.split(command)
    if words[0] == "make":  # installed already: make must not do it again
        args = f"--home {home}" if words[1] == "demo" else "--collect-only -q tests/schemas/test_registry.py"
        words = ["make", "-s", "-C", str(ROOT), "-o", ".venv/.ready", f"BIN={bin_folder}", words[1], f"ARGS={args}"]
    done = subprocess.run(words, cwd=home, env=env, capture_output=True, text=True, check=False)
    expected = Exit.FINDINGS if words[1] == "check" else Exit.OK
    assert done.returncode == expected, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    assert "Traceback" not in done.stderr
    return done.stdout


def test_both_readmes_show_the_same_commands():
    assert commands(READMES[0]) == commands(READMES[1])
    assert commands(READMES[0])[:2] == ["make demo", "make test"]


def test_the_commands_run_and_the_demo_prints_what_the_readme_shows(printed, home):
    assert "collected" in printed["make test"] or "test_registry" in printed["make test"]
    assert "filing" in printed["tuoyu schema list"]
    shown = {name: blocks(name, "text") for name in READMES}
    assert shown[READMES[0]] == shown[READMES[1]]
    demo, check, standing = shown[READMES[0]]
    assert lasting(demo, home) == lasting(printed["make demo"], home)
    for example, word in ((check, " check "), (standing, " findings ")):
        said = next(said for command, said in printed.items() if word in command)
        assert lasting(example, home) == lasting(said, home)


def test_the_correction_of_the_readme_is_one(tmp_path):
    assert blocks(READMES[0], "yml") == blocks(READMES[1], "yml")
    for number, block in enumerate(blocks(READMES[0], "yml")):
        (tmp_path / f"{number}.yml").write_text(block, "utf-8")
    (correction,) = load_corrections(tmp_path, load("binjiang"))
    assert correction.in_force(correction.entry.reported_on)
    (decision,) = load_identities(tmp_path)
    assert decision.same and len(decision.ids) == 2


@pytest.mark.parametrize("name, head", [("README.md", "exit code"), ("README.zh-CN.md", "退出码")])
def test_the_exit_codes_are_those_of_the_program(name, head):
    assert [int(code) for code in table(name, head)] == [int(code) for code in Exit]


def test_the_variables_are_those_of_the_settings():
    assert table("README.md", "variable") == VARIABLES
    assert list(table("README.zh-CN.md", "环境变量")) == list(VARIABLES)


@pytest.mark.parametrize("name, head", [("README.md", "folder"), ("README.zh-CN.md", "文件夹")])
def test_the_folders_are_there(name, head):
    folders = table(name, head)
    assert set(FLOORS) < {folder.rstrip("/") for folder in folders}
    assert all((ROOT / folder).is_dir() for folder in folders)


# --- the promises, tried out in a copy

OPEN_TABLE = """\
layer: open
title_zh: 驿站开放日期
title_en: When growth stations opened
grain_zh: 一行是一个驿站
grain_en: One station
key: [area_code, station_id]
fields: [area_code, station_id, opened_on]
"""
RULE = """\
-- code: station-name-short
-- severity: error
-- table: station
-- column: station_name
-- says_zh: 驿站名称太短
-- says_en: The name of the station is too short
-- advice_zh: 请写全称
-- advice_en: Give the full name
SELECT source_sha256, source_sheet, source_row, station_name AS value FROM station WHERE length(station_name) < 4
"""
FORMAT = '''\
"""Tab-separated text."""

FORMAT = "tsv"
MEDIATYPE = "text/tab-separated-values"


def write(con, select, path):
    con.execute(f"COPY ({select}) TO '{path}' (FORMAT csv, HEADER true, DELIMITER '\\t')")
'''
STATIONS = """\
驿站编号,驿站名称,驿站类型,街道,开放日期
330102-F-0001,清波婴幼儿成长驿站,示范型,清波街道,2025-05-01
330102-F-0002,湖滨婴幼儿成长驿站,基础型,湖滨,2025-06-01
330102-F-0003,驿站,基础型,湖滨街道,2025-06-01
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """The four packages with one open table, one rule and one format more: five files touched."""
    root = tmp_path_factory.mktemp("copy")
    for floor in FLOORS:
        shutil.copytree(ROOT / floor, root / floor, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "schemas/tables/open_station_opening.yml").write_text(OPEN_TABLE, "utf-8")
    (root / "assets/open/open_station_opening.sql").write_text(
        "SELECT area_code, station_id, opened_on FROM core_station\n", "utf-8"
    )
    dataset = root / f"schemas/datasets/{DATASET}.yml"
    raw = yaml.safe_load(dataset.read_text("utf-8"))
    raw |= {"tables": [*raw["tables"], "open_station_opening"], "formats": [*raw["formats"], "tsv"]}
    dataset.write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    (root / "quality/rules/station_name_short.sql").write_text(RULE, "utf-8")
    (root / "assets/release/exporters/tsv.py").write_text(FORMAT, "utf-8")
    return root


@pytest.fixture(scope="module")
def district(tmp_path_factory) -> Path:
    """The README's own example: a district in a folder of its own, outside the packages."""
    folder = tmp_path_factory.mktemp("district") / "shangcheng"
    (folder / "codelists").mkdir(parents=True)
    (folder / "profile.yml").write_text(blocks(READMES[0], "yaml")[0], "utf-8")
    (folder / "codelists" / "subdistrict.csv").write_text(blocks(READMES[0], "csv")[0], "utf-8")
    return folder


@pytest.fixture(scope="module")
def outcome(copy, district) -> dict:
    """A run of the copy for the new district, on one file of three stations; one name is too short."""
    inbox = district.parent / "workspace" / "inbox" / "上城区"
    inbox.mkdir(parents=True)
    (inbox / "驿站.csv").write_text(STATIONS, "utf-8")
    words = ["run", "--home", str(district.parent), "--profile", str(district), "--as-of", "2026-03-31", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", "from pipelines.cli import main; main()", *words],
        cwd=copy, env=os.environ | {"PYTHONPATH": str(copy)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    return json.loads(done.stdout)


def test_the_examples_of_both_readmes_are_one_district():
    for language in ("yaml", "csv"):
        without = [[re.sub(r"\s+#.*", "", block) for block in blocks(name, language)] for name in READMES]
        assert without[0] == without[1]


def test_a_district_is_one_folder(outcome, district):
    package = version(district) / "datapackage.json"
    assert "上城区" in package.read_text("utf-8")
    rows = (version(district) / "open_station.csv").read_text("utf-8").splitlines()[1:]
    assert [row.split(",")[:2] for row in rows] == [["330102", "330102-F-0001"], ["330102", "330102-F-0002"]]


def test_an_open_table_is_three_places(outcome, district):
    published = {d["name"]: d["rows"] for d in outcome["release"]["datasets"]}
    assert published[DATASET]["open_station_opening"] == 2
    package = json.loads((version(district) / "datapackage.json").read_text("utf-8"))
    assert "open_station_opening" in {r["name"] for r in package["resources"]}
    assert (version(district) / "open_station_opening.csv").read_text("utf-8").splitlines() == [
        "area_code,station_id,opened_on",
        "330102,330102-F-0001,2025-05-01",
        "330102,330102-F-0002,2025-06-01",
    ]


def test_a_rule_is_one_file(outcome, district):
    with duckdb.connect() as con:
        path = str(district.parent / "workspace" / "findings.parquet")
        found = con.execute('SELECT code, "row", value FROM read_parquet(?) WHERE severity = $$error$$', [path])
        assert found.fetchall() == [("station-name-short", 4, "驿站")]
    assert (outcome["intake"]["accepted"], outcome["intake"]["quarantined"]) == (2, 1)


def test_a_format_is_one_file(outcome, district):
    lines = (version(district) / "open_station_opening.tsv").read_text("utf-8").splitlines()
    assert lines[0] == "area_code\tstation_id\topened_on"
    assert len(lines) == 3


def version(district: Path) -> Path:
    return district.parent / "published" / "datasets" / DATASET / "1.0.0"
