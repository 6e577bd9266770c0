"""The shapes a contract can take: fields, code lists, tables, datasets, profiles.

What belongs here: frozen pydantic models and the checks one object can make on itself.
What does not: opening files and resolving names (registry.py), making SQL or descriptors (compile/).
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from schemas.ageing import Freshness, check_freshness
from schemas.portable import is_portable

FieldType = Literal["string", "integer", "number", "boolean", "date", "yearmonth", "list"]
Severity = Literal["error", "warning", "info"]
#: held: keys of intake rows that wait in quarantine, made by the intake step; measure: totals as they are, before
#: disclosure control decides which of them an open table may show
Layer = Literal["intake", "held", "identity", "core", "measure", "open"]

#: where a received or core row came from; added to every intake and core table, always private
PROVENANCE = ("source_code", "source_sha256", "source_sheet", "source_row", "received_on")


class ContractError(Exception):
    """A contract that contradicts itself or another one; the message names file and key."""


class Strict(BaseModel):
    """Frozen, and an unknown key is an error: a misspelt constraint must not be silently ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Constraints(Strict):
    """What a single value must satisfy, in the words of Table Schema."""

    minimum: Decimal | None = None
    maximum: Decimal | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None

    @field_validator("pattern")
    @classmethod
    def _means_the_same_everywhere(cls, pattern: str | None) -> str | None:
        if pattern is not None and not is_portable(pattern):
            raise ValueError(
                f"{pattern!r}: only what every engine reads alike: letters, digits and signs as they are, [classes] "
                "such as [0-9], (groups), | within a group, ? * + {2,3}; it is the whole text that must match, so "
                "no ^ and $; no \\d, \\w, \\s and no dot"
            )
        return pattern

    @field_validator("minimum", "maximum")
    @classmethod
    def _is_the_same_number_in_json(cls, bound: Decimal | None) -> Decimal | None:
        if bound is not None and Decimal(repr(float(bound))) != bound:
            raise ValueError(f"{bound}: a bound of so many digits is another number in JSON and in most readers")
        return bound

    def tightened(self, other: Constraints) -> Constraints:
        """Both sets of constraints at once; ContractError if ``other`` would loosen one of ours."""
        for name in ("minimum", "min_length"):
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours is not None and theirs is not None and theirs < ours:
                raise ContractError(f"a profile may not loosen {name} from {ours} to {theirs}")
        for name in ("maximum", "max_length"):
            ours, theirs = getattr(self, name), getattr(other, name)
            if ours is not None and theirs is not None and theirs > ours:
                raise ContractError(f"a profile may not loosen {name} from {ours} to {theirs}")
        if self.pattern and other.pattern and self.pattern != other.pattern:
            raise ContractError(f"a profile may not replace the pattern {self.pattern}")
        return self.model_copy(update=other.model_dump(exclude_none=True))


class Field(Strict):
    """One column, defined once for every table that has it. Private unless it says public.

    ``confirms_only``: it says when the rest of the row was last confirmed; a later day changes nothing that is said."""

    name: str
    type: FieldType
    title_zh: str
    title_en: str
    description_zh: str = ""
    description_en: str = ""
    unit: str | None = None
    decimals: int = 2
    codelist: str | None = None
    access: Literal["private", "public"] = "private"
    suppress_below: str | None = None
    constraints: Constraints = Constraints()
    aliases: tuple[str, ...] = ()
    hint_zh: str = ""
    hint_en: str = ""
    example: str | None = None
    source: str = ""
    since: str | None = None
    deprecated: str | None = None
    required: bool = False
    confirms_only: bool = False
    protects: tuple[str, str] | None = None  # the protected measure and member that a total would give back

    @model_validator(mode="after")
    def _list_needs_codes(self) -> Field:
        if self.type == "list" and not self.codelist:
            raise ValueError(f"{self.name}: a list field names its codelist")
        return self

    @model_validator(mode="after")
    def _constraints_fit_the_type(self) -> Field:
        """Else one engine would compare texts as numbers, another ignore the constraint."""
        limits, of_number = self.constraints, self.type in ("integer", "number")
        if not of_number and (limits.minimum is not None or limits.maximum is not None):
            raise ValueError(f"{self.name}: minimum and maximum are for numbers")
        bounds = [bound for bound in (limits.minimum, limits.maximum) if bound is not None]
        if self.type == "integer" and any(bound != bound.to_integral_value() for bound in bounds):
            raise ValueError(f"{self.name}: the bound of an integer is an integer, or Table Schema cannot say it")
        texts = (limits.pattern, limits.min_length, limits.max_length)
        if self.type != "string" and any(text is not None for text in texts):
            raise ValueError(f"{self.name}: pattern and lengths are for texts")
        return self


