"""How the doors print: lines for people on stdout, one JSON document for machines, failures on stderr.

What belongs here: what each command says, and in which order. What does not: where it comes from (views.py),
how it is laid out (terminal.py)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console

from assets.workspace import Workspace
from pipelines.run_outcome import Outcome
from pipelines.settings import Settings
from pipelines.show_findings import open_line
from pipelines.show_verify import signed
from pipelines.terminal import columns, console, say
from pipelines.views import as_json

#: changes printed; --json has them all
MOST = 60


def document(value: Any) -> None:
    """One JSON document."""
    print(as_json(value))


def run(settings: Settings, outcome: Outcome, json_out: bool) -> None:
    """The outcome of a run."""
    if json_out:
        return document(asdict(outcome))
    out = console()
    _intake(out, outcome.intake)
    open_line(out, outcome.standing)
    _answers(settings, out, outcome.answers)
    _release(out, outcome.release)
    if outcome.reason_needed is False:
        say(out, "理由没有用到，没有公布 the reason was not needed and is not published", lead="--confirm: ")
    failures(settings, outcome)


def _answers(settings: Settings, out: Console, answers: dict[str, Any] | None) -> None:
    """Where the answers to the senders lie, and on stderr those that could not be made."""
    if answers and answers["files"]:
        senders = len({answer["sender"] for answer in answers["files"]})
        folder = short(Workspace(settings.workspace_dir).answers)
        text = f"答复 answers: {len(answers['files']):,} 份 files, {senders:,} 个单位 senders: {folder}"
        out.print(text, soft_wrap=True)  # a path is not torn apart
    for name in answers["failed"] if answers else []:
        say(console(stderr=True), name, lead="未能生成答复 no answer could be made for: ", style="red")


def _intake(out: Console, intake: dict[str, Any] | None) -> None:
    if not intake:
        return
    say(
        out,
        f"{intake['files']:,} 文件 files, {intake['received']:,} 行 rows = "
        f"{intake['accepted']:,} 通过 accepted + {intake['quarantined']:,} 隔离 held",
        lead="收件 received: ",
    )
    if intake.get("refused"):
        say(out, f"{intake['refused']:,} 个文件 files (tuoyu status)", lead="未收 not taken in: ", style="red")


def _release(out: Console, release: dict[str, Any] | None) -> None:
    if not release:
        return
    if not any(d["changed"] for d in release["datasets"]):
        return say(out, f"没有变化 Nothing changed: release {release['release_id']} stands, no new version.")
    out.print(f"发布 published: release {release['release_id']}")
    rows = [
        (d["name"], d["version"], "" if d["changed"] else "未变 unchanged", _counts(d["rows"].items()))
        for d in release["datasets"]
    ]
    kept = any(row[2] for row in rows)
    columns(out, [row if kept else (*row[:2], row[3]) for row in rows])
    say(out, signed(release["signed_by"]), lead="签名 signature: ")


def _counts(counts: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {rows:,}" for name, rows in counts)


def failures(settings: Settings, outcome: Outcome) -> None:
    """What stopped a run, on stderr, in its first line; the report has the rest."""
    if outcome.success:
        return
    out = console(stderr=True)
    for failure in outcome.failures:
        said = (failure["message"] or failure["error"] or "unknown").splitlines()[0]
        say(out, f"{failure['step']}: {said}", lead="未通过 failed: ", style="red")
    report = short(settings.workspace_dir / "last_run.json")
    out.print(f"没有发布任何内容，详见 Nothing was published; see {report}", style="red", soft_wrap=True)


def short(path: Path) -> str:
    """A path as seen from here, if it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def demo(settings: Settings, result: dict[str, Any], json_out: bool) -> None:
    """What the demo made, found and published."""
    if json_out:
        return document(result)
    out = console()
    inbox = short(Path(result["inbox"]))
    out.print(f"演示数据（虚构） synthetic data: {inbox}, seed {result['seed']}", soft_wrap=True)
    if "outcome" not in result:
        return
    outcome = Outcome(**result["outcome"])
    _intake(out, outcome.intake)
    _answers(settings, out, outcome.answers)
    _release(out, outcome.release)
    failures(settings, outcome)
    if outcome.success:
        facts(out, result["facts"])
        answer_key(out, result["answer_key"])
    out.print(f"用时 took {result['seconds']:.1f} s")


