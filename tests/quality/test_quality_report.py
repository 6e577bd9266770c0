"""The quality report: what it counts, what it says it does not know, and whom it names."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import date

import duckdb
import pytest

from assets.sql import PROFILE_DDL
from quality.checks import CheckResult
from quality.cross_rules import cross_rule_texts
from quality.disclosure.texts import inspect_texts
from quality.report.completeness import added_up, concerning, expectations
from quality.report.document import STATES, About, document
from quality.report.facts import Checked, Expected, Facts, Share
from quality.report.indicators import TREND_VERSIONS, WEIGHTS, score
from quality.report.received import UNREADABLE, judged, known_codes, shares
from quality.report.retold import names_hidden, retold
from schemas.model import Parameter
from schemas.registry import load

REGISTRY = load("binjiang")
FEES = REGISTRY.datasets["fees"]
DAY = date(2026, 3, 31)

#: the sub-indicators of GB/T 36344-2018 as the standard numbers them
STANDARD = ["0101", "0102", "0103", "0104", "0105", "0106", "0201", "0202", "0301", "0302", "0303", "0304", "0305"]
STANDARD += ["0401", "0402", "0501", "0502", "0503", "0601", "0602"]


def result(state: str, code: str = "a-rule", *, failed: int = 0, of: int = 10, dq: str = "0104") -> CheckResult:
    severity = "error" if state in ("failed", "crashed") else "warning"
    words = {"description_zh": "规则", "description_en": "rule", "source": "project"}
    return CheckResult(code, "fee_quote", state, severity, failed, of, dq=dq, **words)


def told(facts: Facts, before=None, **given) -> dict:
    return document(About(REGISTRY, FEES, given.pop("version", "1.0.0"), DAY, before=before, **given), facts)


def line(report: dict, code: str) -> dict:
    return next(one for one in report["indicators"] if one["code"] == code)


@pytest.fixture
def facts() -> Facts:
    checks = [
        Checked("received", result("failed", failed=3)),
        Checked("received", result("passed", "another-rule", of=90)),
        Checked("received", result("not_evaluated", "lacks-a-figure", of=0)),
        Checked("expectation", result("crashed", "expected-thing", of=50)),
        Checked("expectation", result("warned", "expected-more", failed=1)),
    ]
    return Facts(
        tables=("fee_quote", "open_fee_posted"),
        checks=tuple(checks),
        rows={"fee_quote": (200, 8)},
        findings={"state": "evaluated", "totals": {"open": {"error": 4, "warning": 1}, "oldest_days": 40},
                  "by_age": [], "by_code": []},
        expected=(Expected("posted-fees", ((None, 3, 1),), {("330108", "p1"): (None,), ("330108", "p2"): (None,)}),),
        shares={"rows_held": Share(8, 200), "reports_received": Share(1, 3)},
    )  # fmt: skip


def test_every_state_is_told_and_the_worst_comes_first(facts):
    report = told(facts)
    assert [c["state"] for c in report["checks"]] == ["failed", "crashed", "warned", "not_evaluated", "passed"]
    counted = [report["summary"][f"checks_of_{what}"] for what in ("published", "received")]
    assert {state: n + counted[1][state] for state, n in counted[0].items()} == dict.fromkeys(STATES, 1)
    assert (report["summary"]["held_rows"], report["summary"]["oldest_open_days"]) == (8, 40)
    keys = {tuple(check) for check in report["checks"]}
    assert len(keys) == 1, "every check has the same keys"


def test_what_could_not_be_checked_says_why(facts):
    unasked = {one["code"]: one for one in told(facts)["not_checked"]}
    assert unasked["expected-thing"]["state"] == "crashed"
    assert unasked["lacks-a-figure"]["state"] == "not_evaluated"
    assert unasked["R-REC-01"]["state"] == "left_out" and "国家公示平台" in unasked["R-REC-01"]["says_zh"]
    assert "national register" in unasked["0401"]["says_en"]
    assert unasked["freshness"]["says_en"]


def test_a_crash_and_what_was_not_asked_are_no_passes(facts):
    """Of 100 judgements by the rules of 0104 three failed; the others were not made."""
    found = line(told(facts), "0104")
    assert (found["numerator"], found["denominator"], found["value"]) == (97, 100, 0.97)


def test_all_sub_indicators_are_there_and_two_are_better_when_lower(facts):
    report = told(facts)
    assert [one["code"] for one in report["indicators"]] == STANDARD
    assert [one["code"] for one in report["indicators"] if one["direction"] == "lower"] == ["0303", "0305"]
    for one in report["indicators"]:
        assert (one["value"] is None) == (one["state"] == "not_evaluated")
        assert one["state"] == "evaluated" or (one["reason_zh"] and one["reason_en"])


def test_without_a_workspace_nothing_is_taken_for_good():
    report = told(Facts(tables=FEES.tables))
    unknown = {one["code"] for one in report["indicators"] if one["state"] == "not_evaluated"}
    assert unknown == set(STANDARD)
    assert report["findings"]["state"] == report["freshness"]["state"] == "not_evaluated"
    assert report["summary"]["held_rows"] is None and report["summary"]["open_errors"] is None
    assert {"completeness", "findings"} <= {one["code"] for one in report["not_checked"]}


def test_trend_and_whether_it_is_better_follow_the_direction(facts):
    first = told(facts)
    worse = replace(facts, shares={"rows_held": Share(16, 200), "reports_received": Share(3, 3)})
    second = told(worse, first, version="1.1.0")
    held, reports = line(second, "0305"), line(second, "0202")
    assert held["trend"] == [{"version": "1.0.0", "as_of": "2026-03-31", "value": 0.04}]
    assert (held["change"], held["moved"]) == (0.04, "worse")
    assert reports["moved"] == "better" and line(second, "0104")["moved"] == "same"
    assert line(second, "0401")["moved"] is None
    third = told(facts, second, version="1.2.0")
    assert [one["version"] for one in line(third, "0305")["trend"]] == ["1.0.0", "1.1.0"]
    assert line(third, "0305")["moved"] == "better" and third["previous_version"] == "1.1.0"


def test_a_trend_does_not_grow_for_ever(facts):
    report = told(facts)
    for number in range(1, TREND_VERSIONS + 5):
        report = told(facts, report, version=f"1.{number}.0")
    trend = line(report, "0104")["trend"]
    assert len(trend) == TREND_VERSIONS and trend[-1]["version"] == f"1.{TREND_VERSIONS + 3}.0"


def test_only_who_is_public_is_named(facts):
    names = {"posted-fees": {("330108", "p1"): "甲托育园"}}
    block = told(facts, names=names)["completeness"][0]
    assert block["missing_reporters"] == 2
    assert block["named"] == [{"area_code": "330108", "id": "p1", "name": "甲托育园", "lacks": [None]}]
    assert "p2" not in str(block)


def test_nobody_is_named_for_a_survey():
    """Who has not answered tells who has (Statistics Law, Art. 28)."""
    assert {one.code for one in expectations() if one.names is None} == {"fee-survey"}
    assert {one.code for one in concerning(["core_fee_quote"])} == {"fee-survey", "posted-fees"}


def test_score_needs_weights_and_turns_what_is_better_when_lower(facts):
    lines = told(facts)["indicators"]
    assert score(lines, {})["state"] == "not_evaluated" and WEIGHTS in score(lines, {})["reason_en"]
    given = Parameter(code=WEIGHTS, value="0104=1;0305=3", valid_from=DAY, source="区方案")
    found = score(lines, {WEIGHTS: given})
    assert found["value"] == pytest.approx((0.97 + 3 * (1 - 0.04)) / 4)
    lacking = score(lines, {WEIGHTS: given.model_copy(update={"value": "0104=1;0401=1"})})
    assert lacking["state"] == "not_evaluated" and "0401" in lacking["reason_en"]


def test_the_gate_lists_every_rule_also_where_nothing_failed():
    table = REGISTRY.tables["station_report"]
    rows = {"station_report": (100, 7)}
    said = {("value-missing", "activity_count"): 2, (UNREADABLE, None): 4, ("row-orphan", "station_id"): 1}
    said |= {("row-repeated", None): 3}
    found = {("station_report", *what): count for what, count in said.items()}
    results = {(c.result.code, c.result.column): c.result for c in judged(REGISTRY, [table], rows, found, DAY)}
    assert results["value-missing", "activity_count"].failed_count == 2
    assert results["value-missing", "open_day_count"].state == "passed"
    assert results[UNREADABLE, None].failed_count == 4 and results[UNREADABLE, None].dq == "0302"
    assert results["row-repeated", None].state == "warned" and results["row-orphan", None].state == "failed"
    late = results["station-report-late", "reported_on"]
    assert (late.state, late.evaluated_count) == ("not_evaluated", 0)
    counted = shares([table], rows, found)
    assert counted == {"rows_held": Share(7, 100), "rows_repeated": Share(3, 100), "references_found": Share(99, 100)}
    assert "value-missing" in known_codes(REGISTRY, table, DAY) and UNREADABLE not in known_codes(REGISTRY, table, DAY)


def test_reports_are_added_up_by_period():
    rows = [("a", "s1", "2026-01", True), ("a", "s2", "2026-01", False), ("a", "s2", "2025-12", False)]
    found = added_up("station-reports", rows)
    assert found.periods == (("2025-12", 1, 0), ("2026-01", 2, 1))
    assert found.missing == {("a", "s2"): ("2025-12", "2026-01")}
    assert added_up("station-reports", []).reason


@pytest.mark.parametrize(
    ("as_of", "due_day", "last"),
    [("2026-03-30", None, "2026-01"), ("2026-03-31", None, "2026-02"), ("2026-03-10", 10, "2026-01"),
     ("2026-03-11", 10, "2026-02")],
)  # fmt: skip
def test_a_station_is_asked_for_whole_months_that_are_due(as_of, due_day, last):
    con = duckdb.connect()
    for statement in PROFILE_DDL.values():
        con.execute(statement)
    con.execute("INSERT INTO profile_run VALUES (?, '330108', 'CNY', 'Asia/Shanghai')", [as_of])
    if due_day:
        values = ["station_report_due_day", str(due_day), due_day, "day", None, None, "x"]
        con.execute("INSERT INTO profile_parameter VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    con.execute("CREATE TABLE core_station(area_code VARCHAR, station_id VARCHAR, station_status_code VARCHAR, "
                "opened_on DATE, closed_on DATE)")  # fmt: skip
    con.execute("INSERT INTO core_station VALUES ('a', 's1', 'open', '2025-12-15', NULL), "
                "('a', 's2', 'closed', '2020-01-01', '2026-01-20'), ('a', 's3', 'planned', NULL, NULL)")  # fmt: skip
    con.execute("CREATE TABLE core_station_report(area_code VARCHAR, station_id VARCHAR, report_month VARCHAR)")
    con.execute("INSERT INTO core_station_report VALUES ('a', 's2', '2025-12')")
    one = next(e for e in expectations() if e.code == "station-reports")
    found = added_up(one.code, con.execute(one.sql).fetchall())
    assert found.periods[-1][0] == last
    months = {member: lacks for (_, member), lacks in found.missing.items()}
    assert months["s1"][0] == "2026-01" and months["s1"][-1] == last, "a month that began before it opened is not asked"
    assert "2025-12" not in months["s2"] and "2026-01" not in months["s2"] and "s3" not in months


def test_a_report_told_again_forgets_names_and_says_whose_place_it_takes(facts):
    report = told(facts, names={"posted-fees": {("330108", "p1"): "甲托育园", ("330108", "p2"): "乙托育园"}})
    stays = lambda table, id_field, name_field, member: member != "p1"  # noqa: E731
    assert names_hidden(report, stays) == 1
    again = retold(report, "1.0.0+r1", ("要求", "asked"), {"open_fee_posted": 2}, stays)
    assert "甲托育园" not in str(again) and "乙托育园" in str(again)
    assert again["version"] == "1.0.0+r1" and again["replaces"]["judged_as"] == "1.0.0"
    assert again["completeness"][0]["missing_reporters"] == 2 and again["checks"] == report["checks"]
    twice = retold(again, "1.0.0+r2", ("要求", "asked"), {}, stays)
    assert (twice["replaces"]["version"], twice["replaces"]["judged_as"]) == ("1.0.0+r1", "1.0.0")


def test_no_words_of_ours_look_like_personal_data():
    """Else a release whose report has to tell of such a finding would be refused by the gate of texts."""
    words: dict[str, object] = {}
    for profile in ("binjiang", "taiwan-sfaa"):
        registry = load(profile)
        texts = (*registry.findings.values(), *cross_rule_texts().values(), *registry.rulebook.values())
        words |= {f"{profile} {number}": text.model_dump(mode="json") for number, text in enumerate(texts)}
        words[f"{profile} quality"] = registry.quality.model_dump(mode="json")
    words["expected"] = [asdict(one) | {"names": None, "sql": ""} for one in expectations()]
    for code, said in words.items():
        found = inspect_texts({"words.json": json.dumps(said, ensure_ascii=False).encode()})
        assert found == [], f"{code}: {said}"
