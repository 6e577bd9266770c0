"""Whether a person has to look before a release that changes much goes out, and the reason that was given.

Rule R-VER-02. What belongs here: how much of what is published a new version touches, what share is too much to go
out unseen (dated figures of the profile), and what a reason may hold. What does not: finding and judging differences
(changes.py, kinds.py), telling of them (notes.py).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import duckdb

from assets.release.comparison.changes import Comparison, TableFile, key_json, reader
from assets.release.comparison.version import another_meaning
from assets.release.refusal import Refused
from quality.disclosure.reasons import personal_in_reason
from schemas.compile.duckdb import literal, quote
from schemas.model import Parameter

#: the share of a table's rows beyond which a person is asked, and how many rows it must be at least
SHARE, LEAST = "change_share_confirm", "change_rows_confirm_min"
#: a reason is a sentence, not a document
_LONGEST = 500
#: kinds of change that touch a published row; what is only written otherwise says the same
_TOUCHED = "('removed', 'redacted', 'corrected', 'updated')"
#: fields of a key that say when, by type or name: rows for a new month are no change of what was said before
_DATED, _PERIOD = ("date", "yearmonth"), "period"


@dataclass(frozen=True)
class Confirmation:
    """Why large changes are right, in a person's words: one ``reason`` for every dataset that needs one.

    ``made``: of a release that is made again, each dataset's own reason as its manifest has it; nothing is asked."""

    reason: str | None = None
    made: Mapping[str, str] | None = None

    @property
    def asked(self) -> bool:
        return self.made is None

    def of(self, dataset: str) -> str | None:
        return self.reason if self.made is None else self.made.get(dataset)


@dataclass(frozen=True)
class Weighed:
    """How much of a published table a version touches: ``changed`` of the ``rows`` of the version before.

    ``state``: within, beyond (a person has to confirm it), or not_evaluated: the profile gives no figure for it."""

    dataset: str
    table: str
    rows: int
    changed: int
    state: Literal["within", "beyond", "not_evaluated"]
    threshold: Parameter | None = None

    @property
    def share(self) -> Decimal:
        """Of the rows of the version before; more than 1 when more rows were added than there were."""
        return Decimal(self.changed) / self.rows if self.rows else Decimal(0)


def weigh(
    comparison: Comparison,
    dataset: str,
    sides: Mapping[str, tuple[TableFile | None, TableFile | None]],
    rows: Mapping[str, int],
    parameters: Mapping[str, Parameter],
    confirming: Collection[str] = (),
) -> tuple[Weighed, ...]:
    """Every table of ``sides`` (as it was and as it will be); ``rows``: how many each had.

    ``confirming``: columns that only say when a row was last confirmed, which changes nothing that is said.

    A table that is new, or had no row, has nothing that could change."""
    share, least = parameters.get(SHARE), parameters.get(LEAST)
    found = []
    for name, (old, new) in sides.items():
        if old is None or not rows.get(name):
            continue
        changed = _changed(comparison, name, old, new, confirming)
        if share is None or least is None:
            state = "not_evaluated"
        else:
            beyond = changed >= int(least.value) and changed > Decimal(share.value) * rows[name]
            state = "beyond" if beyond else "within"
        found.append(Weighed(dataset, name, rows[name], changed, state, share))
    return tuple(found)


def _changed(
    comparison: Comparison, name: str, old: TableFile, new: TableFile | None, confirming: Collection[str]
) -> int:
    """Published rows that go or say something else, and new ones where no key says when they began.

    A provisional value was announced as one that will change; the latest value, now of another period, is a new one."""
    touched = f"SELECT key FROM {comparison.table} WHERE table_name = {literal(name)} AND change IN {_TOUCHED}"
    touched += f" AND NOT list_contains({sorted(confirming)}::VARCHAR[], coalesce(field_name, ''))"
    known = f"SELECT {key_json('o', old.key)} AS key FROM {reader(old.path)} o"
    same = new is not None and old.key == new.key
    redefined = [c for c in old.columns if same and new.field(c) and another_meaning(old.field(c), new.field(c))]
    if redefined:
        touched += f" UNION {known} WHERE {' OR '.join(f'o.{quote(c)} IS NOT NULL' for c in redefined)}"
    if _PERIOD in old.columns and _PERIOD not in old.key:
        later = f"SELECT key FROM {comparison.table} WHERE table_name = {literal(name)} AND field_name = '{_PERIOD}'"
        touched = f"SELECT key FROM ({touched}) EXCEPT {later}"
    if "obs_status_code" in old.columns:
        touched = f"SELECT key FROM ({touched}) EXCEPT {known} WHERE o.obs_status_code = 'p'"
    (count,) = comparison.con.execute(f"SELECT count(DISTINCT key) FROM ({touched})").fetchone() or (0,)
    dated = any((old.field(column) or {}).get("type") in _DATED or column == _PERIOD for column in old.key)
    return count + (comparison.summary(name).added if same and not dated else 0)


def beyond(weighed: Iterable[Weighed]) -> list[Weighed]:
    """Those that need a person's word."""
    return [one for one in weighed if one.state == "beyond"]


def require_confirmed(unconfirmed: Iterable[Weighed]) -> None:
    """Refused, naming each dataset, table, share and threshold, and what to do, if there is any."""
    large = list(unconfirmed)
    if not large:
        return
    threshold = large[0].threshold
    tables = "; ".join(
        f"{w.dataset} / {w.table}: {w.changed:,} / {w.rows:,} 行 rows, {percent(w.share)}" for w in large
    )
    raise Refused(
        f"改动较大，须由人确认 a change this large needs a person's confirmation: {tables} "
        f"(上限 threshold {percent(Decimal(threshold.value))}: {threshold.code}, 自 since {threshold.valid_from}). "
        '请核对改动；无误后加 --confirm "理由" 再运行一次，理由会公布。 '
        'Look at the changes; if they are right, run again with --confirm "REASON", which will be published.'
    )


def percent(share: Decimal) -> str:
    """A share with one decimal."""
    return f"{share * 100:.1f}%"


def checked_reason(text: str, option: str = "--confirm") -> str:
    """A reason as it will be published, on one line. Refused if it is none, is too long, or holds personal data.

    ``option``: what it was given by. Names are found where `quality.disclosure.reasons` looks for them."""
    plain = re.sub(r"\s+", " ", text).strip()
    if not re.search(r"\w.*\w", plain) or len(plain) > _LONGEST or not plain.isprintable():
        raise Refused(f"{option}: 理由须为 2 至 {_LONGEST} 字的文字 a reason is a text of 2 to {_LONGEST} characters")
    with duckdb.connect() as con:
        codes = personal_in_reason(con, plain)
    if codes:
        raise Refused(
            f"{option}: 理由会公布，其中疑有个人信息，请改写 the reason will be published and seems to hold personal "
            f"data, put it otherwise ({', '.join(codes)})"
        )
    return plain
