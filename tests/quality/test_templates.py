"""Templates as files: what Excel makes of them, and what the gate makes of them when they come back."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from quality.cross_rules import cross_rules
from quality.gate import GateResult, check_file
from quality.normalise import code_word, code_words
from quality.reading.headers import match_header
from quality.rule_list import rule_list
from quality.templates import workbook as template_workbook
from quality.templates.cells import MOST_LIST, MOST_PROMPT, MOST_REFUSAL, MOST_TITLE
from quality.templates.make import make_template
from quality.templates.workbook import workbook
from schemas.compile.template import SEPARATOR, Template, TemplateColumn
from schemas.compile.template_stamp import GUIDE, LISTS, SHEET
from schemas.registry import Registry, load, profiles

AS_OF = date(2026, 3, 31)
BINJIANG = load("binjiang")
TABLES = [table.name for table in BINJIANG.layer("intake")]
DISTRICT = """\
slug: shangcheng
extends: cn
title_zh: 上城区
title_en: Shangcheng District
timezone: Asia/Shanghai
defaults: {area_code: "330102"}
tighten:
  tables:
    station: {required: [opened_on]}
"""
#: the examples of the contract, put in one row, are one true story, but for columns about an end that has not come
STORIES: dict[str, dict[str, Any]] = {"filing": {"removal_reason_code": None}, "station": {"closed_on": None}}


DRAWN = template_workbook.DRAWN


@pytest.fixture(scope="module", autouse=True)
def short():
    """Few rows drawn, so that many templates are made quickly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(template_workbook, "DRAWN", 3)
        yield


@pytest.fixture(scope="module")
def outside(tmp_path_factory) -> Registry:
    """A district in a folder of its own, as another house would have it."""
    folder = tmp_path_factory.mktemp("district") / "shangcheng"
    (folder / "codelists").mkdir(parents=True)
    (folder / "profile.yml").write_text(DISTRICT, "utf-8")
    streets = "code,title_zh,title_en,definition,source,since,deprecated_in,replaced_by,aliases\n"
    streets += '330102001,"清波,街道",Qingbo,,,,,,清波\n330102003,湖滨街道,Hubin,,,,,,湖滨\n'
    (folder / "codelists" / "subdistrict.csv").write_text(streets, "utf-8")
    return load(folder)


def templates(registry: Registry, *names: str, every_column: bool = False) -> list[Template]:
    names = names or tuple(table.name for table in registry.layer("intake"))
    return [make_template(registry, name, AS_OF, every_column=every_column) for name in names]


def opened(*made: Template) -> openpyxl.Workbook:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # xlsxwriter leaves out what Excel would not take, and warns
        return openpyxl.load_workbook(io.BytesIO(workbook(made)))


def head(sheet: Any) -> int:
    """The row of the header: the first with more than one filled cell."""
    return next(cells[0].row for cells in sheet.iter_rows() if sum(c.value is not None for c in cells) > 1)


def checks_of(sheet: Any) -> dict[int, Any]:
    """The check of each column, by its number from 1."""
    return {next(iter(rule.sqref.ranges)).min_col: rule for rule in sheet.data_validations.dataValidation}


def fill(book: openpyxl.Workbook, made: Template, *rows: dict[str, Any], above: int = 0) -> None:
    """Types values into the first rows, ``above`` of them being filled, each where its column is."""
    sheet = book[made.sheet]
    for number, row in enumerate(rows, head(sheet) + 1 + above):
        for index, column in enumerate(made.columns, 1):
            sheet.cell(number, index).value = row.get(column.name)


def typed(column: TemplateColumn, text: str) -> Any:
    """What stands in the cell after a person typed that text into Excel."""
    if not text:
        return None
    kinds: dict[str, Callable[[str], Any]] = {"integer": int, "number": float, "date": date.fromisoformat}
    return kinds.get(column.kind, str)(text)


