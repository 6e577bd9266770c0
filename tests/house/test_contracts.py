"""One truth, no orphans: each field, code, rule, table and dataset once, and each of them used."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from quality.cross_rules import cross_rules
from schemas.compile.table_schema import RELEASE_CODELISTS
from schemas.registry import Registry, load, profiles
from tests.house.source import ROOT, contracts, modules, sql_files

LAYERS = ("core", "measure", "open")


def _stem_counts(paths: list[Path]) -> Counter[str]:
    return Counter(p.stem for p in paths if p.name != "__init__.py")


@pytest.fixture(scope="module")
def registries() -> list[Registry]:
    """Every profile that stands alone, loaded."""
    loaded = [load(slug) for slug in profiles()]
    assert loaded, "no profile in schemas/districts"
    return loaded


def _repeated_keys(node: yaml.Node, where: str) -> list[str]:
    """Keys given twice in one mapping: YAML readers keep the last and say nothing."""
    found = []
    if isinstance(node, yaml.MappingNode):
        counted = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        found += [f"{where}: {key}" for key, times in counted.items() if times > 1]
        children = [value for _, value in node.value]
    else:
        children = node.value if isinstance(node, yaml.SequenceNode) else []
    return found + [hit for child in children for hit in _repeated_keys(child, where)]


def test_no_key_is_given_twice_in_a_file() -> None:
    paths = [p for folder in ("schemas", "quality") for p in sorted((ROOT / folder).rglob("*.yml"))]
    assert paths
    trees = {p: yaml.compose(p.read_text("utf-8"), Loader=yaml.SafeLoader) for p in paths}
    named = [(str(p.relative_to(ROOT)), tree) for p, tree in trees.items() if tree]
    assert not [hit for name, tree in named for hit in _repeated_keys(tree, name)]


def test_a_field_is_defined_once() -> None:
    defined = Counter(name for fields in contracts("fields/*.yml").values() for name in fields)
    assert defined
    assert not [name for name, times in defined.items() if times > 1]


def test_a_field_is_used_by_some_table(registries: list[Registry]) -> None:
    defined = {name for fields in contracts("fields/*.yml").values() for name in fields}
    used = {name for r in registries for table in r.tables.values() for name in table.field_names}
    assert not defined - used


def test_a_code_list_is_used(registries: list[Registry]) -> None:
    """By a field, by `changes.csv`, or by a SELECT that looks its titles up."""
    used = {f.codelist for r in registries for table in r.tables.values() for f in table.fields}
    used |= set(RELEASE_CODELISTS)
    sql = "\n".join(p.read_text("utf-8") for p in sql_files())
    unused = {n for r in registries for n in r.codelists if n not in used and f"'{n}'" not in sql}
    assert not unused


def test_a_core_or_open_contract_has_one_maker_and_a_maker_one_contract() -> None:
    files = [p for layer in LAYERS for p in (ROOT / "assets" / layer).iterdir()]
    makers = [p for p in files if p.suffix in (".sql", ".py")]
    stated = {p.stem: raw["layer"] for p, raw in contracts("tables/*.yml").items() if raw["layer"] in LAYERS}
    counted = _stem_counts(makers)
    assert counted == Counter(stated.keys()), {
        "without a maker": sorted(set(stated) - set(counted)),
        "without a contract": sorted(set(counted) - set(stated)),
        "with two makers": sorted(name for name, times in counted.items() if times > 1),
    }
    strays = [p.name for p in makers if p.name != "__init__.py" and p.parent.name != stated[p.stem]]
    assert not strays, "a maker lies in the folder of its layer"


def test_a_table_is_named_after_its_layer() -> None:
    for path, raw in contracts("tables/*.yml").items():
        prefix, suffix = path.stem.split("_")[0], path.stem.split("_")[-1]
        expected = prefix if prefix in LAYERS else suffix if suffix in ("held", "identity") else "intake"
        assert raw["layer"] == expected, path.name


def test_an_open_table_is_in_exactly_one_dataset() -> None:
    opened = [p.stem for p, raw in contracts("tables/*.yml").items() if raw["layer"] == "open"]
    published = Counter(table for raw in contracts("datasets/*.yml").values() for table in raw["tables"])
    assert published == Counter(opened)


def _rule_codes() -> list[tuple[str, str]]:
    """(code, where it is defined), for every place that can define a finding."""
    found = [(code, "findings.yml") for raw in contracts("findings.yml").values() for code in raw]
    for path, raw in contracts("tables/*.yml").items():
        found += [(rule["code"], path.name) for rule in raw.get("rules", ())]
    for path, raw in contracts("districts/*/profile.yml").items():
        found += [(code, path.parent.name) for code in (*(raw.get("findings") or ()), *_tightened(raw))]
    return found + [(rule.code, f"quality/rules: {rule.table}") for rule in cross_rules()]


def _tightened(raw: dict[str, Any]) -> list[str]:
    """Codes of the rules a profile adds. One rule that an anchor gives to several tables counts once."""
    tables = ((raw.get("tighten") or {}).get("tables") or {}).values()
    rules = {id(rule): rule for table in tables for rule in table.get("rules", ())}
    return [rule["code"] for rule in rules.values()]


def test_a_rule_code_is_defined_once() -> None:
    places: dict[str, list[str]] = {}
    for code, where in _rule_codes():
        places.setdefault(code, []).append(where)
    assert places
    assert not {code: where for code, where in places.items() if len(where) > 1}


def test_a_rule_code_reads_thing_problem() -> None:
    assert not [code for code, _ in _rule_codes() if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", code)]


def test_a_general_finding_is_raised_somewhere() -> None:
    """In Python, or in the SELECT of a map."""
    text = "\n".join([m.text for m in modules()] + [p.read_text("utf-8") for p in sql_files()])
    stated = [code for raw in contracts("findings.yml").values() for code in raw]
    for raw in contracts("districts/*/profile.yml").values():
        stated += raw.get("findings") or []
    assert not [code for code in stated if f'"{code}"' not in text and f"'{code}'" not in text]


def test_every_cross_table_rule_is_one_file_named_after_its_code() -> None:
    named = {p.stem.replace("_", "-") for p in (ROOT / "quality" / "rules").glob("*.sql")}
    assert named == {rule.code for rule in cross_rules()}


def test_quality_and_assets_speak_of_no_district() -> None:
    """What is true in one place only lives in its profile. Comments and the doors' defaults may name one."""
    slugs = [slug for slug in profiles() if len(slug) > 2]
    words = re.compile(rf"\b({'|'.join(map(re.escape, slugs))}|330108[0-9]*)\b")
    files = [p for p in sql_files() if p.relative_to(ROOT).parts[0] in ("quality", "assets")]
    text = {p.name: re.sub(r"--.*", "", p.read_text("utf-8")) for p in files}
    below = ("quality/", "assets/core/", "assets/open/", "assets/raw/", "schemas/compile/")
    text |= {m.path: m.text for m in modules() if m.path.startswith(below)}
    assert not [f"{name}: {hit.group()}" for name, said in text.items() for hit in words.finditer(said)]


