"""One module a publishing format, found by its file name: a new format is one new file here.

A module offers `FORMAT` (the `format` of the descriptor), `MEDIATYPE`, and
`write(con, select, path)`: the ordered SELECT as one file, the same bytes for the same rows whatever the
threads, clock and time zone. It may offer `TABULAR = True` when readers of data packages can check the
file against its Table Schema. Without it `FORMAT` must be no name that frictionless would open the file
by, or publishing is refused (`jsonl`: 'Please install "frictionless[json]"'): write it as people do, with
a capital, such as "JSON Lines".
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def formats() -> list[str]:
    """The formats that can be published: the names of the modules here."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def exporter(name: str) -> ModuleType:
    """The exporter of a format. LookupError names the formats there are."""
    if name not in formats():
        raise LookupError(f"no exporter for the format {name!r}: there is {', '.join(formats())}")
    return importlib.import_module(f"{__name__}.{name}")
