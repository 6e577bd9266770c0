"""DuckDB, Great Expectations and frictionless find the same wrong values in the same rows of generated tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.quality.agreement import Contract, Staged, contracts, in_words_of_table_schema


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(contract=contracts())
def test_three_engines_find_the_same(contract: Contract, tmp_path_factory: pytest.TempPathFactory):
    compare(contract, tmp_path_factory.mktemp("agreement"))


def compare(contract: Contract, folder: Path) -> None:
    """AssertionError where two engines differ about a row."""
    staged = Staged(contract, folder)
    ours = staged.by_duckdb()
    assert staged.by_great_expectations() == ours
    said = in_words_of_table_schema(contract.table)
    assert staged.by_frictionless() == said(ours, contract.rows)
