"""The limit and the gate, and the rivals that live in the product's own environment. Each runs in a process of its own.

What belongs here: one function a tool, (file, folder, spec, settings) -> what it counted. What does not: measuring.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

Counts = dict[str, Any]


def limit(file: Path, out: Path, spec: dict, given: dict) -> Counts:
    """Plain DuckDB: typed columns, all predicates in one WHERE, Parquet. It says neither which row nor why."""
    import duckdb

    from quality.normalise import install_macros

    columns = ", ".join(f"'{c['name']}': '{c['sql']}'" for c in spec["columns"])
    good = " AND ".join(f"({p}) IS NOT TRUE" for p in (*spec["predicates"], *spec["suspicions"]))
    config = {"threads": given["threads"]} | ({"memory_limit": given["memory"]} if given["memory"] else {})
    with duckdb.connect(config=config) as con:
        con.execute("SET enable_progress_bar = false")
        install_macros(con)
        accepted = con.execute(
            f"COPY (SELECT * FROM read_csv('{file}', auto_detect=false, header=true, delim=',', quote='\"', "
            f"escape='\"', columns={{{columns}}}, ignore_errors=true) WHERE {good}) TO '{out}/accepted.parquet' "
            "(FORMAT parquet, COMPRESSION zstd, WRITE_BLOOM_FILTER false)"
        ).fetchone()[0]
    return {"accepted": accepted}


def gate(file: Path, out: Path, spec: dict, given: dict) -> Counts:
    """Our gate as the pipeline calls it: reasons, quarantine, coordinates, account."""
    from quality.gate import check_file, gate_engine
    from quality.limits import Limits
    from schemas.registry import load
    from tests.bench.gate.spec import AS_OF

    large = Limits(file_bytes=1 << 40, unpacked_bytes=1 << 40, cells=1 << 50)
    with gate_engine(given["threads"], given["memory"], out) as engine:
        result = check_file(
            load("binjiang"), file, name=file.name, sha256="0" * 64, received_on=AS_OF, as_of=AS_OF,
            out_dir=out / "gate", engine=engine, limits=large,
        )  # fmt: skip
    return {"accepted": result.accepted, "held": result.quarantined, "findings": result.finding_count}


def calamine(file: Path, out: Path, spec: dict, given: dict) -> Counts:
    """python-calamine alone: every cell of a workbook."""
    import python_calamine

    with python_calamine.CalamineWorkbook.from_path(file) as book:
        return {"rows": sum(len(book.get_sheet_by_name(name).to_python()) for name in book.sheet_names)}


def frictionless(file: Path, out: Path, spec: dict, given: dict) -> Counts:
    """frictionless with the contract's Table Schema; it stops after so many errors, so there is no limit."""
    from frictionless import Checklist, Dialect, Resource, Schema, system

    system.trusted = True
    schema = Schema.from_descriptor(spec["schema"])
    for field, column in zip(schema.fields, spec["columns"], strict=True):
        field.name = column["title"]
    titles = {c["name"]: c["title"] for c in spec["columns"]}
    schema.primary_key = [titles[k] for k in spec["key"]]
    resource = Resource(path=file.name, basepath=str(file.parent), schema=schema, dialect=Dialect(), encoding="utf-8")
    report = resource.validate(Checklist(), limit_errors=10**9)
    return {"errors": sum(task.stats["errors"] for task in report.tasks)}


def gx(file: Path, out: Path, spec: dict, given: dict) -> Counts:
    """Great Expectations on pandas: the same constraints, counted a column at a time."""
    import great_expectations
    import pandas
    from great_expectations import expectations as e
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    frame = pandas.read_csv(file, dtype=str, on_bad_lines="skip", header=0, names=[c["name"] for c in spec["columns"]])
    held = [e.ExpectCompoundColumnsToBeUnique(column_list=spec["key"])]
    for column in spec["columns"]:
        name, kind = column["name"], column["type"]
        whole = r"^-?(0|[1-9][0-9]*)$" if kind == "integer" else r"^-?[0-9]+([.][0-9]+)?$"
        if kind in ("integer", "number"):
            held.append(e.ExpectColumnValuesToMatchRegex(column=name, regex=whole))
            frame[f"{name}_value"] = pandas.to_numeric(frame[name], errors="coerce")
            held.append(
                e.ExpectColumnValuesToBeBetween(
                    column=f"{name}_value", min_value=column["minimum"], max_value=column["maximum"]
                )
            )
        if kind == "date":
            held.append(e.ExpectColumnValuesToMatchStrftimeFormat(column=name, strftime_format="%Y-%m-%d"))
        if column["required"]:
            held.append(e.ExpectColumnValuesToNotBeNull(column=name))
        if column["pattern"]:
            held.append(e.ExpectColumnValuesToMatchRegex(column=name, regex=column["pattern"]))
    batch = (
        context.data_sources.add_pandas("bench")
        .add_dataframe_asset("reports")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": frame})
    )
    suite = great_expectations.ExpectationSuite(name="contract", expectations=held)
    result = batch.validate(suite, result_format="SUMMARY")
    crashed = [r for r in result.results if "exception_traceback" in str(r.exception_info) and not r.result]
    if crashed:
        raise RuntimeError(f"{len(crashed)} expectations crashed")
    return {"unexpected": sum(r.result.get("unexpected_count") or 0 for r in result.results)}
