"""The real Dagster server, started as `make ui` starts it: a job launched through it publishes."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines.demo import make_inbox

pytestmark = [pytest.mark.journey, pytest.mark.timeout(240)]

LAUNCH = """mutation Launch($params: ExecutionParams!) { launchRun(executionParams: $params) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
STATUS = "query Status($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
LOCATIONS = """{ workspaceOrError { ... on Workspace { locationEntries { name
    locationOrLoadError { __typename ... on RepositoryLocation { repositories { name } } } } } } }"""


def wait_for(what: str, ask: Callable[[], Any], seconds: float) -> Any:
    """What ``ask`` answers as soon as it is not None."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (answer := ask()) is not None:
            return answer
        time.sleep(0.3)
    raise AssertionError(f"{what}: not within {seconds} s")


class Server:
    """A running `dagster dev`, spoken to as its own page does."""

    def __init__(self, process: subprocess.Popen, port: int, log: Path) -> None:
        self.process, self.log = process, log
        self.url = f"http://127.0.0.1:{port}/graphql"

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]

    def locations(self) -> list[dict[str, Any]] | None:
        """The code locations, once the server listens and has loaded them."""
        assert self.process.poll() is None, self.log.read_text("utf-8")[-3000:]
        try:
            entries = self.ask(LOCATIONS)["workspaceOrError"]["locationEntries"]
        except (urllib.error.URLError, ConnectionError):
            return None
        return entries if entries and all(e["locationOrLoadError"] for e in entries) else None

    def finished(self, run: str) -> str | None:
        status = self.ask(STATUS, id=run)["runOrError"]["status"]
        return status if status in ("SUCCESS", "FAILURE", "CANCELED") else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def stop(process: subprocess.Popen) -> None:
    """Ends the server and all it started; what does not go by itself is killed."""
    process.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(20)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    home = tmp_path_factory.mktemp("server")
    make_inbox(home / "workspace" / "inbox")
    return home


@pytest.fixture(scope="module")
def server(home, root) -> Iterator[Server]:
    dagster_home, port, log = home / "workspace" / "dagster", free_port(), home / "server.log"
    dagster_home.mkdir(parents=True)
    shutil.copy(root / "dagster.yaml", dagster_home)
    ours = {"DAGSTER_HOME": str(dagster_home), "TUOYU_HOME": str(home), "TUOYU_AS_OF": "2026-03-31"}
    command = [
        sys.executable,
        "-m",
        "dagster",
        "dev",
        "-m",
        "pipelines.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=root, env=os.environ | ours, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield Server(process, port, log)
    finally:
        stop(process)


@pytest.fixture(scope="module")
def by_command_line(home, root, tmp_path_factory) -> Iterator[tuple[Path, subprocess.Popen]]:
    """The same inbox through `tuoyu run` in another home, while the server starts."""
    other = tmp_path_factory.mktemp("command_line")
    shutil.copytree(home / "workspace" / "inbox", other / "workspace" / "inbox")
    tuoyu = [sys.executable, "-c", "from pipelines.cli import main; main()", "run", "--as-of", "2026-03-31"]
    with (other / "run.log").open("wb") as out:
        process = subprocess.Popen(tuoyu, cwd=root, env=os.environ | {"TUOYU_HOME": str(other)}, stdout=out, stderr=out)
    yield other, process
    process.kill()
    process.wait(10)


def test_a_job_launched_through_the_server_publishes_what_the_command_line_does(server, home, by_command_line):
    [location] = wait_for("the definitions", server.locations, 90)
    assert location["locationOrLoadError"]["__typename"] == "RepositoryLocation", server.log.read_text("utf-8")
    [repository] = location["locationOrLoadError"]["repositories"]
    selector = {
        "repositoryLocationName": location["name"],
        "repositoryName": repository["name"],
        "jobName": "everything",
    }
    launched = server.ask(LAUNCH, params={"selector": selector, "mode": "default"})["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    status = wait_for("the run", lambda: server.finished(launched["run"]["runId"]), 120)
    assert status == "SUCCESS", server.log.read_text("utf-8")[-3000:]
    other, command = by_command_line
    assert command.wait(60) in (0, 1), (other / "run.log").read_text("utf-8")  # 1: there were findings
    assert published(home) == published(other)


def published(home: Path) -> dict[str, bytes]:
    folder = home / "published"
    files = {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert "current.json" in files
    return files


def test_the_page_shows_no_newsletter_box_and_telemetry_is_off(server):
    wait_for("the definitions", server.locations, 90)
    assert server.ask("{ shouldShowNux }") == {"shouldShowNux": False}
