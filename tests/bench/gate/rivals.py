"""Rivals in an environment of their own (requirements.txt beside this file); nothing of ours is imported here.

What belongs here: one function a tool, (file, folder, spec, settings) -> what it counted. What does not: measuring.
"""

from __future__ import annotations

from pathlib import Path


def pandera(file: Path, out: Path, spec: dict, given: dict) -> dict:
    """pandera on polars, lazily: all failures, with the row where it gives one."""
    import pandera.polars as pa
    import polars as pl

    names = [c["name"] for c in spec["columns"]]
    frame = pl.read_csv(file, infer_schema=False, new_columns=names, truncate_ragged_lines=True)
    kinds = {"integer": pl.Int64, "number": pl.Float64, "date": pl.Date}
    typed = []
    for column in spec["columns"]:
        text = pl.col(column["name"])
        if column["type"] == "date":
            typed.append(text.str.to_date("%Y-%m-%d", strict=False).alias(f"{column['name']}_value"))
        elif column["type"] in kinds:
            typed.append(text.cast(kinds[column["type"]], strict=False).alias(f"{column['name']}_value"))
    frame = frame.with_columns(typed)
    columns = {}
    for column in spec["columns"]:
        texts = [pa.Check.str_matches(column["pattern"])] if column["pattern"] else []
        if column["type"] == "integer":
            texts.append(pa.Check.str_matches("^-?(0|[1-9][0-9]*)$"))
        columns[column["name"]] = pa.Column(pl.String, texts, nullable=not column["required"])
        if column["type"] in kinds:
            low, high = column["minimum"], column["maximum"]
            checks = [pa.Check.ge(low)] if low is not None else []
            checks += [pa.Check.le(high)] if high is not None else []
            required = column["required"]
            columns[f"{column['name']}_value"] = pa.Column(kinds[column["type"]], checks, nullable=not required)
    try:
        pa.DataFrameSchema(columns, unique=spec["key"]).validate(frame, lazy=True)
    except pa.errors.SchemaErrors as errors:
        return {"failures": errors.failure_cases.height}
    return {"failures": 0}


def soda(file: Path, out: Path, spec: dict, given: dict) -> dict:
    """soda-core on DuckDB: a contract over a table of text, which it counts."""
    import duckdb
    from soda_core.contracts import verify_contract_locally

    database = out / "soda.duckdb"
    columns = ", ".join(f"'{c['name']}': 'VARCHAR'" for c in spec["columns"])
    with duckdb.connect(str(database), config={"threads": given["threads"]}) as con:
        con.execute(
            f"CREATE TABLE reports AS FROM read_csv('{file}', auto_detect=false, header=true, delim=',', quote='\"', "
            f"escape='\"', columns={{{columns}}}, ignore_errors=true)"
        )
    source, contract = out / "source.yml", out / "contract.yml"
    source.write_text(
        f"type: duckdb\nname: bench\nconnection:\n  database: {database}\n  configuration:\n"
        f'    threads: "{given["threads"]}"\n'
    )
    contract.write_text(_contract(spec))
    result = verify_contract_locally(data_source_file_path=str(source), contract_file_path=str(contract), publish=False)
    checks = [c for r in result.contract_verification_results for c in r.check_results]
    if not checks or any("NOT_EVALUATED" in str(c.outcome) for c in checks):
        raise RuntimeError(f"soda evaluated {len(checks)} checks: {result.get_errors_str()}")
    return {"checks": len(checks), "failed": sum("FAILED" in str(c.outcome) for c in checks)}


def _contract(spec: dict) -> str:
    """A contract in soda's own language."""
    lines = ["dataset: bench/main/reports", "columns:"]
    for column in spec["columns"]:
        name = column["name"]
        lines += [f"  - name: {name}", "    checks:"]
        checks = ["      - missing:"] if column["required"] else []
        pattern = {
            "integer": "^-?(0|[1-9][0-9]*)$",
            "number": "^-?[0-9]+([.][0-9]+)?$",
            "date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        }.get(column["type"]) or column["pattern"]
        checks.append(
            f"      - invalid:\n          valid_format:\n            name: {name}\n            regex: '{pattern}'"
        )
        for limit, sign in (("minimum", "<"), ("maximum", ">")):
            if column[limit] is not None:
                checks.append(
                    f"      - failed_rows:\n          qualifier: {limit}\n          expression: "
                    f"TRY_CAST({name} AS DOUBLE) {sign} {column[limit]}"
                )
        lines += checks
    lines += ["checks:", "  - duplicate:", f"      columns: [{', '.join(spec['key'])}]"]
    return "\n".join(lines) + "\n"
