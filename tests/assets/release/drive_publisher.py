"""A publisher in a process of its own, so that a test can kill it or change what surrounds it.

drive_publisher.py ROOT many THREADS     two releases, 200,000 rows in the second
drive_publisher.py ROOT kill N           one release; SIGKILL before the Nth change to the disk
drive_publisher.py ROOT withdraw N       withdraws fees 1.1.0, killed likewise
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import duckdb

from assets.release.publisher import publish
from assets.release.retraction.withdraw import Reason, withdraw
from assets.release.stores.local import LocalStore
from tests.assets.release import house

CHANGES = ("link", "rename", "replace", "mkdir", "fsync", "unlink", "rmdir", "fchmod")


def many(root: Path, threads: int) -> None:
    """The second release's rows arrive in the opposite order when there are several threads."""
    given, fees = house.registry(), root / "open/open_fee_posted.parquet"
    house.write_open(given, root / "open")
    for rewritten in (False, True):
        if rewritten:
            rows = "SELECT '330108' AS area_code, printf('p%06d', i) AS provider_id, "
            rows += "CAST(i % 977 AS DECIMAL(18,2)) AS fee_amount FROM range(200000) r(i)"
            order = "DESC" if threads > 1 else "ASC"
            duckdb.sql(f"COPY ({rows} ORDER BY i {order}) TO '{fees}' (FORMAT parquet)")
        publish(
            given, root / "open", root / "published", house.AS_OF, work_dir=root / "work", threads=threads
        )


def kill(root: Path, number: int) -> None:
    _killed_at(number)
    publish(house.registry(), root / "open", root / "published", house.AS_OF, work_dir=root / "work")


def take_back(root: Path, number: int) -> None:
    """On the day after the first release: the same bytes, whoever finishes it."""
    _killed_at(number)
    day = house.AS_OF.replace(month=7)
    store, reason = LocalStore(root / "published"), Reason("错。", "Wrong.")
    withdraw(house.registry(), store, "fees", "1.1.0", reason, day, work_dir=root / "work")


def _killed_at(number: int) -> None:
    left = number

    def counted(change):
        def call(*args, **kwargs):
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return change(*args, **kwargs)

        return call

    for name in CHANGES:
        setattr(os, name, counted(getattr(os, name)))


if __name__ == "__main__":
    {"many": many, "kill": kill, "withdraw": take_back}[sys.argv[2]](Path(sys.argv[1]), int(sys.argv[3]))
