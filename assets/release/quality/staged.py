"""The report of a version that is being staged: what the publisher checks itself, with what it is told.

What belongs here: the publisher's own results and counts, and the two files. What does not: what a workspace knows
(workspace.py). The gates are told as passed because a version that fails one is never released.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from assets.release.history import PublishedVersion
from assets.release.manifest import canonical
from assets.release.pages.quality import page
from assets.release.retraction.redactions import left_of
from assets.release.staging import QUALITY, QUALITY_PAGE, Staged, Staging
from assets.release.stores import Store
from quality.checks import CheckResult, figure
from quality.disclosure.method import method
from quality.freshness import FreshnessCount, freshness_counts
from quality.report.completeness import Expectation, concerning
from quality.report.document import About, document
from quality.report.facts import Checked, Facts, Share
from schemas.compile.duckdb import literal, quote
from schemas.model import Table


def reports(staging: Staging, store: Store, staged: Staged, previous: PublishedVersion | None) -> dict[str, bytes]:
    """Both files of a staged version, by name; its package has its number already."""
    facts = _facts(staging, staged)
    about = About(
        registry=staging.registry,
        dataset=staged.dataset,
        version=staged.package["version"],
        as_of=staging.as_of,
        names={one.code: _names(staging, one) for one in concerning(facts.tables)},
        before=report_of(store, previous) if previous else None,
    )
    told = document(about, facts)
    return {QUALITY: canonical(told), QUALITY_PAGE: page(told)}


def report_of(store: Store, version: PublishedVersion) -> dict[str, Any] | None:
    """The report that a version brought; None for one from before there were reports."""
    file = version.entry.file(QUALITY)
    return json.loads(store.read(file.path, file.sha256)) if file else None


def _facts(staging: Staging, staged: Staged) -> Facts:
    known = staging.quality.facts(staged.dataset) if staging.quality else Facts(tables=staged.dataset.tables)
    own = [Checked("published", r) for name in staged.dataset.tables for r in staging.checked.get(name, ())]
    own += [_gate(staging, staged, code) for code in staging.registry.quality.gates]
    expected = known.expected
    shares = dict(known.shares) | _shares(staging, staged)
    if expected is not None and any(one.periods for one in expected):
        lines = [line for one in expected for line in one.periods]
        shares["reports_received"] = Share(sum(line[2] for line in lines), sum(line[1] for line in lines))
    blocks = {"disclosure": _disclosure(staging, staged), "freshness": _freshness(staging, staged)}
    return replace(known, checks=(*known.checks, *own), shares=shares, **blocks)


def _tables(staging: Staging, staged: Staged) -> list[Table]:
    return [staging.registry.tables[name] for name in staged.dataset.tables]


def _counts(staging: Staging, staged: Staged) -> dict[str, int]:
    """How much the gates look at."""
    tables = _tables(staging, staged)
    inside = [t for t in tables if any(key.table in staged.dataset.tables for key in t.foreign_keys)]
    return {
        "columns": sum(len(t.fields) for t in tables),
        "cells": sum(len(t.fields) * staged.rows[t.name] for t in tables),
        "rows": sum(staged.rows.values()),
        "references": sum(staged.rows[t.name] for t in inside),
        "files": len(staged.package["resources"]) + 2,  # the descriptor and the checksums
    }


def _gate(staging: Staging, staged: Staged, code: str) -> Checked:
    gate, in_force = staging.registry.quality.gates[code], staging.registry.parameters(staging.as_of)
    figures = [figure(in_force[name]) for name in gate.parameters if name in in_force]
    asked = len(figures) == len(gate.parameters)
    result = CheckResult(
        code=code,
        table=staged.dataset.name,
        state="passed" if asked else "not_evaluated",
        severity="error",
        failed_count=0,
        evaluated_count=_counts(staging, staged)[gate.count] if asked else 0,
        description_zh=gate.zh,
        description_en=gate.en,
        threshold={"parameters": figures} if figures else {"limit": "0"},
        source=gate.source,
        dq=gate.dq,
    )
    return Checked("disclosure" if gate.dq == "0106" else "release", result)


def _shares(staging: Staging, staged: Staged) -> dict[str, Share]:
    fields = [field for table in _tables(staging, staged) for field in table.fields]
    described = sum(all((f.title_zh, f.title_en, f.description_zh, f.description_en)) for f in fields)
    counts = _counts(staging, staged)
    ever, standing = staging.versions.get(staged.dataset.name, (0, 0))
    return {
        "columns_conform": Share(len(fields), len(fields)),
        "columns_cleared": Share(len(fields), len(fields)),
        "fields_described": Share(described, len(fields)),
        "files_read_back": Share(counts["files"], counts["files"]),
        "versions_standing": Share(standing + 1, ever + 1),
    }


def _freshness(staging: Staging, staged: Staged) -> dict[str, Any]:
    """How old the volatile values of the published tables are, against what their contracts allow."""
    found = []
    for table in _tables(staging, staged):
        relation = f"read_parquet({literal(str(staging.ordered(table.name)))})"
        counts = freshness_counts(staging.con, staging.registry, table, relation, staging.as_of)
        found += [_aged(table, one) for one in counts]
    return {"state": "evaluated", "fields": found}


def _aged(table: Table, one: FreshnessCount) -> dict[str, Any]:
    field = table.field(one.column)
    told = {"table": one.table, "column": one.column, "title_zh": field.title_zh, "title_en": field.title_en}
    told |= {"dated_by": one.dated_by, "until": one.until, "parameter": one.parameter, "months": one.months}
    told |= {"source": one.source, "first_day": one.first_day and one.first_day.isoformat()}
    told |= {"fresh": one.fresh_count, "stale": one.stale_count, "undated": one.undated_count}
    return told | {"not_evaluated": one.not_evaluated_count, "oldest_on": one.oldest_on and str(one.oldest_on)}


def _disclosure(staging: Staging, staged: Staged) -> dict[str, Any]:
    """How many cells of each table are withheld, by the conditions of its contract, and how they are chosen."""
    tables = [_withheld(staging, t) for t in _tables(staging, staged) if t.withheld]
    how = {"method": method(staging.registry, staging.as_of)} if tables else {}
    return {"state": "evaluated", "tables": tables} | how


def _withheld(staging: Staging, table: Table) -> dict[str, Any]:
    hidden = " + ".join(f"count(*) FILTER (WHERE {condition})" for condition in table.withheld.values())
    relation = f"read_parquet({literal(str(staging.ordered(table.name)))})"
    withheld, rows = staging.con.execute(f"SELECT {hidden}, count(*) FROM {relation}").fetchone() or (0, 0)
    cells = rows * len(table.withheld)
    share = Share(withheld, cells)
    fields = [table.field(name) for name in sorted(table.withheld)]
    columns = [{"column": field.name, "title": field.title_zh, "title_en": field.title_en} for field in fields]
    told = {"table": table.name, "columns": columns, "cells": cells, "withheld": withheld}
    return told | {"share": share.value}


def _names(staging: Staging, what: Expectation) -> dict[tuple[str, str], str]:
    """Who is named in the published table, redacted as it is published."""
    path = staging.open_dir / f"{what.names.table}.parquet" if what.names else None
    if path is None or not path.exists():
        return {}
    return dict(_named(staging, what, path))


def _named(staging: Staging, what: Expectation, path: Path) -> Iterator[tuple[tuple[str, str], str]]:
    table = staging.registry.tables[what.names.table]
    relation = f"read_parquet({literal(str(path))})"
    types = {row[0]: row[1] for row in staging.con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()}
    left = left_of(types, table.key, table.name, staging.redactions)
    rows = f"({left.replace('{relation}', relation)})" if left else relation
    columns = ", ".join(quote(c) for c in ("area_code", what.names.id_field, what.names.name_field))
    for area, member, name in staging.con.execute(f"SELECT DISTINCT {columns} FROM {rows} ORDER BY ALL").fetchall():
        if name:
            yield (area, member), name
