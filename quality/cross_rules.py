"""Rules that compare tables: one SELECT of offending rows each, in ``quality/rules/*.sql``.

The comment lines at the top of a file are its contract: code, severity, table, column, says_zh, says_en, advice_zh,
advice_en, source, dq, implements (rules of the rule book) and parameters (dated figures of the profile, ``$name`` in
the SQL); lists are separated by commas. The SELECT gives source_sha256, source_sheet, source_row and value of each
offending row of ``table``.

It reads the intake tables and what ``lay_out`` makes beside them: ``working_day`` (workdays.py), the code lists and
the as-of date (``profile_codelist``, ``profile_run``, from the caller), and ``given/*.sql``, which several rules
read. What does not belong here: rules one row decides (they are in contracts).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb
from pydantic import ValidationError

from quality.workdays import working_day_table
from schemas.compile.rules import missing_parameters, with_parameters
from schemas.model import ContractError, FindingText, Parameter

FOLDER = Path(__file__).parent / "rules"
_HEADER = re.compile(r"^-- ([a-z_]+): *(.*)$", re.MULTILINE)
_TOP = re.compile(r"(?:--.*\n)*")
_TEXTS = ("code", "severity", "says_zh", "says_en", "advice_zh", "advice_en", "source", "dq")
_NEEDED = {"code", "severity", "table", "says_zh", "says_en", "advice_zh", "advice_en"}
_LISTS = ("implements", "parameters")


@dataclass(frozen=True)
class CrossRule:
    """A rule over several tables."""

    text: FindingText
    table: str
    column: str | None
    sql: str
    parameters: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        return self.text.code

    @property
    def severity(self) -> str:
        return self.text.severity

    def missing(self, parameters: dict[str, Parameter]) -> tuple[str, ...]:
        """The figures it lacks on the day the parameters are in force: it is not evaluated then."""
        return missing_parameters(self.parameters, parameters)

    def select(self, parameters: dict[str, Parameter]) -> str | None:
        """Its SELECT with the figures in force, or None if one is missing."""
        if self.missing(parameters):
            return None
        return with_parameters(self.code, self.sql, self.parameters, parameters)


@functools.cache
def cross_rules(folder: Path = FOLDER) -> tuple[CrossRule, ...]:
    """Every rule of the folder, by file name. ContractError names the file and what is wrong in its header."""
    return tuple(_parsed(path) for path in sorted(folder.glob("*.sql")))


def cross_rule_texts() -> dict[str, FindingText]:
    """What each cross-table rule says, by code."""
    return {rule.code: rule.text for rule in cross_rules()}


def lay_out(con: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables several rules read, from the intake tables and ``profile_run`` in ``con``."""
    working_day_table(con)
    for path in sorted((FOLDER / "given").glob("*.sql")):
        con.execute(f"CREATE TABLE {path.stem} AS {path.read_text(encoding='utf-8')}")


def _parsed(path: Path) -> CrossRule:
    sql = path.read_text(encoding="utf-8")
    said = {key: value for key, value in _HEADER.findall(_TOP.match(sql)[0]) if value}
    missing = _NEEDED - set(said)
    unknown = set(said) - _NEEDED - set(_TEXTS) - set(_LISTS) - {"column"}
    if missing or unknown:
        wrong = f"lacks {sorted(missing)}" if missing else f"has unknown keys {sorted(unknown)}"
        raise ContractError(f"{path.name}: its header {wrong}")
    listed = {key: tuple(re.split(r"[,\s]+", said[key])) if key in said else () for key in _LISTS}
    try:
        text = FindingText(implements=listed["implements"], **{name: said[name] for name in _TEXTS if name in said})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise ContractError(f"{path.name}: {wrong}") from error
    body = sql[_TOP.match(sql).end() :].rstrip().rstrip(";")
    return CrossRule(text, said["table"], said.get("column"), body, listed["parameters"])
