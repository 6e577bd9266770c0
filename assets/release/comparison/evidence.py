"""How the open tables of a workspace came about: by which received files, and what they would have been before.

What belongs here: the knowledge a publisher asks for (knowledge.py), got from a workspace: from contracts
(`traced_by`), lineage and the provenance of core rows, never from a list of tables. What does not belong here:
judging changes by it (kinds.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from assets.build import TableRefused, path_of
from assets.lineage import sql_files, table_sql, tables_read
from assets.raw.receive import ledger
from assets.release import durable
from assets.release.manifest import Manifest
from assets.replay import build_tables, replayed
from assets.sql import connect, write_parquet
from assets.workspace import Context
from schemas.compile.duckdb import literal, quote
from schemas.model import PROVENANCE, Table

#: who each source id stands for, and which ids were merged
IDENTITIES = "core_provider_id"


@dataclass
class WorkspaceKnowledge:
    """What is known in a workspace. ``folder`` is scratch of this one publishing: emptied when first used."""

    ctx: Context
    folder: Path
    _then: Context | None = None

    def then(self, before: Manifest, names: Sequence[str]) -> Path | None:
        """The line once more as of the date before; a table that its checks refuse is not known about."""
        if self._then is None:
            durable.empty_directory(self.folder / "then")
            self._then = replayed(self.ctx, self.folder / "then", as_of=date.fromisoformat(before.as_of))
        for name in names:
            if name in self.ctx.registry.tables:
                self._build(self._then, name)
        return self.folder / "then" / "open"

    def evidence(self, before: Manifest, names: Sequence[str]) -> Path | None:
        """None when the release before does not say what it was made of."""
        if before.inputs is None:
            return None
        new = sorted({receipt.sha256 for receipt in ledger(self.ctx.workspace)[before.inputs.receipts :]})
        known = [name for name in names if name in self.ctx.registry.tables]
        for name in known:
            _write_evidence(self.ctx, name, new, self.folder / "evidence" / f"{name}.parquet")
        return self.folder / "evidence"

    @staticmethod
    def _build(there: Context, name: str) -> None:
        try:
            build_tables(there, [name], opinions=False)
        except TableRefused:
            path_of(there, name).unlink(missing_ok=True)


def _write_evidence(ctx: Context, name: str, new: list[str], path: Path) -> None:
    """The newest receipt of each row, by the columns of its key that lead there."""
    traced, makers = trace(ctx, ctx.registry.tables[name])
    listed = f"[{', '.join(literal(sha256) for sha256 in new)}]::VARCHAR[]"
    con = connect(ctx)
    if makers:
        columns, dated = ", ".join(quote(column) for column in traced), _dated(ctx, makers)
        facts = _facts(ctx, makers, columns, listed) + _merged(ctx, traced, listed)
        select = (
            f"SELECT {columns}, source_sha256, CAST(received_on AS VARCHAR) AS received_on, is_new, "
            f"{dated} AS is_dated, is_merged FROM ({facts}) QUALIFY row_number() OVER "
            f"(PARTITION BY {columns} ORDER BY is_merged DESC, {_NEWEST}) = 1 ORDER BY {columns}"
        )
    else:
        nothing = "NULL::VARCHAR AS source_sha256, NULL::VARCHAR AS received_on"
        select = f"SELECT {nothing}, len({listed}) > 0 AS is_new, TRUE AS is_dated, FALSE AS is_merged"
    write_parquet(con, select, path)
    con.close()


_NEWEST = "received_on DESC, is_new DESC, source_sha256"


def _facts(ctx: Context, makers: tuple[str, ...], columns: str, new: str) -> str:
    """Which file each core row came from.

    Of a source whose files are complete registers the newest file speaks about every row, also about those it
    leaves out: that they are absent is what it says."""
    registers = ", ".join(literal(s.name) for s in ctx.registry.sources if s.mode == "snapshot") or "NULL"
    rows = " UNION ALL ".join(
        f"SELECT {columns}, area_code AS of_area, source_code, received_on, source_sha256, "
        f"list_contains({new}, source_sha256) AS is_new FROM read_parquet({literal(str(path_of(ctx, maker)))})"
        for maker in makers
    )
    newest = "FIRST_VALUE({}) OVER (PARTITION BY source_code, of_area ORDER BY " + _NEWEST + ")"
    said = ", ".join(
        f"CASE WHEN source_code IN ({registers}) THEN {newest.format(c)} ELSE {c} END AS {c}"
        for c in ("source_sha256", "received_on", "is_new")
    )
    return f"SELECT {columns}, {said}, FALSE AS is_merged FROM ({rows})"


def _merged(ctx: Context, traced: tuple[str, ...], new: str) -> str:
    """Ids that were found to be another provider's: no fact has them any more, so they are traced by themselves."""
    path = path_of(ctx, IDENTITIES)
    if not path.exists() or set(traced) != {"area_code", "provider_id"}:
        return ""
    file = f"read_parquet({literal(str(path))})"
    columns = ", ".join("minted_provider_id AS provider_id" if c == "provider_id" else quote(c) for c in traced)
    return (
        f" UNION ALL SELECT {columns}, source_sha256, received_on, list_contains({new}, source_sha256), TRUE "
        f"FROM {file} WHERE merged_into_id IS NOT NULL"
    )


def _dated(ctx: Context, makers: tuple[str, ...]) -> bool:
    """Whether facts say when they were so: some of these core tables have a day or month in their key."""
    tables = [ctx.registry.tables[name] for name in makers]
    return any(table.field(column).type in ("date", "yearmonth") for table in tables for column in table.key)


def trace(ctx: Context, table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns that lead from a row of an open table to core rows with provenance, and the tables these are in.

    Of the core tables it is made of those that share most of its key: a class of a provider comes from what was
    filed about this class, not from all that was filed about the provider. Nothing where the contract names no
    `traced_by`: such a row is calculated from many."""
    if not table.traced_by:
        return (), ()
    shared: dict[str, tuple[str, ...]] = {}
    for name in _made_of(table.name):
        core = ctx.registry.tables[name]
        if core.layer == "core" and set(PROVENANCE) | set(table.traced_by) <= set(core.field_names):
            shared[name] = tuple(c for c in table.key if c in core.key or c in table.traced_by)
    most = max((len(columns) for columns in shared.values()), default=0)
    best = {name: columns for name, columns in shared.items() if len(columns) == most}
    columns = next(iter(best.values()), ())
    return columns, tuple(name for name in best if best[name] == columns)


def _made_of(name: str) -> list[str]:
    """Every core and open table in the lineage of a table, by name."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        read = tables_read(table_sql(waiting.pop()))
        new = [other for other in read if other in sql_files() and other not in found]
        found.update(new)
        waiting += new
    return sorted(found)
