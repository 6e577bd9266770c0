"""Version numbers by comparison: each kind of change, alone, gets exactly the bump it must."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from assets.release.comparison.changes import TableChanges
from assets.release.comparison.version import Version, breaking_changes, decide
from assets.release.staging import Staging, describe
from schemas.model import Constraints
from tests.assets.release import house

BASE = house.registry()
GROWN = (TableChanges(added=1),)


def package(registry, dataset="providers", version="1.4.2", as_of=house.AS_OF):
    stage = Staging(None, registry, None, None, as_of)
    return describe(stage, registry.datasets[dataset], version)


def with_code(*codes):
    return replace(BASE, codelists=BASE.codelists | {"class_type": house.codelist("class_type", *codes)})


def reordered():
    fields = BASE.tables["open_provider"].fields
    return house.with_table(BASE, "open_provider", fields=(*fields[:2], fields[3], fields[2], *fields[4:]))


def added_column():
    fields = (*BASE.tables["open_provider"].fields, house.field("floor_min", "integer"))
    return house.with_table(BASE, "open_provider", fields=fields)


def with_dataset(**update):
    return replace(BASE, datasets={"providers": BASE.datasets["providers"].model_copy(update=update)})


def column(named, **update):
    return house.with_field(BASE, "open_provider", named, **update)


MAJOR = {
    "column added": (added_column(), "open_provider: column floor_min added"),
    "column renamed": (column("place_count", name="seat_count"), "open_provider: column place_count removed"),
    "columns moved": (reordered(), "open_provider: columns in another order"),
    "type": (column("place_count", type="number"), "open_provider: column place_count changed: type"),
    "unit": (column("place_count", unit="CNY"), "open_provider: column place_count changed: unit"),
    "decimals": (
        column("quality_score", decimals=3),
        "open_provider: column quality_score changed: decimals",
    ),
    "required": (column("filed_on", required=True), "open_provider: column filed_on changed: required"),
    "constraint looser": (
        column("place_count", constraints=Constraints()),
        "open_provider: column place_count changed: minimum",
    ),
    "constraint tighter": (
        column("place_count", constraints=Constraints(minimum=Decimal(1))),
        "open_provider: column place_count changed: minimum",
    ),
    "code added": (
        with_code("infant", "small", "mixed", "big"),
        "open_provider: column class_types changed: code big added",
    ),
    "code removed": (
        with_code("infant", "mixed"),
        "open_provider: column class_types changed: code small removed",
    ),
    "key": (
        house.with_table(BASE, "open_provider", key=("provider_id",)),
        "open_provider: primaryKey changed",
    ),
    "foreign key": (
        house.with_table(BASE, "open_provider_class", foreign_keys=()),
        "open_provider_class: foreignKeys changed",
    ),
    "table removed": (with_dataset(tables=("open_provider",)), "open_provider_class: removed"),
    "format removed": (with_dataset(formats=("csv",)), "open_provider_parquet: removed"),
}


@pytest.mark.parametrize("kind", MAJOR)
def test_structure_is_major(kind):
    registry, reason = MAJOR[kind]
    decision = decide(package(BASE), package(registry), changes=GROWN)
    assert (str(decision.version), decision.bump) == ("2.0.0", "major")
    assert reason in decision.reasons


MINOR = {
    "table": with_dataset(tables=("open_provider", "open_provider_class", "open_fee_posted")),
    "rows": None,
}


@pytest.mark.parametrize("kind", MINOR)
def test_growth_is_minor(kind):
    decision = decide(package(BASE), package(MINOR[kind] or BASE), changes=GROWN if kind == "rows" else ())
    assert (str(decision.version), decision.bump) == ("1.5.0", "minor")


def test_a_new_format_is_minor():
    decision = decide(package(with_dataset(formats=("csv",))), package(BASE))
    assert decision.bump == "minor"


def relabelled():
    entries = BASE.codelists["class_type"].entries
    mixed = entries[2].model_copy(update={"title_zh": "混合班"})
    changed = BASE.codelists["class_type"].model_copy(update={"entries": (*entries[:2], mixed)})
    return replace(BASE, codelists=BASE.codelists | {"class_type": changed})


WORDING = {
    "title of a column": column("place_count", title_zh="托位数"),
    "description of a column": column("place_count", description_en="Places"),
    "title of a dataset": with_dataset(title_zh="名录"),
    "keywords": with_dataset(keywords=("托位",)),
    "label of a code": relabelled(),
}


@pytest.mark.parametrize("kind", WORDING)
def test_wording_is_patch(kind):
    decision = decide(package(BASE), package(WORDING[kind]))
    assert (str(decision.version), decision.reasons) == ("1.4.3", ("wording",))
    assert decide(package(BASE), package(WORDING[kind]), changes=GROWN).bump == "minor"


def test_nothing_is_nothing_even_on_another_day():
    decision = decide(package(BASE), package(BASE, as_of=date(2027, 1, 1)))
    assert not decision.is_new and str(decision.version) == "1.4.2"


def test_definitions_outside_the_descriptor_are_wording():
    assert decide(package(BASE), package(BASE), texts_differ=True).bump == "patch"


def test_the_first_version():
    assert str(decide(None, package(BASE), changes=GROWN).version) == "1.0.0"


def test_breaking_changes_are_symmetric():
    """What breaks one way breaks the other way, so that a diff backwards does not look harmless."""
    for registry, _ in MAJOR.values():
        if "removed" not in str(breaking_changes(package(BASE), package(registry))):
            assert breaking_changes(package(registry), package(BASE))


@pytest.mark.parametrize("changes", [TableChanges(corrected=3, changed=2), TableChanges(reformatted=1, changed=1)])
def test_values_only_put_right_or_written_otherwise_are_patch(changes):
    decision = decide(package(BASE), package(BASE), changes=[changes])
    assert (str(decision.version), decision.reasons) == ("1.4.3", ("values corrected",))


@pytest.mark.parametrize("kind", ["added", "removed", "hidden", "updated", "redacted"])
def test_one_change_of_another_kind_makes_it_minor(kind):
    mixed = TableChanges(corrected=3, changed=2, **{kind: 1})
    assert decide(package(BASE), package(BASE), changes=[TableChanges(), mixed]).bump == "minor"


def test_a_number_is_never_given_twice():
    """A version that was withdrawn had its number; redacted bytes keep theirs behind a plus."""
    old, highest = package(BASE), Version(1, 7, 3)
    for bump, registry, expected in (("minor", BASE, "1.8.0"), ("major", reordered(), "2.0.0")):
        decision = decide(old, package(registry), changes=GROWN, highest=highest)
        assert (decision.bump, str(decision.version)) == (bump, expected)
    assert str(decide(None, package(BASE), highest=highest).version) == "2.0.0"
    assert str(decide(old, package(BASE), highest=highest).version) == "1.4.2"  # nothing new: what there is
    redacted = package(BASE, version="1.4.2+r1")
    assert str(decide(redacted, package(BASE), changes=GROWN, highest=Version(1, 4, 2, 1)).version) == "1.5.0"


def test_versions_are_read_as_they_are_written():
    assert [str(Version.parse(t)) for t in ("0.0.1", "1.2.3", "1.2.3+r2")] == ["0.0.1", "1.2.3", "1.2.3+r2"]
    assert Version(1, 2, 3) < Version(1, 2, 3, 1) < Version(1, 2, 4) < Version(1, 10, 0)


@pytest.mark.parametrize("text", ["1.0", "1.0.0.0", "1.x.0", "", "1.0.01", "1.0.0+r0", "1.0.0-rc", "1.0.٣"])
def test_only_three_numbers_are_a_version(text):
    with pytest.raises(ValueError):
        Version.parse(text)
