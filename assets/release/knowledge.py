"""What a publisher may be told beyond the two states it compares: how things came to be known.

What belongs here: the shape of that knowledge. What does not: getting it from a workspace (evidence.py), judging by
it (kinds.py). Without it a publisher says `not-evaluated`, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

#: for some open tables, the folder with their Parquet files; called at most once a release, for those that differ
Tables = Callable[[Sequence[str]], Path]


@dataclass(frozen=True)
class Knowledge:
    """``then``: the tables with all that is known today, as of the date of the release before.

    ``evidence``: for each table the newest received file a row is made of. Columns: those of its key that lead to
    it, `source_sha256`, `received_on` (text) and `is_new` (received since the release before). A table whose rows
    are made of many files has one row and no key: whether anything was received at all."""

    then: Tables | None = None
    evidence: Tables | None = None

    @classmethod
    def of_folder(cls, then: Path | None) -> Knowledge:
        """Tables as of the date before that lie in a folder already."""
        return cls(then=(lambda _: then) if then else None)
