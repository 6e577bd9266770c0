"""Imports run one way, and what is slow is imported only where it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest
from importlinter.cli import lint_imports

from tests.house.source import ROOT


def test_imports_run_one_way(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    broken = lint_imports("pyproject.toml", no_cache=True, no_logo=True)
    assert not broken, capfd.readouterr().out


@pytest.mark.parametrize(
    ("module", "late"),
    [
        ("schemas.registry", {"dagster", "duckdb", "pandas", "great_expectations", "frictionless"}),
        ("quality.gate", {"dagster", "pandas", "great_expectations", "frictionless"}),
        ("assets.release.publisher", {"dagster", "pandas", "great_expectations"}),
        ("pipelines.cli", {"dagster", "pandas", "great_expectations", "frictionless"}),
    ],
)
def test_what_is_slow_is_imported_late(module: str, late: set[str]) -> None:
    code = f"import sys, {module}; print(*(set({sorted(late)}) & sys.modules.keys()))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [], f"import {module} drags in {run.stdout}"
