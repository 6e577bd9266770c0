"""The words of a quality report: sub-indicators of GB/T 36344-2018, the gates of a release, how few are protected.

What belongs here: their shape, as ``quality.yml`` gives it. What does not: counting (quality/report).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from schemas.model import Strict

#: the six dimensions of the standard, in its order: code -> zh, en
DIMENSIONS = {
    "normativity": ("规范性", "Normativity"),
    "completeness": ("完整性", "Completeness"),
    "accuracy": ("准确性", "Accuracy"),
    "consistency": ("一致性", "Consistency"),
    "timeliness": ("时效性", "Timeliness"),
    "accessibility": ("可访问性", "Accessibility"),
}


class QualityIndicator(Strict):
    """One sub-indicator: A / B, which way is better, and how A and B are counted here (``quality.yml`` says)."""

    dimension: Literal["normativity", "completeness", "accuracy", "consistency", "timeliness", "accessibility"]
    zh: str
    en: str
    direction: Literal["higher", "lower"] = "higher"
    measure: str
    formula_zh: str
    formula_en: str
    here_zh: str
    here_en: str
    reason_zh: str = ""
    reason_en: str = ""

    @model_validator(mode="after")
    def _says_why_not(self) -> QualityIndicator:
        if (self.measure == "none") != bool(self.reason_zh and self.reason_en):
            raise ValueError("a sub-indicator that cannot be measured says why, and no other does")
        return self


class QualityGate(Strict):
    """What a version has to pass before it is released. ``count``: what was looked at; ``parameters``:
    the dated figures it holds to, without which it is not evaluated."""

    dq: str
    count: Literal["columns", "cells", "rows", "references", "files"]
    source: str
    zh: str
    en: str
    parameters: tuple[str, ...] = ()


class Statement(Strict):
    """A sentence about how the data is protected, with the dated figures it names as ``{code}``."""

    zh: str
    en: str
    source: str
    parameters: tuple[str, ...] = ()


class QualityTerms(Strict):
    """All of it, by code, in the order of the file."""

    indicators: dict[str, QualityIndicator] = Field(default_factory=dict)
    gates: dict[str, QualityGate] = Field(default_factory=dict)
    disclosure: dict[str, Statement] = Field(default_factory=dict)
