"""Invented identifiers with true check digits: credit codes and food licences.

Every credit code has the subject ``MATE....``, so that it cannot be taken for a real body's. What does not
belong here: checking identifiers that were received (the contracts do that, with their own SQL).
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015: no I O S V Z
_CREDIT_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_SUBJECT_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714-1997
AREA = "330108"


def credit_code(kind: str, number: int) -> str:
    """An 18-character credit code (GB 32100) for the invented body ``number`` (0 to 923,520).

    ``kind`` is the first two characters: 91 enterprise, 92 individual, 52 social service, 12 public."""
    subject = "MATE" + _base31(number, 4)
    body = kind + AREA + subject + subject_check(subject)
    return body + credit_check(body)


def credit_check(body: str) -> str:
    """The 18th character for the first 17 (GB 32100: weights are powers of 3 modulo 31)."""
    total = sum(ALPHABET.index(c) * w for c, w in zip(body, _CREDIT_WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]


def subject_check(subject: str) -> str:
    """The ninth character of an organisation code for the first eight (GB 11714)."""
    total = sum(int(c, 36) * w for c, w in zip(subject, _SUBJECT_WEIGHTS, strict=True))
    return "0X987654321"[total % 11]


def food_licence(number: int) -> str:
    """A canteen's food licence number: JY3, county, six digits, check digit ISO 7064 MOD 11,10."""
    body = f"3{AREA}{number:06d}"
    return f"JY{body}{licence_check(body)}"


def licence_check(digits: str) -> str:
    """The check digit of ISO 7064 MOD 11,10 for a string of digits."""
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def _base31(number: int, width: int) -> str:
    symbols = ""
    for _ in range(width):
        number, rest = divmod(number, 31)
        symbols = ALPHABET[rest] + symbols
    return symbols
