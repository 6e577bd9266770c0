"""The store this deployment publishes to, for the doors that read what is there and the run that adds to it."""

from __future__ import annotations

from assets.release.stores import Store
from assets.release.stores.opening import store_at
from pipelines.settings import Settings


def published_store(settings: Settings) -> Store:
    """A folder, or the objects of an S3-compatible store. StoreUnfit if it cannot be reached as configured."""
    return store_at(settings.published_at, settings.access, settings.workspace_dir / "downloads")
