"""Finds the header of a table below its title rows, and the contract it belongs to.

What belongs here: cells of the first rows -> which contract, which column is which field. What does not:
opening files (workbooks.py, delimited.py) and values (normalise.py).
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from schemas.model import Field, Table

#: how many rows are looked at for a header
HEAD_ROWS = 40
#: a row that names fewer columns of a table is not its header
MIN_COLUMNS = 2

_BRACKETS = re.compile(r"[(\[{【〔<《][^)\]}】〕>》]*[)\]}】〕>》]?")
#: also what cannot be seen: control and format characters, soft hyphens, joiners, byte order marks, selectors
_NOISE = re.compile(
    r"[\s*_\-:：、.。/\\'\"·"
    r"\x00-\x1f\x7f-\x9f\xad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]"
)

Row = Sequence[str | None]


@dataclass(frozen=True)
class HeaderMatch:
    """A header row (0-based ``row``, ``height`` rows tall) read as a contract."""

    table: Table
    row: int
    height: int
    columns: dict[int, str]
    unknown: tuple[tuple[int, str], ...]
    repeated: tuple[tuple[int, str], ...]
    missing: tuple[str, ...]

    @property
    def rank(self) -> tuple:
        """Better is greater: complete, more columns, fewer unknown, less tall, earlier."""
        return (not self.missing, len(self.columns), -len(self.unknown), -self.height, -self.row)


@functools.lru_cache(maxsize=100_000)
def title_key(text: str) -> str:
    """A title without what people vary: width, case, ``*``, spaces, punctuation."""
    return _NOISE.sub("", unicodedata.normalize("NFKC", text)).casefold()


@functools.lru_cache(maxsize=100_000)
def bare_key(text: str) -> str:
    """The same without bracketed units and remarks."""
    return title_key(_BRACKETS.sub("", unicodedata.normalize("NFKC", text)))


def match_header(head: Sequence[Row], tables: Iterable[Table]) -> HeaderMatch | None:
    """The best reading of the first rows as one of the tables.

    A reading that lacks a required column (``missing``) is given only when no reading is complete and at
    least half of the table's required columns are there: then it is clearly meant. Of complete tables one above the
    other the first is taken, whatever the others name besides. None: no table of ours."""
    found = list(_readings(head, tables))
    best = max(found, key=lambda match: match.rank, default=None)
    if best is None:
        return None
    # a table above the best one: the first is read, or its rows would be taken for titles
    whole = [m for m in found if not m.missing and _has_rows(head, m, best.row)]
    first = min((m.row for m in whole), default=0)
    return max((m for m in whole if m.row <= first + 1), key=lambda match: match.rank, default=best)


def _has_rows(head: Sequence[Row], match: HeaderMatch, end: int) -> bool:
    """Whether rows of several cells stand below a header and above another one."""
    return any(sum(map(bool, head[row])) > 1 for row in range(match.row + match.height, end))


def _readings(head: Sequence[Row], tables: Iterable[Table]) -> Iterator[HeaderMatch]:
    readings = [(row, *read) for row in range(min(len(head), HEAD_ROWS)) for read in _candidates(head, row)]
    keyed = [(*reading, [keys_of(texts) for texts in reading[2]]) for reading in readings]
    for table in tables:
        titles = _titles(table)
        ours = {key for kind in titles for key in kind.names}
        for row, height, cells, keys in keyed:
            # most rows are of another table or of none, and are not worth a closer look
            if sum(not ours.isdisjoint(of_cell) for of_cell in keys) < MIN_COLUMNS:
                continue
            if found := _read(table, titles, row, height, cells):
                yield found


def title_keys(tables: Iterable[Table]) -> set[str]:
    """Every title of the tables, as ``keys_of`` gives them."""
    return {key for table in tables for kind in _titles(table) for key in kind.names}


def nearest(head: Sequence[Row], tables: Iterable[Table]) -> tuple[Table, tuple[str, ...]] | None:
    """The table of which a row names most columns, at least two, and the required columns it lacks."""
    best: tuple[tuple[int, int], Table, tuple[str, ...]] | None = None
    candidates = [cells for row in range(min(len(head), HEAD_ROWS)) for _, cells in _candidates(head, row)]
    for table in tables:
        titles = _titles(table)
        for cells in candidates:
            columns = set(_assigned(titles, cells)[0].values())
            missing = tuple(name for name in required_columns(table) if name not in columns)
            rank = (len(columns), -len(missing))
            if len(columns) >= MIN_COLUMNS and missing and (best is None or rank > best[0]):
                best = (rank, table, missing)
    return best and best[1:]


def keys_of(texts: Iterable[str]) -> set[str]:
    """How texts are compared with titles."""
    return {key(text) for text in texts for key in (title_key, bare_key)}


def required_columns(table: Table) -> tuple[str, ...]:
    """The columns a file must have: key and required, without those that have a default."""
    needed = {*table.key, *table.required} - set(table.defaults)
    return tuple(f.name for f in table.data_fields if f.name in needed)


@dataclass(frozen=True)
class _Titles:
    """One kind of title: how it is compared, and the field each stands for."""

    key: Callable[[str], str]
    names: dict[str, str]


def _titles(table: Table) -> list[_Titles]:
    """The kinds of title, best first: a field's own, aliases of it, and both without brackets."""
    kinds = []
    for key in (title_key, bare_key):
        for texts in (_own_titles, _aliases):
            names: dict[str, str] = {}
            for field in table.data_fields:
                for text in texts(field):
                    names.setdefault(key(text), field.name)
            names.pop("", None)
            kinds.append(_Titles(key, names))
    return kinds


