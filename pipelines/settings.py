"""What a deployment may set, read from the environment once.

The only module that reads environment variables. Every other one gets a `Settings`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from assets.release.stores.access import REMOTE, Access, bucket_and_prefix
from quality.limits import MIB, Limits


class SettingsError(Exception):
    """A variable that cannot be understood; the message names it and says what it takes."""


@dataclass(frozen=True)
class Settings:
    """Where things are and how a run behaves. Paths are absolute."""

    home: Path
    profile: str = "binjiang"
    inbox: Path | None = None
    workspace: Path | None = None
    published: Path | str | None = None  # a folder, or the address of a store
    access: Access = field(default_factory=Access)
    as_of: date | None = None  # None: today in the profile's time zone
    schedules: bool = False
    settle_seconds: int = 30  # a file of the inbox must not have changed for this long
    threads: int | None = None
    memory: str | None = None
    limits: Limits = field(default_factory=Limits)
    corrections: Path | None = None
    sign_key: Path | None = None
    allowed_signers: Path | None = None
    unsigned: bool = False  # said on the command line only: a signed release may be followed by an unsigned one
    confirm: str | None = None  # likewise: why a large change is right

    @property
    def inbox_dir(self) -> Path:
        return self.inbox or self.workspace_dir / "inbox"

    @property
    def workspace_dir(self) -> Path:
        return self.workspace or self.home / "workspace"

    @property
    def published_at(self) -> Path | str:
        """Where what is public lies: a folder, or `s3://bucket/prefix`."""
        return self.published or self.home / "published"

    @property
    def published_dir(self) -> Path:
        """The folder of what is public. SettingsError for a deployment that publishes to a store."""
        if isinstance(self.published_at, Path):
            return self.published_at
        raise SettingsError(
            f"TUOYU_PUBLISHED: 这个命令只用于本地文件夹 this command works on a local folder, not {self.published_at}"
        )

    @property
    def corrections_dir(self) -> Path:
        return self.corrections or self.workspace_dir / "corrections"

    @property
    def signing_key(self) -> Path | None:
        """What signs the next release; None: nothing does."""
        return None if self.unsigned else self.sign_key

    def with_changes(self, **changes: object) -> Settings:
        """A copy in which what is given (not None) replaces what was set."""
        return replace(self, **{k: v for k, v in changes.items() if v is not None})

    def today(self, timezone: str) -> date:
        """The as-of date of a run that starts now."""
        return self.as_of or datetime.now(ZoneInfo(timezone)).date()


#: variable, what it sets, and a word of help; the CLI's help and the README are checked against it
VARIABLES = {
    "TUOYU_HOME": "folder that holds workspace and published (default: the current folder)",
    "TUOYU_PROFILE": "district profile: a slug, or the path of a folder with a profile.yml (default: binjiang)",
    "TUOYU_INBOX": "folder of incoming files (default: WORKSPACE/inbox)",
    "TUOYU_WORKSPACE": "private working folder (default: HOME/workspace)",
    "TUOYU_PUBLISHED": "folder of what is public, or s3://bucket/prefix (default: HOME/published)",
    "AWS_ENDPOINT_URL": "address of the S3-compatible store (default: Amazon's, for the region)",
    "AWS_REGION": "region of the bucket (default: us-east-1)",
    "AWS_ACCESS_KEY_ID": "key to publish with (default: none, reads what everybody may read)",
    "AWS_SECRET_ACCESS_KEY": "secret of the key",
    "AWS_SESSION_TOKEN": "token of a temporary key",
    "AWS_ALLOW_HTTP": "true: the store may be reached without encryption (default: false)",
    "TUOYU_CORRECTIONS": "folder of corrections, findings that are known and accepted (default: WORKSPACE/corrections)",
    "TUOYU_SIGN_KEY": "release key, or its certificate, that signs what is published (default: unsigned)",
    "TUOYU_ALLOWED_SIGNERS": "whose signatures count, an OpenSSH allowed_signers file (default: that of the profile)",
    "TUOYU_AS_OF": "date the release speaks of, YYYY-MM-DD (default: today in the profile's time zone)",
    "TUOYU_SCHEDULES": "on: the schedules and the inbox sensor run (default: off)",
    "TUOYU_SETTLE_SECONDS": "seconds the inbox must have been still before the sensor starts a run (default: 30)",
    "TUOYU_THREADS": "threads of the engine (default: all cores)",
    "TUOYU_MEMORY": "memory limit of the engine, such as 4GB (default: the engine's own)",
    "TUOYU_LIMIT_FILE_MIB": "size of a received file, in MiB (default: 20)",
    "TUOYU_LIMIT_UNPACKED_MIB": "size of a workbook or gzipped source once unpacked, in MiB (default: 64)",
    "TUOYU_LIMIT_RATIO": "how often larger than packed a part of a workbook may be (default: 100)",
    "TUOYU_LIMIT_ENTRIES": "parts of a workbook (default: 200)",
    "TUOYU_LIMIT_CELLS": "cells of one sheet or text file (default: 2000000)",
    "TUOYU_LIMIT_COLUMNS": "columns of one sheet or text file (default: 1000)",
    "TUOYU_LIMIT_SECONDS": "CPU time a file of up to 20 MiB may take, a larger one in proportion (default: 10)",
    "TUOYU_LIMIT_MEMORY_MIB": "memory a file of up to 20 MiB may take, a larger one in proportion (default: 512)",
}

#: variable -> the limit of a received file it sets, and how many of its units one is
_LIMITS = {
    "TUOYU_LIMIT_FILE_MIB": ("file_bytes", MIB),
    "TUOYU_LIMIT_UNPACKED_MIB": ("unpacked_bytes", MIB),
    "TUOYU_LIMIT_RATIO": ("ratio", 1),
    "TUOYU_LIMIT_ENTRIES": ("entries", 1),
    "TUOYU_LIMIT_CELLS": ("cells", 1),
    "TUOYU_LIMIT_COLUMNS": ("columns", 1),
    "TUOYU_LIMIT_SECONDS": ("seconds", 1),
    "TUOYU_LIMIT_MEMORY_MIB": ("memory_bytes", MIB),
}


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from TUOYU_* variables; SettingsError names the one that is wrong."""
    env = os.environ if environ is None else environ
    return Settings(
        home=Path(env.get("TUOYU_HOME") or Path.cwd()).absolute(),
        profile=env.get("TUOYU_PROFILE") or "binjiang",
        inbox=_path(env.get("TUOYU_INBOX")),
        workspace=_path(env.get("TUOYU_WORKSPACE")),
        published=_address(env.get("TUOYU_PUBLISHED")),
        access=_access(env),
        corrections=_path(env.get("TUOYU_CORRECTIONS")),
        sign_key=_path(env.get("TUOYU_SIGN_KEY")),
        allowed_signers=_path(env.get("TUOYU_ALLOWED_SIGNERS")),
        as_of=parse_date(env.get("TUOYU_AS_OF"), "TUOYU_AS_OF"),
        schedules=_switch(env.get("TUOYU_SCHEDULES"), "TUOYU_SCHEDULES"),
        settle_seconds=_number(env.get("TUOYU_SETTLE_SECONDS") or "30", "TUOYU_SETTLE_SECONDS"),
        threads=_number(env.get("TUOYU_THREADS"), "TUOYU_THREADS"),
        memory=env.get("TUOYU_MEMORY") or None,
        limits=_limits(env),
    )


