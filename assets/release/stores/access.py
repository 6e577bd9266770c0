"""How a remote store is addressed and reached. Plain data, so that settings can hold it without a client of S3."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

REMOTE = "s3://"
_ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9._-]+)*)/?")


@dataclass(frozen=True)
class Access:
    """How a store is reached. Without keys only what everybody may read can be read."""

    endpoint: str | None = None  # None: Amazon's, for the region
    region: str = "us-east-1"
    key_id: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    allow_http: bool = False


def bucket_and_prefix(address: str) -> tuple[str, str]:
    """The parts of `s3://bucket/prefix`. ValueError, which quotes nothing: a key may stand in what was given."""
    found = _ADDRESS.fullmatch(address)
    if not found:
        raise ValueError("an address of a store looks like s3://bucket/prefix, without keys")
    return found[1], found[2].strip("/")
