"""The invented providers of a district: who they are, and what will happen to each of them.

They come in blocks of 50, one block a copy of the district in the news: 45 on file with 1,425 places in six
service forms, three that have left, one that is suspended and one that has only applied. A block depends only on
the seed and its number, so that a hundred thousand providers can be written without being held in memory. What
does not belong here: the rows that tell their story (filings.py, fees.py).
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, timedelta

from pipelines.demo import identifiers
from pipelines.demo.places import AGES, STREETS, ClassLine, enrol, full_lines, share_places

BLOCK_ON_FILE = 45
BLOCK_EVER = 50

#: what becomes of a provider -> the reasons why it is not on the whitelist (none: it is listed)
STORIES: dict[str, tuple[str, ...]] = {
    "steady": (),
    "filed_lately": (),
    "places_changed": (),
    "renamed": (),
    "resumed": (),
    "remedied": (),
    "lapsed": (),
    "renewal_told_late": (),
    "renewal_garbled": (),
    "pause_told_late": (),
    "remedy_told_late": (),
    "finding_withdrawn": (),
    "home_visit": ("service-not-listable",),
    "fire_expired": ("document-expired",),
    "health_missing": ("document-missing",),
    "nonconform_open": ("nonconformity-open",),
    "suspended": ("suspended",),
    "food_expired": ("food-licence-expired",),
    "deregistered": ("deregistered",),
    "applied": ("not-filed",),
}


@dataclass(frozen=True)
class Kind:
    """What all providers of one kind have in common."""

    form: str
    site_type: str
    nature: str
    operator: str
    host: str | None
    location: str
    mix: str
    inclusive: bool
    name: str


#: kinds of provider, and how many of each a block has on file
KINDS: tuple[tuple[Kind, int], ...] = (
    (Kind("home_visit", "integrated_centre", "public_institution", "guidance_centre", "health_service_centre",
          "community", "none", False, "入户照护指导中心"), 3),
    (Kind("kindergarten_integrated", "kindergarten_class", "public_institution", "public", "kindergarten",
          "school", "big_only", True, "幼儿园托班"), 7),
    (Kind("kindergarten_integrated", "kindergarten_class", "social_service", "private", "kindergarten",
          "school", "small_big", False, "幼儿园托育部"), 3),
    (Kind("community_service", "community_embedded", "social_service", "community", "community_premises",
          "community", "mixed", False, "社区托育服务中心"), 6),
    (Kind("park_embedded", "employer_run", "for_profit_enterprise", "employer", "employer",
          "industrial_park", "small_big", False, "园区托育中心"), 7),
    (Kind("community_inclusive", "community_embedded", "social_service", "public_private",
          "community_premises", "community", "all", True, "普惠托育园"), 11),
    (Kind("private_for_profit", "independent", "for_profit_enterprise", "private", None,
          "commercial", "all", False, "托育有限公司"), 5),
    (Kind("private_for_profit", "family_point", "individual_business", "private", None,
          "residence", "family", False, "家庭托育点"), 3),
)  # fmt: skip
#: how many providers of a block have each story; all others are steady
_ON_FILE_STORIES = {
    "filed_lately": 5, "places_changed": 5, "renamed": 3, "resumed": 1, "remedied": 2,
    "fire_expired": 1, "health_missing": 1, "nonconform_open": 1, "food_expired": 1,
    "lapsed": 1, "renewal_told_late": 1, "renewal_garbled": 1,
    "pause_told_late": 1, "remedy_told_late": 1, "finding_withdrawn": 1,
}  # fmt: skip
#: days before the as-of date of the stories that turn on how late something is told: in the last months, so that a
#: short history has them too. For a renewal it is the day of the new fire certificate
_STORY_DAYS_AGO = {
    "lapsed": 50, "renewal_told_late": 100, "renewal_garbled": 98,
    "pause_told_late": 100, "remedy_told_late": 88, "finding_withdrawn": 85,
}  # fmt: skip
#: days before the as-of date on which their filing was accepted, so that the fire certificate falls due on its day
_FILED_DAYS_AGO = {"lapsed": 1460, "renewal_told_late": 1465, "renewal_garbled": 1463}
#: those of a block that are not on file, and why
_NOT_ON_FILE = (
    *((KINDS[i][0], "deregistered") for i in (3, 5, 6)),
    (KINDS[6][0], "suspended"),
    (KINDS[6][0], "applied"),
)
_REGISTERED = {  # nature -> first two characters of the credit code, registration authority, profit
    "public_institution": ("12", "1", "non_profit"),
    "social_service": ("52", "5", "non_profit"),
    "for_profit_enterprise": ("91", "9", "for_profit"),
    "individual_business": ("92", "9", "for_profit"),
}
_WORDS = ("晨曦", "青禾", "小满", "云朵", "星芽", "木棉", "知了", "半夏", "向阳", "萤火",
          "白鹭", "春笋", "麦田", "清泉")  # fmt: skip
_TAILS = ("", "一号", "二号", "三号")


@dataclass
class Provider:
    """One provider as it is at the as-of date, with the dates of its story."""

    number: int
    provider_id: str
    credit_code: str
    name: str
    kind: Kind
    story: str
    street: str
    community: str
    address: str
    classes: list[ClassLine]
    filed_on: date
    story_on: date
    self_cook: bool
    lease_from_on: date | None
    rng: random.Random = field(repr=False)

    @property
    def on_file(self) -> bool:
        """Whether its filing stands at the as-of date: made, and neither ended nor suspended."""
        return self.story not in ("deregistered", "suspended", "applied")

    def serves_on(self, day: date) -> bool:
        """Whether it has a filing on that day."""
        return self.filed_on <= day and (self.story != "deregistered" or self.story_on > day)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it is not on the whitelist; empty when it is. True by construction, not by any rule."""
        return STORIES[self.story]

    @property
    def place_count(self) -> int | None:
        """None for home visits: they are a service."""
        return sum(line.place_count for line in self.classes) if self.classes else None

    @property
    def enrolled_count(self) -> int | None:
        return sum(line.enrolled_count for line in self.classes) if self.classes else None

    @property
    def ages(self) -> tuple[int, int]:
        """Months, from and below."""
        ages = [AGES[line.class_type] for line in self.classes] or [(0, 12)]
        return min(a for a, _ in ages), max(b for _, b in ages)

    @property
    def registration(self) -> tuple[str, str, str]:
        """First two characters of the credit code, registration authority, profit."""
        return _REGISTERED[self.kind.nature]


