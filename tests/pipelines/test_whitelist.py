"""`tuoyu whitelist` over three releases: what was known then, what is known now, what was published, and why."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from assets.raw.receive import receive
from assets.release.step import build_release
from assets.replay import build_tables
from assets.workspace import read_json, write_json
from pipelines.context import context_of
from pipelines.demo.identifiers import credit_code
from pipelines.exits import Exit
from pipelines.published import published_store
from pipelines.settings import Settings
from pipelines.show_whitelist import MOST
from quality.limits import Limits
from quality.sandbox import Sandbox
from tests.assets.test_intake import FILING
from tests.pipelines.test_cli import Said, tuoyu  # noqa: F401

pytestmark = pytest.mark.slow

JAN, FEB, MAR = "2026-01-31", "2026-02-28", "2026-03-31"
A, B = "330108-S-0001", "330108-S-0002"
RENEWED = "卫健局/2026-03-消防.csv"
FILED = {"事项日期": "2026-01-12", "备案通过时间": "2026-01-12", "提交日期": "2026-01-05", "回执日期": "2026-01-09"}


def csv(rows: list[dict[str, str]]) -> str:
    return "".join(",".join(line) + "\n" for line in [list(rows[0]), *(row.values() for row in rows)])


def documents(provider: str, **until: str) -> list[dict[str, str]]:
    """One row a certificate, all issued on one day; ``until``: those wanted, and when each runs out."""
    titles = {
        "legal": "营业执照",
        "premises": "场地证明",
        "staff": "工作人员资格证明",
        "health": "卫生评价报告",
        "fire": "消防安全证明",
    }
    return [
        {"机构标识": provider, "材料类型": titles[kind], "发证日期": "2026-01-04", "有效期至": end, "结论": "合格"}
        for kind, end in until.items()
    ]


@pytest.fixture(scope="module", autouse=True)
def _one_gate() -> Iterator[None]:
    """One child for all of these tests: starting it takes longer than judging their files."""
    with Sandbox(Limits(), 1) as gate, pytest.MonkeyPatch.context() as patch:
        patch.setattr("assets.raw.intake.Sandbox", lambda *_: nullcontext(gate))
        yield


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A is listed in January, off in February as its fire certificate ran out, and in March it turns out that it had
    been renewed in time. B lacks a certificate, is called otherwise in February, and ends in March."""
    made = tmp_path_factory.mktemp("home")
    settings = Settings(home=made, threads=1)
    inbox = settings.inbox_dir / "卫健局"
    inbox.mkdir(parents=True)
    a = FILING | FILED | {"机构标识": A, "机构名称": "江南（滨江）托育有限公司"}
    b = FILING | FILED | {
        "机构标识": B, "机构名称": "钱塘托育有限公司", "统一社会信用代码": credit_code("91", 77),
        "机构住所": "滨江区示例路2号",
    }  # fmt: skip
    ever = dict.fromkeys(("legal", "premises", "staff"), "长期")
    rows = documents(A, **ever, health="长期", fire="2026-02-10") + documents(B, **ever, fire="2027-01-03")
    (inbox / "2026-01-备案.csv").write_text(csv([a, b]), "utf-8")
    (inbox / "2026-01-材料.csv").write_text(csv(rows), "utf-8")
    _run(settings, JAN)
    renamed = b | {
        "备案事项": "变更备案",
        "备案状态": "变更备案",
        "事项日期": "2026-02-05",
        "机构名称": "江北托育有限公司",
    }
    (inbox / "2026-02-变更.csv").write_text(csv([renamed]), "utf-8")
    _run(settings, FEB)
    fire = documents(A, fire="2027-02-05")[0] | {"发证日期": "2026-02-06"}
    ended = renamed | {"备案事项": "注销备案", "备案状态": "已注销备案", "事项日期": "2026-03-20"}
    (inbox / "2026-03-消防.csv").write_text(csv([fire]), "utf-8")
    (inbox / "2026-03-注销.csv").write_text(csv([ended]), "utf-8")
    _run(settings, MAR)
    return made


