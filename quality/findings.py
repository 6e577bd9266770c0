"""One shape for what every engine finds, and the words in which it is told to a person.

What does not belong here: finding anything. The texts live in ``schemas/`` (constraints, row rules) and in
the headers of ``quality/rules/*.sql`` (rules over several tables); this module only joins them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from quality.cross_rules import cross_rule_texts
from schemas.model import FindingText
from schemas.registry import Registry


@dataclass(frozen=True)
class Finding:
    """Something wrong or noteworthy at a place a person can open.

    ``row`` counts as the sender sees it: the row of the sheet or the record of the file, from 1, header
    included; None for a whole file or sheet. ``value`` is the raw text and may be personal: keep it out of logs."""

    code: str
    severity: str
    table: str | None = None
    file: str = ""
    sheet: str | None = None
    row: int | None = None
    column: str | None = None
    value: str | None = None
    source_sha256: str = ""


def finding_text(registry: Registry, code: str) -> FindingText:
    """The texts of a code, from the contracts or from a cross-table rule; KeyError if neither has it."""
    texts = cross_rule_texts()
    return texts[code] if code in texts else registry.finding(code)


def explain(registry: Registry, finding: Finding) -> dict[str, Any]:
    """The finding with says_zh, says_en, advice_zh and advice_en; the field's own hint comes first."""
    text = finding_text(registry, finding.code)
    table = registry.tables.get(finding.table or "")
    field = table.field(finding.column) if table and finding.column in table.field_names else None
    told = {
        "says_zh": text.says_zh,
        "says_en": text.says_en,
        "advice_zh": (field and field.hint_zh) or text.advice_zh,
        "advice_en": (field and field.hint_en) or text.advice_en,
    }
    titles = {"zh": field.title_zh if field else finding.column, "en": field.title_en if field else finding.column}
    return asdict(finding) | {k: v.replace("{column}", titles[k[-2:]] or "") for k, v in told.items()}
