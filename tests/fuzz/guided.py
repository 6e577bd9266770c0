"""The same mutants led by the branches of our Python code: libFuzzer by way of atheris.

What belongs here: turning a case into the bytes libFuzzer keeps, and starting it over where it stopped. What does not:
the mutants and what must hold (mutations.py, oracles.py). The native readers are not instrumented: what they do
shows in the branches our code takes afterwards.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.fuzz.oracles import Bench

# nothing of ours at the top: a child must see each module before it is imported, or its branches stay unseen


def fuzz(seconds: float, seed: int) -> int:
    """Runs libFuzzer in children until the time is over; a hole ends a child, and the next goes on from the corpus.

    Returns the kinds of holes found."""
    from tests.fuzz.run import CRASHES, HANGS_AFTER
    from tests.fuzz.seeds import seeds

    before = set(CRASHES.glob("*.json"))
    ends = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="guided-") as corpus:
        for number, seed_file in enumerate(seeds()):
            (Path(corpus) / f"seed{number}").write_bytes(bytes([number]) + seed_file.data)
        while (left := int(ends - time.monotonic())) > 0:
            limits = [f"-max_total_time={left}", f"-timeout={HANGS_AFTER * 6}", "-rss_limit_mb=4096"]
            command = [sys.executable, "-m", "tests.fuzz.guided", corpus, *limits, f"-seed={seed + 1}"]
            subprocess.run([*command, f"-artifact_prefix={CRASHES}/"], check=False)
            seed += 1
        print(f"{len(list(Path(corpus).iterdir()))} inputs kept")
    found = set(CRASHES.glob("*.json")) - before
    print(f"{len(found)} files saved in {CRASHES.name}")
    return len(found)


def _one_child() -> None:
    import resource

    import atheris

    with atheris.instrument_imports(include=["quality", "schemas.compile"]):
        from quality.gate import gate_engine
        from tests.fuzz.oracles import Bench

    from tests.fuzz.run import ADDRESS_SPACE

    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    with tempfile.TemporaryDirectory(prefix="guided-") as folder, gate_engine(threads=1) as engine:
        _loop(Bench(Path(folder), engine))


def _loop(bench: Bench) -> None:
    import atheris

    from tests.fuzz.mutations import mutated
    from tests.fuzz.oracles import Case
    from tests.fuzz.run import attempt, save
    from tests.fuzz.seeds import seeds

    def one(data: bytes) -> None:
        """The first byte says the way of which seed the rest is read."""
        way = seeds()[data[0] % len(seeds())] if data else seeds()[0]
        case = Case(way.name, data[1:], way.profile)
        outcome = attempt(bench, case)
        if outcome.hole:
            print(f"{outcome.hole}: {save(case, outcome)}", flush=True)
            os._exit(77)

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        draw = random.Random(seed)
        if draw.random() < 0.2:
            return atheris.Mutate(data, most)
        return (data[:1] + mutated(data[1:], draw))[:most]

    atheris.Setup([sys.argv[0], *sys.argv[1:], "-max_len=1000000"], one, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    _one_child()
