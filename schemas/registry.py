"""Reads the contracts of one profile from disk and resolves every name in them.

The only module that opens files in ``schemas/``. What comes out is immutable and complete: tables with
their fields, the code lists as the profile extends and narrows them, the parameters and rules of the
whole chain of profiles. What does not belong here: SQL and descriptors (compile/).
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from schemas.indicator import Indicator, check, code_list
from schemas.model import (
    PROVENANCE,
    BookRule,
    Code,
    CodeList,
    Constraints,
    ContractError,
    Dataset,
    Field,
    FindingText,
    Layer,
    Parameter,
    Profile,
    Source,
    Table,
)
from schemas.quality_terms import QualityTerms

HERE = Path(__file__).parent
_RANK = {"info": 0, "warning": 1, "error": 2}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Registry:
    """Every contract of one profile, resolved. Shapes: dicts by name, in the order of the files."""

    profile: Profile
    chain: tuple[Profile, ...]
    tables: dict[str, Table]
    codelists: dict[str, CodeList]
    datasets: dict[str, Dataset]
    findings: dict[str, FindingText]
    rulebook: dict[str, BookRule]
    indicators: dict[str, Indicator]
    sources: tuple[Source, ...]
    fingerprint: str
    _maps: dict[tuple[str, str], str] = field(repr=False)
    #: `allowed_signers` and `revoked_keys` of the profile's folder, if it has them: whose releases are this district's
    signers: dict[str, str] = field(default_factory=dict)
    #: the words of quality reports; the same for every profile
    quality: QualityTerms = field(default_factory=QualityTerms)

    def layer(self, layer: Layer) -> list[Table]:
        """The tables of one layer, by name."""
        return [t for t in self.tables.values() if t.layer == layer]

    def parameters(self, on: date) -> dict[str, Parameter]:
        """The parameters in force on a day."""
        return {p.code: p for p in self.all_parameters() if p.in_force(on)}

    def all_parameters(self) -> list[Parameter]:
        """Every dated value. A profile that gives a code replaces all values the general ones have for it."""
        given = {p.code: profile for profile in self.chain for p in profile.parameters}
        return [p for profile in self.chain for p in profile.parameters if given[p.code] is profile]

    def finding(self, code: str) -> FindingText:
        """The texts of a finding; KeyError for a code no contract defines."""
        return self.findings[code]

    def source_for(self, path: str) -> Source | None:
        """The stream a received file belongs to, by its path relative to the inbox."""
        return next((s for s in self.sources if re.search(s.match, path)), None)

    def source_sql(self, source: str, table: str) -> str:
        """The profile's SELECT that maps a foreign source onto an intake table."""
        return self._maps[source, table]

    def mapped_tables(self, source: str) -> tuple[str, ...]:
        """The intake tables a foreign source fills."""
        return tuple(table for name, table in self._maps if name == source)


def check_implements(rulebook: dict[str, BookRule], texts: Iterable[FindingText]) -> None:
    """ContractError if a finding says that it implements a rule the rule book does not have."""
    for text in texts:
        if unknown := sorted(set(text.implements) - set(rulebook)):
            raise ContractError(f"{text.code}: implements {unknown}, which schemas/rulebook.yml does not have")


def profiles() -> list[str]:
    """The slugs of the profiles that come with the package."""
    return sorted(p.parent.name for p in (HERE / "districts").glob("*/profile.yml"))