def block(seed: int, number: int, as_of: date) -> list[Provider]:
    """The 50 providers of one block, in the order of their ids."""
    rng = random.Random(f"tuoyu-demo:{seed}:{number}")
    slots = [(kind, "steady") for kind, count in KINDS for _ in range(count)]
    slots = _with_stories(rng, slots)
    cast = list(zip(slots, share_places(rng, [kind.mix for kind, _ in slots]), strict=True))
    for kind, story in _NOT_ON_FILE:
        lines = full_lines(rng, kind.mix)
        enrol(rng, lines)
        cast.append(((kind, story), lines))
    rng.shuffle(cast)
    first = number * BLOCK_EVER + 1
    return [_provider(rng, n, *slot, lines, as_of) for n, (slot, lines) in enumerate(cast, start=first)]


def _with_stories(rng: random.Random, slots: list[tuple[Kind, str]]) -> list[tuple[Kind, str]]:
    free = [i for i, (kind, _) in enumerate(slots) if kind.mix in ("all", "mixed", "small_big")]
    rng.shuffle(free)
    told = [(kind, "home_visit" if kind.mix == "none" else story) for kind, story in slots]
    for story, count in _ON_FILE_STORIES.items():
        for _ in range(count):
            index = free.pop()
            told[index] = (told[index][0], story)
    return told


def _provider(rng: random.Random, number: int, kind: Kind, story: str, lines: list, as_of: date) -> Provider:
    street = rng.choice(tuple(STREETS))
    street_name, communities = STREETS[street]
    letter = "H" if kind.site_type == "family_point" else "S"
    filed_on = as_of - timedelta(days=_filed_days_ago(rng, story))
    leased = kind.operator not in ("public", "guidance_centre") and letter == "S"
    return Provider(
        number=number,
        provider_id=f"{identifiers.AREA}-{letter}-{number:04d}",
        credit_code=identifiers.credit_code(_REGISTERED[kind.nature][0], number),
        name=_name(number, kind),
        kind=kind,
        story=story,
        street=street,
        community=rng.choice(communities),
        address=f"杭州市滨江区{street_name}演示路{rng.randint(1, 400)}号",
        classes=lines,
        filed_on=filed_on,
        story_on=as_of - timedelta(days=_story_days_ago(rng, story)),
        self_cook=story == "food_expired" or (kind.mix not in ("none", "family") and rng.random() < 0.6),
        lease_from_on=filed_on - timedelta(days=rng.randint(60, 200)) if leased else None,
        rng=random.Random(rng.getrandbits(64)),
    )


def _filed_days_ago(rng: random.Random, story: str) -> int:
    """Days before the as-of date on which the filing was accepted."""
    if story == "applied":  # a decision is expected in six days
        return -6
    if story == "filed_lately":
        return rng.randint(120, 680)
    if story == "food_expired":  # so long ago that a licence of five years has run out
        return rng.randint(1950, 2200)
    drawn = rng.randint(780, 2200)
    return _FILED_DAYS_AGO.get(story, drawn)


def _story_days_ago(rng: random.Random, story: str) -> int:
    drawn = rng.randint(60, 600)
    return _STORY_DAYS_AGO.get(story, drawn)


def _name(number: int, kind: Kind) -> str:
    """Distinct for every number, and marked as an invention."""
    word = _WORDS[number % len(_WORDS)]
    tail = _TAILS[number // len(_WORDS)] if number < len(_WORDS) * len(_TAILS) else f"第{number}"
    return f"演示·{word}{tail}{kind.name}"
