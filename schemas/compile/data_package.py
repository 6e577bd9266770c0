"""Contract -> Data Package v2 (datapackage.org): a dataset version described for every reader.

What belongs here: the package and its resources as dictionaries. What does not: the files themselves,
their sizes and hashes (assets/release adds them to each resource).
"""

from __future__ import annotations

from datetime import date
from typing import Any

from schemas.compile.table_schema import RELEASE_CODELISTS, changes_schema, codelists_schema, table_schema
from schemas.model import Code, Dataset, Table
from schemas.registry import Registry

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
DIALECT = {
    "$schema": "https://datapackage.org/profiles/2.0/tabledialect.json",
    "header": True,
    "delimiter": ",",
    "lineTerminator": "\n",
    "quoteChar": '"',
    "doubleQuote": True,
}
CODE_COLUMNS = (
    "code",
    "title_zh",
    "title_en",
    "definition",
    "source",
    "since",
    "deprecated_in",
    "replaced_by",
    "parent",
)


def data_package(
    registry: Registry, dataset: Dataset, *, version: str, as_of: date, resources: list[dict[str, Any]]
) -> dict[str, Any]:
    """The descriptor of one version. ``created`` is the as-of date, never the clock."""
    package: dict[str, Any] = {
        "$schema": PROFILE,
        "name": dataset.name,
        "title": dataset.title_zh,
        "title_en": dataset.title_en,
        "description": dataset.description_zh,
        "description_en": dataset.description_en,
        "version": version,
        "created": f"{as_of.isoformat()}T00:00:00Z",
        "keywords": list(dataset.keywords),
        "themes": list(dataset.themes),
        "cadence": dataset.cadence,
        "language": registry.profile.language,
    }
    package |= _people(registry) | _notice(registry)
    return {key: value for key, value in package.items() if value} | {"resources": resources}


def table_resource(registry: Registry, dataset: Dataset, table: Table, path: str) -> dict[str, Any]:
    """The CSV of a table, with its whole Table Schema."""
    titles = {"title": table.title_zh, "title_en": table.title_en}
    titles |= {"description": table.grain_zh, "description_en": table.grain_en}
    return _csv(table.name, path, titles, table_schema(registry, table, resources=dataset.tables))


def file_resource(table: Table, path: str, *, format: str, mediatype: str) -> dict[str, Any]:
    """The same table in a format that readers of data packages cannot check row by row."""
    suffix = path.rsplit(".", 1)[-1]
    titles = {"title": f"{table.title_zh}({format})", "title_en": f"{table.title_en} ({format})"}
    return (
        {"name": f"{table.name}_{suffix}"} | titles | {"path": path, "format": format, "mediatype": mediatype}
    )


def changes_resource(registry: Registry, path: str) -> dict[str, Any]:
    """What differs from the version before, row by row and field by field."""
    titles = {"title": "与上一版本相比的变更", "title_en": "Changes since the version before"}
    return _csv("changes", path, titles, changes_schema(registry))


def notes_resource(path: str) -> dict[str, Any]:
    """The release notes, for people. The format has a capital: frictionless would try to open `markdown`."""
    titles = {"title": "发布说明", "title_en": "Release notes"}
    return {"name": "notes"} | titles | {"path": path, "format": "Markdown", "mediatype": "text/markdown"}


def quality_resources(report: str, page: str) -> list[dict[str, Any]]:
    """The quality report, for machines and for people. Formats in capitals, as of the notes."""
    told = {"name": "quality", "title": "质量报告", "title_en": "Quality report", "path": report}
    shown = {"name": "quality_page", "title": "质量报告（网页）", "title_en": "Quality report (page)", "path": page}
    types = {"format": "JSON", "mediatype": "application/json"}, {"format": "HTML", "mediatype": "text/html"}
    return [told | types[0], shown | types[1]]


def codelists_resource(path: str) -> dict[str, Any]:
    """The code lists that the tables use."""
    titles = {"title": "代码表", "title_en": "Code lists"}
    return _csv("codelists", path, titles, codelists_schema())


def codelists_rows(registry: Registry, dataset: Dataset) -> list[list[str]]:
    """The rows of `codelists.csv`, header first: every list a table of the dataset or `changes.csv` uses, by name."""
    fields = [field for name in dataset.tables for field in registry.tables[name].fields]
    names = sorted({field.codelist for field in fields if field.codelist} | set(RELEASE_CODELISTS))
    rows = [_code_row(name, entry) for name in names for entry in registry.codelists[name].entries]
    return [["codelist", *CODE_COLUMNS], *rows]


def _code_row(codelist: str, entry: Code) -> list[str]:
    return [codelist, *(getattr(entry, column) for column in CODE_COLUMNS)]


def _csv(name: str, path: str, titles: dict[str, str], schema: dict[str, Any]) -> dict[str, Any]:
    file = {"path": path, "format": "csv", "mediatype": "text/csv", "encoding": "utf-8"}
    titles = {key: text for key, text in titles.items() if text}
    return {"name": name, "type": "table"} | titles | file | {"dialect": DIALECT, "schema": schema}


def _people(registry: Registry) -> dict[str, Any]:
    publisher, licence = registry.profile.publisher, registry.profile.licence
    people: dict[str, Any] = {}
    if licence:
        path = {"path": licence.path} if licence.path else {}
        people["licenses"] = [{"name": licence.name, "title": licence.title} | path]
    if publisher:
        who = {"title": publisher.name_zh, "title_en": publisher.name_en, "path": publisher.url}
        who = {key: text for key, text in who.items() if text}
        people["contributors"] = [who | {"roles": ["publisher"]}]
        people["contact"] = publisher.contact
    return people


def _notice(registry: Registry) -> dict[str, Any]:
    """A district that is invented says so in every package."""
    profile = registry.profile
    if not (profile.synthetic or profile.notice_zh or profile.notice_en):
        return {}
    zh = profile.notice_zh or "本数据为合成数据,不描述任何真实机构。"
    en = profile.notice_en or "This data is synthetic: it describes no real provider."
    return {"synthetic": profile.synthetic, "notice": zh, "notice_en": en}
