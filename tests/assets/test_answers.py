"""Answers of a run: for each sender what must be corrected, also what only all files together show."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from assets.raw import answers, intake
from assets.raw.answers import SUMMARY, WORKBOOK, Answers, answer_paths, build_answers
from assets.raw.intake import build_intake
from assets.raw.receive import receive
from assets.workspace import Context, Workspace, file_sha256
from quality.answers.feedback import write_answer
from quality.gate import MOST_TOLD, check_file, gate_engine
from quality.sandbox import GateFault
from schemas.registry import load

STATION = "驿站编号,驿站名称,驿站类型,街道,开放日期,填报日期\n"
REPORT = "驿站编号,报告月份,开放天数,婴幼儿到访人次,活动场次,填报日期\n"
XIXING = "330108-F-0001,西兴示范驿站,示范型,西兴街道,2024-05-01,2024-05-02\n"
GOOD, WRONG = STATION + XIXING, STATION + XIXING.replace("示范型", "豪华型")
MARCH = REPORT + "330108-F-0001,2026-03,20,10,2,2026-03-31\n"


class House:
    """An inbox and a workspace, driven as a run drives them."""

    def __init__(self, root: Path):
        self.inbox = root / "inbox"
        self.workspace = Workspace(root / "workspace")
        self.day = date(2026, 3, 31)

    def put(self, name: str, text: str) -> None:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def run(self) -> Answers:
        ctx = Context(load("binjiang"), self.workspace, self.day, threads=1)
        receive(self.inbox, self.workspace, self.day, lambda: "2026-03-31T00:00:00+00:00")
        build_intake(ctx)
        return build_answers(ctx)

    def lying(self) -> list[str]:
        """The answers in the workspace, without their endings."""
        every = (p for p in self.workspace.answers.rglob("*") if p.is_file())
        found = {p.relative_to(self.workspace.answers).as_posix() for p in every}
        names = sorted(f.removesuffix(WORKBOOK) for f in found if f.endswith(WORKBOOK))
        assert found == {name + ending for name in names for ending in (WORKBOOK, SUMMARY)}
        return names

    def book(self, name: str) -> openpyxl.Workbook:
        return openpyxl.load_workbook(self.workspace.answers / (name + WORKBOOK))

    def summary(self, name: str) -> dict:
        return json.loads((self.workspace.answers / (name + SUMMARY)).read_text("utf-8"))


@pytest.fixture(scope="module")
def engine():
    with gate_engine(threads=1) as con:
        yield con


@pytest.fixture
def near(engine, monkeypatch):
    """The gate in this process: a child for every run of these tests would take most of their time."""

    class Near(nullcontext):
        def __init__(self, *_: object) -> None:
            super().__init__(self)

        def check_file(self, registry, path, *, brief, **given):
            return check_file(registry, path, engine=engine, **given)

        def write_answer(self, registry, path, target, result, as_of):
            return write_answer(registry, path, target, result, as_of)

    monkeypatch.setattr(intake, "Sandbox", Near)
    monkeypatch.setattr(answers, "Sandbox", Near)
    return Near


@pytest.fixture
def house(near, tmp_path) -> House:
    return House(tmp_path)


def test_each_sender_has_the_answers_to_his_files_and_nothing_else(tmp_path):
    house = House(tmp_path)
    house.put("甲/驿站.csv", WRONG)
    house.put("乙/三月/月报.csv", MARCH.replace("2026-03,20", "2026-03,32"))
    house.put("乙/好.csv", GOOD)
    house.put("丙.csv", MARCH * 1 + MARCH.splitlines()[1] + "\n")
    made = house.run()
    assert house.lying() == ["丙.csv/丙.csv", "乙/三月/月报.csv", "甲/驿站.csv"]
    assert [(f["sender"], f["file"], f["result"]) for f in made.files] == [
        ("丙.csv", "丙.csv", "accepted_with_warnings"),
        ("乙", "乙/三月/月报.csv", "rejected"),
        ("甲", "甲/驿站.csv", "rejected"),
    ]
    assert all((house.workspace.root / f["path"]).exists() for f in made.files)
    assert house.book("甲/驿站.csv")["数据"]["C2"].comment.text.startswith("【错误】驿站类型")
    told = house.summary("乙/三月/月报.csv")
    assert told["counts"] == {"error": 1} and told["encoding"] == "utf-8" and "豪华型" not in json.dumps(told)
    assert {p["code"] for p in told["problems"]} == {"value-above-maximum"}


def test_both_senders_are_told_that_they_contradict_each_other_and_not_what_the_other_says(house):
    house.put("驿站/驿站.csv", GOOD)
    house.put("甲/月报.csv", MARCH)
    house.put("乙/月报.csv", MARCH.replace(",20,", ",17,"))
    house.run()
    assert house.lying() == ["乙/月报.csv", "甲/月报.csv"]
    for mine, other, said in (("甲", "乙", "17"), ("乙", "甲", "20")):
        comment = house.book(f"{mine}/月报.csv")["数据"]["A2"].comment.text
        assert f"{other}/月报.csv" in comment and "说法不同" in comment and said not in comment
        told = house.summary(f"{mine}/月报.csv")
        assert (told["result"], [p["code"] for p in told["problems"]]) == ("rejected", ["statement-conflict"])


def test_what_only_all_files_together_show_is_answered_too(house):
    house.put("甲/月报.csv", MARCH)
    made = house.run()
    assert made.files[0]["counts"] == {"error": 1}
    book, told = house.book("甲/月报.csv"), house.summary("甲/月报.csv")
    assert "没有备案或登记记录" in book["数据"]["A2"].comment.text
    assert [(a["received"], a["accepted"], a["quarantined"]) for a in told["account"]] == [(1, 0, 1)]
    house.put("乙/驿站.csv", GOOD)
    made = house.run()
    assert (made.files, made.removed, house.lying()) == ([], 1, [])
    assert list(house.workspace.answers.iterdir()) == [], "no folder is left behind"


def test_a_sender_gets_his_own_workbook_back_whatever_it_is_called(house):
    book = openpyxl.Workbook()
    for line in WRONG.splitlines():
        book.active.append(line.split(","))
    for name in ("甲/驿站.xlsx", "乙/其实是新格式.xls"):
        place = house.inbox / name
        place.parent.mkdir(parents=True, exist_ok=True)
        book.properties.title = name  # else both are one file
        with place.open("wb") as file:
            book.save(file)
    house.put("丙/驿站.csv", WRONG)
    made = house.run()
    assert (made.failed, made.ways) == ([], {"own": 2, "copy": 1, "list": 0})
    assert {f["file"]: f["way"] for f in made.files} == {
        "甲/驿站.xlsx": "own", "乙/其实是新格式.xls": "own", "丙/驿站.csv": "copy"
    }  # fmt: skip
    for name in ("甲/驿站.xlsx", "乙/其实是新格式.xls"):
        answer = house.book(name)
        assert answer.sheetnames == ["校验结果", "Sheet"] and answer["Sheet"]["C2"].comment
        assert any("本工作簿复制自" in str(cell.value) for row in answer["校验结果"] for cell in row)
    assert house.run().ways == made.ways, "nothing is made again, and the ways are still known"
    house.put("丁/工具.exe", "MZ")
    assert house.run().ways == made.ways | {"list": 1}


def test_a_file_that_was_not_taken_in_is_answered(house):
    house.put("甲/工具.exe", "MZ")
    made = house.run()
    assert made.files[0]["result"] == "rejected"
    assert house.book("甲/工具.exe").sheetnames == ["校验结果"]


def test_an_answer_that_stands_is_not_written_again(house):
    house.put("甲/驿站.csv", WRONG)
    house.put("乙/驿站.csv", WRONG.replace("豪华型", "奢华型"))
    assert house.run().written == 2
    places = sorted(house.workspace.answers.rglob("*.xlsx"))
    before = [(p, p.stat().st_mtime_ns, file_sha256(p)) for p in places]
    again = house.run()
    assert (again.written, len(again.files)) == (0, 2)
    house.put("丙/驿站.csv", WRONG.replace("豪华型", "土豪型"))
    assert house.run().written == 1
    assert [(p, p.stat().st_mtime_ns, file_sha256(p)) for p in places] == before
    places[0].write_bytes(b"spoilt")
    assert house.run().written == 1
    assert [file_sha256(p) for p in places] == [sha256 for *_, sha256 in before]


def test_a_corrected_file_of_the_same_name_takes_the_place_of_the_old_one(house):
    house.put("甲/驿站.csv", WRONG)
    house.run()
    house.put("甲/驿站.csv", WRONG.replace("西兴街道", "月球街道"))
    made = house.run()
    assert len(made.files) == 1
    assert {p["column"] for p in house.summary("甲/驿站.csv")["problems"]} == {"station_type_code", "subdistrict_code"}
    house.put("甲/驿站.csv", GOOD)
    assert house.run().files == [] and house.lying() == []


def test_the_same_workspace_gives_the_same_answers(near, tmp_path):
    trees = []
    for name in ("a", "b"):
        house = House(tmp_path / name)
        house.put("甲/驿站.csv", WRONG)
        house.put("甲/坏.xlsx", "PK\x03\x04")
        house.run()
        files = sorted(p for p in house.workspace.answers.rglob("*") if p.is_file())
        trees.append([(p.relative_to(house.workspace.answers).as_posix(), file_sha256(p)) for p in files])
    assert trees[0] == trees[1] and len(trees[0]) == 4


def test_an_answer_that_cannot_be_made_stops_no_other_and_is_tried_again(house, near):
    house.put("甲/驿站.csv", WRONG)
    house.put("乙/驿站.csv", WRONG.replace("豪华型", "奢华型"))
    write = near.write_answer

    def broken(self, registry, path, target, result, *rest):
        if result.name.startswith("乙"):
            raise GateFault("broken")
        return write(self, registry, path, target, result, *rest)

    near.write_answer = broken
    made = house.run()
    assert made.failed == ["乙/驿站.csv"] and house.lying() == ["甲/驿站.csv"]
    near.write_answer = write
    assert (house.run().written, house.lying()) == (1, ["乙/驿站.csv", "甲/驿站.csv"])


def test_of_very_many_findings_the_worst_are_told_and_all_are_counted(house, monkeypatch):
    monkeypatch.setattr(answers, "_FINDINGS", answers._FINDINGS.replace(f"<= {MOST_TOLD}", "<= 5"))
    rows = [XIXING.replace("0001", f"{n:04}").replace("示范型", "豪华型") for n in range(1, 10)]
    house.put("甲/驿站.csv", STATION + XIXING.replace("0001", "0099") * 3 + "".join(rows))
    made = house.run()
    assert made.files[0]["counts"] == {"error": 9, "warning": 2}
    assert [p["findings"] for p in house.summary("甲/驿站.csv")["problems"]] == [5]
    said = [row[0].value for row in house.book("甲/驿站.csv")["校验结果"].iter_rows(max_row=2)]
    assert said[1].endswith("错误 9 条，提醒 2 条")


def test_names_are_made_harmless_short_and_different():
    long = "长" * 100 + ".csv"
    names = [
        ["甲", "a.csv"], ["甲", "A.csv"], ["甲", "..", "a.csv"], ["甲", "a\\b:c\x00.csv"], ["甲", "a_b_c_.csv"],
        ["甲", long], ["甲", long + "x"], ["甲 ", "."], [".甲", f"x{WORKBOOK}", "y.csv"],
    ]  # fmt: skip
    paths = answer_paths(names)
    assert paths[0] == "甲/a.csv" and paths[1].startswith("甲/A.csv~") and paths[4] == "甲/a_b_c_.csv"
    assert len({p.casefold() for p in paths}) == len(names)
    for path in paths:
        parts = path.split("/")
        assert not [p for p in parts if p in ("", ".", "..") or p.startswith(".") or p.endswith((" ", WORKBOOK))]
        assert all(len((part + WORKBOOK).encode()) < 220 for part in parts)
        assert not set(path) & set('\\:*?"<>|\x00')
    assert paths == answer_paths(names)
