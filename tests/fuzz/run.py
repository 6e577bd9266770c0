"""Fuzzing by command: `make fuzz ARGS="--seconds 60"`. Mutants of small files, until the time is over.

What belongs here: running mutants in a child that may hang, die or swell, keeping those that open new ways through
the gate, saving those that break it. What does not: the mutants (mutations.py), what must hold (oracles.py).
A mutant that goes a way no other went is kept and mutated further; `guided.py` looks at the code's branches instead.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fuzz.mutations import mutated
from tests.fuzz.oracles import Bench, Case
from tests.fuzz.seeds import seeds

CRASHES = Path(__file__).parent / "crashes"
HANGS_AFTER = 10  # seconds of work; a busy machine may need more of the clock's
PATIENCE = 60  # seconds of the clock
MEMORY = 512 << 20  # bytes one small file may need beyond what the process had
ADDRESS_SPACE = 8 << 30
#: a child is replaced after so many files, so that a slow leak is not taken for the last file's fault
FILES_A_CHILD = 2_000


@dataclass(frozen=True)
class Outcome:
    """What became of one file: ``kind`` of verdict, or ``hole`` and its ``detail`` (a traceback without values)."""

    kind: tuple | None = None
    hole: str = ""
    detail: str = ""


def attempt(bench: Bench, case: Case) -> Outcome:
    """Judges one file in this process."""
    try:
        before = _peak(reset=True)
        kind = bench.judge(case)
        grown = _peak() - before
        return Outcome(kind) if grown <= MEMORY else Outcome(hole=f"memory grew by {grown >> 20} MiB")
    except BaseException as error:  # a panic of a native reader is no Exception
        if isinstance(error, KeyboardInterrupt):
            raise
        frames = traceback.extract_tb(error.__traceback__)
        at = [f"{Path(f.filename).name}:{f.name}" for f in frames if "site-packages" not in f.filename]
        return Outcome(hole=f"{type(error).__name__} in {at[-1]}", detail=f"{' > '.join(at)}\n{error}")


def _peak(reset: bool = False) -> int:
    """Bytes of resident memory at most since the last reset; 0 where the system does not say."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        status = Path("/proc/self/status").read_text()
        name = "VmRSS:" if reset else "VmHWM:"
        return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) << 10
    except OSError:
        return 0


def _worked(pid: int | None) -> float:
    """Seconds of processor time a process has used; 0 where the system does not say."""
    try:
        used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def _child(pipe: Connection) -> None:
    from quality.gate import gate_engine

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder, gate_engine(threads=1, memory="512MB") as engine:
        bench = Bench(Path(folder), engine)
        while case := pipe.recv():
            pipe.send(attempt(bench, case))


@dataclass
class Worker:
    """A child that judges files; when it hangs or dies, the file is a hole and another child takes over."""

    files: int = 0
    _process: multiprocessing.process.BaseProcess | None = None
    _pipe: Connection | None = None

    def judge(self, case: Case) -> Outcome:
        """The outcome of one file, at most a few seconds later than the limit."""
        if self._process is None or self.files >= FILES_A_CHILD:
            self._start()
        self.files += 1
        try:
            self._pipe.send(case)
            if self._answers():
                return self._pipe.recv()
            hole = f"no answer after {HANGS_AFTER} s"
        except (EOFError, BrokenPipeError, ConnectionResetError):
            self._process.join(5)
            hole = f"the process died: {self._process.exitcode}"
        self.stop()
        return Outcome(hole=hole)

    def _answers(self) -> bool:
        """Whether the child answers before it has worked, or not worked, for too long."""
        began, worked = time.monotonic(), _worked(self._process.pid)
        while time.monotonic() - began < PATIENCE:
            if self._pipe.poll(1):
                return True
            # the first file of a child waits for its imports as well
            if self.files > 1 and _worked(self._process.pid) - worked > HANGS_AFTER:
                return False
        return False

    def _start(self) -> None:
        self.stop()
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_child, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def stop(self) -> None:
        """Ends the child, whatever it is doing."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process, self.files = None, 0


@dataclass
class Corpus:
    """Files worth mutating: the seeds, and every mutant that went a way no other went."""

    draw: random.Random
    cases: list[Case] = field(default_factory=lambda: [Case(s.name, s.data, s.profile) for s in seeds()])
    kinds: set[tuple] = field(default_factory=set)

    def mutants(self) -> Iterator[Case]:
        """Without end; the same ones for the same seed and the same verdicts."""
        while True:
            base = self.draw.choice(self.cases)
            yield Case(base.name, mutated(base.data, self.draw), base.profile)

    def learn(self, case: Case, kind: tuple) -> None:
        """Keeps a case if nothing like it has been seen."""
        if kind not in self.kinds:
            self.kinds.add(kind)
            self.cases.append(case)


def save(case: Case, outcome: Outcome, folder: Path = CRASHES) -> Path:
    """Writes what replays the case: the file, and beside it its name, its profile and what it broke."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(case.data).hexdigest()[:16]
    path.write_bytes(case.data)
    said = {"name": case.name, "profile": case.profile, "hole": outcome.hole, "detail": outcome.detail}
    path.with_suffix(".json").write_text(json.dumps(said, ensure_ascii=False, indent=1), "utf-8")
    return path