def _run(settings: Settings, day: str) -> None:
    """What a run does, without Dagster and the other datasets."""
    ctx = context_of(settings, date.fromisoformat(day))
    dataset = ctx.registry.datasets["whitelist"]
    ctx = replace(ctx, registry=replace(ctx.registry, datasets={dataset.name: dataset}))
    receive(settings.inbox_dir, ctx.workspace, ctx.as_of, str)
    build_tables(ctx, dataset.tables)
    assert build_release(ctx, published_store(settings))["changed"]
    assert read_json(ctx.workspace.state("intake"))["result"]["quarantined"] == 0
    write_json(ctx.workspace.root / "last_run.json", {"as_of": day})


@pytest.fixture
def ask(tuoyu, home):  # noqa: F811
    def asked(*words: str) -> Said:
        return tuoyu("whitelist", *words, "--home", home)

    return asked


def listed(said: Said) -> dict[str, str | None]:
    """Provider -> its reasons, None if it is listed."""
    return {row["provider_id"]: row["reason_codes"] for row in said.json["decisions"]}


def test_one_day_as_known_then_and_as_known_today(ask, home):
    then = ask("--as-of", FEB, "--known-on", FEB, "--json")
    assert listed(then) == {A: "document-expired", B: "document-missing"}
    assert (then.json["receipts"], then.json["receipts_in_all"]) == (3, 5)
    today = ask("--as-of", FEB, "--json")
    assert listed(today) == {A: None, B: "document-missing"}
    assert [row["provider_id"] for row in today.json["listed"]] == [A]
    assert not list((home / "workspace").glob("asked-*")), "nothing is left of the scratch workspace"


def test_the_last_run_is_asked_about_unless_a_day_is_given(ask):
    said = ask("--json")
    assert said.json["as_of"] == MAR and listed(said) == {A: None, B: "deregistered"}
    assert said.json["receipts"] == 5


def test_what_was_published_then_and_where_it_was_wrong(ask):
    published = ask("--as-of", FEB, "--published", "--json").json["published"]
    assert (published["as_of"], published["listed"]) == (FEB, [])
    [difference] = published["differs"]
    assert difference["provider_id"] == A and difference["because"] == "known_later"
    assert difference["published"] == {"is_listed": False, "reason_codes": "document-expired"}
    assert difference["known"] == {"is_listed": True, "reason_codes": None, "since_on": "2026-01-12"}
    assert ask("--as-of", FEB, "--known-on", FEB, "--published", "--json").json["published"]["differs"] == []
    between = ask("--as-of", "2026-03-25", "--published", "--json").json["published"]
    assert between["as_of"] == FEB
    assert {d["provider_id"]: d["because"] for d in between["differs"]} == {A: "known_later", B: "changed_later"}


def test_the_list_in_words(ask):
    said = ask("--as-of", "2026-03-25", "--published")
    assert said.code == Exit.OK
    for words in (
        "在名单上 listed: 1 / 2",
        "已注销 deregistered",
        "当时公布的 published then:",
        "known after that release",
    ):
        assert words in " ".join(said.out.split()), words
    assert "与上面一致 the same as above" in ask("--published").out
    assert MOST > 2


def test_a_story_has_every_change_its_law_and_its_evidence(ask):
    told = ask("explain", A, "--json").json
    assert [(s["valid_from_on"], s["is_listed"]) for s in told["states"]] == [("2026-01-12", True)]
    facts = told["states"][0]["rests_on"]["listed"]
    assert [(f["kind"], f["title"]["code"]) for f in facts][:2] == [("filing", "new"), ("document", "legal_cert")]
    assert {f["file"] for f in facts} == {"卫健局/2026-01-备案.csv", "卫健局/2026-01-材料.csv"}
    assert {f["title"]["code"]: f["row"] for f in facts}["fire"] == 6
    [limit] = told["time_limits"]
    assert (limit["deadline_code"], limit["deadline_state_code"], limit["workday_count"]) == ("receipt", "met", 4)
    events = told["published"]["events"]
    assert [(e["event_no"], e["effective_on"], e["to_listed"], e["overturned_on"]) for e in events] == [
        (1, "2026-01-12", True, None),
        (2, "2026-02-11", False, MAR),
    ]
    assert events[0]["workday_count"] == 0 and events[0]["is_published_in_time"], "recorded and published on one day"


