"""What stands behind each state of a provider: the very rows, and what is missing."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from assets.raw.receive import Receipt, receive
from assets.whitelist.asked import TABLES, Asked, NothingKnown, asked
from assets.whitelist.story import Evidence, story
from assets.workspace import Context, Workspace
from schemas.registry import load
from tests.assets.sql_bench import AREA, DOCUMENTS, Bench
from tests.assets.test_intake import FILING, House

AS_OF = date(2026, 3, 31)
SHA = "0" * 64
#: what the law requires of everybody, in the demo's district
REQUIRED = ("legal_cert", "premises", "staff_cert", "health_eval", "fire")


@pytest.fixture
def bench() -> Bench:
    made = Bench(AS_OF)
    for code in REQUIRED:
        if code not in DOCUMENTS:
            made.con.execute(
                "INSERT INTO profile_codelist VALUES ('document_type', ?, ?, ?, NULL, NULL, 'test')", [code] * 3
            )
    made.parameter("required_document_types", ";".join(REQUIRED), since="2019-12-19")
    made.parameter("food_licence_required_meal_modes", "self_cook", since="2019-12-19")
    return made


def told(bench: Bench, provider: str = "A") -> list[dict]:
    """The story, of tables as they are asked."""
    for name in TABLES:
        bench.rows(name, "*")
    receipt = Receipt(1, SHA, 1, "2026-03-31", "", "区卫健局/台账.xlsx", 1)
    ctx = Context(load("binjiang"), Workspace(Path("unused")), AS_OF)
    return story(Asked(ctx, bench.con, [receipt], 1), AREA, provider)


def certificates(bench: Bench, provider: str, kinds: tuple[str, ...] = REQUIRED, **values: object) -> None:
    for row, kind in enumerate(kinds, start=10):
        given = {"issued_on": "2024-01-01", "source_row": row} | values
        bench.put("filing_document", provider_id=provider, document_type_code=kind, **given)


def short(facts: list[Evidence]) -> list[tuple]:
    return [(f.kind, f.title[1], f.is_there, f.row) for f in facts]


def test_a_listing_rests_on_its_filing_and_every_certificate_that_is_required(bench):
    bench.filing("A", "2024-02-01", source_row=7)
    certificates(bench, "A")
    [state] = told(bench)
    assert state["is_listed"] and short(state["turned_by"]) == [("filing", "new", True, 7)]
    assert short(state["rests_on"]["listed"]) == [
        ("filing", "new", True, 7),
        *(("document", kind, True, row) for row, kind in enumerate(REQUIRED, start=10)),
    ]
    filing = state["rests_on"]["listed"][0]
    assert (filing.file, filing.sheet, filing.received_on) == ("区卫健局/台账.xlsx", "表", AS_OF)
    assert filing.result == ("filing_status", "filed")


def test_each_reason_names_what_it_rests_on(bench):
    bench.filing("A", "2024-02-01", meal_mode_code="self_cook", source_row=7)
    certificates(bench, "A", ("legal_cert", "premises"))
    certificates(bench, "A", ("staff_cert",), conclusion_code="fail", source_row=20)
    certificates(bench, "A", ("fire",), valid_to_on="2025-01-31", source_row=21)
    bench.put("inspection", provider_id="A", inspection_id="I1", inspected_on="2025-03-01", source_row=30)
    bench.filing("A", "2025-06-01", filing_event_code="change", filing_status_code="suspended", source_row=8)
    last = told(bench)[-1]
    assert {code: short(facts) for code, facts in last["rests_on"].items()} == {
        "document-expired": [("document", "fire", True, 21)],
        "document-failed": [("document", "staff_cert", True, 20)],
        "document-missing": [("document", "health_eval", False, None)],
        "food-licence-missing": [("document", "food", False, None)],
        "nonconformity-open": [("inspection", "nonconform", True, 30)],
        "suspended": [("filing", "change", True, 8)],
    }
    assert short(last["turned_by"]) == [("filing", "change", True, 8)]


def test_what_ends_by_itself_is_what_turned_the_state(bench):
    bench.filing("A", "2024-02-01", meal_mode_code="self_cook")
    certificates(bench, "A")
    certificates(bench, "A", ("food",), valid_to_on="2025-01-31", source_row=22)
    bench.put("inspection", provider_id="A", inspection_id="I1", inspected_on="2024-06-01", closed_on="2024-07-01")
    states = told(bench)
    assert [(s["valid_from_on"].isoformat(), s["is_listed"]) for s in states] == [
        ("2024-02-01", True), ("2024-06-01", False), ("2024-07-01", True), ("2025-02-01", False),
    ]  # fmt: skip
    assert [short(s["turned_by"]) for s in states[1:]] == [
        [("inspection", "nonconform", True, 2)], [("inspection", "nonconform", True, 2)],
        [("document", "food", True, 22)],
    ]  # fmt: skip
    assert short(states[3]["rests_on"]["food-licence-expired"]) == [("document", "food", True, 22)]


def test_a_provider_that_a_register_lacks_is_told_by_that_register(bench):
    for provider, days in {"A": (1,), "B": (1, 2)}.items():
        for month in days:
            given = {"filing_event_code": "snapshot", "source_sha256": f"{month}" * 64, "source_row": 40 + month}
            bench.filing(provider, f"2026-0{month}-01", **given)
    certificates(bench, "A")
    left = told(bench)[-1]
    assert left["reason_codes"] == "absent-from-source"
    [register] = left["turned_by"]
    assert (register.kind, register.is_there, register.file) == ("register", False, "2" * 64)
    assert short(left["rests_on"]["absent-from-source"]) == [
        ("filing", "snapshot", True, 41), ("register", "absent-from-source", False, 42),
    ]  # fmt: skip


def test_a_rule_that_begins_is_a_fact_too(bench):
    bench.filing("A", "2019-12-01", source_row=7)
    states = told(bench)
    assert [s["not_evaluated_codes"] for s in states] == ["documents-not-evaluated;food-licence-not-evaluated", None]
    assert [f.title for f in states[1]["turned_by"]] == [
        ("parameter", "required_document_types"), ("parameter", "food_licence_required_meal_modes"),
    ]  # fmt: skip


def test_a_day_before_anything_came_and_days_out_of_order_are_said(tmp_path):
    house = House(tmp_path)
    ctx = Context(load("binjiang"), house.workspace, AS_OF, threads=1)
    with pytest.raises(NothingKnown, match="nothing has been received yet"), asked(ctx):
        pass
    house.workspace.root.mkdir(exist_ok=True)
    house.put("a.csv", f"{','.join(FILING)}\n{','.join(FILING.values())}\n")
    receive(house.inbox, house.workspace, AS_OF, str)
    with pytest.raises(NothingKnown, match="the first file came on 2026-03-31"), asked(ctx, date(2026, 3, 30)):
        pass
    house.put("b.csv", f"{','.join(FILING)}\n{','.join(FILING.values())}\n\n")
    receive(house.inbox, house.workspace, date(2026, 3, 1), str)
    with pytest.raises(NothingKnown, match="cannot be told"), asked(ctx, date(2026, 3, 15)):
        pass
