"""Differences between any two versions: composed of what each version between said, in either direction."""

from __future__ import annotations

import csv
from datetime import date
from types import SimpleNamespace

import pytest

from assets.release import history
from assets.release.comparison.difference import diff
from assets.release.comparison.knowledge import TablesThen
from assets.release.history import NoSuchVersion
from assets.release.manifest import FileEntry, Withdrawal
from assets.release.publisher import publish
from tests.assets.release import house

P1, P2, _ = house.PROVIDERS
MONTHS = [date(2026, month, 28) for month in (3, 4, 5, 6)]
USUAL = {"open_provider_class": [], "open_fee_posted": []}


def place(row: tuple, **at) -> tuple:
    changed = list(row)
    for position, value in at.items():
        changed[int(position[1:])] = value
    return tuple(changed)


#: p1: 40, 41 (corrected), 42 (updated); its name is first rewritten, then another; p2 leaves and comes back
STATES = [
    [P1, P2],
    [place(P1, _6=41, _2="滨江 托育园一")],
    [place(P1, _6=42, _2="滨江 托育园一"), place(P2, _6=30)],
    [place(P1, _6=42, _2="滨江托育园二"), place(P2, _6=30)],
]


@pytest.fixture(scope="module")
def four(tmp_path_factory):
    """Four versions of `providers`: 1.0.0, 1.1.0, 1.2.0, 1.3.0; the second says that its values had been wrong."""
    root = tmp_path_factory.mktemp("four")
    given = house.registry()
    for number, (rows, as_of) in enumerate(zip(STATES, MONTHS, strict=True)):
        now = house.write_open(given, root / f"open{number}", open_provider=rows, **USUAL)
        then = TablesThen(now if number == 1 else root / f"open{number - 1}")
        publish(given, now, root / "published", as_of, work_dir=root / "work", knowledge=then)
    return root / "published"


def told(found) -> dict[tuple[str, str], tuple]:
    """(provider, field) -> (change, old, new, times)."""
    return {
        (row["label"].rsplit("(", 1)[-1].rstrip(")"), row["field_name"] or ""): (
            row["change"],
            row["old_value"],
            row["new_value"],
            row["times"],
        )
        for row in found.changed_rows()
    }


def test_a_value_that_changed_twice_has_its_last_kind_and_says_how_often(four):
    found = told(diff(four, "providers", "1.0.0", "1.2.0"))
    assert found["p1", "place_count"] == ("updated", "40", "42", 2)
    assert told(diff(four, "providers", "1.0.0", "1.1.0"))["p1", "place_count"] == ("corrected", "40", "41", 1)


def test_a_rewriting_does_not_hide_what_really_changed(four):
    assert told(diff(four, "providers", "1.0.0", "1.2.0"))["p1", "provider_name"][0] == "reformatted"
    assert told(diff(four, "providers", "1.0.0", "1.3.0"))["p1", "provider_name"] == (
        "updated",
        "滨江托育园一",
        "滨江托育园二",
        2,
    )


def test_backwards_is_the_same_the_other_way_round(four):
    there, back = (diff(four, "providers", *pair) for pair in (("1.0.0", "1.3.0"), ("1.3.0", "1.0.0")))
    swapped = {key: (kind, old, new, n) for key, (kind, new, old, n) in told(back).items()}
    assert swapped == told(there) and there.bump == back.bump == "minor"
    assert told(diff(four, "providers", "1.1.0", "1.0.0"))["p2", ""][0] == "added"


def test_a_row_that_left_and_came_back_is_compared_by_its_values(four):
    assert told(diff(four, "providers", "1.0.0", "1.3.0"))["p2", "place_count"] == ("updated", "25", "30", 1)


def test_a_version_beside_itself_is_the_same(four):
    found = diff(four, "providers", "1.2.0", "1.2.0")
    assert (found.bump, found.rows, found.reasons) == ("none", [], ())


def test_what_was_redacted_shows_no_value_in_either_direction(tmp_path, registry):
    condition = {"place_count": "service_form_code = 'half_day'"}
    given = house.with_table(registry, "open_provider", withheld=condition)
    for number, row in enumerate((P1, place(P1, _3="half_day", _6=None))):
        now = house.write_open(given, tmp_path / f"open{number}", open_provider=[row], **USUAL)
        publish(given, now, tmp_path / "published", MONTHS[number], work_dir=tmp_path / "work")
    for pair in (("1.0.0", "1.1.0"), ("1.1.0", "1.0.0")):
        found = diff(tmp_path / "published", "providers", *pair)
        assert told(found)["p1", "place_count"] == ("redacted", None, None, 1)
        assert "40" not in str(found.rows)


def test_a_withdrawn_version_says_why_its_data_is_gone(four, monkeypatch):
    real = history.current_release
    tombstone = FileEntry("datasets/providers/1.1.0/tombstone.json", "0" * 64, 1)
    why = ("公布了不该公布的内容", "told too much")
    gone = Withdrawal("providers", "1.1.0", "2026-07-01", *why, tombstone, "1.1.0+r1")

    def withdrawn(store):
        release = real(store)
        manifest = SimpleNamespace(**vars(release.manifest) | {"withdrawn": (gone,), "is_withdrawn": lambda *_: False})
        return SimpleNamespace(**vars(release) | {"manifest": manifest})

    monkeypatch.setattr(history, "current_release", withdrawn)
    with pytest.raises(NoSuchVersion, match=r"told too much.*1\.1\.0\+r1"):
        diff(four, "providers", "1.0.0", "1.1.0")
    over = told(diff(four, "providers", "1.0.0", "1.2.0"))  # over it: what it said of reasons is gone too
    assert over["p1", "place_count"] == ("updated", "40", "42", 1)


def test_the_notes_say_what_was_corrected_and_who_left(four):
    notes = (four / "datasets/providers/1.1.0/CHANGES.md").read_text("utf-8")
    zh, en = notes.split("\n---\n")
    assert "**次版本**" in zh and "**MINOR**" in en
    assert "- 滨江 托育园一 (p1) · place\\_count 中文: 40 → 41 (来源更正)" in zh
    assert "- 滨江 托育园一 (p1) · place\\_count: 40 → 41 (Source corrected)" in en
    assert "**删除: 1**\n\n- 引号\"与,逗号 (p2) (来源更正)" in zh
    assert "未评估" not in zh
    assert "首个版本" in (four / "datasets/providers/1.0.0/CHANGES.md").read_text("utf-8")


def test_the_notes_are_one_of_the_described_files(four):
    folder = four / "datasets/providers/1.1.0"
    assert "  CHANGES.md\n" in (folder / "SHA256SUMS").read_text()
    with (folder / "changes.csv").open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 3
