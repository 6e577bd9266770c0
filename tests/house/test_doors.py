"""One door each: the registry opens contracts, the settings the environment, the store `published/`."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.source import ROOT, modules

READS = {"open", "read_text", "read_bytes", "glob", "rglob", "iterdir", "walk", "scandir", "listdir"}
ENVIRONMENT = {"environ", "environb", "getenv", "putenv", "unsetenv"}
COMMITS = {"put_blob", "put_version", "put_release", "commit"}


def _calls(tree: ast.Module) -> set[str]:
    """The names of all functions and methods that a module calls."""
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return {f.attr if isinstance(f, ast.Attribute) else getattr(f, "id", "") for f in called}


def _environment(tree: ast.Module) -> set[str]:
    """What a module takes from the environment, by whatever name."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "os":
            found |= {node.attr} & ENVIRONMENT
        elif isinstance(node, ast.ImportFrom) and node.module == "os":
            found |= {name.name for name in node.names} & ENVIRONMENT
        elif isinstance(node, ast.Call):  # Typer and Dagster read variables when told to
            found |= {k.arg for k in node.keywords if k.arg == "envvar"} | (_calls_of(node) & {"EnvVar"})
    return found


def _calls_of(node: ast.Call) -> set[str]:
    return {node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")}


def test_only_the_settings_read_the_environment() -> None:
    found = {m.path: _environment(m.tree) for m in modules()}
    assert {path for path, names in found.items() if names} == {"pipelines/settings.py"}


def test_in_schemas_only_the_registry_opens_files() -> None:
    readers = {m.path for m in modules() if m.path.startswith("schemas/") and _calls(m.tree) & READS}
    assert readers == {"schemas/registry.py"}


def test_nobody_asks_where_the_contracts_lie() -> None:
    """No path into `schemas/` can be made without its folder."""
    strays = []
    for module in (m for m in modules() if not m.path.startswith("schemas/")):
        for node in ast.walk(module.tree):
            named = isinstance(node, ast.ImportFrom) and node.module == "schemas.registry"
            if named and "HERE" in {name.name for name in node.names}:
                strays.append(module.path)
            if isinstance(node, ast.Attribute) and node.attr in ("__file__", "__path__", "HERE"):
                strays.append(f"{module.path}:{node.lineno}")
    assert not strays


def test_only_the_release_writes_to_a_store() -> None:
    callers = {m.path for m in modules() if _calls(m.tree) & (COMMITS - {"commit"})}
    assert {path for path in callers if not path.startswith("assets/release/")} == set()


@pytest.mark.slow
@pytest.mark.timeout(600)  # seconds, on a busy machine
def test_a_whole_run_goes_through_the_doors(tmp_path: Path) -> None:
    """The demo, watched: who opens contracts, and who changes anything under `published/`."""
    report = tmp_path / "report.json"
    watch = Path(__file__).with_name("watch.py")
    home = tmp_path / "home"
    command = [str(watch), str(home / "published"), str(report), "demo", "--home", str(home), "--json"]
    run = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert report.exists(), run.stderr
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr[-2000:]
    seen = json.loads(report.read_text())
    assert not seen["broken"]
    assert all(seen["passed"].values()), "nothing was seen: the watch is blind"
