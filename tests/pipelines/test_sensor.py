"""The sensor on a real inbox: it asks for a run once per state of the folder, and only when files rest."""

from __future__ import annotations

import os
import time
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from assets.raw.receive import receive
from assets.workspace import Workspace
from pipelines.sensors import inbox_sensor
from pipelines.settings import Settings


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(home=tmp_path, settle_seconds=30)


def put(settings: Settings, name: str, text: str, age: float = 60) -> Path:
    """A file of the inbox that was last written ``age`` seconds ago."""
    path = settings.inbox_dir / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    written = time.time() - age
    os.utime(path, (written, written))
    return path


def tick(settings: Settings) -> dg.RunRequest | dg.SkipReason:
    return inbox_sensor(settings)(dg.build_sensor_context())


def test_without_an_inbox_there_is_nothing_to_do(settings):
    assert "no inbox" in tick(settings).skip_message
    assert not settings.inbox_dir.exists()


def test_an_empty_inbox_and_a_desktop_lock_file_are_nothing_new(settings):
    settings.inbox_dir.mkdir(parents=True)
    assert "nothing new" in tick(settings).skip_message
    put(settings, "~$月报.xlsx", "lock")
    assert "nothing new" in tick(settings).skip_message


def test_a_file_that_is_still_being_written_is_waited_for(settings):
    put(settings, "rested.csv", "a")
    growing = put(settings, "growing.csv", "b", age=0)
    assert "still being written" in tick(settings).skip_message
    os.utime(growing, (time.time() - 31, time.time() - 31))
    assert isinstance(tick(settings), dg.RunRequest)


def test_the_same_files_are_one_request_and_other_files_another(settings):
    put(settings, "a.csv", "a")
    first = tick(settings)
    assert isinstance(first, dg.RunRequest) and first.run_key
    assert tick(settings).run_key == first.run_key
    put(settings, "sender/b.csv", "b")
    assert tick(settings).run_key != first.run_key


def test_a_file_that_was_received_is_not_new_under_another_name_either(settings):
    path = put(settings, "a.csv", "a")
    receive(settings.inbox_dir, Workspace(settings.workspace_dir), date(2026, 3, 31), lambda: "")
    assert "nothing new" in tick(settings).skip_message
    path.rename(path.with_name("again.csv"))
    assert "nothing new" in tick(settings).skip_message
    put(settings, "again.csv", "corrected")
    assert isinstance(tick(settings), dg.RunRequest)


@pytest.mark.parametrize("on", [False, True])
def test_it_runs_by_itself_only_when_the_configuration_says_so(tmp_path, on):
    sensor = inbox_sensor(Settings(home=tmp_path, schedules=on))
    assert sensor.default_status == (dg.DefaultSensorStatus.RUNNING if on else dg.DefaultSensorStatus.STOPPED)
    assert sensor.job_name == "everything"
