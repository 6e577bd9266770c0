"""Descriptors: valid by the official Data Package v2 profiles, and saying what the contract says."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from schemas.compile.data_package import (
    changes_resource,
    codelists_resource,
    codelists_rows,
    data_package,
    file_resource,
    notes_resource,
    table_resource,
)
from schemas.compile.table_schema import table_schema
from schemas.registry import load, profiles
from tests.assets.release import house

PROFILES = Path(__file__).parents[3] / "shared/standards/frictionless/profiles-2.0"


@pytest.fixture
def registry():
    return house.registry()


@pytest.fixture
def package(registry):
    dataset = registry.datasets["providers"]
    tables = [registry.tables[name] for name in dataset.tables]
    resources = [table_resource(registry, dataset, table, f"{table.name}.csv") for table in tables]
    resources += [file_resource(t, f"{t.name}.parquet", format="Parquet", mediatype="x/y") for t in tables]
    resources += [changes_resource(registry, "changes.csv"), codelists_resource("codelists.csv")]
    resources += [notes_resource("CHANGES.md")]
    return data_package(registry, dataset, version="1.2.3", as_of=house.AS_OF, resources=resources)


def profile(name: str) -> dict:
    if not PROFILES.exists():
        pytest.skip("the official Data Package v2 profiles are not part of the project")
    return json.loads((PROFILES / f"{name}.json").read_text("utf-8"))


def test_package_is_valid_by_the_official_profile(package):
    jsonschema.validate(package, profile("datapackage"))


@pytest.mark.parametrize("number", range(7))
def test_resources_and_schemas_are_valid_by_the_official_profiles(package, number):
    resource = package["resources"][number]
    jsonschema.validate(resource, profile("dataresource"))
    if "schema" in resource:
        jsonschema.validate(resource["schema"], profile("tableschema"))
        jsonschema.validate(resource["dialect"], profile("tabledialect"))


def test_package_says_who_when_and_that_it_is_invented(package):
    assert package["version"] == "1.2.3" and package["created"] == "2026-03-31T00:00:00Z"
    assert package["licenses"] == [{"name": "CC0-1.0", "title": "CC0 1.0"}]
    assert package["contributors"][0]["title"] == "测试区卫生健康局"
    assert package["synthetic"] is True and "合成数据" in package["notice"]


def test_a_real_district_carries_no_notice(registry):
    real = registry.profile.model_copy(update={"synthetic": False})
    object.__setattr__(registry, "profile", real)
    made = data_package(registry, registry.datasets["fees"], version="1.0.0", as_of=house.AS_OF, resources=[])
    assert "synthetic" not in made and "notice" not in made


def test_fields_carry_the_whole_contract(registry):
    schema = table_schema(registry, registry.tables["open_provider"])
    fields = {f["name"]: f for f in schema["fields"]}
    assert schema["primaryKey"] == ["area_code", "provider_id"] and schema["missingValues"] == [""]
    assert fields["provider_id"]["constraints"] == {"required": True, "minLength": 2, "maxLength": 20}
    assert fields["place_count"]["constraints"] == {"minimum": 0} and fields["place_count"]["unit"] == "place"
    assert fields["service_form_code"]["constraints"]["enum"] == ["all_day", "half_day"]
    assert fields["service_form_code"]["categories"][0] == {
        "value": "all_day",
        "label": "all_day码",
        "label_en": "all_day",
    }
    assert (fields["class_types"]["type"], fields["class_types"]["delimiter"]) == ("string", ";")
    pattern = fields["class_types"]["constraints"]["pattern"]
    assert re.fullmatch(pattern, "infant;mixed") and not re.fullmatch(pattern, "infant;senior")
    assert fields["opened_month"]["type"] == "yearmonth" and fields["quality_score"]["decimals"] == 2


def test_a_key_of_one_column_is_unique(registry):
    table = registry.tables["open_provider"].model_copy(update={"key": ("provider_id",)})
    fields = {f["name"]: f for f in table_schema(registry, table)["fields"]}
    assert fields["provider_id"]["constraints"]["unique"] is True


def test_foreign_keys_only_where_both_tables_are_in_the_package(package, registry):
    schemas = {r["name"]: r.get("schema", {}) for r in package["resources"]}
    assert schemas["open_provider_class"]["foreignKeys"] == [
        {
            "fields": ["area_code", "provider_id"],
            "reference": {"resource": "open_provider", "fields": ["area_code", "provider_id"]},
        }
    ]
    fees = table_resource(registry, registry.datasets["fees"], registry.tables["open_fee_posted"], "x.csv")
    assert "foreignKeys" not in fees["schema"]


def test_codelists_of_the_tables_only(registry):
    header, *rows = codelists_rows(registry, registry.datasets["providers"])
    assert header == [f["name"] for f in codelists_resource("x")["schema"]["fields"]]
    lists = ["change", "change_reason"]
    assert [row[:2] for row in rows if row[0] not in lists] == [
        ["class_type", "infant"],
        ["class_type", "small"],
        ["class_type", "mixed"],
        ["service_form", "all_day"],
        ["service_form", "half_day"],
    ]
    assert sorted({row[0] for row in rows}) == [*lists, "class_type", "service_form"]
    header, *rows = codelists_rows(registry, registry.datasets["fees"])
    assert sorted({row[0] for row in rows}) == lists


@pytest.mark.parametrize("slug", [slug for slug in profiles() if not load(slug).profile.abstract])
def test_every_dataset_of_every_profile_is_valid_by_the_official_profile(slug):
    given = load(slug)
    for dataset in given.datasets.values():
        tables = [given.tables[name] for name in dataset.tables]
        resources = [table_resource(given, dataset, table, f"{table.name}.csv") for table in tables]
        package = data_package(given, dataset, version="1.0.0", as_of=house.AS_OF, resources=resources)
        jsonschema.validate(package, profile("datapackage"))
