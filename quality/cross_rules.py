"""Rules that compare tables: one SELECT of offending rows each, in ``quality/rules/*.sql``.

The comment lines at the top of a file are its contract: code, severity, table, column, says_zh, says_en,
advice_zh, advice_en, source, dq. The SELECT gives source_sha256, source_sheet, source_row and value of
each offending row of ``table``. What does not belong here: rules one row decides (they are in contracts).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from schemas.model import ContractError, FindingText

FOLDER = Path(__file__).parent / "rules"
_HEADER = re.compile(r"^-- ([a-z_]+): *(.*)$", re.MULTILINE)
_TOP = re.compile(r"(?:--.*\n)*")
_TEXTS = ("code", "severity", "says_zh", "says_en", "advice_zh", "advice_en", "source", "dq")
_NEEDED = {"code", "severity", "table", "says_zh", "says_en", "advice_zh", "advice_en"}


@dataclass(frozen=True)
class CrossRule:
    """A rule over several tables."""

    text: FindingText
    table: str
    column: str | None
    sql: str

    @property
    def code(self) -> str:
        return self.text.code

    @property
    def severity(self) -> str:
        return self.text.severity


@functools.cache
def cross_rules(folder: Path = FOLDER) -> tuple[CrossRule, ...]:
    """Every rule of the folder, by file name. ContractError names the file and what is wrong in its header."""
    return tuple(_parsed(path) for path in sorted(folder.glob("*.sql")))


def cross_rule_texts() -> dict[str, FindingText]:
    """What each cross-table rule says, by code."""
    return {rule.code: rule.text for rule in cross_rules()}


def _parsed(path: Path) -> CrossRule:
    sql = path.read_text(encoding="utf-8")
    said = {key: value for key, value in _HEADER.findall(_TOP.match(sql)[0]) if value}
    missing = _NEEDED - set(said)
    unknown = set(said) - _NEEDED - set(_TEXTS) - {"column"}
    if missing or unknown:
        wrong = f"lacks {sorted(missing)}" if missing else f"has unknown keys {sorted(unknown)}"
        raise ContractError(f"{path.name}: its header {wrong}")
    try:
        text = FindingText(**{name: said[name] for name in _TEXTS if name in said})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ContractError(f"{path.name}: {wrong}") from error
    return CrossRule(text, said["table"], said.get("column"), sql.rstrip().rstrip(";"))