def _own_titles(field: Field) -> tuple[str, ...]:
    return (field.title_zh, field.title_en, field.name)


def _aliases(field: Field) -> tuple[str, ...]:
    return field.aliases


def _candidates(head: Sequence[Row], row: int) -> list[tuple[int, list[list[str]]]]:
    """For each column the titles it may have: from one row, or from a group title above a sub-title."""
    single = [[cell] if cell else [] for cell in head[row]]
    found = [(1, single)]
    if row + 1 < len(head) and sum(map(bool, single)) > 1:
        found.append((2, _two_rows(head[row], head[row + 1])))
    return found


def _two_rows(upper: Row, lower: Row) -> list[list[str]]:
    """A group title reaches to the right until the next one (merged cells keep it in their first cell)."""
    titles, group = [], ""
    for column in range(max(len(upper), len(lower))):
        top = upper[column] if column < len(upper) else None
        sub = lower[column] if column < len(lower) else None
        group = top or group
        titles.append([f"{group}{sub}", sub] if sub else [top] if top else [])
    return titles


def _read(table: Table, titles: list[_Titles], row: int, height: int, cells: list[list[str]]) -> HeaderMatch | None:
    columns, unknown, repeated = _assigned(titles, cells)
    needed = required_columns(table)
    missing = tuple(name for name in needed if name not in columns.values())
    if not columns or 2 * len(missing) > len(needed) or len(columns) < MIN_COLUMNS:
        return None
    return HeaderMatch(table, row, height, columns, unknown, repeated, missing)


def _assigned(titles: list[_Titles], cells: list[list[str]]) -> tuple[dict[int, str], tuple, tuple]:
    """Column -> field, each field once: a better kind of title chooses first; two of one kind are repeated."""
    columns: dict[int, str] = {}
    repeated: dict[int, str] = {}
    for kind in titles:
        taken = set(columns.values())
        for index, texts in enumerate(cells):
            name = next((kind.names[kind.key(t)] for t in texts if kind.key(t) in kind.names), None)
            if name is None or name in taken or index in columns:
                continue
            if name in columns.values():
                repeated[index] = texts[-1]
            else:
                columns[index] = name
    unknown = tuple((i, t[-1]) for i, t in enumerate(cells) if t and i not in columns and i not in repeated)
    return columns, unknown, tuple(repeated.items())
