"""The jobs: which part of the graph runs together."""

from __future__ import annotations

import dagster as dg
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

RAW = dg.AssetSelection.groups("raw")


def jobs() -> list[UnresolvedAssetJobDefinition]:
    """receive: the inbox to intake tables; publish: intake tables to a release; everything: both."""
    return [
        dg.define_asset_job("receive", RAW, description="收件与校验：收件箱 → 收报表。Inbox to intake tables."),
        dg.define_asset_job(
            "publish", dg.AssetSelection.all() - RAW, description="汇总与发布：收报表 → 发布。Intake tables to a release."
        ),
        dg.define_asset_job("everything", dg.AssetSelection.all(), description="全流程：收件箱 → 发布。Inbox to release."),
    ]
