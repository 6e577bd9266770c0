"""Hashes of the key cells of many lines at once, and which of them come more than once.

What belongs here: bytes and positions -> numbers, with numpy. Two cells with the same bytes have the same hash; two
others may, once in a very long while, and are then looked at more closely than they needed. What does not: lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

#: bytes that must follow the last cell, since cells are read in words
PADDING = 8
_PRIME, _SHIFT = 0x9E3779B97F4A7C15, 29


def hash_cells(data: np.ndarray, cells: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """One uint64 a line, never 0. ``data``: bytes, and PADDING more; ``cells``: (starts, ends) of each key column."""
    import numpy as np

    words = np.lib.stride_tricks.as_strided(data[:8].view("<u8"), shape=(len(data) - 7,), strides=(1,))
    masks = np.array([(1 << 8 * n) - 1 for n in range(9)], dtype=np.uint64)
    found = np.full(len(cells[0][0]), _PRIME, dtype=np.uint64)
    for starts, ends in cells:
        length = ends - starts
        for offset in range(0, int(length.max(initial=0)), 8):
            at = np.minimum(starts + offset, len(data) - 8)
            found ^= words[at] & masks[np.clip(length - offset, 0, 8)]
            _mix(found)
        found ^= length.astype(np.uint64)
        _mix(found)
    return np.maximum(found, np.uint64(1))


def hash_texts(columns: Sequence[Sequence[str]]) -> np.ndarray:
    """The same numbers for key columns given as texts."""
    import numpy as np

    data, cells, at = bytearray(), [], 0
    for texts in columns:
        encoded = [text.encode() for text in texts]
        ends = at + np.cumsum([len(text) for text in encoded], dtype=np.int64)
        cells.append((np.concatenate([[at], ends[:-1]]).astype(np.int64), ends))
        data += b"".join(encoded)
        at = len(data)
    return hash_cells(np.frombuffer(bytes(data) + b"\0" * PADDING, np.uint8), cells)


def repeated(keys: np.ndarray) -> np.ndarray:
    """The numbers that come more than once, without 0, sorted. ``keys`` is sorted in place."""
    import numpy as np

    keys.sort()
    again = keys[1:][keys[1:] == keys[:-1]]
    return np.unique(again[again != 0])


def _mix(found: np.ndarray) -> None:
    found *= _PRIME
    found ^= found >> _SHIFT
