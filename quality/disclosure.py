"""What must not leave: private columns, and personal data in the text of public ones.

The last look at an open table before it is staged. It refuses; it never repairs, and it never repeats the
value: a finding here names code, table, column and row only, because reports and logs are read by more
people than the data. What does not belong here: the checks of the gate (they see what filers send),
small cells (their open tables suppress them).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from duckdb import DuckDBPyConnection

from quality.findings import Finding
from schemas.compile.duckdb import literal, quote
from schemas.model import Table

#: weights and check characters of GB 11643-1999 (ISO 7064 MOD 11-2)
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
#: characters, check weights of GB 32100-2015 (unified social credit code)
_CREDIT_CHARACTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = tuple(3**i % 31 for i in range(17))
#: how many findings of one kind in one column are told apart; one is enough to refuse
_SHOWN = 20


class DisclosureRefused(Exception):
    """An open table holds what must not leave. ``findings`` say where, never what."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        places = "; ".join(f"{f.code} {f.table}.{f.column} row {f.row or '-'}" for f in findings[:_SHOWN])
        super().__init__(f"{len(findings)} disclosure finding(s): {places}")


@dataclass(frozen=True)
class Detector:
    """A pattern of personal data. ``confirms`` decides on the matched text without its separators."""

    code: str
    pattern: str
    confirms: Callable[[str], bool]


def is_resident_id(text: str) -> bool:
    """Whether 18 characters are a resident identity number: its check digit is right (GB 11643)."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", text):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _ID_WEIGHTS, strict=False))
    return _ID_CHECKS[total % 11] == text[-1]


def is_credit_code(text: str) -> bool:
    """Whether 18 characters are a unified social credit code: its check character is right (GB 32100)."""
    if len(text) != 18 or any(c not in _CREDIT_CHARACTERS for c in text):
        return False
    values = [_CREDIT_CHARACTERS.index(c) for c in text]
    total = sum(value * weight for value, weight in zip(values, _CREDIT_WEIGHTS, strict=False))
    return values[-1] == -total % 31


#: how people write a separator, and how it is searched for: also in full width, for DuckDB has no NFKC.
#: What has no width is left out, so it comes last: `translate` drops what has no counterpart.
_WRITTEN = "０１２３４５６７８９Ｘｘ" + "－﹣‐‑‒–—―−·・･•‧∙⋅" + "．。" + "\u3000\u00a0\u2002\u2003\u2009\u202f\t"
_SEARCHED = "0123456789Xx" + "-" * 16 + ".." + " " * 7
_WIDTHLESS = "\u200b\u200c\u200d\u2060\ufeff"
_PLAIN = str.maketrans(_WRITTEN, _SEARCHED, _WIDTHLESS)

#: domain facts: GB 11643 (18 digits, birth date inside), 11-digit mobile numbers, also behind the country
#: code 86; also with separators. Dots only where there are two: one is a decimal point.
#: No look-around: the same text is searched by DuckDB first.
DETECTORS = (
    Detector(
        "resident-id-in-text",
        r"[1-9][0-9]{5}[- .]?(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
        r"[- .]?[0-9]{3}[0-9Xx]",
        lambda text: is_resident_id(text.upper()),
    ),
    Detector(
        "mobile-number-in-text",
        r"(?:(?:00)?86[- .]{0,3})?1[3-9][0-9]"
        r"(?:[- ]{0,3}[0-9]{4}[- ]{0,3}[0-9]{4}|[- ]?[.][- ]?[0-9]{4}[- ]?[.][- ]?[0-9]{4})",
        lambda text: True,
    ),
)
#: what may be a credit code inside a text
_CREDIT_CODE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Z]{18}(?![0-9A-Za-z])")
#: no detector finds anything in fewer characters, and most cells have fewer
_SHORTEST = 11


def inspect(con: DuckDBPyConnection, table: Table, relation: str) -> list[Finding]:
    """Every finding in an open table. ``relation``: what to read, in its order; rows count from 1."""
    described = con.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    types = {row[0]: row[1] for row in described}
    allowed = {field.name for field in table.fields if field.access == "public"}
    found = [_finding("private-column", table, column, None) for column in types if column not in allowed]
    for column, kind in types.items():
        if column in allowed and kind in ("VARCHAR", "BIGINT"):
            found += _personal(con, table, relation, column)
    return found


def require_safe(con: DuckDBPyConnection, table: Table, relation: str) -> None:
    """DisclosureRefused if anything in the table must not leave."""
    if findings := inspect(con, table, relation):
        raise DisclosureRefused(findings)


def _personal(con: DuckDBPyConnection, table: Table, relation: str, column: str) -> Iterator[Finding]:
    """Findings in one column: DuckDB finds candidates in one scan, Python decides on those few."""
    any_pattern = "|".join(f"(?:{d.pattern})" for d in DETECTORS)
    numbered = f"SELECT row_number() OVER () AS row_no, {quote(column)}::VARCHAR AS value FROM {relation}"
    matches = f"regexp_matches({_plain_digits('value')}, {literal(any_pattern)})"
    candidate = f"CASE WHEN strlen(value) >= {_SHORTEST} THEN {matches} END"
    rows = con.execute(f"SELECT row_no, value FROM ({numbered}) WHERE {candidate} ORDER BY row_no")
    seen = dict.fromkeys((d.code for d in DETECTORS), 0)
    while batch := rows.fetchmany(1000):
        for row_no, value in batch:
            for code in personal_data(value, credit_code=column.endswith("credit_code")):
                seen[code] += 1
                if seen[code] <= _SHOWN:
                    yield _finding(code, table, column, row_no)


def personal_data(text: str, *, credit_code: bool = False) -> list[str]:
    """The codes of the personal data in a text.

    In a column of credit codes, eighteen characters that are a credit code are not taken for a person's
    number: the two can look alike, and the column says which it is."""
    plain = unicodedata.normalize("NFKC", text.translate(_PLAIN)).translate(_PLAIN)
    if credit_code and is_credit_code(plain):
        return []
    plain = _CREDIT_CODE.sub(_without_credit_code, plain)
    return [detector.code for detector in DETECTORS if any(_matches(detector, plain))]


def _without_credit_code(match: re.Match[str]) -> str:
    """Eleven digits of a credit code are no telephone number; what can be a person's number stays."""
    text = match.group()
    return "" if is_credit_code(text) and not is_resident_id(text) else text


def _matches(detector: Detector, text: str) -> Iterator[bool]:
    """Overlapping matches too: a number may begin inside what only looked like one."""
    for match in re.finditer(rf"(?<![0-9])(?=({detector.pattern})(?![0-9]))", text):
        yield detector.confirms(re.sub(r"[- .]", "", match.group(1)))


def _plain_digits(column: str) -> str:
    """SQL for digits and separators as they are searched for."""
    return f"translate({column}, {literal(_WRITTEN + _WIDTHLESS)}, {literal(_SEARCHED)})"


def _finding(code: str, table: Table, column: str, row: int | None) -> Finding:
    return Finding(code=code, severity="error", table=table.name, row=row, column=column)
