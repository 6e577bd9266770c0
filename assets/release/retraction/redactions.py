"""What may no longer be published: a field, or a provider, taken out of every version and of every later one.

What belongs here: the entries as they are kept, what is left of a table, of a list of changes and of a contract. What
does not: making published versions again (redact.py). The entries lie in the workspace, for they name what is to be
forgotten; the public is told in the manifest (`Notice`) what was taken away and why, never a value. An entry holds
from the release that carries its notice on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, model_validator

from assets.release.manifest import Manifest, Notice
from assets.release.refusal import Refused
from assets.workspace import written_whole
from schemas.compile.duckdb import literal, quote
from schemas.model import ContractError, Strict, Table
from schemas.registry import Registry

#: the column that says whose a row is; others that name a provider end like it
PROVIDER = "provider_id"


class Redaction(Strict):
    """One entry. Without ``table`` every open table that has the field; with ``provider`` only that one's rows."""

    number: int = Field(ge=1)
    table: str | None = None
    field: str | None = None
    provider: str | None = None
    reason_zh: str = Field(min_length=1)
    reason_en: str = Field(min_length=1)
    redacted_on: date

    @model_validator(mode="after")
    def _names_something(self) -> Redaction:
        if not (self.field or self.provider):
            raise ValueError("须写明 field 或 provider a field or a provider must be named")
        if self.table and not self.field:
            raise ValueError("写了 table 就要写 field a table needs its field")
        return self

    @property
    def target(self) -> tuple[str | None, str | None, str | None]:
        return self.table, self.field, self.provider

    @property
    def scope(self) -> str:
        """As the public notice calls it."""
        return "provider-field" if self.field and self.provider else "field" if self.field else "provider"

    def notice(self, versions: int) -> Notice:
        """What the public is told."""
        return Notice(
            number=self.number,
            scope=self.scope,
            table=self.table,
            field=self.field,
            redacted_on=self.redacted_on.isoformat(),
            reason_zh=self.reason_zh,
            reason_en=self.reason_en,
            versions=versions,
        )


def read_redactions(path: Path) -> tuple[Redaction, ...]:
    """The entries of a file, numbered from 1; none if there is no file. ContractError says what is wrong with it."""
    if not path.exists():
        return ()
    try:
        found = tuple(Redaction(**entry) for entry in (yaml.safe_load(path.read_text("utf-8")) or {})["redactions"])
    except (yaml.YAMLError, ValidationError, TypeError, KeyError):
        raise ContractError(f"{path.name}: 内容有误 not a list of redactions") from None
    if [entry.number for entry in found] != list(range(1, len(found) + 1)):
        raise ContractError(f"{path.name}: 编号须从 1 起连续 entries must be numbered from 1 on")
    return found


def write_redactions(path: Path, entries: Sequence[Redaction]) -> None:
    """Writes all entries, whole or not at all."""
    listed = [entry.model_dump(mode="json", exclude_none=True) for entry in entries]
    with written_whole(path) as stage:
        stage.write_text(yaml.safe_dump({"redactions": listed}, allow_unicode=True, sort_keys=False), "utf-8")


def in_force(entries: Sequence[Redaction], before: Manifest | None) -> tuple[Redaction, ...]:
    """The entries that hold after a release. Refused if one is not here: its values would be published again."""
    told = len(before.redactions) if before else 0
    if len(entries) < told:
        raise Refused(
            f"发布记录有 {told} 次隐去，这里只有 {len(entries)} 次的内容；请恢复工作区的 redactions.yml。 The releases "
            f"tell of {told} redactions, {len(entries)} are here: restore redactions.yml of the workspace"
        )
    return tuple(entries[:told])


def left_of(columns: Mapping[str, str], key: Sequence[str], table: str, entries: Sequence[Redaction]) -> str | None:
    """What to SELECT of a table (columns: name -> type) behind `FROM`: None if these entries do not concern it.

    The text begins with the columns and holds `{relation}`; the order of rows stays. Refused for a field of the key."""
    values, hidden = {}, []
    for entry in entries:
        for column in columns:
            condition = _meant(entry, table, column, columns)
            if condition is None:
                continue
            if column in key and entry.field:
                raise Refused(f"{table}.{column}: 主键字段不能隐去 a field of the key cannot be redacted")
            if entry.field or column not in (PROVIDER, *key):
                before = values.get(column, quote(column))
                values[column] = f"CASE WHEN {condition} THEN NULL ELSE {before} END"
            else:
                hidden.append(condition)
    if not (values or hidden):
        return None
    shown = [f"CAST({values[c]} AS {t}) AS {quote(c)}" if c in values else quote(c) for c, t in columns.items()]
    where = f" WHERE NOT coalesce({' OR '.join(hidden)}, FALSE)" if hidden else ""
    return f"SELECT {', '.join(shown)} FROM {{relation}}{where}"


def emptied(columns: Mapping[str, str], key: Sequence[str], table: str, entries: Sequence[Redaction]) -> set[str]:
    """The columns of a table that may be empty from now on."""
    meant = {c for entry in entries for c in columns if _meant(entry, table, c, columns) is not None}
    return {c for c in meant if c not in (PROVIDER, *key)}


def _meant(entry: Redaction, table: str, column: str, columns: Mapping[str, str]) -> str | None:
    """The condition under which the value of a column is one that an entry takes away; None: never."""
    if entry.field is None:
        named = column == PROVIDER or column.endswith(f"_{PROVIDER}")
        return f"{quote(column)} = {literal(entry.provider or '')}" if named else None
    if column != entry.field or entry.table not in (None, table):
        return None
    if entry.provider is None:
        return "TRUE"
    return f"{quote(PROVIDER)} = {literal(entry.provider)}" if PROVIDER in columns else None


def may_name(entry: Redaction, table: str, id_field: str, name_field: str, member: str) -> bool:
    """Whether a report may still name somebody by these two columns of a published table."""
    if entry.provider is not None and id_field != PROVIDER:
        return True
    meant = entry.provider in (None, member) and entry.table in (None, table)
    return not (meant and entry.field in (None, id_field, name_field))


def left_of_changes(relation: str, entry: Redaction) -> tuple[str, str]:
    """Of a list of changes (columns as in `changes.csv`) the lines that stay, and the condition of those that go."""
    if entry.field is None:
        whose = f"list_contains(json_extract_string(key, '$.*'), {literal(entry.provider or '')})"
        value = literal(entry.provider or "")
        gone = f"{whose} OR old_value = {value} OR new_value = {value}"
    else:
        gone = f"field_name = {literal(entry.field)}"
        gone += f" AND table_name = {literal(entry.table)}" if entry.table else ""
        if entry.provider:
            gone += f" AND json_extract_string(key, '$.{PROVIDER}') = {literal(entry.provider)}"
    gone = f"coalesce({gone}, FALSE)"
    return f"SELECT * FROM {relation} WHERE NOT {gone}", gone


def relaxed(registry: Registry, entries: Sequence[Redaction]) -> Registry:
    """The contracts, in which what was redacted is not required."""
    tables = {name: _relaxed(table, entries) for name, table in registry.tables.items() if table.layer == "open"}
    return replace(registry, tables=registry.tables | tables) if entries else registry


def _relaxed(table: Table, entries: Sequence[Redaction]) -> Table:
    columns = dict.fromkeys(table.field_names, "")
    empty = emptied(columns, table.key, table.name, entries)
    fields: list[Any] = [f.model_copy(update={"required": False}) if f.name in empty else f for f in table.fields]
    return table.model_copy(update={"fields": tuple(fields)}) if empty else table
