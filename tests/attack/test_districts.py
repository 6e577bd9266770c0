"""No hidden number of many districts can be bounded closer than promised; and without complements many could.

`make attack` runs the same over two hundred districts and tells what the complement costs."""

from __future__ import annotations

import pytest

from tests.attack.run import released, sweep

pytestmark = pytest.mark.slow
#: of the two hundred
COUNT = 6


@pytest.fixture(scope="module")
def verdict(tmp_path_factory):
    return sweep(released(COUNT, tmp_path_factory.mktemp("districts")))


def test_no_hidden_number_is_bounded_closer_than_promised(verdict):
    assert verdict.hidden > 10 * COUNT and verdict.asked > 30 * COUNT
    assert [str(bound) for bound in verdict.narrow] == []


def test_without_complements_the_attacker_succeeds(tmp_path):
    found = sweep(released(COUNT, tmp_path, complements=False))
    exact = [bound for bound in found.narrow if bound.high - bound.low < 0.5]
    assert len(exact) > COUNT and {bound.question.about.split()[0] for bound in exact} >= {"visits", "children"}
