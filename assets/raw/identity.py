"""Who a stated identifier means: a fold over the ledger that mints stable ids and never takes one back.

Senders state an id of their own; registers renumber theirs, legal persons get new codes, a number comes back for
somebody else. Statements are read in the order of the ledger (reception, then day of the event), and each is decided
once, from what was known by then: a later reception can add ids, never move one. Only people can, by a decision in
the corrections. The stable id is the stated id under which a provider was first seen; a stated id that comes back for
somebody else makes ``<id>~2``, counted by uses, so that no decision moves another's number.

In order: the same id, unless what it now names is wholly another; the same credit code (two sites of it that are
active at one time at different addresses are branches); the same name and address, once the one before has ended or
is absent from the register. What is only alike is never linked: quality/rules/provider_identity_uncertain.sql asks.

What belongs here: the fold, on plain values. What does not: the engine and the files (identify.py), and what people
decided (quality/identities.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from itertools import groupby
from typing import NamedTuple

from quality.identities import Decision

_RANK = {"new": 1, "change": 2, "snapshot": 3}
#: statuses after which a provider is no longer on file
ENDED = ("deregistered", "removed")


class Said(NamedTuple):
    """One filing as stated; ``name`` and ``address`` are compared, not shown. ``tier``: the later counts."""

    batch: int
    area: str
    source_id: str
    event_on: date
    event: str
    status: str
    code: str | None
    parent: str | None
    name: str | None
    address: str | None
    source: str
    tier: date
    place: tuple  # where it stands: sha256, sheet, row, received on

    @property
    def key(self) -> tuple[str, str, str, date]:
        return self.area, self.source_id, self.event, self.event_on

    @property
    def order(self) -> tuple[date, int, str]:
        """The order of a provider's events: of one day, the end is the last word."""
        return self.event_on, _RANK.get(self.event, 4), self.event


class Use:
    """One use of a stated id: the filings under it that are about one provider."""

    def __init__(self, area: str, source_id: str, number: int, facts: Iterable[Said] = ()):
        self.area, self.source_id, self.number = area, source_id, number
        self.provider = self.relation = self.basis = ""
        self.related: str | None = None
        self.opened: Said | None = None
        self.next: Use | None = None
        self.facts: dict[tuple, Said] = {said.key: said for said in facts}
        self._learn()

    @property
    def name(self) -> str:
        """What people call it: the stated id, and with its number from the second use on (an id has 64 characters)."""
        return self.source_id if self.number == 1 else f"{self.source_id[:60]}~{self.number}"

    def add(self, said: Said) -> None:
        """Takes a statement in; of two about one event the later reported, then the later received, counts."""
        before = self.facts.get(said.key)
        if before and (before.tier, before.batch) > (said.tier, said.batch):
            return
        self.facts[said.key] = said
        if before:
            self._learn()
        else:
            self._add(said)

    def _learn(self) -> None:
        self.codes: set[str] = set()
        self.names: set[str] = set()
        self.addresses: set[str] = set()
        self.last: Said | None = None
        self._coded: Said | None = None
        for said in self.facts.values():
            self._add(said)

    def _add(self, said: Said) -> None:
        self.names |= {said.name} - {None}
        self.addresses |= {said.address} - {None}
        if said.code:
            self.codes.add(said.code)
            if self._coded is None or said.order > self._coded.order:
                self._coded = said
        if self.last is None or said.order > self.last.order:
            self.last = said

    @property
    def code(self) -> str | None:
        """The credit code it had last."""
        return self._coded.code if self._coded else None

    @property
    def start(self) -> date:
        return min(said.event_on for said in self.facts.values())

    def shares(self, said: Said) -> bool:
        """Whether a statement has anything in common with what is known under this id."""
        return said.code in self.codes or said.name in self.names or said.address in self.addresses

    def end(self, registers: Registers) -> date | None:
        """The day from which it is not active any more: filed as ended, absent from its register, or its id's next."""
        ends = [said.event_on for said in self.facts.values() if said.status == "deregistered"]
        if self.last.status == "removed":
            ends.append(self.last.event_on)
        elif self.last.event == "snapshot":
            ends += filter(None, [registers.absent(self)])
        if self.next:
            ends += filter(None, [self.next.start if self.next.start > self.last.event_on else None])
        return min(ends, default=None)