def saved(paths: Iterable[Path]) -> Iterator[Case]:
    """The cases of crash files, or of all in a folder."""
    for path in paths:
        if path.is_dir():
            yield from saved(sorted(p.with_suffix("") for p in path.glob("*.json")))
            continue
        told = path.with_suffix(".json")
        said = json.loads(told.read_text("utf-8")) if told.exists() else {}
        yield Case(said.get("name", path.name), path.read_bytes(), said.get("profile", "binjiang"))


def fuzz(seconds: float, seed: int) -> int:
    """Mutants for so many seconds; one line a new kind of hole, a summary at the end. Returns the holes."""
    corpus, worker, holes = Corpus(random.Random(seed)), Worker(), {}
    began, tried = time.monotonic(), 0
    first, mutants = list(corpus.cases), corpus.mutants()
    while time.monotonic() - began < seconds or first:
        case = first.pop() if first else next(mutants)
        outcome = worker.judge(case)
        tried += 1
        if outcome.hole:
            holes[outcome.hole] = holes.get(outcome.hole, 0) + 1
            if holes[outcome.hole] == 1:
                print(f"{outcome.hole}: {save(case, outcome)}", flush=True)
        else:
            corpus.learn(case, outcome.kind)
    worker.stop()
    took = time.monotonic() - began
    print(f"{tried} files in {took:.0f} s, {len(corpus.kinds)} kinds of verdict, {len(holes)} kinds of hole")
    for hole, times in sorted(holes.items(), key=lambda item: -item[1]):
        print(f"  {times:6} {hole}")
    return len(holes)


def replay(paths: list[Path]) -> int:
    """Judges saved cases again; returns how many still break something."""
    worker, broken = Worker(), 0
    for case in saved(paths):
        outcome = worker.judge(case)
        broken += bool(outcome.hole)
        print(f"{case.name} {len(case.data)} bytes: {outcome.hole or 'nothing broken'}\n{outcome.detail}".rstrip())
    worker.stop()
    return broken


def agree(examples: int) -> int:
    """The property of tests/quality/test_agreement.py on so many new contracts; raises at the smallest that fails."""
    import logging

    from hypothesis import HealthCheck, given, settings

    from tests.quality.agreement import Contract, contracts, disagreements

    logging.disable(logging.CRITICAL)
    patient = settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))

    @patient
    @given(contract=contracts())
    def property_holds(contract: Contract) -> None:
        with tempfile.TemporaryDirectory(prefix="agreement-") as folder:
            assert not disagreements(contract, Path(folder)), "the engines disagree"

    property_holds()
    print(f"three engines agree on {examples} contracts")
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Feeds the gate broken files and looks whether its promises hold.")
    parser.add_argument("--seconds", type=float, default=60, help="how long (default 60)")
    parser.add_argument("--seed", type=int, default=0, help="other mutants (default 0)")
    parser.add_argument("--guided", action="store_true", help="led by the branches of the code (needs atheris)")
    parser.add_argument("--replay", nargs="*", type=Path, metavar="FILE", help="judge saved files; all crashes if none")
    parser.add_argument("--agreement", type=int, metavar="N", help="N generated contracts, put to three engines")
    given = parser.parse_args()
    if given.agreement:
        return agree(given.agreement)
    if given.replay is not None:
        return bool(replay(given.replay or [CRASHES]))
    if given.guided:
        from tests.fuzz.guided import fuzz as guided

        return bool(guided(given.seconds, given.seed))
    return bool(fuzz(given.seconds, given.seed))


if __name__ == "__main__":
    sys.exit(main())