def story(made: Template) -> dict[str, Any]:
    return {c.name: typed(c, c.example) for c in made.columns} | STORIES.get(made.table, {})


def gate(registry: Registry, book: openpyxl.Workbook, folder: Path) -> GateResult:
    path = folder / "填报.xlsx"
    book.save(path)
    return judged(registry, path)


def judged(registry: Registry, path: Path) -> GateResult:
    return check_file(registry, path, name=path.name, sha256="0" * 64, received_on=AS_OF, as_of=AS_OF)


def told(result: GateResult) -> list[tuple]:
    return [(f.code, f.table, f.row, f.column) for f in result.findings]


# --- what it says


@pytest.mark.parametrize("slug", profiles())
def test_nothing_in_a_template_is_left_to_fill_in(slug):
    registry = load(slug)
    for made in templates(registry, every_column=True):
        for name, held in zip(*_parts(workbook([made])), strict=True):
            assert not re.search(r"\{[a-z][a-z0-9_]*\}", held), (slug, made.table, name)


def _parts(book: bytes) -> tuple[list[str], list[str]]:
    """The texts of a workbook: shared strings, sheets with their validations, comments, properties."""
    with zipfile.ZipFile(io.BytesIO(book)) as held:
        names = [name for name in held.namelist() if name.endswith((".xml", ".vml"))]
        return names, [held.read(name).decode() for name in names]


def test_a_rule_whose_figures_are_missing_is_not_in_the_guide():
    taiwan = load("taiwan-sfaa")
    gone = {r.code for r in cross_rules() if r.missing(taiwan.parameters(AS_OF))}
    assert gone
    for registry, there in ((taiwan, False), (BINJIANG, True)):
        told = {rule.code for made in templates(registry) for column in made.columns for rule in column.rules}
        assert bool(told & gone) == there


@pytest.mark.parametrize("slug", profiles())
def test_the_list_of_rules_leaves_nothing_to_fill_in(slug):
    for rule in rule_list(load(slug), AS_OF)["rules"]:
        assert not re.search(r"\{[a-z][a-z0-9_]*\}", rule["says_zh"] + rule["says_en"]), rule


# --- back at the gate


@pytest.mark.parametrize("slug, every_column", [("binjiang", False), ("binjiang", True), ("taiwan-sfaa", False)])
def test_a_filled_template_of_every_table_passes_its_own_check(slug, every_column, tmp_path):
    made = templates(load(slug), every_column=every_column)
    book = opened(*made)
    for of_table in made:
        fill(book, of_table, story(of_table))
    result = gate(load(slug), book, tmp_path)
    assert told(result) == []
    counted = sorted((a.table, a.received, a.accepted) for a in result.account)
    assert counted == [(name, 1, 1) for name in sorted(TABLES)]


def test_a_filled_template_of_a_district_outside_passes(outside, tmp_path):
    (made,) = templates(outside, "station")
    book = opened(made)
    street = "清波,街道"
    fill(book, made, story(made) | {"station_id": "330102-F-0001", "subdistrict_code": street})
    assert told(gate(outside, book, tmp_path)) == []
    assert next(c for c in made.columns if c.name == "opened_on").required


@pytest.mark.parametrize("slug", profiles())
def test_every_choice_of_every_column_is_a_code_of_its_list(slug):
    registry, seen = load(slug), 0
    for made in templates(registry, every_column=True):
        for column in made.columns:
            codelist = registry.tables[made.table].field(column.name).codelist
            if codelist:
                words = code_words(registry.codelists[codelist])
                codes = [words[code_word(choice)] for choice in column.choices]
                assert len(set(codes)) == len(codes) > 0 or registry.profile.abstract
                seen += len(codes)
    assert seen > 100


