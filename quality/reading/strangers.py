"""What a sheet or a file that matches no table of ours is: a list of persons, nearly a table of ours, or neither.

What belongs here: the rows a header may stand in -> what is to be said. What does not: finding the table of a sheet
(headers.py), and saying it (reader.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from quality.reading.headers import HEAD_ROWS, Row, nearest, title_key
from schemas.model import Table

#: titles of lists of persons (domain 4.7): such a sheet is refused, whatever else it holds
_PERSONAL = re.compile("身份证|监护人|孩次|接种|出生日期|出生年月|(幼儿|儿童|宝宝|孩子|家长|父亲|母亲)(的)?姓名|^姓名$")
#: a longer text is a sentence about such things and no title
_TITLE_LENGTH = 16
#: so many missing columns are named
_MOST_MISSING = 8


def is_personal(title: str) -> bool:
    """Whether a column of this title holds what persons are known by."""
    return bool(_PERSONAL.search(title_key(title)))


def personal_title(head: Sequence[Row]) -> tuple[int, str] | None:
    """The row (from 0) and the title that show that the rows below are a list of persons; None when nothing does.

    A title stands in a row with others; a note that only speaks of such things stands alone or is long."""
    for number, row in enumerate(head[:HEAD_ROWS]):
        cells = [cell for cell in row if cell and cell.strip()]
        if len(cells) < 2:
            continue
        for cell in cells:
            if len(title_key(cell)) <= _TITLE_LENGTH and is_personal(cell):
                return number, cell
    return None


def nearest_table(head: Sequence[Row], tables: Sequence[Table]) -> str | None:
    """Which table of ours was perhaps meant, and which of its columns are not there, in words; None for none."""
    found = nearest(head, tables)
    if found is None:
        return None
    table, missing = found
    titles = [table.field(name).title_zh for name in missing]
    more = f"等 {len(titles)} 列" if len(titles) > _MOST_MISSING else ""
    return f"最接近“{table.title_zh}”，缺少：{'、'.join(titles[:_MOST_MISSING])}{more}。"
