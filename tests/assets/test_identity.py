"""Stable ids through the real intake and the real core tables: each case is a small ledger made by hand."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from assets.build import path_of
from assets.raw.receive import receive
from assets.replay import build_tables
from assets.workspace import Context, Workspace
from schemas.registry import load
from tests.assets.test_intake import FILING
from tests.quality.examples import credit_code

CODES = {name: credit_code("91", 700_000 + number) for number, name in enumerate("ABCDEFG")}
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
        "id": sid(number), "on": on, "name": f"滨江区{who}托育有限公司", "code": CODES[who],
        "address": f"滨江区{who}路1号",
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

    def context(self, as_of: str = "2026-03-31") -> Context:
        return Context(load("binjiang"), self.workspace, date.fromisoformat(as_of), threads=1)

    def rows(self, table: str, *columns: str, as_of: str = "2026-03-31") -> list[tuple]:
        """Of a table, built from what was received."""
        ctx = self.context(as_of)
        build_tables(ctx, [table])
        path = str(path_of(ctx, table))
        return duckdb.execute(f"SELECT {', '.join(columns)} FROM read_parquet(?) ORDER BY ALL", [path]).fetchall()

    def history(self) -> list[tuple]:
        """(id, source id, from, relation, related id), short."""
        columns = ("provider_id", "source_provider_id", "CAST(valid_from_on AS VARCHAR)", "identity_relation_code",
                   "related_provider_id")  # fmt: skip
        told = self.rows("open_provider_id_history", *columns)
        return [tuple(v and v.removeprefix("330108-S-") for v in row) for row in told]

    def on_file(self) -> list[str]:
        return [row[0].removeprefix("330108-S-") for row in self.rows("open_provider", "provider_id")]

    def found(self, code: str) -> list[str]:
        """The values of the findings of that code after the last intake."""
        sql = "SELECT value FROM read_parquet(?) WHERE code = ? ORDER BY ALL"
        return [row[0].replace("330108-S-", "") for row in duckdb.execute(sql, [str(self.workspace.findings), code]).fetchall()]


@pytest.fixture
def ledger(tmp_path) -> Ledger:
    return Ledger(tmp_path)


def test_a_provider_keeps_the_id_it_was_first_seen_under(ledger):
    ledger.receive(new(1, "2024-01-10", "A"))
    ledger.receive(change(1, "2024-06-01", "A", name="滨江区改名托育有限公司"))
    assert ledger.history() == [("0001", "0001", "2024-01-10", "first-seen", None)]
    assert ledger.on_file() == ["0001"]


def test_a_change_under_the_same_id_may_bring_a_new_credit_code(ledger):
    ledger.receive(new(1, "2024-01-10", "A"))
    ledger.receive(change(1, "2024-06-01", "A", code=CODES["B"], name="滨江区新法人托育有限公司"))
    assert ledger.history() == [
        ("0001", "0001", "2024-01-10", "first-seen", None),
        ("0001", "0001", "2024-06-01", "new-credit-code", None),
    ]
    assert not ledger.found("provider-id-reused") + ledger.found("provider-identity-uncertain")


def test_who_moves_and_files_anew_under_another_id_is_known_by_the_credit_code(ledger):
    ledger.receive(new(1, "2024-01-10", "A"), end(1, "2025-01-31", "A", reason="迁址"))
    ledger.receive(new(7, "2025-02-01", "A", address="滨江区新址路9号", name="滨江区A托育（新址）有限公司"))
    assert ledger.history() == [
        ("0001", "0001", "2024-01-10", "first-seen", None),
        ("0001", "0007", "2025-02-01", "re-registered", None),
    ]
    assert ledger.on_file() == ["0001"]
    assert ledger.rows("open_provider", "address") == [("滨江区新址路9号",)]


def test_a_source_that_renumbers_a_site_without_ending_it_states_the_same_site(ledger):
    ledger.receive(new(1, "2024-01-10", "A"))
    ledger.receive(new(7, "2025-02-01", "A", name="滨江区Ａ托育 有限公司"))
    assert ledger.history()[1:] == [("0001", "0007", "2025-02-01", "renumbered", None)]
    assert ledger.on_file() == ["0001"] and not ledger.found("credit-code-shared")


def test_two_sites_of_one_credit_code_that_are_active_together_are_branches(ledger):
    ledger.receive(new(1, "2024-01-10", "A"))
    ledger.receive(new(7, "2025-02-01", "A", address="滨江区分店路9号"))
    assert ledger.history()[1:] == [("0007", "0007", "2025-02-01", "branch-of", "0001")]
    assert ledger.on_file() == ["0001", "0007"]
    assert ledger.found("credit-code-shared") == [CODES["A"]] * 2


def test_a_branch_with_a_code_of_its_own_names_its_head_office(ledger):
    ledger.receive(new(1, "2024-01-10", "A"))
    ledger.receive(new(7, "2025-02-01", "B", parent=CODES["A"]))
    assert ledger.history()[1:] == [("0007", "0007", "2025-02-01", "branch-of", "0001")]


def test_a_new_legal_person_of_the_same_name_at_the_same_address_goes_on_when_the_one_before_has_ended(ledger):
    ledger.receive(new(1, "2024-01-10", "A"), end(1, "2025-01-31", "A"))
    ledger.receive(new(7, "2025-02-01", "A", code=CODES["B"], address="滨江区 A路1号"))
    assert ("0001", "0007", "2025-02-01", "re-registered", None) in ledger.history()
    assert ("0001", "0007", "2025-02-01", "new-credit-code", None) in ledger.history()
    assert ledger.on_file() == ["0001"]


def test_two_that_end_and_one_that_goes_on_are_a_merger(ledger):
    ledger.receive(new(1, "2024-01-10", "A"), new(2, "2024-02-10", "A", address="滨江区分店路9号"))
    ledger.receive(
        end(1, "2025-01-31", "A"), end(2, "2025-01-31", "A", address="滨江区分店路9号"),
        new(7, "2025-02-01", "A", address="滨江区合并路5号"),
    )  # fmt: skip
    assert ledger.history() == [
        ("0001", "0001", "2024-01-10", "first-seen", None),
        ("0001", "0007", "2025-02-01", "re-registered", None),
        ("0002", "0002", "2024-02-10", "branch-of", "0001"),
        ("0002", "0002", "2025-01-31", "merged-into", "0001"),
    ]
    assert ledger.on_file() == ["0001"]


def test_an_id_that_comes_back_for_somebody_else_is_not_used_again(ledger):
    ledger.receive(new(1, "2024-01-10", "A"), end(1, "2025-01-31", "A"))
    ledger.receive(new(1, "2025-06-01", "B"))
    assert ledger.history() == [
        ("0001", "0001", "2024-01-10", "first-seen", None),
        ("0001~2", "0001", "2025-06-01", "reissued-to-another", "0001"),
    ]
    assert ledger.on_file() == ["0001~2"]
    assert ledger.found("provider-id-reused") == ["0001 / 0001~2"]
    assert not ledger.found("filing-after-end")


def test_what_is_stated_under_a_reissued_id_goes_to_who_had_it_on_that_day(ledger):
    ledger.receive(new(1, "2024-01-10", "A"), end(1, "2025-06-01", "A"), new(1, "2025-06-01", "B"))
    fee = {"机构标识": sid(1), "收费项目": "保育费", "金额": "3000", "计费单位": "元/月", "价格来源": "公示价格"}
    ledger.put(fee | {"采集日期": "2024-03-01"}, fee | {"采集日期": "2025-07-01"}, name="收费.csv")
    ledger.receive()
    assert ledger.rows("core_fee_quote", "provider_id", "CAST(observed_on AS VARCHAR)") == [
        (sid(1), "2024-03-01"),
        (f"{sid(1)}~2", "2025-07-01"),
    ]
    ended = ledger.rows("core_filing", "provider_id", "filing_event_code", "CAST(event_on AS VARCHAR)")
    assert (sid(1), "deregister", "2025-06-01") in ended and (f"{sid(1)}~2", "new", "2025-06-01") in ended


@pytest.mark.parametrize(
    "later, doubt",
    [
        (new(7, "2025-02-01", "A", code=CODES["B"], address="滨江区远路88号"), True),  # the name alone
        (new(7, "2025-02-01", "B", address="滨江区A路1号", name="滨江区A托育服务有限公司"), False),  # not alike enough
        (new(7, "2025-02-01", "B", address="滨江区A路1号", name="杭州滨江区A托育有限公司"), False),
        (new(7, "2025-02-01", "B"), False),
    ],
)
def test_what_is_only_alike_is_never_linked(ledger, later, doubt):
    ledger.receive(new(1, "2024-01-10", "A"), end(1, "2025-01-31", "A"))
    ledger.receive(later)
    assert ledger.history()[-1] == ("0007", "0007", "2025-02-01", "first-seen", None)
    assert ledger.found("provider-identity-uncertain") == (["0007 / 0001"] if doubt else [])


def test_people_decide_what_is_uncertain_and_the_id_given_meanwhile_is_kept_as_merged(ledger):
    ledger.receive(new(1, "2024-01-10", "A"), end(1, "2025-01-31", "A"))
    ledger.receive(new(7, "2025-02-01", "A", code=CODES["B"], address="滨江区远路88号"))
    assert ledger.on_file() == ["0007"] and ledger.found("provider-identity-uncertain")
    ledger.decide({"same": [sid(7), sid(1)]})
    assert ledger.on_file() == ["0001"] and not ledger.found("provider-identity-uncertain")
    assert ("0001", "0007", "2025-02-01", "renumbered", "0007") in ledger.history()
    assert ("0007", "0007", "2025-02-01", "merged-into", "0001") in ledger.history()


def test_people_keep_apart_what_a_rule_would_link(ledger):
    ledger.receive(new(1, "2024-01-10", "A"), end(1, "2025-01-31", "A"))
    ledger.receive(new(7, "2025-02-01", "A"))
    assert ledger.on_file() == ["0001"]
    ledger.decide({"not_same": [sid(1), sid(7)]})
    assert ledger.on_file() == ["0007"]
    assert not ledger.found("provider-identity-uncertain")


def test_people_say_that_one_id_stands_for_two(ledger):
    ledger.receive(new(1, "2024-01-10", "A"))
    ledger.receive(new(1, "2025-02-01", "B", address="滨江区A路1号"))
    assert ledger.on_file() == ["0001"]
    assert ledger.found("provider-identity-uncertain") == ["0001~2 / 0001"]
    ledger.decide({"not_same": [sid(1), f"{sid(1)}~2"]})
    assert ledger.on_file() == ["0001", "0001~2"]
    assert not ledger.found("provider-identity-uncertain")


def test_people_say_that_a_reissued_id_is_the_same_provider_after_all(ledger):
    ledger.receive(new(1, "2024-01-10", "A"), new(1, "2025-02-01", "B"))
    assert ledger.on_file() == ["0001", "0001~2"]
    ledger.decide({"same": [sid(1), f"{sid(1)}~2"]})
    assert ledger.on_file() == ["0001"]
    assert not ledger.found("provider-id-reused")


def test_two_ids_of_one_provider_that_state_one_fact_twice_state_it_once(ledger):
    ledger.receive(new(1, "2024-01-10", "A"))
    ledger.receive(new(7, "2025-02-01", "A"))
    paper = {"证照类型": "消防", "发证日期": "2024-01-01", "结论": "合格"}
    ledger.put({"机构标识": sid(1)} | paper, {"机构标识": sid(7)} | paper, name="证照.csv")
    ledger.receive()
    assert ledger.rows("core_filing_document", "provider_id", "document_type_code") == [(sid(1), "fire")]


def test_names_of_files_and_their_order_within_a_reception_make_no_difference(tmp_path):
    rows = [new(7, "2025-02-01", "A", address="滨江区新址路9号"), new(1, "2024-01-10", "A"),
            end(1, "2025-01-31", "A"), new(1, "2025-06-01", "B")]  # fmt: skip
    told = []
    for number, order in enumerate((rows, rows[::-1])):
        ledger = Ledger(tmp_path / str(number))
        for place, row in enumerate(order):
            ledger.put(row, name=f"{place}.csv")
        ledger.receive()
        told.append(ledger.history())
    assert told[0] == told[1] and len({row[0] for row in told[0]}) == 2
