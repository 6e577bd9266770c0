"""The gate beside its limit and its rivals, on generated station reports. Not a test: `make bench-gate`.

Each tool runs in a process of its own, in turn, and all of them again; the median of the runs counts. Seconds are of
the work alone, without imports. What the gate said of every row is compared with the generator's truth.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import duckdb

from tests.bench.gate.generate import generate
from tests.bench.gate.spec import spec, titles
from tests.bench.gate.workbook import workbook

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
#: tool -> (its module, the environment it runs in, what the table calls it)
TOOLS = {
    "limit": ("ours.py", sys.executable, "(a) DuckDB alone, one WHERE"),
    "gate": ("ours.py", sys.executable, "(b) the gate"),
    "frictionless": ("ours.py", sys.executable, "(c) frictionless"),
    "gx": ("ours.py", sys.executable, "(d) GX on pandas"),
    "pandera": ("rivals.py", str(ROOT / ".venv-bench/bin/python"), "(e) pandera on polars"),
    "soda": ("rivals.py", str(ROOT / ".venv-bench/bin/python"), "(f) soda-core on DuckDB"),
    "calamine": ("ours.py", sys.executable, "python-calamine alone"),
}
#: (rival, at least so many times ahead of it, at most such a share of its memory)
AHEAD = (("frictionless", 40, None), ("gx", 8, None), ("pandera", 1, 0.6), ("soda", 1, None))
LIMIT, MEMORY, TEN_TIMES, BOOK = 1.5, 1.25 * (1 << 30), 11, 3
#: the rivals that take minutes run once; those that would take hours at this size do not run
SLOW = ("frictionless", "gx")


class Bench:
    """Runs tools and remembers what they took."""

    def __init__(self, home: Path, given: argparse.Namespace) -> None:
        self.home, self.given = home, given
        self.spec = home / "spec.json"
        self.spec.write_text(json.dumps(spec(), ensure_ascii=False, default=str), encoding="utf-8")
        self.missed: list[str] = []

    def once(self, tool: str, file: Path, memory: str | None = None) -> dict:
        """One run in a process of its own."""
        module, python, _ = TOOLS[tool]
        settings = json.dumps({"threads": self.given.threads, "memory": memory})
        with tempfile.TemporaryDirectory(dir=self.home) as out:
            done = subprocess.run(
                [python, str(HERE / "one.py"), str(HERE / module), tool, str(file), out, str(self.spec), settings],
                capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
            )  # fmt: skip
            if done.returncode:
                return {"failed": done.stderr.strip().splitlines()[-1:]}
            took = json.loads(done.stdout.strip().splitlines()[-1])
            if tool == "gate":
                took["told"] = _told(Path(out) / "gate/findings.parquet")
        return took

    def side_by_side(self, tools: list[str], file: Path, memory: str | None = None) -> dict[str, dict]:
        """All tools in turn, then again; the median of each."""
        runs: dict[str, list[dict]] = {tool: [] for tool in tools}
        for turn in range(self.given.runs):
            for tool in tools:
                if turn == 0 or tool not in SLOW:
                    runs[tool].append(self.once(tool, file, memory))
                    print(f"  {tool}: {_short(runs[tool][-1])}", file=sys.stderr, flush=True)
        return {tool: _median(of_tool) for tool, of_tool in runs.items()}

    def target(self, met: bool, text: str) -> None:
        """One line about a target of the issue."""
        print(f"  {'met   ' if met else 'MISSED'}  {text}")
        if not met:
            self.missed.append(text)

    def size(self, rows: int, tools: list[str]) -> dict[str, dict]:
        """Everything at one size."""
        file, truth = self.home / f"reports-{rows}.csv", self.home / f"reports-{rows}.truth"
        told = generate(rows, titles(), file, truth)
        print(f"{rows:,} rows of 15 columns, {file.stat().st_size / 1e6:,.0f} MB, {told:,} rows with something to say")
        found = self.side_by_side(tools, file)
        _table(found)
        limit, ours = found["limit"], found["gate"]
        wrong = _differences(ours["told"], truth)
        self.target(not wrong, f"every wrong row and code as the truth file says: {wrong or 'exactly'}")
        ratio, cpu = ours["wall"] / limit["wall"], ours["cpu"] / limit["cpu"]
        self.target(ratio <= LIMIT, f"(b) at most {LIMIT} times (a): {ratio:.2f} by the clock, {cpu:.2f} by CPU")
        for rival, times, share in AHEAD:
            if "wall" in found.get(rival, {}):
                self._against(found[rival], ours, TOOLS[rival][2], times, share)
        return found

    def _against(self, rival: dict, ours: dict, name: str, times: float, share: float | None) -> None:
        ahead = rival["wall"] / ours["wall"]
        self.target(
            ahead >= times, f"{times} times ahead of {name}: {ahead:.1f} (CPU {rival['cpu'] / ours['cpu']:.1f})"
        )
        if share:
            part = ours["rss"] / rival["rss"]
            self.target(part <= share, f"at most {share} of the memory of {name}: {part:.2f}")

    def limited(self, rows: int) -> None:
        """The gate under a limit of 1 GB for DuckDB."""
        took = self.once("gate", self.home / f"reports-{rows}.csv", "1GB")
        text = f"{rows:,} rows under 1 GB for DuckDB in at most 1.25 GB: "
        self.target(took.get("rss", MEMORY + 1) <= MEMORY, text + _short(took))

    def book(self, rows: int) -> None:
        """A workbook, against the parser alone."""
        file = self.home / f"reports-{rows}.xlsx"
        workbook(rows, titles(), file)
        print(f"a workbook of {rows:,} rows of 15 columns, {file.stat().st_size / 1e6:,.1f} MB")
        found = self.side_by_side(["calamine", "gate"], file)
        _table(found)
        times = found["gate"]["wall"] / found["calamine"]["wall"]
        cpu = found["gate"]["cpu"] / found["calamine"]["cpu"]
        self.target(times < BOOK, f"under {BOOK} times the parser: {times:.2f} by the clock, {cpu:.2f} by CPU")


def _told(findings: Path) -> list[list]:
    return duckdb.execute(
        'SELECT "row", string_agg(DISTINCT code, \';\' ORDER BY code) FROM read_parquet(?) WHERE "row" IS NOT NULL '
        'GROUP BY "row" ORDER BY "row"',
        [str(findings)],
    ).fetchall()


def _differences(told: list, truth: Path) -> str:
    """'' when every row has its codes and no other has any."""
    with truth.open(encoding="utf-8") as lines:
        known = {int(row): codes for row, codes in (line.strip().split(",", 1) for line in lines)}
    found = dict(told)
    wrong = Counter((known.get(r), found.get(r)) for r in known.keys() | found.keys() if known.get(r) != found.get(r))
    return "; ".join(f"{n} rows: {a} expected, {b} told" for (a, b), n in wrong.most_common(5))


def _median(runs: list[dict]) -> dict:
    whole = [run for run in runs if "wall" in run]
    if not whole:
        return runs[0]
    return whole[-1] | {name: statistics.median(run[name] for run in whole) for name in ("wall", "cpu", "rss")}


def _short(took: dict) -> str:
    if "wall" not in took:
        return f"failed {took.get('failed')}"
    return f"{took['wall']:.2f} s, {took['cpu']:.2f} s of CPU, {took['rss'] / 1e6:,.0f} MB"


def _table(found: dict[str, dict]) -> None:
    base = next(iter(found.values()))
    print(f"  {'':26}{'seconds':>9}{'CPU':>9}{'MB':>8}{'ratio':>8}  counts")
    for tool, took in found.items():
        name = TOOLS[tool][2]
        if "wall" not in took:
            print(f"  {name:26}{_short(took)}")
            continue
        ratio, counts = took["wall"] / base["wall"], ", ".join(f"{k} {v:,}" for k, v in took["counts"].items())
        print(f"  {name:26}{took['wall']:9.2f}{took['cpu']:9.2f}{took['rss'] / 1e6:8,.0f}{ratio:8.2f}  {counts}")


def main() -> int:
    """Exit code 0 if every target was met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--tools", nargs="*", default=list(TOOLS)[:-1], choices=list(TOOLS)[:-1])
    parser.add_argument("--all-tools-up-to", type=int, default=1_000_000, help="beyond: only (a), (b), (e) and (f)")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--workbook", type=int, nargs="?", const=50_000, help="rows of a workbook to check as well")
    given = parser.parse_args()
    tools = ["limit", "gate", *(t for t in given.tools if t not in ("limit", "gate"))]
    with tempfile.TemporaryDirectory(prefix="bench-gate-") as scratch:
        bench, took = Bench(Path(scratch), given), {}
        print(f"{os.cpu_count()} cores, {given.threads} threads, median of {given.runs} runs; of {', '.join(SLOW)} one")
        for rows in given.rows:
            quick = [t for t in tools if rows <= given.all_tools_up_to or t not in SLOW]
            took[rows] = bench.size(rows, quick)["gate"]
            if rows >= 10_000_000:
                bench.limited(rows)
        for rows in took:
            if rows * 10 in took:
                times = took[rows * 10]["wall"] / took[rows]["wall"]
                bench.target(times <= TEN_TIMES, f"ten times {rows:,} rows in at most {TEN_TIMES} times: {times:.2f}")
        if given.workbook:
            bench.book(given.workbook)
    print("every target met" if not bench.missed else f"{len(bench.missed)} missed")
    return 1 if bench.missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
