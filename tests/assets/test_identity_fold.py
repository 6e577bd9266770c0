"""The fold by itself, on random ledgers: later receptions move nothing, and no id ever stands for two."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from assets.raw.identity import Identities, Said

DAY = date(2024, 1, 1)
#: few of everything, so that ids, codes, names and addresses meet again
statements = st.builds(
    lambda batch, number, day, event, code, name, address, source: Said(
        batch, "330108", f"S{number}", DAY + timedelta(days=30 * day), event,
        "deregistered" if event == "deregister" else "filed", code, None, name, address, source,
        DAY + timedelta(days=batch), (f"{batch}", "", day, DAY + timedelta(days=batch)),
    ),
    st.integers(1, 4), st.integers(1, 4), st.integers(0, 5),
    st.sampled_from(["new", "change", "deregister", "snapshot"]), st.sampled_from([None, "X", "Y", "Z"]),
    st.sampled_from(["甲", "乙", "丙"]), st.sampled_from(["一路", "二路", "三路"]), st.sampled_from(["a", "b"]),
)  # fmt: skip
#: as intake gives them: one statement of an event and reception
ledgers = st.lists(statements, max_size=40, unique_by=lambda said: (said.batch, said.key))


def read(found: list[Said], decisions: tuple = ()) -> Identities:
    known = Identities(decisions)
    known.read(found, {})
    return known


def receptions(ledger: list[Said]) -> Iterator[list[Said]]:
    """The ledger after each of its receptions."""
    so_far: list[Said] = []
    for _, some in groupby(sorted(ledger, key=lambda said: said.batch), key=lambda said: said.batch):
        so_far = [*so_far, *some]
        yield so_far


@settings(max_examples=150)
@given(ledgers)
def test_a_later_reception_never_changes_what_an_earlier_one_decided(ledger):
    before: dict = {}
    for so_far in receptions(ledger):
        now = {key: (use.name, use.provider, use.relation, use.basis) for key, use in read(so_far).assigned.items()}
        assert {key: now[key] for key in before} == before
        before = now


@settings(max_examples=150)
@given(ledgers, st.randoms(use_true_random=False))
def test_the_order_of_rows_within_a_reception_makes_no_difference(ledger, random):
    shuffled = random.sample(ledger, len(ledger))
    one, other = read(ledger), read(shuffled)
    assert {k: (u.name, u.provider, u.relation) for k, u in one.assigned.items()} == {
        k: (u.name, u.provider, u.relation) for k, u in other.assigned.items()
    }
    assert one.mergers == other.mergers


@settings(max_examples=150)
@given(ledgers)
def test_an_id_is_minted_once(ledger):
    known = read(ledger)
    minted = ("first-seen", "branch-of", "reissued-to-another")
    uses = {id(use): use for use in known.assigned.values()}.values()
    ids = [use.provider for use in uses if use.relation in minted]
    assert len(ids) == len(set(ids)) and {use.provider for use in uses} == set(ids)
    assert {said.key for said in ledger} == set(known.assigned), "each filing has its one provider"


def snapshot(batch: int, lines: dict[str, tuple[str, str]]) -> list[Said]:
    """A full register, without credit codes: id -> name and address."""
    day = DAY + timedelta(days=100 * batch)
    return [
        Said(batch, "330108", number, day, "snapshot", "filed", None, None, *line, "register", day, ("", "", row, day))
        for row, (number, line) in enumerate(lines.items())
    ]


def ids_of(known: Identities, batch: int) -> dict[str, str]:
    """name -> stable id, by the lines of one register."""
    return {use.facts[key].name: use.provider for key, use in known.assigned.items() if use.facts[key].batch == batch}


def test_a_register_that_numbers_its_lines_anew_keeps_the_ids_of_its_providers():
    places = [(f"名{n}", f"路{n}") for n in range(6)]
    first = {f"{n}": place for n, place in enumerate(places)}
    # one left, one came, and every number means somebody else
    second = {f"{n}": place for n, place in enumerate([places[5], *places[1:5][::-1], ("新来", "新路")])}
    known = read(snapshot(1, first) + snapshot(2, second))
    before, after = ids_of(known, 1), ids_of(known, 2)
    assert {name: after[name] for name in before if name in after} == {k: v for k, v in before.items() if k != "名0"}
    assert after["新来"] not in before.values()


def test_a_line_that_waits_in_quarantine_has_not_left_the_register():
    first = snapshot(1, {"1": ("甲", "一路")})
    second = snapshot(2, {"2": ("甲", "一路")})
    gone, waits = Identities(), Identities()
    gone.read(first + second, {})
    waits.read(first + second, {2: [("register", second[0].event_on, "330108", "1")]})
    assert ids_of(gone, 2) == {"甲": "1"}
    assert ids_of(waits, 2) == {"甲": "2"}


def test_a_change_of_name_and_address_under_one_number_is_one_provider_while_nobody_else_has_them():
    known = read(snapshot(1, {"1": ("甲", "一路")}) + snapshot(2, {"1": ("乙", "二路")}))
    assert ids_of(known, 2) == {"乙": "1"}


def test_a_sender_may_take_up_an_id_that_was_minted_here():
    def new(batch: int, number: str, code: str, name: str, month: int) -> Said:
        day = DAY + timedelta(days=30 * month)
        return Said(batch, "330108", number, day, "new", "filed", code, None, name, f"{name}路", "a", day,
                    ("", "", batch, day))  # fmt: skip

    known = read([new(1, "1", "X", "甲", 1), new(2, "1", "Y", "乙", 2), new(3, "1~2", "Y", "乙", 3)])
    assert [use.provider for use in known.assigned.values()] == ["1", "1~2", "1~2"]
    other = read([new(1, "1", "X", "甲", 1), new(2, "1", "Y", "乙", 2), new(3, "1~2", "Z", "丙", 3)])
    assert [use.provider for use in other.assigned.values()] == ["1", "1~2", "1~2~2"]
