"""What kind of change a difference is: told by a third state, by the texts, by contracts, and never guessed."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import pytest

from assets.release.comparison.knowledge import TablesThen
from assets.release.comparison.sameness import folded, same
from assets.release.publisher import publish
from tests.assets.release import house

LATER = date(2026, 4, 30)
P1, P2, P3 = house.PROVIDERS
NEW, OLD = "a" * 64, "b" * 64


class Known(TablesThen):
    """Tables then, and evidence: of each provider whether its newest file came since the release before."""

    def evidence(self, before, names: Sequence[str]) -> Path:
        folder = self.folder.parent / "evidence"
        folder.mkdir(exist_ok=True)
        rows = ", ".join(f"('p{n}', '{NEW if n < 6 else OLD}', '2026-04-1{n}', {n < 6})" for n in range(10))
        for name in names:
            duckdb.sql(
                f"COPY (SELECT *, TRUE AS is_dated, provider_id = 'p6' AS is_merged FROM (VALUES {rows}) "
                f"v(provider_id, source_sha256, received_on, is_new)) TO '{folder}/{name}.parquet' (FORMAT parquet)"
            )
        return folder


@pytest.fixture
def two(tmp_path, registry, published):
    """Publishes three states of `open_provider`: before, then and now; hands back the lines of `changes.csv`."""

    def run(before, then, now, *, given=registry, later=LATER, knowledge=Known) -> list[dict[str, str]]:
        usual = {"open_provider_class": [], "open_fee_posted": []}
        for_publisher = {"work_dir": tmp_path / "work"}
        first = house.write_open(registry, tmp_path / "open", open_provider=before, **usual)
        publish(registry, first, published, house.AS_OF, **for_publisher)
        second = house.write_open(given, tmp_path / "open", open_provider=now, **usual)
        if then is not None:
            house.write_open(given, tmp_path / "then", open_provider=then, **usual)
            for_publisher["knowledge"] = knowledge(tmp_path / "then")
        result = publish(given, second, published, later, **for_publisher)
        (version,) = (d.version for d in result.datasets if d.name == "providers")
        with (published / f"datasets/providers/{version}/changes.csv").open(encoding="utf-8", newline="") as file:
            return [{"version": version} | line for line in csv.DictReader(file)]

    return run


def named(row: tuple, name: str, **at) -> tuple:
    """A provider with another id, and with other values by position."""
    changed = list(row)
    changed[1] = name
    for position, value in at.items():
        changed[int(position[1:])] = value
    return tuple(changed)


def told(lines: list[dict[str, str]]) -> dict[tuple[str, str], tuple[str, str]]:
    """(provider, field) -> (change, reason)."""
    found = {}
    for line in lines:
        provider = line["key"].split('"provider_id":"')[1].split('"')[0]
        found[provider, line["field_name"]] = (line["change"], line["reason"])
    return found


def test_then_tells_corrections_from_updates(two):
    """_6: the number of places. Ids up to 5 had a new file since the release before, the others had not."""
    before = [named(P1, f"p{n}") for n in (1, 2, 3, 7, 8)] + [named(P1, "p4", _6=None)]
    then = [named(P1, "p1", _6=41), named(P1, "p2"), named(P1, "p7", _6=41), named(P1, "p8"), named(P1, "p4", _6=41)]
    now = [named(P1, n, _6=41) for n in ("p1", "p2", "p3", "p7", "p8", "p4")]
    lines = two(before, then, now)
    assert told(lines) == {
        ("p1", "place_count"): ("corrected", "source-corrected"),  # it had been 41 all the time
        ("p2", "place_count"): ("updated", "new-fact"),  # then it was 40, as published
        ("p3", "place_count"): ("corrected", "source-corrected"),  # today we know that it was not there then
        ("p4", "place_count"): ("corrected", "late-fact"),  # nothing had been published in its place
        ("p7", "place_count"): ("corrected", "source-corrected"),  # nothing received: a correction was written down
        ("p8", "place_count"): ("updated", "passing-of-time"),  # nothing received, only the date moved
    }
    assert {line["source_sha256"] for line in lines} == {NEW, OLD}
    assert next(line for line in lines if '"p2"' in line["key"])["received_on"] == "2026-04-12"
    assert lines[0]["version"] == "1.1.0"


def test_only_corrections_are_a_patch(two):
    lines = two([P1, P2], [named(P1, "p1", _6=41), P2], [named(P1, "p1", _6=41), P2])
    assert told(lines) == {("p1", "place_count"): ("corrected", "source-corrected")}
    assert lines[0]["version"] == "1.0.1"


def test_rows_that_came_and_went_say_since_when(two):
    before = [P1, named(P1, "p2"), named(P1, "p7"), named(P1, "p6")]
    then = [P1, named(P1, "p2"), named(P1, "p3")]
    now = [P1, named(P1, "p3"), named(P1, "p4"), named(P1, "p9")]
    assert told(two(before, then, now)) == {
        ("p2", ""): ("removed", "new-fact"),
        ("p7", ""): ("removed", "source-corrected"),  # it should not have been there
        ("p6", ""): ("removed", "identity-decided"),  # it was found to be another one
        ("p3", ""): ("added", "late-fact"),  # it was there then already
        ("p4", ""): ("added", "new-fact"),
        ("p9", ""): ("added", "passing-of-time"),
    }


def test_on_the_same_date_nothing_can_have_happened_since(two):
    lines = two([P1, P2], None, [named(P1, "p1", _6=41), named(P1, "p4")], later=house.AS_OF)
    assert told(lines) == {
        ("p1", "place_count"): ("corrected", "source-corrected"),
        ("p2", ""): ("removed", "source-corrected"),
        ("p4", ""): ("added", "late-fact"),
    }


def test_without_knowledge_it_is_not_evaluated_and_the_notes_say_so(two, published):
    lines = two([P1, P2], None, [named(P1, "p1", _6=41, _2="滨江 托育园（一）")])
    assert told(lines) == {
        ("p1", "place_count"): ("updated", "not-evaluated"),
        ("p1", "provider_name"): ("reformatted", "format-only"),  # the texts alone show it
        ("p2", ""): ("removed", "not-evaluated"),
    }
    notes = (published / "datasets/providers/1.1.0/CHANGES.md").read_text("utf-8")
    assert "未评估" in notes and "Not evaluated" in notes


def test_the_same_text_written_otherwise_is_reformatted(two):
    before = [named(P1, "p1", _2="滨江托育园(2号)")]
    now = [named(P1, "p1", _2="滨江 托育园（２号）")]
    lines = two(before, before, now)
    assert told(lines) == {("p1", "provider_name"): ("reformatted", "format-only")}
    assert lines[0]["version"] == "1.0.1"


def test_a_column_that_may_not_be_published_any_more_shows_no_value(two, registry):
    fields = registry.tables["open_provider"].fields
    kept = house.with_table(registry, "open_provider", fields=tuple(f for f in fields if f.name != "filed_on"))
    filed_on = house.field("filed_on", "date", access="private")
    given = house.with_tables(kept, core_secret=house.table("core_secret", ("filed_on",), [filed_on], layer="core"))
    now = [row[:8] + row[9:] for row in (P1, P2)]
    lines = two([P1, P2], now, now, given=given)
    assert told(lines) == {("p1", "filed_on"): ("redacted", "redaction")}
    assert lines[0]["old_value"] == "" and lines[0]["version"] == "2.0.0"


def test_a_withheld_cell_shows_no_value(two, registry):
    condition = {"place_count": "service_form_code = 'half_day'"}
    given = house.with_table(registry, "open_provider", withheld=condition)
    now = [named(P1, "p1", _3="half_day", _6=None), named(P2, "p2", _6=None, _3="all_day")]
    lines = two([P1, P2], now, now, given=given)
    assert told(lines)["p1", "place_count"] == ("redacted", "redaction")
    assert told(lines)["p2", "place_count"][0] == "corrected"
    assert {line["old_value"] for line in lines if line["change"] == "redacted"} == {""}


TEXT = {"name": "x", "type": "string"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("滨江区 西兴街道", "滨江区西兴街道"),
        ("１０３號", "103號"),
        ("(第一ˋ二層部分)", "（第一、二層部分）"),
        ("703巷53號1-3樓", "703巷53號1至3樓"),
        ("泰昌11街", "泰昌十一街"),
        ("2024年1月2日", "2024-01-02"),
        ("1,234元", "1234元"),
        ("ABC园", "abc園".replace("園", "园")),
    ],
)
def test_written_otherwise(one, other):
    assert same(one, other, TEXT) and folded(one) == folded(folded(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1、2樓", "1-2樓"),
        ("12(3)樓", "123樓"),
        ("1 23號", "12 3號"),
        ("506之1號", "506-1號"),
        ("一二樓", "12樓"),
        ("8號2樓", "8號2層"),
        ("1、234", "1234"),
        ("瑞慶陸", "瑞慶路"),
    ],
)
def test_what_can_mean_something_else_is_not_folded(one, other):
    assert not same(one, other, TEXT)


def test_codes_and_numbers():
    code = {"name": "x", "type": "string", "codelist": "c", "categories": []}
    assert not same("A", "a", code)
    assert same("b;a", "a;b", {"name": "x", "type": "string", "itemCategories": []})
    assert same("3200.00", "3200", {"name": "x", "type": "number"})
    assert not same("3200.00", "3200.01", {"name": "x", "type": "number"})
    assert not same("2026-03-01", "2026-03-02", {"name": "x", "type": "date"})
