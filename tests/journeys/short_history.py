"""Two or three releases of the demo's district, a batch of its inbox at a time, for tests that need a past."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from pipelines.demo import make_inbox
from pipelines.run import run_job
from pipelines.settings import Settings

DAYS = (date(2025, 3, 31), date(2025, 9, 30), date(2026, 3, 31))


#: enough for every dataset to have rows, and for each day to change some
FEW = ("备案", "收费公示采集", "330108002", "成长驿站名录", "人口")


def make_files(folder: Path, *, few: bool = False) -> Path:
    """The demo's files, to be sent in batches; ``few``: a part of them."""
    make_inbox(folder, seed=1, providers=45, months=24, as_of=DAYS[-1])
    for path in [p for p in folder.rglob("*") if p.is_file()]:
        if few and not any(part in path.relative_to(folder).as_posix() for part in FEW):
            path.unlink()
    return folder


def batch_of(name: str) -> date:
    """The first of the days by which a file may have come: it is called after the last month it tells of."""
    months = re.findall(r"(20\d\d)-(\d\d)", name)
    last = max((int(year), int(month)) for year, month in months) if months else (2025, 3)
    return next(day for day in DAYS if (day.year, day.month) >= last)


def release_all(home: Path, files: Path, *, days: Sequence[date] = DAYS, backwards: bool = False) -> Settings:
    """Receives and releases on each day what had come by then. ``backwards``: the files arrive in another order."""
    settings = Settings(home, confirm="演示：每次间隔半年 half a year between the releases of a demo")
    paths = sorted((p for p in files.rglob("*") if p.is_file()), reverse=backwards)
    for day in days:
        for path in paths:
            if batch_of(path.name) == day:
                target = settings.inbox_dir / path.relative_to(files)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
        outcome = run_job(settings, "everything", day)
        assert outcome.success, outcome.failures
    return settings
