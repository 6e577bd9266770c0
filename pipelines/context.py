"""What the steps get, made from settings; without Dagster, so that a command that only asks is quick.

What does not belong here: putting steps together (build.py), reading the environment (settings.py).
"""

from __future__ import annotations

from datetime import date

from assets.release.history import released_tables, told_tables
from assets.release.signatures.signing import signer_of_profile
from assets.workspace import Context, Progress, Workspace
from pipelines.published import published_store
from pipelines.settings import Settings
from schemas.model import ContractError
from schemas.registry import Registry, load


def registry_of(settings: Settings) -> Registry:
    """The contracts of the configured profile; ContractError for one that is only a base for others."""
    registry = load(settings.profile)
    if registry.profile.abstract:
        raise ContractError(f"profile {settings.profile} publishes nothing itself: give one that extends it")
    return registry


def context_of(settings: Settings, as_of: date, progress: Progress | None = None) -> Context:
    """What the steps of a run get."""
    return Context(
        registry=registry_of(settings),
        workspace=Workspace(settings.workspace_dir),
        as_of=as_of,
        threads=settings.threads,
        memory=settings.memory,
        limits=settings.limits,
        corrections=settings.corrections_dir,
        released=released_tables(published_store(settings)),
        told=told_tables(published_store(settings)),
        sign_key=settings.signing_key,
        allowed_signers=settings.allowed_signers,
        unsigned=settings.unsigned,
        confirm=settings.confirm,
        **({"progress": progress} if progress else {}),
    )


def try_key(settings: Settings, as_of: date) -> None:
    """KeyRefused, before anything is received, if the configured key cannot sign a release as of that day."""
    signer_of_profile(registry_of(settings), settings.signing_key, as_of, allowed=settings.allowed_signers)
