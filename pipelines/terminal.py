"""A terminal for two languages: lines that fold where Chinese may be folded, columns that keep names whole.

What belongs here: width, folding, colour, harmless text. What does not: what a command says (show.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.cells import cell_len, chop_cells
from rich.console import Console

from assets.workspace import Progress

_OPENING, _CLOSING = "“‘（《【", "，。、；：？！”’）》】"
_WIDE = "\u2e80-\u2fff\u3003-\u9fff\uf900-\ufaff\uff10-\uff19\uff21-\uff5a"
#: what may not be torn apart: one Chinese character or one word, with the punctuation that clings to it
_PIECE = re.compile(
    rf"[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}{_OPENING}{_CLOSING}]+)[{_CLOSING}]*|\s+|[{_OPENING}{_CLOSING}]+"
)

#: the narrowest column that is still folded into
_LEAST = 12


def console(stderr: bool = False) -> Console:
    """A console that takes text as it is: no markup, no colours but those asked for."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)


@contextmanager
def progress(quiet: bool) -> Iterator[Progress]:
    """Says on stderr what is being done: a live line on a terminal, nothing in a pipe or for --json."""
    out = console(stderr=True)
    if quiet or not out.is_terminal:
        yield lambda _: None
        return
    with out.status("准备 starting") as spinner:
        yield lambda text: spinner.update(plain(text))


def plain(value: object) -> str:
    """The text of a value without anything a terminal would act on; a file's words may hold escape codes."""
    text = "" if value is None else str(value)
    return "".join(c if c.isprintable() else " " for c in text)


def fold(text: str, width: int) -> list[str]:
    """Lines of at most ``width`` cells. Chinese breaks anywhere but before its closing punctuation."""
    lines, line = [], ""
    for piece in _PIECE.findall(text):
        if cell_len(line + piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        parts = chop_cells(piece, width) if cell_len(piece) > width else [piece]
        lines += parts[:-1]
        line += parts[-1] if line or not parts[-1].isspace() else ""
    return [ln for ln in [*lines, line.rstrip()] if ln]


def say(out: Console, text: str, *, lead: str = "", style: str | None = None) -> None:
    """One paragraph behind ``lead``, folded; its further lines are indented a little more than the lead is."""
    hang = " " * (len(lead) - len(lead.lstrip()) + (4 if lead.strip() else 0))
    first, *_ = fold(plain(text), max(_LEAST, out.width - cell_len(lead))) or [""]
    rest = fold(plain(text)[len(first) :], max(_LEAST, out.width - len(hang)))
    for line in [lead + first, *(hang + line for line in rest)]:
        out.print(line, style=style, soft_wrap=True)


def columns(out: Console, rows: Iterable[Iterable[object]], *, right: Iterable[int] = (), lead: str = "  ") -> None:
    """Rows under one another, without lines between. Only the last column folds; those of ``right`` are numbers."""
    table = [[plain(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in list(zip(*table, strict=True))[:-1]]
    start = cell_len(lead) + sum(widths) + 2 * len(widths)
    for *cells, last in table:
        for number, line in enumerate(fold(last, max(_LEAST, out.width - start)) or [""]):
            shown = [" " * (w - cell_len(c)) + c if i in right else c + " " * (w - cell_len(c))
                     for i, (c, w) in enumerate(zip(cells, widths, strict=True))]  # fmt: skip
            left = lead + "".join(f"{c}  " for c in shown) if number == 0 else " " * start
            out.print((left + line).rstrip(), soft_wrap=True)