class FindingText(Strict):
    """What a finding says to a person, and what to do about it."""

    code: str
    severity: Severity
    says_zh: str
    says_en: str
    advice_zh: str = ""
    advice_en: str = ""
    advice_by_type: dict[FieldType, tuple[str, str]] = {}  # zh, en, where a type of field needs other words
    source: str = ""
    dq: str | None = None  # GB/T 36344-2018 sub-indicator
    implements: tuple[str, ...] = ()  # rules of schemas/rulebook.yml


class BookRule(Strict):
    """A rule of our rule book: what is asked, and what looks after it.

    ``contract`` and ``cross`` rules are looked after by the findings that name them in ``implements`` (those about
    single columns: of ``columns``); everything else says ``where``, in paths of the project. ``note``: what of it is
    not judged, or judged more mildly than asked, and why; of a rule that is left out, the reason."""

    id: str
    severity: Severity
    kind: Literal["contract", "cross", "reading", "release", "indicator", "left_out"]
    zh: str
    en: str
    dq: str
    source: str  # the law or standard with its article; "project": our own
    columns: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    note_zh: str = ""
    note_en: str = ""

    @model_validator(mode="after")
    def _is_looked_after(self) -> BookRule:
        if self.kind in ("reading", "release", "indicator") and not self.where:
            raise ValueError(f"{self.id}: say where it is looked after")
        if self.kind == "left_out" and not (self.note_zh and self.note_en):
            raise ValueError(f"{self.id}: say why it is left out")
        return self


class RowRule(FindingText):
    """A rule one row decides. ``fails_when`` is SQL over typed columns, TRUE where the row fails."""

    columns: tuple[str, ...]
    fails_when: str
    parameters: tuple[str, ...] = ()


class ForeignKey(Strict):
    """Columns here that must exist as ``table_fields`` in ``table``."""

    fields: tuple[str, ...]
    table: str
    table_fields: tuple[str, ...]