@functools.cache
def load(profile: str | Path = "binjiang") -> Registry:
    """The registry of a profile, named by slug or by the path of a folder outside the package.

    ContractError names the file and the key that is wrong."""
    reader = _Reader()
    folders = _chain_folders(reader, profile)
    chain = tuple(reader.profile(folder) for folder in folders)
    fields = reader.fields()
    indicators = reader.indicators(folders, chain)
    codelists = reader.codelists(folders, chain) | {"indicator": code_list(indicators.values())}
    _check_codelists(fields, codelists)
    tables = reader.tables(_tightened_fields(fields, chain), chain)
    for indicator in indicators.values():
        check(indicator, tables, codelists)
    datasets = reader.datasets(tables)
    findings = _all_findings(reader, tables, chain)
    rulebook = reader.rulebook()
    check_implements(rulebook, findings.values())
    return Registry(
        profile=_merged(chain),
        chain=chain,
        tables=tables,
        codelists=codelists,
        datasets=datasets,
        findings=findings,
        rulebook=rulebook,
        indicators=indicators,
        sources=tuple(s for p in reversed(chain) for s in p.sources),
        quality=_made(QualityTerms, reader.yaml(HERE / "quality.yml"), HERE / "quality.yml"),
        _maps=reader.maps(folders, chain),
        fingerprint=reader.fingerprint(),
        signers=_signers(folders[-1]),
    )


class _Reader:
    """Opens files, remembers what it read for the fingerprint, and names the file in every error."""

    def __init__(self) -> None:
        self._seen: dict[Path, str] = {}

    def text(self, path: Path) -> str:
        data = path.read_bytes()
        self._seen[path] = hashlib.sha256(data).hexdigest()
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ContractError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None

    def yaml(self, path: Path) -> dict[str, Any]:
        try:
            loaded = yaml.load(self.text(path), Loader=_LOADER)
        except yaml.YAMLError as error:
            raise ContractError(f"{path}: {error}") from error
        if not isinstance(loaded, dict):
            raise ContractError(f"{path}: a mapping is expected")
        return loaded

    def fingerprint(self) -> str:
        """One hash of every file read; where a district's own folder lies does not matter."""
        lines = sorted(f"{_short(path)}\0{sha256}\n" for path, sha256 in self._seen.items())
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def profile(self, folder: Path) -> Profile:
        """The profile of a folder; findings and sources, mappings by name in the file, become lists."""
        path = folder / "profile.yml"
        raw = self.yaml(path)
        for key, named in (("findings", "code"), ("sources", "name")):
            given = raw.get(key) or {}
            if not isinstance(given, dict) or not all(isinstance(v, dict) for v in given.values()):
                raise ContractError(f"{path}: {key}: a mapping of names is expected")
            raw[key] = [{named: name} | entry for name, entry in given.items()]
        return _made(Profile, raw, path)

    def fields(self) -> dict[str, Field]:
        found: dict[str, Field] = {}
        for path in sorted((HERE / "fields").glob("*.yml")):
            for name, raw in self.yaml(path).items():
                if name in found:
                    raise ContractError(f"{path}: field {name} is defined twice")
                found[name] = _made(Field, {"name": name} | raw, path)
        return found

    def codelists(self, folders: list[Path], chain: tuple[Profile, ...]) -> dict[str, CodeList]:
        """Every code list by name: the common ones with what the profiles add, narrowed as they say."""
        entries: dict[str, list[Code]] = {}
        for folder in [HERE, *folders]:
            for path in sorted((folder / "codelists").glob("*.csv")):
                rows = csv.DictReader(io.StringIO(self.text(path)))
                entries.setdefault(path.stem, []).extend(_code(row, path) for row in rows)
        for profile in chain:
            for name, codes in profile.tighten.codelists.items():
                unknown = sorted(set(codes) - {e.code for e in entries.get(name, ())})
                if unknown:
                    raise ContractError(f"profile {profile.slug} narrows code list {name} to unknown codes {unknown}")
                entries[name] = [e for e in entries[name] if e.code in codes]
        return {n: _made(CodeList, {"name": n, "entries": e}, HERE / "codelists") for n, e in entries.items()}

    def indicators(self, folders: list[Path], chain: tuple[Profile, ...]) -> dict[str, Indicator]:
        """Every indicator by code: common ones and those the profiles add, with targets and currency of the last."""
        found: dict[str, Indicator] = {}
        slugs, currency = [p.slug for p in chain], _chain_defaults(chain).get("currency_code", "CNY")
        for folder in [HERE, *folders]:
            for path in sorted((folder / "indicators").glob("*.yml")):
                for code, raw in self.yaml(path).items():
                    if code in found:
                        raise ContractError(f"{path}: indicator {code} is defined twice")
                    found[code] = _made(Indicator, {"code": code} | raw, path).of(slugs, currency)
        return found

    def tables(self, fields: dict[str, Field], chain: tuple[Profile, ...]) -> dict[str, Table]:
        paths = sorted((HERE / "tables").glob("*.yml"))
        for profile in chain:
            unknown = sorted(set(profile.tighten.tables) - {path.stem for path in paths})
            if unknown:
                raise ContractError(f"profile {profile.slug} tightens unknown tables {unknown}")
        return {path.stem: self.table(path, fields, chain) for path in paths}

    def table(self, path: Path, fields: dict[str, Field], chain: tuple[Profile, ...]) -> Table:
        """One contract, its fields looked up and tightened by the profiles. ContractError names the file."""
        raw = self.yaml(path)
        added = [p.tighten.tables[path.stem] for p in chain if path.stem in p.tighten.tables]
        required = set(raw.pop("required", ())) | set(raw["key"])
        required |= {name for tightening in added for name in tightening.required}
        names = self.listed_fields(raw, path)
        if raw["layer"] in ("intake", "core") and raw.pop("provenance", True):
            names += PROVENANCE
            required |= {n for n in PROVENANCE if n != "source_sheet"}
        raw["fields"] = [_table_field(n, fields, required, path) for n in names]
        unlisted = sorted(required - {f.name for f in raw["fields"]})
        if unlisted:
            raise ContractError(f"{path}: required but not listed: {unlisted}")
        raw["rules"] = [*raw.get("rules", ()), *(r for tightening in added for r in tightening.rules)]
        raw["defaults"] = dict(raw.get("defaults", {})) | _defaults(chain, raw["fields"])
        return _made(Table, {"name": path.stem} | raw, path)

    def listed_fields(self, raw: dict[str, Any], path: Path) -> list[str | dict]:
        """The field list of a table; `like: other` stands for the fields of another one, in its order."""
        own, like = list(raw.pop("fields", ())), raw.pop("like", None)
        if not like:
            return own
        other = path.with_name(f"{like}.yml")
        return self.listed_fields(self.yaml(other), other) + own

    def datasets(self, tables: dict[str, Table]) -> dict[str, Dataset]:
        """Every dataset by name. ContractError for one that would publish a table that is not open."""
        found = {}
        for path in sorted((HERE / "datasets").glob("*.yml")):
            dataset = _made(Dataset, {"name": path.stem} | self.yaml(path), path)
            wrong = [t for t in dataset.tables if t not in tables or tables[t].layer != "open"]
            if wrong:
                raise ContractError(f"{path}: not open tables: {wrong}")
            found[path.stem] = dataset
        return found

    def rulebook(self) -> dict[str, BookRule]:
        path = HERE / "rulebook.yml"
        return {rule: _made(BookRule, {"id": rule} | said, path) for rule, said in self.yaml(path).items()}

    def maps(self, folders: list[Path], chain: tuple[Profile, ...]) -> dict[tuple[str, str], str]:
        return {
            (source.name, table): self.text(folder / source.name / f"{table}.sql")
            for folder, profile in zip(folders, chain, strict=True)
            for source in profile.sources
            for table in source.maps
        }