def facts(out: Console, facts: dict[str, Any]) -> None:
    """The figures of the consultation, and who is not listed for which reason."""
    say(
        out,
        f"{facts['providers']:,} 家机构 providers, {facts['places']:,} 个托位 places, "
        f"{len(facts['forms'])} 种服务类型 service forms:",
    )
    columns(out, [(f["providers"], f["places"], f"{f['title_zh']} {f['code']}") for f in facts["forms"]], right=(0, 1))
    say(out, f"{facts['listed']:,} 家 listed of {facts['decided']:,} ever filed; 未列入 not listed, by reason:",
        lead="白名单 whitelist: ")  # fmt: skip
    columns(out, [(r["providers"], f"{r['title_zh']} {r['code']}") for r in facts["not_listed"]], right=(0,))


def answer_key(out: Console, key: dict[str, Any]) -> None:
    """How many wrong rows were held as the generator expects, and each that was not."""
    good = not key["missed"] and not key["extra"]
    say(
        out,
        f"{key['found']} of {key['expected']} 错行 wrong rows held as expected, {len(key['extra'])} 其他 others",
        lead="答案 answer key: ",
        style="green" if good else "red",
    )
    for line in [*key["missed"], *key["extra"]][:MOST]:
        say(out, line, lead="  ", style="red")


def status(found: dict[str, Any], json_out: bool) -> None:
    """Where things stand."""
    if json_out:
        return document(found)
    out = console()
    release = found["published"]
    if release is None:
        say(out, "尚未发布 Nothing published yet. Put files into the inbox and run: tuoyu run")
    else:
        out.print(f"当前发布 current release: {release['release']}, as of {release['manifest']['as_of']}")
        say(out, signed(release.get("signed_by")), lead="签名 signature: ")
        datasets = release["manifest"]["datasets"]
        columns(out, [(d["name"], d["version"], _counts(d["rows"].items())) for d in datasets])
        _quality(out, found["quality"])
    _intake(out, found["intake"])
    open_line(out, found["standing"])
    unchecked = found["received_files"] - (found["intake"] or {"files": 0})["files"]
    if unchecked:
        say(out, f"已收未检 received and not yet checked: {unchecked:,} 个文件 files")
    say(out, f"{len(found['waiting_files']):,} 个文件 files", lead="待收 waiting in the inbox: ")
    if found["quarantine"]:
        out.print("隔离区 quarantine, rows by reason:")
        by_table = groupby(found["quarantine"], lambda line: line["table"])
        columns(out, [(table, _counts((x["reason"], x["rows"]) for x in lines)) for table, lines in by_table])
    if (last := found["last_run"]) and not last["success"]:
        say(out, f"as of {last['as_of']}", lead="上次运行失败 the last run failed: ", style="red")
        for failure in last["failures"]:
            say(out, f"{failure['step']}: {(failure['message'] or failure['error']).splitlines()[0]}", lead="  ")


def _quality(out: Console, found: dict[str, Any]) -> None:
    """The checks of what is published, of all current versions; what was held back of the reports received."""
    counts = Counter({state: 0 for state in ("failed", "crashed", "warned", "not_evaluated")})
    total = 0
    for one in found.values():
        counts.update({state: one["checks_of_published"][state] for state in counts})
        total += sum(one["checks_of_published"].values())
    words = ", ".join(f"{state} {n:,}" for state, n in counts.items())
    said = f"对公布的数据 of what is published: {total:,} 项检查 checks ({words}): tuoyu quality"
    say(out, said, lead="质量 quality: ")


def tables(found: list[dict[str, Any]], json_out: bool) -> None:
    """The list of tables, by layer."""
    if json_out:
        return document(found)
    out = console()
    for layer, members in groupby(found, lambda t: t["layer"]):
        out.print(layer, style="bold")
        columns(out, [(t["table"], f"{t['title_zh']} {t['title_en']}") for t in members])


