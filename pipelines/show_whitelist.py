"""How the whitelist of a day and one provider's story are printed, in Chinese and English."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from pipelines.terminal import columns, console, say

#: rows of a list that are printed; --json has them all
MOST = 400

_BECAUSE = {
    "changed_later": "该次发布之后才变化 it changed after that release",
    "known_later": "该次发布之后才得知 it became known after that release",
    "other": "此后没有收件，数据或规则有更正 nothing was received since: the data or the rules were corrected",
}
_KINDS = {
    "filing": "备案 filing", "document": "材料 document", "inspection": "检查 inspection",
    "register": "名册 register", "rule": "规则 rule",
}  # fmt: skip


def whitelist(found: dict[str, Any]) -> None:
    """Who is listed since when; who is not and why; and where the release of that day says something else."""
    out = console()
    _question(out, found)
    since = {(d["area_code"], d["provider_id"]): d["since_on"] for d in found["decisions"]}
    listed = [
        (row["provider_id"], since[row["area_code"], row["provider_id"]], row["provider_name"], row["subdistrict_name"])
        for row in found["listed"]
    ]
    others = [d for d in found["decisions"] if not d["is_listed"]]
    say(out, f"在名单上 listed: {len(listed):,} / {len(found['decisions']):,}", style="bold")
    _some(out, listed)
    say(out, f"不在名单上 not listed: {len(others):,}", style="bold")
    _some(out, [(d["provider_id"], d["since_on"], d["provider_name"], _words(d["reasons"])) for d in others])
    if "published" in found:
        _published_then(out, found["published"])


def _question(out: Console, found: dict[str, Any]) -> None:
    """As of which day, and of what was known when."""
    known = found["known_on"] or f"今天 today（最近收件 last received {found['last_received_on']}）"
    say(out, f"截至 as of {found['as_of']}")
    say(out, f"{known}：{found['receipts']:,} / {found['receipts_in_all']:,} 份来件 received files",
        lead="依据所知 as known on ")  # fmt: skip


def _some(out: Console, rows: list[tuple[Any, ...]]) -> None:
    if rows:
        columns(out, rows[:MOST])
    if len(rows) > MOST:
        say(out, f"… 另有 and {len(rows) - MOST:,} more (--json)", lead="  ")


def _words(titles: list[dict[str, str]]) -> str:
    return "; ".join(f"{t['zh']} {t['code']}" for t in titles)


def _published_then(out: Console, published: dict[str, Any]) -> None:
    told = f"{published['release']}, 截至 as of {published['as_of']}: {len(published['listed']):,} 家在名单上 listed"
    say(out, told, lead="当时公布的 published then: ", style="bold")
    if not published["differs"]:
        say(out, "与上面一致 the same as above", lead="  ", style="green")
    for line in published["differs"]:
        say(out, f"{line['provider_id']} {line['provider_name']}", lead="  ", style="yellow")
        say(out, _side(line["published"]), lead="    公布 published: ")
        last = f"，最近收件 last received {line['last_received_on']}" if line["last_received_on"] else ""
        say(out, _side(line["known"]) + last, lead="    所知 known: ")
        say(out, _BECAUSE[line["because"]], lead="    ", style="dim")


def _side(decision: dict[str, Any] | None) -> str:
    if decision is None:
        return "没有这家机构 no such provider"
    since = f"，自 since {decision['since_on']}" if decision.get("since_on") else ""
    reasons = f"（{decision['reason_codes']}）" if decision["reason_codes"] else ""
    return _listed(decision["is_listed"]) + reasons + since


def _listed(is_listed: bool) -> str:
    return "在名单上 listed" if is_listed else "不在名单上 not listed"


def matches(found: dict[str, Any]) -> None:
    """The providers that what was asked may mean."""
    out = console()
    say(out, "有多家机构符合，请用标识 several providers fit, give an identifier:")
    columns(out, [(m["provider_id"], m["credit_code"] or "", m["provider_name"]) for m in found["matches"][:MOST]])


def story(found: dict[str, Any]) -> None:
    """One provider: where it stands and why, how it came to that with the evidence, clocks, what is published."""
    out, one = console(), found["matches"][0]
    say(out, " · ".join(filter(None, (one["provider_id"], one["provider_name"], one["credit_code"]))), style="bold")
    say(out, "仅供内部使用：含来件的文件名和行号 for inside use: it names received files and rows", style="yellow")
    for known in found["source_ids"]:
        if known["source_provider_id"] != one["provider_id"]:
            _source_id(out, known)
    _question(out, found)
    _decision(out, "现状 now", found["decision"])
    say(out, "经过 story", style="bold")
    before = False
    for state in found["states"]:
        _state(out, state, before)
        before = state["is_listed"]
    say(out, "时限 time limits", style="bold")
    for clock in found["time_limits"]:
        _clock(out, clock)
    _published_now(out, found["published"])


def _source_id(out: Console, known: dict[str, Any]) -> None:
    """A number under which a source knows or knew the provider."""
    until = known["valid_to_on"] or ""
    text = f"{known['source_provider_id']}，{known['valid_from_on']} – {until} · "
    say(out, text + f"{known['relation']['zh']} {known['relation']['en']}", lead="来源编号 source id: ")


def _decision(out: Console, lead: str, decision: dict[str, Any]) -> None:
    say(out, f"{_listed(decision['is_listed'])}，自 since {decision['since_on']}，"
        f"规则 rules {decision['rule_version']}", lead=f"{lead}: ", style="bold")  # fmt: skip
    for reason in decision["reasons"]:
        _reason(out, reason)
    if decision["delisted_on"]:
        say(out, f"{decision['first_listed_on']} – {decision['delisted_on']}", lead="  曾在名单上 once listed: ")
    _not_evaluated(out, decision["not_evaluated"])


def _reason(out: Console, reason: dict[str, str], lead: str = "  ") -> None:
    """A reason is the rule that gave it, with what the rule rests on."""
    source = reason["source"].replace("project", "本项目 project")
    say(out, f"{reason['zh']} {reason['en']} ({reason['code']}): {reason['definition']} — {source}", lead=lead)


def _not_evaluated(out: Console, titles: list[dict[str, str]], lead: str = "  ") -> None:
    for title in titles:
        say(out, f"{title['zh']} {title['en']}: {title['definition']}", lead=f"{lead}未判断 not evaluated: ",
            style="yellow")  # fmt: skip


def _state(out: Console, state: dict[str, Any], before: bool) -> None:
    """A state: what changed on its first day, by which facts, and what each of its reasons rests on."""
    moved = {(False, True): "列入 listed", (True, False): "移出 taken off", (True, True): "仍在名单上 still listed"}
    became = moved.get((before, state["is_listed"]), "不在名单上 not listed")
    say(out, f"{became}，记录 recorded {state['recorded_on']}", lead=f"  {state['valid_from_on']} ",
        style="green" if state["is_listed"] else "red")  # fmt: skip
    for fact in state["turned_by"]:
        say(out, _fact(fact), lead="    + ")
    reasons = {reason["code"]: reason for reason in state["reasons"]}
    for code, facts in state["rests_on"].items():
        if code in reasons:
            _reason(out, reasons[code], "    ")
        for fact in facts:
            if fact not in state["turned_by"]:
                say(out, _fact(fact), lead="    · " if code not in reasons else "      · ")
    _not_evaluated(out, state["not_evaluated"], "    ")


def _fact(fact: dict[str, Any]) -> str:
    """A piece of evidence in a line: what, of when, with which result, and where it stands."""
    title, result = fact["title"], fact["result"]
    what = [_KINDS[fact["kind"]], f"{title['zh']} {title['en']}"]
    if result:
        what.append(f"{result['zh']} {result['en']}")
    if not fact["is_there"]:
        what.append("没有 missing")
    if fact["from_on"]:
        what.append(f"{fact['from_on']}" + (f" – {fact['to_on']}" if fact["to_on"] else ""))
    if fact["file"]:
        row = f"行 row {fact['row']}" if fact["is_there"] else ""
        what.append(" ".join(filter(None, (fact["file"], fact["sheet"], row))))
        what.append(f"收到 received {fact['received_on']}")
    return " · ".join(what)


def _clock(out: Console, clock: dict[str, Any]) -> None:
    [deadline], [state] = clock["deadline"], clock["deadline_state"]
    days = [str(clock[name]) for name in ("workday_count", "workday_limit") if clock[name] is not None]
    text = f"{state['zh']} {state['en']}" + (f"，{' / '.join(days)} 个工作日 working days" if days else "")
    text += f" — {clock['legal_source']}" if clock["legal_source"] else ""
    say(out, text, lead=f"  {deadline['zh']} {deadline['en']}: ")
    _not_evaluated(out, clock["not_evaluated"], "    ")


def _published_now(out: Console, published: dict[str, Any] | None) -> None:
    if published is None:
        return say(out, "尚未发布 nothing is published yet", style="bold")
    say(out, f"{published['release']}, 截至 as of {published['as_of']}", lead="已公布 published: ", style="bold")
    if published["decision"]:
        _decision(out, "  认定 decision", published["decision"])
    for event in published["events"]:
        became = "列入 listed" if event["to_listed"] else "移出 taken off"
        words = [
            f"{event['effective_on']} {became}",
            _words(event["reasons"]),
            f"公布 published {event['published_on']}",
        ]
        if event["workday_count"] is not None:
            kept = "按期 in time" if event["is_published_in_time"] else "超期 late"
            words.append(f"{event['workday_count']} / {event['workday_limit']} 个工作日 working days, {kept}")
        if event["overturned_on"]:
            words.append(f"推翻 overturned {event['overturned_on']}")
        say(out, " · ".join(filter(None, words)), lead=f"  {event['event_no']} ")
        _not_evaluated(out, event["not_evaluated"], "    ")
