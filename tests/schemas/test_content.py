"""What the fields, code lists and datasets say: bilingual, unambiguous, with a source."""

from __future__ import annotations

import re
import unicodedata

import pytest

from schemas import registry as contracts
from schemas.model import CodeList, Field, Table

PROFILES = contracts.profiles()
REGISTRY = contracts.load("binjiang")
FIELDS = {f.name: f for t in REGISTRY.tables.values() for f in t.fields}
INTAKE = REGISTRY.layer("intake")
HAN = re.compile(r"[\u4e00-\u9fff]")


def word(text: str) -> str:
    """A header or a code word as readers compare it."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


@pytest.mark.parametrize("field", FIELDS.values(), ids=lambda f: f.name)
def test_a_field_explains_itself_in_both_languages(field: Field) -> None:
    assert HAN.search(field.title_zh) and HAN.search(field.description_zh)
    assert field.title_en and field.description_en.endswith(".")
    assert not HAN.search(field.title_en + field.description_en)
    assert field.source


@pytest.mark.parametrize("table", INTAKE, ids=lambda t: t.name)
def test_a_header_means_one_column_of_a_table(table: Table) -> None:
    meaning: dict[str, str] = {}
    for field in table.data_fields:
        for text in {word(t) for t in (field.name, field.title_zh, field.title_en, *field.aliases)}:
            assert meaning.setdefault(text, field.name) == field.name, text


@pytest.mark.parametrize("name", sorted(REGISTRY.codelists))
def test_a_word_means_one_code_of_a_list(name: str) -> None:
    codelist: CodeList = REGISTRY.codelists[name]
    meaning: dict[str, str] = {}
    for entry in codelist.entries:
        assert HAN.search(entry.title_zh) or name == "crs", entry.code
        assert entry.title_en and entry.source, entry.code
        for text in {word(t) for t in (entry.code, entry.title_zh, entry.title_en, *entry.aliases)}:
            assert meaning.setdefault(text, entry.code) == entry.code, text


def test_people_documents_and_whereabouts_stay_inside() -> None:
    private = (
        "contact_phone",
        "enrolled_count",
        "carer_count",
        "document_no",
        "conclusion_code",
        "longitude",
    )
    private += ("latitude", "has_full_cctv", "incident_count", "temporary_care_receipt_no", "source_sha256")
    assert [name for name in private if FIELDS[name].access != "private"] == []


def test_published_counts_of_children_and_households_are_suppressed_when_small() -> None:
    for name in ("child_visit_count", "adult_visit_count", "household_count", "household_total"):
        assert FIELDS[name].suppress_below == "small_cell_minimum"


def test_a_parameter_that_suppression_needs_is_known_to_the_law() -> None:
    known = {p.code for p in REGISTRY.all_parameters()}
    assert {f.suppress_below for f in FIELDS.values() if f.suppress_below} <= known


@pytest.mark.parametrize("code", sorted(REGISTRY.findings))
def test_a_finding_says_what_and_what_to_do_in_both_languages(code: str) -> None:
    finding = REGISTRY.findings[code]
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
    assert HAN.search(finding.says_zh) and HAN.search(finding.advice_zh)
    assert finding.says_en and finding.advice_en
    assert re.fullmatch(r"0[1-6]0[1-6]", finding.dq or "")


@pytest.mark.parametrize("name", sorted(REGISTRY.datasets))
def test_a_dataset_is_described_for_people_and_catalogues(name: str) -> None:
    dataset = REGISTRY.datasets[name]
    assert HAN.search(dataset.description_zh) and dataset.description_en.endswith(".")
    assert re.fullmatch(r"P\d+[DWMY]", dataset.cadence)
    assert dataset.keywords and dataset.themes


def test_every_open_table_is_in_one_dataset() -> None:
    named = [t for d in REGISTRY.datasets.values() for t in d.tables]
    assert sorted(named) == sorted(t.name for t in REGISTRY.layer("open"))


@pytest.mark.parametrize("profile", PROFILES)
def test_each_parameter_value_has_a_source_and_no_two_hold_at_once(profile: str) -> None:
    for given in contracts.load(profile).chain:
        for parameter in given.parameters:
            assert parameter.source and parameter.confidence, parameter.code
            others = [p for p in given.parameters if p.code == parameter.code and p is not parameter]
            assert not any(p.in_force(parameter.valid_from) for p in others), parameter.code