def test_no_rule_refuses_a_choice_by_itself(tmp_path):
    """Each choice once, a row each; rules that look at several columns may well object."""
    made = templates(BINJIANG)
    book, rows = opened(*made), 0
    for of_table in made:
        choosing = [c for c in of_table.columns if c.choices]
        most = max((len(c.choices) for c in choosing), default=1)
        for number in range(most):
            chosen = {c.name: c.choices[number % len(c.choices)] for c in choosing}
            fill(book, of_table, story(of_table) | chosen | _key(of_table, number), above=number)
        rows += most
    result = gate(BINJIANG, book, tmp_path)
    alone = {r.code for t in TABLES for r in BINJIANG.tables[t].rules if len(r.columns) == 1}
    chosen = {(t.table, c.name) for t in made for c in t.columns if c.choices}
    assert result.received == rows > 50
    wrong = [f for f in result.findings if f.code in alone | {"code-unknown", "value-type"} and f.severity == "error"]
    assert not [f for f in wrong if (f.table, f.column) in chosen]


def _key(made: Template, number: int) -> dict[str, str]:
    """Something that makes each row one of its own."""
    names = {"provider_id": "330108-S-{:04}", "station_id": "330108-F-{:04}", "plan_target_id": "PT-{}"}
    return {c.name: names[c.name].format(number + 1) for c in made.columns if c.name in names}


def test_several_choices_in_one_cell(tmp_path):
    (made,) = templates(BINJIANG, "station")
    zones = next(c for c in made.columns if c.name == "zone_codes")
    assert zones.several
    book = opened(made)
    fill(book, made, story(made) | {"zone_codes": SEPARATOR.join(zones.choices)})
    assert told(gate(BINJIANG, book, tmp_path)) == []


def test_an_empty_template_holds_no_data(tmp_path):
    result = gate(BINJIANG, opened(*templates(BINJIANG)), tmp_path)
    assert told(result) == [("file-empty", name, None, None) for name in sorted(TABLES)]
    assert result.received == 0


def test_of_a_workbook_of_several_tables_one_may_stay_empty(tmp_path):
    station, report = templates(BINJIANG, "station", "station_report")
    book = opened(station, report)
    fill(book, report, story(report))
    result = gate(BINJIANG, book, tmp_path)
    assert told(result) == []
    assert [(a.table, a.received, a.accepted) for a in result.account] == [("station_report", 1, 1)]


def test_what_someone_adds_to_a_helper_sheet_or_on_one_of_their_own_is_told_and_counted(tmp_path):
    (made,) = templates(BINJIANG, "station")
    book = opened(made)
    fill(book, made, story(made))
    guide = book[GUIDE]
    filled = sum(any(c.value for c in row) for row in guide.iter_rows())
    guide.cell(guide.max_row + 2, 1).value = "另有一个驿站，没有编号"
    book.create_sheet("备注")["A1"] = "请尽快处理"
    result = gate(BINJIANG, book, tmp_path)
    assert sorted((f.sheet, f.code) for f in result.findings) == [(GUIDE, "sheet-unknown"), ("备注", "sheet-unknown")]
    assert {a.sheet: a.received for a in result.account} == {made.sheet: 1, GUIDE: filled + 1, "备注": 1}


def test_a_template_without_its_own_sheet_is_no_data(tmp_path):
    (made,) = templates(BINJIANG, "station")
    book = opened(made)
    del book[made.sheet]
    assert told(gate(BINJIANG, book, tmp_path)) == [("file-empty", None, None, None)]


