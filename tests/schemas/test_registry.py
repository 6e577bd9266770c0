"""A registry loads whole or says which file and key is wrong; a profile tightens and never loosens."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest
import yaml

from schemas.compile.rules import row_rules
from schemas.model import Constraints, ContractError, Field, Table
from schemas.registry import HERE, load, profiles


@pytest.mark.parametrize("slug", profiles())
def test_every_profile_in_the_package_loads(slug):
    registry = load(slug)
    assert registry.profile.slug == slug
    assert registry.layer("intake") and registry.layer("core") and registry.layer("open")


def district(tmp_path: Path, **said) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    raw = {"slug": "elsewhere", "extends": "cn", "title_zh": "别处", "title_en": "Elsewhere"} | said
    (folder / "profile.yml").write_text(yaml.safe_dump(raw, allow_unicode=True), "utf-8")
    return folder


def test_a_district_outside_the_package_is_one_folder(tmp_path):
    registry = load(district(tmp_path, defaults={"area_code": "330199"}))
    assert registry.tables["filing"].defaults["area_code"] == "330199"
    assert "credit_code" in registry.tables["filing"].required  # from cn


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"findings": {"value-type": {"severity": "info", "says_zh": "x", "says_en": "x"}}}, "soften"),
        ({"tighten": {"tables": {"fillings": {"required": ["address"]}}}}, "unknown tables.*fillings"),
        ({"tighten": {"codelists": {"nolist": ["x"]}}}, "nolist"),
        ({"tighten": {"tables": {"station": {"required": ["adress"]}}}}, r"not listed: \['adress'\]"),
        ({"sources": {"intake": {"title_zh": "x", "match": "("}}}, "no regular expression"),
    ],
)
def test_what_a_profile_gets_wrong_is_told(tmp_path, said, message):
    with pytest.raises(ContractError, match=message):
        load(district(tmp_path, **said))


def test_no_file_is_left_out_of_the_fingerprint(tmp_path, monkeypatch):
    """Two code lists of one name, in the core and in a district, are two files."""
    folder = district(tmp_path)
    (folder / "codelists").mkdir()
    head = "code,title_zh,title_en,definition,source,since,deprecated_in,replaced_by,aliases"
    row = f"{head}\nhere_only,别的,Other,,,,,,\n"
    (folder / "codelists" / "quality_grade.csv").write_text(row, "utf-8")
    before = load(folder).fingerprint
    copy = tmp_path / "schemas"
    shutil.copytree(HERE, copy)
    monkeypatch.setattr("schemas.registry.HERE", copy)
    load.cache_clear()
    assert load(folder).fingerprint == before
    path = copy / "codelists" / "quality_grade.csv"
    path.write_text(path.read_text("utf-8") + "new,新,New,,,,,,\n", "utf-8")
    load.cache_clear()
    assert load(folder).fingerprint != before
    monkeypatch.undo()
    load.cache_clear()


def test_only_what_says_so_is_abstract():
    assert load("cn").profile.abstract
    assert not load("binjiang").profile.abstract


def test_a_profile_may_require_what_the_core_does_not(tmp_path):
    tighten = {"tables": {"station": {"required": ["address"]}}}
    assert "address" in load(district(tmp_path, tighten=tighten)).tables["station"].required
    assert "address" not in load("binjiang").tables["station"].required


def test_a_profile_may_not_loosen(tmp_path):
    tighten = {"fields": {"open_day_count": {"maximum": 99}}}
    with pytest.raises(ContractError, match="loosen maximum"):
        load(district(tmp_path, tighten=tighten))


def test_a_misspelt_key_is_an_error_that_names_the_file(tmp_path):
    with pytest.raises(ContractError, match=r"(?s)profile\.yml.*publihser"):
        load(district(tmp_path, publihser={"name_zh": "x", "name_en": "x"}))


def test_an_unknown_profile_names_the_known_ones():
    with pytest.raises(ContractError, match="binjiang"):
        load("atlantis")


def test_a_profile_narrows_a_code_list(tmp_path):
    registry = load(district(tmp_path, tighten={"codelists": {"profit": ["non_profit"]}}))
    assert registry.codelists["profit"].codes == ("non_profit",)


def test_a_private_field_in_an_open_table_does_not_load():
    private = Field(name="contact_phone", type="string", title_zh="电话", title_en="Phone")
    with pytest.raises(ValueError, match="private fields"):
        Table(
            name="open_x", layer="open", title_zh="x", title_en="x", grain_zh="x", grain_en="x",
            key=("contact_phone",), fields=(private,),
        )  # fmt: skip


def test_a_parameter_counts_only_while_in_force():
    registry = load("binjiang")
    [cap] = [p for p in registry.all_parameters() if p.code == "class_place_cap_infant"]
    assert registry.parameters(cap.valid_from)["class_place_cap_infant"].value == cap.value
    assert "class_place_cap_infant" not in registry.parameters(date(1990, 1, 1))


def test_a_districts_own_figure_replaces_the_general_one(tmp_path):
    own = {"code": "small_cell_minimum", "value": "10", "valid_from": date(2026, 1, 1), "source": "district"}
    registry = load(district(tmp_path, parameters=[own]))
    assert [p.value for p in registry.all_parameters() if p.code == "small_cell_minimum"] == ["10"]
    assert "small_cell_minimum" not in registry.parameters(date(2025, 12, 31))  # nothing is guessed before it


def test_a_rule_without_its_parameter_is_not_evaluated():
    registry = load("binjiang")
    rules = {r.code: r for r in row_rules(registry, registry.tables["filing_class"], date(1990, 1, 1))}
    silent = [r for r in rules.values() if r.missing_parameters]
    assert silent and all(r.predicate is None for r in silent)


def test_tightened_keeps_the_stricter_of_both():
    both = Constraints(minimum=0, maximum=36).tightened(Constraints(maximum=24))
    assert (both.minimum, both.maximum) == (0, 24)


def test_core_holds_nothing_of_one_country():
    """The Taiwan profile extends nothing, and no Chinese law reaches it."""
    registry = load("taiwan-sfaa")
    filing = registry.tables["filing"]
    assert "credit_code" not in filing.required
    assert filing.field("credit_code").constraints.pattern is None
    assert not [r for r in filing.rules if "credit" in r.code]
