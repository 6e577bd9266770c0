"""What starts a run when something happens: a new file in the inbox that has stopped growing."""

import hashlib
import os
import time

import dagster as dg

from assets.raw.receive import pending
from assets.workspace import Workspace
from pipelines.settings import Settings


def inbox_sensor(settings: Settings) -> dg.SensorDefinition:
    """Asks for a run of everything when the inbox holds settled files that were not received."""
    status = dg.DefaultSensorStatus.RUNNING if settings.schedules else dg.DefaultSensorStatus.STOPPED

    @dg.sensor(
        name="inbox",
        job_name="everything",
        minimum_interval_seconds=60,
        default_status=status,
        description="收件箱有新文件且不再增长时运行 Runs when the inbox has new files that stopped growing",
    )
    def inbox(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        """One request for each settled state of the inbox, else why there is none."""
        if not settings.inbox_dir.exists():
            return dg.SkipReason(f"收件箱不存在 no inbox at {settings.inbox_dir}")
        waiting = pending(settings.inbox_dir, Workspace(settings.workspace_dir), settings.limits.file_bytes)
        if not waiting:
            return dg.SkipReason("没有新文件 nothing new in the inbox")
        newest = max(p.stat().st_mtime for p in waiting)
        if time.time() - newest < settings.settle_seconds:
            return dg.SkipReason("文件仍在写入 a file is still being written")
        names = "\n".join(f"{p}\0{p.stat().st_mtime_ns}\0{p.stat().st_size}" for p in waiting)
        return dg.RunRequest(run_key=hashlib.sha256(os.fsencode(names)).hexdigest())

    return inbox
