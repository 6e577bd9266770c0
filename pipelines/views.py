"""What the doors tell, as plain data: one function a command. Printing it is show.py.

Nothing here imports Dagster or Great Expectations, so that `tuoyu check` and `tuoyu status` are quick."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from assets.raw.receive import ledger, pending
from assets.workspace import Workspace, file_sha256, read_json
from pipelines.settings import Settings
from quality.cross_rules import cross_rules
from schemas.compile.rules import row_rules
from schemas.model import Table
from schemas.registry import Registry, load


def check(settings: Settings, file: Path, as_of: date) -> dict[str, Any]:
    """The gate's verdict on one file: counts a sheet, and every finding with its words.

    ``result`` is accepted, accepted_with_warnings or rejected (at least one row or sheet is held)."""
    from quality.findings import explain
    from quality.gate import check_file

    registry = load(settings.profile)
    found = check_file(
        registry,
        file,
        name=file.name,
        sha256=file_sha256(file),
        received_on=as_of.isoformat(),
        as_of=as_of,
        out_dir=None,
    )
    findings = [explain(registry, f) for f in found.findings]
    severities = {f["severity"] for f in findings}
    held = "error" in severities or any(a.quarantined for a in found.account)
    result = "rejected" if held else "accepted_with_warnings" if "warning" in severities else "accepted"
    return {
        "file": file.name,
        "result": result,
        "account": [vars(a) if not hasattr(a, "_asdict") else a._asdict() for a in found.account],
        "findings": findings,
        "as_of": as_of.isoformat(),
        "rules": registry.fingerprint[:12],
    }


def status(settings: Settings) -> dict[str, Any]:
    """What is published, what waits, and how the last run ended."""
    workspace = Workspace(settings.workspace_dir)
    intake = read_json(workspace.state("intake"))
    waiting = pending(settings.inbox_dir, workspace) if settings.inbox_dir.exists() else []
    return {
        "home": str(settings.home),
        "profile": settings.profile,
        "published": published(settings),
        "received_files": len(ledger(workspace)),
        "waiting_files": [p.relative_to(settings.inbox_dir).as_posix() for p in waiting],
        "intake": intake["result"] if intake else None,
        "quarantine": reasons(workspace),
        "last_run": read_json(workspace.root / "last_run.json"),
    }


def published(settings: Settings) -> dict[str, Any] | None:
    """The current release and its manifest, or None before the first."""
    pointer = read_json(settings.published_dir / "current.json")
    if not pointer:
        return None
    return pointer | {"manifest": read_json(settings.published_dir / "releases" / pointer["release"] / "manifest.json")}


def reasons(workspace: Workspace) -> list[dict[str, Any]]:
    """Rows in quarantine by table and reason."""
    import duckdb

    counts = []
    with duckdb.connect() as con:
        for path in sorted((workspace.root / "quarantine").glob("*.parquet")):
            rows = con.execute(
                "SELECT reason, count(*) FROM (SELECT unnest(string_split(reasons, ';')) AS reason "
                "FROM read_parquet(?)) GROUP BY reason ORDER BY reason",
                [str(path)],
            ).fetchall()
            counts += [{"table": path.stem, "reason": reason, "rows": n} for reason, n in rows]
    return counts


def tables(settings: Settings) -> list[dict[str, Any]]:
    """Every table of the profile, in short."""
    registry = load(settings.profile)
    return [
        {"table": t.name, "layer": t.layer, "title_zh": t.title_zh, "title_en": t.title_en, "key": list(t.key)}
        for layer in ("intake", "core", "open")
        for t in registry.layer(layer)
    ]


def table(settings: Settings, name: str) -> dict[str, Any] | None:
    """One table: its columns for people, its Table Schema for machines; None if there is none."""
    from schemas.compile.table_schema import table_schema

    registry = load(settings.profile)
    if name not in registry.tables:
        return None
    found = registry.tables[name]
    columns = [
        {
            "column": f.name,
            "title_zh": f.title_zh,
            "type": f.type,
            "unit": f.unit or "",
            "codelist": f.codelist or "",
            "required": f.required,
            "public": f.access == "public",
            "aliases": list(f.aliases),
        }
        for f in found.fields
    ]
    return {"table": found, "columns": columns, "schema": table_schema(registry, found)}


def rules(settings: Settings, as_of: date) -> list[dict[str, Any]]:
    """Every rule of the intake tables, and whether this district's parameters let it be evaluated."""
    registry = load(settings.profile)
    own = [row for t in registry.layer("intake") for row in _table_rules(registry, t, as_of)]
    return own + [
        {
            "code": r.code,
            "severity": r.severity,
            "table": r.table,
            "column": r.column,
            "evaluated": True,
            "missing_parameters": [],
            "says_zh": r.text.says_zh,
            "source": r.text.source,
            "dq": r.text.dq,
        }
        for r in cross_rules()
    ]


def _table_rules(registry: Registry, found: Table, as_of: date) -> list[dict[str, Any]]:
    return [
        {
            "code": rule.code,
            "severity": rule.severity,
            "table": found.name,
            "column": rule.column,
            "evaluated": rule.predicate is not None,
            "missing_parameters": list(rule.missing_parameters),
            "says_zh": registry.finding(rule.code).says_zh,
            "source": registry.finding(rule.code).source,
            "dq": registry.finding(rule.code).dq,
        }
        for rule in row_rules(registry, found, as_of)
    ]


def diff(settings: Settings, dataset: str, old: str, new: str) -> dict[str, Any] | None:
    """The changes between two published versions; None if one of them is not there."""
    from assets.release import history

    try:
        found = history.diff(settings.published_dir, dataset, old, new)
    except history.NoSuchVersion:
        return None
    why = {"bump": found.bump, "reasons": found.reasons}
    return {"dataset": dataset, "old": old, "new": new} | why | {"changes": found.changed_rows()}


def as_json(value: Any) -> str:
    """A document for machines: sorted keys, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, default=str)
