"""A wrong bump is impossible, and here it is tried: random versions, an independent judge, forced numbers.

The judge knows the recipe of the design in its own words and looks at the published files with plain Python:
`csv` and `json`, none of our comparison. What the publisher says must be what the judge says.
"""

from __future__ import annotations

import csv
import itertools
import json
import shutil
import tempfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assets.release import publisher, staging, verify
from assets.release.comparison.knowledge import TablesThen
from assets.release.comparison.version import Version
from assets.release.staging import Refused
from schemas.model import Constraints
from tests.assets.release import house

BASE = house.registry()
ROWS = list(house.PROVIDERS)
LATER = date(2026, 4, 30)
USUAL = {"open_provider_class": [], "open_fee_posted": []}


# --- what may happen between two versions: (name, change of the contracts, change of the rows)


def rows_added(rows):
    return [*rows, ("330108", "p9", "新园", None, None, None, 7, None, None, None)]


def cell(position, value):
    def change(rows):
        first = list(rows[0])
        first[position] = value
        return [tuple(first), *rows[1:]]

    return change


def fields(change):
    def apply(registry):
        listed = registry.tables["open_provider"].fields
        return house.with_table(registry, "open_provider", fields=tuple(change(list(listed))))

    return apply


def one_field(name, **update):
    return fields(lambda listed: [f.model_copy(update=update) if f.name == name else f for f in listed])


def codes(*listed):
    def apply(registry):
        return replace(registry, codelists=registry.codelists | {"class_type": house.codelist("class_type", *listed)})

    return apply


def dataset(**update):
    def apply(registry):
        changed = registry.datasets["providers"].model_copy(update=update)
        return replace(registry, datasets=registry.datasets | {"providers": changed})

    return apply


def moved(listed):
    return [*listed[:3], listed[4], listed[3], *listed[5:]]


CONTRACTS = {
    "column added": fields(lambda listed: [*listed, house.field("floor_min", "integer")]),
    "columns moved": fields(moved),
    "unit": one_field("place_count", unit="CNY"),
    "decimals": one_field("quality_score", decimals=3),
    "looser": one_field("place_count", constraints=Constraints()),
    "tighter": one_field("place_count", constraints=Constraints(minimum=Decimal(1))),
    "pattern": one_field("area_code", constraints=Constraints(pattern="[0-9]{6,9}")),
    "required": one_field("provider_name", required=False),
    "code added": codes("infant", "small", "mixed", "big"),
    "codes in another order": codes("mixed", "small", "infant"),
    "foreign key gone": lambda r: house.with_table(r, "open_provider_class", foreign_keys=()),
    "format gone": dataset(formats=("csv",)),
    "title": one_field("place_count", title_zh="托位"),
    "description": one_field("place_count", description_en="Places"),
    "keywords": dataset(keywords=("托位",)),
}
DATA = {
    "row added": rows_added,
    "row gone": lambda rows: rows[:-1],
    "rows in another order": lambda rows: rows[::-1],
    "value": cell(6, 41),
    "value gone": cell(9, None),
    "name with blanks": cell(2, "滨江 托育园 一"),
    "name": cell(2, "滨江托育园二"),
}
#: of a field, what says something to a program
MEANING = ("name", "type", "decimals", "unit", "codelist", "itemType", "delimiter", "trueValues", "falseValues")


def judged(old: Path, new: Path) -> str:
    """The independent judge: the bump between two version folders."""
    theirs, ours = (json.loads((folder / "datapackage.json").read_text("utf-8")) for folder in (old, new))
    old_files, new_files = ({r["path"]: r for r in package["resources"]} for package in (theirs, ours))
    if old_files.keys() - new_files.keys():
        return "major"
    if any(_contract(old_files[path]) != _contract(new_files[path]) for path in old_files):
        return "major"
    if new_files.keys() - old_files.keys():
        return "minor"
    kinds = _cells_and_rows(old, new, [p for p in old_files if p.startswith("open_") and p.endswith(".csv")])
    if kinds & {"row", "updated", "redacted"}:
        return "minor"
    texts = [(folder / "codelists.csv").read_bytes() for folder in (old, new)]
    same_words = _words(theirs) == _words(ours) and texts[0] == texts[1]
    return "none" if same_words and not kinds else "patch"


