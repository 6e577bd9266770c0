"""Runs `tuoyu` while Python reports every file it opens or changes: `watch.py PUBLISHED REPORT ARGUMENT...`

Writes a report as JSON: how often each door was used, and who went through a wall. Not a test itself.
What the engine does to files in its own C++ is not seen; it writes to the workspace only.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = str(ROOT / "schemas") + os.sep
REGISTRY = str(ROOT / "schemas" / "registry.py")
STORE = str(ROOT / "assets" / "release" / "stores" / "local.py")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: audit event -> which of its arguments are paths that change
CHANGES = {
    "os.rename": (0, 1),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.truncate": (0,),
    "shutil.rmtree": (0,),
    "shutil.move": (0, 1),
}


class Watch:
    """Counts what passes the two doors, and notes what does not."""

    def __init__(self, published: str) -> None:
        self.published = os.path.abspath(published)
        self.passed = {"contracts read": 0, "published written": 0}
        self.broken: set[str] = set()

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode, flags = args
            writes = bool(set(mode or "") & set("wax+")) or bool((flags or 0) & WRITES)
            self._opened(path, writes)
        elif event in CHANGES:
            for index in CHANGES[event]:
                self._written(_absolute(args[index]), event)

    def _opened(self, path: Any, writes: bool) -> None:
        name = _absolute(path)
        if name is None:
            return
        if name.startswith(CONTRACTS) and not name.endswith((".py", ".pyc")):
            self._through("contracts read", REGISTRY, f"reads {name[len(CONTRACTS) :]}")
        if writes:
            self._written(name, "open")

    def _written(self, name: str | None, how: str) -> None:
        if name and (name == self.published or name.startswith(self.published + os.sep)):
            self._through("published written", STORE, f"{how} {name[len(self.published) :]}")

    def _through(self, what: str, door: str, deed: str) -> None:
        stack = list(_stack())
        if door in stack:
            self.passed[what] += 1
        else:
            own = [s for s in stack if s.startswith(str(ROOT)) and s != __file__]
            self.broken.add(f"{os.path.relpath(own[0], ROOT) if own else '?'} {deed}")


def _absolute(path: Any) -> str | None:
    """None for a file descriptor."""
    return None if isinstance(path, int) else os.path.abspath(os.fsdecode(path))


def _stack():
    frame = sys._getframe(3)
    while frame:
        yield frame.f_code.co_filename
        frame = frame.f_back


def main() -> int:
    """Runs the command line with the given arguments and leaves the report."""
    published, report, *arguments = sys.argv[1:]
    watch = Watch(published)
    sys.addaudithook(watch)
    sys.argv = ["tuoyu", *arguments]
    from pipelines.cli import main as tuoyu

    try:
        tuoyu()
    except SystemExit as stop:
        return int(stop.code or 0)
    finally:
        Path(report).write_text(json.dumps({"passed": watch.passed, "broken": sorted(watch.broken)}))
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    raise SystemExit(main())
