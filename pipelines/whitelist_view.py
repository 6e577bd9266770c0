"""What `tuoyu whitelist` tells, as plain data: the list of a day, where what was published differs, a provider's story.

What belongs here: choosing the days, finding a provider, comparing with the release of a day, titles of codes. What
does not: the tables (assets/whitelist/asked.py), which facts are evidence (assets/whitelist/story.py), printing
(show_whitelist.py).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import date
from difflib import get_close_matches
from typing import Any
from unicodedata import normalize

from assets.release.history import released_tables
from assets.release.manifest import Release, history
from assets.release.stores import StoreDamaged
from assets.sql import connect
from assets.whitelist.asked import Asked, Row, asked
from assets.whitelist.story import Evidence, story
from assets.workspace import Context, Progress, Workspace, read_json
from pipelines.context import context_of
from pipelines.published import published_store
from pipelines.settings import Settings
from schemas.model import Code
from schemas.registry import Registry, load

DECISION, EVENT, DEADLINE = "open_whitelist_decision", "open_whitelist_event", "open_whitelist_deadline"


class NoSuchProvider(LookupError):
    """Nothing received speaks of the provider that is asked about; the message names the nearest."""


def whitelist(settings: Settings, known_on: date | None, *, published: bool, progress: Progress) -> dict[str, Any]:
    """The list as of a day, of what was known on another; with ``published`` also how the release of that day differs.

    LookupError if nothing had been received, or published, by then."""
    release = _release_on(settings, default_day(settings)) if published else None
    with _asked(settings, known_on, progress) as tables:
        result = _known(tables, known_on)
        result["listed"] = tables.open_rows("open_whitelist")
        result["decisions"] = [_titled(tables.ctx.registry, row) for row in tables.open_rows(DECISION)]
        if release:
            result["published"] = _published_then(settings, tables, release, result["decisions"])
    return result


def explain(settings: Settings, who: str, known_on: date | None, *, progress: Progress) -> dict[str, Any]:
    """One provider's story; only ``matches`` if what is asked fits several. NoSuchProvider if it fits none."""
    with _asked(settings, known_on, progress) as tables:
        matches = find(tables, who)
        if len(matches) > 1:
            return {"matches": matches}
        key = [matches[0]["area_code"], matches[0]["provider_id"]]
        registry, where = tables.ctx.registry, "area_code = ? AND provider_id = ?"
        return _known(tables, known_on) | {
            "matches": matches,
            "inside_use": True,  # it names received files
            "source_ids": [
                row | {"relation": _title(registry, "identity_relation", row["identity_relation_code"])}
                for row in tables.rows(_SOURCE_IDS, key)
            ],
            "decision": _titled(registry, *tables.open_rows(DECISION, where, key)),
            "states": [_state(registry, state) for state in story(tables, *key)],
            "time_limits": [_titled(registry, row) for row in tables.open_rows(DEADLINE, where, key)],
            "published": _published_now(settings, tables.ctx, key),
        }


#: under which numbers sources know or knew the provider
_SOURCE_IDS = """
    SELECT source_provider_id, valid_from_on, valid_to_on, identity_relation_code
    FROM core_provider_id
    WHERE area_code = ? AND provider_id = ?
    ORDER BY valid_from_on, source_provider_id
"""


def default_day(settings: Settings) -> date:
    """The as-of date that was asked for, else that of the last run, else today."""
    last = read_json(Workspace(settings.workspace_dir).root / "last_run.json")
    if settings.as_of is None and last:
        return date.fromisoformat(last["as_of"])
    return settings.today(load(settings.profile).profile.timezone)


