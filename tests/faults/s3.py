"""The promises of a publisher to an S3-compatible store, each disturbed on purpose and counted.

    python -m tests.faults.s3            every fault at every PUT, hundreds of kills, thousands of readers
    python -m tests.faults.s3 --quick    a few of each
    python -m tests.faults.s3 --only faults,killed

The store is moto in this process. Between it and the publisher stands the fault proxy that lies beside the checkout
(shared/faults), and its killtest.py does the killing; nothing of either is copied, and without them only the promises
that need neither are measured. What does not belong here: what is published (bare.py), the processes (s3_publish.py).
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from assets.release.manifest import current_release
from assets.release.verify import verify_release
from tests.assets.release.s3_server import Server, serving
from tests.faults import bare
from tests.faults.s3_publish import ended, reset, store_of, verify

ROOT = Path(__file__).parents[2]
SHARED = ROOT / ".." / "shared" / "faults"
KINDS = ("drop-before", "drop-after", "s500", "s503", "s500-after", "truncate")
#: everything but the question whether a store is fit
WRITES = r"/(blobs|datasets|releases|signatures|\.committed)/|/current\.json"
Row = tuple[str, str, str, bool]


@contextmanager
def faulty(server: Server, kind: str, *more: str) -> Iterator[str]:
    """The address of the fault proxy in front of a store."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        listen = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, SHARED / "s3fault.py", "--listen", listen, "--to", server.endpoint.removeprefix("http://")]
    proxy = subprocess.Popen([*command, "--fault", kind, *more])
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://{listen}/__count").close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://{listen}"
    finally:
        proxy.kill()
        proxy.wait()


def count(proxy: str) -> int:
    """How many requests the proxy saw of the kind it looks at."""
    with urllib.request.urlopen(f"{proxy}/__count") as answer:
        return int(answer.read())


class Bench:
    """A running store with the release that every trial begins with, below `base`."""

    def __init__(self, server: Server, work: Path, quick: bool) -> None:
        self.server, self.work, self.quick = server, work, quick
        self.trials = 0
        self.publish(server.endpoint, "base", "base")
        self.publish(server.endpoint, self.trial(), "next")
        self.undisturbed = self.objects(self.prefix)

    def trial(self) -> str:
        """A new prefix with the base release below it."""
        self.trials += 1
        self.prefix = f"trial{self.trials}"
        reset(self.server.endpoint, self.prefix, "base")
        return self.prefix

    def publish(self, endpoint: str, prefix: str, label: str, retries: int = 4) -> int:
        work = self.work / f"{prefix}-{label}"
        store = store_of(endpoint, prefix, work / "scratch", retries=retries)
        return ended(lambda: bare.publish(store, work, label))

    def store(self, prefix: str, label: str = ""):
        return store_of(self.server.endpoint, prefix, self.work / label / "scratch")

    def objects(self, prefix: str) -> dict[str, str]:
        """The names and hashes of what lies below a prefix; a probe that a fault has left is not counted."""
        store = self.store(prefix)
        return {name: store.digest(name)[1] for name in store.files() or ()}

    def consistent(self, prefix: str) -> bool:
        """What a reader sees: the old release or the new one, whole."""
        seen: list[list[str]] = []
        return ended(lambda: seen.append(verify(self.store(prefix)))) == 0 and len(seen[0]) in (1, 2)

    def recovers(self, prefix: str) -> bool:
        """Running again finishes the same release, and leaves what an undisturbed run leaves."""
        return self.publish(self.server.endpoint, prefix, "next") == 0 and self.objects(prefix) == self.undisturbed


