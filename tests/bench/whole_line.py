"""Measures the whole line, from received files to the release, on a synthetic inbox. Not a test: `make bench`.

Prints seconds a step (by what the run says it is doing), rows a second and the peak memory of the process
that ran it. What does not belong here: assertions, and anything the product needs.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

from pipelines.demo_run import AS_OF, DemoShape, judge, run_demo
from pipelines.run_outcome import Outcome
from pipelines.settings import Settings, from_environment


class Watch:
    """A progress that remembers how long each thing took until the next was announced."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self._step, self._since = "start", time.monotonic()

    def __call__(self, text: str) -> None:
        now = time.monotonic()
        self.seconds[self._step] += now - self._since
        self._step, self._since = text, now


def make(settings: Settings, shape: DemoShape) -> None:
    """The inbox alone; run in a process of its own, so that its memory is not counted."""
    run_demo(settings, shape, inbox_only=True, progress=lambda _: None)


def measure(settings: Settings) -> tuple[Outcome, Watch, float]:
    """One run of everything, as `tuoyu run` does it, with the imports it needs."""
    watch, started = Watch(), time.monotonic()
    from pipelines.run import run_job

    outcome = run_job(settings, "everything", AS_OF, progress=watch)
    watch("end")
    return outcome, watch, time.monotonic() - started


def measure_checks(settings: Settings) -> tuple[Outcome, Watch, float]:
    """The same run with everything that checks measured by itself; see costs.py."""
    from assets.raw import intake
    from pipelines.context import context_of
    from pipelines.run import run_job
    from tests.bench.costs import RULES, Costs, InThisProcess, import_engine, typing_alone

    costs, watch, started = Costs(), Watch(), (time.monotonic(), time.process_time())
    intake.Sandbox = InThisProcess
    for missing in costs.watch():
        print(f"not found, not measured: {missing}")
    with costs.of("import of Great Expectations"):
        import_engine()
    outcome = run_job(settings, "everything", AS_OF, progress=watch)
    watch("end")
    spent, cpu = time.monotonic() - started[0], time.process_time() - started[1]
    costs.take_off(RULES, typing_alone(context_of(settings, AS_OF)))
    costs.report(spent, cpu)
    return outcome, watch, spent


def report(outcome: Outcome, watch: Watch, seconds: float) -> None:
    """The small table that people read."""
    for step, spent in watch.seconds.most_common():
        if spent >= seconds / 200:
            print(f"{spent:9.1f} s  {step}")
    rows = outcome.intake["received"] if outcome.intake else 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds:9.1f} s  in all, {time.process_time():.1f} s of CPU")
    print(f"{rows:,} rows received, {rows / seconds:,.0f} rows a second, peak memory {peak:,.0f} MB")


def main() -> int:
    """Exit code 0 if the run succeeded and quarantine is what the answer key says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--providers", type=int, default=6_250, help="with 120 months, 16 reports a provider")
    parser.add_argument("--months", type=int, default=120)
    parser.add_argument("--checks", action="store_true", help="what the checks cost beside the work itself")
    parser.add_argument("--make", action="store_true", help="only make the inbox in --home; run it another time")
    parser.add_argument("--home", type=Path, help="keep inbox and results here [default: a folder that is removed]")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        settings = replace(from_environment(), home=(given.home or Path(scratch)).absolute(), profile="binjiang")
        shape = DemoShape(1, given.providers, given.months)
        if not (settings.workspace_dir / "demo.json").exists():
            maker = multiprocessing.get_context("spawn").Process(target=make, args=(settings, shape))
            maker.start()
            maker.join()
        if given.make:
            return 0
        outcome, watch, seconds = (measure_checks if given.checks else measure)(settings)
        report(outcome, watch, seconds)
        for failure in outcome.failures:
            print(f"failed: {failure}")
        key = judge(settings) if outcome.success else {"missed": True, "extra": True}
    print(f"{os.cpu_count()} cores; limits of the engine: threads {settings.threads}, memory {settings.memory}")
    return 1 if not outcome.success or key["missed"] or key["extra"] else 0


if __name__ == "__main__":
    raise SystemExit(main())
