"""The whole `tuoyu run`, Dagster and all, killed at random moments in copies of a home: the next run ends right.

    python -m tests.faults.whole_run --kills 20      one JSON document; exits 1 when a promise was not kept

Two homes are killed in turn, one that never ran and one with a release and new files in its inbox; as it receives, in
the gate, while it builds and while it publishes, each a random time after this has begun. Every fourth run keeps its
events in a DAGSTER_HOME on SQLite, where the dead one stays STARTED for ever. The tree of `published/` after the next
run must be, byte for byte, that of a run that nobody disturbed. Needs nothing but the project.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
#: which folder of the demo's inbox comes later
LATER = "收费公示与调查"
#: what shows that a part of the run has begun
EVENTS = {
    "receive": "workspace/.lock",
    "gate": "workspace/received/ledger.jsonl",
    "build": "workspace/state/intake.json",
    "release": "workspace/stage/release/ordered",
}


@dataclass
class Home:
    """A home before the run that is killed, and what the run makes of it when left alone."""

    name: str
    folder: Path
    as_of: str
    #: seconds from each event to the next one, the last one to the end
    spans: dict[str, float] = field(default_factory=dict)
    expected: dict[str, str] = field(default_factory=dict)


@dataclass
class Trial:
    home: Home
    folder: Path
    env: dict[str, str]
    violations: list[str] = field(default_factory=list)


def tuoyu(*words: object, env: dict[str, str]) -> subprocess.Popen:
    code = "import sys; from pipelines.cli import main; sys.argv[0] = 'tuoyu'; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        env=env, start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def environment(dagster_home: Path | None = None) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TUOYU_") and k != "DAGSTER_HOME"}
    kept |= {"PYTHONPATH": str(ROOT), "DAGSTER_DISABLE_TELEMETRY": "1"}
    if dagster_home:
        dagster_home.mkdir(parents=True)
        shutil.copy(ROOT / "dagster.yaml", dagster_home)
        kept["DAGSTER_HOME"] = str(dagster_home)
    return kept


def run(home: Path, as_of: str, env: dict[str, str]) -> subprocess.Popen:
    return tuoyu("run", "--home", home, "--as-of", as_of, env=env)


def tree(home: Path) -> dict[str, str]:
    files = [p for p in sorted((home / "published").rglob("*")) if p.is_file()]
    return {p.relative_to(home).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def copied(source: Path, target: Path) -> Path:
    subprocess.run(["cp", "-a", source, target], check=True)
    return target


def two_homes(scratch: Path) -> list[Home]:
    """The homes to kill runs in; the second was run once, without the files that came later."""
    first, second = scratch / "first", scratch / "second"
    made = tuoyu("demo", "--inbox-only", "--home", first, env=environment())
    said, _ = made.communicate()
    assert made.returncode == 0, said
    copied(first, second)
    (second / "workspace/inbox" / LATER).rename(scratch / "later")
    base = run(second, "2026-03-31", environment())
    said, _ = base.communicate()
    assert base.returncode == 0, said
    (scratch / "later").rename(second / "workspace/inbox" / LATER)
    return [Home("first release", first, "2026-03-31"), Home("second release", second, "2026-04-30")]


class Watch:
    """Tells when a file of a home is written for the first time since the watch began."""

    def __init__(self, folder: Path) -> None:
        self.paths = {event: folder / path for event, path in EVENTS.items()}
        self.before = {event: self._time(path) for event, path in self.paths.items()}

    def seen(self, event: str) -> bool:
        return self._time(self.paths[event]) != self.before[event]

    def _time(self, path: Path) -> int:
        try:
            return path.stat().st_mtime_ns
        except FileNotFoundError:
            return 0


def undisturbed(home: Home, scratch: Path) -> None:
    """Lets one run through, and notes when it does what."""
    folder = copied(home.folder, scratch / "undisturbed")
    watch, process, times = Watch(folder), run(folder, home.as_of, environment()), {}
    while process.poll() is None:
        times |= {event: time.monotonic() for event in EVENTS if event not in times and watch.seen(event)}
        time.sleep(0.02)
    assert process.returncode == 0, process.communicate()[0]
    ends = [*list(times.values())[1:], time.monotonic()]
    home.spans = {event: end - times[event] for event, end in zip(times, ends, strict=True)}
    home.expected = tree(folder)
    shutil.rmtree(folder)


def killed(trial: Trial, event: str, after: float) -> bool:
    """Starts a run and kills all of it, so many seconds after an event; False if it was over before."""
    watch, process = Watch(trial.folder), run(trial.folder, trial.home.as_of, trial.env)
    while process.poll() is None and not watch.seen(event):
        time.sleep(0.005)
    try:
        process.communicate(timeout=after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return True
    return False


def step_of_death(trial: Trial, began: float) -> str:
    """Which step had not ended, by what the run left."""

    def fresh(path: str) -> bool:
        file = trial.folder / path
        return file.exists() and file.stat().st_mtime > began

    if fresh("published/current.json"):
        return "after the commit"
    if fresh("workspace/stage/release") or fresh("published/.stage"):
        return "release"
    if fresh("workspace/state/intake.json"):
        return "build"
    return "gate" if fresh("workspace/received/ledger.jsonl") else "receive"


def look(trial: Trial, when: str) -> None:
    """What a reader sees must be whole at every moment."""
    if (trial.folder / "published/current.json").exists():
        reader = [sys.executable, ROOT / "tests/faults/reader.py", "verify", trial.folder / "published"]
        said = subprocess.run(reader, capture_output=True, text=True)
        if said.returncode:
            trial.violations.append(f"{when}: {said.stdout}")


def statuses(dagster_home: str | None) -> list[str]:
    """What Dagster believes of the runs it knows, the first one first."""
    database = Path(dagster_home or "", "history/runs.db")
    if not dagster_home or not database.exists():
        return []
    with sqlite3.connect(database) as con:
        return [row[0] for row in con.execute("SELECT status FROM runs ORDER BY id")]


def attempt(home: Home, scratch: Path, number: int, event: str, after: float) -> dict[str, Any]:
    """One kill, so many seconds after an event, and the run after it."""
    folder = copied(home.folder, scratch / f"trial{number}")
    dagster_home = folder / "dagster" if number % 4 == 3 else None
    trial, began = Trial(home, folder, environment(dagster_home)), time.time()
    was_killed = killed(trial, event, after)
    died_in = step_of_death(trial, began) if was_killed else "finished"
    look(trial, "after the kill")
    dead = statuses(trial.env.get("DAGSTER_HOME"))
    process = run(folder, home.as_of, trial.env)
    said, _ = process.communicate()
    if process.returncode:
        trial.violations.append(f"the next run ended with {process.returncode}: {said[-800:]}")
    look(trial, "after the next run")
    found = tree(folder)
    if found != home.expected:
        odd = sorted(p for p in found.keys() | home.expected.keys() if found.get(p) != home.expected.get(p))
        trial.violations.append(f"another tree than that of an undisturbed run: {odd[:5]}")
    ended = statuses(trial.env.get("DAGSTER_HOME"))
    if dead and was_killed and ended != [*dead, "SUCCESS"]:
        trial.violations.append(f"Dagster's runs are {ended}, and were {dead} after the kill")
    shutil.rmtree(folder)
    line = {"home": home.name, "event": event, "seconds_after": round(after, 2), "died_in": died_in, "statuses": ended}
    return line | {"violations": trial.violations}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scratch")
    given = parser.parse_args()
    rng, lines, pace = random.Random(given.seed), [], 1.0
    with tempfile.TemporaryDirectory(prefix="runs-", dir=given.scratch) as name:
        scratch = Path(name)
        homes = two_homes(scratch)
        for home in homes:
            undisturbed(home, scratch)
        while sum(line["died_in"] != "finished" for line in lines) < given.kills and len(lines) < 3 * given.kills:
            number = len(lines)
            home = homes[number % 2]
            event = list(home.spans)[number // 2 % len(home.spans)]
            lines.append(attempt(home, scratch, number, event, rng.random() * home.spans[event] * pace))
            pace *= 0.7 if lines[-1]["died_in"] == "finished" else 1.02  # the machine may be quicker by now
            print(json.dumps(lines[-1], ensure_ascii=False), file=sys.stderr, flush=True)
    wrong = [violation for line in lines for violation in line["violations"]]
    died = Counter(line["died_in"] for line in lines)
    waiting = sum("STARTED" in line["statuses"] for line in lines)
    print(json.dumps({
        "kills": len(lines) - died.pop("finished", 0), "died_in": died, "left_STARTED": waiting,
        "undisturbed_seconds": [round(sum(home.spans.values()), 1) for home in homes],
        "violations": wrong, "trials": lines,
    }, ensure_ascii=False))  # fmt: skip
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
