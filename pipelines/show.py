"""How the doors print: tables for people on stdout, one JSON document for machines, progress on stderr."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table as Grid

from assets.workspace import Progress
from pipelines.run_outcome import Outcome
from pipelines.settings import Settings
from pipelines.views import as_json

_LOOKS = {"error": "red", "warning": "yellow", "info": "dim"}
_RESULTS = {
    "accepted": ("green", "通过 accepted"),
    "accepted_with_warnings": ("yellow", "通过，有提醒 accepted with warnings"),
    "rejected": ("red", "有错误需更正 has errors to correct"),
}
#: longest lists printed; --json has them whole
MOST = 60


def _out() -> Console:
    return Console(highlight=False, soft_wrap=False)


@contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """Says on stderr what is being done: a live line on a terminal, nothing in a pipe or for --json."""
    console = Console(stderr=True, highlight=False)
    if quiet or not console.is_terminal:
        yield lambda _: None
        return
    with console.status("准备 starting") as spinner:
        yield lambda text: spinner.update(text)


def _document(value: Any) -> None:
    print(as_json(value))


def _grid(title: str, *columns: str) -> Grid:
    grid = Grid(title=title, title_justify="left", header_style="bold", title_style="bold")
    for column in columns:
        grid.add_column(column, overflow="fold")
    return grid


def _row(grid: Grid, *cells: object) -> None:
    grid.add_row(*("" if cell is None else str(cell) for cell in cells))


def run(settings: Settings, outcome: Outcome, json_out: bool) -> None:
    """The outcome of a run."""
    if json_out:
        return _document(asdict(outcome))
    console = _out()
    _intake(console, outcome.intake)
    _release(console, outcome)
    for failure in outcome.failures:
        console.print(f"[red]未通过 failed[/red] {failure['step']}: {failure['message'] or failure['error']}")
    if not outcome.success:
        console.print(f"[red]未发布任何内容 Nothing was published.[/red] {settings.workspace_dir / 'last_run.json'}")


def _intake(console: Console, intake: dict[str, Any] | None) -> None:
    if not intake:
        return
    console.print(
        f"收件 received {intake['files']} files ({intake['gated']} checked now): "
        f"{intake['received']:,} rows = {intake['accepted']:,} accepted + {intake['quarantined']:,} in quarantine; "
        f"{intake['superseded']:,} replaced by later statements"
    )


def _release(console: Console, outcome: Outcome) -> None:
    release = outcome.release
    if not release:
        return
    if not any(d["changed"] for d in release["datasets"]):
        console.print(f"没有变化 Nothing changed: release {release['release_id']} stands, no new version.")
        return
    grid = _grid(f"发布 published: release {release['release_id']}", "dataset", "version", "table", "rows")
    for dataset in release["datasets"]:
        for number, (name, rows) in enumerate(dataset["rows"].items()):
            first = number == 0
            version = f"{dataset['version']}{'' if dataset['changed'] else ' (unchanged)'}"
            _row(grid, dataset["name"] if first else "", version if first else "", name, f"{rows:,}")
    console.print(grid)


def demo(result: dict[str, Any], json_out: bool) -> None:
    """What the demo made, found and published."""
    if json_out:
        return _document(result)
    console = _out()
    console.print(f"[bold]演示数据（虚构） Synthetic data[/bold]: {result['inbox']}, seed {result['seed']}")
    if "outcome" not in result:
        return
    outcome = Outcome(**result["outcome"])
    _intake(console, outcome.intake)
    _release(console, outcome)
    for failure in outcome.failures:
        console.print(f"[red]未通过 failed[/red] {failure['step']}: {failure['message'] or failure['error']}")
    if outcome.success:
        _demo_facts(console, result["facts"])
        _answer_key(console, result["answer_key"])
    console.print(f"用时 took {result['seconds']:.1f} s")


def _demo_facts(console: Console, facts: dict[str, Any]) -> None:
    console.print(
        f"{facts['providers']:,} providers 托育机构, {facts['places']:,} places 托位, "
        f"{len(facts['forms'])} service forms 服务类型: {'、'.join(facts['forms'])}"
    )
    console.print(f"白名单 whitelist: {facts['listed']:,} of {facts['decided']:,} ever filed; not listed 未列入:")
    grid = _grid("", "原因 reason", "", "providers")
    for reason in facts["not_listed"]:
        _row(grid, reason["title_zh"], reason["code"], reason["providers"])
    console.print(grid)


def _answer_key(console: Console, key: dict[str, Any]) -> None:
    good = not key["missed"] and not key["extra"]
    console.print(
        f"[{'green' if good else 'red'}]答案 answer key: {key['found']} of {key['expected']} wrong rows in quarantine "
        f"with the expected reason, {len(key['extra'])} others[/]"
    )
    for line in [*key["missed"], *key["extra"]][:MOST]:
        console.print(f"  [red]{line}[/red]")


def check(verdict: dict[str, Any], json_out: bool) -> None:
    """The verdict on a file, finding by finding."""
    if json_out:
        return _document(verdict)
    console = _out()
    colour, words = _RESULTS[verdict["result"]]
    for part in verdict["account"]:
        sheet = f" [{part['sheet']}]" if part["sheet"] else ""
        console.print(
            f"{verdict['file']}{sheet} → {part['table'] or '?'}: {part['received']:,} rows = "
            f"{part['accepted']:,} accepted + {part['quarantined']:,} held"
        )
    if verdict["findings"]:
        console.print(_findings(verdict["findings"]))
    if len(verdict["findings"]) > MOST:
        console.print(f"… {len(verdict['findings']) - MOST} more; --json prints all")
    console.print(f"[{colour}]{words}[/{colour}]  (rules {verdict['rules']}, as of {verdict['as_of']})")


def _findings(findings: list[dict[str, Any]]) -> Grid:
    grid = _grid("", "表/行 where", "列 column", "值 value", "问题 problem", "如何更正 remedy")
    for f in findings[:MOST]:
        where = " ".join(str(part) for part in (f["sheet"], f["row"]) if part)
        problem = f"[{_LOOKS[f['severity']]}]{f['says_zh']}[/] ({f['code']})"
        _row(grid, where, f["column"], f["value"], problem, f["advice_zh"])
    return grid


def status(found: dict[str, Any], json_out: bool) -> None:
    """Where things stand."""
    if json_out:
        return _document(found)
    console = _out()
    release = found["published"]
    if release is None:
        console.print("尚未发布 Nothing published yet. Run `tuoyu run`.")
    else:
        console.print(f"当前发布 current release: {release['release']} (seq {release['seq']})")
        for dataset in release["manifest"]["datasets"]:
            console.print(f"  {dataset['name']} {dataset['version']}: {sum(dataset['rows'].values()):,} rows")
    console.print(f"已收 received {found['received_files']} files; 收件箱待收 waiting {len(found['waiting_files'])}")
    if found["quarantine"]:
        grid = _grid("隔离区 quarantine", "table", "reason", "rows")
        for line in found["quarantine"]:
            _row(grid, line["table"], line["reason"], f"{line['rows']:,}")
        console.print(grid)
    if (last := found["last_run"]) and not last["success"]:
        console.print(f"[red]上次运行失败 the last run failed[/red] ({last['as_of']})")
        for failure in last["failures"]:
            console.print(f"  {failure['step']}: {failure['message']}")


def diff(found: dict[str, Any], json_out: bool) -> None:
    """Changes between two versions."""
    if json_out:
        return _document(found)
    console = _out()
    title = f"{found['dataset']} {found['old']} → {found['new']}: {len(found['changes']):,} changes"
    grid = _grid(title, "table", "change", "key", "field", "old", "new")
    for c in found["changes"][:MOST]:
        _row(grid, c["table_name"], c["change"], c["key"], c["field_name"], c["old_value"], c["new_value"])
    console.print(grid)
    if len(found["changes"]) > MOST:
        console.print(f"… {len(found['changes']) - MOST:,} more; --json prints all")


def tables(found: list[dict[str, Any]], json_out: bool) -> None:
    """The list of tables."""
    if json_out:
        return _document(found)
    grid = _grid("", "layer", "table", "标题", "title", "key")
    for t in found:
        _row(grid, t["layer"], t["table"], t["title_zh"], t["title_en"], ", ".join(t["key"]))
    _out().print(grid)


def table(found: dict[str, Any], json_out: bool) -> None:
    """One table's columns."""
    if json_out:
        return _document(found["schema"])
    described = found["table"]
    grid = _grid(
        f"{described.name} {described.title_zh} — {described.grain_zh}",
        "column",
        "标题",
        "type",
        "unit",
        "code list",
        "required",
        "public",
    )
    for c in found["columns"]:
        marks = ["✓" if c[k] else "" for k in ("required", "public")]
        _row(grid, c["column"], c["title_zh"], c["type"], c["unit"], c["codelist"], *marks)
    _out().print(grid)


def rules(found: list[dict[str, Any]], json_out: bool) -> None:
    """The list of rules."""
    if json_out:
        return _document(found)
    grid = _grid("", "code", "severity", "table", "column", "规则", "source", "evaluated")
    for r in found:
        evaluated = "✓" if r["evaluated"] else f"缺参数 needs {', '.join(r['missing_parameters'])}"
        _row(grid, r["code"], r["severity"], r["table"], r["column"], r["says_zh"], r["source"], evaluated)
    _out().print(grid)
