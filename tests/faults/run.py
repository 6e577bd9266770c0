"""`make faults`: the promises of a publisher against the harness beside the checkout, as a table and a report.

    make faults                                       every promise with its full number: hours on two cores
    make faults ARGS="--quick"                        a few trials of each
    make faults ARGS="--only killed,readers --n 50"   some promises, another number of trials
    make faults ARGS="--subject bare"                 the store without tables (the default is the whole publisher)
    make faults ARGS="--subject open --open DIR --next DIR --as-of D"   `python -m assets.release.publisher` itself,
                                                      from open tables that a build left (workspace/open of a home)

What belongs here: which mode of the harness measures which promise, and the report. What does not: the harness
(it is not ours, and nothing of it is copied), what is published (bare.py, publish.py), what a reader sees (reader.py).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults import s3

ROOT = Path(__file__).parents[2]
HARNESS = ROOT / ".." / "shared" / "faults" / "killtest.py"
HERE = Path(__file__).parent
#: how many different releases are prepared for many publishers
MANY = 40
Stats = dict[str, int]


@dataclass(frozen=True)
class Promise:
    """What is promised and how it is measured. ``few``: the numbers of the short form."""

    name: str
    says: str
    modes: str
    full: tuple[str, ...]
    few: tuple[str, ...]
    measured: Callable[[Stats], str]
    needs_strace: bool = False
    needs_root: bool = False
    wait: str = "--wait 60"


def _killed(stats: Stats) -> str:
    kills = {mode: stats.get(f"{mode}:killed", 0) for mode in ("time", "syscall")}
    again = sum(stats.get(f"{mode}:rekilled", 0) for mode in kills)
    where = f"{kills['time']} random kills, {kills['syscall']} of {stats.get('kill points', 0)} system calls"
    return f"{where}, {again} recoveries killed again, {stats.get('leak_max', 0)} bytes left over"


def _count(*names: str) -> Callable[[Stats], str]:
    return lambda stats: ", ".join(f"{stats.get(name, 0)} {name.split(':')[-1]}" for name in names)


EVERY = ("--n", "1000000")
PROMISES = (
    Promise(
        "killed", "killed at any moment: the old or the new release, whole; the next run finishes it, 0 bytes over",
        "time", ("--n", "240"), ("--n", "4"), _killed,
    ),
    Promise(
        "syscall", "the same before every system call that changes something",
        "syscall", EVERY, ("--n", "3"), _killed, needs_strace=True,
    ),
    Promise(
        "error", "ENOSPC or EIO at every such call: nothing broken, never exit 0 without the release, heals",
        "error", EVERY, ("--n", "3"), _count("error:injected", "error:failed-cleanly"), needs_strace=True,
    ),
    Promise(
        "full", "a disk that is really full: nothing broken, never exit 0 without the release, heals",
        "enospc", ("--n", "24"), ("--n", "4"), _count("enospc:failed", "enospc:ok"), needs_root=True,
    ),
    Promise(
        "powercut", "exit 0 survives a power cut, and no cut breaks anything",
        "powercut", ("--n", "60", "--max-powercut", "60"), ("--n", "3", "--max-powercut", "3"),
        _count("powercut:mid", "powercut:after-exit"), needs_root=True,
    ),
    Promise(
        "fsync", "nothing published that was not forced to disk", "fsynclint", (), (),
        _count("fsynclint:findings"), needs_strace=True,
    ),
    Promise(
        "many", "8 publishers at once: none lost, none doubled; the loser exits 75 or waits",
        "concurrent", ("--n", "200"), ("--n", "20"), _count("concurrent:ok", "concurrent:conflict"),
    ),
    Promise(
        "stopped", "a publisher stopped while another one publishes, and continued",
        "zombie", ("--n", "400"), ("--n", "10"), _count("zombie:stopped", "zombie:second-blocked"),
        wait="--wait 3",
    ),
    Promise(
        "readers", "readers verify everything while releases are made: 0 failures",
        "readers", ("--n", "200", "--min-reads", "2000", "--readers", "4"), ("--n", "30", "--min-reads", "20"),
        _count("readers:reads", "readers:publishes"),
    ),
    Promise(
        "run", "the whole run killed: the next one ends in the tree of an undisturbed one, whatever Dagster believes",
        "", ("--kills", "20"), ("--kills", "2"), _count(),
    ),
    Promise(
        "tampering", "flips, swaps, additions, rollbacks, other keys: found by the documented commands",
        "", ("200",), ("16",), _count(),
    ),
)


def commands(given: argparse.Namespace, prepared: Path, wait: str) -> list[str]:
    """What the harness is to run: how to publish, and how to look at what was published."""
    python = sys.executable
    if given.subject == "bare":
        one, many = (f"{python} {HERE}/bare.py {{dir}} {{work}} {label} {wait}" for label in ("next", "{i}"))
        setup = f"{python} {HERE}/bare.py {{dir}} {{work}} base"
    else:
        entry = f"{python} {HERE}/publish.py" if given.subject == "house" else f"{python} -m assets.release.publisher"
        entry += f" --published {{dir}} --work {{work}} --threads 1 --profile {given.profile} --as-of "
        one, many = (f"{entry}{given.as_of} {wait} --open {prepared}/{of}" for of in ("next", f"$(({{i}}%{MANY}))"))
        setup = f"{entry}{given.base_as_of} --open {prepared}/base"
    asked = {w: f"{python} -S {HERE}/reader.py {w} {{dir}}" for w in ("verify", "current", "list")}
    if given.subject != "bare":  # the product's own word on it, besides that of a reader who knows nothing of us
        asked["verify"] += f" && {python} -m assets.release.audit {{dir}} --quick --on {given.as_of}"
    said = ["--setup", setup, "--publish", one, "--publish-i", many]
    said += [part for word, command in asked.items() for part in (f"--{word}", command)]
    said += [part for path in ("current.json", "pages.json", "feeds/*") for part in ("--mutable", path)]
    return [*said, "--converge", "--max-leak", "0", "--rekill", "0.25"]


def prepare(given: argparse.Namespace, folder: Path) -> None:
    """Open tables of every release that will be made; and our modules compiled, which the harness forbids later."""
    floors = [ROOT / name for name in ("schemas", "quality", "assets", "tests/faults", "tests/assets/release")]
    subprocess.run([sys.executable, "-m", "compileall", "-q", *floors], check=True)
    if given.subject == "house":
        subprocess.run([sys.executable, HERE / "publish.py", "--prepare", folder, str(MANY)], check=True)
    elif given.subject == "open":
        folder.mkdir()
        (folder / "base").symlink_to(given.open.absolute())
        for name in ("next", *map(str, range(MANY))):
            (folder / name).symlink_to((given.next if name == "next" or int(name) % 2 else given.open).absolute())


def measure(promise: Promise, given: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """Runs one promise's mode; returns its line of the table."""
    missing = promise.needs_strace and not shutil.which("strace") and "strace is not installed"
    missing = missing or (promise.needs_root and os.geteuid() and "only root can mount a file system")
    line = {"promise": promise.says, "name": promise.name, "number": " ".join(promise.full)}
    if missing:
        return line | {"skipped": missing, "ok": None}
    if promise.name == "tampering":
        return line | tampered(given)
    if promise.name == "run":
        return line | whole_run(given, promise.few if given.quick else promise.full)
    report, numbers = scratch / f"{promise.name}.json", promise.few if given.quick else promise.full
    numbers = (*numbers, "--n", str(given.n)) if given.n else numbers
    command = [sys.executable, HARNESS, *commands(given, scratch / "open", promise.wait), "--mode", promise.modes]
    command += [*numbers, "--timeout", "180", "--scratch", scratch, "--report", report, "--seed", str(given.seed)]
    if promise.name == "stopped":
        command += ["--zombie-timeout", str(given.stopped_seconds)]
    began = time.monotonic()
    with (given.report.parent / f"{given.report.stem}-{promise.name}.log").open("w") as log:
        subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, env=os.environ | {"PYTHONPATH": str(ROOT)})
    if not report.exists():
        return line | {"ok": False, "measured": f"the harness did not get through: see {log.name}"}
    found = json.loads(report.read_text())
    stats = {name: value for name, value in found["stats"].items() if isinstance(value, int)}
    line |= {"measured": promise.measured(stats), "violations": len(found["violations"]), "stats": stats}
    line |= {"exit": found["exit"], "seconds": round(time.monotonic() - began), "publish_seconds": found["T"]}
    return line | {"ok": not found["violations"] and found["exit"] == 0, "found": found["violations"][:20]}