def _short(path: Path) -> str:
    """The path inside the package, or the last two parts of one outside it."""
    return path.relative_to(HERE).as_posix() if path.is_relative_to(HERE) else "/".join(path.parts[-2:])


def _made(model: type, raw: dict[str, Any], path: Path) -> Any:
    """A model from what a file says; the error names the file."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        wrong = [(".".join(map(str, e["loc"])), e["msg"].removeprefix("Value error, ")) for e in error.errors()]
        raise ContractError(f"{path}: {'; '.join(': '.join(filter(None, w)) for w in wrong)}") from error


def _code(row: dict[str, str | None], path: Path) -> Code:
    given = {k: v.strip() for k, v in row.items() if k and v}
    aliases = tuple(a for a in given.pop("aliases", "").split(";") if a)
    return _made(Code, given | {"aliases": aliases}, path)


def _chain_folders(reader: _Reader, profile: str | Path) -> list[Path]:
    """Folders from the most general profile to the one asked for."""
    folders: list[Path] = []
    wanted: str | Path | None = profile
    while wanted:
        folder = _folder(wanted)
        if folder in folders:
            raise ContractError(f"{folder}: profiles extend one another in a circle")
        folders.insert(0, folder)
        wanted = reader.profile(folder).extends
    return folders


def _folder(profile: str | Path) -> Path:
    inside = HERE / "districts" / str(profile)
    folder = inside if (inside / "profile.yml").exists() else Path(profile)
    if not (folder / "profile.yml").exists():
        known = ", ".join(profiles())
        raise ContractError(f"no profile {profile!r}: give one of {known}, or a folder with a profile.yml")
    return folder


def _signers(folder: Path) -> dict[str, str]:
    """Not part of the fingerprint: another year's key makes no other data. Not handed down either."""
    paths = [folder / name for name in ("allowed_signers", "revoked_keys")]
    return {path.name: path.read_text("utf-8") for path in paths if path.is_file()}