class Registers:
    """Which ids stood in each snapshot of a full register, and what was said of them."""

    def __init__(self) -> None:
        self._lines: dict[str, dict[date, dict[tuple[str, str], Said | None]]] = defaultdict(dict)

    def add(self, statements: Iterable[Said], waiting: Iterable[tuple[str, date, str, str]]) -> None:
        """The lines of one reception; ``waiting``: (source, day, area, id) of lines in quarantine: they are there."""
        for said in statements:
            if said.event == "snapshot":
                self._lines[said.source].setdefault(said.event_on, {})[said.area, said.source_id] = said
        for source, day, area, source_id in waiting:
            if day in self._lines[source]:
                self._lines[source][day].setdefault((area, source_id), None)

    def absent(self, use: Use) -> date | None:
        """The first snapshot after its last line that does not have it, or has somebody else under its id."""
        lines, key = self._lines[use.last.source], (use.area, use.source_id)
        for day in sorted(day for day in lines if day > use.last.event_on):
            said = lines[day].get(key)
            if key not in lines[day] or (said and not use.shares(said)):
                return day
        return None


class Merger(NamedTuple):
    """An id that went on as another one: by rule when two ended and one went on, or because a person said so."""

    into: str
    on: date | None  # the day it ended; None where people decided
    basis: str
    known_on: date


