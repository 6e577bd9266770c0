"""The answers of a run: for each sender the files that need correcting, marked up and ready to be sent back.

A file is answered when something is wrong with it or worth a warning, also what only the comparison of several
files shows. What does not belong here: finding it (quality/, intake.py), how an answer looks (quality/answers/).
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from assets.raw.receive import Receipt, Refused, ledger, received_file, refused, sender
from assets.sql import connect, spill_folder, values_unsaid, view
from assets.workspace import (
    Context,
    code_fingerprint,
    file_sha256,
    fingerprint,
    locked,
    read_json,
    write_json,
    written_whole,
)
from quality.answers.verdict import WAYS, verdict
from quality.findings import Finding, Normalisation, Place, finding_text
from quality.gate import MOST_TOLD, AccountRow, GateResult
from quality.sandbox import GateFault, Sandbox

ROOT = Path(__file__).parents[2]
WORKBOOK, SUMMARY = ".校验结果.xlsx", ".校验结果.json"
#: longest name of a folder or file, in bytes, with room for an ending and for a mark that tells two apart
_LONGEST = 160
_UNSAFE = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f]')


@dataclass(frozen=True)
class Answers:
    """The answers that lie in the workspace, and what a run did about them.

    ``files``: sender, file, result, counts, the way the workbook was made (verdict.WAYS), and its path below the
    workspace, by sender and file. ``ways``: how many were made each way.
    ``failed``: files whose answer could not be made, which is a fault of ours and stops nobody."""

    files: list[dict[str, Any]]
    written: int
    removed: int
    failed: list[str]
    ways: dict[str, int]


def build_answers(ctx: Context) -> Answers:
    """Brings the answers up to date with the findings. Writes nothing if nothing changed."""
    with locked(ctx.workspace), values_unsaid("answers"):
        state = read_json(ctx.workspace.state("answers")) or {"made": {}}
        wanted = _fingerprint(ctx)
        if state.get("fingerprint") == wanted and all(_stands(ctx, path, state["made"]) for path in state["made"]):
            return Answers(state["files"], 0, 0, [], state["ways"])
        return _build(ctx, state["made"], wanted)


def _fingerprint(ctx: Context, *parts: Any) -> str:
    """All that an answer depends on besides ``parts``; without any, all that the answers of a run depend on."""
    intake = read_json(ctx.workspace.state("intake"))
    of_all = [intake["fingerprint"], file_sha256(ctx.workspace.findings), file_sha256(ctx.workspace.account)]
    code = [code_fingerprint(ROOT / "quality"), file_sha256(Path(__file__))]
    return fingerprint(ctx.registry.fingerprint, ctx.as_of, vars(ctx.limits), code, *(parts or of_all))


def _stands(ctx: Context, path: str, made: dict[str, Any]) -> bool:
    """Whether both files of an answer lie there as they were written."""
    files = (ctx.workspace.answers / (path + ending) for ending in (WORKBOOK, SUMMARY))
    return path in made and made[path]["content"] == [f.exists() and file_sha256(f) for f in files]


@dataclass(frozen=True)
class _Answer:
    """One file to be answered: where to (``path`` has no ending), and what was found in all.

    ``original`` is None for a file that was not taken in."""

    path: str
    original: Path | None
    result: GateResult


def _build(ctx: Context, before: dict[str, Any], wanted: str) -> Answers:
    ctx.progress("准备给报送单位的答复")
    made: dict[str, Any] = {}
    files, failed, written = [], [], 0
    with ExitStack() as stack:
        gate = None
        for one in _wanted(ctx):
            mine = _fingerprint(ctx, repr(one.result))
            summary = _summary(ctx, one)
            if _stands(ctx, one.path, before) and before[one.path]["fingerprint"] == mine:
                way = before[one.path]["way"]
            else:
                gate = gate or stack.enter_context(Sandbox(ctx.limits, ctx.threads, ctx.memory, spill_folder(ctx)))
                try:
                    way = _write(ctx, gate, one, summary)
                except GateFault:
                    failed.append(one.result.name)
                    continue
                written += 1
            both = [ctx.workspace.answers / (one.path + ending) for ending in (WORKBOOK, SUMMARY)]
            made[one.path] = {"fingerprint": mine, "content": [file_sha256(file) for file in both], "way": way}
            told = {name: summary[name] for name in ("sender", "file", "result", "counts")}
            files.append(told | {"way": way, "path": f"{ctx.workspace.answers.name}/{one.path}{WORKBOOK}"})
    removed = _remove_stale(ctx, made)
    ways = {way: sum(file["way"] == way for file in files) for way in WAYS}
    state = {"fingerprint": None if failed else wanted, "made": made, "files": files, "failed": failed, "ways": ways}
    write_json(ctx.workspace.state("answers"), state)
    return Answers(files, written, removed, failed, ways)


def _wanted(ctx: Context) -> Iterator[_Answer]:
    """The files to be answered, by name: of several with one name the one that came last."""
    con = connect(ctx)
    try:
        view(con, "findings", ctx.workspace.findings)
        view(con, "account", ctx.workspace.account)
        counts: dict[str, dict[tuple[str, str], int]] = {}
        for sha256, code, severity, number in con.execute(_COUNTS).fetchall():
            counts.setdefault(sha256, {})[code, severity] = number
        latest: dict[str, Receipt | Refused] = {
            r.name: r for r in sorted(ledger(ctx.workspace), key=lambda r: (r.batch, r.seq))
        }
        latest |= {r.name: r for r in refused(ctx.workspace)}
        answered = [
            r for _, r in sorted(latest.items())
            if isinstance(r, Refused) or {"error", "warning"} & {severity for _, severity in counts.get(r.sha256, ())}
        ]  # fmt: skip
        for path, one in zip(answer_paths([_parts(r.name) for r in answered]), answered, strict=True):
            if isinstance(one, Refused):
                yield _Answer(path, None, _not_taken_in(ctx, one))
            else:
                original = received_file(ctx.workspace, one.sha256)
                yield _Answer(path, original, _result(ctx, con, one, counts[one.sha256]))
    finally:
        con.close()


def _not_taken_in(ctx: Context, one: Refused) -> GateResult:
    finding = Finding(one.code, finding_text(ctx.registry, one.code).severity, file=one.name)
    return GateResult(one.name, "", None, (), (finding,), counts={(finding.code, finding.severity): 1})


_RANK = "array_position(['error', 'warning', 'info'], severity)"
_COUNTS = "SELECT source_sha256, code, severity, count(*) FROM findings GROUP BY ALL ORDER BY ALL"
_ORDER = '"table" NULLS FIRST, sheet NULLS FIRST, "row" NULLS FIRST, "column" NULLS FIRST, code, value NULLS FIRST'
#: what an answer can tell: of too many findings the worst, in the order of the file
_FINDINGS = (
    'SELECT code, severity, "table", file, sheet, "row", "column", value, source_sha256 FROM findings '
    f"WHERE source_sha256 = ? QUALIFY row_number() OVER (ORDER BY {_RANK}, {_ORDER}) <= {MOST_TOLD} ORDER BY {_ORDER}"
)
_ACCOUNT = (
    'SELECT file, sheet, "table", CAST(received AS BIGINT), CAST(accepted AS BIGINT), CAST(quarantined AS BIGINT) '
    'FROM account WHERE source_sha256 = ? ORDER BY sheet, "table"'
)
_NORMALISED = (
    'SELECT "table", sheet, "row", "column", raw, normal FROM read_parquet(?) '
    f'ORDER BY sheet NULLS FIRST, "table", "row", "column" LIMIT {MOST_TOLD}'
)


def _result(
    ctx: Context, con: duckdb.DuckDBPyConnection, receipt: Receipt, counts: dict[tuple[str, str], int]
) -> GateResult:
    """What the gate found in a file by itself and what the comparison with the others added."""
    gated = ctx.workspace.gated(receipt.sha256)
    mark = read_json(gated / "gated.json") or {}
    cells = str(gated / "normalised.parquet")
    return GateResult(
        receipt.name,
        receipt.sha256,
        mark.get("encoding"),
        tuple(AccountRow(*row) for row in con.execute(_ACCOUNT, [receipt.sha256]).fetchall()),
        tuple(Finding(*row) for row in con.execute(_FINDINGS, [receipt.sha256]).fetchall()),
        normalised=tuple(Normalisation(*row) for row in con.execute(_NORMALISED, [cells]).fetchall()),
        normalised_count=con.execute("SELECT count(*) FROM read_parquet(?)", [cells]).fetchone()[0],
        counts=counts,
        places=tuple(Place(**place) for place in mark.get("places", [])),
    )


def _summary(ctx: Context, one: _Answer) -> dict[str, Any]:
    """The answer in short, for machines: no value of a cell."""
    told = verdict(ctx.registry, one.result, ctx.as_of)
    about = Counter((f["severity"], f["code"], f["table"], f["sheet"], f["column"]) for f in told["findings"])
    problems = [
        dict(zip(("severity", "code", "table", "sheet", "column", "findings"), (*key, number), strict=True))
        for key, number in sorted(about.items(), key=lambda item: [str(part) for part in item[0]])
    ]
    kept = {name: told[name] for name in told if name not in ("findings", "normalised")}
    return kept | {"sender": sender(one.result.name), "problems": problems}


def _write(ctx: Context, gate: Sandbox, one: _Answer, summary: dict[str, Any]) -> str:
    """Writes both files of an answer; returns the way the workbook was made."""
    with written_whole(ctx.workspace.answers / (one.path + WORKBOOK)) as stage:
        way = gate.write_answer(ctx.registry, one.original, stage, one.result, ctx.as_of)
    write_json(ctx.workspace.answers / (one.path + SUMMARY), summary)
    return way


def _remove_stale(ctx: Context, made: dict[str, Any]) -> int:
    """Removes what answers nothing any more, and folders that are left empty; returns how many answers."""
    kept = {ctx.workspace.answers / (path + ending) for path in made for ending in (WORKBOOK, SUMMARY)}
    stale = [p for p in ctx.workspace.answers.rglob("*") if p.name.endswith((WORKBOOK, SUMMARY)) and p not in kept]
    for path in (p for p in stale if p.is_file()):
        path.unlink()
    for folder in sorted(ctx.workspace.answers.rglob("*/"), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()
    return sum(path.name.endswith(WORKBOOK) for path in stale)


def _parts(name: str) -> list[str]:
    """The folder of the sender, then as in the inbox."""
    return [sender(name), *(name.split("/")[1:] or [name])]


def answer_paths(names: list[list[str]]) -> list[str]:
    """For each name, given as folders and file, a path without ending that every system takes.

    Names that had to be made harmless, or that another took, bear a mark of the whole name."""
    given: list[str] = []
    taken: set[str] = set()
    for parts in names:
        safe = [_safe(part) for part in parts]
        path = "/".join(safe)
        if safe != parts or path.casefold() in taken:
            path += f"~{hashlib.sha256('/'.join(parts).encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"
        taken.add(path.casefold())
        given.append(path)
    return given


def _safe(part: str) -> str:
    """One name of a path that every system takes and that leads nowhere else."""
    name = _UNSAFE.sub("_", unicodedata.normalize("NFC", part)).strip(". ")
    name = name.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore").rstrip(". ") or "_"
    return f"{name}_" if name.endswith((WORKBOOK, SUMMARY)) else name
