"""The sub-indicators of GB/T 36344-2018 of one version: numerator, denominator, value, direction and trend.

What belongs here: adding up results and counts. What does not: the words (schemas/quality.yml), the results. A value
that lacks its denominator is not evaluated, with the reason; it is never a pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from quality.report.facts import Checked, Facts, Share, Stage
from schemas.model import Parameter
from schemas.quality_terms import DIMENSIONS, QualityIndicator, QualityTerms

#: earlier versions that a trend tells of; older ones tell of those before
TREND_VERSIONS = 36
#: the parameter with weights, `0101=1;0102=2`; without it there is no score
WEIGHTS = "quality_score_weights"

_NO_RULES = ("没有评估属于它的规则", "no rule that belongs to it was evaluated")
_NOT_KNOWN = ("只得到公布的表，来件情况未知", "only published tables were given, nothing is known of what was received")
_NOBODY = ("这个数据集没有定期的报送", "no reports are expected for this dataset")
_NOTHING = ("没有可计的对象", "there was nothing to count")


def indicators(terms: QualityTerms, facts: Facts, before: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Every sub-indicator in the order of the standard. ``before``: the report of the version before."""
    known = {line["code"]: line for line in before["indicators"]} if before else {}
    when = {k: before[k] for k in ("version", "as_of")} if before else {}
    return [_told(code, one, facts, known.get(code), when) for code, one in terms.indicators.items()]


def _told(
    code: str, one: QualityIndicator, facts: Facts, before: Mapping[str, Any] | None, when: Mapping[str, str]
) -> dict[str, Any]:
    share, reason = _counted(code, one, facts)
    zh, en = DIMENSIONS[one.dimension]
    line: dict[str, Any] = {"code": code, "dimension": one.dimension, "dimension_zh": zh, "dimension_en": en}
    line |= {"title_zh": one.zh, "title_en": one.en, "formula_zh": one.formula_zh, "formula_en": one.formula_en}
    line |= {"here_zh": one.here_zh, "here_en": one.here_en, "direction": one.direction}
    line |= {"state": "not_evaluated" if share is None else "evaluated"}
    if share is None:
        line |= {"reason_zh": reason[0], "reason_en": reason[1]}
    line |= {"numerator": share and share.count, "denominator": share and share.of, "value": share and share.value}
    trend = [*before["trend"], when | {"value": before["value"]}][-TREND_VERSIONS:] if before else []
    return line | _moved(line, trend) | {"trend": trend}


def _moved(line: Mapping[str, Any], trend: list[dict[str, Any]]) -> dict[str, Any]:
    """The change since the version before, and whether it is better by the direction; None: nothing to compare."""
    last = trend[-1]["value"] if trend else None
    if last is None or line["value"] is None:
        return {"change": None, "moved": None}
    change = round(line["value"] - last, 6)
    better = change > 0 if line["direction"] == "higher" else change < 0
    return {"change": change, "moved": "same" if not change else "better" if better else "worse"}


def _counted(code: str, one: QualityIndicator, facts: Facts) -> tuple[Share | None, tuple[str, str]]:
    """A and B, or None and why not."""
    if one.measure == "none":
        return None, (one.reason_zh, one.reason_en)
    if one.measure in ("received", "published"):
        stage: Stage = "received" if one.measure == "received" else "published"
        if not any(c.stage == stage for c in facts.checks):
            return None, _NOT_KNOWN
        share = passes(facts.checks, stage, code)
        return (share, ("", "")) if share.of else (None, _NO_RULES)
    share = facts.shares.get(one.measure)
    if share is None:
        return None, _NOT_KNOWN if facts.expected is None else _NOBODY
    return (share, ("", "")) if share.of else (None, _NOTHING)


def passes(checks: Iterable[Checked], stage: Stage, dq: str) -> Share:
    """Judgements that passed, of all that were made at a stage by the rules of one sub-indicator."""
    asked = [c.result for c in checks if c.stage == stage and c.result.dq == dq]
    asked = [r for r in asked if r.state not in ("crashed", "not_evaluated")]
    of = sum(r.evaluated_count for r in asked)
    return Share(of - sum(min(r.failed_count, r.evaluated_count) for r in asked), of)


def score(lines: list[dict[str, Any]], parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """IND-30, the weighted mean of the sub-indicators in the direction of better: only with weights of the district."""
    given = parameters.get(WEIGHTS)
    if given is None:
        zh, en = f"没有参数 {WEIGHTS}：权重由地区决定", f"no value for {WEIGHTS}: weights are the district's to set"
        return {"state": "not_evaluated", "reason_zh": zh, "reason_en": en, "value": None}
    weights = {code: float(weight) for code, weight in (part.split("=") for part in given.value.split(";"))}
    values = {line["code"]: line for line in lines}
    lacking = [code for code in weights if values.get(code, {}).get("value") is None]
    if lacking:
        names = ", ".join(lacking)
        zh, en = f"有权重的子指标未评估：{names}", f"weighted sub-indicators were not evaluated: {names}"
        return {"state": "not_evaluated", "reason_zh": zh, "reason_en": en, "value": None}
    good = {c: values[c]["value"] if values[c]["direction"] == "higher" else 1 - values[c]["value"] for c in weights}
    mean = sum(good[c] * w for c, w in weights.items()) / sum(weights.values())
    return {"state": "evaluated", "value": round(mean, 6), "weights": weights, "source": given.source}