def test_a_story_as_known_on_another_day_is_another_story(ask):
    told = ask("explain", A, "--as-of", FEB, "--known-on", FEB, "--json").json
    assert [(s["valid_from_on"], s["reason_codes"]) for s in told["states"]] == [
        ("2026-01-12", None),
        ("2026-02-11", "document-expired"),
    ]
    [fact] = told["states"][1]["rests_on"]["document-expired"]
    assert (fact["title"]["code"], fact["to_on"], fact["row"]) == ("fire", "2026-02-10", 6)
    assert told["decision"]["reasons"][0]["source"] == "国卫办人口发〔2019〕25号 Art. 8"


def test_a_story_in_words_says_that_it_is_for_inside_use(ask):
    said = ask("explain", B)
    words = " ".join(said.out.split())
    assert said.code == Exit.OK
    for part in (
        "for inside use", "不在名单上 not listed，自 since 2026-03-20", "已注销 Deregistered (deregistered)",
        "58号", "2026-03-注销.csv", "没有 missing", "Health evaluation report", "出具回执 Receipt: 按期 Met",
    ):  # fmt: skip
        assert part in words, part
    assert "2026-01-05" not in words and "2026-01-09" not in words, "days of submission and receipt are not told"


@pytest.mark.parametrize(
    "who", ["91330108MATE00002B", "91330108mate00002b", "江南(滨江)托育有限公司", "江南（滨江）", A]
)
def test_a_provider_is_found_by_what_people_know_of_it(ask, who):
    assert ask("explain", who, "--json").json["matches"][0]["provider_id"] == A


def test_a_provider_is_found_by_a_former_name_and_several_are_listed(ask):
    assert ask("explain", "钱塘托育有限公司", "--json").json["matches"][0]["provider_id"] == B
    several = ask("explain", "托育")
    assert several.code == Exit.FINDINGS and A in several.out and B in several.out
    assert len(ask("explain", "托育", "--json").json["matches"]) == 2


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["explain", "330108-S-0009"], Exit.FINDINGS, "330108-S-0001"),
        (["explain", " "], Exit.FINDINGS, "no such provider"),
        (["--known-on", "2026-01-30"], Exit.FINDINGS, "the first file came on 2026-01-31"),
        (["--as-of", "2026-01-15", "--published"], Exit.FINDINGS, "the first release is as of 2026-01-31"),
        (["--as-of", "1 March"], Exit.CONFIGURATION, "--as-of"),
        (["explain", A, "--known-on", "2026-02-30"], Exit.CONFIGURATION, "--known-on"),
    ],
)
def test_what_cannot_be_answered_is_said(ask, words, code, says):
    said = ask(*words)
    assert said.code == code and says in said.err and not said.out


def test_before_anything_is_received_or_published_it_says_so(tuoyu, tmp_path):  # noqa: F811
    said = tuoyu("whitelist")
    assert said.code == Exit.FINDINGS and "tuoyu run" in said.err
    assert not (tmp_path / "workspace").exists()


def test_a_version_that_is_gone_is_said(ask, home, tmp_path, tuoyu):  # noqa: F811
    there = tmp_path / "copy"
    shutil.copytree(home, there)
    [first, *_] = sorted((there / "published" / "datasets" / "whitelist").iterdir())
    shutil.rmtree(first)
    said = tuoyu("whitelist", "--as-of", JAN, "--published", "--home", there)
    assert said.code == Exit.FINDINGS and "withdrawn" in said.err
