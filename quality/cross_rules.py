"""Rules that compare tables: one SELECT of offending rows each, in ``quality/rules/*.sql``.

The comment lines at the top of a file are its contract: code, severity, table, column, reads, says_zh,
says_en, advice_zh, advice_en, source, dq. The SELECT gives source_sha256, source_sheet, source_row and value of
each offending row of ``table``. What does not belong here: rules one row decides (they are in contracts).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from schemas.model import FindingText

FOLDER = Path(__file__).parent / "rules"
_HEADER = re.compile(r"^-- ([a-z_]+): *(.*)$", re.MULTILINE)
_TEXTS = ("code", "severity", "says_zh", "says_en", "advice_zh", "advice_en", "source", "dq")


@dataclass(frozen=True)
class CrossRule:
    """A rule over several tables. ``reads`` names the relations its SQL needs."""

    text: FindingText
    table: str
    column: str | None
    reads: tuple[str, ...]
    sql: str

    @property
    def code(self) -> str:
        return self.text.code

    @property
    def severity(self) -> str:
        return self.text.severity


@functools.cache
def cross_rules(folder: Path = FOLDER) -> tuple[CrossRule, ...]:
    """Every rule of the folder, by file name. ValueError for a header that is not complete."""
    return tuple(_parsed(path) for path in sorted(folder.glob("*.sql")))


def cross_rule_texts() -> dict[str, FindingText]:
    """What each cross-table rule says, by code."""
    return {rule.code: rule.text for rule in cross_rules()}


def _parsed(path: Path) -> CrossRule:
    sql = path.read_text(encoding="utf-8")
    said = dict(_HEADER.findall(sql))
    missing = {"code", "severity", "table", "reads", "says_zh", "says_en", "advice_zh", "advice_en"} - set(said)
    if missing:
        raise ValueError(f"{path.name}: its header lacks {sorted(missing)}")
    text = FindingText(**{name: said[name] for name in _TEXTS if said.get(name)})
    reads = tuple(part.strip() for part in said["reads"].split(","))
    return CrossRule(text, said["table"], said.get("column"), reads, sql.rstrip().rstrip(";"))
