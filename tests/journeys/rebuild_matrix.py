"""Every version of a history rebuilt elsewhere: on a fresh clone, in another folder, time zone and year, with other
threads and another hash seed, and from files that arrived in another order. `make rebuild-matrix`.

    --months N   months of the demo's history (default 24), a release each
    --each       one circumstance after the other, instead of all at once
    --no-order   leaves out the second history, whose files arrive in another order
    --work DIR   where to work (default: a folder that is deleted)
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
from pathlib import Path
from typing import Any

from pipelines.demo_history import make_history
from pipelines.settings import Settings
from tests.assets.release.house import tree

ROOT = Path(__file__).parents[2]
ELSEWHERE = {
    "time zone": {"TZ": "America/Lima"},
    "hash seed": {"PYTHONHASHSEED": "7"},
    "threads": {"TUOYU_THREADS": "1"},
    "clock": {"FAKE": "+400d"},
}


def main() -> int:
    """Prints a line a circumstance; 0 when every byte is the same in all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--each", action="store_true")
    parser.add_argument("--no-order", action="store_true")
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    if not shutil.which("faketime"):
        print("faketime is not installed: the clock stays as it is", file=sys.stderr)
    if given.work:
        return _matrix(given.work, given.months, each=given.each, order=not given.no_order)
    with tempfile.TemporaryDirectory() as folder:
        return _matrix(Path(folder), given.months, each=given.each, order=not given.no_order)


def _matrix(work: Path, months: int, *, each: bool, order: bool) -> int:
    home, clone = work / "home", work / "clone"
    begun = time.monotonic()
    made = make_history(Settings(home), months=months)
    print(f"history: {months} releases, {time.monotonic() - begun:.0f} s", flush=True)
    if made["exit_code"]:
        return int(made["exit_code"])
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    copy = work / "elsewhere" / "copy of home"
    shutil.copytree(home, copy)
    shutil.rmtree(copy / "workspace" / "inbox")  # what was received is enough
    together = {name: value for one in ELSEWHERE.values() for name, value in one.items()}
    runs = ELSEWHERE if each else {"all at once": together}
    bad = [name for name, env in runs.items() if not _told(name, rebuilt(copy, clone, env))]
    if order and not _same_history(work, home, months):
        bad.append("order of files")
    return 65 if bad else 0


def rebuilt(home: Path, clone: Path, env: dict[str, str], wanted: tuple[str, ...] = ("--all",)) -> dict[str, Any]:
    """What `tuoyu rebuild` of a checkout says of a home, in these circumstances."""
    command = [sys.executable, "-c", "from pipelines.cli import main; main()", "rebuild", *wanted]
    command += ["--home", str(home), "--json"]
    fake = env.get("FAKE")
    if fake and shutil.which("faketime"):
        command = ["faketime", "-f", fake, *command]
    surroundings = os.environ | {k: v for k, v in env.items() if k != "FAKE"} | {"PYTHONPATH": str(clone)}
    run = subprocess.run(command, cwd=clone, env=surroundings, capture_output=True, text=True, check=False)
    if run.returncode not in (0, 65):
        raise RuntimeError(f"exit {run.returncode}: {run.stderr[-2000:]}")
    return json.loads(run.stdout)


def _told(name: str, found: dict[str, Any]) -> bool:
    versions = found["versions"]
    same = sum(one["outcome"] == "identical" for one in versions)
    print(f"{name}: {same} of {len(versions)} versions identical", flush=True)
    for one in versions:
        if one["outcome"] != "identical":
            print(json.dumps(one, ensure_ascii=False)[:2000])
    return same == len(versions)


def _same_history(work: Path, home: Path, months: int) -> bool:
    """The history once more, its files put down in the opposite order: the same releases, byte for byte."""
    other = work / "order"
    make_history(Settings(other), months=months, progress=lambda _: _turn_round(other / "workspace" / "deliveries"))
    one, two = tree(home / "published"), tree(other / "published")
    differ = sorted(path for path in one.keys() | two.keys() if one.get(path) != two.get(path))
    print(f"order of files: {len(one)} published files, {len(differ)} differ", flush=True)
    return not differ


def _turn_round(deliveries: Path) -> None:
    """Makes the files of each day anew, the last one first: a folder then lists them in another order."""
    mark = deliveries / ".turned"
    if not deliveries.is_dir() or mark.exists():
        return
    days = [folder for folder in deliveries.iterdir() if folder.is_dir()]
    if not days:
        return
    for day in days:
        kept = {p.relative_to(day): p.read_bytes() for p in day.rglob("*") if p.is_file()}
        shutil.rmtree(day)
        for path in sorted(kept, reverse=True):
            (day / path).parent.mkdir(parents=True, exist_ok=True)
            (day / path).write_bytes(kept[path])
    mark.touch()


if __name__ == "__main__":
    sys.exit(main())
