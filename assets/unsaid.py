"""What may be said of a failure: Dagster keeps every message of an exception, for more readers than the data has.

What belongs here: the net around every asset. What does not: deciding that something failed. Engines and libraries
quote the row they stumbled over, the system the name of a file, which may be a person's; our own exceptions do not.
"""

from __future__ import annotations

import functools
import inspect
import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).parents[1]
#: whose exceptions say no value
_OWN = ("schemas", "quality", "assets", "pipelines", "dagster")


class StepFailed(Exception):
    """A step broke in a way that nobody foresaw. Says the kind of error and where in the code, never its words."""


def unsaid(compute: Callable[..., Any]) -> Callable[..., Any]:
    """An asset's function of which no exception repeats a value, nor does anything it was raised from."""
    name = compute.__name__
    if inspect.isgeneratorfunction(compute):

        @functools.wraps(compute)
        def steps(*args: Any, **given: Any) -> Iterator[Any]:
            with _unsaid(name):
                yield from compute(*args, **given)

        return steps

    @functools.wraps(compute)
    def step(*args: Any, **given: Any) -> Any:
        with _unsaid(name):
            return compute(*args, **given)

    return step


@contextmanager
def _unsaid(step: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if type(error).__module__.partition(".")[0] in _OWN:
            raise error from None
        raise _told(step, error) from None


def _told(step: str, error: Exception) -> Exception:
    """The same error without its words. What the disk does to us keeps its name, for it decides the exit code."""
    if isinstance(error, OSError) and error.errno:
        return type(error)(error.errno, os.strerror(error.errno))
    if isinstance(error, duckdb.IOException):
        return duckdb.IOException("No space left on device" if "No space left" in str(error) else "disk")
    return StepFailed(f"{step}: {type(error).__name__} {_place(error)}")


def _place(error: Exception) -> str:
    """The last line of ours that it came through."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).is_relative_to(ROOT)]
    ours = [f for f in frames if Path(f.filename).relative_to(ROOT).parts[0] in _OWN and f.filename != __file__]
    if not ours:
        return ""
    return f"{Path(ours[-1].filename).relative_to(ROOT).as_posix()}:{ours[-1].lineno}"