@pytest.mark.parametrize("slug", profiles())
def test_no_helper_sheet_is_taken_for_data_even_without_its_stamp(slug):
    intake = load(slug).layer("intake")
    book = opened(*templates(load(slug), every_column=True))
    for name in (GUIDE, LISTS, SHEET):
        rows = list(book[name].iter_rows(values_only=True))
        assert any(map(any, rows))
        assert not [start for start in range(0, len(rows), 20) if match_header(rows[start : start + 40], intake)]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_another_office_program_may_save_it_again(kind, tmp_path):
    office = shutil.which("soffice")
    if not office:
        pytest.skip("LibreOffice is not installed")
    (made,) = templates(BINJIANG, "station")
    book = opened(made)
    fill(book, made, story(made))
    book.save(tmp_path / "填报.xlsx")
    words = [f"-env:UserInstallation={(tmp_path / 'settings').as_uri()}", "--headless", "--convert-to", kind]
    command = [office, *words, "--outdir", str(tmp_path / "again"), str(tmp_path / "填报.xlsx")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    result = judged(BINJIANG, tmp_path / "again" / f"填报.{kind}")
    assert told(result) == [] and result.accepted == 1


# --- other versions


def older(title: str, without: str) -> Registry:
    """The contracts as they might have been: a column under the title that is an alias now, and one column fewer."""
    table = BINJIANG.tables["station_report"]
    fields = [f for f in table.fields if f.name != without]
    fields = [f.model_copy(update={"title_zh": title}) if f.name == "open_day_count" else f for f in fields]
    tables = BINJIANG.tables | {table.name: table.model_copy(update={"fields": tuple(fields)})}
    return replace(BINJIANG, tables=tables, fingerprint="ab" * 32)


def test_a_template_of_an_older_version_is_read_and_told(tmp_path):
    (made,) = templates(older("本月开放天数", "lecture_count"), "station_report")
    assert "本月开放天数（天）*" in [c.header for c in made.columns]
    book = opened(made)
    fill(book, made, story(made), story(made) | {"report_month": "2026-02"})
    result = gate(BINJIANG, book, tmp_path)
    assert (result.received, result.accepted) == (2, 2)
    (found,) = result.findings
    assert (found.code, found.severity, found.value) == ("template-outdated", "info", "ab" * 6)


def test_the_same_columns_of_another_version_are_not_worth_a_word(tmp_path):
    (made,) = templates(replace(BINJIANG, fingerprint="cd" * 32), "station_report")
    book = opened(made)
    fill(book, made, story(made))
    assert told(gate(BINJIANG, book, tmp_path)) == []


def test_only_an_intake_table_has_a_template():
    for name in ("open_whitelist", "no_such_table"):
        with pytest.raises(KeyError, match=name):
            templates(BINJIANG, name)


# --- in Excel


@pytest.fixture(scope="module")
def books(outside) -> list[tuple[Template, openpyxl.Workbook]]:
    """Every template of every profile, with the workbook of the profile it is in."""
    registries = [*map(load, profiles()), outside]
    made = [templates(registry, every_column=True) for registry in registries]
    return [(one, book) for together in made for book in [opened(*together)] for one in together]


def test_nothing_is_longer_than_excel_allows_and_no_message_is_cut(books):
    checked = 0
    for made, book in books:
        assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in book.sheetnames)
        for rule in book[made.sheet].data_validations.dataValidation:
            texts = {"promptTitle": MOST_TITLE, "errorTitle": MOST_TITLE, "prompt": MOST_PROMPT, "error": MOST_REFUSAL}
            for name, most in texts.items():
                text = getattr(rule, name)
                assert 0 < len(text) <= most and not text.endswith("…"), (made.table, rule.sqref)
            assert len(rule.formula1 or "") <= MOST_LIST + 2
            checked += 1
    assert checked == sum(len(made.columns) for made, _ in books)


def test_each_column_is_checked_while_it_is_filled_in(books):
    kinds = {"integer": "whole", "number": "decimal", "date": "date", "yearmonth": "custom"}
    for made, book in books:
        checks = checks_of(book[made.sheet])
        for index, column in enumerate(made.columns, 1):
            expected = "list" if column.choices and not column.several else kinds.get(column.kind)
            assert expected is None or checks[index].type == expected, (made.table, column.name)
            assert column.required == checks[index].prompt.startswith("必填")


