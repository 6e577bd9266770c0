"""A header is found below title rows, by titles and aliases, in any order."""

from __future__ import annotations

from quality.reading.headers import match_header, required_columns, title_key
from schemas.registry import load

REGISTRY = load("binjiang")
INTAKE = REGISTRY.layer("intake")
REPORT = REGISTRY.tables["station_report"]
TITLES = [f.title_zh for f in REPORT.data_fields if f.name in required_columns(REPORT)]


def test_own_titles_of_every_table_find_that_table():
    for table in INTAKE:
        match = match_header([[f.title_zh for f in table.data_fields]], INTAKE)
        assert match.table.name == table.name
        assert list(match.columns.values()) == [f.name for f in table.data_fields]
        assert not (match.unknown or match.repeated or match.missing)


def test_english_titles_and_names_are_read_as_well():
    for texts in ([f.title_en for f in REPORT.data_fields], list(REPORT.field_names)):
        assert match_header([texts], INTAKE).table.name == "station_report"


def test_below_titles_reordered_with_stars_units_and_spaces():
    decorated = [f" *{t[:1]} {t[1:]}（人次）" for t in reversed(TITLES)]
    match = match_header([["月报", None], [None], ["填报单位：某街道"], decorated, ["x"] * len(TITLES)], INTAKE)
    assert (match.table.name, match.row, match.height) == ("station_report", 3, 1)
    assert not match.missing


def test_two_row_header_joins_group_and_sub_title():
    upper = [TITLES[0], TITLES[1], "开放", None, *TITLES[3:]]
    lower = [None, None, TITLES[2].removeprefix("开放") or TITLES[2], "备注", *[None] * len(TITLES[3:])]
    match = match_header([upper, lower], INTAKE)
    assert (match.table.name, match.height) == ("station_report", 2)
    assert match.columns[2] == "open_day_count"
    assert match.unknown == ((3, "备注"),)


def test_unknown_columns_are_named_and_a_missing_one_is_told():
    match = match_header([[*TITLES[:-1], "备注"]], INTAKE)
    assert match.table.name == "station_report"
    assert [title for _, title in match.unknown] == ["备注"]
    assert len(match.missing) == 1


def test_two_columns_for_one_field():
    alias = REPORT.field("open_day_count").title_zh
    assert match_header([[*TITLES, alias]], INTAKE).repeated == ((len(TITLES), alias),)


def test_no_table_of_ours():
    assert match_header([["id", "name", "address", "phone"], ["1", "a", "b", "c"]], INTAKE) is None
    assert match_header([], INTAKE) is None


def test_title_key_drops_what_people_vary():
    assert title_key("＊ 场地面积\n") == title_key("场地面积")
    assert title_key("Provider ID") == title_key("provider_id")
