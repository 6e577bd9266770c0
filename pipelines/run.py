"""Runs a job in this process and says in plain data what came of it.

What belongs here: executing a Dagster job for the command line and the tests, and the report a run
leaves. What does not: what the job does, how it is printed (cli.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from assets.quality_report import read_quality_report
from assets.workspace import Progress, Workspace, read_json, write_json
from pipelines.build import AS_OF_TAG, build_definitions, work_folders
from pipelines.run_outcome import DISK_ERRORS, Outcome, disk_message
from pipelines.settings import Settings, dagster_home

JOBS = ("receive", "publish", "everything")

#: exceptions that say no value; they come with their module in front of the name
_OWN = (
    "AccountError", "ContractError", "DisclosureRefused", "EngineFailed", "KeyRefused", "NothingAccepted", "Refused",
    "StaleTable", "StoreConflict", "StoreDamaged", "StoreUnfit", "StoreUnreachable", "SettingsError", "StepFailed",
    "TableRefused", "WrongProfile",
)

#: Dagster's own log is for its UI; on a terminal only what failed is of interest
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_job(
    settings: Settings,
    job: str,
    as_of: date,
    *,
    progress: Progress | None = None,
    sql: Mapping[str, str] | None = None,
) -> Outcome:
    """Runs a job to its end. Never raises for a failed step: the outcome names it."""
    work_folders(settings)
    definitions = build_definitions(settings, progress=progress, sql=sql)
    with _instance() as instance:
        result = definitions.resolve_job_def(job).execute_in_process(
            instance=instance,
            tags={AS_OF_TAG: as_of.isoformat()},
            run_config=_QUIET,
            raise_on_error=False,
        )
    outcome = _outcome(settings, job, as_of, result)
    write_json(last_report(settings), _report(outcome))
    return outcome


def _report(outcome: Outcome) -> dict[str, Any]:
    """What is kept of a run: of the answers only how many there are, for a file may be called after a person."""
    answers = outcome.answers
    counted = answers and {name: len(answers[name]) for name in ("files", "failed")} | {"ways": answers["ways"]}
    return asdict(outcome) | {"answers": counted}


def last_report(settings: Settings) -> Path:
    """Where the last run says what came of it; a failed run says why nothing was published."""
    return Workspace(settings.workspace_dir).root / "last_run.json"


def _instance() -> dg.DagsterInstance:
    """The configured Dagster instance, or one that lives in memory for this run only."""
    return dg.DagsterInstance.get() if dagster_home() else dg.DagsterInstance.ephemeral()


def _outcome(settings: Settings, job: str, as_of: date, result: dg.ExecuteInProcessResult) -> Outcome:
    workspace = Workspace(settings.workspace_dir)
    gated = any(e.is_step_success and e.step_key == "gate" for e in result.all_events)
    state = read_json(workspace.state("intake")) if gated else None
    answered = any(e.is_step_success and e.step_key == "answers" for e in result.all_events)
    answers = read_json(workspace.state("answers")) if answered else None
    released = read_json(workspace.state("release")) if result.success and job != "receive" else None
    return Outcome(
        success=result.success,
        as_of=as_of.isoformat(),
        job=job,
        intake=state["result"] if state else None,
        release=released["result"] if released else None,
        failures=[_failure(event) for event in result.get_step_failure_events()],
        standing=(read_quality_report(workspace) or {}).get("findings") if gated else None,
        answers={name: answers[name] for name in ("files", "failed", "ways")} if answers else None,
        reason_needed=_needed(released) if result.success and settings.confirm else None,
    )


def _needed(released: dict[str, Any] | None) -> bool:
    """Whether a version that was made says the reason."""
    datasets = released["result"]["datasets"] if released else []
    return any(dataset["changed"] and dataset["confirmed"] for dataset in datasets)


def _failure(event: dg.DagsterEvent) -> dict[str, Any]:
    """The step that failed and why. Only our own exceptions are quoted: others may hold a value."""
    error = event.step_failure_data.error
    while error and error.cause:
        error = error.cause
    said = event.step_failure_data.user_failure_data
    name = (error.cls_name or "") if error else ""
    message = error.message.strip().partition(": ")[2] if error and name in _OWN else ""
    if error and name in DISK_ERRORS:
        message = disk_message(name, error.message)
    return {"step": event.step_key, "error": name, "message": said.description if said else message}
