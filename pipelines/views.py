"""What the doors tell, as plain data: one function a command. Printing it is show.py.

Nothing here imports Dagster or Great Expectations, so that `tuoyu check` and `tuoyu status` are quick."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from assets.raw.receive import inbox_files, ledger, name_text, pending
from assets.workspace import Workspace, file_sha256, read_json
from pipelines.settings import Settings, SettingsError
from quality.findings import explain
from quality.rule_list import rule_list
from schemas.registry import Registry, load


def check(settings: Settings, file: Path, as_of: date) -> dict[str, Any]:
    """The gate's verdict on one file: counts a sheet, and every finding with its words.

    ``result`` is accepted, accepted_with_warnings or rejected (at least one row or sheet is held)."""
    from quality.sandbox import Sandbox

    with Sandbox(settings.limits, settings.threads, settings.memory) as gate:
        registry = load(settings.profile)
        found = gate.check_file(
            registry,
            file,
            name=_name(settings, file),
            sha256=file_sha256(file),
            received_on=as_of.isoformat(),
            as_of=as_of,
        )
    findings = [explain(registry, f) for f in found.findings]
    severities = {f["severity"] for f in findings}
    held = "error" in severities or any(a.quarantined for a in found.account)
    result = "rejected" if held else "accepted_with_warnings" if "warning" in severities else "accepted"
    return {
        "file": file.name,
        "result": result,
        "account": [vars(a) | _titles(registry, a.table) for a in found.account],
        "findings": findings,
        "as_of": as_of.isoformat(),
        "rules": registry.fingerprint[:12],
    }


def _name(settings: Settings, file: Path) -> str:
    """The name the pipeline would know the file by: in the inbox, its path there, which tells the source."""
    whole, inbox = file.absolute(), settings.inbox_dir
    return whole.relative_to(inbox).as_posix() if whole.is_relative_to(inbox) else file.name


def _titles(registry: Registry, table: str) -> dict[str, str]:
    known = registry.tables.get(table)
    return {"title_zh": known.title_zh if known else "", "title_en": known.title_en if known else ""}


def status(settings: Settings) -> dict[str, Any]:
    """What is published, what waits, and how the last run ended. SettingsError if there is no such home."""
    if not _home(settings).exists():
        raise SettingsError(f"没有这个文件夹 no such folder: {settings.home}")
    workspace = Workspace(settings.workspace_dir)
    intake = read_json(workspace.state("intake"))
    waiting = pending(settings.inbox_dir, workspace, settings.limits.file_bytes) if settings.inbox_dir.exists() else []
    return {
        "home": str(settings.home),
        "profile": settings.profile,
        "published": published(settings),
        "received_files": len(ledger(workspace)),
        "waiting_files": [name_text(p, settings.inbox_dir) for p in waiting],
        "intake": intake["result"] if intake else None,
        "standing": (read_json(workspace.quality) or {}).get("findings"),
        "quarantine": reasons(workspace),
        "last_run": read_json(workspace.root / "last_run.json"),
    }


def anything_received(settings: Settings) -> bool:
    """Whether there is anything to publish from: a file in the inbox, or one received before."""
    _home(settings)
    return bool(ledger(Workspace(settings.workspace_dir)) or inbox_files(settings.inbox_dir))


def _home(settings: Settings) -> Path:
    if settings.home.exists() and not settings.home.is_dir():
        raise SettingsError(f"不是文件夹 not a folder: {settings.home}")
    return settings.home


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


def rules(settings: Settings, as_of: date) -> dict[str, Any]:
    """What the data of this district are held to on a day: every rule, and the rule book over them."""
    return {"profile": settings.profile} | rule_list(load(settings.profile), as_of)


def diff(settings: Settings, dataset: str, old: str, new: str, *, limit: int | None = None) -> dict[str, Any]:
    """What differs between two published versions, with at most ``limit`` of the changes.

    LookupError says in words what there is, if one of them was never published."""
    from assets.release import history

    if not (settings.published_dir / "current.json").exists():
        raise LookupError(f"nothing is published in {settings.published_dir}")
    found = history.diff(settings.published_dir, dataset, old, new, limit=limit)
    return {
        "dataset": dataset,
        "old": old,
        "new": new,
        "bump": found.bump,
        "reasons": list(found.reasons),
        "tables": {name: vars(counts) for name, counts in found.changes.items()},
        "changes": found.changed_rows(),
    }


def as_json(value: Any) -> str:
    """A document for machines: sorted keys, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, default=str)
