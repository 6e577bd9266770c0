"""A real register whose numbers change: who is who is compared with what plain Python makes of the same files.

The register has kept its numbers so far; what would come of new ones is tried on its own lines, numbered anew."""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
from collections import Counter
from datetime import date
from itertools import pairwise

import duckdb
import pytest

from assets.build import path_of
from assets.raw.identify import compared
from assets.raw.identity import Identities, Said
from assets.raw.receive import receive
from assets.replay import build_tables
from assets.workspace import Context, Workspace
from schemas.registry import load
from tests.journeys.test_taiwan import FILES, SNAPSHOTS, centre, facts, lines

pytestmark = [
    pytest.mark.skipif(not FILES.is_dir(), reason="the real register is not here: ../shared/data/taiwan"),
    pytest.mark.timeout(300),
]


def plain(text: str) -> str:
    """A name or address without widths, case, blanks and punctuation; written without looking at the product."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def places(on: str) -> dict[tuple[str, str], str]:
    """(name, address) -> number, of the centres whose name and address no other centre of the snapshot has."""
    found: dict[tuple[str, str], list[str]] = {}
    for number, fact in facts(on).items():
        found.setdefault((plain(fact["provider_name"]), plain(fact["address"])), []).append(number)
    return {place: numbers[0] for place, numbers in found.items() if len(numbers) == 1}


def renumbered(before: dict, after: dict) -> dict[str, str]:
    """New number -> old number, of those that are in both under different ones."""
    return {after[place]: before[place] for place in before.keys() & after.keys() if before[place] != after[place]}


def said(batch: int, on: str, number: str, fact: dict[str, str]) -> Said:
    day, address = date.fromisoformat(on), fact["address"]
    return Said(batch, "tw", number, day, "snapshot", "filed", None, None, compared(fact["provider_name"]),
                compared(address), "sfaa", day, (on, "", 1, day))  # fmt: skip


def identities(*snapshots: dict[str, dict[str, str]]) -> Identities:
    known = Identities()
    told = [said(n, SNAPSHOTS[n - 1], i, fact) for n, found in enumerate(snapshots, 1) for i, fact in found.items()]
    known.read(told, {})
    return known


def ids_on(known: Identities, batch: int) -> dict[str, str]:
    """Number -> stable id in one snapshot."""
    return {key[1]: use.provider for key, use in known.assigned.items() if use.facts[key].batch == batch}


def test_the_register_kept_its_numbers_and_so_do_we():
    for before, after in pairwise(SNAPSHOTS):
        assert renumbered(places(before), places(after)) == {}
    known = identities(*map(facts, SNAPSHOTS))
    for batch, on in enumerate(SNAPSHOTS, 1):
        assert ids_on(known, batch) == {number: number for number in facts(on)}


@pytest.mark.parametrize("anew", [lambda n: f"{n:05d}", lambda n: f"R{n}"], ids=["reusing", "fresh"])
def test_every_centre_is_followed_through_new_numbers(anew):
    """The second and the third snapshot number their lines by their place; each number means others every time."""
    snapshots = [facts(on) for on in SNAPSHOTS]
    numbered = [
        {anew(n + 7 * batch): fact for n, (_, fact) in enumerate(sorted(found.items(), reverse=batch % 2 == 1))}
        for batch, found in enumerate(snapshots)
    ]
    known = identities(*numbered)
    for batch in (1, 2):
        by_place = [
            {(plain(f["provider_name"]), plain(f["address"])): number for number, f in found.items()}
            for found in numbered[batch - 1 : batch + 1]
        ]
        expected = renumbered(*by_place)
        assert len(expected) > 1500
        old, new = ids_on(known, batch), ids_on(known, batch + 1)
        wrong = {number for number, before in expected.items() if new[number] != old[before]}
        assert not wrong
    ids = ids_on(known, 3)
    assert len(set(ids.values())) == len(ids), "two centres never share an id"


def test_a_renumbered_centre_neither_leaves_nor_joins(tmp_path):
    """Through intake and the core tables: forty centres, numbered anew half a year later; one left and one came."""
    chosen = {centre(line): line for line in lines(SNAPSHOTS[0])}
    kept = [chosen[name] for name in sorted(chosen)[:41]]
    inbox, workspace = tmp_path / "inbox", Workspace(tmp_path / "workspace")
    inbox.mkdir()
    later = [_numbered(line, n) for n, line in enumerate(reversed(kept[1:]))]
    for on, found in ((SNAPSHOTS[0], kept[:40]), (SNAPSHOTS[1], later)):
        with gzip.open(inbox / f"sfaa_childcare_centers_{on}.ndjson.gz", "wt", encoding="utf-8") as out:
            out.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in found)
        receive(inbox, workspace, date.fromisoformat(on), lambda: "2024-01-01T00:00:00+00:00")
    ctx = Context(load("taiwan-sfaa"), workspace, date.fromisoformat(SNAPSHOTS[1]), threads=1)
    build_tables(ctx, ["open_provider_id_history", "open_provider"])

    def rows(table: str, select: str) -> list[tuple]:
        path = str(path_of(ctx, table))
        return duckdb.execute(f"SELECT {select} FROM read_parquet(?) ORDER BY ALL", [path]).fetchall()

    names = [centre(line) for line in kept]
    gone = rows("core_provider", "DISTINCT provider_id, removal_reason_code IS NOT NULL AND valid_to_on IS NULL")
    assert [provider for provider, left in gone if left] == [names[0]]
    on_file = {provider for (provider,) in rows("open_provider", "provider_id")}
    assert on_file == {*names[1:40], centre(later[0])}
    relations = Counter(relation for (relation,) in rows("open_provider_id_history", "identity_relation_code"))
    assert relations == {"first-seen": 41, "renumbered": 39}
    links = dict(rows("open_provider_id_history", "source_provider_id, provider_id"))
    assert {links[centre(line)] for line in later[1:]} == set(names[1:40])


def _numbered(line: dict, number: int) -> dict:
    """The line under another number, which is the name of its file and is repeated as `id`."""
    return line | {"_path": re.sub(r"[^/]+\.json$", f"N{number:04d}.json", line["_path"]), "id": f"N{number:04d}"}