class Table(Strict):
    """The contract of one table.

    Of an open table: ``traced_by`` are the columns of its key that lead from a row to the received files it is made
    of (none: a row is calculated from many files); ``withheld`` says of a column under which condition (SQL on the
    row) it is not published, to protect privacy; ``freshness`` how long a value of a column holds: what is out of date
    is left blank when the table is built, and named in `stale_columns`."""

    name: str
    layer: Layer
    title_zh: str
    title_en: str
    grain_zh: str
    grain_en: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]
    defaults: dict[str, str] = {}
    foreign_keys: tuple[ForeignKey, ...] = ()
    rules: tuple[RowRule, ...] = ()
    traced_by: tuple[str, ...] = ()
    withheld: dict[str, str] = {}
    freshness: dict[str, Freshness] = {}

    @model_validator(mode="after")
    def _is_whole(self) -> Table:
        names = self.field_names
        if len(set(names)) != len(names):
            raise ValueError(f"{self.name}: a field is listed twice")
        missing = set(self.key) | set(self.defaults) | {c for fk in self.foreign_keys for c in fk.fields}
        missing |= {column for rule in self.rules for column in rule.columns} | set(self.withheld)
        if missing - set(names):
            raise ValueError(f"{self.name}: unknown columns {sorted(missing - set(names))}")
        if set(self.traced_by) - set(self.key):
            raise ValueError(f"{self.name}: traced_by names columns that are not in its key")
        private = [f.name for f in self.fields if f.access != "public"]
        few = [f.name for f in self.fields if f.suppress_below and f.name not in self.withheld]
        check_freshness(self.freshness, {f.name: f.type for f in self.fields}, {*self.key, *self.required})
        if self.layer == "open" and private:
            raise ValueError(f"{self.name}: an open table may not hold private fields {private}")
        if self.layer == "open" and few:
            raise ValueError(f"{self.name}: an open table has to say when {few}, counts of people, are withheld")
        return self

    @property
    def field_names(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(f.name for f in self.fields if f.required)

    def field(self, name: str) -> Field:
        """The field of that name; KeyError if the table has none."""
        return {f.name: f for f in self.fields}[name]

    @property
    def data_fields(self) -> tuple[Field, ...]:
        """The fields a sender states: all but provenance."""
        return tuple(f for f in self.fields if f.name not in PROVENANCE)

    @property
    def key_column(self) -> str:
        """The column that a finding about the whole key points at: the first a sender has to state."""
        return next((name for name in self.key if name not in self.defaults), self.key[0])


class Code(Strict):
    """One entry of a code list."""

    code: str
    title_zh: str
    title_en: str
    definition: str = ""
    source: str = ""
    since: str = ""
    deprecated_in: str = ""
    replaced_by: str = ""
    aliases: tuple[str, ...] = ()
    parent: str = ""


class CodeList(Strict):
    """A closed list of codes. ``allowed`` narrows it where a profile says so."""

    name: str
    entries: tuple[Code, ...]

    @model_validator(mode="after")
    def _codes_are_unique(self) -> CodeList:
        codes = [e.code for e in self.entries]
        if len(set(codes)) != len(codes):
            twice = sorted({c for c in codes if codes.count(c) > 1})
            raise ValueError(f"code list {self.name}: codes given twice: {twice}")
        return self

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(e.code for e in self.entries)


class Dataset(Strict):
    """What is published together under one version."""

    name: str
    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    tables: tuple[str, ...]
    cadence: str
    themes: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("csv", "parquet")


class Parameter(Strict):
    """A dated figure a rule or an indicator needs, with its source. Never in code."""

    code: str
    value: str
    unit: str = ""
    valid_from: date
    valid_to: date | None = None
    source: str
    confidence: str = ""
    note: str = ""

    def in_force(self, on: date) -> bool:
        """Whether the value applies on that day (``valid_to`` is the last day it does)."""
        return self.valid_from <= on and (self.valid_to is None or on <= self.valid_to)


class Source(Strict):
    """A stream of received files: recognised by headers, or mapped by SQL of the profile."""

    name: str
    title_zh: str
    title_en: str = ""
    match: str
    format: Literal["table", "ndjson"] = "table"
    mode: Literal["events", "snapshot"] = "events"
    maps: tuple[str, ...] = ()

    @field_validator("match")
    @classmethod
    def _is_a_pattern(cls, match: str) -> str:
        try:
            re.compile(match)
        except re.error as error:
            raise ValueError(f"{match!r} is no regular expression: {error}") from None
        return match


class Publisher(Strict):
    """Who answers for the data."""

    name_zh: str
    name_en: str
    contact: str = ""
    url: str = ""


class Licence(Strict):
    """The licence of what is published."""

    name: str
    title: str
    path: str = ""


class TableTightening(Strict):
    """What a profile adds to a table: required columns and rules."""

    required: tuple[str, ...] = ()
    rules: tuple[RowRule, ...] = ()


class Tightening(Strict):
    """What a profile adds to the core contracts. It can only make them stricter."""

    fields: dict[str, Constraints] = {}
    codelists: dict[str, tuple[str, ...]] = {}
    tables: dict[str, TableTightening] = {}


class Profile(Strict):
    """One deployment: a district, or a city of many, with its law and its figures."""

    slug: str
    extends: str | None = None
    abstract: bool = False
    title_zh: str
    title_en: str
    publisher: Publisher | None = None
    licence: Licence | None = None
    language: str = "zh"
    timezone: str = "UTC"
    synthetic: bool = False
    notice_zh: str = ""
    notice_en: str = ""
    defaults: dict[str, str] = {}
    parameters: tuple[Parameter, ...] = ()
    tighten: Tightening = Tightening()
    findings: tuple[FindingText, ...] = ()
    sources: tuple[Source, ...] = ()

    @model_validator(mode="after")
    def _timezone_is_known(self) -> Profile:
        if self.timezone not in available_timezones():
            raise ValueError(f"timezone {self.timezone!r} is not a name such as Asia/Shanghai")
        return self
