"""The quality of what is published, as plain data, from the published reports alone.

What belongs here: finding the report of a version. What does not: printing it (show_quality.py), making it
(assets/release/quality)."""

from __future__ import annotations

from typing import Any

from assets.release.history import NoSuchVersion, find_version
from assets.release.pages.quality_index import reports as current_reports
from assets.release.quality.staged import report_of
from pipelines.published import published_store
from pipelines.settings import Settings


def report(settings: Settings, dataset: str, version: str | None) -> dict[str, Any]:
    """The report of one version, or of the current one. LookupError says what there is."""
    store = published_store(settings)
    if version is None:
        there = current_reports(store)
        if dataset not in there:
            raise NoSuchVersion(f"{dataset}: 没有质量报告 no quality report; 有 there are: {', '.join(there) or '-'}")
        return there[dataset]
    found = report_of(store, find_version(store, dataset, version))
    if found is None:
        raise NoSuchVersion(f"{dataset} {version}: 这个版本没有质量报告 this version brought no quality report")
    return found


def reports(settings: Settings) -> dict[str, dict[str, Any]]:
    """The report of the current version of each dataset, by name; empty before the first release."""
    return dict(sorted(current_reports(published_store(settings)).items()))


def page_of(report: dict[str, Any]) -> str:
    """Where the page of a report lies in the published folder."""
    return f"datasets/{report['dataset']}/{report['version']}/quality.html"
