"""The shape in which rows of a sheet are handed on: text in the engine, matched to a contract.

What belongs here: that shape alone. What does not: how it comes about (reader.py), what is done with it (judging/).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from quality.judging.sieve import Sifted
from schemas.model import Table


@dataclass(frozen=True)
class TextTable:
    """Rows of one sheet meant for one contract.

    ``relation`` has ``_id`` (unique within it), ``_row`` (as a person counts), ``_extra`` (TRUE where cells stand
    beyond the header), and a text column for each of ``fields``; for mapped sources also the columns
    ``_finding_*`` of ``specials``. ``rows``: how many it has; ``sifted``: what was accepted besides.
    ``refusals``: (code, column) for which every row is held back; ``texts``: each different text of a field, where
    that is known and there are few."""

    sheet: str
    table: Table
    relation: str
    fields: tuple[str, ...]
    rows: int
    sifted: Sifted | None = None
    refusals: tuple[tuple[str, str | None], ...] = ()
    specials: tuple[str, ...] = ()
    texts: Mapping[str, Collection[str | None]] = field(default_factory=dict)
