"""What the doors tell, as plain data: one function a command. Printing it is show.py.

Nothing here imports Dagster or Great Expectations, so that `tuoyu check` and `tuoyu status` are quick."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assets.raw.answers import WORKBOOK, answer_paths
from assets.raw.receive import inbox_files, ledger, name_text, pending
from assets.release.manifest import release_of
from assets.workspace import Progress, Workspace, file_sha256, read_json, written_whole
from pipelines import quality_view
from pipelines.published import published_store
from pipelines.settings import Settings, SettingsError
from quality.rule_list import rule_list
from schemas.registry import load

if TYPE_CHECKING:
    from assets.release.comparison.difference import Difference


@dataclass(frozen=True)
class ToCheck:
    """A file to be checked, the name the gate knows it by, and where its marked-up answer goes, if anywhere."""

    path: Path
    name: str
    answer: Path | None = None


def to_check(settings: Settings, given: list[Path], report: Path | None = None) -> list[ToCheck]:
    """The files that are meant: those given, and those of the folders given, which are read like an inbox.

    ``report``: for one file the workbook of its answer, else a folder of workbooks. ValueError says what is wrong
    with it."""
    found = [(path, _name(settings, path, folder)) for folder in given for path in _files(folder)]
    if report is None:
        return [ToCheck(path, name) for path, name in found]
    if len(given) == 1 and not given[0].is_dir():
        return [ToCheck(*found[0], _workbook(report, found[0][0]))]
    if report.exists() and not report.is_dir():
        raise ValueError(f"不是文件夹 not a folder: {report}")
    paths = answer_paths([name.split("/") for _, name in found])
    return [ToCheck(*file, report / (path + WORKBOOK)) for file, path in zip(found, paths, strict=True)]


def _sha256(path: Path, settings: Settings) -> str:
    """The hash of a file the gate will open; '' for one that is too large."""
    return file_sha256(path) if path.stat().st_size <= settings.limits.file_bytes else ""


def _files(given: Path) -> list[Path]:
    return inbox_files(given) if given.is_dir() else [given]


def _workbook(report: Path, file: Path) -> Path:
    if report.is_dir() or report.suffix.lower() != ".xlsx":
        raise ValueError(f"不是 .xlsx 文件 not an .xlsx file: {report}")
    if report.exists() and report.samefile(file):
        raise ValueError(f"不能覆盖报送的文件 would overwrite the file itself: {report}")
    return report


def check(
    settings: Settings, files: list[ToCheck], as_of: date, progress: Progress = lambda _: None
) -> dict[str, Any]:
    """The gate's verdict on each file (quality.answers.verdict), and the marked-up workbooks that were asked for."""
    from quality.answers.verdict import answer, verdict
    from quality.sandbox import Sandbox

    verdicts = []
    with Sandbox(settings.limits, settings.threads, settings.memory) as gate:
        registry = load(settings.profile)
        for number, file in enumerate(files, 1):
            progress(f"检查 {number}/{len(files)} {file.name}")
            result = gate.check_file(
                registry,
                file.path,
                name=file.name,
                sha256=_sha256(file.path, settings),
                received_on=as_of.isoformat(),
                as_of=as_of,
            )
            if file.answer:
                with written_whole(file.answer) as stage:
                    gate.write_answer(registry, file.path, stage, result, as_of)
            verdicts.append(verdict(registry, result, as_of))
    return answer(registry, verdicts, as_of, [str(file.answer) for file in files if file.answer])


def _name(settings: Settings, file: Path, given: Path) -> str:
    """The name the pipeline would know the file by, which tells the source: its path in the inbox, or in a folder
    that is read like one."""
    whole, inbox = file.absolute(), settings.inbox_dir
    if whole.is_relative_to(inbox):
        return whole.relative_to(inbox).as_posix()
    return file.relative_to(given).as_posix() if given.is_dir() else file.name


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
        "quality": {name: one["summary"] for name, one in quality_view.reports(settings).items()},
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
    store = published_store(settings)
    data = store.pointer()
    release = release_of(store, data)
    return json.loads(data) | {"manifest": asdict(release.manifest)} if data and release else None


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
        for layer in ("intake", "core", "measure", "open")
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


def diff(settings: Settings, dataset: str, old: str, new: str, *, limit: int | None = None) -> Difference:
    """What differs between two published versions, with at most ``limit`` of the changes.

    LookupError says in words what there is, if one of them was never published or is withdrawn."""
    from assets.release.comparison import difference

    store = published_store(settings)
    if store.pointer() is None:
        raise LookupError(f"nothing is published in {settings.published_at}")
    return difference.diff(store, dataset, old, new, limit=limit)


def as_json(value: Any) -> str:
    """A document for machines: sorted keys, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1, default=str)
