"""Many publishers at once, and one that is stopped and continued: nothing is lost, nothing doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assets.release.stores.local import LocalStore
from tests.faults import bare, reader

ROOT = Path(__file__).parents[2]
ENV = os.environ | {"PYTHONPATH": str(ROOT)}

#: stops itself before the change to the disk that the first word counts to, and goes on when it is continued
STOPPING = """
import os, signal, sys
left = int(sys.argv.pop(1))
def counted(change):
    def call(*args, **kwargs):
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
        return change(*args, **kwargs)
    return call
for name in ("link", "rename", "replace", "mkdir", "fsync", "unlink", "rmdir", "fchmod"):
    setattr(os, name, counted(getattr(os, name)))
from tests.faults import bare
sys.exit(bare.main())
"""


def start(*words: object, code: str | None = None) -> subprocess.Popen:
    program = ["-c", code] if code else [ROOT / "tests/faults/bare.py"]
    command = [sys.executable, *program, *map(str, words)]
    return subprocess.Popen(command, env=ENV, stdout=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen) -> tuple[int, str]:
    out, _ = process.communicate(timeout=120)
    return process.returncode, out.strip()


def published(folder: Path) -> list[str]:
    """Every release a reader finds, the first one first; each byte as promised."""
    reader.verify(str(folder))
    return [name for name, _ in reader.chain(str(folder))][::-1]


@pytest.fixture
def folder(memory) -> Path:
    bare.publish(LocalStore(memory / "p"), memory / "w", "base")
    return memory / "p"


def test_eight_publishers_at_once(folder, memory):
    """Each one publishes upon the one before; who waits too long exits 75 and has changed nothing."""
    waits = [60] * 6 + [0] * 2
    started = [start(folder, memory / f"w{i}", f"l{i}", "--wait", wait) for i, wait in enumerate(waits)]
    codes = [ended(process) for process in started]
    assert {code for code, _ in codes} <= {0, 75} and all(code == 0 for code, _ in codes[:6])
    won = [name for code, name in codes if code == 0]
    assert sorted(won) == published(folder)[1:] and len(set(won)) == len(won)


@pytest.mark.parametrize("change", [1, 25, 47])
def test_one_that_is_stopped_and_continued(folder, memory, change):
    """From its first change to its last: the second one is turned away, and both are published in the end."""
    stopped = start(change, folder, memory / "w0", "stopped", code=STOPPING)
    deadline = time.monotonic() + 60
    while Path(f"/proc/{stopped.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T":
        assert stopped.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    before = published(folder)
    code, _ = ended(start(folder, memory / "w1", "second", "--wait", "0.2"))
    assert code == 75 and published(folder)[: len(before)] == before
    os.kill(stopped.pid, signal.SIGCONT)
    code, first = ended(stopped)
    assert code == 0
    code, second = ended(start(folder, memory / "w1", "second"))
    assert code == 0 and {first, second} <= set(published(folder)) and len(published(folder)) == 3


def test_readers_while_releases_are_made(folder, memory):
    """A reader that is in the middle of the old release when the pointer moves still finds all of it."""
    code = "import sys; from tests.faults import reader\nwhile sys.stdin: reader.verify(sys.argv[1]); print(1, flush=1)"
    readers = [start(folder, code=code) for _ in range(2)]
    for process in readers:
        process.stdout.readline()  # it is at work
    for number in range(20):
        bare.publish(LocalStore(folder), memory / "w", f"n{number}")
    for process in readers:
        assert process.poll() is None
        process.kill()
        assert len(process.communicate()[0].split()) >= 20
    assert len(published(folder)) == 21
