"""The store this deployment publishes to, for the doors that read what is there and the run that adds to it."""

from __future__ import annotations

from pathlib import Path

from assets.release.stores import Store
from assets.release.stores.opening import store_at
from pipelines.settings import Settings, SettingsError


def published_store(settings: Settings) -> Store:
    """A folder, or the objects of an S3-compatible store. StoreUnfit if it cannot be reached as configured."""
    return store_of_address(settings, settings.published_at)


def store_of_address(settings: Settings, address: Path | str) -> Store:
    """The store at another address, reached with the same keys. SettingsError if it is none."""
    try:
        return store_at(address, settings.access, settings.workspace_dir / "downloads")
    except ValueError as error:
        raise SettingsError(str(error)) from None
