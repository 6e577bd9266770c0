"""`CHANGES.md`: what a version changes, in words for a parent and figures for a researcher, Chinese and then English.

Written from `changes.csv`, the two descriptors (titles, code labels) and the decision: nothing here knows what a
provider is. What does not belong here: judging changes (kinds.py), the page that compares any two versions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from duckdb import DuckDBPyConnection

from assets.release.comparison.changes import Comparison
from assets.release.comparison.confirmation import beyond, percent
from assets.release.comparison.labels import Labels
from assets.release.comparison.version import Decision
from assets.release.history import PublishedVersion, described_tables, table_file
from assets.release.manifest import Withdrawal
from assets.release.staging import Staged, Staging
from assets.release.stores import Store

#: rows and values listed of each table; the rest is counted
MOST = 40


@dataclass(frozen=True)
class Words:
    """The fixed words of one language."""

    zh: bool
    title: str
    description: str
    label: str

    def say(self, zh: str, en: str) -> str:
        return zh if self.zh else en


CHINESE, ENGLISH = Words(True, "title", "description", "label"), Words(False, "title_en", "description_en", "label_en")

#: what a decision gives as its reasons, in Chinese
_REASONS = (
    (r"first version", "第一个版本"),
    (r"rows differ", "有行新增、删除，或数值有更新、隐去"),
    (r"values corrected", "只有更正或改写"),
    (r"wording", "只有文字说明有变"),
    (r"(\S+): removed", r"\1：删除"),
    (r"(\S+): added", r"\1：新增"),
    (r"(\S+): column (\S+) removed", r"\1：删除字段 \2"),
    (r"(\S+): column (\S+) added", r"\1：新增字段 \2"),
    (r"(\S+): columns in another order", r"\1：字段次序有变"),
    (r"(\S+): column (\S+) changed: code (\S+) removed", r"\1：字段 \2 删除代码 \3"),
    (r"(\S+): column (\S+) changed: code (\S+) added", r"\1：字段 \2 新增代码 \3"),
    (r"(\S+): column (\S+) changed: (.+)", r"\1：字段 \2 的定义有变（\3）"),
    (r"(\S+): (\S+) changed", r"\1：\2 有变"),
)


def release_notes(
    staging: Staging,
    store: Store,
    staged: Staged,
    previous: PublishedVersion | None,
    comparison: Comparison,
    decision: Decision,
) -> str:
    """The notes of a staged version against the version before it."""
    package = staged.package
    files = {
        name: table_file(staging.ordered(name), resource) for name, resource in described_tables(package).items()
    }
    before = {name: previous.table_file(store, name) for name in previous.tables} if previous else {}
    withdrawn = staging.before.withdrawn if staging.before else ()
    told = _Told(
        con=staging.con,
        package=package,
        previous=previous.package if previous else None,
        staged=staged,
        comparison=comparison,
        decision=decision,
        labels=Labels(staging.con, files, {name: file for name, file in before.items() if file}),
        withdrawn=tuple(w for w in withdrawn if w.dataset == package["name"]),
    )
    return "\n".join([*_notes(told, CHINESE), "", "---", "", *_notes(told, ENGLISH)]) + "\n"


@dataclass(frozen=True)
class _Told:
    """All that the notes of one version are written from."""

    con: DuckDBPyConnection
    package: dict[str, Any]
    previous: dict[str, Any] | None
    staged: Staged
    comparison: Comparison
    decision: Decision
    labels: Labels
    withdrawn: tuple[Withdrawal, ...]
    listed: dict[tuple[str, ...], str] = field(default_factory=dict)  # language, change and keys -> the table

    def resource(self, name: str) -> dict[str, Any]:
        """How a table is described, by this version or else by the one before."""
        return described_tables(self.package).get(name) or described_tables(self.previous or self.package)[name]

    def rows(self, what: str, where: str, *given: str) -> list[tuple]:
        return self.con.execute(f"SELECT {what} FROM {self.comparison.table} WHERE {where}", list(given)).fetchall()


def _notes(told: _Told, words: Words) -> list[str]:
    lines = _head(told, words) + _number(told, words) + _confirmed(told, words)
    if told.previous is None:
        return [*lines, "", words.say("第一个版本，没有可以比较的。", "There is no earlier version to compare with.")]
    changed = [name for name, counts in told.staged.changes.items() if counts.any]
    if not changed:
        return [*lines, "", words.say("没有任何一行数据变化。", "No row of data changed.")]
    lines += _figures(told, words, changed)
    for name in changed:
        lines += _table(told, words, name)
    return lines + _unevaluated(told, words)


def _head(told: _Told, words: Words) -> list[str]:
    package, previous = told.package, told.previous
    lines = [f"# {_plain(package[words.title])} {package['version']}", ""]
    dates = words.say("数据截至", "As of") + f" {package['created'][:10]}"
    if previous:
        dates += words.say("；上一版本", "; the version before:") + f" {previous['version']}"
        dates += words.say("，截至", ", as of") + f" {previous['created'][:10]}"
    lines.append(dates + words.say("。", "."))
    if notice := package.get("notice" if words.zh else "notice_en"):
        lines += ["", f"> {_plain(notice)}"]
    for gone in told.withdrawn:
        reason = _plain(gone.reason_zh if words.zh else gone.reason_en)
        text = words.say(
            f"版本 {gone.version} 已于 {gone.withdrawn_on} 撤回：{reason}",
            f"Version {gone.version} was withdrawn on {gone.withdrawn_on}: {reason}",
        )
        if gone.replaced_by:
            text += words.say(f"（由 {gone.replaced_by} 代替）", f" (replaced by {gone.replaced_by})")
        lines += ["", f"> {text}"]
    return lines


def _number(told: _Told, words: Words) -> list[str]:
    """Which number, and why: decided by comparison."""
    names = {
        "first": ("首个版本", "first version"),
        "major": ("主版本（不兼容）", "MAJOR (programs may break)"),
        "minor": ("次版本", "MINOR"),
        "patch": ("修订版本", "PATCH"),
    }
    zh, en = names[told.decision.bump]
    lines = ["", "## " + words.say("为什么是这个版本号", "Why this number"), "", f"**{words.say(zh, en)}**", ""]
    reasons = [_reason_zh(reason) if words.zh else reason for reason in told.decision.reasons]
    lines += [f"- {_plain(reason)}" for reason in reasons[:MOST]]
    if len(reasons) > MOST:
        lines.append(_more(words, len(reasons) - MOST))
    return lines


def _confirmed(told: _Told, words: Words) -> list[str]:
    """What a person was asked about, and his reason."""
    if not told.staged.confirmed:
        return []
    lines = ["", "## " + words.say("经人确认", "Confirmed by a person"), ""]
    for one in beyond(told.staged.weighed):
        title, limit = _plain(told.resource(one.table)[words.title]), percent(Decimal(one.threshold.value))
        counts = f"{one.changed:,} / {one.rows:,}, {percent(one.share)}"
        lines.append(
            words.say(
                f"- {title}：改动行数 {counts}，超过无须确认的 {limit}。",
                f"- {title}: rows touched {counts}, more than the {limit} that go out unseen.",
            )
        )
    return [*lines, "", f"> {words.say('理由', 'Reason')}: {_plain(told.staged.confirmed)}"]


def _reason_zh(reason: str) -> str:
    for pattern, zh in _REASONS:
        if re.fullmatch(pattern, reason):
            return re.sub(pattern, zh, reason)
    return reason


def _figures(told: _Told, words: Words, changed: list[str]) -> list[str]:
    """The counts, by table: rows that came and went, fields of rows that stayed."""
    titles = told.labels.codes(_changes_field(told, "change"), words.label)
    whole = words.say("行", "rows"), words.say("项", "values")
    head = [words.say("表", "Table"), *(f"{titles[c]} ({whole[0]})" for c in ("added", "removed"))]
    head += [f"{titles[c]} ({whole[1]})" for c in ("corrected", "updated", "reformatted", "redacted")]
    lines = ["", "## " + words.say("变化一览", "What changed"), "", _row(head), _row(["---", *["---:"] * 6])]
    for name in changed:
        n = told.staged.changes[name]
        counts = [n.added, n.removed, n.corrected, n.updated, n.reformatted, n.redacted + n.hidden]
        lines.append(_row([_plain(told.resource(name)[words.title]), *(f"{count:,}" for count in counts)]))
    return lines


def _table(told: _Told, words: Words, name: str) -> list[str]:
    """Who came and went, what was corrected, and of the rest how much."""
    lines: list[str] = []
    titles = told.labels.codes(_changes_field(told, "change"), words.label)
    for change in ("added", "removed"):
        lines += _whole_rows(told, words, name, change, titles[change])
    lines += _values(told, words, name, titles["corrected"])
    lines += _by_field(told, words, name, titles)
    return ["", f"## {_plain(told.resource(name)[words.title])}", *lines] if lines else []


def _whole_rows(told: _Told, words: Words, name: str, change: str, title: str) -> list[str]:
    """Row by row where rows have a name of their own, else only counted above."""
    given = told.rows("key, reason", "table_name = ? AND change = ? ORDER BY key", name, change)
    if not given or not told.labels.named(name):
        return []
    lines = ["", f"**{title}: {len(given):,}**", ""]
    same = told.listed.setdefault((words.title, change, *(key for key, _ in given)), name)
    if same != name:
        above = _plain(told.resource(same)[words.title])
        return [*lines, "- " + words.say(f"与“{above}”所列相同", f"the same as listed under “{above}”")]
    reasons = told.labels.codes(_changes_field(told, "reason"), words.label)
    shown = given[:MOST]
    whys = told.labels.whys(name, [key for key, _ in shown], words.label)
    for (key, reason), label in zip(shown, told.labels.of(name, [key for key, _ in shown]), strict=True):
        why = words.say("、", ", ").join(_plain(text) for text in (*whys.get(key, ()), reasons[reason]))
        lines.append(f"- {_plain(label)} ({why})")
    return lines + ([_more(words, len(given) - MOST)] if len(given) > MOST else [])


def _values(told: _Told, words: Words, name: str, title: str) -> list[str]:
    """Corrected values, one by one: what was said was wrong, and somebody may have used it."""
    columns = "key, field_name, old_value, new_value, reason, source_sha256, received_on"
    given = told.rows(
        columns, "table_name = ? AND change = 'corrected' ORDER BY key, field_no LIMIT ?", name, str(MOST)
    )
    if not given:
        return []
    count = told.staged.changes[name].corrected
    reasons = told.labels.codes(_changes_field(told, "reason"), words.label)
    lines = ["", f"**{title}: {count:,}**", ""]
    for line, label in zip(given, told.labels.of(name, [line[0] for line in given]), strict=True):
        _, column, old, new, reason, sha256, received_on = line
        described = _field(told.resource(name), column)
        values = " → ".join(_shown(told, words, described, value) for value in (old, new))
        source = words.say("；来件", "; file") + f" `{sha256[:12]}`, {received_on}" if sha256 else ""
        lines.append(f"- {_plain(label)} · {_plain(described[words.title])}: {values} ({reasons[reason]}{source})")
    return lines + ([_more(words, count - MOST)] if count > MOST else [])


def _by_field(told: _Told, words: Words, name: str, titles: dict[str, str]) -> list[str]:
    """How many values of which column were updated, rewritten or redacted, and why."""
    given = told.rows(
        "change, field_name, reason, count(*)",
        "table_name = ? AND field_no > 0 AND change <> 'corrected' "
        "GROUP BY ALL ORDER BY change, count(*) DESC, field_name, reason",
        name,
    )
    reasons = told.labels.codes(_changes_field(told, "reason"), words.label)
    lines = [""] if given else []
    for change in ("updated", "reformatted", "redacted"):
        of_it = [
            f"{_plain(_field(told.resource(name), column)[words.title])} {count:,} ({reasons[reason]})"
            for kind, column, reason, count in given
            if kind == change
        ]
        if of_it:
            lines.append(f"- {titles[change]}: {words.say('；', '; ').join(of_it)}")
    return lines


def _unevaluated(told: _Told, words: Words) -> list[str]:
    """What could not be told apart is said, never guessed."""
    if all(told.staged.evaluated.values()):
        return []
    return ["", "> " + words.say(
        "未评估：没有“按今天所知、截至上次发布日期”的数据，因此更正与更新无法区分，一律计为更新。",
        "Not evaluated: the data as of the date of the release before, by what is known today, was not at hand. "
        "Corrections could not be told from updates and are counted as updates.",
    )]  # fmt: skip


def _shown(told: _Told, words: Words, described: dict[str, Any], value: str | None) -> str:
    """A value with the titles of its codes."""
    if value is None:
        return words.say("（无）", "(none)")
    titles = told.labels.codes(described, words.label)
    parts = value.split(";") if "itemCategories" in described else [value]
    return _plain("; ".join(f"{part} {titles[part]}" if part in titles else part for part in parts))


def _changes_field(told: _Told, name: str) -> dict[str, Any]:
    resource = next(r for r in told.package["resources"] if r["name"] == "changes")
    return _field(resource, name)


def _field(resource: dict[str, Any], name: str) -> dict[str, Any]:
    fields = {field["name"]: field for field in resource["schema"]["fields"]}
    return fields.get(name, {"name": name, "title": name, "title_en": name})


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _more(words: Words, count: int) -> str:
    return "- " + words.say(f"…… 另有 {count:,} 项，见 changes.csv", f"… and {count:,} more, see changes.csv")


def _plain(text: str) -> str:
    """Text that Markdown and HTML leave as it is, on one line."""
    text = re.sub(r"\s+", " ", text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#~])", r"\\\1", text)
