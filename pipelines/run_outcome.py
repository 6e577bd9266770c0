"""What came of a run, as plain data: no Dagster here, so that printing it is light."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipelines.exits import Exit


@dataclass(frozen=True)
class Outcome:
    """What a run did. ``intake`` holds row counts, ``release`` what was published, ``answers`` what lies ready
    to be sent back and what could not be made (assets.raw.answers.Answers), ``standing`` how many findings stand."""

    success: bool
    as_of: str
    job: str
    intake: dict[str, Any] | None
    release: dict[str, Any] | None
    failures: list[dict[str, Any]] = field(default_factory=list)
    standing: dict[str, Any] | None = None
    answers: dict[str, Any] | None = None


def exit_code(outcome: Outcome) -> Exit:
    """What the command that ran it should end with."""
    if outcome.success:
        return Exit.OK
    errors = {failure["error"] for failure in outcome.failures}
    if errors & {"WrongProfile", "SettingsError", "ContractError", "StoreUnfit"}:
        return Exit.CONFIGURATION
    if "StoreUnreachable" in errors:
        return Exit.UNREACHABLE
    return Exit.CONFLICT if "StoreConflict" in errors else Exit.REFUSED
