"""The environment a deployment sets: each variable does what it says, and a wrong one is named."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from assets.release.stores.access import Access
from pipelines.settings import VARIABLES, Settings, SettingsError, dagster_home, from_environment
from quality.limits import Limits

#: variable -> (what it is set to, the setting it changes, the value it gets)
EXAMPLES = {
    "TUOYU_HOME": ("/srv/tuoyu", "home", Path("/srv/tuoyu")),
    "TUOYU_PROFILE": ("taiwan-sfaa", "profile", "taiwan-sfaa"),
    "TUOYU_INBOX": ("/srv/in", "inbox_dir", Path("/srv/in")),
    "TUOYU_WORKSPACE": ("/srv/work", "workspace_dir", Path("/srv/work")),
    "TUOYU_PUBLISHED": ("/srv/www", "published_dir", Path("/srv/www")),
    "AWS_ENDPOINT_URL": ("https://s3.example.cn", "access", Access(endpoint="https://s3.example.cn")),
    "AWS_REGION": ("cn-north-1", "access", Access(region="cn-north-1")),
    "AWS_ACCESS_KEY_ID": ("key", "access", Access(key_id="key")),
    "AWS_SECRET_ACCESS_KEY": ("secret", "access", Access(secret="secret")),
    "AWS_SESSION_TOKEN": ("token", "access", Access(token="token")),
    "AWS_ALLOW_HTTP": ("true", "access", Access(allow_http=True)),
    "TUOYU_CORRECTIONS": ("/srv/known", "corrections_dir", Path("/srv/known")),
    "TUOYU_SIGN_KEY": ("/srv/keys/release", "signing_key", Path("/srv/keys/release")),
    "TUOYU_ALLOWED_SIGNERS": ("/srv/signers", "allowed_signers", Path("/srv/signers")),
    "TUOYU_AS_OF": ("2026-03-31", "as_of", date(2026, 3, 31)),
    "TUOYU_SCHEDULES": ("on", "schedules", True),
    "TUOYU_SETTLE_SECONDS": ("5", "settle_seconds", 5),
    "TUOYU_THREADS": ("2", "threads", 2),
    "TUOYU_MEMORY": ("1GB", "memory", "1GB"),
    "TUOYU_LIMIT_FILE_MIB": ("700", "limits", Limits(file_bytes=700 << 20)),
    "TUOYU_LIMIT_UNPACKED_MIB": ("1", "limits", Limits(unpacked_bytes=1 << 20)),
    "TUOYU_LIMIT_RATIO": ("50", "limits", Limits(ratio=50)),
    "TUOYU_LIMIT_ENTRIES": ("60", "limits", Limits(entries=60)),
    "TUOYU_LIMIT_CELLS": ("9000000", "limits", Limits(cells=9_000_000)),
    "TUOYU_LIMIT_COLUMNS": ("80", "limits", Limits(columns=80)),
    "TUOYU_LIMIT_SECONDS": ("60", "limits", Limits(seconds=60)),
    "TUOYU_LIMIT_MEMORY_MIB": ("1024", "limits", Limits(memory_bytes=1 << 30)),
}


def test_every_documented_variable_is_tried_here():
    assert set(EXAMPLES) == set(VARIABLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_variable_sets_what_it_says_and_nothing_else(name):
    text, setting, value = EXAMPLES[name]
    given, plain = from_environment({name: text}), from_environment({})
    assert getattr(given, setting) == value != getattr(plain, setting)
    others = {s for _, s, _ in EXAMPLES.values()} - {setting}  # the limits are compared whole
    below_home = {"inbox_dir", "workspace_dir", "published_dir", "corrections_dir"}
    moved = {"TUOYU_HOME": below_home, "TUOYU_WORKSPACE": {"inbox_dir", "corrections_dir"}}.get(name, set())
    assert all(getattr(given, s) == getattr(plain, s) for s in others - moved)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_empty_variable_is_one_that_is_not_set(name):
    assert from_environment({name: ""}) == from_environment({})


def test_without_any_variable_everything_lies_below_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = from_environment()
    assert settings == Settings(home=tmp_path)
    assert settings.inbox_dir == tmp_path / "workspace" / "inbox"
    assert settings.published_dir == tmp_path / "published"
    assert not settings.schedules


def test_a_relative_folder_is_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = from_environment({"TUOYU_HOME": "here", "TUOYU_INBOX": "in"})
    assert (settings.home, settings.inbox_dir) == (tmp_path / "here", tmp_path / "in")


@pytest.mark.parametrize(
    "name, text",
    [
        ("TUOYU_AS_OF", "31.3.2026"),
        ("TUOYU_AS_OF", "2026-02-30"),
        ("TUOYU_SCHEDULES", "yes"),
        ("TUOYU_SETTLE_SECONDS", "1.5"),
        ("TUOYU_SETTLE_SECONDS", "-1"),
        ("TUOYU_THREADS", "two"),
        ("TUOYU_THREADS", "２"),
        ("TUOYU_LIMIT_FILE_MIB", "20MB"),
        ("TUOYU_LIMIT_SECONDS", "0"),
        ("AWS_ALLOW_HTTP", "yes"),
    ],
)
def test_an_error_names_the_variable_and_what_it_was_given(name, text):
    with pytest.raises(SettingsError) as error:
        from_environment({name: text})
    assert name in str(error.value) and text in str(error.value)


@pytest.mark.parametrize("text", ["s3://bucket/a", "s3://bucket/a/"])
def test_what_is_public_may_lie_in_a_store(text):
    settings = from_environment({"TUOYU_PUBLISHED": text})
    assert settings.published_at == "s3://bucket/a"
    with pytest.raises(SettingsError, match="s3://bucket/a"):
        assert settings.published_dir


@pytest.mark.parametrize(
    "name, text",
    [
        ("TUOYU_PUBLISHED", "s3://key:geheim@bucket/a"),
        ("TUOYU_PUBLISHED", "s3://B/geheim"),
        ("AWS_ENDPOINT_URL", "https://key:geheim@s3.example.cn"),
        ("AWS_ENDPOINT_URL", "geheim:9000"),
    ],
)
def test_an_address_that_may_hold_a_key_is_not_repeated(name, text):
    with pytest.raises(SettingsError, match=name) as error:
        from_environment({name: text})
    assert "geheim" not in str(error.value)


def test_settings_do_not_show_keys():
    keys = {f"AWS_{name}": "geheim" for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")}
    assert "geheim" not in repr(from_environment(keys))


def test_changes_that_are_none_change_nothing(tmp_path):
    settings = Settings(home=tmp_path, as_of=date(2026, 1, 1))
    assert settings.with_changes(profile=None, as_of=None) == settings
    assert settings.with_changes(profile="cn").profile == "cn"


def test_today_is_the_set_date_or_the_day_it_is_in_the_profiles_zone(tmp_path):
    assert Settings(home=tmp_path, as_of=date(2026, 3, 31)).today("Asia/Shanghai") == date(2026, 3, 31)
    zone = ZoneInfo("Asia/Shanghai")
    before = datetime.now(zone).date()
    assert before <= Settings(home=tmp_path).today("Asia/Shanghai") <= datetime.now(zone).date()


def test_the_dagster_home_is_read_here_too(monkeypatch):
    assert dagster_home() is None
    monkeypatch.setenv("DAGSTER_HOME", "/srv/dagster")
    assert dagster_home() == "/srv/dagster"
