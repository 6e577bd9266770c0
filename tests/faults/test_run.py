"""The whole run on a disk that is full or broken: told in plain words, with 74, and the next run makes it good."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from pipelines.exits import Exit
from pipelines.run import run_job
from pipelines.run_outcome import exit_code
from pipelines.settings import Settings
from tests.faults import reader

AS_OF = date(2026, 3, 31)
STATION = "驿站编号,驿站名称,驿站类型,街道,开放日期\n330108-F-0001,西兴示范驿站,示范型,西兴街道,2024-05-01\n"

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path) -> Settings:
    settings = Settings(home=tmp_path, published=tmp_path / "public" / "published")
    settings.inbox_dir.mkdir(parents=True)
    (settings.inbox_dir / "驿站.csv").write_text(STATION, "utf-8")
    return settings


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A real file system with room for a few files only."""
    folder = tmp_path / "public"
    folder.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", "size=24k", "tmpfs", folder]
    if os.geteuid() or subprocess.run(made, capture_output=True).returncode:
        pytest.skip("a small file system can only be mounted by root, and not in every container")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def failed(settings: Settings) -> str:
    """What a run says that could not publish."""
    outcome = run_job(settings, "everything", AS_OF)
    assert exit_code(outcome) == Exit.DISK
    assert [f["step"] for f in outcome.failures] == ["release"]
    return outcome.failures[0]["message"]


def test_a_disk_that_is_broken_or_full_is_74_and_heals(settings, small_disk):
    settings.published_dir.write_text("a file where a folder should be")
    said = failed(settings)
    assert "磁盘读写失败" in said and "Error" in said and str(settings.home) not in said
    settings.published_dir.unlink()
    said = failed(settings)
    assert "磁盘已满" in said and "The disk is full" in said
    assert not (settings.published_dir / "current.json").exists()
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    assert run_job(settings, "everything", AS_OF).success
    reader.verify(str(settings.published_dir))