def table(found: dict[str, Any], json_out: bool) -> None:
    """One table's columns."""
    if json_out:
        return document(found["schema"])
    out, shown = console(), found["table"]
    say(out, f"{shown.name} {shown.title_zh} {shown.title_en}", style="bold")
    say(out, shown.grain_zh)
    say(out, shown.grain_en, style="dim")
    say(out, ", ".join(shown.key), lead="主键 key: ")
    rows = [
        (c["column"], c["title_zh"], "●" if c["required"] else "", "●" if c["public"] else "", _type(c))
        for c in found["columns"]
    ]
    columns(out, [("column", "标题 title", "必填", "公开", "type"), *rows])
    say(out, "必填 required · 公开 public", style="dim")


def _type(c: dict[str, Any]) -> str:
    if c["codelist"]:
        return f"{'some' if c['type'] == 'list' else 'one'} of {c['codelist']}"
    return c["type"] + (f" ({c['unit']})" if c["unit"] else "")


#: how a rule of the rule book stands -> style, words
_STATES = {
    "evaluated": ("green", "已评估 evaluated"),
    "partly": ("yellow", "部分评估 partly evaluated"),
    "not_evaluated": ("yellow", "未评估 not evaluated"),
    "elsewhere": ("green", "另行把关 looked after elsewhere"),
    "not_adopted": ("dim", "本地区未采用 not adopted here"),
    "left_out": ("dim", "未纳入 left out"),
}


def rules(told: dict[str, Any], json_out: bool) -> None:
    """The rule book, then the rules with words of their own by table, then constraints of columns, counted."""
    if json_out:
        return document(told)
    out = console()
    out.print(f"规则手册 rule book: {len(told['book'])}, {told['profile']}, 截至 as of {told['as_of']}", style="bold")
    for entry in told["book"]:
        _book_rule(out, entry)
    own = sorted((r for r in told["rules"] if not r["of_a_column"]), key=lambda r: r["table"])
    for name, members in groupby(own, lambda r: r["table"]):
        out.print(name, style="bold")
        for r in members:
            _rule(out, r)
    out.print("单列约束 constraints of single columns (see: tuoyu schema show TABLE)", style="bold")
    counted = Counter(r["code"] for r in told["rules"] if r["of_a_column"])
    columns(out, [(code, n) for code, n in sorted(counted.items())])


def _book_rule(out: Console, entry: dict[str, Any]) -> None:
    """One rule of the rule book: what it says, what looks after it, and what of it is open."""
    style, state = _STATES[entry["state"]]
    said = (entry["severity"], _source(entry), f"GB/T 36344 {entry['dq']}", state)
    say(out, " · ".join(said), lead=f"  {entry['id']} ", style=style)
    say(out, f"{entry['zh']} {entry['en']}", lead="    ")
    if found := [*entry["codes"], *entry["where"]]:
        say(out, ", ".join(found), lead="    = ")
    if entry["missing_parameters"]:
        say(out, f"缺少参数 needs {', '.join(entry['missing_parameters'])}", lead="    ", style="yellow")
    if entry["note_zh"]:
        say(out, f"{entry['note_zh']} {entry['note_en']}", lead="    ", style="dim")


def _source(rule: dict[str, Any]) -> str:
    """The law or standard a rule comes from."""
    return rule["source"].replace("project", "本项目 project")


def _rule(out: Console, r: dict[str, Any]) -> None:
    said = (r["code"], r["severity"], r["column"], _source(r), r["dq"], *r["implements"])
    say(out, " · ".join(filter(None, said)), lead="  ")
    say(out, r["says_zh"], lead="    ")
    if not r["evaluated"]:
        say(out, f"未评估，缺少参数 not evaluated, needs {', '.join(r['missing_parameters'])}", lead="    ",
            style="yellow")  # fmt: skip


def templates(files: list[dict[str, Any]], json_out: bool) -> None:
    """The templates made: which file holds which tables."""
    if json_out:
        return document(files)
    out = console()
    for made in files:
        out.print(made["file"], style="bold", soft_wrap=True, markup=False, highlight=False)
        columns(out, [(t["table"], t["title_zh"], f"{t['columns']} 列 columns") for t in made["tables"]])
    say(out, files[0]["version"], lead="模板版本 version: ")