def test_every_rule_of_the_rule_book_is_looked_after(registries: list[Registry]) -> None:
    """By a finding that says so, or where the rule book says, or it says why not."""
    texts = [text for r in registries for text in r.findings.values()] + [rule.text for rule in cross_rules()]
    done = {rule for text in texts for rule in text.implements}
    book = registries[0].rulebook
    assert book
    assert not done - set(book)
    assert not [rule.id for rule in book.values() if rule.kind in ("contract", "cross") and rule.id not in done]
    assert not [f"{rule.id}: {path}" for rule in book.values() for path in rule.where if not (ROOT / path).is_file()]


def test_a_rule_book_entry_of_columns_names_columns_there_are(registries: list[Registry]) -> None:
    fields = {f.name for r in registries for table in r.tables.values() for f in table.fields}
    assert not [rule.id for rule in registries[0].rulebook.values() if set(rule.columns) - fields]


def test_a_rule_says_where_it_comes_from_and_what_it_measures() -> None:
    """Law, standard or project; and the sub-indicator of GB/T 36344."""
    law = load("binjiang")
    rules = [rule for table in law.layer("intake") for rule in table.rules] + [rule.text for rule in cross_rules()]
    assert not [rule.code for rule in rules if not rule.source or not re.fullmatch(r"0[1-6]0[1-6]", rule.dq or "")]
    assert not [rule.code for rule in rules if not (rule.advice_zh and rule.advice_en)]


def test_a_figure_in_the_words_of_a_rule_is_one_it_uses() -> None:
    """{name} in a text is a dated figure of the rule: another would tell a district something it never set."""
    law = load("binjiang")
    rules = [rule for table in law.layer("intake") for rule in table.rules]
    told = [(rule, rule.parameters) for rule in rules] + [(rule.text, rule.parameters) for rule in cross_rules()]
    wrong = []
    for text, parameters in told:
        said = " ".join((text.says_zh, text.says_en, text.advice_zh, text.advice_en))
        names = set(re.findall(r"\{([a-z0-9_]+)\}", said)) - {"column", "value"}
        wrong += [f"{text.code}: {name}" for name in sorted(names - set(parameters))]
    assert not wrong
