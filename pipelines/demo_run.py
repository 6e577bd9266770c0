"""The demo as one command: make the synthetic inbox, run the whole line, judge it by the answer key.

What belongs here: the order of the demo and what it says at the end, read back from what was published.
What does not: the inbox's content (demo/), the line itself (run.py).
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from assets.raw.receive import ledger
from assets.release.manifest import current_release
from assets.workspace import Progress, Workspace, code_fingerprint, read_json, write_json
from pipelines.demo import ANSWER_KEY, make_inbox
from pipelines.exits import Exit
from pipelines.published import published_store
from pipelines.run_outcome import exit_code
from pipelines.settings import Settings
from schemas.compile.duckdb import literal
from schemas.registry import Registry, load

AS_OF = date(2026, 3, 31)


class HomeInUse(Exception):
    """The home holds files that are not the demo's: synthetic data must not be mixed with them."""


@dataclass(frozen=True)
class DemoShape:
    """What the synthetic district is made from."""

    seed: int
    providers: int
    months: int


def run_demo(settings: Settings, shape: DemoShape, *, inbox_only: bool, progress: Progress) -> dict[str, Any]:
    """Makes the inbox unless it is there, runs everything as of the demo's date, and judges the result.

    HomeInUse if anything was put in, received or published here before, and not by a demo."""
    started = time.monotonic()
    _make(settings, shape, progress)
    result: dict[str, Any] = {"inbox": str(settings.inbox_dir), **asdict(shape), "exit_code": int(Exit.OK)}
    if inbox_only:
        return result
    from pipelines.run import run_job

    outcome = run_job(settings, "everything", AS_OF, progress=progress)
    result |= {"outcome": asdict(outcome), "exit_code": int(exit_code(outcome))}
    if outcome.success:
        result |= {"facts": facts(settings), "answer_key": judge(settings)}
        if result["answer_key"]["missed"] or result["answer_key"]["extra"]:
            result["exit_code"] = int(Exit.FINDINGS)
    return result | {"seconds": round(time.monotonic() - started, 2)}


def _make(settings: Settings, shape: DemoShape, progress: Progress) -> None:
    mark = settings.workspace_dir / "demo.json"
    wanted = asdict(shape) | {"generator": code_fingerprint(Path(__file__).parent / "demo")}
    made = read_json(mark)
    if made is None and is_used(settings):
        raise HomeInUse(f"收件箱已有文件 the inbox is in use: {settings.inbox_dir}; give the demo its own --home")
    if made and "history" in made:
        raise HomeInUse(f"这里是演示历史 a history lives here: {settings.workspace_dir}; give the demo its own --home")
    if made == wanted:
        return
    progress("生成演示收件箱 making the synthetic inbox")
    write_json(mark, {})  # an inbox half made is still the demo's
    make_inbox(settings.inbox_dir, **asdict(shape), as_of=AS_OF, progress=progress)
    write_json(mark, wanted)


def is_used(settings: Settings) -> bool:
    """Whether anything was put in, received or published in a home."""
    used = (settings.inbox_dir, settings.workspace_dir / "received")
    return any(any(path.glob("*")) for path in used) or published_store(settings).pointer() is not None


def facts(settings: Settings) -> dict[str, Any]:
    """The figures of the consultation, read from what was published."""
    registry = load(settings.profile)
    with duckdb.connect() as con:
        for name, path in published_tables(settings):
            con.execute(f"CREATE VIEW {name} AS FROM read_parquet({literal(str(path))})")
        providers, places = con.execute("SELECT count(*), sum(place_count) FROM open_provider").fetchone()
        forms = con.execute(
            "SELECT service_form_code, count(*), sum(place_count) FROM open_provider GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        listed, decided = con.execute(
            "SELECT count(*) FILTER (is_listed), count(*) FROM open_whitelist_decision"
        ).fetchone()
        reasons = con.execute(
            "SELECT reason, count(*) FROM (SELECT unnest(string_split(reason_codes, ';')) AS reason FROM "
            "open_whitelist_decision WHERE NOT is_listed) GROUP BY reason ORDER BY reason"
        ).fetchall()
    return {
        "providers": providers,
        "places": int(places),
        "forms": [
            {"code": code, "title_zh": _title(registry, "service_form", code), "providers": n, "places": int(p or 0)}
            for code, n, p in forms
        ],
        "listed": listed,
        "decided": decided,
        "not_listed": [
            {"code": code, "title_zh": _title(registry, "whitelist_reason", code), "providers": n}
            for code, n in reasons
        ],
    }


def published_tables(settings: Settings) -> Iterator[tuple[str, Path]]:
    """Name and Parquet file of every table of the current release."""
    store = published_store(settings)
    files = [file for dataset in current_release(store).manifest.datasets for file in dataset.files]
    tables = (file for file in files if file.name.endswith(".parquet"))
    yield from ((file.name.removesuffix(".parquet"), store.local(file.path, file.sha256)) for file in tables)


def _title(registry: Registry, codelist: str, code: str) -> str:
    return next(e.title_zh for e in registry.codelists[codelist].entries if e.code == code)


def judge(settings: Settings) -> dict[str, Any]:
    """The quarantine against the answer key: every wrong row found with its reason, and no others."""
    expected = set(_expected(settings.inbox_dir.parent / ANSWER_KEY))
    found = set(_held(settings))
    return {
        "expected": len(expected),
        "found": len(expected & found),
        "missed": [f"missed: {' '.join(line)}" for line in sorted(expected - found)],
        "extra": [f"not in the key: {' '.join(line)}" for line in sorted(found - expected)],
    }


def _expected(path: Path) -> Iterator[tuple[str, str, str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        for line in csv.DictReader(handle):
            yield line["file"], line["sheet"], line["row"], line["code"]


def _held(settings: Settings) -> Iterator[tuple[str, str, str, str]]:
    """(file, sheet, row, code) of every row in quarantine, and of every file that was refused whole."""
    workspace = Workspace(settings.workspace_dir)
    names = {r.sha256: r.name for r in ledger(workspace)}
    with duckdb.connect() as con:
        for path in sorted((workspace.root / "quarantine").glob("*.parquet")):
            rows = con.execute(
                "SELECT source_sha256, coalesce(source_sheet, ''), CAST(source_row AS VARCHAR), reasons "
                "FROM read_parquet(?)",
                [str(path)],
            ).fetchall()
            yield from ((names[sha], sheet, row, code) for sha, sheet, row, codes in rows for code in codes.split(";"))
        refused = con.execute(
            "SELECT source_sha256, coalesce(sheet, ''), code FROM read_parquet(?) "
            "WHERE severity = 'error' AND \"row\" IS NULL",
            [str(workspace.findings)],
        ).fetchall()
        yield from ((names.get(sha, ""), sheet, "", code) for sha, sheet, code in refused)
