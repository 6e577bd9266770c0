"""The judgement of a history: what was published against what the generator knows.

What belongs here: comparing events and decisions of the whitelist with the key and the stories, provider by provider.
What does not: making the history (demo_history.py), and the wrong rows (demo_run.py, as in the plain demo).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from pipelines.demo import WHITELIST_KEY, final_reasons
from pipelines.demo_run import AS_OF, published_tables
from pipelines.published import published_store
from pipelines.settings import Settings

Story = list[list[str]]  # the lines of one provider's events, as text, by their number

_EVENTS = """
    SELECT provider_id, event_no, effective_on, from_listed, to_listed, reason_codes, recorded_on, published_on,
        overturned_on
    FROM event ORDER BY provider_id, event_no
"""
_DECISIONS = "SELECT provider_id, is_listed, reason_codes FROM decision ORDER BY provider_id"


def judge_whitelist(settings: Settings, seed: int) -> dict[str, Any]:
    """Every provider ever filed: its events are those of the key, and it stands where its story ends, or it differs.

    ``expected`` and ``exact`` count providers, ``events`` and ``overturned`` lines of the key; ``differs`` has both
    sides of each provider whose story is another, the decision as a last line."""
    truth = final_reasons(seed, AS_OF)
    expected = stories(key_lines(settings.inbox_dir.parent / WHITELIST_KEY))
    found, decisions = _published(settings)
    events = sum(len(story) for story in expected.values())
    overturned = sum(line[-1] != "" for story in expected.values() for line in story)
    for provider, reasons in truth.items():
        expected.setdefault(provider, []).append(_decision(not reasons, ";".join(reasons)))
    for provider, is_listed, reasons in decisions:
        found.setdefault(provider, []).append(_decision(is_listed, reasons or ""))
    differs = [
        {"provider_id": provider, "expected": expected.get(provider, []), "found": found.get(provider, [])}
        for provider in sorted(expected.keys() | found.keys())
        if expected.get(provider) != found.get(provider)
    ]
    exact = sum(expected[provider] == found.get(provider) for provider in expected)
    return {"expected": len(expected), "exact": exact, "events": events, "overturned": overturned, "differs": differs}


def judge_lists(settings: Settings, releases: list[dict[str, Any]]) -> dict[str, Any]:
    """Whether each release lists whom the key lists as it was known then; ``differs``: the days of those that do not.

    ``releases`` as make_history gives them: day and versions."""
    events = stories(key_lines(settings.inbox_dir.parent / WHITELIST_KEY))
    differs = []
    store = published_store(settings)
    for release in releases:
        path = store.local(f"datasets/whitelist/{release['datasets']['whitelist']}/open_whitelist.parquet")
        with duckdb.connect() as con:
            rows = con.execute("SELECT provider_id FROM read_parquet(?)", [str(path)])
            if {row[0] for row in rows.fetchall()} != _listed(events, release["as_of"]):
                differs.append(release["as_of"])
    return {"expected": len(releases), "exact": len(releases) - len(differs), "differs": differs}


def _listed(events: dict[str, Story], day: str) -> set[str]:
    """Whom the events published by a day and not overturned by then leave on the list."""
    listed = set()
    for provider, story in events.items():
        known = [(on, to) for _, on, _, to, _, _, published, over in story if published <= day < (over or "9999")]
        if known and max(known)[1] == "true":
            listed.add(provider)
    return listed


def _decision(is_listed: bool, reasons: str) -> list[str]:
    return ["decision", str(is_listed).lower(), reasons]


def stories(lines: Iterable[list[str]]) -> dict[str, Story]:
    """Lines that begin with a provider, by provider."""
    told: defaultdict[str, Story] = defaultdict(list)
    for provider, *line in lines:
        told[provider].append(line)
    return dict(told)


def key_lines(path: Path) -> list[list[str]]:
    """The generator's events as text, without the headers."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.reader(handle))[1:]


def _published(settings: Settings) -> tuple[dict[str, Story], list[tuple[str, bool, str | None]]]:
    """Events and decisions of the current release."""
    paths = dict(published_tables(settings))
    with duckdb.connect() as con:
        con.read_parquet(str(paths["open_whitelist_event"])).create_view("event")
        con.read_parquet(str(paths["open_whitelist_decision"])).create_view("decision")
        events = [[_text(value) for value in row] for row in con.execute(_EVENTS).fetchall()]
        return stories(events), con.execute(_DECISIONS).fetchall()


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)
