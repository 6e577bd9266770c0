"""The line once more, elsewhere: what would the tables be as of another day, or with fewer receipts?

What belongs here: scratch workspaces that share what was received, and building tables in them without Dagster. What
does not: what is asked (the whitelist of a day, a rebuild, what is known today about an earlier day).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path

from assets.build import Built, build_table, inputs
from assets.lineage import sql_files, table_sql
from assets.raw.intake import build_intake, gate_fingerprint, verdict_fingerprint
from assets.raw.receive import Receipt, ledger, received_file
from assets.workspace import Context, Workspace, read_json, written_whole


def replayed(
    ctx: Context, folder: Path, *, as_of: date | None = None, receipts: int | None = None, gate_again: bool = False
) -> Context:
    """A context of the same contracts whose workspace, in ``folder``, holds the first ``receipts`` only.

    The folder is empty, or was made by this function: what was built there then is used again where it would come to
    the same. Received files are shared, and so is what the gate made of them where it would come to the same
    (``gate_again``: nothing is, as if on another machine). Nothing is written into the workspace of ``ctx``."""
    kept = ledger(ctx.workspace)[:receipts]
    there = replace(ctx, workspace=Workspace(folder), as_of=as_of or ctx.as_of, corrections=ctx.corrections_dir)
    for receipt in kept:
        _share(received_file(ctx.workspace, receipt.sha256), received_file(there.workspace, receipt.sha256))
    with written_whole(there.workspace.ledger) as stage:
        lines = (json.dumps(asdict(receipt), ensure_ascii=False) for receipt in kept)
        stage.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    for receipt in kept:
        _unshare(there.workspace.gated(receipt.sha256))
    if not gate_again:
        for receipt in _judged_alike(ctx, there, kept):
            _share(ctx.workspace.gated(receipt.sha256), there.workspace.gated(receipt.sha256))
    return there


def receipts_until(ctx: Context, known_on: date) -> int:
    """How many receipts of the ledger had come by the end of a day."""
    return sum(receipt.received_on <= known_on.isoformat() for receipt in ledger(ctx.workspace))


def build_tables(ctx: Context, names: Iterable[str], *, opinions: bool = True) -> list[Built]:
    """Brings the intake and some tables, with all that they are made of, up to date.

    ``opinions``: as in `build_table`; tables that are only looked at can do without."""
    build_intake(ctx)
    return [build_table(ctx, name, opinions=opinions) for name in _makers_first(names)]


def _makers_first(names: Iterable[str]) -> Iterator[str]:
    done: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in done or name not in sql_files():
            return
        done.add(name)
        for maker in inputs(table_sql(name)):
            yield from visit(maker)
        yield name

    for name in names:
        yield from visit(name)


def _judged_alike(ctx: Context, there: Context, receipts: list[Receipt]) -> Iterator[Receipt]:
    """The receipts on which the gate would come to the verdict it came to here."""
    rules = gate_fingerprint(there)
    for receipt in receipts:
        mark = read_json(ctx.workspace.gated(receipt.sha256) / "gated.json") or {}
        if mark.get("fingerprint") == verdict_fingerprint(rules, receipt):
            yield receipt


def _share(here: Path, there: Path) -> None:
    if not there.exists():
        there.parent.mkdir(parents=True, exist_ok=True)
        os.symlink(here.absolute(), there)


def _unshare(there: Path) -> None:
    """What was shared may have to be made anew, and then not in the place it was shared from."""
    if there.is_symlink():
        there.unlink()
