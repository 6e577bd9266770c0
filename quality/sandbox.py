"""The gate in a child process, under limits of time and memory: what a file does to a parser ends there.

What belongs here: starting, watching and replacing the child, and its side of the conversation. What does not:
judging (gate.py), and what a file may hold (limits.py). One child judges many files, one after the other; one
that dies, hangs or grows too large is killed, its file is refused, and the next file gets a new child.

What the child says is read with a pickler that knows only the gate's own records, and its standard error goes
nowhere: a parser that breaks may print what stands in a cell.
"""

from __future__ import annotations

import gc
import importlib
import io
import os
import pickle
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from quality.limits import Limits, Refused

if TYPE_CHECKING:  # the engine takes a while to import: the child starts before this process does it too
    from quality.gate import GateResult
    from schemas.registry import Registry

#: seconds between two looks at a child
_LOOK = 0.02
#: wall time a child gets for each second of CPU: a busy machine must not refuse honest files
_PATIENCE = 6
#: address space beyond the memory a file may use: code, stacks and arenas that are reserved and never touched
_ROOM_BYTES = 4 << 30
#: how long a child may take to start, in seconds; one that does not has no file to blame
_START_SECONDS = 120
_HEADER = 8


class GateFault(Exception):
    """The gate broke, which is a fault of ours. The message says where, and quotes no value."""


class Sandbox(AbstractContextManager):
    """A gate in a child process. The child starts at once, so that it is ready when the contracts are loaded.

    ``threads``, ``memory`` and ``spill`` are the engine's (gate.gate_engine)."""

    def __init__(
        self,
        limits: Limits | None = None,
        threads: int | None = None,
        memory: str | None = None,
        spill: Path | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self._engine = {"threads": threads, "memory": memory, "spill": spill}
        self._child = _Child(self._engine)
        self._knows: Registry | None = None
        importlib.import_module("quality.gate")  # the records of its answers, while the child does the same

    def __exit__(self, *_: object) -> None:
        self._child.stop()

    def check_file(
        self,
        registry: Registry,
        path: Path,
        *,
        name: str,
        sha256: str,
        received_on: date | str,
        as_of: date,
        out_dir: Path | None = None,
        brief: bool = False,
    ) -> GateResult:
        """The gate's verdict (gate.check_file), or the refusal of a file that a child could not bear.

        ``brief``: the verdict comes without its findings, which lie in ``out_dir``. AccountError and GateFault are
        faults of ours."""
        given: dict[str, Any] = {
            "path": Path(path).absolute(), "name": name, "sha256": sha256, "received_on": received_on,
            "as_of": as_of, "out_dir": out_dir and Path(out_dir).absolute(), "limits": self.limits,
        }  # fmt: skip
        size = path.stat().st_size
        try:
            return self._ask(registry, size, given, brief)
        except Refused as refusal:  # a fresh child writes it down, in the shape of every other verdict
            return self._ask(registry, 0, given | {"refused": refusal}, brief)

    def write_answer(
        self, registry: Registry, path: Path | None, target: Path, result: GateResult, as_of: date
    ) -> str:
        """The answer to the filer as a workbook at ``target`` (feedback.write_answer), and the way it was made.

        What is too much for the child is made the next, simpler way by a fresh one. ``path``: None for a file that
        is not at hand."""
        given = {
            "path": path and path.absolute(), "target": target.absolute(), "result": result, "as_of": as_of,
            "limits": self.limits,
        }  # fmt: skip
        for first in ("own", "copy"):
            with suppress(Refused):
                size = path.stat().st_size if path else 0
                return self._ask(registry, size, given | {"first": first}, False)
        return self._ask(registry, 0, given | {"first": "list"}, False)

    def _ask(self, registry: Registry, size: int, given: dict[str, Any], brief: bool) -> GateResult:
        """One question to the child, who is replaced when it is gone. Refused names what the file did to it."""
        allowed = self.limits.for_size(size)
        try:
            if not self._begun(registry, given, brief, allowed):
                self._child.stop()
                self._child, self._knows = _Child(self._engine), None
                if not self._begun(registry, given, brief, allowed):
                    raise GateFault("the child process of the gate dies before it has opened a file")
            result = _understood(*self._child.answer(), allowed)
        except Exception:
            self._child.stop()
            raise
        self._knows = registry
        return result


    def _begun(self, registry: Registry, given: dict[str, Any], brief: bool, allowed: Limits) -> bool:
        """Whether the child has taken the question; not when it was gone before: then no file is to blame."""
        contracts = None if registry is self._knows else registry
        return self._child.takes((contracts, given, brief, allowed), allowed)


def _understood(kind: str, told: Any, allowed: Limits) -> GateResult:
    if kind == "result":
        return told
    if kind == "memory":
        raise Refused.memory(allowed)
    from quality.gate import AccountError

    raise AccountError(told) if kind == "account" else GateFault(told)


class _Child:
    """The parent's end of one child."""

    def __init__(self, engine: dict[str, Any]) -> None:
        self._scratch = Path(tempfile.mkdtemp(prefix="gate-"))
        self._answers, theirs = os.pipe()
        # of the working folder nothing is imported: a file lying there could have the name of a module
        code = f"import sys; sys.path[:] = {sys.path!r}; from quality.sandbox import serve; serve({theirs})"
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[theirs],
        )
        os.close(theirs)
        self._ready = False
        self._say((engine | {"spill": str(engine["spill"] or self._scratch)}, str(self._scratch)))

    def stop(self) -> None:
        """Ends the child, whatever it is doing, and removes what it left in its scratch folder."""
        if self._answers < 0:
            return
        self._process.kill()
        self._process.wait()
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        os.close(self._answers)
        self._answers = -1
        shutil.rmtree(self._scratch, ignore_errors=True)

    def takes(self, question: Any, allowed: Limits) -> bool:
        """Asks; False when the child is gone. From now on the watch runs."""
        if self._answers < 0:
            return False
        if not self._ready:
            self._wait_until_ready()
        self._watch = _Watch(self._process.pid, allowed)
        self._say(question)
        return self._next() is not None

    def answer(self) -> tuple[str, Any]:
        """Its answer (kind, content); Refused when the file was more than it could bear."""
        answer = self._next()
        if answer is None:
            raise self._autopsy(self._watch.allowed)
        return _plain(answer)

    def _wait_until_ready(self) -> None:
        """No file is to blame for a child that does not start."""
        self._watch = _Watch(self._process.pid, Limits(seconds=_START_SECONDS, memory_bytes=1 << 40))
        try:
            self._ready = self._next() is not None
        except Refused:
            self._ready = False
        if not self._ready:
            raise GateFault("the child process of the gate does not start")

    def _say(self, question: Any) -> None:
        with suppress(BrokenPipeError):  # it is dead already: the answer will say so
            pickle.dump(question, self._process.stdin)
            self._process.stdin.flush()

    def _next(self) -> bytes | None:
        """What the child says next, or None when it died. Refused when it went beyond its limits."""
        got, wanted = bytearray(), _HEADER
        while len(got) < wanted:
            self._watch.look()
            if select.select([self._answers], [], [], _LOOK)[0]:
                piece = os.read(self._answers, wanted - len(got))
                if not piece:
                    return None
                got += piece
            if len(got) == wanted == _HEADER:
                wanted += int.from_bytes(got)
        return bytes(got[_HEADER:])

    def _autopsy(self, allowed: Limits) -> Refused:
        """What a child died of, as a refusal of the file it was reading."""
        code = self._process.wait()
        return Refused.seconds(allowed) if code == -signal.SIGXCPU else Refused("file-breaks-reader")


