"""What a publisher may be told beyond the two states it compares: how things came to be known.

What belongs here: the shape of that knowledge. What does not: getting it from a workspace (evidence.py), judging by
it (kinds.py). Without it a publisher says `not-evaluated`, never a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from assets.release.manifest import Manifest


class Knowledge(Protocol):
    """Asked once for each dataset that differs, for the tables that do; hands back folders of Parquet files.

    A table that has no file there is not known about."""

    def then(self, before: Manifest, names: Sequence[str]) -> Path | None:
        """Open tables with all that is known today, as of the date of the release ``before``."""

    def evidence(self, before: Manifest, names: Sequence[str]) -> Path | None:
        """For each table the newest received file a row is made of.

        Columns: those of its key that lead to it, `source_sha256`, `received_on`, `is_new` (received since the
        release ``before``), `is_dated` (the facts say when they were so) and `is_merged` (this id was found to be
        another one's). A table whose rows are made of many
        files has one row without key, hash and day: whether anything was received at all."""


@dataclass(frozen=True)
class TablesThen:
    """Tables as of the date before that lie in a folder already; of evidence nothing is known."""

    folder: Path

    def then(self, before: Manifest, names: Sequence[str]) -> Path | None:
        return self.folder

    def evidence(self, before: Manifest, names: Sequence[str]) -> Path | None:
        return None
