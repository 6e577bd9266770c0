"""What people decided about who is who: the entries ``identities`` of ``corrections/*.yml``.

    identities:
      - same: [S-0001, S-0107]       # or not_same
        reason_zh: 迁址后重新编号，法人和负责人没有变。
        reported_by: 西兴街道 张
        reported_on: 2026-03-05
        source: 区社会发展局〔2026〕3号

The ids are those of the findings (``A~2`` is the second provider that had the id A); ``area_code`` is needed only
where one id stands for two providers of two areas. A decision has no last day: who somebody is does not expire.
What belongs here: reading and checking them. What does not: what follows from them (assets/raw/identity.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import Field, model_validator

from quality.corrections import entries
from schemas.model import ContractError, Strict


class Entry(Strict):
    """One decision as people write it."""

    same: tuple[str, ...] = ()
    not_same: tuple[str, ...] = ()
    area_code: str | None = None
    reason_zh: str = Field(min_length=1)
    reported_by: str = Field(min_length=1)
    reported_on: date
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _is_about_two(self) -> Entry:
        ids = self.same or self.not_same
        if bool(self.same) == bool(self.not_same):
            raise ValueError("须写 same 或 not_same 之一 one of same and not_same must be given")
        if len(ids) != 2 or len(set(ids)) != 2 or not all(ids):
            raise ValueError("须写两个不同的机构标识 two different ids must be given")
        return self


@dataclass(frozen=True)
class Decision:
    """A decision and where it is written: the name of its file, and its number there, from 1."""

    ids: frozenset[str]
    same: bool
    area_code: str | None
    entry: Entry
    place: str


def load_identities(folder: Path) -> tuple[Decision, ...]:
    """Every decision of a folder, in the order of files and entries; none if there is no folder.

    ContractError names the file, the entry and what is wrong; also two decisions that contradict each other."""
    found: dict[tuple[str | None, frozenset[str]], Decision] = {}
    for name, number, entry in entries(folder, "identities", Entry):
        ids, place = frozenset(entry.same or entry.not_same), f"{name}#identities{number}"
        made = Decision(ids, bool(entry.same), entry.area_code, entry, place)
        other = found.setdefault((made.area_code, made.ids), made)
        if other.same != made.same:
            where = f"corrections/{name} identities 第 {number} 条 entry {number}"
            raise ContractError(f"{where}: 与 {other.place} 相反 contradicts {other.place}")
    return tuple(found.values())
