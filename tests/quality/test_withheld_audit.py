"""The gate of withheld numbers, on public tables made by hand: three streets with two stations each, and versions."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import duckdb
import pytest

from assets.release.withheld import require_read
from quality.disclosure.audit import Audited, Promise, require_withheld
from quality.disclosure.columns import DisclosureRefused
from quality.disclosure.told import READ, TABLES
from schemas.model import ContractError
from schemas.registry import load, profiles

PROMISE = Promise(5, 0.2)
MONTH = "2026-03"
STATIONS = {"A": "w", "B": "w", "C": "e", "D": "e", "E": "s", "F": "s"}
VISITS = {"A": 3, "B": 40, "C": 50, "D": 60, "E": 70, "F": 80}


class Tables:
    """One edition: the public tables of a release, as Parquet files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.con = duckdb.connect()
        folder.mkdir()
        for table, columns in TABLES.items():
            self.con.execute(f"CREATE TABLE {table} ({', '.join(f'{c} {kind}' for c, kind in columns.items())})")
        for station, street in STATIONS.items():
            self.put("open_station", area_code="X", station_id=station, subdistrict_code=street)

    def put(self, table: str, **row) -> Tables:
        self.con.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' for _ in row)})", list(row.values())
        )
        return self

    def visits(self, values: dict[str, int], hidden: str = "", totals_hidden: str = "", totals: str = "wesT") -> Tables:
        """The month's reports and the means of streets and of the area (T); those named are withheld."""
        for station, n in values.items():
            shown = None if station in hidden else n
            row = {"area_code": "X", "station_id": station, "report_month": MONTH, "child_visit_count": shown}
            self.put("open_station_activity_monthly", **row, obs_status_code="a" if shown is not None else "c")
        for street in totals:
            below = [n for s, n in values.items() if street in ("T", STATIONS[s])]
            mean, place = sum(below) / len(below), "_T" if street == "T" else street
            self.rate("IND-23.visits", place, mean, street in totals_hidden)
        return self

    def rate(self, code: str, street: str, value: float, hidden: bool = False, form: str = "_T", **more) -> Tables:
        row = {"indicator_code": code, "area_code": "X", "subdistrict_code": street, "service_form_code": form}
        row |= {"period": MONTH, "indicator_value": None if hidden else round(value, 4)} | more
        return self.put("open_indicator", **row, obs_status_code="c" if hidden else "a")

    def files(self) -> dict[str, Path]:
        for table in TABLES:
            self.con.execute(f"COPY (FROM {table} ORDER BY ALL) TO '{self.folder / table}.parquet' (FORMAT parquet)")
        return {table: self.folder / f"{table}.parquet" for table in TABLES}


@pytest.fixture
def edition(tmp_path):
    """Makes one edition after another."""
    made: list[Tables] = []

    def make() -> Tables:
        made.append(Tables(tmp_path / str(len(made))))
        return made[-1]

    return make


def _audit(*editions: Tables) -> Audited:
    *before, staged = [e.files() for e in editions]
    return require_withheld(duckdb.connect(), staged, before, PROMISE)


def _refused(*editions: Tables, code: str = "withheld-recoverable") -> set[tuple]:
    with pytest.raises(DisclosureRefused) as refused:
        _audit(*editions)
    for finding in refused.value.findings:
        assert finding.code == code
        assert finding.value is None
    return {(f.table, f.column, f.row) for f in refused.value.findings}


def test_a_hidden_station_with_all_totals_told_is_refused_by_table_and_row(edition):
    leak = edition().visits(VISITS, hidden="A")
    assert _refused(leak) == {("open_station_activity_monthly", "child_visit_count", 1)}


def test_it_is_let_pass_when_its_totals_or_another_of_each_go_with_it(edition):
    assert _audit(edition().visits(VISITS, hidden="A", totals_hidden="wT")) == Audited(3, 1)
    assert _audit(edition().visits(VISITS, hidden="AB")) == Audited(2, 1)
    assert _refused(edition().visits(VISITS, hidden="A", totals_hidden="w")), "the area's total is left"


def test_two_of_one_and_one_are_as_good_as_told(edition):
    assert len(_refused(edition().visits(VISITS | {"B": 1}, hidden="AB"))) == 2


def test_a_late_report_is_the_difference_of_two_versions(edition):
    """A and B were hidden under a total; now the street has a third station, hidden too, and the total with it."""
    STATIONS["G"] = "w"
    try:
        before = edition().visits(VISITS, hidden="AB")
        late = VISITS | {"G": 4}
        assert _audit(edition().visits(late, hidden="ABG")).hidden == 3, "alone nothing would show"
        found = _refused(before, edition().visits(late, hidden="ABG"))
        assert [row for *_, row in sorted(found)] == [7]
        assert _audit(before, edition().visits(late, hidden="ABG", totals_hidden="wT"))
    finally:
        del STATIONS["G"]


