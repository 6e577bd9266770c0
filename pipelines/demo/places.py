"""Where the invented district is, and how its places are shared out over class types.

What does not belong here: who runs a provider and what happens to it (providers.py).
"""

from __future__ import annotations

import random
from dataclasses import dataclass

#: street code -> name and some of its communities (the names are real, everything about them is invented)
STREETS: dict[str, tuple[str, tuple[str, ...]]] = {
    "330108001": ("西兴街道", ("金东方社区", "襄七房社区", "西陵社区", "温馨社区", "马湖社区", "星民社区")),
    "330108002": ("长河街道", ("冠山社区", "江一社区", "中兴社区", "闻涛社区", "月明社区", "晶都社区")),
    "330108003": ("浦沿街道", ("滨文社区", "浦联社区", "之江社区", "彩虹社区", "六和社区", "东信社区")),
}
#: class type -> places a class may have, children a carer may have (none in law for mixed classes: 5 is ours)
CAPS = {"infant": 10, "small": 15, "big": 20, "mixed": 18}
RATIOS = {"infant": 3, "small": 5, "big": 7, "mixed": 5}
#: class type -> ages in months, from and below
AGES = {"infant": (6, 12), "small": (12, 24), "big": (24, 36), "mixed": (18, 36)}
BLOCK_PLACES = 1425
FAMILY_PLACES = (5, 5, 4)
FAMILY_RATIO = 3  # children a carer of a family point may have


@dataclass
class ClassLine:
    """All classes of one type at one provider."""

    class_type: str
    class_count: int
    place_count: int
    enrolled_count: int = 0
    children_per_carer: int = 0  # 0: as the class type has it

    @property
    def carer_count(self) -> int:
        """Enough carers for every place, in whole persons."""
        return -(-self.place_count // (self.children_per_carer or RATIOS[self.class_type]))

    @property
    def room_area_m2(self) -> int:
        """The smallest room of the type, in square metres."""
        return 18 if self.class_type == "infant" else 52


def share_places(rng: random.Random, mixes: list[str]) -> list[list[ClassLine]]:
    """Class lines of a block's providers: their places sum to ``BLOCK_PLACES`` and no class is over its cap.

    ``mixes``: one of none, family, big_only, small_big, all a provider."""
    family = iter(FAMILY_PLACES)
    lines = [full_lines(rng, mix, next(family) if mix == "family" else 0) for mix in mixes]
    growable = [line for of_one, mix in zip(lines, mixes, strict=True) if mix != "family" for line in of_one]
    while _places(lines) < BLOCK_PLACES:
        line = rng.choice(growable)
        line.class_count += 1
        line.place_count += CAPS[line.class_type]
    while _places(lines) > BLOCK_PLACES:
        line = rng.choice(growable)
        if line.place_count > line.class_count * CAPS[line.class_type] * 0.6:
            line.place_count -= 1
    for of_one in lines:
        enrol(rng, of_one)
    return lines


def enrol(rng: random.Random, lines: list[ClassLine]) -> None:
    """Give each line children: between half and nearly all of its places."""
    for line in lines:
        line.enrolled_count = round(line.place_count * rng.uniform(0.5, 0.95))


def full_lines(rng: random.Random, mix: str, family_places: int = 5) -> list[ClassLine]:
    """Class lines of one provider of that mix, every class as large as it may be."""
    if mix == "family":
        return [ClassLine("mixed", 1, family_places, children_per_carer=FAMILY_RATIO)]
    wanted = {
        "none": [],
        "big_only": [("big", rng.choice((1, 2, 2)))],
        "small_big": [("small", 1), ("big", rng.choice((1, 1, 2)))],
        "all": [("infant", 1), ("small", 1), ("big", 1)],
        "mixed": [("small", 1), ("mixed", rng.choice((1, 2)))],
    }[mix]
    return [ClassLine(kind, n, n * CAPS[kind]) for kind, n in wanted]


def _places(lines: list[list[ClassLine]]) -> int:
    return sum(line.place_count for of_one in lines for line in of_one)
