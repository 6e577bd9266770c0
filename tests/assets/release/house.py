"""A small house to publish from: two datasets, three open tables, no district of the real schemas."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb

from schemas.compile.duckdb import column_definitions
from schemas.compile.table_schema import RELEASE_CODELISTS
from schemas.model import (
    Code,
    CodeList,
    Constraints,
    Dataset,
    Field,
    FindingText,
    ForeignKey,
    Licence,
    Profile,
    Publisher,
    Table,
)
from schemas.registry import Registry, load

AS_OF = date(2026, 3, 31)

#: the findings that the constraints of a field can have
CODES = ("value-missing", "code-unknown", "value-type", "value-pattern", "value-too-short")
CODES += ("value-too-long", "value-below-minimum", "value-above-maximum", "key-duplicate")

PROVIDERS = [
    ("330108", "p1", "滨江托育园一", "all_day", "infant;small", True, 40, "2025-03", "2024-05-01", "88.50"),
    ("330108", "p2", '引号"与,逗号', "half_day", None, False, 25, "2025-04", None, None),
    ("330108", "p3", "第三\n行", None, "mixed", None, None, None, "2024-07-09", "0.05"),
]
CLASSES = [("330108", "p1", "infant", 10), ("330108", "p1", "small", 30), ("330108", "p2", "mixed", 25)]
FEES = [("330108", "p1", "3200.00"), ("330108", "p3", "2875.50")]


def field(name: str, type: str = "string", **given) -> Field:
    constraints = Constraints(**given.pop("constraints", {}))
    access = given.pop("access", "public")
    title = given.pop("title_zh", f"{name} 中文")
    return Field(
        name=name, type=type, title_zh=title, title_en=name, access=access, constraints=constraints, **given
    )


def codelist(name: str, *codes: str) -> CodeList:
    return CodeList(name=name, entries=tuple(Code(code=c, title_zh=f"{c}码", title_en=c) for c in codes))


def table(name: str, key: tuple[str, ...], fields: list[Field], **given) -> Table:
    fields = [f.model_copy(update={"required": f.required or f.name in key}) for f in fields]
    grain = {"grain_zh": "一行", "grain_en": "one row"}
    titles = {"title_zh": f"{name} 表", "title_en": name}
    given = {"layer": "open"} | titles | grain | given
    return Table(name=name, key=key, fields=tuple(fields), **given)


def dataset(name: str, *tables: str, **given) -> Dataset:
    texts = {
        "title_zh": f"{name} 数据集",
        "title_en": name,
        "description_zh": "说明",
        "description_en": "text",
    }
    return Dataset(name=name, tables=tables, cadence="monthly", keywords=("托育",), **texts | given)


def registry() -> Registry:
    """The contracts of the small house."""
    provider = table(
        "open_provider",
        ("area_code", "provider_id"),
        [
            field("area_code", constraints={"pattern": "[0-9]{6}"}),
            field("provider_id", constraints={"min_length": 2, "max_length": 20}),
            field("provider_name", required=True),
            field("service_form_code", codelist="service_form"),
            field("class_types", "list", codelist="class_type"),
            field("is_inclusive", "boolean"),
            field("place_count", "integer", constraints={"minimum": Decimal(0)}, unit="place"),
            field("opened_month", "yearmonth"),
            field("filed_on", "date"),
            field("quality_score", "number"),
        ],
    )
    of_provider = ForeignKey(
        fields=("area_code", "provider_id"), table="open_provider", table_fields=("area_code", "provider_id")
    )
    classes = table(
        "open_provider_class",
        ("area_code", "provider_id", "class_type_code"),
        [
            field("area_code"),
            field("provider_id"),
            field("class_type_code", codelist="class_type"),
            field("place_count", "integer"),
        ],
        foreign_keys=(of_provider,),
    )
    fees = table(
        "open_fee_posted",
        ("area_code", "provider_id"),
        [field("area_code"), field("provider_id"), field("fee_amount", "number", unit="CNY")],
        foreign_keys=(of_provider,),  # its table is in another package: not described there
    )
    profile = Profile(
        slug="testland",
        title_zh="测试区",
        title_en="Testland",
        publisher=Publisher(name_zh="测试区卫生健康局", name_en="Testland Health Bureau", contact="office"),
        licence=Licence(name="CC0-1.0", title="CC0 1.0"),
        synthetic=True,
    )
    return Registry(
        profile=profile,
        chain=(profile,),
        tables={t.name: t for t in (provider, classes, fees)},
        codelists={
            "service_form": codelist("service_form", "all_day", "half_day"),
            "class_type": codelist("class_type", "infant", "small", "mixed"),
            **{name: load("cn").codelists[name] for name in RELEASE_CODELISTS},
        },
        datasets={
            "fees": dataset("fees", "open_fee_posted"),
            "providers": dataset("providers", "open_provider", "open_provider_class"),
        },
        findings={
            code: FindingText(code=code, severity="error", says_zh="错", says_en="wrong") for code in CODES
        },
        indicators={},
        rulebook={},
        sources=(),
        fingerprint="f" * 64,
        _maps={},
        quality=load("cn").quality,
    )


def with_table(given: Registry, name: str, **update) -> Registry:
    """The same house with one contract changed."""
    changed = given.tables[name].model_copy(update=update)
    return replace(given, tables=given.tables | {name: changed})


def with_tables(given: Registry, **tables: Table) -> Registry:
    """The same house with more contracts."""
    return replace(given, tables=given.tables | tables)


def with_field(given: Registry, table_name: str, column: str, **update) -> Registry:
    """The same house with one column of one table changed."""
    fields = [f.model_copy(update=update) if f.name == column else f for f in given.tables[table_name].fields]
    return with_table(given, table_name, fields=tuple(fields))


def write_table(given: Registry, name: str, rows: list[tuple], folder: Path) -> None:
    """An open table as the build would leave it, in the order of ``rows``."""
    folder.mkdir(parents=True, exist_ok=True)
    contract = given.tables[name]
    con = duckdb.connect()
    con.execute(f"CREATE TABLE {name} ({column_definitions(contract.fields)})")
    marks = ", ".join("?" for _ in contract.fields)
    if rows:
        con.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    con.execute(f"COPY {name} TO '{folder / name}.parquet' (FORMAT parquet)")


def write_open(given: Registry, folder: Path, **rows: list[tuple]) -> Path:
    """All open tables of the small house; rows by table name replace the usual ones."""
    usual = {"open_provider": PROVIDERS, "open_provider_class": CLASSES, "open_fee_posted": FEES}
    for name in (t.name for t in given.layer("open")):
        write_table(given, name, (usual | rows)[name], folder)
    return folder


def tree(root: Path) -> dict[str, bytes]:
    """Every published file with its bytes."""
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}