def find(tables: Asked, who: str) -> list[Row]:
    """Providers of that identifier (their own, else one a source used), credit code or name, now or once; else those
    whose name contains it."""
    text = who.strip()
    name, identifier = text.translate(_BRACKETS), normalize("NFKC", text).replace(" ", "").upper()
    ways = [
        ("provider_id = $1", identifier),
        (
            "(area_code, provider_id) IN (SELECT (area_code, provider_id) FROM core_provider_id "
            "WHERE source_provider_id = $1)",
            identifier,
        ),
        ("credit_code = $1", identifier),
        ("{name} = $1 OR contains(';' || {aliases} || ';', ';' || $1 || ';')", name),
        ("contains({name}, $1) OR contains({aliases}, $1)", name),
    ]
    for condition, value in ways if text else ():
        if found := tables.rows(_FIND.format(condition.format(**_NAMES)), [value]):
            return found
    raise NoSuchProvider(_nobody(tables, text))


#: brackets are written either way
_BRACKETS = str.maketrans("（）", "()")
_NAMES = {"name": "translate(provider_name, '（）', '()')", "aliases": "translate(alias_names, '（）', '()')"}
_FIND = """
    SELECT area_code, provider_id, provider_name, credit_code, filing_status_code
    FROM core_provider
    WHERE valid_to_on IS NULL
        AND (area_code, provider_id) IN (SELECT (area_code, provider_id) FROM core_provider WHERE {})
    ORDER BY area_code, provider_id
"""


def _nobody(tables: Asked, text: str) -> str:
    known = tables.rows("SELECT DISTINCT provider_id, provider_name, credit_code FROM core_provider")
    words = sorted({word for row in known for word in row.values() if word})
    near = get_close_matches(text, words, n=3)
    said = f"没有这家机构 no such provider: {text}"
    return said + (f"; 相近的 near: {', '.join(near)}" if near else "")


def _asked(settings: Settings, known_on: date | None, progress: Progress) -> AbstractContextManager[Asked]:
    return asked(context_of(settings, default_day(settings), progress), known_on)


def _known(tables: Asked, known_on: date | None) -> dict[str, Any]:
    """Which question was answered, and from how much."""
    return {
        "as_of": tables.ctx.as_of.isoformat(),
        "known_on": known_on.isoformat() if known_on else None,
        "last_received_on": max(receipt.received_on for receipt in tables.known),
        "receipts": len(tables.known),
        "receipts_in_all": tables.received,
    }


def _published_then(settings: Settings, tables: Asked, release: Release, decisions: list[Row]) -> dict[str, Any]:
    """What the release that was current on the day said, and every provider on whom it says something else."""
    rows = _released(settings, tables.ctx, release, DECISION)
    then, now = ({(row["area_code"], row["provider_id"]): row for row in rows} for rows in (rows, decisions))
    received = {(row["area_code"], row["provider_id"]): row["received_on"] for row in tables.rows(_LAST_RECEIVED)}
    differs = [
        _difference(release, then.get(key), now.get(key), received.get(key))
        for key in sorted(then.keys() | now.keys())
        if _said(then.get(key)) != _said(now.get(key))
    ]
    listed = [row for row in rows if row["is_listed"]]
    return {"release": release.release_id, "as_of": release.manifest.as_of, "listed": listed, "differs": differs}


def _said(decision: Row | None) -> tuple[Any, ...] | None:
    return decision and (decision["is_listed"], decision["reason_codes"])


#: the day something was last received of each provider
_LAST_RECEIVED = """
    SELECT area_code, provider_id, MAX(received_on) AS received_on
    FROM (
        SELECT area_code, provider_id, received_on FROM core_filing
        UNION ALL SELECT area_code, provider_id, received_on FROM core_filing_document
        UNION ALL SELECT area_code, provider_id, received_on FROM core_inspection
    )
    GROUP BY area_code, provider_id
"""


def _difference(release: Release, then: Row | None, now: Row | None, received_on: date | None) -> dict[str, Any]:
    """``because``: changed_later (what holds began after that release), known_later (it began before, but something
    was received since), other (nothing was: a correction of the data, or other rules)."""
    because, published_on = "other", date.fromisoformat(release.manifest.as_of)
    if now and now["since_on"] > published_on:
        because = "changed_later"
    elif received_on and received_on > published_on:
        because = "known_later"
    one = now or then or {}
    return {
        "area_code": one["area_code"],
        "provider_id": one["provider_id"],
        "provider_name": one["provider_name"],
        "published": then and {name: then[name] for name in ("is_listed", "reason_codes")},
        "known": now and {name: now[name] for name in ("is_listed", "reason_codes", "since_on")},
        "last_received_on": received_on,
        "because": because,
    }