def test_a_drop_down_holds_the_choices_in_place_or_by_name(books):
    long = 0
    for made, book in books:
        checks = checks_of(book[made.sheet])
        for index, column in enumerate(made.columns, 1):
            if checks[index].type == "list":
                formula = checks[index].formula1
                assert offered(book, formula) == column.choices
                long += not formula.startswith('"')
    assert long > 10


def offered(book: openpyxl.Workbook, formula: str) -> tuple[str, ...]:
    """What a drop-down of that formula shows."""
    if formula.startswith('"'):
        return tuple(formula.strip('"').split(","))
    sheet, _, cells = book.defined_names[formula.lstrip("=")].attr_text.partition("!")
    assert sheet.strip("'") == LISTS
    return tuple(cell.value for (cell,) in book[LISTS][cells.replace("$", "")])


def test_limits_of_the_contract_are_limits_of_the_cells():
    (made,) = templates(BINJIANG, "station_report")
    checks = checks_of(opened(made)[made.sheet])
    days = next(i for i, c in enumerate(made.columns, 1) if c.name == "open_day_count")
    assert (checks[days].formula1, checks[days].formula2) == ("0", "31")
    assert "整数，0 到 31" in checks[days].error and "必填" in checks[days].prompt


def test_what_excel_would_change_is_text_and_dates_are_written_in_one_way(books):
    formats = {"date": "yyyy-mm-dd", "integer": "General", "number": "General"}
    for made, book in books:
        sheet = book[made.sheet]
        first = head(sheet) + 1
        for index, column in enumerate(made.columns, 1):
            assert sheet.cell(first, index).number_format == formats.get(column.kind, "@"), column.name


def test_headers_are_guarded_cells_are_open_and_what_helps_is_allowed():
    (made,) = templates(BINJIANG, "plan_target")
    book = opened(made)
    sheet = book[made.sheet]
    row = head(sheet)
    assert sheet.cell(row, 1).protection.locked and not sheet.cell(row + 1, 1).protection.locked
    guard = sheet.protection
    assert guard.sheet and not guard.password
    assert not (guard.insertRows or guard.sort or guard.autoFilter), "False: it is not forbidden"
    assert sheet.freeze_panes == f"B{row + 1}"
    assert sheet.auto_filter.ref.startswith(f"A{row}:")
    assert sheet.page_setup.orientation == "landscape" and sheet.print_title_rows == f"${row}:${row}"
    states = {name: book[name].sheet_state for name in book.sheetnames}
    assert states == {made.sheet: "visible", GUIDE: "visible", LISTS: "hidden", SHEET: "veryHidden"}


def test_the_guide_tells_of_each_column_what_looks_at_it():
    (made,) = templates(BINJIANG, "filing_class")
    guide = opened(made)[GUIDE]
    rows = {row[0]: row for row in guide.iter_rows(values_only=True)}
    places = " ".join(filter(None, rows["托位数"]))
    assert "必填" in places and "整数，不少于 1" in places and "30" in places
    assert "class-size-above-cap" in places and "class-places-sum" in places
    assert "每班托位数超过该班型的上限" in places
    assert "class-carers-too-few-mixed" not in " ".join(filter(None, rows["保育人员数"])), "no figure, not evaluated"
    assert {c.title for c in made.columns} <= set(rows)


def test_rows_to_fill_in_are_drawn(monkeypatch):
    monkeypatch.setattr(template_workbook, "DRAWN", DRAWN)
    (made,) = templates(BINJIANG, "population")
    sheet = opened(made)[made.sheet]
    last = sheet.cell(head(sheet) + DRAWN, 1)
    assert DRAWN >= 200 and last.border.left.style and not last.protection.locked


def test_the_same_contracts_make_the_same_bytes():
    first, second = (workbook(templates(BINJIANG, "station", "station_report")) for _ in range(2))
    assert first == second
    assert first != workbook(templates(BINJIANG, "station"))
