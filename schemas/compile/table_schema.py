"""Contract -> Table Schema v2 (datapackage.org).

What belongs here: one table's descriptor, and those of the two files every package brings along. What
does not: the package around it (data_package.py). Properties that Table Schema lacks keep the names of
our contracts: `title_en`, `description_en`, `unit`, `decimals`, `codelist`, `freshness`.
"""

from __future__ import annotations

from typing import Any

from schemas.compile.constraints import Constraint, code_list_pattern, field_constraints
from schemas.model import Field, Table
from schemas.registry import Registry

#: `fieldsMatch` is left at its default, exact: the text of v2 wants a string there and its profile an array
#: the code lists of `changes.csv`
RELEASE_CODELISTS = ("change", "change_reason")
PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"


def table_schema(registry: Registry, table: Table, *, resources: tuple[str, ...] = ()) -> dict[str, Any]:
    """The Table Schema of a table. Foreign keys appear when their table is among ``resources``."""
    schema: dict[str, Any] = {"$schema": PROFILE}
    schema["fields"] = [_field(registry, table, field) for field in table.fields]
    schema["missingValues"] = [""]
    schema["primaryKey"] = list(table.key)
    keys = [_foreign_key(table, key) for key in table.foreign_keys if key.table in resources]
    return schema | ({"foreignKeys": keys} if keys else {})


def changes_schema(registry: Registry) -> dict[str, Any]:
    """The Table Schema of `changes.csv`: what differs from the version before, why, and by which received file."""
    fields = [
        _plain("table_name", "表", "Table", required=True),
        _coded(registry, "change", "变更类型", "Change", required=True),
        _plain("key", "主键(JSON)", "Key of the row, as a JSON object", required=True),
        _plain("field_name", "字段", "Field; empty for a whole row"),
        _plain("old_value", "原值", "Old value; never shown when redacted"),
        _plain("new_value", "新值", "New value"),
        _coded(registry, "change_reason", "变更原因", "Reason, decided by comparison", name="reason", required=True),
        _plain("source_sha256", "来件", "SHA-256 of the newest received file the row is made of"),
        _plain("received_on", "收件日期", "Day it was received") | {"type": "date"},
    ]
    return _of_plain(fields)


def codelists_schema() -> dict[str, Any]:
    """The Table Schema of `codelists.csv`: the code lists that the package's tables use."""
    fields = [
        _plain("codelist", "代码表", "Code list", required=True),
        _plain("code", "代码", "Code", required=True),
        _plain("title_zh", "中文名称", "Title in Chinese", required=True),
        _plain("title_en", "英文名称", "Title in English", required=True),
        _plain("definition", "定义", "Definition"),
        _plain("source", "来源", "Source"),
        _plain("since", "启用", "Since"),
        _plain("deprecated_in", "停用", "Deprecated in"),
        _plain("replaced_by", "替代代码", "Replaced by"),
        _plain("parent", "上级代码", "Parent code"),
    ]
    return _of_plain(fields) | {"primaryKey": ["codelist", "code"]}


def _of_plain(fields: list[dict[str, Any]]) -> dict[str, Any]:
    return {"$schema": PROFILE, "fields": fields, "missingValues": [""]}


def _plain(name: str, title_zh: str, title_en: str, **constraints: Any) -> dict[str, Any]:
    field = {"name": name, "type": "string", "title": title_zh, "title_en": title_en}
    return field | ({"constraints": constraints} if constraints else {})


def _coded(
    registry: Registry, codelist: str, title_zh: str, title_en: str, *, name: str = "", **constraints: Any
) -> dict[str, Any]:
    """A column of codes of one of the release's own lists."""
    listed = {"enum": list(registry.codelists[codelist].codes)}
    return _plain(name or codelist, title_zh, title_en, **constraints, **listed) | _categories(registry, codelist)


def _field(registry: Registry, table: Table, field: Field) -> dict[str, Any]:
    described = {"name": field.name, "title": field.title_zh, "title_en": field.title_en}
    described |= _type(field) | _texts(field)
    if field.codelist:
        described |= _codes(registry, field)
    if field.name in table.freshness:
        described |= {"freshness": table.freshness[field.name].model_dump(exclude_none=True)}
    constraints = _constraints(registry, field, unique=table.key == (field.name,))
    return described | ({"constraints": constraints} if constraints else {})


def _type(field: Field) -> dict[str, Any]:
    if field.type == "list":  # the text of v2 has a type `list`, its official profile refuses it
        return {"type": "string", "itemType": "string", "delimiter": ";"}
    if field.type == "boolean":
        return {"type": "boolean", "trueValues": ["true"], "falseValues": ["false"]}
    return {"type": field.type} | ({"decimals": field.decimals} if field.type == "number" else {})


def _texts(field: Field) -> dict[str, Any]:
    texts = {
        "description": field.description_zh,
        "description_en": field.description_en,
        "unit": field.unit,
        "example": field.example,
        "source": field.source,
        "since": field.since,
        "deprecated": field.deprecated,
    }
    return {key: text for key, text in texts.items() if text}


def _codes(registry: Registry, field: Field) -> dict[str, Any]:
    """The codes with their labels. Table Schema has categories for single values only."""
    name = "itemCategories" if field.type == "list" else "categories"
    return _categories(registry, field.codelist or "", name)


def _categories(registry: Registry, codelist: str, name: str = "categories") -> dict[str, Any]:
    entries = registry.codelists[codelist].entries
    categories = [{"value": e.code, "label": e.title_zh, "label_en": e.title_en} for e in entries]
    return {"codelist": codelist, name: categories}


def _constraints(registry: Registry, field: Field, *, unique: bool) -> dict[str, Any]:
    """In the words of Table Schema; the shape of a month is its type's. A list of codes becomes a pattern."""
    given: dict[str, Any] = {"unique": True} if unique else {}
    for constraint in field_constraints(registry, field):
        if constraint.kind in _WORDS:
            given |= {_WORDS[constraint.kind]: _said(constraint)}
    return given


_WORDS = {
    "required": "required",
    "codes": "enum",
    "code_list": "pattern",
    "pattern": "pattern",
    "min_length": "minLength",
    "max_length": "maxLength",
    "minimum": "minimum",
    "maximum": "maximum",
}


def _said(constraint: Constraint) -> Any:
    value = constraint.value
    match constraint.kind:
        case "required":
            return True
        case "codes":
            return list(value)
        case "code_list":
            return code_list_pattern(value)
        case "minimum" | "maximum":
            return int(value) if value == value.to_integral_value() else float(value)
    return value


def _foreign_key(table: Table, key: Any) -> dict[str, Any]:
    """An empty resource name is Table Schema's way to say "this same table"."""
    resource = "" if key.table == table.name else key.table
    return {"fields": list(key.fields), "reference": {"resource": resource, "fields": list(key.table_fields)}}
