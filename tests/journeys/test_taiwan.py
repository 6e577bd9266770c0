"""A real register, three times: Taiwan's childcare centres on three dates, received one after the other.

What is published is compared with what plain Python reads from the same files, without any of our SQL.
The files are real and not part of the project: without them the journey is skipped.
"""

from __future__ import annotations

import csv
import gzip
import json
import shutil
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

FILES = Path(__file__).parents[2] / ".." / "shared" / "data" / "taiwan"
SNAPSHOTS = ("2024-06-02", "2024-12-01", "2025-07-20")
CENTRES = (1632, 1779, 1848)
COMPARED = {"provider_name": "機構名稱", "address": "所在地", "place_count": "核定收托"}

pytestmark = [
    pytest.mark.skipif(not FILES.is_dir(), reason="the real register is not here: ../shared/data/taiwan"),
    pytest.mark.timeout(300),
]


def snapshot(on: str) -> Path:
    return FILES / f"sfaa_childcare_centers_{on}.ndjson.gz"


def lines(on: str) -> list[dict]:
    """The lines of a snapshot, as Python reads them."""
    with gzip.open(snapshot(on), "rt", encoding="utf-8") as handle:
        return [json.loads(line) for line in handle]


def folder(line: dict) -> str:
    return line["_path"].split("/")[-2]


def centre(line: dict) -> str:
    return line["_path"].split("/")[-1].removesuffix(".json")


def chosen(on: str) -> dict[str, int]:
    """Which line (from 1) stands for each centre: not the copy under the whole city if a district has one."""
    found: dict[str, list[tuple[int, dict]]] = {}
    for number, line in enumerate(lines(on), 1):
        found.setdefault(centre(line), []).append((number, line))
    kept = {}
    for name, several in found.items():
        in_district = [entry for entry in several if len(folder(entry[1])) > 3]
        kept[name] = min(in_district or several, key=lambda entry: entry[1]["_path"])[0]
    return kept


def facts(on: str) -> dict[str, dict[str, str]]:
    """Centre -> name, address and places as the register has them.

    Spaces at the ends (there are full-width ones) are no part of a name; no places is an empty cell."""
    listed = lines(on)
    return {
        name: {ours: str(listed[number - 1][theirs] or "").strip() for ours, theirs in COMPARED.items()}
        for name, number in chosen(on).items()
    }


@dataclass(frozen=True)
class Release:
    """What stood in the home after one snapshot: version folders by dataset, and the findings."""

    on: str
    versions: dict[str, Path]
    findings: list[dict]

    def rows(self, dataset: str, file: str) -> list[dict[str, str]]:
        with (self.versions[dataset] / file).open(encoding="utf-8", newline="") as handle:
            return list(csv.DictReader(handle))

    def found(self, table: str) -> list[dict]:
        """The findings about this snapshot's lines in a table."""
        content = sha256(snapshot(self.on).read_bytes()).hexdigest()
        return [f for f in self.findings if f["source_sha256"] == content and f["table"] == table]


@pytest.fixture(scope="module")
def releases(tmp_path_factory) -> list[Release]:
    """The three releases, each made of one more snapshot as of its own date."""
    home = tmp_path_factory.mktemp("taiwan")
    return [_release(home, on) for on in SNAPSHOTS]


def _release(home: Path, on: str) -> Release:
    import duckdb

    from assets.workspace import Workspace
    from pipelines.run import run_job
    from pipelines.settings import Settings

    # half a year later the fees are other statements: a person has to say why so much changes
    settings = Settings(home=home, profile="taiwan-sfaa", confirm="相隔半年的快照 snapshots half a year apart")
    settings.inbox_dir.mkdir(parents=True, exist_ok=True)
    shutil.copy(snapshot(on), settings.inbox_dir)
    outcome = run_job(settings, "everything", date.fromisoformat(on))
    assert outcome.success, outcome.failures
    pointer = json.loads((settings.published_dir / "current.json").read_text("utf-8"))
    manifest = settings.published_dir / "releases" / pointer["release"] / "manifest.json"
    datasets = json.loads(manifest.read_text("utf-8"))["datasets"]
    findings = str(Workspace(settings.workspace_dir).findings)
    table = duckdb.connect().execute("FROM read_parquet(?)", [findings])
    names = [column[0] for column in table.description]
    return Release(
        on=on,
        versions={d["name"]: settings.published_dir / "datasets" / d["name"] / d["version"] for d in datasets},
        findings=[dict(zip(names, row, strict=True)) for row in table.fetchall()],
    )


def test_each_snapshot_makes_a_version_of_providers_and_of_fees(releases):
    for dataset in ("providers", "fees"):
        assert len({release.versions[dataset] for release in releases}) == 3
    assert [len(r.rows("providers", "open_provider.csv")) for r in releases] == list(CENTRES)


def test_the_published_centres_are_those_of_the_register(releases):
    for release in releases:
        published = {
            row["provider_id"]: {name: row[name] for name in COMPARED}
            for row in release.rows("providers", "open_provider.csv")
        }
        assert published == facts(release.on)


