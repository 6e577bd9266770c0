"""Dagster assets made from contracts and SQL files: one asset a table, one check a rule.

What belongs here: turning steps into assets, and their outcomes into metadata a person can read in the
UI. What does not: the steps themselves (build.py, raw/, release/), jobs and schedules (pipelines/).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb

from assets.build import Built, History, TableRefused, build_table, inputs, path_of
from assets.lineage import sql_files, table_sql
from assets.plots import plot
from assets.quality_report import build_quality_report
from assets.raw.answers import build_answers
from assets.raw.intake import build_intake
from assets.raw.receive import ledger, receive
from assets.raw.standing import build_standing
from assets.release.step import build_release
from assets.release.stores import Store
from assets.unsaid import unsaid
from assets.workspace import Context
from quality.checks import CheckResult, worst
from quality.opinions import Opinion, opinions
from quality.suites import DISAGREE
from schemas.compile.duckdb import column_type, literal
from schemas.compile.rules import row_rules
from schemas.model import Field, FindingText, Table
from schemas.registry import Registry

RECEIVED = "received_files"
ANSWERS = "answers"
PREVIEW_ROWS = 5
ACCOUNT = ("received", "accepted", "quarantined")

#: the context of a run, made when the run starts (its date may be today's)
MakeContext = Callable[[dg.AssetExecutionContext], Context]


def all_assets(
    registry: Registry,
    make_context: MakeContext,
    *,
    inbox: Path,
    published: Store,
    clock: Callable[[], str],
    sql: Mapping[str, str] | None = None,
) -> list[dg.AssetsDefinition]:
    """Every asset of the house. ``sql`` replaces the SELECT of tables by name."""
    replaced = dict(sql or {})
    tables = [
        _table_asset(registry, registry.tables[name], replaced.get(name) or table_sql(name), make_context)
        for name in sql_files()
    ]
    received = _received_asset(make_context, inbox, clock)
    return [
        received,
        _intake_assets(registry, make_context),
        _answers_asset(registry, make_context),
        *tables,
        _release_assets(registry, make_context, published),
    ]


def _received_asset(make_context: MakeContext, inbox: Path, clock: Callable[[], str]) -> dg.AssetsDefinition:
    @dg.asset(name=RECEIVED, group_name="raw", kinds={"file"}, description=_RECEIVED_TEXT)
    @unsaid
    def received_files(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        ctx = make_context(context)
        receipts = receive(inbox, ctx.workspace, ctx.as_of, clock, ctx.limits.file_bytes)
        counts = {"new_files": len(receipts), "all_files": len(ledger(ctx.workspace))}
        return dg.MaterializeResult(metadata=counts | {"as_of": ctx.as_of.isoformat()})

    return received_files


_RECEIVED_TEXT = "收到的文件：按内容哈希保存，只增不改。Files as received, kept by content hash; append only."


def _intake_assets(registry: Registry, make_context: MakeContext) -> dg.AssetsDefinition:
    tables = [*registry.layer("intake"), *registry.layer("held"), *registry.layer("identity")]
    specs = [
        dg.AssetSpec(
            t.name,
            deps=[RECEIVED],
            group_name="raw",
            kinds={"duckdb", "parquet"},
            description=_description(t),
            metadata=_static_metadata(t),
        )
        for t in tables
    ]

    @dg.multi_asset(name="gate", specs=specs)
    @unsaid
    def gate(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        """Judges what was received; one materialisation a table, with its account."""
        ctx = make_context(context)
        result = build_intake(ctx)
        build_standing(ctx)
        report = build_quality_report(ctx)
        for table in tables:
            metadata = {"dagster/row_count": result.tables[table.name], **_account(ctx, table), **_preview(ctx, table)}
            metadata |= _still_open(report, table)
            yield dg.MaterializeResult(asset_key=table.name, metadata=metadata)

    return gate


def _answers_asset(registry: Registry, make_context: MakeContext) -> dg.AssetsDefinition:
    tables = [t.name for t in registry.layer("intake")]

    @dg.asset(name=ANSWERS, group_name="raw", kinds={"excel"}, deps=tables, description=_ANSWERS_TEXT)
    @unsaid
    def answers(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        made = build_answers(make_context(context))
        counts = {"answers": len(made.files), "written": made.written, "removed": made.removed}
        return dg.MaterializeResult(metadata=counts | {"failed": len(made.failed)} | made.ways)

    return answers


_ANSWERS_TEXT = "给报送单位的答复：标出问题的工作簿，按单位存放。Answers to the senders: their workbooks, marked up."


def _table_asset(registry: Registry, table: Table, sql: str, make_context: MakeContext) -> dg.AssetsDefinition:
    @dg.asset(
        name=table.name,
        group_name=table.layer,
        deps=inputs(sql),
        kinds={"duckdb", "sql"},
        description=f"{_description(table)}\n\n```sql\n{sql}\n```",
        metadata=_static_metadata(table),
        check_specs=_check_specs(registry, table),
    )
    @unsaid
    def table_asset(context: dg.AssetExecutionContext) -> Iterator[Any]:
        """Builds the table; its checks are reported also when they refuse it."""
        ctx = make_context(context)
        try:
            built = build_table(ctx, table.name, sql)
        except TableRefused as refused:
            yield from _check_events(refused.results)  # what was before is in the state of the last good build
            raise dg.Failure(str(refused), allow_retries=False) from None
        yield from _check_events(built.checks, built.history)
        yield dg.MaterializeResult(metadata=_outcome(ctx, table, built))

    return table_asset


def _release_assets(registry: Registry, make_context: MakeContext, published: Store) -> dg.AssetsDefinition:
    specs = [
        dg.AssetSpec(
            f"release_{d.name}",
            deps=list(d.tables),
            group_name="release",
            kinds={"csv", "parquet"},
            skippable=True,
            description=f"**{d.title_zh}** {d.title_en}\n\n{d.description_zh}\n\n{d.description_en}",
        )
        for d in registry.datasets.values()
    ]

    @dg.multi_asset(name="release", specs=specs)
    @unsaid
    def release(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
        result = build_release(make_context(context), published)
        for dataset in result["datasets"]:
            metadata = {k: dataset[k] for k in ("version", "changed", "bump")} | {"release": result["release_id"]}
            metadata |= {f"rows/{table}": rows for table, rows in dataset["rows"].items()}
            metadata |= {"confirmed": dataset["confirmed"]} if dataset.get("confirmed") else {}
            yield dg.MaterializeResult(asset_key=f"release_{dataset['name']}", metadata=metadata)

    return release


def _check_specs(registry: Registry, table: Table) -> list[dg.AssetCheckSpec]:
    """One check a rule: those of its contract, then what people expect of it."""
    columns: dict[str, list[str]] = {"key-duplicate": list(table.key)}
    for rule in row_rules(registry, table, date.max):
        columns.setdefault(rule.code, []).append(rule.column)
    if table.layer == "open":
        columns[DISAGREE] = []
    rules = [_check_spec(table, code, registry.finding(code), about) for code, about in columns.items()]
    return rules + [_check_spec(table, o.code, o, []) for o in opinions(table.name) if o.code not in columns]


def _check_spec(table: Table, code: str, text: FindingText | Opinion, columns: list[str]) -> dg.AssetCheckSpec:
    """What a rule says when it fails, of all the columns it looks at."""
    fields = [table.field(c) for c in dict.fromkeys(columns)]
    says_zh = text.says_zh.replace("{column}", "、".join(f.title_zh for f in fields))
    says_en = text.says_en.replace("{column}", ", ".join(f.title_en for f in fields))
    # a limit differs from column to column: it stands with the column
    description = re.sub(r"\{\w+\}", "…", f"{says_zh}\n\n{says_en}")
    return dg.AssetCheckSpec(
        _check_name(code), asset=table.name, description=description, blocking=text.severity == "error"
    )


def _check_name(code: str) -> str:
    return code.replace("-", "_")


def _check_events(results: list[CheckResult], history: History = ()) -> Iterator[dg.AssetCheckResult]:
    """One check a rule, as Dagster shows it: counts by column, what it is held to, words and a picture; never a value.

    What crashed or was not evaluated has not passed, and says so in words of its own."""
    for code in dict.fromkeys(r.code for r in results):
        of_rule = [r for r in results if r.code == code]
        told = worst(of_rule)
        whole = replace(told, failed_count=sum(r.failed_count for r in of_rule))
        before = [(day, sum(failed.get(r.name, 0) for r in of_rule)) for day, failed in history]
        kept = told.passed and not whole.failed_count
        yield dg.AssetCheckResult(
            check_name=_check_name(code),
            asset_key=told.table,
            passed=told.passed,
            severity=dg.AssetCheckSeverity.ERROR if told.blocks else dg.AssetCheckSeverity.WARN,
            description="全部符合 no row fails" if kept else f"{told.description_zh}\n\n{told.description_en}",
            metadata=_numbers(whole, of_rule) | {"plot": dg.MetadataValue.md(plot(whole, before))},
        )


def _numbers(told: CheckResult, of_rule: list[CheckResult]) -> dict[str, Any]:
    """The figures of a check. ``share``: of the rows it looked at, those that fail."""
    evaluated = max(r.evaluated_count for r in of_rule)
    numbers: dict[str, Any] = {"state": told.state, "failed": told.failed_count, "evaluated": evaluated}
    numbers["share"] = round(told.failed_count / evaluated, 6) if evaluated else 0.0
    numbers |= {"threshold": _held_to(told), "source": told.source, "dq": told.dq or ""}
    numbers |= {name: told.threshold[name] for name in ("observed", "last") if told.threshold.get(name) is not None}
    return numbers | {f"failed/{r.column}": r.failed_count for r in of_rule if r.failed_count and r.column}


def _held_to(told: CheckResult) -> str:
    """A limit, and the dated figures behind it."""
    figures = told.threshold.get("parameters", ())
    dated = (f"{f['code']} = {f['value']} {f['unit']} ({f['valid_from']})" for f in figures)
    return "; ".join(filter(None, [told.threshold.get("limit", ""), *dated]))


def _description(table: Table) -> str:
    return f"**{table.title_zh}** {table.title_en}\n\n{table.grain_zh}\n\n{table.grain_en}"


def _static_metadata(table: Table) -> dict[str, Any]:
    """What a contract says before any run: the columns with types and Chinese titles."""
    columns = [
        dg.TableColumn(
            f.name,
            column_type(f),
            description=f"{f.title_zh} {f.title_en}",
            tags={k: v for k in ("access", "unit", "codelist") if (v := getattr(f, k))},
            constraints=dg.TableColumnConstraints(not f.required, table.key == (f.name,), _limits(f)),
        )
        for f in table.fields
    ]
    return {"dagster/column_schema": dg.TableSchema(columns=columns)}


def _limits(field: Field) -> list[str]:
    return [f"{name} {limit}" for name, limit in field.constraints if limit is not None]


def _account(ctx: Context, table: Table) -> dict[str, int]:
    """Rows of a table that all files held, and how many of them wait in quarantine."""
    account = literal(str(ctx.workspace.account))
    sums = ", ".join(f"CAST(coalesce(sum({c}), 0) AS BIGINT)" for c in ACCOUNT)
    with duckdb.cursor() as con:  # of the one engine of this process: making one takes longer than the answer
        counts = con.execute(f'SELECT {sums} FROM read_parquet({account}) WHERE "table" = ?', [table.name]).fetchone()
    return dict(zip(ACCOUNT, counts, strict=True))


def _still_open(report: dict[str, Any], table: Table) -> dict[str, int]:
    """Findings about a table that no later file has answered and no correction waives."""
    counts = next((line["open"] for line in report["by_table"] if line["table"] == table.name), {})
    return {"open_errors": counts.get("error", 0), "open_warnings": counts.get("warning", 0)}


def _outcome(ctx: Context, table: Table, built: Built) -> dict[str, Any]:
    return {"dagster/row_count": built.rows, "changed": built.changed, **_preview(ctx, table)}


def _may_show(table: Table, field: Field) -> bool:
    """Public columns. Before a table is open no free text, for an address may be somebody's home, and no number, for
    a count may be too small to be told and a fee a survey respondent's own; of what is measured nothing at all."""
    if table.layer == "open" or field.access != "public":
        return field.access == "public"
    is_free = field.type in ("integer", "number") or (field.type == "string" and not field.codelist)
    return table.layer != "measure" and (field.name in table.key or not is_free)


_NOT_SHOWN = "不预览：保密处理之前的数。 Not shown: figures before disclosure control."


def _preview(ctx: Context, table: Table) -> dict[str, Any]:
    """A few rows: Dagster's database is read by more people than the workspace."""
    public = [f.name for f in table.fields if _may_show(table, f)]
    if not public:
        return {"preview": dg.MetadataValue.md(_NOT_SHOWN)}
    path = literal(str(path_of(ctx, table.name)))
    columns = ", ".join(f'CAST("{c}" AS VARCHAR) AS "{c}"' for c in public)
    with duckdb.cursor() as con:  # of the one engine of this process: making one takes longer than the answer
        found = con.execute(f"SELECT {columns} FROM read_parquet({path}) LIMIT {PREVIEW_ROWS}")
        lines = [["" if v is None else v.replace("|", "\\|") for v in row] for row in found.fetchall()]
    head = [f"| {' | '.join(public)} |", f"|{'---|' * len(public)}"]
    return {"preview": dg.MetadataValue.md("\n".join([*head, *(f"| {' | '.join(r)} |" for r in lines)]))}
