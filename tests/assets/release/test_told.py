"""What earlier releases told: which files stand for each of them, after withdrawals too."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from assets.release import history as asked
from assets.release.history import told_tables
from assets.release.manifest import DatasetEntry, FileEntry


def _entry(name: str, version: str, *tables: str) -> DatasetEntry:
    files = (FileEntry(f"datasets/{name}/{version}/{t}.parquet", f"{name}-{version}-{t}", 1) for t in tables)
    return DatasetEntry(name, version, True, {}, tuple(files))


def _release(*entries: DatasetEntry, withdrawn: dict[tuple[str, str], str | None] | None = None, made=()):
    gone = [SimpleNamespace(dataset=d, version=v, replaced_by=by) for (d, v), by in (withdrawn or {}).items()]
    manifest = SimpleNamespace(datasets=entries, versions=(*entries, *made), withdrawn=gone, as_of=date(2026, 1, 1))
    return SimpleNamespace(manifest=manifest)


STORE = SimpleNamespace(local=lambda path, sha256: sha256)
WANTED = ("visits", "rates")


@pytest.fixture
def chain(monkeypatch):
    """Releases, oldest first, as the history of a store."""

    def chained(*releases):
        monkeypatch.setattr(asked, "history", lambda store, last: iter(releases[::-1]))
        return told_tables(STORE, releases[-1])(WANTED)

    return chained


def test_every_release_tells_its_tables_and_the_same_ones_once(chain):
    one, two = _entry("s", "1.0.0", "visits"), _entry("s", "1.1.0", "visits", "other")
    rates = _entry("i", "1.0.0", "rates")
    assert chain(_release(one, rates), _release(two, rates), _release(two, rates)) == [
        {"visits": "s-1.0.0-visits", "rates": "i-1.0.0-rates"},
        {"visits": "s-1.1.0-visits", "rates": "i-1.0.0-rates"},
    ]


def test_what_was_withdrawn_tells_by_its_replacement_or_not_at_all(chain):
    one, rates = _entry("s", "1.0.0", "visits"), _entry("i", "1.0.0", "rates")
    put = _entry("s", "1.0.0+r1", "visits")
    last = _release(rates, withdrawn={("s", "1.0.0"): "1.0.0+r1"}, made=(put,))
    assert chain(_release(one, rates), last)[0] == {"visits": "s-1.0.0+r1-visits", "rates": "i-1.0.0-rates"}
    last = _release(rates, withdrawn={("s", "1.0.0"): None})
    assert chain(_release(one, rates), last) == [{"rates": "i-1.0.0-rates"}]


def test_before_the_first_release_nothing_was_told(monkeypatch):
    monkeypatch.setattr(asked, "current_release", lambda store: None)
    assert told_tables(STORE)(WANTED) == []
