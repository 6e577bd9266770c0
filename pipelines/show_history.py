"""How the demo's history is told: its releases, and every story that differs from the generator's key.

What belongs here: what `tuoyu demo --history` prints. What does not: the plain demo and other commands (show.py)."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import Any

from rich.console import Console

from pipelines import show
from pipelines.run_outcome import Outcome
from pipelines.settings import Settings
from pipelines.terminal import columns, console, say


def history(settings: Settings, result: dict[str, Any], json_out: bool) -> None:
    """What the history made and published, and whether it is the story that the key tells."""
    if json_out:
        return show.document(result)
    out = console()
    inbox = show.short(Path(result["inbox"]))
    out.print(f"演示历史（虚构） synthetic history: {inbox}, seed {result['seed']}", soft_wrap=True)
    _releases(out, result["releases"])
    if "outcome" in result:
        show.failures(settings, Outcome(**result["outcome"]))
    if "whitelist_key" in result:
        show.facts(out, result["facts"])
        show.answer_key(out, result["answer_key"])
        _whitelist_key(out, result["whitelist_key"])
        _lists(out, result["lists"])
    spent = result.get("spent", {})
    parts = [f"{word} {spent[name]:.0f} s" for name, word in _SPENT if name in spent]
    out.print(f"用时 took {result['seconds']:.1f} s{'（' if parts else ''}{'，'.join(parts)}{'）' if parts else ''}")


_SPENT = (("release", "发布 releases"), ("arrive", "收件 arrivals"))


def _releases(out: Console, releases: list[dict[str, Any]]) -> None:
    if not releases:
        return
    first, last = releases[0], releases[-1]
    said = f"{len(releases)} 次 releases, {first['as_of']} … {last['as_of']}: {last['release_id']}"
    out.print(f"发布 published: {said}", soft_wrap=True)
    columns(out, sorted(last["datasets"].items()))


def _whitelist_key(out: Console, key: dict[str, Any]) -> None:
    """One line if all is well; else both sides of each story that differs."""
    good = not key["differs"]
    say(
        out,
        f"{key['exact']} of {key['expected']} 家 providers exactly as told: {key['events']} 次变动 events, "
        f"{key['overturned']} 次后被推翻 later overturned",
        lead="白名单答案 whitelist key: ",
        style="green" if good else "red",
    )
    for story in key["differs"][: show.MOST]:
        say(out, story["provider_id"], lead="  ", style="red")
        for expected, found in zip_longest(story["expected"], story["found"]):
            if expected != found:
                say(out, _line(expected), lead="    应为 expected  ")
                say(out, _line(found), lead="    实为 found     ")


def _lists(out: Console, lists: dict[str, Any]) -> None:
    said = f"{lists['exact']} of {lists['expected']} 次发布 releases list whom the key lists as known then"
    say(out, said, lead="各期名单 lists: ", style="red" if lists["differs"] else "green")
    for day in lists["differs"]:
        say(out, day, lead="  ", style="red")


def _line(event: list[str] | None) -> str:
    return " ".join(value or "-" for value in event) if event else "没有 none"