def _contract(resource: dict) -> list:
    schema = resource.get("schema", {})
    listed = []
    for field in schema.get("fields", []):
        categories = field.get("categories") or field.get("itemCategories") or []
        limits = {k: v for k, v in field.get("constraints", {}).items() if k != "enum"}
        if field.get("itemCategories"):
            limits.pop("pattern")  # the codes once more
        allowed = sorted(c["value"] for c in categories)
        listed.append([*(field.get(k) for k in MEANING), allowed, sorted(limits.items())])
    return [resource["format"], schema.get("primaryKey"), schema.get("foreignKeys"), listed]


def _words(package: dict) -> str:
    """Everything but what is different in every version."""
    def kept(value):
        if isinstance(value, dict):
            dropped = {"version", "created", "bytes", "hash", "rows"}
            return {k: kept(v) for k, v in sorted(value.items()) if k not in dropped}
        return [kept(v) for v in value] if isinstance(value, list) else value

    return json.dumps(kept(package) | {"resources": sorted(map(str, map(kept, package["resources"])))}, sort_keys=True)


def _cells_and_rows(old: Path, new: Path, paths: list[str]) -> set[str]:
    """`row` where rows came or went; of cells the kind `changes.csv` gives, which must have a line for each."""
    listed = list(csv.DictReader((new / "changes.csv").open(encoding="utf-8", newline="")))
    told = {(r["table_name"], r["key"], r["field_name"]): r["change"] for r in listed}
    found: set[str] = set()
    for path in paths:
        sides = [_keyed(folder / path) for folder in (old, new)]
        found |= {"row"} if sides[0].keys() != sides[1].keys() else set()
        for key in sides[0].keys() & sides[1].keys():
            for name in sides[1][key]:
                if sides[0][key].get(name) != sides[1][key][name]:
                    found.add(told[path.removesuffix(".csv"), json.dumps(dict(key), separators=(",", ":")), name])
    return found


def _keyed(path: Path) -> dict[tuple, dict]:
    package = json.loads((path.parent / "datapackage.json").read_text("utf-8"))
    (schema,) = (r["schema"] for r in package["resources"] if r["path"] == path.name)
    with path.open(encoding="utf-8", newline="") as file:
        return {tuple((k, row[k]) for k in schema["primaryKey"]): row for row in csv.DictReader(file)}


# --- the tries


@pytest.fixture
def quick(monkeypatch):
    """What frictionless and hashing prove is not asked here: hundreds of versions are made."""
    monkeypatch.setattr(verify, "_frictionless", lambda *_, **__: None)


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Path:
    """One release of the small house with its open tables: every try begins with a copy of it."""
    folder = tmp_path_factory.mktemp("first")
    open_dir = house.write_open(BASE, folder / "open", open_provider=ROWS, **USUAL)
    publisher.publish(BASE, open_dir, folder / "published", house.AS_OF, work_dir=folder / "work")
    return folder


def published_again(first: Path, folder: Path, contracts, data, corrected: bool):
    """A second release after the first; hands back its result for `providers` and both folders."""
    shutil.copytree(first, folder, dirs_exist_ok=True)
    registry, rows = BASE, ROWS
    for change in contracts:
        registry = CONTRACTS[change](registry)
    for change in data:
        rows = DATA[change](rows)
    if "column added" in contracts:
        rows = [(*row, 1) for row in rows]
    if "columns moved" in contracts:
        rows = [tuple(moved(list(row))) for row in rows]
    second = house.write_open(registry, folder / "two", open_provider=rows, **USUAL)
    then = TablesThen(second if corrected else folder / "open")
    result = publisher.publish(registry, second, folder / "published", LATER, work_dir=folder / "work", knowledge=then)
    made = next(d for d in result.datasets if d.name == "providers")
    return made, folder / "published/datasets/providers/1.0.0", folder / f"published/datasets/providers/{made.version}"


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    contracts=st.lists(st.sampled_from(sorted(CONTRACTS)), max_size=2, unique=True),
    data=st.lists(st.sampled_from(sorted(DATA)), max_size=3, unique=True),
    corrected=st.booleans(),
)
@pytest.mark.slow
def test_the_number_is_what_an_independent_judge_says(first, quick, contracts, data, corrected):
    with tempfile.TemporaryDirectory() as folder:
        # tables then have today's columns: those of the first release only where no contract changed
        corrected = corrected or bool(contracts)
        made, old, new = published_again(first, Path(folder), contracts, data, corrected)
        assert made.bump == judged(old, new), (contracts, data)
        after = {"major": "2.0.0", "minor": "1.1.0", "patch": "1.0.1", "none": "1.0.0"}
        assert made.version == after[made.bump]


