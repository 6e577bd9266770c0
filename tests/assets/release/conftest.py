"""What the release tests share: the small house, its open tables, and a publisher."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from assets.release.publisher import ANYTHING, ReleaseResult, publish
from tests.assets.release import house


@pytest.fixture
def registry():
    return house.registry()


@pytest.fixture
def published(tmp_path) -> Path:
    return tmp_path / "published"


@pytest.fixture
def release(tmp_path, registry, published) -> Callable[..., ReleaseResult]:
    """Writes open tables (rows by table name replace the usual ones) and publishes them."""

    def run(given=registry, *, as_of=house.AS_OF, upon=ANYTHING, **rows) -> ReleaseResult:
        open_dir = house.write_open(given, tmp_path / "open", **rows)
        return publish(given, open_dir, published, as_of, work_dir=tmp_path / "work", upon=upon)

    return run
