"""A field or a provider is taken out of every version, and of every later one; the public is told, never the value."""

from __future__ import annotations

import json
from datetime import date

import duckdb
import pytest

from assets.release.history import versions
from assets.release.manifest import current_release, history
from assets.release.publisher import publish
from assets.release.refusal import Refused
from assets.release.retraction.redact import NothingMeant, Target, redact
from assets.release.retraction.redactions import Redaction, read_redactions
from assets.release.stores.local import LocalStore
from assets.release.verify import verify_package, verify_release
from schemas.model import ContractError
from tests.assets.release import house
from tests.assets.release.scan import places_of

ON = date(2026, 7, 2)
NAME = "滨江托育园一"
OLD_NAME = "滨江旧名园"


@pytest.fixture
def entries(tmp_path):
    return tmp_path / "redactions.yml"


@pytest.fixture
def take_out(tmp_path, registry, published, entries):
    def run(**target):
        given = Target(**target)
        reasons = "当事人要求。", "The person asked for it."
        return redact(registry, LocalStore(published), given, reasons, ON, entries=entries, work_dir=tmp_path / "w")

    return run


@pytest.fixture
def go_on(tmp_path, registry, published, entries):
    """Publishes as a run does: with the entries of the workspace."""

    def run(as_of, **rows):
        folder = house.write_open(registry, tmp_path / "open", **rows)
        work, kept = tmp_path / "work", read_redactions(entries)
        return publish(registry, folder, published, as_of, work_dir=work, redactions=kept)

    return run


@pytest.fixture
def two(go_on):
    """Provider p1 has another name in the second release, so that changes quote both."""
    old = (*house.PROVIDERS[0][:2], OLD_NAME, *house.PROVIDERS[0][3:])
    go_on(house.AS_OF, open_provider=[old, *house.PROVIDERS[1:]])
    go_on(date(2026, 4, 30))


def _stand(published, dataset):
    return [v.version for v in versions(published, dataset) if not v.withdrawn]


def test_field_is_gone_from_all_versions_in_all_formats(two, take_out, published):
    assert len(places_of(NAME, published)) > 2 and places_of(OLD_NAME, published)
    result = take_out(table="open_provider", field="provider_name")
    assert result.changed and result.replaced == {"providers 1.0.0": "1.0.0+r1", "providers 1.1.0": "1.1.0+r1"}
    assert result.values == 6
    assert places_of(NAME, published) == places_of(OLD_NAME, published) == []
    for version in ("1.0.0+r1", "1.1.0+r1"):
        folder = published / "datasets/providers" / version
        verify_package(folder, 6)
        names = duckdb.sql(f"SELECT provider_id, provider_name FROM '{folder}/open_provider.parquet'").fetchall()
        assert names == [("p1", None), ("p2", None), ("p3", None)]
        assert (folder / "changes.csv").read_text("utf-8").count("\n") == 1
    assert _stand(published, "fees") == ["1.0.0"]
    verify_release(LocalStore(published), current_release(LocalStore(published)).manifest)


def test_the_notice_says_what_and_why_but_no_value(two, take_out, published):
    take_out(field="provider_name", provider="p1")
    notice = current_release(LocalStore(published)).manifest.redactions[0]
    assert (notice.scope, notice.field, notice.versions, notice.number) == ("provider-field", "provider_name", 2, 1)
    assert notice.reason_en == "The person asked for it." and "p1" not in json.dumps(vars(notice))
    assert places_of(NAME, published) == [] and places_of("第三", published)
    feed = (published / "feeds/releases.xml").read_text("utf-8")
    assert "当事人要求。" in feed and NAME not in feed


def test_provider_is_gone_with_its_rows(two, take_out, published):
    result = take_out(provider="p1")
    assert result.scope == "provider" and result.values == 2 * (1 + 2) + 1
    assert _stand(published, "fees") == ["1.0.0+r1"] and _stand(published, "providers") == ["1.0.0+r1", "1.1.0+r1"]
    table = published / "datasets/providers/1.1.0+r1/open_provider.parquet"
    assert duckdb.sql(f"SELECT provider_id FROM '{table}'").fetchall() == [("p2",), ("p3",)]
    assert places_of('"p1"', published) == places_of(",p1,", published) == places_of(NAME, published) == []


def test_later_releases_leave_it_out_too(two, take_out, go_on, published):
    take_out(field="provider_name", provider="p1")
    assert not go_on(date(2026, 5, 31)).changed
    result = go_on(date(2026, 6, 30), open_provider=house.PROVIDERS[:2])
    providers = next(d for d in result.datasets if d.name == "providers")
    assert (providers.version, providers.bump) == ("1.2.0", "minor")
    assert places_of(NAME, published) == [] and [n.number for n in _notices(published)] == [1]


def test_without_the_entries_nothing_is_published(two, take_out, entries, go_on, published):
    take_out(provider="p1")
    before = house.tree(published)
    entries.unlink()
    with pytest.raises(Refused, match="restore redactions"):
        go_on(date(2026, 6, 30))
    assert house.tree(published) == before


def _notices(published):
    return next(history(LocalStore(published))).manifest.redactions


def test_twice_is_once_and_nothing_meant_is_said(two, take_out, published):
    first = take_out(provider="p1")
    again = take_out(provider="p1")
    assert not again.changed and again.release_id == first.release_id
    for target in ({"provider": "p9"}, {"field": "no_such_field"}):
        with pytest.raises(NothingMeant):
            take_out(**target)
    assert len(_notices(published)) == 1


def test_field_of_a_key_is_refused(two, take_out, published):
    before = house.tree(published)
    with pytest.raises(Refused, match="key cannot be redacted"):
        take_out(table="open_provider", field="provider_id")
    assert house.tree(published) == before


def test_killed_after_the_commit_is_finished(two, take_out, go_on, published, monkeypatch):
    class Died(BaseException):
        pass

    def died(*_):
        raise Died

    monkeypatch.setattr(LocalStore, "withdraw_version", died)
    with pytest.raises(Died):
        take_out(provider="p1")
    monkeypatch.undo()
    assert places_of(NAME, published)
    go_on(date(2026, 5, 31))
    assert places_of(NAME, published) == []


@pytest.mark.parametrize(
    "text", ["redactions: [{number: 2}]", "other: []", "[", "redactions: [{number: 1, field: a, reason_zh: x}]"]
)
def test_entries_that_cannot_be_understood_stop_the_publisher(entries, text):
    entries.write_text(text)
    with pytest.raises(ContractError):
        read_redactions(entries)


def test_an_entry_names_something():
    with pytest.raises(ValueError, match="must be named"):
        Redaction(number=1, reason_zh="x", reason_en="x", redacted_on=ON)
