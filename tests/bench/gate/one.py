"""Runs one tool once, in this process, and prints what it took as JSON: the clock, the CPU, the peak of memory.

Imports are made before the clock starts. Only the standard library, so that any environment can run it.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import resource
import sys
import time
from pathlib import Path

#: what a tool imports when it begins, so that importing is not measured
EARLY = {
    "limit": ("duckdb", "quality.normalise"),
    "gate": ("quality.gate", "schemas.registry"),
    "calamine": ("python_calamine",),
    "frictionless": ("frictionless",),
    "gx": ("great_expectations", "pandas"),
    "pandera": ("pandera.polars", "polars"),
    "soda": ("soda_core.contracts", "duckdb"),
}


def main() -> None:
    """Arguments: module file, tool, input, folder for output, spec, settings (JSON)."""
    module, tool, file, out, spec, given = sys.argv[1:]
    found = importlib.util.spec_from_file_location("bench_tools", module)
    tools = importlib.util.module_from_spec(found)
    found.loader.exec_module(tools)
    for name in EARLY[tool]:
        importlib.import_module(name)
    read = json.loads(Path(spec).read_text("utf-8"))
    wall, cpu = time.monotonic(), time.process_time()
    counts = getattr(tools, tool)(Path(file), Path(out), read, json.loads(given))
    took = {"wall": time.monotonic() - wall, "cpu": time.process_time() - cpu}
    print(json.dumps(took | {"rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "counts": counts}))


if __name__ == "__main__":
    main()
