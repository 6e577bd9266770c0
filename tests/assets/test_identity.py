"""Stable ids through the real intake and the real core tables: each case is a small ledger made by hand."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from assets.build import path_of
from assets.raw.kept import corrections_sha256, keep_corrections, kept_corrections
from assets.raw.receive import receive
from assets.raw.standing import build_standing
from assets.replay import build_tables
from assets.workspace import Context, Workspace, read_json
from pipelines.settings import Settings
from pipelines.standing_view import Wanted, findings
from quality.identities import load_identities
from schemas.model import ContractError
from schemas.registry import load
from tests.assets.test_intake import FILING
from tests.quality.examples import credit_code

NAMES = "一二三四五六七八九十甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未"
CODES = {name: credit_code("91", 700_000 + number) for number, name in enumerate(NAMES)}
TITLES = {
    "id": "机构标识", "event": "备案事项", "on": "事项日期", "status": "备案状态", "name": "机构名称",
    "code": "统一社会信用代码", "address": "机构住所", "reason": "移出原因", "parent": "总机构统一社会信用代码",
}  # fmt: skip
END = {"event": "注销备案", "status": "已注销备案", "reason": "机构申请注销"}


def sid(number: int) -> str:
    return f"330108-S-{number:04d}"


def new(number: int, on: str, who: str, **changes: str) -> dict[str, str]:
    """A new filing of the provider called ``who``, under a stated id."""
    row = {
        "id": sid(number), "on": on, "name": f"滨江区{who * 6}托育有限公司", "code": CODES[who],
        "address": f"滨江区{who * 3}路1号",
    } | changes  # fmt: skip
    return FILING | {TITLES[key]: value for key, value in row.items()}


def change(number: int, on: str, who: str, **changes: str) -> dict[str, str]:
    return new(number, on, who, **{"event": "变更备案", "status": "变更备案"} | changes)


def end(number: int, on: str, who: str, **changes: str) -> dict[str, str]:
    return new(number, on, who, **END | changes)


class Ledger:
    """A workspace into which receptions come one by one."""

    def __init__(self, root: Path):
        self.root, self.inbox, self.workspace = root, root / "inbox", Workspace(root / "workspace")
        self.inbox.mkdir(parents=True)
        self.receptions = 0

    def put(self, *rows: dict[str, str], name: str | None = None) -> None:
        path = self.inbox / (name or f"备案{self.receptions}.csv")
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(dict.fromkeys(title for row in rows for title in row)))
            writer.writeheader()
            writer.writerows(rows)

    def receive(self, *rows: dict[str, str], on: str = "2026-03-31") -> None:
        """One more reception, of one file of these rows (or of what was put before)."""
        if rows:
            self.put(*rows)
        self.receptions += 1
        receive(self.inbox, self.workspace, date.fromisoformat(on), lambda: f"{on}T00:00:00+00:00")

    def decide(self, *entries: dict) -> None:
        folder = self.workspace.root / "corrections"
        folder.mkdir(parents=True, exist_ok=True)
        known = {"reason_zh": "已核实。", "reported_by": "数据专员", "reported_on": "2026-03-31", "source": "核实记录"}
        told = {"identities": [known | entry for entry in entries]}
        (folder / "identities.yml").write_text(yaml.safe_dump(told, allow_unicode=True), "utf-8")

    def context(self) -> Context:
        return Context(load("binjiang"), self.workspace, date(2026, 3, 31), threads=1)

    def build(self) -> None:
        build_tables(self.context(), ["open_provider_id_history", "open_provider", "core_fee_quote"])
        build_tables(self.context(), ["core_filing_document"])
        build_standing(self.context())

    def rows(self, table: str, *columns: str) -> list[tuple]:
        """Of a table that was built."""
        path = str(path_of(self.context(), table))
        return duckdb.execute(f"SELECT {', '.join(columns)} FROM read_parquet(?) ORDER BY ALL", [path]).fetchall()

    def history(self, *numbers: int) -> list[tuple]:
        """(id, source id, from, relation, related id), short, of those source ids."""
        columns = ("provider_id", "source_provider_id", "CAST(valid_from_on AS VARCHAR)", "identity_relation_code",
                   "related_provider_id")  # fmt: skip
        told = self.rows("open_provider_id_history", *columns)
        short = [tuple(v and v.removeprefix("330108-S-") for v in row) for row in told]
        return [row for row in short if int(row[1]) in numbers]

    def on_file(self, *numbers: int) -> list[str]:
        found = [row[0].removeprefix("330108-S-") for row in self.rows("open_provider", "provider_id")]
        return [name for name in found if int(name[:4]) in numbers]

    def found(self, code: str) -> list[str]:
        """The values of the findings of that code after the last intake."""
        sql = "SELECT replace(value, '330108-S-', '') FROM read_parquet(?) WHERE code = ? ORDER BY ALL"
        return [value for (value,) in duckdb.execute(sql, [str(self.workspace.findings), code]).fetchall()]


BRANCH = {"address": "滨江区十分店路9号", "name": "滨江区十分店托育有限公司"}
#: what comes in the first and in the second reception; each case has ids and names of its own
FIRST = [
    new(1, "2024-01-10", "一"),
    new(2, "2024-01-10", "二"),
    new(3, "2024-01-10", "三"), end(3, "2025-01-31", "三", reason="迁址"),
    new(5, "2024-01-10", "四"),
    new(7, "2024-01-10", "五"),
    new(9, "2024-01-10", "六"),
    new(11, "2024-01-10", "八"), end(11, "2025-01-31", "八"),
    new(13, "2024-01-10", "十"), new(14, "2024-02-10", "十", **BRANCH),
    new(16, "2024-01-10", "甲"), end(16, "2025-06-01", "甲"),
    new(17, "2024-01-10", "丙"), end(17, "2025-01-31", "丙"),
    new(19, "2024-01-10", "戊"), end(19, "2025-01-31", "戊"),
    new(21, "2024-01-10", "庚"), end(21, "2025-01-31", "庚"),
]  # fmt: skip
LATER = [
    change(1, "2024-06-01", "一", name="滨江区改了名的托育有限公司"),
    change(2, "2024-06-01", "二", code=CODES["癸"], name="滨江区新法人托育有限公司"),
    new(4, "2025-02-01", "三", address="滨江区新址路9号", name="滨江区三新址托育有限公司"),
    new(6, "2025-02-01", "四", name="滨江区四四四　四四四 托育有限公司"),
    new(8, "2025-02-01", "五", address="滨江区分店路9号", name="滨江区五分店托育有限公司"),
    new(10, "2025-02-01", "七", parent=CODES["六"]),
    new(12, "2025-02-01", "八", code=CODES["九"], address="滨江区 八八八路1号"),
    end(13, "2025-01-31", "十"), end(14, "2025-01-31", "十", **BRANCH),
    new(15, "2025-02-01", "十", address="滨江区合并路5号", name="滨江区合并托育有限公司"),
    new(16, "2025-06-01", "乙"),
    new(18, "2025-02-01", "丙", code=CODES["丁"], address="滨江区远路88号"),  # the name alone
    new(20, "2025-02-01", "己", address="滨江区戊戊戊路1号", name="滨江区戊戊戊戊戊戊托育有限公可"),  # nearly the name
    new(22, "2025-02-01", "辛", address="滨江区庚庚庚路1号"),  # the address alone
]  # fmt: skip
FEE = {
    "收费项目": "保育费", "收费标准": "3000", "计费单位": "元/月", "采集依据": "公示价格", "班型": "托大班",
    "服务形式": "全日托",
}  # fmt: skip


@pytest.fixture(scope="module")
def ledger(tmp_path_factory) -> Ledger:
    """All rules at once: two receptions, and papers and fees under ids whose meaning changed."""
    ledger = Ledger(tmp_path_factory.mktemp("rules"))
    ledger.receive(*FIRST)
    ledger.put(*LATER)
    fees = [{TITLES["id"]: sid(16), "采集日期": on} | FEE for on in ("2024-03-01", "2025-07-01")]
    ledger.put(*fees, name="收费.csv")
    paper = {"材料类型": "消防", "发证日期": "2024-01-01", "结论": "合格"}
    ledger.put(*({TITLES["id"]: sid(number)} | paper for number in (5, 6)), name="证照.csv")
    ledger.receive()
    ledger.build()
    return ledger


def test_a_provider_keeps_the_id_it_was_first_seen_under(ledger):
    assert ledger.history(1) == [("0001", "0001", "2024-01-10", "first-seen", None)]
    assert ledger.on_file(1) == ["0001"]


def test_a_change_under_the_same_id_may_bring_a_new_credit_code(ledger):
    assert ledger.history(2) == [
        ("0002", "0002", "2024-01-10", "first-seen", None),
        ("0002", "0002", "2024-06-01", "new-credit-code", None),
    ]


def test_who_moves_and_files_anew_under_another_id_is_known_by_the_credit_code(ledger):
    assert ledger.history(3, 4) == [
        ("0003", "0003", "2024-01-10", "first-seen", None),
        ("0003", "0004", "2025-02-01", "re-registered", None),
    ]
    assert ledger.on_file(3, 4) == ["0003"]
    assert ("滨江区新址路9号",) in ledger.rows("open_provider", "address")


def test_a_sender_that_renumbers_a_site_without_ending_it_states_the_same_site(ledger):
    assert ledger.history(5, 6)[1:] == [("0005", "0006", "2025-02-01", "renumbered", None)]
    assert ledger.on_file(5, 6) == ["0005"]


def test_two_sites_of_one_credit_code_that_are_active_together_are_branches(ledger):
    assert ledger.history(7, 8)[1:] == [("0008", "0008", "2025-02-01", "branch-of", "0007")]
    assert ledger.on_file(7, 8) == ["0007", "0008"]
    assert set(ledger.found("credit-code-shared")) == {CODES["五"]}


def test_a_branch_with_a_code_of_its_own_names_its_head_office(ledger):
    assert ledger.history(9, 10)[1:] == [("0010", "0010", "2025-02-01", "branch-of", "0009")]


def test_a_new_legal_person_of_one_name_and_address_goes_on_when_the_one_before_has_ended(ledger):
    assert ledger.history(11, 12) == [
        ("0011", "0011", "2024-01-10", "first-seen", None),
        ("0011", "0012", "2025-02-01", "new-credit-code", None),
        ("0011", "0012", "2025-02-01", "re-registered", None),
    ]
    assert ledger.on_file(11, 12) == ["0011"]


def test_two_that_end_and_one_that_goes_on_are_a_merger(ledger):
    assert ledger.history(13, 14, 15) == [
        ("0013", "0013", "2024-01-10", "first-seen", None),
        ("0013", "0015", "2025-02-01", "re-registered", None),
        ("0014", "0014", "2024-02-10", "branch-of", "0013"),
        ("0014", "0014", "2025-01-31", "merged-into", "0013"),
    ]
    assert ledger.on_file(13, 14, 15) == ["0013"]


def test_an_id_that_comes_back_for_somebody_else_is_not_used_again(ledger):
    assert ledger.history(16) == [
        ("0016", "0016", "2024-01-10", "first-seen", None),
        ("0016~2", "0016", "2025-06-01", "reissued-to-another", "0016"),
    ]
    assert ledger.on_file(16) == ["0016~2"]
    assert ledger.found("provider-id-reused") == ["0016, 0016~2"]
    assert not ledger.found("filing-after-end")


def test_what_is_stated_under_a_reissued_id_is_of_who_had_it_on_that_day(ledger):
    assert ledger.rows("core_fee_quote", "provider_id", "CAST(observed_on AS VARCHAR)") == [
        (sid(16), "2024-03-01"),
        (f"{sid(16)}~2", "2025-07-01"),
    ]
    events = ledger.rows("core_filing", "provider_id", "filing_event_code", "CAST(event_on AS VARCHAR)")
    of_the_day = [(provider, event) for provider, event, on in events if on == "2025-06-01"]
    assert of_the_day == [(sid(16), "deregister"), (f"{sid(16)}~2", "new")]


def test_two_ids_of_one_provider_that_state_one_fact_state_it_once(ledger):
    assert ledger.rows("core_filing_document", "provider_id", "document_type_code") == [(sid(5), "fire")]


def test_what_is_only_alike_is_never_linked_and_asked_where_it_may_be_the_same(ledger):
    assert [row[3] for row in ledger.history(18, 20, 22)] == ["first-seen"] * 3
    assert ledger.on_file(17, 18, 19, 20, 21, 22) == ["0018", "0020", "0022"]
    assert ledger.found("provider-identity-uncertain") == ["0018, 0017", "0020, 0019"]


def test_people_decide_and_no_id_that_was_given_away_is_lost(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.receive(
        new(1, "2024-01-10", "一"), end(1, "2025-01-31", "一"),
        new(2, "2024-01-10", "二"), end(2, "2025-01-31", "二"),
        new(3, "2024-01-10", "三"),
        new(4, "2024-01-10", "四"), new(4, "2025-02-01", "五"),
    )  # fmt: skip
    ledger.receive(
        new(7, "2025-02-01", "一", code=CODES["癸"], address="滨江区远路88号"),
        new(8, "2025-02-01", "二"),
        new(3, "2025-02-01", "壬", address="滨江区三三三路1号"),
    )  # fmt: skip
    ledger.build()
    assert ledger.on_file(*range(9)) == ["0002", "0003", "0004", "0004~2", "0007"]
    assert ledger.found("provider-identity-uncertain") == ["0003~2, 0003", "0007, 0001"]
    assert ledger.found("provider-id-reused") == ["0004, 0004~2"]
    ledger.decide(
        {"same": [sid(7), sid(1)]}, {"not_same": [sid(2), sid(8)]}, {"not_same": [f"{sid(3)}~2", sid(3)]},
        {"same": [sid(4), f"{sid(4)}~2"]}, {"same": [sid(1), sid(99)]},
    )  # fmt: skip
    ledger.build()
    assert ledger.on_file(*range(9)) == ["0001", "0003", "0003~2", "0004", "0008"]
    assert not ledger.found("provider-identity-uncertain") + ledger.found("provider-id-reused")
    assert ("0001", "0007", "2025-02-01", "renumbered", "0007") in ledger.history(7)
    assert ("0007", "0007", "2025-02-01", "merged-into", "0001") in ledger.history(7)
    said = read_json(ledger.workspace.state("identities"))
    assert list(said.values()) == [True, True, True, True, False], "nobody knows 0099"
    lines = {line["place"]: line for line in findings(settings(ledger), date(2026, 3, 31), Wanted())["corrections"]}
    assert [line["state"] for line in lines.values()] == ["in_force"] * 4 + ["unneeded"]
    assert lines["identities.yml#identities1"]["ids"] == [sid(1), sid(7)]


def settings(ledger: Ledger) -> Settings:
    return Settings(home=ledger.root, profile="binjiang")


def test_the_corrections_a_run_went_by_are_kept_under_their_hash(tmp_path):
    ledger = Ledger(tmp_path)
    nothing = keep_corrections(ledger.context())
    assert nothing == corrections_sha256(ledger.context())
    ledger.decide({"same": [sid(1), sid(7)]})
    first = keep_corrections(ledger.context())
    ledger.decide({"not_same": [sid(1), sid(7)]})
    second = keep_corrections(ledger.context())
    assert len({nothing, first, second}) == 3 and keep_corrections(ledger.context()) == second
    for sha256 in (nothing, first, second):
        kept = replace(ledger.context(), corrections=kept_corrections(ledger.workspace, sha256))
        assert corrections_sha256(kept) == sha256
    one, other = (load_identities(kept_corrections(ledger.workspace, sha256)) for sha256 in (first, second))
    assert one[0].same and not other[0].same


def test_the_remedy_of_the_finding_is_the_entry_to_write(ledger, tmp_path):
    told = findings(settings(ledger), date(2026, 3, 31), Wanted(code="provider-identity-uncertain", values=True))
    for language in ("zh", "en"):
        (entry,) = {re.search(r"- \{.*\}", f[f"advice_{language}"])[0] for f in told["findings"][:1]}
        (tmp_path / "identities.yml").write_text(f"identities:\n  {entry}\n", "utf-8")
        (decision,) = load_identities(tmp_path)
        assert decision.same and ", ".join(decision.entry.same) == told["findings"][0]["value"]


@pytest.mark.parametrize(
    "entry, said",
    [
        ({"same": ["A", "B"], "not_same": ["A", "B"]}, "one of same and not_same"),
        ({}, "one of same and not_same"),
        ({"same": ["A"]}, "two different ids"),
        ({"same": ["A", "A"]}, "two different ids"),
        ({"same": ["A", "B"], "reason_zh": ""}, "must not be empty"),
        ({"same": ["A", "B"], "expires": "2026-12-31"}, "no such key"),
    ],
)
def test_a_decision_that_is_wrong_is_named(tmp_path, entry, said):
    ledger = Ledger(tmp_path)
    ledger.decide({"same": ["A", "C"]}, entry)
    with pytest.raises(ContractError, match=f"identities 第 2 条 entry 2.*{said}"):
        load_identities(ledger.workspace.root / "corrections")


def test_decisions_that_contradict_each_other_are_refused(tmp_path):
    ledger = Ledger(tmp_path)
    ledger.decide({"same": ["A", "C"]}, {"not_same": ["C", "A"]})
    with pytest.raises(ContractError, match="contradicts"):
        load_identities(ledger.workspace.root / "corrections")