class _Watch:
    """What a child may still use for the file it is reading."""

    def __init__(self, pid: int, allowed: Limits) -> None:
        self._pid, self.allowed = pid, allowed
        self._until = time.monotonic() + allowed.seconds * _PATIENCE
        self._cpu = self._used()[0] + allowed.seconds

    def look(self) -> None:
        """Refused when the file takes more time or memory than it may."""
        cpu, memory = self._used()
        if memory > self.allowed.memory_bytes:
            raise Refused.memory(self.allowed)
        if cpu > self._cpu or time.monotonic() > self._until:
            raise Refused.seconds(self.allowed)

    def _used(self) -> tuple[float, int]:
        """Seconds of CPU and bytes resident; nothing where the system does not tell (the child's own limits hold)."""
        try:
            fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return 0.0, 0
        ticks = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return ticks, int(fields[21]) * resource.getpagesize()


class _Answers(pickle.Unpickler):
    """Knows the records of the gate and nothing else: what a broken child sends runs no code here."""

    def find_class(self, module: str, name: str) -> Any:
        if module in ("quality.gate", "quality.findings") and name[:1].isupper():
            return super().find_class(module, name)
        raise pickle.UnpicklingError("not a record of the gate")


def _plain(answer: bytes) -> tuple[str, Any]:
    try:
        kind, told = _Answers(io.BytesIO(answer)).load()
    except Exception as error:
        raise GateFault(f"the gate's child process answers nonsense ({type(error).__name__})") from None
    return kind, told


# --- the child's side


def serve(answers: int) -> None:
    """The child's life: the engine once, then one verdict a question, until nobody asks any more."""
    from quality.gate import gate_engine

    with os.fdopen(0, "rb", closefd=False) as questions, os.fdopen(answers, "wb") as out:
        engine_given, scratch = pickle.load(questions)
        tempfile.tempdir = scratch
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        gc.set_threshold(200_000, 50, 50)  # a workbook is a million small objects, none of them in a ring
        with gate_engine(**engine_given) as engine:
            _tell(out, ("ready", None))
            registry = None
            while question := _next(questions):
                contracts, given, brief, allowed = question
                registry = contracts or registry
                _confine(allowed)
                _tell(out, ("begun", None))
                _tell(out, _judged(registry, given, brief, engine))


def _next(questions: BinaryIO) -> Any:
    try:
        return pickle.load(questions)
    except EOFError:
        return None


def _judged(registry: Registry, given: dict[str, Any], brief: bool, engine: Any) -> tuple[str, Any]:
    import duckdb

    from quality.gate import AccountError, check_file

    try:
        if "target" in given:
            from quality.answers.feedback import write_answer

            return "result", write_answer(registry, **given)
        result = check_file(registry, engine=engine, **given)
    except AccountError as error:
        return "account", str(error)
    except (MemoryError, duckdb.OutOfMemoryException):
        return "memory", None
    except Exception as error:
        return "fault", _where(error)
    return "result", replace(result, findings=()) if brief else result


def _where(error: Exception) -> str:
    """Kind and place of an error, without its message: that may quote a value."""
    last = traceback.extract_tb(error.__traceback__)[-3:]
    return f"{type(error).__name__} in " + ", ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in last)


def _confine(allowed: Limits) -> None:
    """The kernel's own limits, for the case that the parent does not look in time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + allowed.seconds + 2
    for kind, most in (
        (resource.RLIMIT_AS, allowed.memory_bytes + _ROOM_BYTES),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, allowed.written_bytes),
    ):
        hard = resource.getrlimit(kind)[1]
        with suppress(ValueError):
            resource.setrlimit(kind, (most if hard == resource.RLIM_INFINITY else min(most, hard), hard))


def _tell(out: BinaryIO, answer: tuple[str, Any]) -> None:
    said = pickle.dumps(answer)
    out.write(len(said).to_bytes(_HEADER) + said)
    out.flush()
