"""Who carries enrolment from month to month: it is constant between two filings, and who came and left is public.

What belongs here: districts whose providers come, leave and change within the window, and the sums of all months over
the same unknowns. What does not: what one month alone gives away (attacker.py, test_districts.py)."""

from __future__ import annotations

import random
from datetime import date

from tests.attack.attacker import Question, World, attack, read_edition
from tests.attack.districts import CHILDREN, FORMS, Facts, _place, release
from tests.attack.judging import K

#: the last is the day on which a year is over
DAY = date(2025, 12, 31)
ENDS = {"2025-08": 31, "2025-09": 30, "2025-10": 31, "2025-11": 30, "2025-12": 31}
AREAS = 5

#: provider -> spells: (street, form, children, places, from, until)
Spells = dict[str, list[tuple]]


def _spells(area: str, streets: list[str], chance: random.Random) -> Spells:
    found: Spells = {}
    for street in streets:
        for form, most in zip(FORMS, (5, 4, 2), strict=True):
            for n in range(chance.randint(0, most)):
                came = chance.choice([8, 8, 8, 8, 10, 11])
                turned = chance.choice([None, None, None, came + 1])
                places, one, other = chance.choice((12, 20, 40)), *(chance.choice((2, 4, 7, 12)) for _ in "ab")
                spells = [(street, form, one, places, date(2025, came, 5), turned and date(2025, turned, 9))]
                if turned and chance.random() < 0.5:
                    spells.append((street, form, other, places, date(2025, turned, 9), None))
                found[f"{street}-{form}-{n}"] = spells
    return found


def _facts() -> tuple[Facts, dict[str, Spells]]:
    facts, spells = Facts(DAY), {}
    for number in range(AREAS):
        area = f"{900_000 + number}"
        streets = [f"{area}{n:03d}" for n in (1, 2, 3)]
        _place(facts, area, streets)
        spells[area] = _spells(area, streets, random.Random(number))
        facts.add("core_filing", area_code=area, provider_id="first", event_on=date(2025, 8, 5), event_no=1,
                  filing_event_code="new", filing_status_code="filed", subdistrict_code=streets[0])  # fmt: skip
        for provider, lives in spells[area].items():
            for street, form, children, places, since, until in lives:
                facts.add("core_provider", area_code=area, provider_id=provider, subdistrict_code=street,
                          service_form_code=form, provider_name="园", filing_status_code="filed", is_on_file=True,
                          site_type_code="independent", service_modes="full_day", place_count=places,
                          enrolled_count=children, valid_from_on=since, valid_to_on=until)  # fmt: skip
    return facts, spells


def _world(rows: list[dict], spells: Spells) -> tuple[World, set[tuple]]:
    """The sums of all months, of one unknown for each spell; and of which cells nothing is told."""
    world, hidden = World(), set()
    for row in rows:
        month, code, form = row["period"], row["indicator_code"], row["service_form_code"]
        if code not in ("IND-07", "IND-08") or len(month) != 7:
            continue
        day = date(int(month[:4]), int(month[5:]), ENDS[month])
        inside = {
            (provider, str(n)): life[3]
            for provider, lives in spells.items()
            for n, life in enumerate(lives)
            if life[4] <= day and (life[5] is None or life[5] > day)
            and row["subdistrict_code"] in ("_T", life[0]) and form in ("_T", life[1])
        }  # fmt: skip
        names = [world.unknown(name, high=float(places)) for name, places in inside.items()]
        people = CHILDREN * (3 if row["subdistrict_code"] == "_T" else 1)
        if row["obs_status_code"] == "c":
            hidden.add((row["subdistrict_code"], form, month))
        elif row["indicator_value"] is not None:
            of = people if code == "IND-07" else sum(inside.values())
            world.say(names, float(round(float(row["indicator_value"]) * of / 100)))
    return world, hidden


def _narrow(world: World, spells: Spells) -> list[str]:
    small = [(p, str(n)) for p, lives in spells.items() for n, life in enumerate(lives) if 0 < life[2] < K]
    asked = []
    for name in (name for name in small if name in world.bounds):
        asked.append(Question("/".join(name), frozenset([name]), K))
        beside = {m[0] for members, _, _ in world.sums if name in members and len(members) < 12 for m in members}
        for who in sorted(beside - {name[0]}):
            own = {(who, str(n)): float(life[2]) for n, life in enumerate(spells[who]) if (who, str(n)) in world.bounds}
            asked.append(Question("/".join(name), frozenset([name]), K, who, own))
    return [str(bound) for bound in attack(world, asked) if bound.narrow]


def _tried(folder, **more) -> tuple[list[str], int]:
    facts, spells = _facts()
    files, _ = release(facts, folder / "only", [], **more)
    edition, narrow, hidden = read_edition(0, files), [], 0
    for area, lives in spells.items():
        world, withheld = _world(edition.rows("open_indicator", area), lives)
        narrow += _narrow(world, lives)
        hidden += len(withheld)
    return narrow, hidden


def test_one_month_less_another_tells_no_few_children(tmp_path):
    narrow, hidden = _tried(tmp_path)
    assert hidden > 10 * AREAS
    assert narrow == []


def test_without_complements_it_tells_some(tmp_path):
    assert _tried(tmp_path, complements=False)[0]
