"""Corrections: findings that people know about and accept, each with a reason and a last day.

They name real providers, so they lie in the workspace (``corrections/*.yml``), never in the package:

    corrections:
      - code: report-after-close
        table: station_report
        column: report_month            # optional
        key: {station_id: F-0001, report_month: 2025-03}
        reason_zh: 驿站停用后由社区代为服务至三月底，情况属实。
        reported_by: 西兴街道 张
        reported_on: 2026-03-05
        source: 区社会发展局〔2026〕3号
        expires: 2026-12-31

``key`` names as many of the key columns of ``table`` as are meant; instead of it, or besides, ``sender`` or
``file`` say whose or which. A correction changes no value and lets no row pass: what it waives is no longer asked
of the sender, and a row with an error stays in quarantine, because every table behind the gate promises its
contract and would be refused with the row in it. What does not belong here: which findings stand (assets/raw).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import Field, ValidationError, model_validator

from quality.findings import finding_text
from schemas.model import ContractError, Strict
from schemas.registry import Registry

#: what a file may hold: findings that are accepted, and who is who (identities.py)
KINDS = ("corrections", "identities")
E = TypeVar("E", bound=Strict)


class Entry(Strict):
    """One correction as people write it."""

    code: str
    table: str | None = None
    column: str | None = None
    key: dict[str, str] = Field(default_factory=dict)
    sender: str | None = None
    file: str | None = None
    reason_zh: str = Field(min_length=1)
    reported_by: str = Field(min_length=1)
    reported_on: date
    source: str = Field(min_length=1)
    expires: date

    @model_validator(mode="after")
    def _names_something(self) -> Entry:
        if not (self.key or self.sender or self.file):
            raise ValueError("须写明 key、sender 或 file key, sender or file must say which findings are meant")
        if self.key and not self.table:
            raise ValueError("写了 key 就要写 table a key needs its table")
        if self.expires < self.reported_on:
            raise ValueError("截止日早于报告日 expires before it was reported")
        return self


@dataclass(frozen=True)
class Correction:
    """A correction and where it is written: the name of its file, and its number there, from 1."""

    entry: Entry
    file: str
    number: int

    @property
    def place(self) -> str:
        return f"{self.file}#{self.number}"

    def in_force(self, on: date) -> bool:
        """Whether it holds on that day; ``expires`` is the last one."""
        return on <= self.entry.expires

    def covers(self, finding: Mapping[str, Any]) -> bool:
        """Whether a finding is meant: code, table, column, sender, file, and ``key`` by column (or None)."""
        wanted = {k: v for k in ("code", "table", "column", "sender", "file") if (v := getattr(self.entry, k))}
        key = finding["key"] or {}
        return all(finding[k] == v for k, v in wanted.items()) and all(
            key.get(column) == value for column, value in self.entry.key.items()
        )


def load_corrections(folder: Path, registry: Registry) -> tuple[Correction, ...]:
    """Every correction of a folder, in the order of files and entries; none if there is no folder.

    ContractError names the file, the entry and the key that is wrong."""
    found = []
    for name, number, entry in entries(folder, "corrections", Entry):
        if unknown := _unknown(entry, registry):
            raise ContractError(f"corrections/{name} 第 {number} 条 entry {number}: {unknown}")
        found.append(Correction(entry, name, number))
    return tuple(found)


def correction_files(folder: Path) -> list[Path]:
    """The files people write corrections in, in the order in which they count; none if there is no folder."""
    return sorted(p for p in folder.glob("*") if p.suffix in (".yml", ".yaml")) if folder.is_dir() else []


def entries(folder: Path, kind: str, model: type[E]) -> Iterator[tuple[str, int, E]]:
    """The entries of one kind in every file of a folder: name of the file, number in it from 1, entry."""
    for path in correction_files(folder):
        for number, given in enumerate(_of_file(path).get(kind) or (), 1):
            try:
                yield path.name, number, model.model_validate(given)
            except ValidationError as error:
                told = (": ".join(filter(None, (".".join(map(str, e["loc"])), _said(e)))) for e in error.errors())
                which = "" if kind == KINDS[0] else f"{kind} "
                raise ContractError(
                    f"corrections/{path.name} {which}第 {number} 条 entry {number}: {'; '.join(told)}"
                ) from None


def _of_file(path: Path) -> dict[str, Any]:
    """What a file says: a list under each kind of entry it has."""
    where = f"corrections/{path.name}"
    try:
        raw = yaml.load(path.read_text("utf-8"), Loader=_OnceLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(f"{where}: {' '.join(str(error).split())}") from None
    lists = isinstance(raw, dict) and raw and all(isinstance(value, list) for value in raw.values())
    if not lists or set(raw) - set(KINDS):
        raise ContractError(
            f"{where}: 应只有 corrections、identities 两项，各为一列 "
            "a list under each of the keys corrections and identities is expected, and nothing else"
        )
    return raw


#: what pydantic calls a mistake, and what people call it
_MISTAKES = {
    "missing": "没有填写 is missing",
    "extra_forbidden": "没有这一项 there is no such key",
    "string_too_short": "不能为空 must not be empty",
    "string_type": "应为文字 must be text",
    "dict_type": "应为“列: 值” must be column: value",
    "model_type": "应为“项: 内容” must be a mapping of keys",
}


def _said(mistake: Mapping[str, Any]) -> str:
    """One mistake in an entry, in words; of what was written nothing is repeated."""
    if mistake["type"].startswith("date"):
        return "应为日期，如 2026-03-31 must be a date, YYYY-MM-DD"
    return _MISTAKES.get(mistake["type"], mistake["msg"].removeprefix("Value error, "))


def _unknown(entry: Entry, registry: Registry) -> str:
    """What the contracts do not have: a correction that can never match is a mistake nobody would notice."""
    intake = {table.name: table for table in registry.layer("intake")}
    table = intake.get(entry.table or "")
    try:
        finding_text(registry, entry.code)
    except KeyError:
        return f"code: 没有这个代码 no finding is called {entry.code}; see: tuoyu schema rules"
    if entry.table and not table:
        return f"table: 没有这张填报表 no such table of filings: {entry.table}; there are {', '.join(intake)}"
    if wrong := sorted(set(entry.key) - set(table.key if table else ())):
        return f"key: 不是主键列 {', '.join(wrong)} is not in the key of {entry.table}: {', '.join(table.key)}"
    if table and entry.column and entry.column not in table.field_names:
        return f"column: 没有这一列 {entry.table} has no {entry.column}"
    return ""


class _OnceLoader(yaml.BaseLoader):
    """Everything is text, as it is written: a code 0104 is no number. A key that is given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"given twice: {', '.join(twice)}", node.start_mark)
        return super().construct_mapping(node, deep)
