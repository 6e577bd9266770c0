"""The jobs: which part of the graph runs together."""

from __future__ import annotations

from typing import Any

import dagster as dg

RAW = dg.AssetSelection.groups("raw")
_TEXTS = {
    "receive": "收件与校验：收件箱 → 收报表。Inbox to intake tables.",
    "publish": "汇总与发布：收报表 → 发布。Intake tables to a release.",
    "everything": "全流程：收件箱 → 发布。Inbox to release.",
}


def jobs() -> list[Any]:
    """receive: the inbox to intake tables; publish: intake tables to a release; everything: both."""
    parts = {"receive": RAW, "publish": dg.AssetSelection.all() - RAW, "everything": dg.AssetSelection.all()}
    return [dg.define_asset_job(name, part, description=_TEXTS[name]) for name, part in parts.items()]
