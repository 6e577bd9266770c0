"""With what a release is made: the versions of the libraries its bytes depend on, and one hash of the code.

What belongs here: what a manifest records so that a rebuild that differs can say why. What does not: the contracts,
which have a fingerprint of their own.
"""

from __future__ import annotations

import functools
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from assets.workspace import code_fingerprint, fingerprint

ROOT = Path(__file__).parents[2]

#: DuckDB writes CSV and Parquet and computes; scipy chooses complements; calamine reads workbooks; the calendar tells
#: working days; JSON and code lists are written by Python itself; quality reports tell what Great Expectations found,
#: in pages by Jinja2
_LIBRARIES = (
    "chinesecalendar", "duckdb", "great-expectations", "jinja2", "python-calamine", "scipy", "tuoyu-open-data"
)


@functools.cache
def writers() -> dict[str, str]:
    """name -> version, sorted by name. `unknown` for what was never installed, such as a bare checkout."""
    found = {name: _version(name) for name in _LIBRARIES} | {"python": platform.python_version()}
    return dict(sorted(found.items()))


@functools.cache
def code() -> str:
    """One hash of the code that makes what is published; contracts have their own."""
    made = [code_fingerprint(ROOT / floor, (".py", ".sql", ".yml", ".html", ".css")) for floor in ("quality", "assets")]
    return fingerprint(code_fingerprint(ROOT / "schemas", (".py",)), made)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
