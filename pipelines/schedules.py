"""When jobs run by themselves. Everything is off unless the configuration turns it on."""

from __future__ import annotations

import dagster as dg


def schedules(timezone: str, *, running: bool) -> list[dg.ScheduleDefinition]:
    """A daily run of everything, and one on the first of the month for the month that ended."""
    status = dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED
    return [
        dg.ScheduleDefinition(
            name=name,
            job_name="everything",
            cron_schedule=cron,
            execution_timezone=timezone,
            default_status=status,
            description=text,
        )
        for name, cron, text in (
            ("daily", "30 2 * * *", "每日凌晨全流程 Every night"),
            ("monthly", "0 6 1 * *", "每月一日全流程 The first of each month"),
        )
    ]
