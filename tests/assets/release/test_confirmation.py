"""A version that touches much of the one before waits for a person's reason, and the reason goes out with it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date

import pytest

from assets.release.comparison.confirmation import LEAST, SHARE, Confirmation, checked_reason
from assets.release.publisher import publish
from assets.release.refusal import Refused
from schemas.model import Parameter
from tests.assets.release import house

LATER = date(2026, 4, 30)
FEES = [("330108", f"p{number:02}", f"{1000 + number}.00") for number in range(50)]
WHY = "核对无误：<调价> checked"


def with_figures(given, **values: str):
    """The small house with these figures in its profile."""
    told = {"unit": "share", "valid_from": date(2019, 1, 1), "source": "test"}
    figures = tuple(Parameter(code=code, value=value, **told) for code, value in values.items())
    profile = given.profile.model_copy(update={"parameters": figures})
    return replace(given, profile=profile, chain=(profile,))


CONTRACTS = with_figures(house.registry(), **{SHARE: "0.2", LEAST: "10"})


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The fees as they are published first."""
    folder = tmp_path_factory.mktemp("first")
    tables = house.write_open(CONTRACTS, folder / "open", open_fee_posted=FEES)
    publish(CONTRACTS, tables, folder / "published", house.AS_OF, work_dir=folder / "work")
    return folder / "published"


@pytest.fixture
def then(tmp_path, first, published):
    """Publishes what is given upon them."""

    def run(fees: list[tuple], confirm: Confirmation | None = None, given=CONTRACTS, into=published):
        shutil.copytree(first, into)
        folder = house.write_open(given, tmp_path / "open", open_fee_posted=fees)
        result = publish(given, folder, into, LATER, work_dir=tmp_path / "work", confirm=confirm)
        return next(d for d in result.datasets if d.name == "fees")

    return run


def raised(count: int) -> list[tuple]:
    """The fees with so many of them changed."""
    return [(a, p, "9999.00" if n < count else fee) for n, (a, p, fee) in enumerate(FEES)]


def manifest(published) -> dict:
    pointer = json.loads((published / "current.json").read_text())
    return json.loads((published / "releases" / pointer["release"] / "manifest.json").read_text())


def test_too_large_a_change_is_refused_with_what_it_is_and_what_to_do(then, published):
    with pytest.raises(Refused) as refused:
        then(raised(11))
    said = str(refused.value)
    for part in ("fees / open_fee_posted: 11 / 50", "22.0%", "20.0%", SHARE, "2019-01-01", "--confirm", "须由人确认"):
        assert part in said
    assert manifest(published)["seq"] == 1


def test_with_a_reason_it_goes_out_and_the_reason_with_it(then, published):
    assert then(raised(11), Confirmation(WHY)).confirmed == WHY
    entries = {d["name"]: d["confirmed"] for d in manifest(published)["datasets"]}
    assert entries == {"fees": WHY, "providers": None}
    notes = (published / "datasets/fees/1.1.0/CHANGES.md").read_text("utf-8")
    assert notes.count("&lt;调价&gt; checked") == 2 and "## 经人确认" in notes and "## Confirmed by a person" in notes
    assert "22.0%" in notes and "<调价>" not in notes


def test_what_is_usual_needs_none_and_a_reason_that_nobody_needed_is_not_told(then, published):
    assert then(raised(10), Confirmation(WHY)).confirmed is None
    assert "经人确认" not in (published / "datasets/fees/1.1.0/CHANGES.md").read_text("utf-8")


def test_a_release_made_again_takes_its_reasons_from_the_manifest_and_is_not_asked(tmp_path, then, published):
    then(raised(11), Confirmation(WHY))
    then(raised(11), Confirmation(made={"fees": WHY}), into=tmp_path / "again")
    assert house.tree(tmp_path / "again") == house.tree(published)


@pytest.mark.parametrize(
    ("rows", "touched"),
    [
        (FEES[12:], "12 / 50"),  # gone
        ([*FEES, *(("330108", f"q{n:02}", "1.00") for n in range(12))], "12 / 50"),  # new, and no key says since when
        ([*raised(6), *(("330108", f"q{n:02}", "1.00") for n in range(6))], "12 / 50"),
    ],
)
def test_rows_that_go_and_rows_that_come_count_as_well(then, rows, touched):
    with pytest.raises(Refused, match=touched):
        then(rows)


def test_a_table_too_small_to_tell_a_share_of_is_let_through(then):
    assert then(raised(50), given=with_figures(CONTRACTS, **{SHARE: "0.2", LEAST: "51"})).changed


def test_without_a_figure_nothing_is_asked(then):
    assert then(raised(50), given=with_figures(CONTRACTS)).changed


def test_a_unit_that_means_something_else_touches_every_row_though_no_text_differs(then):
    with pytest.raises(Refused, match="50 / 50"):
        then(FEES, given=house.with_field(CONTRACTS, "open_fee_posted", "fee_amount", unit="TWD"))


def test_what_was_called_provisional_and_rows_for_a_new_month_are_expected(tmp_path, published):
    fields = [house.field("area_code"), house.field("report_month", "yearmonth"), house.field("obs_status_code")]
    monthly = house.table("open_fee_posted", ("area_code", "report_month"), [*fields, house.field("n", "integer")])
    given = house.with_tables(CONTRACTS, open_fee_posted=monthly)
    told = [("330108", f"20{year}-{month:02}", "p" if year == 25 else "a", 1)
            for year in (24, 25) for month in range(1, 13)]  # fmt: skip
    final = [(a, m, "a", 2 if s == "p" else 1) for a, m, s, _ in told]
    new = [("330108", f"2026-{month:02}", "p", 1) for month in range(1, 13)]
    for rows, day in ((told, house.AS_OF), (final + new, LATER)):
        folder = house.write_open(given, tmp_path / "open", open_fee_posted=rows)
        publish(given, folder, published, day, work_dir=tmp_path / "work")
    assert manifest(published)["seq"] == 2


def test_the_latest_value_of_another_period_is_no_change_of_an_earlier_one(tmp_path, published):
    fields = [house.field("area_code"), house.field("provider_id"), house.field("period"), house.field("n", "integer")]
    latest = house.table("open_fee_posted", ("area_code", "provider_id"), fields)
    given = house.with_tables(CONTRACTS, open_fee_posted=latest)

    def say(period: str, more: int) -> None:
        rows = [("330108", f"p{number:02}", period, number + more) for number in range(50)]
        folder = house.write_open(given, tmp_path / "open", open_fee_posted=rows)
        publish(given, folder, published, LATER, work_dir=tmp_path / "work")

    say("2026-02", 0)
    say("2026-03", 1)
    assert manifest(published)["seq"] == 2
    with pytest.raises(Refused, match="50 / 50"):
        say("2026-03", 2)


@pytest.mark.parametrize("text", ["", " . ", "x" * 501, "bell\a rings"])
def test_a_reason_is_a_text(text):
    with pytest.raises(Refused, match="--confirm"):
        checked_reason(text)


@pytest.mark.parametrize("text", ["园长电话13857112345确认", "身份证 330108201901011239", "联系人张三同意"])
def test_a_reason_that_names_a_person_is_refused_and_not_repeated(text):
    with pytest.raises(Refused) as refused:
        checked_reason(text)
    assert not {"13857112345", "330108201901011239", "张三"} & set(str(refused.value).replace(",", " ").split())
    assert all(part not in str(refused.value) for part in ("13857112345", "330108201901011239", "张三"))