def test_what_an_earlier_version_told_or_left_open_is_not_held_against_this_one(edition):
    told = edition().visits(VISITS)
    assert _audit(told, edition().visits(VISITS, hidden="A")) == Audited(0, 1)
    leaking = edition().visits(VISITS, hidden="A")
    assert _audit(leaking, edition().visits(VISITS, hidden="A", totals_hidden="wT"))
    assert _refused(edition().visits(VISITS, hidden="AB"), edition().visits(VISITS, hidden="A"))


def test_tables_that_contradict_each_other_are_not_let_pass(edition):
    """The street's total is less than what its other station tells: no number of A makes it true."""
    torn = edition().visits(VISITS, hidden="A")
    torn.con.execute("UPDATE open_station_activity_monthly SET child_visit_count = 60 WHERE station_id = 'B'")
    assert _refused(torn, code="withheld-unchecked") == {("open_station_activity_monthly", "child_visit_count", 1)}


def test_where_only_earlier_versions_contradict_these_tables_alone_decide(edition):
    before = edition().visits(VISITS, hidden="AB")
    assert _audit(before, edition().visits(VISITS | {"B": 97}, hidden="AB")) == Audited(2, 1)
    assert _refused(before, edition().visits(VISITS | {"A": 1, "B": 2}, hidden="AB"))


def test_a_rate_of_five_percent_of_sixty_places_is_three_children(edition):
    def enrolment(hidden: str) -> Tables:
        made = edition()
        for form, (n, places) in {"x": (3, 60), "y": (40, 50), "_T": (43, 110)}.items():
            made.rate("IND-02", "w", places, form=form).rate("IND-08", "w", n * 100 / places, form in hidden, form)
        return made.rate("IND-03b", "w", 110_000 / 2000).rate("IND-07", "w", 43 * 100 / 2000, "_T" in hidden)

    assert _refused(enrolment("x")) == {("open_indicator", "indicator_value", 7)}
    assert _audit(enrolment("xy")) == Audited(2, 1)
    assert _audit(enrolment("x_T")) == Audited(2, 1)
    other = enrolment("x_T")
    told = "UPDATE open_indicator SET indicator_value = 2.15, obs_status_code = 'a' WHERE indicator_code = 'IND-07'"
    other.con.execute(told)
    assert _refused(other), "the children under three are a denominator too"


def test_the_year_of_a_stock_is_its_december(edition):
    made = edition()
    for period, hidden in (("2025-12", True), ("2025", False)):
        for form, n in {"x": 3, "y": 40, "_T": 43}.items():
            made.rate("IND-02", "w", 100, form=form, period=period)
            made.rate("IND-08", "w", n, hidden and form != "_T", form, period=period)
    assert _refused(made)


def _survey(made: Tables, hidden: str, n: int = 1, part: float = 2000, rest: float = 2100) -> Tables:
    """One street's answers and all, 18 beside them, with means; those named are withheld."""
    for street, count, mean in (("w", n, part), ("e", 18, rest), ("_T", n + 18, (n * part + 18 * rest) / (n + 18))):
        row = {"area_code": "X", "subdistrict_code": street, "service_form_code": "_T", "inclusive_code": "_T"}
        row |= {"class_type_code": "small", "service_mode_code": "full_day", "fee_item_code": "care"}
        row |= {"collection_basis_code": "statistical_survey", "survey_month": MONTH, "provider_count": count}
        row |= {"monthly_amount_mean": None if street in hidden else round(mean, 2)}
        made.put("open_fee_statistics", **row, obs_status_code="c" if street in hidden else "a")
    return made


def test_a_mean_of_all_and_of_the_others_is_an_answer(edition):
    assert _refused(_survey(edition(), "w")) == {("open_fee_statistics", "monthly_amount_median", 3)}
    assert _audit(_survey(edition(), "we")) == Audited(2, 1)
    assert _refused(_survey(edition(), "we"), _survey(edition(), "w")), "the mean beside it is told afterwards"


def test_nothing_hidden_is_nothing_to_reckon(edition):
    assert _audit(edition().visits(VISITS)) == Audited(0, 0)


@pytest.mark.parametrize("profile", sorted(profiles()))
def test_every_indicator_that_gives_a_protected_number_back_is_read(profile):
    registry = load(profile)
    protecting = {code: i.protects.measure for code, i in registry.indicators.items() if i.protects}
    assert protecting == READ
    require_read(registry)
    for table, columns in TABLES.items():
        assert not set(columns) - set(registry.tables[table].field_names), table


def test_one_that_is_not_read_is_not_published():
    registry = load("binjiang")
    own = registry.indicators["IND-08"].model_copy(update={"code": "OWN-1"})
    with pytest.raises(ContractError, match="OWN-1"):
        require_read(dataclasses.replace(registry, indicators=registry.indicators | {"OWN-1": own}))
