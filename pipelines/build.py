"""One set of Dagster definitions for tests, the command line and production alike.

What belongs here: putting the house together from settings. What does not: what any asset does.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import dagster as dg

from assets.factory import all_assets
from assets.workspace import Context, Progress, read_json, write_json
from pipelines.context import context_of, registry_of
from pipelines.jobs import jobs
from pipelines.published import published_store
from pipelines.schedules import schedules
from pipelines.sensors import inbox_sensor
from pipelines.settings import Settings, SettingsError

#: a run's tag that says as of which date it speaks; without it the day the run was created
AS_OF_TAG = "tuoyu/as_of"
#: a run's tag with a person's reason for a release that changes much, as `tuoyu run --confirm` gives it
CONFIRM_TAG = "tuoyu/confirm"


def build_definitions(
    settings: Settings,
    *,
    sql: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    clock: Callable[[], str] | None = None,
) -> dg.Definitions:
    """Every asset, check, job, schedule and sensor of one deployment.

    ``sql`` replaces SELECTs by table name, ``progress`` hears what is being done, ``clock`` gives the
    time written into the ledger for people."""
    registry = registry_of(settings)

    def make_context(context: dg.AssetExecutionContext) -> Context:
        claim(settings)
        said = confirmed(settings, context.run.tags)
        return context_of(said, _as_of(context, settings), progress)  # file names are not for Dagster's log

    assets = all_assets(
        registry,
        make_context,
        inbox=settings.inbox_dir,
        published=published_store(settings),
        clock=clock or _now,
        sql=sql,
    )
    all_jobs = jobs()
    return dg.Definitions(
        assets=assets,
        jobs=all_jobs,
        schedules=schedules(registry.profile.timezone, running=settings.schedules),
        sensors=[inbox_sensor(settings)],
        executor=dg.in_process_executor,
    )


def confirmed(settings: Settings, tags: Mapping[str, str]) -> Settings:
    """The settings with the reason that a run's tags give for a large change."""
    return settings.with_changes(confirm=tags.get(CONFIRM_TAG))


def _as_of(context: dg.AssetExecutionContext, settings: Settings) -> date:
    """One date for all steps of a run, also when the run crosses midnight."""
    if tag := context.run.tags.get(AS_OF_TAG):
        return date.fromisoformat(tag)
    record = context.instance.get_run_record_by_id(context.run_id)
    started = record.create_timestamp if record else datetime.now(UTC)
    zone = ZoneInfo(registry_of(settings).profile.timezone)
    return settings.as_of or started.astimezone(zone).date()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def work_folders(settings: Settings) -> None:
    """Makes the private folders a run needs. What is public is the store's to make."""
    for folder in (settings.inbox_dir, settings.workspace_dir):
        folder.mkdir(parents=True, exist_ok=True)
    claim(settings)


def claim(settings: Settings) -> None:
    """A workspace belongs to one profile for good: what one district received is not another's to publish."""
    mark, slug = settings.workspace_dir / "profile.json", registry_of(settings).profile.slug
    owner = read_json(mark)
    if owner is None:
        write_json(mark, {"profile": slug})
    elif owner["profile"] != slug:
        raise SettingsError(
            f"工作区属于 the workspace {settings.workspace_dir} belongs to profile {owner['profile']}, not {slug}; "
            "请另用 --home give another --home"
        )