def test_changes_agree_with_a_set_difference_of_the_files(releases):
    for before, after in pairwise(releases):
        old, new = facts(before.on), facts(after.on)
        changes = [row for row in after.rows("providers", "changes.csv") if row["table_name"] == "open_provider"]
        said = {kind: _changed(changes, kind) for kind in ("added", "removed")}
        assert said == {"added": new.keys() - old.keys(), "removed": old.keys() - new.keys()}
        whole = [row for row in changes if row["change"] in said]
        assert {row["reason"] for row in whole} == {"new-fact"}
        changed = {
            (json.loads(row["key"])["provider_id"], row["field_name"], row["old_value"], row["new_value"]): row
            for row in changes
            if row["field_name"] in COMPARED
        }
        assert changed.keys() == {
            (name, field, old[name][field], new[name][field])
            for name in old.keys() & new.keys()
            for field in COMPARED
            if old[name][field] != new[name][field]
        }
        for (_, _, was, now), row in changed.items():
            kind = "reformatted" if letters(was) == letters(now) else "updated"
            assert row["change"] == kind, (was, now)
            assert row["reason"] == ("format-only" if kind == "reformatted" else "new-fact")
            assert row["source_sha256"] == sha256(snapshot(after.on).read_bytes()).hexdigest()
        addresses = [row["change"] for (_, field, _, _), row in changed.items() if field == "address"]
        assert Counter(addresses) == REWRITTEN[after.on]


def letters(text: str) -> str:
    """What is left of a text without signs, blanks and the word of a range: if that is the same, so is the text."""
    text = unicodedata.normalize("NFKC", text).replace("至", "").replace("ˋ", "")
    return "".join(c for c in text if c.isalnum())


#: how many changed addresses say the same as before, read by a person
REWRITTEN = {
    "2024-12-01": {"updated": 27, "reformatted": 1},
    "2025-07-20": {"updated": 7, "reformatted": 1},
}
#: the fees whose item the register names itself; what "other" is, is read from prose
ITEMS = {"托育費": "care", "餐點費": "meals", "教材費": "materials"}
MODES = {"日間托育": "full_day", "半日托育": "half_day", "臨時托育": "temporary"}
FEE_KEY = ("provider_id", "service_mode_code", "fee_item_code", "fee_line_no")


def fees(on: str) -> dict[tuple[str, ...], int]:
    """(centre, mode, item, number of its line) -> amount, as the register has it."""
    listed, found = lines(on), {}
    for name, number in chosen(on).items():
        for mode, items in dict(listed[number - 1]["收費情形"] or {}).items():
            counted: Counter[str] = Counter()
            for item in items:
                if item["費用名稱"] in ITEMS:
                    code = ITEMS[item["費用名稱"]]
                    counted[code] += 1
                    found[name, MODES.get(mode, mode), code, str(counted[code])] = int(item["費用金額"])
    return found


def test_changed_fees_agree_with_a_comparison_of_the_files(releases):
    for before, after in pairwise(releases):
        shown = [{_fee(row): row for row in r.rows("fees", "open_fee_posted.csv")} for r in (before, after)]
        told = [r for r in after.rows("fees", "changes.csv") if r["table_name"] == "open_fee_posted"]
        kinds = ("added", "removed")
        rows = {kind: {_fee(json.loads(r["key"])) for r in told if r["change"] == kind} for kind in kinds}
        assert rows == {"added": shown[1].keys() - shown[0].keys(), "removed": shown[0].keys() - shown[1].keys()}
        amounts = {
            _fee(json.loads(r["key"])): (float(r["old_value"]), float(r["new_value"]), r["change"])
            for r in told
            if r["field_name"] == "fee_amount"
        }
        old, new = fees(before.on), fees(after.on)
        both = shown[0].keys() & shown[1].keys()
        named = {key: said for key, said in amounts.items() if key[2] in ITEMS.values()}
        assert named == {
            key: (old[key], new[key], "updated") for key in both & old.keys() & new.keys() if old[key] != new[key]
        }
        assert named


def _fee(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[part] for part in FEE_KEY)


def _changed(changes: list[dict[str, str]], kind: str) -> set[str]:
    return {json.loads(row["key"])["provider_id"] for row in changes if row["change"] == kind}


def test_every_line_that_is_not_published_has_a_finding(releases):
    for release in releases:
        every = set(range(1, len(lines(release.on)) + 1))
        kept = set(chosen(release.on).values())
        held = {f["row"] for f in release.found("filing") if f["code"] == "source-listed-twice"}
        assert held == every - kept


def test_every_fee_is_published_or_has_a_finding(releases):
    for release in releases:
        listed = lines(release.on)
        published = Counter(row["provider_id"] for row in release.rows("fees", "open_fee_posted.csv"))
        waiting = Counter(f["row"] for f in release.found("fee_quote"))
        kept = chosen(release.on)
        for number, line in enumerate(listed, 1):
            fees = sum(len(items) for items in dict(line["收費情形"] or {}).values())
            shown = published[centre(line)] if kept[centre(line)] == number else 0
            assert fees == shown + waiting[number], (release.on, line["_path"])


def test_published_fees_are_amounts_of_the_register_with_a_unit_and_the_months_sum(releases):
    release = releases[-1]
    amounts = {
        (centre(line), item["費用金額"])
        for line in lines(release.on)
        for items in dict(line["收費情形"] or {}).values()
        for item in items
    }
    rows = release.rows("fees", "open_fee_posted.csv")
    assert {(r["provider_id"], str(int(float(r["fee_amount"])))) for r in rows} <= amounts
    assert {r["currency_code"] for r in rows} == {"TWD"}
    monthly = [r for r in rows if r["fee_unit_code"] == "per_month"]
    assert all(float(r["monthly_amount"]) == float(r["fee_amount"]) for r in monthly)


def test_no_name_of_a_person_in_charge_leaves(releases):
    for folder_ in releases[-1].versions.values():
        for path in folder_.glob("*.csv"):
            assert "○○" not in path.read_text("utf-8")


def test_what_the_profile_has_no_rule_for_is_not_evaluated_and_nobody_is_called_wanting(releases):
    decisions = releases[-1].rows("whitelist", "open_whitelist_decision.csv")
    assert len(decisions) == CENTRES[-1]
    assert {d["reason_codes"] for d in decisions} == {""}
    assert {d["not_evaluated_codes"] for d in decisions} == {"documents-not-evaluated;food-licence-not-evaluated"}
