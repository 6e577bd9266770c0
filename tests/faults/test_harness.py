"""`make faults` in its short form, where the harness lies beside the checkout: a few trials of each promise."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.faults import run as faults

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_every_promise_is_kept_in_a_few_trials(memory):
    if not faults.HARNESS.exists():
        pytest.skip("the harness (shared/faults) is not beside this checkout")
    strace = shutil.which("strace")
    promises = "stopped,many,readers" + (",syscall,error,fsync" if strace else "")
    report = memory / "faults.json"
    options = ["--quick", "--subject", "bare", "--only", promises, "--scratch", str(memory), "--report", str(report)]
    environment = os.environ | {"PYTHONPATH": str(faults.ROOT)}
    said = subprocess.run(
        [sys.executable, "-m", "tests.faults.run", *options], env=environment, capture_output=True, text=True
    )
    lines = json.loads(report.read_text())["promises"]
    assert said.returncode == 0, said.stdout + json.dumps(lines, indent=1)
    assert [line["name"] for line in lines if line["ok"]] == [line["name"] for line in lines]
    if not strace:
        pytest.skip("strace is not installed: kills and errors at system calls were left out (they are in test_store)")
