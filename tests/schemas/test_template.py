"""What a template asks for follows from the contract and the profile, and from nothing else."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest

from schemas.compile import template_stamp
from schemas.compile.template import Template, template
from schemas.registry import Registry, load, profiles

BINJIANG = load("binjiang")


def made(name: str, registry: Registry = BINJIANG, **options: bool) -> Template:
    return template(registry, registry.tables[name], **options)


def column(name: str, field: str, registry: Registry = BINJIANG):
    return next(c for c in made(name, registry).columns if c.name == field)


def test_the_profile_answers_some_columns_itself_and_every_column_has_them_too():
    usual = [c.name for c in made("fee_quote").columns]
    every = [c.name for c in made("fee_quote", every_column=True).columns]
    assert set(every) - set(usual) == {"area_code", "currency_code"}
    assert every == [f.name for f in BINJIANG.tables["fee_quote"].data_fields]
    taiwan = [c.name for c in made("fee_quote", load("taiwan-sfaa")).columns]
    assert set(every) - set(taiwan) == {"currency_code"}


def test_what_has_a_default_may_be_left_empty_and_says_what_then_holds():
    form = column("filing", "service_form_code")
    assert (form.required, form.default, form.header) == (False, "未分类", "服务类型")
    assert column("population", "subdistrict_code").default == "全区"


def test_headers_name_the_unit_once_and_star_what_is_required():
    headers = {c.name: c.header for c in made("station_report").columns}
    assert headers["open_day_count"] == "开放天数（天）*"
    assert headers["child_visit_count"] == "婴幼儿到访人次*"
    assert headers["lecture_count"] == "讲座场次"
    assert column("filing", "gross_area_m2").header == "建筑面积（平方米）"


def test_a_code_that_a_rule_of_the_table_always_refuses_is_not_offered():
    assert "不区分" not in column("filing", "service_modes").choices
    assert "全区" not in column("filing", "subdistrict_code").choices
    assert "全区" in column("population", "subdistrict_code").choices
    assert "不区分" in column("fee_quote", "class_type_code").choices


def test_a_title_that_two_codes_have_is_offered_as_its_code():
    choices = column("filing", "subdistrict_code", load("taiwan-sfaa")).choices
    assert len(set(choices)) == len(choices) > 200
    assert "信義區" not in choices and "彰化市" in choices
    assert any(choice.startswith("TW-TPE-") for choice in choices)


def test_a_code_given_up_is_not_offered_any_more():
    codes = BINJIANG.codelists["station_type"]
    given_up = codes.entries[0].model_copy(update={"deprecated_in": "2.0.0"})
    lists = BINJIANG.codelists | {"station_type": codes.model_copy(update={"entries": (given_up, *codes.entries[1:])})}
    changed = column("station", "station_type_code", replace(BINJIANG, codelists=lists))
    assert changed.choices == ("基础型",) == (changed.example,)


@pytest.mark.parametrize("slug", profiles())
def test_every_example_is_something_the_column_takes(slug):
    registry = load(slug)
    for table in registry.layer("intake"):
        for c in made(table.name, registry, every_column=True).columns:
            parts = c.example.split("；") if c.several else [c.example]
            assert not c.choices or set(parts) <= set(c.choices), (table.name, c.name)
            if c.kind in ("integer", "number") and c.example:
                assert c.lowest is None or c.lowest <= float(c.example)
                assert c.highest is None or float(c.example) <= c.highest


def test_limits_are_told_in_words():
    assert column("station_report", "open_day_count").asks == "整数，0 到 31"
    assert column("filing", "place_count").asks == "整数，不少于 1"
    assert column("filing", "provider_name").asks == "文字，2 到 100 个字符"
    assert column("filing", "provider_id").asks == "文字，不超过 64 个字符"
    assert column("filing", "is_inclusive").asks == "填“是”或“否”"


def test_the_fingerprint_moves_with_what_is_asked_and_not_with_other_words():
    field = BINJIANG.tables["station_report"].field("open_day_count")
    before = made("station_report").fingerprint
    assert made("station_report", changed("open_day_count", hint_zh="另一句话")).fingerprint == before
    limits = field.constraints.model_copy(update={"maximum": 30})
    assert made("station_report", changed("open_day_count", constraints=limits)).fingerprint != before
    assert made("station_report", changed("open_day_count", title_zh="本月开放天数")).fingerprint != before


def changed(name: str, **update: object) -> Registry:
    table = BINJIANG.tables["station_report"]
    fields = tuple(f.model_copy(update=update) if f.name == name else f for f in table.fields)
    tables = BINJIANG.tables | {table.name: table.model_copy(update={"fields": fields})}
    return replace(BINJIANG, tables=tables)


def test_it_is_plain_data():
    data = json.loads(json.dumps(asdict(made("station")), ensure_ascii=False))
    assert data["columns"][0]["header"] == "驿站编号*"


# --- the stamp


def test_a_stamp_is_read_as_it_was_written():
    of = template_stamp.stamp([made("station"), made("station_report")], [("填表说明", 40)])
    cells = template_stamp.rows(of)
    assert template_stamp.read([[*row, None] for row in cells]) == of
    assert of.is_helper("填表说明", 40) and not of.is_helper("填表说明", 41)
    assert of.is_helper(template_stamp.SHEET, len(cells))
    assert not of.outdated(BINJIANG)


def test_a_stamp_cannot_make_another_sheet_a_helper():
    of = template_stamp.stamp([made("station")], [("驿站", 3)])
    assert not of.is_helper("驿站", 3)


def test_a_stamp_of_a_table_that_is_gone_is_outdated():
    of = template_stamp.stamp([made("station")], [])
    gone = {name: table for name, table in BINJIANG.tables.items() if name != "station"}
    assert of.outdated(replace(BINJIANG, tables=gone))


@pytest.mark.parametrize(
    "cells",
    [[], [["驿站编号"]], [["tuoyu-template", "9"]], [["tuoyu-template", "1"]],
     [["tuoyu-template", "1"], ["version", "=cmd|x"], ["profile", "x"]],
     [["tuoyu-template", "1"], ["version", "0" * 12], ["profile", "x"], ["helper", "数据", "many"]]],
)  # fmt: skip
def test_what_is_no_stamp_of_ours_is_none(cells):
    assert template_stamp.read(cells) is None
