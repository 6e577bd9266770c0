"""What the checks of a run cost beside the work itself: seconds of each kind, measured by wrapping functions.

Time is counted where it is spent: of a check that asks another one only its own. Files are gated in this process
(as the sandbox's child does it), so that judging can be told from reading. Typing and judging are one pass over the
rows there: the same files are typed once more without a rule, and the difference is what the rules cost. Both clocks
are told, the wall's and CPU time, in which all threads of the engine count.
"""

from __future__ import annotations

import functools
import importlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

#: of the one pass over received rows; what typing alone takes is taken off it
RULES = "gate: rules of rows"
#: (kind, where it is defined); a method by Class.name
CHECKS = (
    (RULES, "quality.judging.judge:Judge.table"),
    ("gate: large files sifted", "quality.judging.sieve:Sieve.sift"),
    ("gate: rules between files", "assets.raw.crossing:judge_together"),
    ("contracts, before a table is written", "quality.checks:check_table"),
    ("import of Great Expectations", "tests.bench.costs:import_engine"),
    ("second opinion", "quality.suites:second_opinion"),
    ("expectations of people", "quality.opinions:check_expectations"),
    ("disclosure: complementary cells", "quality.disclosure.choice:chosen_complements"),
    ("disclosure: audit before the release", "assets.release.withheld:require_unrecoverable"),
    ("disclosure: columns and personal data", "quality.disclosure.columns:require_safe"),
    ("disclosure: texts that leave", "quality.disclosure.texts:require_safe_texts"),
    ("quality report", "assets.release.quality.staged:reports"),
    ("release: files read back, frictionless", "assets.release.verify:verify_staged"),
    ("release: number decided again", "assets.release.comparison.numbering:require_right_number"),
)


def import_engine() -> None:
    """What the first question to Great Expectations would spend on importing it."""
    import great_expectations
    import great_expectations.expectations.expectation_configuration  # noqa: F401


class Costs:
    """Seconds by kind, of both clocks, each its own alone."""

    def __init__(self) -> None:
        self.wall: Counter[str] = Counter()
        self.cpu: Counter[str] = Counter()
        self._open: list[list[float]] = []  # of each kind that is being measured what others took inside it

    @contextmanager
    def of(self, kind: str) -> Iterator[None]:
        wall, cpu = time.monotonic(), time.process_time()
        self._open.append([0.0, 0.0])
        try:
            yield
        finally:
            inner = self._open.pop()
            spent = time.monotonic() - wall, time.process_time() - cpu
            self.wall[kind] += spent[0] - inner[0]
            self.cpu[kind] += spent[1] - inner[1]
            if self._open:
                self._open[-1][0] += spent[0]
                self._open[-1][1] += spent[1]

    def measured(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its time counted."""

        @functools.wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self.of(kind):
                return function(*args, **kwargs)

        return run

    def watch(self) -> list[str]:
        """Wraps whatever there is of CHECKS, wherever it was imported to; what is not there (any more) is named."""
        missing = []
        for kind, place in CHECKS:
            module, _, name = place.partition(":")
            try:
                owner = importlib.import_module(module)
                *classes, name = name.split(".")
                for one in classes:
                    owner = getattr(owner, one)
                function = getattr(owner, name)
            except (ImportError, AttributeError):
                missing.append(f"{kind} ({place})")
                continue
            measured = self.measured(kind, function)
            setattr(owner, name, measured)
            for other in [m for m in sys.modules.values() if m and vars(m).get(name) is function]:
                setattr(other, name, measured)
        return missing

    def take_off(self, kind: str, spent: tuple[float, float]) -> None:
        """What turned out to be work."""
        self.wall[kind] -= spent[0]
        self.cpu[kind] -= spent[1]

    def report(self, wall: float, cpu: float) -> float:
        """Prints a line a kind, and the sums; the share of all checks in the work itself, by CPU time."""
        for kind, _ in CHECKS:
            if kind in self.wall:
                print(f"{self.wall[kind]:9.2f} s  {self.cpu[kind]:9.2f} s CPU  {kind}")
        checks = sum(self.wall.values()), sum(self.cpu.values())
        work = wall - checks[0], cpu - checks[1]
        print(f"{checks[0]:9.2f} s  {checks[1]:9.2f} s CPU  all checks together")
        print(f"{work[0]:9.2f} s  {work[1]:9.2f} s CPU  the work itself")
        print(f"checks / work: {checks[0] / work[0]:.0%} of the time, {checks[1] / work[1]:.0%} of CPU time")
        return checks[1] / work[1]


def typing_alone(ctx: Any) -> tuple[float, float]:
    """Seconds (wall, CPU) that the pass over all received rows takes when it has no rule to ask."""
    from assets.raw.receive import ledger, received_file
    from quality.gate import check_file, gate_engine
    from quality.judging.judge import Judge

    costs, kept = Costs(), (Judge.table, Judge._row_checks)
    plain = getattr(Judge.table, "__wrapped__", Judge.table)  # not counted as checking once more
    Judge.table, Judge._row_checks = costs.measured("typing", plain), lambda *_: iter(())
    try:
        with gate_engine(ctx.threads, ctx.memory) as engine:
            for receipt in ledger(ctx.workspace):
                about = {"name": receipt.name, "sha256": receipt.sha256, "received_on": receipt.received_on}
                path = received_file(ctx.workspace, receipt.sha256)
                check_file(ctx.registry, path, **about, as_of=ctx.as_of, engine=engine, limits=ctx.limits)
    finally:
        Judge.table, Judge._row_checks = kept
    return costs.wall["typing"], costs.cpu["typing"]


class InThisProcess:
    """Stands for the sandbox: the same judge, without a child of its own."""

    def __init__(self, limits: Any, threads: int | None, memory: str | None, spill: Any) -> None:
        from quality.gate import gate_engine

        self.limits, self._engine = limits, gate_engine(threads, memory, spill)

    def __enter__(self) -> InThisProcess:
        self.engine = self._engine.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._engine.__exit__(*error)

    def check_file(self, registry: Any, path: Any, *, brief: bool = False, **given: Any) -> Any:
        from quality.gate import check_file

        return check_file(registry, path, engine=self.engine, limits=self.limits, **given)