def faults(bench: Bench) -> Row:
    """Each kind of fault at every PUT of a publish, once with retries by the client and once by our own code alone."""
    with faulty(bench.server, "none") as proxy:
        bench.publish(proxy, bench.trial(), "next")
        puts = count(proxy)
    places = [puts // 2, puts - 4] if bench.quick else range(1, puts + 1)
    bad: Counter[str] = Counter()
    codes: Counter[int] = Counter()
    for kind in KINDS:
        for at in places:
            for retries in (0,) if bench.quick else (0, 4):
                with faulty(bench.server, kind, "--at", str(at)) as proxy:
                    codes[bench.publish(proxy, bench.trial(), "next", retries)] += 1
                bad["inconsistent"] += not bench.consistent(bench.prefix)
                bad["not recovering"] += not bench.recovers(bench.prefix)
    said = f"{sum(codes.values())} faults, {puts} PUTs, {bad['inconsistent']} inconsistent, "
    said += f"{bad['not recovering']} not recovering; exit codes {dict(sorted(codes.items()))}"
    kept = not +bad and set(codes) <= {0, 69}
    return "S3: 6 kinds of fault at every PUT", "0 inconsistent, 0 not recovering", said, kept


def unfit(bench: Bench) -> Row:
    """A store that ignores conditions is refused before the first write."""
    with faulty(bench.server, "strip-cond", "--match", WRITES) as proxy:
        code, written = bench.publish(proxy, "unfit", "next"), count(proxy)
    left = bench.objects("unfit")
    said = f"exit {code}, {written} writes, {len(left)} objects left"
    kept = (code, written, len(left)) == (78, 0, 0)
    return "S3: a store that ignores conditions", "exit 78 before the first write", said, kept


def stale(bench: Bench) -> Row:
    """A cache answers with an old pointer: nothing is committed on it; once it is fresh the same run succeeds."""
    trials, wrong, codes = 3 if bench.quick else 20, 0, Counter()
    for _ in range(trials):
        prefix = bench.trial()
        with faulty(bench.server, "stale-get", "--method", "GET", "--match", "current.json", "--every", "1") as proxy:
            store_of(proxy, prefix, bench.work / "scratch").pointer()
            bench.publish(bench.server.endpoint, prefix, "next")
            codes[bench.publish(proxy, prefix, "other")] += 1
        wrong += bench.objects(prefix).keys() & bench.undisturbed.keys() != bench.undisturbed.keys()
        wrong += bench.publish(bench.server.endpoint, prefix, "other") != 0 or len(verify(bench.store(prefix))) != 3
    said = f"{trials} stale pointers, {wrong} built on; exit codes {dict(codes)}"
    return "S3: a pointer from a stale cache", "0 built on", said, not wrong and set(codes) <= {65, 75}


def many(bench: Bench) -> Row:
    """8 publishers with different releases begin with the same one, at the same moment: one of them wins."""
    rounds, publishers, wrong, prefix = 3 if bench.quick else 10, 8, 0, bench.trial()
    for at in range(rounds):
        together, codes = threading.Barrier(publishers, timeout=60), Counter()

        def one(label: str, together=together, codes=codes) -> None:
            store = bench.store(prefix, label)
            place = store.put_release
            store.put_release = lambda *release: (together.wait(), place(*release))
            codes[ended(lambda: bare.publish(store, bench.work / label, label))] += 1

        _all(publishers, lambda number, at=at, one=one: one(f"{at}-{number}"))
        wrong += codes != {0: 1, 75: publishers - 1} or len(verify(bench.store(prefix))) != at + 2
    said = f"{rounds} rounds of {publishers}, {wrong} with another end than one 0 and seven 75"
    return "S3: 8 publishers at once", "one wins, the others exit 75, the chain is whole", said, not wrong


def readers(bench: Bench) -> Row:
    """Full verifications while releases are made."""
    wanted, releases, prefix = (40, 5, bench.trial()) if bench.quick else (2000, 20, bench.trial())
    done, read, failed = threading.Event(), [], []

    def reader(_: int) -> None:
        while not done.is_set():
            store = bench.store(prefix)
            try:
                release = current_release(store)
                verify_release(store, release.manifest)
                read.append(release.manifest.seq)
            except Exception as error:
                failed.append(error)

    def writer() -> None:
        made = 0
        while made < releases or len(read) < wanted:
            if made < releases and len(read) >= wanted * made // releases:
                made += 1
                bench.publish(bench.server.endpoint, prefix, f"release {made}")
            time.sleep(0.01)
        done.set()

    thread = threading.Thread(target=writer)
    thread.start()
    _all(4, reader)
    thread.join()
    said = f"{len(read)} verifications during {len(set(read))} releases, {len(failed)} failures"
    return "S3: readers while releases are made", "0 failures", said, not failed and len(read) >= wanted


def killed(bench: Bench) -> Row:
    """Killed at random moments and before system calls, publishers at once, one stopped and continued."""
    endpoint, own = bench.server.endpoint, f"{sys.executable} {ROOT}/tests/faults/s3_publish.py"
    said = [f"--publish={own} publish {endpoint} kill-{{n}} {{work}} next"]
    said += [f"--publish-i={own} publish {endpoint} kill-{{n}} {{work}} {{i}}"]
    said += [f"--{what}={own} {what} {endpoint} kill-{{n}} {{work}}" for what in ("verify", "current", "list")]
    said += [f"--reset={own} reset {endpoint} kill-{{n}} {{work}} base", "--net", "--timeout", "120"]
    modes, number = ("time", "4") if bench.quick else ("time,syscall,concurrent,zombie", "200")
    report = bench.work / "killtest.json"
    command = [sys.executable, SHARED / "killtest.py", *said, "--mode", modes, "--n", number]
    command += ["--report", report, "--min-killed", "0"]
    run = subprocess.run(command, env={"PYTHONPATH": str(ROOT), "PATH": _path()}, capture_output=True, text=True)
    if not report.exists():
        return "S3: killed", "0 violations", f"the harness did not get through: {run.stdout[-300:]}", False
    found = json.loads(report.read_text())
    stats = {name: n for name, n in found["stats"].items() if isinstance(n, int)}
    measured = f"{len(found['violations'])} violations; {stats}"
    return "S3: killed, many, stopped", "0 violations", measured, not found["violations"] and "time:killed" in stats


def _path() -> str:
    from shutil import which

    return ":".join(dict.fromkeys(str(Path(found).parent) for name in ("strace", "sh", "cp") if (found := which(name))))


def _all(number: int, run: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=run, args=(n,)) for n in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


MEASURES = {"faults": faults, "unfit": unfit, "stale": stale, "many": many, "readers": readers, "killed": killed}
#: what needs nothing from beside the checkout
ALONE = ("many", "readers")


def rows(quick: bool, only: tuple[str, ...] = ()) -> list[Row]:
    """One row a promise: what is promised, the number wanted, what was measured, and whether it was kept."""
    wanted = [name for name in MEASURES if name in (only or MEASURES) and (SHARED.exists() or name in ALONE)]
    with serving() as server, tempfile.TemporaryDirectory() as work:
        bench = Bench(server, Path(work), quick)
        return [MEASURES[name](bench) for name in wanted]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.s3", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--quick", action="store_true", help="a few trials of each")
    parser.add_argument("--only", default="", help="promises, divided by commas: " + ",".join(MEASURES))
    given = parser.parse_args()
    if not SHARED.exists():
        print("skipped: the fault proxy and killtest.py (shared/faults) are not beside this checkout")
    kept = True
    for name in filter(None, given.only.split(",")) if given.only else MEASURES:
        for promise, wanted, measured, ok in rows(given.quick, (name,)):
            print(f"{'ok      ' if ok else 'NOT KEPT'} {promise}: {wanted}\n         {measured}", flush=True)
            kept &= ok
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
