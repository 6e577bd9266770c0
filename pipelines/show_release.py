"""How the doors to what is published print: rebuild, withdraw, redact, gc. Where it comes from is release_views.py."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from pipelines.terminal import columns, console, say

_OUTCOMES = {
    "identical": "逐字节相同 identical",
    "differs": "有不同 differs",
    "failed": "未能重建 not rebuilt",
    "withdrawn": "已撤回，不比较 withdrawn, not compared",
    "replacement": "替代版本，不由来件重建 a replacement, not made from what was received",
}


def rebuilt(found: dict[str, Any]) -> None:
    """Each version, what differs in it and why."""
    out = console()
    for one in found["versions"]:
        size = f" {one['bytes']:,} bytes" if one["outcome"] == "identical" else ""
        say(out, f"{one['dataset']} {one['version']} ({one['release_id']}): {_OUTCOMES[one['outcome']]}{size}")
        if one["outcome"] in ("differs", "failed"):
            _why(out, one)
    good = [one for one in found["versions"] if one["outcome"] == "identical"]
    compared = [one for one in found["versions"] if one["outcome"] in ("identical", "differs", "failed")]
    if not compared:
        return say(out, "没有可以比较的版本 there was nothing to compare", style="bold")
    say(out, f"{len(good)} / {len(compared)} 个版本逐字节相同 versions identical", style="bold")


def _why(out: Console, one: dict[str, Any]) -> None:
    if one["error"]:
        say(out, one["error"], lead="  ")
    for name, how in one["files"].items():
        say(out, f"{how} {name}", lead="  ")
    for table, counts in one["rows"].items():
        say(out, f"{table}: " + ", ".join(f"{n:,} {kind}" for kind, n in counts.items() if n), lead="  ")
    for row in one["examples"]:
        place = " ".join(str(row[c]) for c in ("table_name", "change", "key", "field_name") if row[c])
        say(out, f"{place}: {row['old_value']} → {row['new_value']}" if row["field_name"] else place, lead="    ")
    for cause in one["causes"]:
        say(out, f"与发布时不同 not as it was: {cause['what']} {cause['then'][:16]} → {cause['now'][:16]}", lead="  ")
    if not one["causes"]:
        say(out, "代码、契约、程序库、更正都与发布时相同 code, contracts, libraries, corrections as then", lead="  ")


def withdrawn(done: dict[str, Any]) -> None:
    """What is gone, what took whose place, and what comes next."""
    out = console()
    name = f"{done['dataset']} {done['version']}"
    for folder in done["completed"]:
        say(out, f"上次撤回没有删完，现已删完 a withdrawal that was cut off is complete: {folder}")
    if not done["changed"]:
        return say(out, f"早已撤回 withdrawn before: {name}")
    say(out, f"已撤回 withdrawn: {name}；发布 release {done['release_id']}", style="bold")
    for old, new in done["replaced"].items():
        say(out, f"{old} 由 {new} 代替，不再引用它 is replaced by {new}, which no longer quotes it", lead="  ")
    if done["was_current"]:
        say(out, "该数据集目前没有现行版本；请先改正来件，再运行 tuoyu run。 The dataset has no current version now: "
            "correct what was received first, then tuoyu run.", lead="  ")  # fmt: skip


def redacted(done: dict[str, Any]) -> None:
    """What was taken out of what, and that later releases leave it out too."""
    out = console()
    if not done["changed"]:
        return say(out, f"早已隐去 redacted before (no. {done['number']})")
    text = f"已隐去 redacted: {done['values']:,} 个数值或行 values and rows; {len(done['replaced'])} 个版本 versions"
    say(out, f"{text}; release {done['release_id']}", style="bold")
    columns(out, list(done["replaced"].items()))
    say(out, "以后的发布也不再包含；请妥善保存工作区的 redactions.yml。 Later releases leave it out too: keep "
        "redactions.yml of the workspace.", lead="  ")  # fmt: skip


def collected(found: dict[str, Any]) -> None:
    """Each path, and how many."""
    out = console()
    for folder in found["completed"]:
        say(out, f"撤回已删完 withdrawal completed: {folder}")
    for path in found["paths"]:
        say(out, path)
    what = "已删除 deleted" if found["deleted"] else "可以删除 could be deleted"
    say(out, f"{what}: {len(found['paths']):,} 个文件 files", style="bold")