class Identities:
    """The ids minted so far, and what each stated one means."""

    def __init__(self, decisions: Iterable[Decision] = ()):
        self.assigned: dict[tuple, Use] = {}
        self.mergers: dict[tuple[str, str], Merger] = {}
        self.uses: dict[tuple[str, str], list[Use]] = defaultdict(list)
        self._providers: dict[tuple[str, str], list[Use]] = {}  # in the order in which they were minted
        self._by_code: dict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        self._by_place: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
        self.registers = Registers()
        self._decisions = tuple(decisions)
        self._apart = {(d.area_code, d.ids) for d in self._decisions if not d.same}

    # --- reading the ledger

    def read(self, statements: Iterable[Said], waiting: dict[int, list[tuple[str, date, str, str]]]) -> None:
        """Every reception in order. ``waiting``: lines of registers that stand in quarantine, by reception."""
        for batch, found in groupby(sorted(statements, key=_ledger_order), key=lambda said: said.batch):
            self._reception(list(found), waiting.get(batch, ()))
        self._unite()

    def _reception(self, statements: list[Said], waiting: Iterable[tuple[str, date, str, str]]) -> None:
        self.registers.add(statements, waiting)
        self._batch: dict[tuple[str, str], list[Said]] = defaultdict(list)
        self._stated: dict[tuple, set[str]] = defaultdict(set)
        for said in statements:
            self._batch[said.area, said.source_id].append(said)
            self._stated[said.area, said.event_on, said.name, said.address].add(said.source_id)
        for said in statements:
            use = self.assigned.get(said.key) or self._same_id(said) or self._new_use(said)
            self.assigned.setdefault(said.key, use)
            use.add(said)
            if said.code:
                self._by_code[said.area, said.code][use.provider] = None
            if said.name and said.address:
                self._by_place[said.area, said.name, said.address][use.provider] = None

    # --- the same stated id

    def _same_id(self, said: Said) -> Use | None:
        """The use of this id that goes on; None for a new id, or one that came back for somebody else."""
        uses = self.uses[said.area, said.source_id]
        if not uses:
            return None
        before = [use for use in uses if use.start <= said.event_on]
        current = max(before, key=lambda use: use.start) if before else uses[0]
        if said.event not in ("new", "snapshot"):
            return next((use for use in uses if said.code in use.codes), current)
        alike = [use for use in uses if use.shares(said)]
        if alike:
            known = current if current in alike else alike[0]
            return next((use for use in alike if said.code in use.codes), None) or (
                None if self._split(said, known) else known
            )
        return None if self._is_another(said, uses, current) or self._split(said, current) else current

    def _is_another(self, said: Said, uses: list[Use], current: Use) -> bool:
        """Whether a statement that has nothing in common with its id's provider is known to be about somebody else.

        Without credit codes, name and address may both have changed: then it takes the one found under another id."""
        if said.code and all(use.codes for use in uses):
            return True
        if any(use not in uses for use in self._of_place(said)):
            return True
        was = current.last
        return bool(self._stated[said.area, said.event_on, was.name, was.address] - {said.source_id})

    def _of_place(self, said: Said) -> list[Use]:
        found = self._by_place.get((said.area, said.name, said.address), {})
        return [use for stable in found for use in self._providers[said.area, stable]]

    def _split(self, said: Said, use: Use) -> bool:
        """Whether people said that an id went to somebody else where this filing makes one wonder."""
        return use.next is None and said.name not in use.names and self._are_apart(
            said.area, {use.name}, {f"{said.source_id}~{use.number + 1}"}
        )  # fmt: skip

    # --- a new stated id, or a new use of one

    def _new_use(self, said: Said) -> Use:
        uses = self.uses[said.area, said.source_id]
        use = Use(said.area, said.source_id, len(uses) + 1)
        use.opened = said
        to_come = [s for s in self._batch[said.area, said.source_id] if s.event_on >= said.event_on]
        trial = Use(said.area, said.source_id, use.number, to_come)
        if not self._named(use, said) and not self._linked(use, said, trial):
            self._mint(use, uses[-1] if uses else None, said)
        if uses:
            uses[-1].next = use
        uses.append(use)
        self._providers.setdefault((said.area, use.provider), []).append(use)
        return use

    def _named(self, use: Use, said: Said) -> bool:
        """A sender may take up an id that was minted here (``A~2``)."""
        there = self._providers.get((said.area, use.name))
        if not there or not any(known.shares(said) for known in there):
            return False
        self._join(use, there, "renumbered", "same-id")
        return True

    def _linked(self, use: Use, said: Said, trial: Use) -> bool:
        coded = self._by_code.get((said.area, said.code), ())
        by_code = [p for p in self._candidates(use, coded) if p[-1].code == said.code]
        beside = [p for p in by_code if self._overlap(p, trial)]
        here = [p for p in by_code if said.address and p[-1].last.address == said.address and self._took_over(p, said)]
        apart = [p for p in beside if p[-1].last.address != said.address]
        ended = [p for p in by_code if p not in beside]
        if here:
            return self._join(use, self._gone_on(here, use, "credit-code"), None, "credit-code")
        if apart:
            return self._branch(use, apart[0], "credit-code", said)
        if ended and not beside:
            return self._join(use, self._gone_on(ended, use, "credit-code"), None, "credit-code")
        places = self._candidates(use, self._by_place.get((said.area, said.name, said.address), ()))
        places = [p for p in places if (p[-1].last.name, p[-1].last.address) == (said.name, said.address)]
        free = [p for p in places if not self._overlap(p, trial)]
        if free:
            return self._join(use, self._gone_on(free, use, "name-and-address"), None, "name-and-address")
        if said.parent:
            parents = self._candidates(use, self._by_code.get((said.area, said.parent), ()))
            return bool(parents) and self._branch(use, parents[0], "parent-credit-code", said)
        return False

    def _candidates(self, use: Use, stable_ids: Iterable[str]) -> list[list[Use]]:
        """Their uses, each provider's in the order of its days; the first minted first; none people keep apart."""
        found = []
        for stable in sorted(stable_ids, key=lambda i: _ledger_order(self._providers[use.area, i][0].opened)):
            uses = self._providers[use.area, stable]
            if not self._are_apart(use.area, {use.name}, {stable, *(u.name for u in uses)}):
                found.append(sorted(uses, key=lambda u: u.last.order))
        return found

    def _overlap(self, uses: list[Use], trial: Use) -> bool:
        """Whether a provider and a newcomer are active at one time, by what is known."""
        until = trial.end(self.registers) or date.max
        return any(u.start < until and trial.start < (u.end(self.registers) or date.max) for u in uses)

    def _took_over(self, uses: list[Use], said: Said) -> bool:
        """Whether nothing is stated any more under the ids before: two lines of one day are two."""
        to_come = (s for u in uses for s in self._batch[u.area, u.source_id] if u.shares(s))
        return all(s.event_on < said.event_on for s in [uses[-1].last, *to_come])

    def _gone_on(self, candidates: list[list[Use]], use: Use, basis: str) -> list[Use]:
        """Of several that ended, those that ended last go on as one: the first minted, into which the others merged."""
        ends = {id(p): p[-1].end(self.registers) or date.max for p in candidates}
        last = [p for p in candidates if ends[id(p)] == max(ends.values())]
        for other in last[1:]:
            if ends[id(other)] != date.max:
                merger = Merger(last[0][0].provider, ends[id(other)], basis, use.opened.place[-1])
                self.mergers.setdefault((use.area, other[0].provider), merger)
        return last[0]

    def _join(self, use: Use, uses: list[Use], relation: str | None, basis: str) -> bool:
        closed = uses[-1].last.status in ENDED
        use.provider, use.basis = uses[0].provider, basis
        use.relation = relation or ("re-registered" if closed else "renumbered")
        return True

    def _branch(self, use: Use, uses: list[Use], basis: str, said: Said) -> bool:
        self._mint(use, None, said)
        use.relation, use.basis, use.related = "branch-of", basis, uses[0].provider
        return True

    def _mint(self, use: Use, before: Use | None, said: Said) -> None:
        """A new id: as stated, or with the number of the use. One that is taken gets a number behind it."""
        wanted, number = use.name, 1
        while (use.area, use.provider or wanted) in self._providers:
            number += 1
            use.provider = f"{wanted}~{number}"
        use.provider = use.provider or wanted
        use.relation = use.basis = "first-seen"
        if before:
            use.relation, use.related = "reissued-to-another", before.provider
            use.basis = "credit-code" if said.code and before.codes else "name-and-address"
            use.basis = "decided-by-person" if before.shares(said) else use.basis

    # --- what people decided

    def _are_apart(self, area: str, some: set[str], others: set[str]) -> bool:
        pairs = (frozenset((a, b)) for a in some for b in others)
        return any((where, pair) in self._apart for pair in pairs for where in (area, None))

    def _named_provider(self, area: str, name: str) -> str | None:
        """The id that a use or a provider of that name has."""
        stated, _, number = name.rpartition("~")
        uses = self.uses.get((area, name)) or []
        if not uses and number.isdecimal():
            uses = (self.uses.get((area, stated)) or [])[int(number) - 1 : int(number)]
        return uses[0].provider if uses else name if (area, name) in self._providers else None

    def found(self, decision: Decision) -> list[tuple[str, list[str]]]:
        """Where the ids of a decision are known: the area, and the stable id of each as the rules alone have them."""
        areas = [decision.area_code] if decision.area_code else sorted({area for area, _ in self._providers})
        named = [(area, [self._named_provider(area, i) for i in sorted(decision.ids)]) for area in areas]
        return [(area, ids) for area, ids in named if all(ids)]

    def matches(self, decision: Decision) -> bool:
        """Whether a decision still says something that the rules would not have said without it."""
        if decision.same and self._doubted(decision):
            return True
        return any(not decision.same or len(set(ids)) > 1 for _, ids in self.found(decision))

    def _doubted(self, decision: Decision) -> bool:
        """Whether it is about an id that goes on although one may doubt it: ``[A, A~2]`` while A has one use."""
        return any(
            frozenset((source_id, f"{source_id}~{len(uses) + 1}")) == decision.ids
            for (area, source_id), uses in self.uses.items()
            if uses and decision.area_code in (None, area)
        )

    def _unite(self) -> None:
        """Those of whom people said that they are the same: the one minted first goes on."""
        order = {key: number for number, key in enumerate(self._providers)}
        for decision in (d for d in self._decisions if d.same):
            for area, ids in self.found(decision):
                first, *others = sorted({self.stable(area, i) for i in ids}, key=lambda i: order[area, i])
                for other in others:
                    self.mergers[area, other] = Merger(first, None, "decided-by-person", decision.entry.reported_on)

    def stable(self, area: str, minted: str) -> str:
        """The id that stands for a minted one: another only where people said that both are the same."""
        while (merger := self.mergers.get((area, minted))) and merger.basis == "decided-by-person":
            minted = merger.into
        return minted


def _ledger_order(said: Said) -> tuple:
    """Receptions in order, then days; of one day those that end come first. File names play no part."""
    return said.batch, said.event_on, said.status not in ENDED, said.source_id, said.order, said.area