def _tightened_fields(fields: dict[str, Field], chain: tuple[Profile, ...]) -> dict[str, Field]:
    tightened = dict(fields)
    for profile in chain:
        for name, constraints in profile.tighten.fields.items():
            if name not in tightened:
                raise ContractError(f"profile {profile.slug} tightens an unknown field {name}")
            tightened[name] = _tightened(tightened[name], constraints)
    return tightened


def _tightened(given: Field, constraints: Constraints) -> Field:
    try:
        return Field(**given.model_dump() | {"constraints": given.constraints.tightened(constraints)})
    except ValidationError as error:
        raise ContractError(f"a profile tightens {given.name}: {error.errors()[0]['msg']}") from error


def _table_field(name: str | dict, fields: dict[str, Field], required: set[str], path: Path) -> Field:
    """A field as one table uses it: with its own required flag and, rarely, its own title."""
    override = dict(name) if isinstance(name, dict) else {"name": name}
    if override["name"] not in fields:
        raise ContractError(f"{path}: no field {override['name']} in schemas/fields")
    base = fields[override["name"]]
    return base.model_copy(update=override | {"required": base.name in required})


def _defaults(chain: tuple[Profile, ...], fields: list[Field]) -> dict[str, str]:
    names = {f.name for f in fields}
    return {k: v for profile in chain for k, v in profile.defaults.items() if k in names}


def _check_codelists(fields: dict[str, Field], codelists: dict[str, CodeList]) -> None:
    missing = {f.codelist for f in fields.values() if f.codelist} - set(codelists)
    if missing:
        raise ContractError(f"schemas/fields name unknown code lists: {sorted(missing)}")


def _merged(chain: tuple[Profile, ...]) -> Profile:
    """The profile asked for, with what it did not say taken from those it extends."""
    said: dict[str, Any] = {}
    for profile in chain:
        said |= {k: getattr(profile, k) for k in profile.model_fields_set}
    said["abstract"] = chain[-1].abstract  # not handed down: the law is abstract, a district is not
    return chain[-1].model_copy(update=said | {"defaults": _chain_defaults(chain)})


def _chain_defaults(chain: tuple[Profile, ...]) -> dict[str, str]:
    return {k: v for profile in chain for k, v in profile.defaults.items()}


def _all_findings(reader: _Reader, tables: dict[str, Table], chain: tuple[Profile, ...]) -> dict[str, FindingText]:
    general = reader.yaml(HERE / "findings.yml")
    found = {c: _made(FindingText, {"code": c} | t, HERE / "findings.yml") for c, t in general.items()}
    said = [*(f for p in chain for f in p.findings), *(rule for t in tables.values() for rule in t.rules)]
    for text in said:
        known = found.get(text.code)
        if known and _RANK[text.severity] < _RANK[known.severity]:
            raise ContractError(f"{text.code}: a profile may not soften it from {known.severity} to {text.severity}")
        found[text.code] = text
    return found
