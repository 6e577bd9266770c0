"""Who should have reported, and who has: one SELECT of expectations each, in ``expected/*.sql``.

The comment lines at the top of a file are its contract: code, zh, en (what is reported), expects_zh, expects_en,
source, concerns (the tables behind a dataset that make it a question of that dataset), reads (the tables of the
SELECT) and names (a published table, its column of ids and its column of names; without it nobody is named, only
counted). The SELECT gives area_code, member_id, period (or NULL) and is_received.

What belongs here: reading these files and adding up their rows. What does not: running them (assets/release/quality).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from quality.report.facts import Expected
from schemas.model import ContractError

FOLDER = Path(__file__).parent / "expected"
_HEADER = re.compile(r"^-- ([a-z_]+): *(.*)$", re.MULTILINE)
_NEEDED = {"code", "zh", "en", "expects_zh", "expects_en", "source", "concerns", "reads"}


@dataclass(frozen=True)
class Names:
    """Where the public finds the name of somebody: a published table, its column of ids and that of names."""

    table: str
    id_field: str
    name_field: str


@dataclass(frozen=True)
class Expectation:
    """One kind of report that is expected."""

    code: str
    zh: str
    en: str
    expects_zh: str
    expects_en: str
    source: str
    concerns: tuple[str, ...]
    reads: tuple[str, ...]
    names: Names | None
    sql: str


@functools.cache
def expectations(folder: Path = FOLDER) -> tuple[Expectation, ...]:
    """Every one of the folder, by file name. ContractError names the file and what is wrong in its header."""
    return tuple(_parsed(path) for path in sorted(folder.glob("*.sql")))


def concerning(tables: Iterable[str]) -> tuple[Expectation, ...]:
    """Those that are a question of a dataset with these tables behind it."""
    there = set(tables)
    return tuple(e for e in expectations() if there.intersection(e.concerns))


def added_up(code: str, rows: Iterable[tuple[str, str, str | None, bool]]) -> Expected:
    """What was expected and received by period, and what is missing by (area, id); rows as the SELECT gives them."""
    periods: dict[str | None, list[int]] = {}
    missing: dict[tuple[str, str], list[str | None]] = {}
    for area, member, period, received in sorted(rows, key=lambda row: tuple(str(part or "") for part in row[:3])):
        counts = periods.setdefault(period, [0, 0])
        counts[0] += 1
        counts[1] += bool(received)
        if not received:
            missing.setdefault((area, member), []).append(period)
    if not periods:
        return Expected(code, reason=NOBODY)
    told = sorted(((p, *counts) for p, counts in periods.items()), key=lambda line: line[0] or "")
    return Expected(code, tuple(told), {who: tuple(lacks) for who, lacks in missing.items()})


NOBODY = ("没有应报的对象", "nobody was expected to report")


def _parsed(path: Path) -> Expectation:
    text = path.read_text("utf-8")
    said = dict(_HEADER.findall(text))
    if missing := _NEEDED - set(said):
        raise ContractError(f"{path.name}: its header lacks {sorted(missing)}")
    if unknown := set(said) - _NEEDED - {"names"}:
        raise ContractError(f"{path.name}: its header has unknown keys {sorted(unknown)}")
    listed = {key: tuple(part.strip() for part in said[key].split(",")) for key in ("concerns", "reads")}
    names = Names(*(part.strip() for part in said["names"].split(","))) if "names" in said else None
    words = {key: said[key] for key in _NEEDED - {"concerns", "reads"}}
    return Expectation(**words, **listed, names=names, sql=text.rstrip().rstrip(";"))