def dagster_home() -> str | None:
    """The Dagster instance to record runs in, if one is configured."""
    return os.environ.get("DAGSTER_HOME") or None


def parse_date(text: str | None, what: str) -> date | None:
    """A date YYYY-MM-DD; SettingsError names ``what`` was wrong."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"{what}: {text!r} is not a date like 2026-03-31") from None


def _limits(env: Mapping[str, str]) -> Limits:
    given = {limit: _positive(env[name], name) * unit for name, (limit, unit) in _LIMITS.items() if env.get(name)}
    return Limits(**given)


def _positive(text: str, what: str) -> int:
    number = _number(text, what)
    if not number:
        raise SettingsError(f"{what}: {text!r} lets nothing in; give a whole number above 0")
    return number


def _path(text: str | None) -> Path | None:
    return Path(text).absolute() if text else None


def _address(text: str | None) -> Path | str | None:
    """A folder, or the address of a store as it is written everywhere: without a slash at its end."""
    if not (text or "").startswith(REMOTE):
        return _path(text)
    try:
        return REMOTE + "/".join(filter(None, bucket_and_prefix(text)))
    except ValueError as error:
        raise SettingsError(f"TUOYU_PUBLISHED: {error}") from None


def _access(env: Mapping[str, str]) -> Access:
    """The names that other tools for such stores use. Never quoted: a key may stand in the wrong one."""
    endpoint = env.get("AWS_ENDPOINT_URL") or None
    if endpoint and not re.fullmatch(r"https?://[^/@\s]+/?", endpoint):
        raise SettingsError("AWS_ENDPOINT_URL: give the address of the store, such as https://s3.example.cn")
    key_id, secret = (env.get(f"AWS_{name}") or None for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
    return Access(
        endpoint=endpoint,
        region=env.get("AWS_REGION") or Access.region,
        key_id=key_id,
        secret=secret,
        token=env.get("AWS_SESSION_TOKEN") or None,
        allow_http=_switch(env.get("AWS_ALLOW_HTTP"), "AWS_ALLOW_HTTP", "true", "false"),
    )


def _switch(text: str | None, what: str, on: str = "on", off: str = "off") -> bool:
    if text and text.lower() not in (on, off):
        raise SettingsError(f"{what}: {text!r} is neither {on} nor {off}")
    return bool(text) and text.lower() == on


def _number(text: str | None, what: str) -> int | None:
    if text and not (text.isascii() and text.isdigit()):
        raise SettingsError(f"{what}: {text!r} is not a whole number")
    return int(text) if text else None
