"""The demo's history: the same district told month by month, a release at the end of each, judged by two answer keys.

What belongs here: carrying the files into the inbox on their days, releasing at the end of each month, going on where
a killed run stopped. What does not: the files and the keys (demo/), the judgement (demo_judge.py), the line (run.py).
"""

from __future__ import annotations

import shutil
import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from assets.raw.receive import receive
from assets.workspace import Progress, Workspace, code_fingerprint, read_json, write_json
from pipelines.demo import Calendar, make_deliveries
from pipelines.demo_judge import judge_lists, judge_whitelist
from pipelines.demo_run import AS_OF, HomeInUse, facts, is_used, judge
from pipelines.exits import Exit
from pipelines.run_outcome import exit_code
from pipelines.settings import Settings

MONTHS = 24
#: said for the few releases that change more than goes out unseen: once a year every posted fee is another
CONFIRMED = "演示：每年重新采集一次收费等，出自生成器 a demonstration: yearly fees and the like come from the generator"


@dataclass(frozen=True)
class Step:
    """One day of the history: files arrive, or a release is made."""

    day: date
    is_release: bool


def steps(calendar: Calendar) -> list[Step]:
    """All days in order; what arrives on the day of a release is in it."""
    told = [Step(day, False) for day in calendar.arrivals] + [Step(day, True) for day in calendar.releases]
    return sorted(told, key=lambda step: (step.day, step.is_release))


def run_history(
    settings: Settings, *, seed: int = 1, months: int = MONTHS, progress: Progress = lambda _: None
) -> dict[str, Any]:
    """Makes the history and judges it; plain data with an exit code, FINDINGS if anything differs from the keys.

    HomeInUse if the home holds anything but this very history, finished or not."""
    started = time.monotonic()
    result = make_history(settings, seed=seed, months=months, progress=progress)
    if result["exit_code"] == Exit.OK:
        rows, events = judge(settings), judge_whitelist(settings, seed)
        lists = judge_lists(settings, result["releases"])
        result |= {"facts": facts(settings), "answer_key": rows, "whitelist_key": events, "lists": lists}
        if rows["missed"] or rows["extra"] or events["differs"] or lists["differs"]:
            result["exit_code"] = int(Exit.FINDINGS)
    return result | {"seconds": round(time.monotonic() - started, 2)}


def make_history(
    settings: Settings, *, seed: int = 1, months: int = MONTHS, progress: Progress = lambda _: None
) -> dict[str, Any]:
    """Brings the home of a history to its end, from wherever it is, and says what was done.

    A release a month, the last as of the demo's date; ``months`` from 1 to 24. Nothing is done twice: a history that
    is complete stays as it is. HomeInUse as for run_history. Stops at the first run that fails, with its exit code."""
    calendar = _prepare(settings, seed, months, progress)
    mark = settings.workspace_dir / "history.json"
    state = read_json(mark) or {"done": 0, "releases": []}
    result: dict[str, Any] = {"inbox": str(settings.inbox_dir), "seed": seed, "months": months}
    spent: defaultdict[str, float] = defaultdict(float)
    all_steps = steps(calendar)
    for number, step in enumerate(all_steps[state["done"] :], start=state["done"] + 1):
        before = time.monotonic()
        progress(_told(calendar, step))
        if step.is_release:
            made = _release(settings, step.day, calendar, progress)
            if made["exit_code"] != Exit.OK:
                return result | made | {"releases": state["releases"]}
            state["releases"].append(made["release"])
        else:
            _arrive(settings, step.day)
        state["done"] = number
        write_json(mark, state)
        spent["release" if step.is_release else "arrive"] += time.monotonic() - before
    seconds = {name: round(value, 2) for name, value in sorted(spent.items())}
    return result | {"exit_code": int(Exit.OK), "releases": state["releases"], "spent": seconds}


def _told(calendar: Calendar, step: Step) -> str:
    month = next(n for n, end in enumerate(calendar.releases, start=1) if step.day <= end)
    does = "发布 releasing" if step.is_release else "收件 receiving"
    return f"第 {month} / {calendar.months} 个月 month {month} of {calendar.months}: {step.day} {does}"


def _prepare(settings: Settings, seed: int, months: int, progress: Progress) -> Calendar:
    """Writes the files of the history, unless they are there."""
    mark = settings.workspace_dir / "demo.json"
    generator = code_fingerprint(Path(__file__).parent / "demo")
    wanted = {"history": months, "seed": seed, "generator": generator}
    made = read_json(mark)
    if made == wanted | {"ready": True}:
        return Calendar(AS_OF, months)
    if (made is None and is_used(settings)) or (made is not None and made != wanted):
        raise HomeInUse(
            f"此处已有文件，或是另一种演示 in use, or another demo: {settings.workspace_dir}; "
            "请另用 --home give the history its own --home"
        )
    write_json(mark, wanted)  # files half made are this history's, and are made again
    shutil.rmtree(_deliveries(settings), ignore_errors=True)
    settings.inbox_dir.mkdir(parents=True, exist_ok=True)
    beside = settings.inbox_dir.parent
    calendar = make_deliveries(_deliveries(settings), beside, seed=seed, months=months, as_of=AS_OF, progress=progress)
    write_json(mark, wanted | {"ready": True})
    return calendar


def _deliveries(settings: Settings) -> Path:
    """Where the files wait for their day, a folder each."""
    return settings.workspace_dir / "deliveries"


def _arrive(settings: Settings, day: date) -> None:
    """The files of a day come into the inbox and are received on it, as the job `receive` does it.

    The gate, which is most of that job, looks at them at the end of the month: twice a month it would find the same."""
    from pipelines.build import work_folders

    work_folders(settings)
    arrived = _deliveries(settings) / day.isoformat()
    if arrived.is_dir():
        shutil.copytree(arrived, settings.inbox_dir, dirs_exist_ok=True)
    receive(settings.inbox_dir, Workspace(settings.workspace_dir), day, _now, settings.limits.file_bytes)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _release(settings: Settings, day: date, calendar: Calendar, progress: Progress) -> dict[str, Any]:
    from pipelines.run import run_job

    step, confirmed = _told(calendar, Step(day, True)), settings.with_changes(confirm=CONFIRMED)
    outcome = run_job(confirmed, "everything", day, progress=lambda text: progress(f"{step}: {text}"))
    made = {"exit_code": int(exit_code(outcome))}
    if not outcome.success:
        return made | {"outcome": asdict(outcome)}
    release = outcome.release or {}
    versions = {d["name"]: d["version"] for d in release["datasets"]}
    return made | {"release": {"as_of": day.isoformat(), "release_id": release["release_id"], "datasets": versions}}