KINDS = {
    "major": ("columns moved",),
    "minor": ("row added",),
    "patch": ("title",),
}
WRONG = itertools.product(KINDS, ("1.0.1", "1.1.0", "2.0.0"))
RIGHT = {"major": "2.0.0", "minor": "1.1.0", "patch": "1.0.1"}


@pytest.mark.parametrize(("kind", "number"), [pair for pair in WRONG if RIGHT[pair[0]] != pair[1]])
def test_a_forced_number_is_refused_before_anything_is_placed(first, kind, number, tmp_path, quick, monkeypatch):
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    before = house.tree(tmp_path / "published")
    real = publisher.decide
    forced = lambda *a, **k: replace(real(*a, **k), version=Version.parse(number))  # noqa: E731
    monkeypatch.setattr(publisher, "decide", forced)
    (change,) = KINDS[kind]
    registry = CONTRACTS[change](BASE) if change in CONTRACTS else BASE
    rows = DATA[change](ROWS) if change in DATA else ROWS
    rows = [tuple(moved(list(row))) for row in rows] if change == "columns moved" else rows
    open_dir = house.write_open(registry, tmp_path / "open", open_provider=rows, **USUAL)
    with pytest.raises(Refused, match=rf"version {number} was given, comparing gives {RIGHT[kind]}"):
        publisher.publish(registry, open_dir, tmp_path / "published", LATER, work_dir=tmp_path / "work")
    assert house.tree(tmp_path / "published") == before


FORGED = {
    "a line left out": lambda lines: lines[:-1],
    "a line that is not so": lambda lines: [*lines, lines[-1].replace('"p1"', '"p2"')],
    "a line told twice": lambda lines: [*lines, lines[-1]],
    "another old value": lambda lines: [line.replace(",40,", ",39,") for line in lines],
    "an update called a rewriting": lambda lines: [line.replace(",updated,", ",reformatted,") for line in lines],
    "an update called redacted, with its value": lambda lines: [line.replace("updated", "redacted") for line in lines],
    "a rewriting called an update": lambda lines: [line.replace("reformatted", "updated") for line in lines],
    "an update called added": lambda lines: [line.replace(",updated,", ",added,") for line in lines],
    "no reason": lambda lines: [line.replace("new-fact", "").replace("not-evaluated", "") for line in lines],
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_list_of_changes_is_refused(first, forgery, tmp_path, quick, monkeypatch):
    """The number follows from `changes.csv`, so that it must say exactly what differs."""
    shutil.copytree(first, tmp_path, dirs_exist_ok=True)
    real = staging.export

    def forged(stage, staged, *rest):
        real(stage, staged, *rest)
        path = stage.folder(staged.dataset.name) / staging.CHANGES
        head, *lines = path.read_text("utf-8").splitlines()
        path.write_text("\n".join([head, *FORGED[forgery](lines)]) + "\n", "utf-8")

    monkeypatch.setattr(staging, "export", forged)
    monkeypatch.setattr(verify, "_sums", lambda _: None)
    changed = DATA["value"](DATA["name with blanks"](ROWS))
    open_dir = house.write_open(BASE, tmp_path / "open", open_provider=changed, **USUAL)
    with pytest.raises(Refused, match=r"changes\.csv (does not say what differs|misjudges)"):
        publisher.publish(BASE, open_dir, tmp_path / "published", LATER, work_dir=tmp_path / "work")