def whole_run(given: argparse.Namespace, numbers: tuple[str, ...]) -> dict[str, Any]:
    """The promise that needs no harness."""
    began, scratch = time.monotonic(), ["--scratch", given.scratch] if given.scratch else []
    numbers = ("--kills", str(given.n)) if given.n else numbers
    command = [sys.executable, "-m", "tests.faults.whole_run", *numbers, *scratch, "--seed", str(given.seed)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    if not said.stdout:
        return {"ok": False, "measured": "the runs did not get through"}
    found = json.loads(said.stdout)
    died = ", ".join(f"{count} in {step}" for step, count in sorted(found["died_in"].items()))
    line = {"measured": f"{found['kills']} kills ({died}), {found['left_STARTED']} left STARTED for ever"}
    line |= {"violations": len(found["violations"]), "seconds": round(time.monotonic() - began), "stats": found}
    return line | {"ok": said.returncode == 0}


def tampered(given: argparse.Namespace) -> dict[str, Any]:
    """Needs no harness either: what is done to a folder and found by `tuoyu verify` and the script of its page."""
    from tests.faults.tampering import rows

    began, found = time.monotonic(), rows(given.quick)
    measured = "; ".join(f"{says}: {counted}" for says, _, counted, _ in found)
    missed = [row for row in found if not row[3]]
    line = {"measured": measured, "violations": len(missed), "seconds": round(time.monotonic() - began), "stats": found}
    return line | {"ok": not missed}


def main() -> int:
    given = _arguments()
    if not HARNESS.exists():
        print("skipped: the harness (shared/faults/killtest.py) is not beside this checkout")
        return 0
    given.report.parent.mkdir(parents=True, exist_ok=True)
    lines = []
    with tempfile.TemporaryDirectory(prefix="faults-", dir=given.scratch) as folder:
        prepare(given, Path(folder) / "open")
        for promise in PROMISES:
            if _wanted(given, promise.name):
                print(f"{promise.name:9}{promise.says}", flush=True)
                lines.append(measure(promise, given, Path(folder)))
                print(f"{'':9}{_verdict(lines[-1])}", flush=True)
                _report(given, lines)
    for name in s3.MEASURES:
        if _wanted(given, f"s3-{name}"):
            lines += [object_store(name, given.quick)]
            print(f"{lines[-1]['name']:9} {lines[-1]['promise']}\n{'':9}{_verdict(lines[-1])}", flush=True)
            _report(given, lines)
    print(f"report: {given.report}")
    return 1 if any(line["ok"] is False for line in lines) else 0


def object_store(name: str, quick: bool) -> dict[str, Any]:
    """Measures a promise to an object store; returns its line of the table."""
    [(promise, number, measured, ok)] = s3.rows(quick, (name,))
    return {"promise": promise, "name": f"s3-{name}", "number": number, "measured": measured, "ok": ok}


def _names() -> list[str]:
    return [p.name for p in PROMISES] + [f"s3-{name}" for name in s3.MEASURES]


def _wanted(given: argparse.Namespace, name: str) -> bool:
    return not given.only or name in given.only.split(",")


def _report(given: argparse.Namespace, lines: list[dict[str, Any]]) -> None:
    given.report.write_text(json.dumps({"subject": given.subject, "promises": lines}, indent=1) + "\n")


def _verdict(line: dict[str, Any]) -> str:
    if line["ok"] is None:
        return f"not measured: {line['skipped']}"
    counts = f"{line['violations']} violations, {line['seconds']} s" if "violations" in line else ""
    return f"{'ok' if line['ok'] else 'NOT KEPT'}: {line['measured']}; {counts}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="a few trials of each")
    parser.add_argument("--only", help="promises, divided by commas: " + ",".join(_names()))
    parser.add_argument("--n", type=int, help="another number of trials")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--subject", choices=("bare", "house", "open"), default="house")
    parser.add_argument("--open", type=Path, help="open tables of the release before")
    parser.add_argument("--next", type=Path, help="open tables of the release to make")
    parser.add_argument("--profile", default="binjiang")
    parser.add_argument("--base-as-of", default="2026-03-31")
    parser.add_argument("--as-of", default="2026-04-30")
    parser.add_argument("--stopped-seconds", type=float, default=20, help="how long the second may take")
    parser.add_argument("--scratch", help="where trials take place (default: the system's)")
    parser.add_argument("--report", type=Path, default=ROOT / "workspace" / "faults.json")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