def _release_on(settings: Settings, day: date) -> Release:
    """The last release that speaks of the day or one before it."""
    oldest = None
    for release in history(published_store(settings)):
        if release.manifest.as_of <= day.isoformat():
            return release
        oldest = release
    since = f"最早的发布截至 the first release is as of {oldest.manifest.as_of}" if oldest else "nothing is published"
    raise LookupError(f"到 {day} 还没有发布 nothing had been published by {day}; {since}")


def _released(settings: Settings, ctx: Context, release: Release, table: str) -> list[Row]:
    """The rows of a table in a release. LookupError if that version has been withdrawn since."""
    store = published_store(settings)
    try:
        path = released_tables(store, release)(table)
    except StoreDamaged:
        raise LookupError(f"{table} 的这一版已撤回或缺失 that version is withdrawn or missing; tuoyu verify") from None
    if path is None:
        return []
    con = connect(ctx)
    found = con.execute("SELECT * FROM read_parquet(?)", [str(path)])
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    con.close()
    return rows


def _published_now(settings: Settings, ctx: Context, key: list[str]) -> dict[str, Any] | None:
    """What the current release says of the provider: its decision, and every event ever told."""
    release = next(history(published_store(settings)), None)
    if release is None:
        return None
    mine = {
        table: [r for r in _released(settings, ctx, release, table) if [r["area_code"], r["provider_id"]] == key]
        for table in (DECISION, EVENT)
    }
    return {
        "release": release.release_id,
        "as_of": release.manifest.as_of,
        "decision": next((_titled(ctx.registry, row) for row in mine[DECISION]), None),
        "events": [_titled(ctx.registry, row) for row in sorted(mine[EVENT], key=lambda row: row["event_no"])],
    }


def _state(registry: Registry, state: Row) -> dict[str, Any]:
    """A state with titles, its reasons with law and evidence, and what turned it."""
    rests_on = {code: [_evidence(registry, e) for e in found] for code, found in state["rests_on"].items()}
    turned_by = [_evidence(registry, e) for e in state["turned_by"]]
    return _titled(registry, state) | {"rests_on": rests_on, "turned_by": turned_by}


def _evidence(registry: Registry, evidence: Evidence) -> dict[str, Any]:
    told = asdict(evidence) | {"title": _title(registry, *evidence.title)}
    return told | {"result": _title(registry, *evidence.result) if evidence.result else None}


def _titled(registry: Registry, row: Row) -> Row:
    """The row with each of its codes once more in words, and of reasons what they rest on."""
    words = {}
    for name, (said, codelist) in _CODED.items():
        if name in row:
            codes = filter(None, (row[name] or "").split(";"))
            words[said] = [_title(registry, codelist, code) for code in codes]
    return row | words


#: columns of codes -> what their titles are called, and their list
_CODED = {
    "reason_codes": ("reasons", "whitelist_reason"),
    "not_evaluated_codes": ("not_evaluated", "whitelist_reason"),
    "deadline_code": ("deadline", "deadline"),
    "deadline_state_code": ("deadline_state", "deadline_state"),
}


def _title(registry: Registry, codelist: str, code: str) -> dict[str, str]:
    """A code with its words in both languages, its definition and what it rests on."""
    if codelist == "parameter":
        source = next(p.source for p in registry.all_parameters() if p.code == code)
        return {"code": code, "zh": f"参数 {code}", "en": f"parameter {code}", "definition": "", "source": source}
    unknown = Code(code=code, title_zh=code, title_en=code)  # of a list that a profile has narrowed since
    entry = next((e for e in registry.codelists[codelist].entries if e.code == code), unknown)
    return {"code": code, "zh": entry.title_zh, "en": entry.title_en, "definition": entry.definition,
            "source": entry.source}  # fmt: skip
