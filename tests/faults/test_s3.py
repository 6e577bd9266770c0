"""The short form of the promises to an object store: a few faults, racing publishers, readers, an unfit store."""

from __future__ import annotations

import pytest

from tests.faults import s3


@pytest.mark.parametrize("name", [name for name in s3.MEASURES if name != "killed"])
def test_a_promise_to_a_store_is_kept(name):
    if name not in s3.ALONE and not s3.SHARED.exists():
        pytest.skip("the fault proxy (shared/faults) is not beside this checkout")
    for promise, wanted, measured, kept in s3.rows(True, (name,)):
        assert kept, f"{promise}: {wanted}; {measured}"
